//! Where a text can be cut so that its parts, encoded one by one, give the
//! tokens of the whole.
//!
//! Call the symbols of a text s1 s2 ... A merge joins two neighbours L and R,
//! each of which covers a run of symbols. The last symbol x of L's run spells
//! an end of L's text and the first symbol y of R's run a start of R's, since
//! the text of a token is that of its parts one after another. So if no merge
//! (l, r) has x at the end of l and y at the start of r, no merge ever joins
//! what lies on the two sides of a place between x and y, whatever has been
//! merged before. Merges on one side then depend on that side alone: which of
//! two merges on different sides comes first makes no difference to either.
//!
//! [`Cuts`] keeps the pairs of characters (x, y) for which such a merge exists.
//! Symbols that are no characters, unknown ones and bytes, count as one class,
//! beside which there is no cut at all if any merge has one at such an end.
//!
//! What is left is to have the same symbols on both sides. A character that is
//! dropped is on neither; its neighbours are next to one another. An unknown
//! symbol is held back until the next token of its own (bytes overtake it) or
//! the end, and grows meanwhile if unknown characters fuse, so there is no cut
//! while one is held back and the next character would overtake it or fuse.

use rustc_hash::FxHashSet;

use super::load::FuseUnknown;
use super::symbols::{Alphabet, CharKind};

const ASCII: usize = 128;

/// The pairs between which there is no cut.
pub(super) struct Cuts {
    /// Whether there are cuts at all: where the place in the word makes no
    /// difference to a symbol.
    is_on: bool,
    /// Whether a merge starts or ends at a symbol that is no character.
    joins_other: bool,
    /// By first character, a bit for each second one.
    ascii: Box<[u128; ASCII]>,
    pairs: FxHashSet<(char, char)>,
}

/// The symbol before a place.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    Char(char),
    Other,
}

/// The symbols up to a place.
struct Walk {
    before: Before,
    /// Whether an unknown symbol is held back.
    is_held: bool,
}

impl Cuts {
    /// `merges` are the texts of the two sides of each merge; `unk_token` is the
    /// text of the unknown token.
    pub(super) fn new<'a>(
        alphabet: &Alphabet,
        merges: impl Iterator<Item = (&'a str, &'a str)>,
        unk_token: Option<&str>,
    ) -> Self {
        let mut cuts = Self {
            is_on: alphabet.is_plain(),
            joins_other: false,
            ascii: Box::new([0; ASCII]),
            pairs: FxHashSet::default(),
        };
        if !cuts.is_on {
            return cuts;
        }
        let ends_other =
            |left: &str| unk_token.is_some_and(|unk| left.ends_with(unk)) || ends_with_byte(left);
        let starts_other = |right: &str| {
            unk_token.is_some_and(|unk| right.starts_with(unk)) || starts_with_byte(right)
        };
        for (left, right) in merges {
            cuts.joins_other |= ends_other(left) || starts_other(right);
            if let (Some(x), Some(y)) = (left.chars().next_back(), right.chars().next()) {
                cuts.insert(x, y);
            }
        }
        cuts
    }

    fn insert(&mut self, x: char, y: char) {
        match self.ascii.get_mut(x as usize) {
            Some(row) if y.is_ascii() => *row |= 1 << y as u32,
            _ => {
                self.pairs.insert((x, y));
            }
        }
    }

    /// Whether no merge joins what ends with `x` to what starts with `y`.
    #[inline]
    fn is_free(&self, x: char, y: char) -> bool {
        match self.ascii.get(x as usize) {
            Some(row) if y.is_ascii() => row >> y as u32 & 1 == 0,
            _ => !self.pairs.contains(&(x, y)),
        }
    }

    /// Calls `visit` with the ends of the parts of a word, in order; the last
    /// is the word's end, unless it is empty.
    ///
    /// # Errors
    /// The first of `visit`.
    pub(super) fn visit<E>(
        &self,
        alphabet: &Alphabet,
        word: &str,
        mut visit: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.is_on {
            let mut walk = Walk {
                before: Before::Nothing,
                is_held: false,
            };
            for (at, c) in word.char_indices() {
                if walk.step(c, alphabet.kind(c), self, alphabet.fuse()) {
                    visit(at)?;
                }
            }
        }
        match word.len() {
            0 => Ok(()),
            end => visit(end),
        }
    }

    #[inline]
    fn is_free_before(&self, before: Before, next: Option<char>) -> bool {
        match (before, next) {
            (Before::Nothing, _) => false,
            (Before::Char(x), Some(y)) => self.is_free(x, y),
            _ => !self.joins_other,
        }
    }
}

impl Walk {
    /// Goes on over a character, and says whether there is a cut before it.
    #[inline]
    fn step(&mut self, c: char, kind: CharKind, cuts: &Cuts, fuse: FuseUnknown) -> bool {
        match kind {
            CharKind::Token(_) => {
                let is_cut = cuts.is_free_before(self.before, Some(c));
                self.before = Before::Char(c);
                self.is_held = false;
                is_cut
            }
            CharKind::Bytes => {
                let is_cut = !self.is_held && cuts.is_free_before(self.before, None);
                self.before = Before::Other;
                is_cut
            }
            CharKind::Unknown => {
                let is_cut = !(self.is_held && fuse == FuseUnknown::Yes)
                    && cuts.is_free_before(self.before, None);
                self.before = Before::Other;
                self.is_held = true;
                is_cut
            }
            CharKind::Dropped => false,
        }
    }
}

/// The bytes of a token such as `<0x0A>`.
const BYTE_TOKEN: usize = 6;

fn ends_with_byte(text: &str) -> bool {
    let start = text.len().checked_sub(BYTE_TOKEN);
    start.is_some_and(|start| is_byte_token(text.as_bytes().get(start..)))
}

fn starts_with_byte(text: &str) -> bool {
    is_byte_token(text.as_bytes().get(..BYTE_TOKEN))
}

fn is_byte_token(text: Option<&[u8]>) -> bool {
    matches!(text, Some([b'<', b'0', b'x', _, _, b'>']))
}
