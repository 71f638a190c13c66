//! The ids of short words, and of parts of words.

use super::model::{ShortWay, Unigram, UnigramOutput, UnigramScratch, text_of};
use crate::tokenize::error::EncodeError;
use crate::tokenize::model::token::WordToken;
use crate::tokenize::utf8::len_of_first;

/// Bytes of the longest word here.
pub(super) const SHORT_MAX: usize = 256;

impl Unigram {
    /// Appends the ids of a word, which is UTF-8.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub(in crate::tokenize::model) fn encode_ids(
        &self,
        word: &[u8],
        scratch: &mut UnigramScratch,
        ids: &mut Vec<u32>,
    ) -> Result<(), EncodeError> {
        if word.len() > SHORT_MAX || !self.most.is_finite() {
            return self.encode(text_of(word), scratch, |token| ids.push(token.id));
        }
        self.encode_short(word, scratch, |_| {}, |token| ids.push(token.id))
    }

    /// What [`Self::encode`] does, for a short word and finite scores. `compare` is
    /// called with the difference between the scores of two ways to one place.
    #[inline]
    pub(super) fn encode_short(
        &self,
        word: &[u8],
        scratch: &mut UnigramScratch,
        mut compare: impl FnMut(f64),
        give: impl FnMut(WordToken),
    ) -> Result<(), EncodeError> {
        let ways = &mut scratch.short;
        ways.clear();
        ways.resize(word.len() + 1, ShortWay::NONE);
        ways[0].score = 0.0;
        let mut rest = word;
        while let Some(&first) = rest.first() {
            let at = word.len() - rest.len();
            let len = len_of_first(first);
            let is_known = self.extend_short(rest, len, (at, ways), &mut compare);
            if !is_known && self.unk_id.is_none() {
                // Whether it is on the best way is for the other to say.
                return self.encode(text_of(word), scratch, give);
            }
            rest = rest.get(len..).unwrap_or_default();
        }
        let mut end = word.len();
        while end > 0 {
            let way = ways[end];
            let (start, id) = (way.start, way.id);
            scratch.path.push(WordToken {
                id,
                start,
                end: end as u32,
            });
            end = start as usize;
        }
        let mut output = UnigramOutput::new(word, give);
        self.put(&mut scratch.path, &mut output)?;
        self.end_unknown(word.len() as u32, &mut output)
    }

    /// Goes on from `at`, before the rest of a word, by every token that stands there,
    /// and says whether the character there, of `len_char` bytes, is one.
    #[inline]
    fn extend_short(
        &self,
        rest: &[u8],
        len_char: usize,
        (at, ways): (usize, &mut [ShortWay]),
        compare: &mut impl FnMut(f64),
    ) -> bool {
        let Some((here, ends)) = ways.get_mut(at..).and_then(|ways| ways.split_first_mut()) else {
            return true;
        };
        let (till_here, start) = (here.score, at as u32);
        let mut offer = |way: &mut ShortWay, score: f64, id: u32| {
            compare(score - way.score);
            if score > way.score {
                *way = ShortWay { score, id, start };
            }
        };
        let mut has_single = false;
        let single = len_char - 1;
        let mut node = self.trie.root();
        for (nth, (&byte, end)) in rest.iter().zip(ends.iter_mut()).enumerate() {
            let Some(next) = self.trie.step(node, byte) else {
                break;
            };
            node = next;
            if let Some(id) = self.trie.value(node) {
                offer(end, self.scores[id as usize] + till_here, id);
                has_single |= nth == single;
            }
        }
        if !has_single && let Some(end) = ends.get_mut(single) {
            let id = self.unk_id.unwrap_or(u32::MAX);
            offer(end, self.unk_score + till_here, id);
        }
        has_single
    }
}
