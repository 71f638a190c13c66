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
//! refused ends the word's encoding, wherever it is cut. An unknown symbol is held back until the next token of its own (bytes overtake it) or
//! the end, and grows meanwhile if unknown characters fuse, so there is no cut
//! while one is held back and the next character would overtake it or fuse.

use rustc_hash::{FxHashMap, FxHashSet};

use super::load::FuseUnknown;
use super::symbols::{CharAlphabet, CharKind, characters};
use crate::tokenize::char_table::CharTable;
use crate::tokenize::model::tokens::TokenTable;

/// What is known of a character: how it stands to others in merges.
type CharClass = u16;

/// A character that is no token.
const NO_TOKEN: CharClass = 0;
/// A character that is at no end where a merge joins.
const ALONE: CharClass = 1;
/// The first of the classes of one character each.
const FIRST: CharClass = 2;
/// All other characters, which are looked up one by one.
const OTHER: CharClass = 255;

/// The pairs between which there is no cut.
pub(super) struct Cuts {
    /// Whether there are cuts at all: where the place in the word makes no
    /// difference to a symbol.
    is_on: bool,
    /// Whether a merge starts or ends at a symbol that is no character.
    joins_other: bool,
    classes: CharTable<CharClass>,
    /// By the class of the first character, a bit for that of each second.
    joined: Vec<[u64; 4]>,
    /// All pairs of which a character is in class `OTHER`.
    pairs: FxHashSet<(char, char)>,
}

/// The symbol before a place.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    Char(char, CharClass),
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
        alphabet: &CharAlphabet,
        tokens: &TokenTable,
        merges: impl Iterator<Item = (&'a str, &'a str)>,
        unk_token: Option<&str>,
    ) -> Self {
        let mut cuts = Self {
            is_on: alphabet.is_plain(),
            joins_other: false,
            classes: CharTable::new(NO_TOKEN),
            joined: vec![[0; 4]; usize::from(OTHER) + 1],
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
        for (c, _) in characters(tokens) {
            cuts.classes.insert(c, ALONE);
        }
        let mut pairs = FxHashSet::default();
        for (left, right) in merges {
            cuts.joins_other |= ends_other(left) || starts_other(right);
            if let (Some(x), Some(y)) = (left.chars().next_back(), right.chars().next())
                && cuts.classes.get(x) == ALONE
                && cuts.classes.get(y) == ALONE
            {
                pairs.insert((x, y));
            }
        }
        cuts.set(&pairs);
        cuts
    }

    /// Gives the characters of most pairs a class each, the others one.
    fn set(&mut self, pairs: &FxHashSet<(char, char)>) {
        let mut n_pairs: FxHashMap<char, usize> = FxHashMap::default();
        for (x, y) in pairs {
            *n_pairs.entry(*x).or_default() += 1;
            *n_pairs.entry(*y).or_default() += 1;
        }
        let mut chars: Vec<(usize, char)> = n_pairs.into_iter().map(|(c, n)| (n, c)).collect();
        chars.sort_unstable_by(|one, other| other.cmp(one));
        for ((_, c), class) in chars.into_iter().zip(FIRST..) {
            self.classes.insert(c, class.min(OTHER));
        }
        for &(x, y) in pairs {
            let classes = (self.classes.get(x), self.classes.get(y));
            if classes.0 == OTHER || classes.1 == OTHER {
                self.pairs.insert((x, y));
            } else {
                let bits = &mut self.joined[usize::from(classes.0)];
                bits[usize::from(classes.1) / 64] |= 1 << (classes.1 % 64);
            }
        }
    }

    /// Whether no merge joins what ends with the first character to what
    /// starts with the second.
    #[inline]
    fn is_free(&self, before: (char, CharClass), next: (char, CharClass)) -> bool {
        if before.1 == OTHER || next.1 == OTHER {
            return !self.pairs.contains(&(before.0, next.0));
        }
        let bits = &self.joined[usize::from(before.1)];
        bits[usize::from(next.1) / 64] >> (next.1 % 64) & 1 == 0
    }

    /// Whether there is a cut before `c` wherever it stands, but behind another
    /// `c` and at the start.
    pub(super) fn always_before(&self, c: char) -> bool {
        let class = self.classes.get(c);
        if !self.is_on || self.joins_other || class == NO_TOKEN {
            return false;
        }
        let is_in = |bits: &[u64; 4]| bits[usize::from(class) / 64] >> (class % 64) & 1 != 0;
        let mut rows = (NO_TOKEN..).zip(&self.joined);
        let mut pairs = self.pairs.iter();
        rows.all(|(before, bits)| before == class || !is_in(bits))
            && pairs.all(|&(before, next)| next != c || before == c)
    }

    /// Calls `visit` with the ends of the parts of a word, in order; the last
    /// is the word's end, unless it is empty.
    ///
    /// # Errors
    /// The first of `visit`.
    pub(super) fn visit<E>(
        &self,
        alphabet: &CharAlphabet,
        word: &str,
        mut visit: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.is_on {
            let mut walk = Walk {
                before: Before::Nothing,
                is_held: false,
            };
            for (at, c) in word.char_indices() {
                let is_cut = match self.classes.get(c) {
                    NO_TOKEN => walk.over_other(alphabet.kind(c), self, alphabet.fuse()),
                    class => walk.over((c, class), self),
                };
                if is_cut {
                    visit(at)?;
                }
            }
        }
        match word.len() {
            0 => Ok(()),
            end => visit(end),
        }
    }

    /// Whether there can be a cut beside a symbol that is no character.
    #[inline]
    fn is_free_of_other(&self, before: Before) -> bool {
        !matches!(before, Before::Nothing) && !self.joins_other
    }
}

impl Walk {
    /// Goes on over a character that is a token, and says whether there is a cut
    /// before it.
    #[inline]
    fn over(&mut self, next: (char, CharClass), cuts: &Cuts) -> bool {
        let is_cut = match self.before {
            Before::Char(c, class) => cuts.is_free((c, class), next),
            Before::Nothing | Before::Other => cuts.is_free_of_other(self.before),
        };
        self.before = Before::Char(next.0, next.1);
        self.is_held = false;
        is_cut
    }

    /// The same for one that is none.
    fn over_other(&mut self, kind: CharKind, cuts: &Cuts, fuse: FuseUnknown) -> bool {
        let is_free = cuts.is_free_of_other(self.before);
        match kind {
            CharKind::Bytes => {
                self.before = Before::Other;
                is_free && !self.is_held
            }
            CharKind::Unknown => {
                let fuses = self.is_held && fuse == FuseUnknown::Yes;
                self.before = Before::Other;
                self.is_held = true;
                is_free && !fuses
            }
            CharKind::Refused | CharKind::Token(_) => false,
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
