//! What becomes of characters one by one, found out when they are first met.

use std::sync::OnceLock;

use crate::tokenize::text::CharStanding;
use crate::tokenize::utf8::first_code;
use crate::tokenize::word_buffer::{WRITTEN_MAX, WordBuffer};

const PAGE: usize = 256;
const N_PAGES: usize = 0x11_0000 / PAGE;
/// Bytes of the longest text of a character that is kept: a file may replace each
/// by a novel, and the components say how much is too much.
const TEXT_MAX: usize = 64;

/// What becomes of a character, whatever is around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CharFate {
    /// Nothing is left.
    Nothing,
    /// One character of a word, and how it stands to others.
    Char(char, CharStanding),
    /// Several, behind which no mark may stand.
    Text(String),
    /// It ends a word and is in none.
    Space,
    /// A word by itself.
    Alone(char),
    /// It depends on what is around it.
    Open,
}

/// The fate of each character.
pub(super) struct CharFates {
    pages: Box<[OnceLock<Box<FatePage>>]>,
    /// For characters of ASCII that become one of ASCII in a word, that one; else 0.
    ascii: [u8; 128],
}

struct FatePage {
    fates: [KeptFate; PAGE],
    /// A bit for each character that no word reaches across.
    cuts: [u64; 4],
    text: String,
}

/// A [`CharFate`] with the bytes of its character, or the start and the end of its
/// text in that of the page.
#[derive(Clone, Copy)]
#[repr(align(8))]
struct KeptFate {
    bytes: [u8; 4],
    len: u8,
    kind: FateKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FateKind {
    Char,
    NoMarks,
    Mark,
    LoneMark,
    Text,
    Nothing,
    Space,
    Alone,
    Open,
}

/// Where a word ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordEnd {
    /// At white space, or what becomes such.
    Space,
    /// Before or behind a word of one character.
    Alone,
    /// At the end of the chunk.
    Chunk,
}

impl CharFates {
    /// Fates yet to be found out, but those of ASCII.
    pub(super) fn new(of: impl Fn(char) -> CharFate) -> Self {
        let mut ascii = [0; 128];
        for (byte, to) in (0..128_u8).zip(&mut ascii) {
            if let CharFate::Char(
                c @ '\u{1}'..='\u{7f}',
                CharStanding::Open | CharStanding::NoMarks,
            ) = of(char::from(byte))
            {
                *to = c as u8;
            }
        }
        Self {
            pages: (0..N_PAGES).map(|_| OnceLock::new()).collect(),
            ascii,
        }
    }

    #[inline]
    fn page(&self, code: u32, of: impl Fn(char) -> CharFate) -> Option<&FatePage> {
        let page = self.pages.get(code as usize / PAGE)?;
        Some(page.get_or_init(|| FatePage::new(code - code % PAGE as u32, of)))
    }

    /// Whether no word reaches across a character.
    #[inline]
    pub(super) fn is_cut(&self, code: u32, of: impl Fn(char) -> CharFate) -> bool {
        self.page(code, of).is_some_and(|page| {
            let bit = code as usize % PAGE;
            page.cuts[bit / 64] >> (bit % 64) & 1 != 0
        })
    }

    /// Writes what becomes of a chunk, which is UTF-8, and calls `end` wherever a
    /// word ends. Returns `false` where that depends on more than each character by
    /// itself, or the chunk is too long; what was written then is of no use.
    ///
    /// # Errors
    /// The first of `end`.
    #[inline]
    pub(super) fn write<E>(
        &self,
        chunk: &[u8],
        of: impl Fn(char) -> CharFate,
        word: &mut WordBuffer,
        mut end: impl FnMut(WordEnd, &mut WordBuffer) -> Result<(), E>,
    ) -> Result<bool, E> {
        if chunk.len() > WRITTEN_MAX {
            return Ok(false);
        }
        word.start(chunk.len());
        let mut takes_marks = false;
        let mut rest = chunk;
        while let Some((code, after)) = first_code(rest) {
            rest = after;
            if let Some(&to @ 1..) = self.ascii.get(code as usize) {
                word.push([to, 0, 0, 0], 1);
                takes_marks = false;
                continue;
            }
            let Some(page) = self.page(code, &of) else {
                return Ok(false);
            };
            let fate = page.fates[code as usize % PAGE];
            let could_take = std::mem::take(&mut takes_marks);
            match fate.kind {
                FateKind::Char => takes_marks = true,
                FateKind::NoMarks => {}
                FateKind::Mark if could_take => takes_marks = true,
                FateKind::LoneMark if could_take => {}
                FateKind::Nothing => continue,
                FateKind::Text => {
                    word.push_text(page.text(fate), rest.len());
                    continue;
                }
                FateKind::Space => {
                    end(WordEnd::Space, word)?;
                    continue;
                }
                FateKind::Alone => {
                    end(WordEnd::Alone, word)?;
                    word.push(fate.bytes, fate.len);
                    end(WordEnd::Alone, word)?;
                    continue;
                }
                FateKind::Mark | FateKind::LoneMark | FateKind::Open => return Ok(false),
            }
            word.push(fate.bytes, fate.len);
        }
        end(WordEnd::Chunk, word)?;
        Ok(true)
    }
}

impl FatePage {
    fn new(first: u32, of: impl Fn(char) -> CharFate) -> Box<Self> {
        let mut page = Box::new(Self {
            fates: [KeptFate::of(FateKind::Open); PAGE],
            cuts: [0; 4],
            text: String::new(),
        });
        for at in 0..PAGE {
            let fate = char::from_u32(first + at as u32).map_or(CharFate::Open, &of);
            if matches!(fate, CharFate::Space | CharFate::Alone(_)) {
                page.cuts[at / 64] |= 1 << (at % 64);
            }
            page.fates[at] = page.keep(fate);
        }
        page
    }

    fn keep(&mut self, fate: CharFate) -> KeptFate {
        match fate {
            CharFate::Nothing => KeptFate::of(FateKind::Nothing),
            CharFate::Char(c, CharStanding::Open) => KeptFate::char(FateKind::Char, c),
            CharFate::Char(c, CharStanding::NoMarks) => KeptFate::char(FateKind::NoMarks, c),
            CharFate::Char(c, CharStanding::Mark) => KeptFate::char(FateKind::Mark, c),
            CharFate::Char(c, CharStanding::LoneMark) => KeptFate::char(FateKind::LoneMark, c),
            CharFate::Space => KeptFate::of(FateKind::Space),
            CharFate::Alone(c) => KeptFate::char(FateKind::Alone, c),
            CharFate::Text(text) if text.len() <= TEXT_MAX => {
                // The texts of a page take 16 KiB at most.
                let start = self.text.len() as u16;
                self.text.push_str(&text);
                let ([a, b], [c, d]) =
                    (start.to_le_bytes(), (self.text.len() as u16).to_le_bytes());
                KeptFate {
                    bytes: [a, b, c, d],
                    ..KeptFate::of(FateKind::Text)
                }
            }
            CharFate::Text(_) | CharFate::Open => KeptFate::of(FateKind::Open),
        }
    }

    fn text(&self, fate: KeptFate) -> &[u8] {
        let [a, b, c, d] = fate.bytes;
        let end = |bytes| usize::from(u16::from_le_bytes(bytes));
        let range = end([a, b])..end([c, d]);
        self.text.as_bytes().get(range).unwrap_or_default()
    }
}

impl KeptFate {
    fn of(kind: FateKind) -> Self {
        Self {
            bytes: [0; 4],
            len: 0,
            kind,
        }
    }

    fn char(kind: FateKind, c: char) -> Self {
        let mut fate = Self::of(kind);
        fate.len = c.encode_utf8(&mut fate.bytes).len() as u8;
        fate
    }
}
