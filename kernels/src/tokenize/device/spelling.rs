//! What `BertNormalizer` and `BertPreTokenizer` make of each character by itself.
//!
//! The tables are made by asking the components of the host, so that they are of
//! the same version of Unicode, and no text is spelled in another way by a device:
//! categories are those of Unicode 8, decompositions those of Unicode 9, as in Hugging
//! Face tokenizers 0.23, and white space and lower case those of the Rust that builds
//! this, Unicode 17.
//!
//! All that the two do is done to one character at a time, but for the order of
//! marks: NFD puts those between two characters that are none in the order of
//! their classes. Most marks are stripped then, and what is stripped from an
//! ordered sequence leaves one that is ordered. A word in which two characters
//! leave a mark that has a class, of which few do, is therefore the host's.

use rustc_hash::FxHashMap;
use unicode_normalization_alignments::char::canonical_combining_class;

use super::super::pipeline::TokenPipeline;
use super::super::text::{AlignedText, CutStep, NormalizerStep, Track};
use super::alphabet::Shortened;
use super::pages::{CodepointPages, PAGE};
use super::state_map::StateMap;
use super::transducer::Transducer;

/// What a character is to where words begin. The device gives the symbol of
/// [`BertSymbol::Alone`] to an apostrophe without looking it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum BertSymbol {
    /// It is a part of a word.
    Part = 0,
    /// It is a word: punctuation, and ideographs.
    Alone = 1,
    /// It ends words.
    Space = 2,
    /// Nothing is left of it.
    Gone = 3,
}

impl BertSymbol {
    /// Whether a word begins at a character, by the last one before it that is not
    /// gone; a space if there is none.
    pub(crate) fn begins_word(self, last: Self) -> bool {
        self == Self::Alone || (self == Self::Part && last != Self::Part)
    }

    /// What is the last for the next character.
    pub(crate) fn or_last(self, last: Self) -> Self {
        if self == Self::Gone { last } else { self }
    }
}

/// How a character is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SpelledChar {
    pub(crate) symbol: BertSymbol,
    /// 0 where it stays as it is; otherwise [`SpelledChar::CHANGED`], and from the
    /// lowest bit on 20 bits of where its bytes begin, 6 of how many there are, 4 of
    /// how many characters they are, and one that is set
    /// if there is a mark that has a class among them and marks are ordered.
    pub(crate) bits: u32,
}

impl SpelledChar {
    const CHANGED: u32 = 1 << 31;
    const ORDERED: u32 = 1 << 30;
    const GONE: Self = Self {
        symbol: BertSymbol::Gone,
        bits: Self::CHANGED,
    };

    /// Characters that are left of it.
    pub(crate) fn n_chars(self) -> u32 {
        if self.bits == 0 {
            1
        } else {
            self.bits >> 26 & 15
        }
    }

    /// Whether it leaves a mark whose place depends on other marks.
    pub(crate) fn is_ordered(self) -> bool {
        self.bits & Self::ORDERED != 0
    }
}

/// Every character as it is spelled.
pub(crate) struct BertSpelling {
    pages: CodepointPages<SpelledChar>,
    bytes: Vec<u8>,
}

/// The order in which marks that follow one another are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkOrder {
    /// That of their classes, as NFD has it.
    Canonical,
    AsWritten,
}

/// The bytes that characters are spelled with, each string of them once.
#[derive(Default)]
struct SpelledBytes {
    bytes: Vec<u8>,
    begins: FxHashMap<String, u32>,
}

impl BertSpelling {
    /// That of the components of a BERT; `None` if the components are others.
    pub(crate) fn of(pipeline: &TokenPipeline) -> Option<Self> {
        let order = Self::order(pipeline)?;
        let mut bytes = SpelledBytes::default();
        let mut is_whole = true;
        let pages = CodepointPages::new(|page| {
            if let Some(all) = alike(pipeline, &page, order) {
                return [all; PAGE];
            }
            page.map(|spoken| {
                let found = spelled(pipeline, &spoken.to_string());
                let found = found.and_then(|it| bytes.add(spoken, it, order));
                is_whole &= found.is_some();
                found.unwrap_or(SpelledChar::GONE)
            })
        });
        let is_whole = is_whole && pages.of(u32::from('\'')).symbol == BertSymbol::Alone;
        is_whole.then_some(Self {
            pages,
            bytes: bytes.bytes,
        })
    }

    /// The order of marks, if the components are those of a BERT.
    pub(crate) fn order(pipeline: &TokenPipeline) -> Option<MarkOrder> {
        match (pipeline.normalizer.steps(), pipeline.cutter.steps()) {
            ([NormalizerStep::Bert(steps)], [CutStep::Bert]) if steps.strip_accents => {
                Some(MarkOrder::Canonical)
            }
            ([] | [NormalizerStep::Bert(_)], [CutStep::Bert]) => Some(MarkOrder::AsWritten),
            _ => None,
        }
    }

    /// How a character is spelled.
    pub(crate) fn spelled(&self, spoken: char) -> SpelledChar {
        self.pages.of(u32::from(spoken))
    }

    /// The same of all as devices look it up.
    pub(crate) fn pages(&self) -> &CodepointPages<SpelledChar> {
        &self.pages
    }

    /// The bytes that characters are spelled with.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where words begin: whether the last character that is not gone is a part of
    /// one is all that is to be known of what is before.
    pub(crate) fn transducer() -> Transducer {
        let mut transducer = Transducer {
            forward: [StateMap::IDENTITY; 16],
            backward: [StateMap::always(0); 16],
            begins: [0; StateMap::STATES],
            shortened: Shortened::No,
        };
        let [part, alone, space] = [BertSymbol::Part, BertSymbol::Alone, BertSymbol::Space];
        for (symbol, state) in [(part, 1), (alone, 0), (space, 0)] {
            transducer.forward[symbol as usize] = StateMap::always(state);
        }
        transducer.backward[part as usize] = StateMap::always(1);
        transducer.backward[alone as usize] = StateMap::always(2);
        transducer.begins[0] = 1 << 1 | 1 << 2;
        transducer.begins[1] = 1 << 2;
        transducer
    }
}

/// What is left of characters between two letters, and what that is to words; `None`
/// if it is part of a word and an end of one at once.
fn spelled(pipeline: &TokenPipeline, spoken: &str) -> Option<(BertSymbol, String)> {
    let text = format!("a{spoken}a");
    let mut aligned = AlignedText::new(&text, 0, Track::TextOnly).ok()?;
    pipeline.normalizer.normalize(&mut aligned).ok()?;
    pipeline.cutter.cut(&mut aligned).ok()?;
    let words: Vec<&str> = aligned.pieces().map(|piece| piece.text()).collect();
    let (symbol, left) = match words[..] {
        ["aa"] => (BertSymbol::Gone, String::new()),
        [word] => {
            let inside = word.strip_prefix('a')?.strip_suffix('a')?;
            (BertSymbol::Part, inside.to_owned())
        }
        ["a", "a"] => (BertSymbol::Space, String::new()),
        ["a", ref words @ .., "a"] if words.iter().all(|word| is_one(word)) => {
            (BertSymbol::Alone, words.concat())
        }
        _ => return None,
    };
    Some((symbol, left))
}

fn is_one(word: &str) -> bool {
    word.chars().nth(1).is_none()
}

/// How all characters of a page are spelled, where they are alike and stay or go;
/// most are.
fn alike(pipeline: &TokenPipeline, page: &[char; PAGE], order: MarkOrder) -> Option<SpelledChar> {
    // Twice each: two that are parts of words are one word.
    let text: String = page.iter().flat_map(|&spoken| [spoken; 2]).collect();
    let (symbol, left) = spelled(pipeline, &text)?;
    match symbol {
        BertSymbol::Gone => Some(SpelledChar::GONE),
        BertSymbol::Part | BertSymbol::Alone => {
            let stay = left == text && !order.matters(&text);
            stay.then_some(SpelledChar { symbol, bits: 0 })
        }
        BertSymbol::Space => None,
    }
}

impl MarkOrder {
    /// Whether where the marks of a text are depends on others.
    fn matters(self, text: &str) -> bool {
        self == Self::Canonical && text.chars().any(|c| canonical_combining_class(c) != 0)
    }
}

impl SpelledBytes {
    /// A character that becomes `left`; `None` if that is too much for a device.
    fn add(
        &mut self,
        spoken: char,
        (symbol, left): (BertSymbol, String),
        order: MarkOrder,
    ) -> Option<SpelledChar> {
        let is_ordered = order.matters(&left);
        let (n_chars, len) = (left.chars().count(), left.len());
        // An id has the room of a byte of the text.
        let most = match symbol {
            BertSymbol::Alone => 1,
            BertSymbol::Part | BertSymbol::Space | BertSymbol::Gone => spoken.len_utf8(),
        };
        if n_chars > most {
            return None;
        }
        if left.chars().eq([spoken]) && !is_ordered {
            return Some(SpelledChar { symbol, bits: 0 });
        }
        let begin = *self.begins.entry(left).or_insert_with_key(|left| {
            self.bytes.extend_from_slice(left.as_bytes());
            (self.bytes.len() - len) as u32
        });
        let order = if is_ordered { SpelledChar::ORDERED } else { 0 };
        let sizes = (n_chars as u32) << 26 | (len as u32) << 20;
        let fits = begin < 1 << 20 && len < 64;
        fits.then_some(SpelledChar {
            symbol,
            bits: SpelledChar::CHANGED | order | sizes | begin,
        })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn versions_of_unicode_are_what_is_said_of_them() {
        assert_eq!(unicode_normalization_alignments::UNICODE_VERSION, (9, 0, 0));
        assert_eq!(char::UNICODE_VERSION, (17, 0, 0));
    }
}
