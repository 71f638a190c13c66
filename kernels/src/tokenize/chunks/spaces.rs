//! Chunks that start with a space, and those between two characters that no
//! token holds side by side.

use super::blocks::{BLOCK, BlockCuts, byte_before, char_start, mask};
use super::joined::JoinedPairs;
use crate::tokenize::text::joins_next;
use crate::tokenize::utf8::first_code;

/// What a space becomes.
pub(super) const MARK: char = '\u{2581}';
/// Characters below it are at most two bytes long.
pub(super) const TWO_BYTES: usize = 0x800;

/// What a text is cut before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CutBefore {
    /// A space that is behind another character.
    FirstSpace,
    /// That, and the last one of more spaces.
    Spaces,
    /// The same for white space of ASCII.
    WhiteSpace,
}

/// What may stand before a space where a text is cut.
pub(super) struct SpaceEnds {
    /// By character.
    pub(super) short: Box<[bool; TWO_BYTES]>,
    /// The same for all others but U+2581.
    pub(super) long: LongEnds,
    /// What holds of all of them.
    pub(super) clusters: EndClusters,
}

/// In which clusters characters may stand at the end of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndClusters {
    Any,
    OfOneChar,
}

/// What may stand before a space of the characters from three bytes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LongEnds {
    Any,
    /// Those that are no cluster with what follows.
    Apart,
    None,
}

/// Where a text is cut at spaces, and within words.
pub(super) struct SpaceCuts {
    before: CutBefore,
    ends: SpaceEnds,
    /// Whether all characters of ASCII but white space may end a chunk.
    all_ascii: bool,
    /// Where words may be cut, and whether the parts then have the ids of the
    /// word.
    parts: Option<(JoinedPairs, PartIds)>,
}

/// Whether parts of words have the ids that they have in the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartIds {
    Same,
    /// That turns out when they are encoded.
    Checked,
}

/// The words of the same, which are not cut.
pub(super) struct WholeWordCuts<'a>(pub(super) &'a SpaceCuts);

/// The classes of a block.
struct SpaceMasks {
    space: u64,
    /// Of the byte before each.
    before_space: u64,
    high: u64,
    before_high: u64,
}

impl SpaceCuts {
    pub(super) fn new(
        before: CutBefore,
        ends: SpaceEnds,
        parts: Option<(JoinedPairs, PartIds)>,
    ) -> Self {
        let mut ascii = (0..128_u8).filter(|byte| !before.is_space(*byte));
        let all_ascii =
            ascii.all(|byte| ends.short[usize::from(byte)]) && ends.clusters == EndClusters::Any;
        Self {
            before,
            ends,
            all_ascii,
            parts,
        }
    }

    /// Whether the ids of parts of words have to be checked.
    pub(super) fn has_checks(&self) -> bool {
        matches!(self.parts, Some((_, PartIds::Checked)))
    }

    /// Whether a chunk starts with it that is not cut out of a word.
    pub(super) fn is_space(&self, byte: u8) -> bool {
        self.before.is_space(byte)
    }

    #[inline]
    fn masks(&self, text: &[u8], at: usize, block: &[u8; BLOCK]) -> SpaceMasks {
        let before = byte_before(text, at);
        let space = match self.before {
            CutBefore::FirstSpace | CutBefore::Spaces => mask(block, |byte| byte == b' '),
            CutBefore::WhiteSpace => {
                mask(block, |byte| byte == b' ' || byte.wrapping_sub(b'\t') < 5)
            }
        };
        let high = mask(block, |byte| byte >= 0x80);
        SpaceMasks {
            space,
            before_space: space << 1 | u64::from(self.is_space(before)),
            high,
            before_high: high << 1 | u64::from(before >= 0x80),
        }
    }

    /// Where chunks start with a space.
    #[inline]
    fn at_spaces(&self, masks: &SpaceMasks, text: &[u8], at: usize, block: &[u8; BLOCK]) -> u64 {
        let mut starts = masks.space & !masks.before_space;
        let mut unsure = if self.all_ascii {
            starts & masks.before_high
        } else {
            starts
        };
        while unsure != 0 {
            let bit = unsure & unsure.wrapping_neg();
            unsure ^= bit;
            let before = text.get(..at + bit.trailing_zeros() as usize);
            if !self.ends.may_end(before.unwrap_or_default()) {
                starts ^= bit;
            }
        }
        if self.before == CutBefore::FirstSpace {
            return starts;
        }
        let after = text.get(at + BLOCK).copied().unwrap_or_default();
        let next_space = masks.space >> 1 | u64::from(self.is_space(after)) << 63;
        starts | masks.space & masks.before_space & !next_space & !self.line_feeds(text, at, block)
    }

    /// Line feeds behind carriage returns, with which they are one cluster.
    #[inline]
    fn line_feeds(&self, text: &[u8], at: usize, block: &[u8; BLOCK]) -> u64 {
        if self.before != CutBefore::WhiteSpace {
            return 0;
        }
        let returns = mask(block, |byte| byte == b'\r');
        let before = returns << 1 | u64::from(byte_before(text, at) == b'\r');
        before & mask(block, |byte| byte == b'\n')
    }
}

/// Where words are cut.
#[inline]
fn in_words(
    joined: &JoinedPairs,
    masks: &SpaceMasks,
    text: &[u8],
    at: usize,
    block: &[u8; BLOCK],
) -> u64 {
    let before = byte_before(text, at);
    let alnum = mask(block, |byte| {
        (byte | 0x20).wrapping_sub(b'a') < 26 || byte.wrapping_sub(b'0') < 10
    });
    let before_alnum = alnum << 1 | u64::from(before.is_ascii_alphanumeric());
    let len = text.len().saturating_sub(at).min(BLOCK) as u32;
    let known = u64::MAX >> (u64::BITS - len.max(1));
    let inside = known & !masks.space & !masks.before_space;
    let mut starts = 0;
    let mut ascii = inside & !(masks.high | masks.before_high | alnum & before_alnum);
    while ascii != 0 {
        let bit = ascii.trailing_zeros();
        ascii &= ascii - 1;
        let x = bit.checked_sub(1).map_or(before, |bit| block[bit as usize]);
        let is_cut = joined.is_cut_in_ascii(x, block[bit as usize])
            && joined.is_left_by(text.get(at + bit as usize + 1..).unwrap_or_default());
        starts |= u64::from(is_cut) << bit;
    }
    if masks.high == 0 && before.is_ascii() {
        return starts;
    }
    starts | wide_cuts(joined, inside & wide_places(masks, block), text, at)
}

/// Where characters beyond ASCII start, or end before one of ASCII, but for those of
/// two bytes behind one another: letters of alphabets, which tokens hold side by
/// side.
#[inline]
fn wide_places(masks: &SpaceMasks, block: &[u8; BLOCK]) -> u64 {
    let leads = mask(block, |byte| byte >= 0xc0);
    let two = mask(block, |byte| byte.wrapping_sub(0xc0) < 0x20);
    leads & !(two & two << 2) | masks.before_high & !masks.high
}

/// Which of the places are cuts.
#[inline]
fn wide_cuts(joined: &JoinedPairs, mut places: u64, text: &[u8], at: usize) -> u64 {
    let mut starts = 0;
    let mut last = (0, usize::MAX);
    while places != 0 {
        let bit = places.trailing_zeros();
        places &= places - 1;
        let here = at + bit as usize;
        let Some((code, after)) = text.get(here..).and_then(first_code) else {
            continue;
        };
        let before = match last {
            (before, end) if end == here => before,
            _ => match text.get(char_start(text, here)..).and_then(first_code) {
                Some((before, _)) if here > 0 => before,
                _ => continue,
            },
        };
        last = (code, text.len() - after.len());
        // U+2581 may be stripped from the end of a part as spaces are.
        let is_cut =
            before != u32::from(MARK) && joined.is_cut(before, code) && joined.is_left_by(after);
        starts |= u64::from(is_cut) << bit;
    }
    starts
}

impl BlockCuts for SpaceCuts {
    #[inline]
    fn starts(&self, text: &[u8], at: usize, block: &[u8; BLOCK]) -> u64 {
        let masks = self.masks(text, at, block);
        let starts = self.at_spaces(&masks, text, at, block);
        match &self.parts {
            None => starts,
            Some((joined, _)) => starts | in_words(joined, &masks, text, at, block),
        }
    }
}

impl BlockCuts for WholeWordCuts<'_> {
    fn starts(&self, text: &[u8], at: usize, block: &[u8; BLOCK]) -> u64 {
        let masks = self.0.masks(text, at, block);
        self.0.at_spaces(&masks, text, at, block)
    }
}

impl CutBefore {
    #[inline]
    fn is_space(self, byte: u8) -> bool {
        match self {
            Self::FirstSpace | Self::Spaces => byte == b' ',
            Self::WhiteSpace => matches!(byte, b'\t'..=b'\r' | b' '),
        }
    }
}

impl SpaceEnds {
    /// Whether a chunk may end with the last character of `before`.
    #[inline]
    fn may_end(&self, before: &[u8]) -> bool {
        let joins = |end: usize| {
            let last = before.get(char_start(before, end)..end);
            let code = last.and_then(first_code).map(|(code, _)| code);
            code.and_then(char::from_u32).is_some_and(joins_next)
        };
        if self.clusters == EndClusters::OfOneChar && joins(char_start(before, before.len())) {
            return false;
        }
        match *before {
            [.., b' '] | [.., 0xe2, 0x96, 0x81] => false,
            [.., byte @ ..=0x7f] => self.short[usize::from(byte)],
            [.., lead @ 0xc0..=0xdf, byte] => {
                self.short[usize::from(lead & 0x1f) << 6 | usize::from(byte & 0x3f)]
            }
            _ => match self.long {
                LongEnds::Any => true,
                LongEnds::None => false,
                LongEnds::Apart => !joins(before.len()),
            },
        }
    }
}
