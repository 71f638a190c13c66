//! Unigram: the tokens whose scores add up to most.
//!
//! Viterbi's algorithm from left to right, in the additions and comparisons of
//! Hugging Face, so that rounding and ties come out the same: of two ways to
//! the same place with the same score the one found first stays, which is the
//! one whose last token starts earlier.
//!
//! A place that no token spans lies on every way, so the best way up to it is
//! settled when it is reached. What is kept is bounded by the distance between
//! such places, not by the text; scores go on adding up across them.

use crate::tokenize::error::{EncodeError, TokenizerError};
use crate::tokenize::model::token::WordToken;
use crate::tokenize::model::tokens::{ByteFallback, ByteTokens, TokenTable};
use crate::tokenize::model::trie::Trie;

/// How much less than the worst token a character without one scores.
const UNK_PENALTY: f64 = 10.0;

/// No way to this place yet.
const NO_WAY: u32 = u32::MAX;

/// What a file says of a Unigram model beside its tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnigramOptions {
    /// The token of characters that are in none.
    pub(crate) unk_id: Option<u32>,
    /// Whether unknown characters become the tokens of their bytes.
    pub(crate) byte_fallback: ByteFallback,
}

/// Tokens with scores. The id of a token is its place in the file.
pub(crate) struct Unigram {
    pub(in crate::tokenize::model) tokens: TokenTable,
    /// By id.
    pub(super) scores: Vec<f64>,
    pub(super) trie: Trie,
    pub(super) unk_id: Option<u32>,
    /// The score of a character that is unknown.
    pub(super) unk_score: f64,
    /// The greatest score, with or without its sign.
    pub(super) most: f64,
    /// The tokens of bytes, where unknown characters become these.
    bytes: Option<ByteTokens>,
}

/// The best way to a place: its score, and its last token.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnigramWay {
    score: f64,
    start: u32,
    id: u32,
}

/// The best way to a place in a short word.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShortWay {
    pub(super) score: f64,
    pub(super) id: u32,
    pub(super) start: u32,
}

impl ShortWay {
    /// Worse than every way there is.
    pub(super) const NONE: Self = Self {
        score: f64::NEG_INFINITY,
        id: u32::MAX,
        start: 0,
    };
}

/// Buffers; what is in them between words does not matter.
#[derive(Default)]
pub(in crate::tokenize::model) struct UnigramScratch {
    /// The best ways to the places from `base` on.
    pub(super) ways: Vec<UnigramWay>,
    /// Where the last settled place is.
    base: usize,
    /// A settled way, last token first.
    pub(super) path: Vec<WordToken>,
    /// The best ways to the places of a short word.
    pub(super) short: Vec<ShortWay>,
}

/// Where the tokens of a word go.
pub(super) struct UnigramOutput<'a, F> {
    /// UTF-8
    word: &'a [u8],
    give: F,
    /// Where the unknown characters started that are not given out yet.
    unknown_from: Option<u32>,
}

impl<'a, F: FnMut(WordToken)> UnigramOutput<'a, F> {
    /// `give` is called with the tokens of `word`, in order.
    pub(super) fn new(word: &'a [u8], give: F) -> Self {
        Self {
            word,
            give,
            unknown_from: None,
        }
    }
}

impl Unigram {
    /// A model of tokens with scores, none of which is NaN; the ids are
    /// 0, 1, 2 and so on.
    ///
    /// # Errors
    /// `Inconsistent` if `unk_id` is no token or the tokens are too many.
    pub(crate) fn new(
        tokens: TokenTable,
        scores: Vec<f64>,
        options: UnigramOptions,
    ) -> Result<Self, TokenizerError> {
        let n_tokens = tokens.len();
        if let Some(id) = options.unk_id
            && id as usize >= n_tokens
        {
            return Err(TokenizerError::inconsistent(
                "model.unk_id",
                format!("{id} is out of range: the vocabulary has {n_tokens} tokens"),
            ));
        }
        if scores.len() != n_tokens {
            return Err(TokenizerError::inconsistent(
                "model.vocab",
                format!("{n_tokens} tokens have {} scores", scores.len()),
            ));
        }
        let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let bytes = tokens.byte_tokens(options.byte_fallback);
        Ok(Self {
            trie: Trie::new(tokens.iter().map(|(id, token)| (token, id)))?,
            tokens,
            scores,
            unk_id: options.unk_id,
            unk_score: least - UNK_PENALTY,
            most: greatest.abs().max((least - UNK_PENALTY).abs()),
            bytes,
        })
    }

    /// Appends the tokens of a word.
    ///
    /// # Errors
    /// `Unknown` if a character is unknown and there is no token for that.
    pub(in crate::tokenize::model) fn encode(
        &self,
        word: &str,
        scratch: &mut UnigramScratch,
        give: impl FnMut(WordToken),
    ) -> Result<(), EncodeError> {
        let mut output = UnigramOutput::new(word.as_bytes(), give);
        scratch.settle(0, 0.0);
        for (at, c) in word.char_indices() {
            let place = at - scratch.base;
            if place > 0 && place + 1 == scratch.ways.len() {
                let score = self.give_out(at, scratch, &mut output)?;
                scratch.settle(at, score);
            }
            self.extend(word, at, c, scratch)?;
        }
        if !word.is_empty() {
            self.give_out(word.len(), scratch, &mut output)?;
        }
        self.end_unknown(word.len() as u32, &mut output)
    }

    /// Goes on from `at`, where `c` starts, by every token that stands there.
    fn extend(
        &self,
        word: &str,
        at: usize,
        c: char,
        scratch: &mut UnigramScratch,
    ) -> Result<(), EncodeError> {
        let till_here = scratch.ways[at - scratch.base].score;
        let single = at + c.len_utf8();
        let mut has_single = false;
        let mut node = self.trie.root();
        for (place, &byte) in word.as_bytes().iter().enumerate().skip(at) {
            let Some(next) = self.trie.step(node, byte) else {
                break;
            };
            node = next;
            if let Some(id) = self.trie.value(node) {
                let score = self.scores[id as usize] + till_here;
                let start = at as u32;
                scratch.offer(place + 1, UnigramWay { score, start, id });
                has_single |= place + 1 == single;
            }
        }
        if !has_single {
            let score = self.unk_score + till_here;
            let way = UnigramWay {
                score,
                start: at as u32,
                id: self.unk_id.unwrap_or(NO_WAY),
            };
            if scratch.offer(single, way) && self.unk_id.is_none() {
                let text = word.get(at..single).unwrap_or_default();
                return Err(EncodeError::unknown(text, "unk_id"));
            }
        }
        Ok(())
    }

    /// Gives out the tokens from the last settled place to `end`, the last
    /// place there is a way to, and gives the score there.
    fn give_out<F: FnMut(WordToken)>(
        &self,
        end: usize,
        scratch: &mut UnigramScratch,
        output: &mut UnigramOutput<'_, F>,
    ) -> Result<f64, EncodeError> {
        let mut at = end;
        while at > scratch.base {
            let way = scratch.ways[at - scratch.base];
            scratch.path.push(WordToken {
                id: way.id,
                start: way.start,
                end: at as u32,
            });
            at = way.start as usize;
        }
        self.put(&mut scratch.path, output)?;
        Ok(scratch.ways[end - scratch.base].score)
    }

    /// Gives out the tokens of a way, of which the first is the last in `path`.
    #[inline]
    pub(super) fn put<F: FnMut(WordToken)>(
        &self,
        path: &mut Vec<WordToken>,
        output: &mut UnigramOutput<'_, F>,
    ) -> Result<(), EncodeError> {
        while let Some(token) = path.pop() {
            if Some(token.id) == self.unk_id {
                output.unknown_from.get_or_insert(token.start);
            } else {
                self.end_unknown(token.start, output)?;
                (output.give)(token);
            }
        }
        Ok(())
    }

    /// Gives out the unknown characters before `end` as one token, or as bytes.
    ///
    /// Together they may spell a token: scores above zero can make two unknown
    /// characters better than the token that they are.
    pub(super) fn end_unknown<F: FnMut(WordToken)>(
        &self,
        end: u32,
        output: &mut UnigramOutput<'_, F>,
    ) -> Result<(), EncodeError> {
        let Some(start) = output.unknown_from.take() else {
            return Ok(());
        };
        let range = start as usize..end as usize;
        let text = text_of(output.word.get(range).unwrap_or_default());
        let token = |id| WordToken { id, start, end };
        if let Some(id) = self.tokens.id(text) {
            (output.give)(token(id));
            return Ok(());
        }
        if let Some(ids) = self.byte_ids(text) {
            ids.map(token).for_each(&mut output.give);
            return Ok(());
        }
        let id = self
            .unk_id
            .ok_or_else(|| EncodeError::unknown(text, "unk_id"))?;
        (output.give)(token(id));
        Ok(())
    }

    /// The tokens of the bytes of an unknown text, if it falls back to these.
    fn byte_ids(&self, text: &str) -> Option<impl Iterator<Item = u32>> {
        let bytes = self.bytes.as_ref()?;
        let ids = text.bytes().map(|byte| bytes[usize::from(byte)]);
        ids.clone().all(|id| id.is_some()).then_some(ids.flatten())
    }

    /// Whether a token stands for a text that is in no token, which is then
    /// shown as its text. The token of a byte may have the same id.
    pub(in crate::tokenize::model) fn is_unknown(&self, id: u32, text: &str) -> bool {
        self.unk_id == Some(id) && self.byte_ids(text).is_none()
    }
}

impl UnigramScratch {
    /// Starts anew at `place`, to which the best way has this score.
    fn settle(&mut self, place: usize, score: f64) {
        self.base = place;
        self.ways.clear();
        self.ways.push(UnigramWay {
            score,
            start: place as u32,
            id: NO_WAY,
        });
    }

    /// Takes a way to `place` if it is the first or better, and says so.
    #[inline]
    fn offer(&mut self, place: usize, way: UnigramWay) -> bool {
        const NONE: UnigramWay = UnigramWay {
            score: 0.0,
            start: NO_WAY,
            id: NO_WAY,
        };
        let index = place - self.base;
        if index >= self.ways.len() {
            self.ways.resize(index + 1, NONE);
        }
        let best = &mut self.ways[index];
        let is_better = best.start == NO_WAY || way.score > best.score;
        if is_better {
            *best = way;
        }
        is_better
    }
}

/// The text of a word that is UTF-8.
pub(super) fn text_of(word: &[u8]) -> &str {
    str::from_utf8(word).unwrap_or_default()
}
