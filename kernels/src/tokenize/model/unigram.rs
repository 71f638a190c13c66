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

use super::token::WordToken;
use super::tokens::{ByteFallback, ByteTokens, TokenTable};
use super::trie::Trie;
use crate::tokenize::error::{EncodeError, TokenizerError};

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
    pub(super) tokens: TokenTable,
    /// By id.
    scores: Vec<f64>,
    trie: Trie,
    unk_id: Option<u32>,
    /// The score of a character that is unknown.
    unk_score: f64,
    /// The tokens of bytes, where unknown characters become these.
    bytes: Option<ByteTokens>,
}

/// The best way to a place: its score, and its last token.
#[derive(Debug, Clone, Copy)]
struct Way {
    score: f64,
    start: u32,
    id: u32,
}

/// Buffers; what is in them between words does not matter.
#[derive(Default)]
pub(super) struct UnigramScratch {
    /// The best ways to the places from `base` on.
    ways: Vec<Way>,
    /// Where the last settled place is.
    base: usize,
    /// A settled way, last token first.
    path: Vec<WordToken>,
}

/// Where the tokens of a word go.
struct Output<'a> {
    word: &'a str,
    tokens: &'a mut Vec<WordToken>,
    /// Where the unknown characters started that are not given out yet.
    unknown_from: Option<u32>,
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
        let bytes = tokens.byte_tokens(options.byte_fallback);
        Ok(Self {
            trie: Trie::new(tokens.iter().map(|(id, token)| (token, id)))?,
            tokens,
            scores,
            unk_id: options.unk_id,
            unk_score: least - UNK_PENALTY,
            bytes,
        })
    }

    /// Appends the tokens of a word.
    ///
    /// # Errors
    /// `Unknown` if a character is unknown and there is no token for that.
    pub(super) fn encode(
        &self,
        word: &str,
        scratch: &mut UnigramScratch,
        tokens: &mut Vec<WordToken>,
    ) -> Result<(), EncodeError> {
        let mut output = Output {
            word,
            tokens,
            unknown_from: None,
        };
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
                scratch.offer(place + 1, Way { score, start, id });
                has_single |= place + 1 == single;
            }
        }
        if !has_single {
            let score = self.unk_score + till_here;
            let way = Way {
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
    fn give_out(
        &self,
        end: usize,
        scratch: &mut UnigramScratch,
        output: &mut Output<'_>,
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
        while let Some(token) = scratch.path.pop() {
            if Some(token.id) == self.unk_id {
                output.unknown_from.get_or_insert(token.start);
            } else {
                self.end_unknown(token.start, output)?;
                output.tokens.push(token);
            }
        }
        Ok(scratch.ways[end - scratch.base].score)
    }

    /// Gives out the unknown characters before `end` as one token, or as bytes.
    ///
    /// Together they may spell a token: scores above zero can make two unknown
    /// characters better than the token that they are.
    fn end_unknown(&self, end: u32, output: &mut Output<'_>) -> Result<(), EncodeError> {
        let Some(start) = output.unknown_from.take() else {
            return Ok(());
        };
        let range = start as usize..end as usize;
        let text = output.word.get(range).unwrap_or_default();
        let token = |id| WordToken { id, start, end };
        if let Some(id) = self.tokens.id(text) {
            output.tokens.push(token(id));
            return Ok(());
        }
        if let Some(ids) = self.byte_ids(text) {
            output.tokens.extend(ids.map(token));
            return Ok(());
        }
        let id = self
            .unk_id
            .ok_or_else(|| EncodeError::unknown(text, "unk_id"))?;
        output.tokens.push(token(id));
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
    pub(super) fn is_unknown(&self, id: u32, text: &str) -> bool {
        self.unk_id == Some(id) && self.byte_ids(text).is_none()
    }
}

impl UnigramScratch {
    /// Starts anew at `place`, to which the best way has this score.
    fn settle(&mut self, place: usize, score: f64) {
        self.base = place;
        self.ways.clear();
        self.ways.push(Way {
            score,
            start: place as u32,
            id: NO_WAY,
        });
    }

    /// Takes a way to `place` if it is the first or better, and says so.
    #[inline]
    fn offer(&mut self, place: usize, way: Way) -> bool {
        const NONE: Way = Way {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Hugging Face's `encode_optimized` and `tokenize`, word for word, on the
    /// whole text at once.
    fn meaning(
        vocab: &[(String, f64)],
        unk: usize,
        fallback: ByteFallback,
        text: &str,
    ) -> Vec<u32> {
        let find = |token: &str| vocab.iter().rposition(|(other, _)| other == token);
        let least = vocab
            .iter()
            .map(|(_, score)| *score)
            .fold(f64::INFINITY, f64::min);
        let mut best: Vec<Option<(f64, usize, usize)>> = vec![None; text.len() + 1];
        for (start, c) in text.char_indices() {
            let here = best[start].map_or(0.0, |(score, ..)| score);
            let mut offers = Vec::new();
            for end in (start + 1..=text.len()).filter(|&end| text.is_char_boundary(end)) {
                if let Some(id) = find(text.get(start..end).unwrap()) {
                    offers.push((end, vocab[id].1 + here, id));
                }
            }
            let single = start + c.len_utf8();
            if !offers.iter().any(|(end, ..)| *end == single) {
                offers.push((single, least - 10.0 + here, unk));
            }
            for (end, score, id) in offers {
                if best[end].is_none_or(|(other, ..)| score > other) {
                    best[end] = Some((score, start, id));
                }
            }
        }
        let mut pieces: Vec<(usize, usize, bool)> = Vec::new();
        let mut end = text.len();
        while end > 0 {
            let (_, start, id) = best[end].unwrap();
            match pieces.last_mut() {
                Some(last) if last.2 && id == unk => last.0 = start,
                _ => pieces.push((start, end, id == unk)),
            }
            end = start;
        }
        let mut ids = Vec::new();
        for (start, end, _) in pieces.into_iter().rev() {
            let piece = text.get(start..end).unwrap();
            let bytes: Option<Vec<usize>> = piece
                .bytes()
                .map(|byte| find(&format!("<0x{byte:02X}>")))
                .collect();
            match (find(piece), bytes) {
                (Some(id), _) => ids.push(id as u32),
                (None, Some(bytes)) if fallback == ByteFallback::Yes => {
                    ids.extend(bytes.into_iter().map(|id| id as u32));
                }
                _ => ids.push(unk as u32),
            }
        }
        ids
    }

    fn model(vocab: &[(String, f64)], unk_id: Option<u32>, byte_fallback: ByteFallback) -> Unigram {
        let tokens = (0..).zip(vocab.iter().map(|(token, _)| token.as_str()));
        let table = TokenTable::new(tokens).unwrap();
        let scores = vocab.iter().map(|(_, score)| *score).collect();
        Unigram::new(
            table,
            scores,
            UnigramOptions {
                unk_id,
                byte_fallback,
            },
        )
        .unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn equals_the_meaning(
            vocab in prop::collection::vec(
                ("[abé]{0,4}|<0xC3>|<0xA9>|<0x61>", (-6..6_i8).prop_map(|n| f64::from(n) * 0.7)),
                1..30,
            ),
            unk in 0..30_usize,
            fallback in prop::sample::select(vec![ByteFallback::Yes, ByteFallback::No]),
            texts in prop::collection::vec("[abcé]{0,16}", 20),
        ) {
            let unk = unk % vocab.len();
            let model = model(&vocab, Some(unk as u32), fallback);
            let mut scratch = UnigramScratch::default();
            for text in texts {
                let mut tokens = Vec::new();
                model.encode(&text, &mut scratch, &mut tokens).unwrap();
                let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
                prop_assert_eq!(ids, meaning(&vocab, unk, fallback, &text), "{}", text);
            }
        }
    }

    #[test]
    fn buffers_do_not_grow_with_the_text() {
        let vocab = [
            ("<unk>", 0.0),
            ("\u{2581}a", -1.0),
            ("b", -2.0),
            ("ab", -2.5),
        ];
        let vocab = vocab.map(|(token, score)| (token.to_owned(), score));
        let model = model(&vocab, Some(0), ByteFallback::No);
        let text = "\u{2581}abab".repeat(50_000);
        let (mut scratch, mut tokens) = (UnigramScratch::default(), Vec::new());
        model.encode(&text, &mut scratch, &mut tokens).unwrap();
        assert_eq!(tokens.len(), 150_000);
        assert!(scratch.ways.capacity() < 64);
    }

    #[test]
    fn an_unknown_character_needs_its_token() {
        let vocab = [("a".to_owned(), -1.0)];
        let model = model(&vocab, None, ByteFallback::No);
        let (mut scratch, mut tokens) = (UnigramScratch::default(), Vec::new());
        model.encode("aa", &mut scratch, &mut tokens).unwrap();
        assert_eq!(tokens.len(), 2);
        let error = model.encode("ab", &mut scratch, &mut tokens).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a text that tokens cover, got \"b\": the model has no token for what is \
             unknown, which should be \"unk_id\""
        );
    }
}
