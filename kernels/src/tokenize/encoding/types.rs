//! The encoding of a text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Where a token is in its text, in bytes or in characters: both are told by
/// whoever makes the encoding.
pub type TokenSpan = (u32, u32);

/// Gives the text of a token as the vocabulary spells it.
pub(crate) type Shown<'v> = dyn Fn(u32) -> Option<Cow<'v, str>> + 'v;

/// Whether the post-processor adds its tokens: `add_special_tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddSpecial {
    /// It does, the default.
    Yes,
    /// It does not.
    No,
}

/// An end of a sequence of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequenceEnd {
    /// The first tokens.
    Left,
    /// The last tokens.
    Right,
}

/// Tokens, and what is known of each. All lists but `overflowing` have one
/// entry a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoding {
    /// The ids.
    pub ids: Vec<u32>,
    /// To which part of its input a model is to count each token.
    pub type_ids: Vec<u32>,
    /// Where each is in its text.
    pub spans: Vec<TokenSpan>,
    /// The number of the word that each token is of; none for added ones.
    pub words: Vec<Option<u32>>,
    /// What is shown for a token where that is not the text of its id.
    pub texts: Vec<Option<Arc<str>>>,
    /// 1 for tokens that are not of the text.
    pub special_tokens_mask: Vec<u8>,
    /// 0 for padding.
    pub attention_mask: Vec<u8>,
    /// The parts that truncation has taken off.
    pub overflowing: Vec<Self>,
    /// The tokens of each sequence. Without any, all are of sequence 0.
    pub(super) sequences: BTreeMap<u32, Range<usize>>,
}

impl Encoding {
    /// Appends a token of a text. `shown` is its text if that is not what the
    /// vocabulary has for the id.
    pub(crate) fn push(
        &mut self,
        id: u32,
        span: TokenSpan,
        word: Option<u32>,
        shown: Option<Arc<str>>,
    ) {
        self.ids.push(id);
        self.type_ids.push(0);
        self.spans.push(span);
        self.words.push(word);
        self.texts.push(shown);
        self.special_tokens_mask.push(0);
        self.attention_mask.push(1);
    }

    /// The number of tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Gives all tokens one type.
    pub(crate) fn set_type(&mut self, type_id: u32) {
        self.type_ids.fill(type_id);
    }

    /// Makes all tokens those of a sequence.
    pub(super) fn set_sequence(&mut self, sequence: u32) {
        let all = 0..self.len();
        self.sequences.insert(sequence, all);
    }

    /// The sequence of each token: 0 for the first text, 1 for the second.
    #[must_use]
    pub fn sequence_ids(&self) -> Vec<Option<u32>> {
        let mut ids = vec![None; self.len()];
        let n_sequences = self.sequences.len().max(1);
        for sequence in (0..).take(n_sequences) {
            for id in ids.get_mut(self.range(sequence)).unwrap_or_default() {
                *id = Some(sequence);
            }
        }
        ids
    }

    /// The tokens of a sequence: all, if that is not known.
    fn range(&self, sequence: u32) -> Range<usize> {
        let range = self.sequences.get(&sequence).cloned();
        range.unwrap_or(0..self.len())
    }

    /// The first and one past the last of the tokens of a word.
    #[must_use]
    pub fn word_to_tokens(&self, word: u32, sequence: u32) -> Option<Range<usize>> {
        let range = self.range(sequence);
        let words = self.words.get(range.clone())?;
        // Words are in order; tokens without one come before word 0 does.
        let mut of_word = words
            .iter()
            .enumerate()
            .take_while(|(_, other)| **other <= Some(word))
            .filter(|(_, other)| **other == Some(word));
        let (first, _) = of_word.next()?;
        let last = of_word.last().map_or(first, |(last, _)| last);
        Some(range.start + first..range.start + last + 1)
    }

    /// Where a word is in its text.
    #[must_use]
    pub fn word_to_span(&self, word: u32, sequence: u32) -> Option<TokenSpan> {
        let tokens = self.word_to_tokens(word, sequence)?;
        let first = self.spans.get(tokens.start)?;
        let last = self.spans.get(tokens.end - 1)?;
        Some((first.0, last.1))
    }

    /// The sequence of a token.
    #[must_use]
    pub fn token_to_sequence(&self, token: usize) -> Option<u32> {
        if token >= self.len() {
            return None;
        }
        if self.sequences.is_empty() {
            return Some(0);
        }
        let mut sequences = self.sequences.iter();
        let found = sequences.find(|(_, range)| range.contains(&token));
        found.map(|(sequence, _)| *sequence)
    }

    /// The token at a place of a text.
    #[must_use]
    pub fn place_to_token(&self, place: u32, sequence: u32) -> Option<usize> {
        let range = self.range(sequence);
        let spans = self.spans.get(range.clone())?;
        let found = spans
            .iter()
            .position(|(start, end)| (*start..*end).contains(&place));
        found.map(|at| range.start + at)
    }

    /// The tokens of `range`, as an encoding of their own.
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        fn cut<T: Clone>(list: &[T], range: &Range<usize>) -> Vec<T> {
            list.get(range.clone()).unwrap_or_default().to_vec()
        }
        Self {
            ids: cut(&self.ids, &range),
            type_ids: cut(&self.type_ids, &range),
            spans: cut(&self.spans, &range),
            words: cut(&self.words, &range),
            texts: cut(&self.texts, &range),
            special_tokens_mask: cut(&self.special_tokens_mask, &range),
            attention_mask: cut(&self.attention_mask, &range),
            overflowing: Vec::new(),
            sequences: BTreeMap::new(),
        }
    }

    /// Appends the tokens of another encoding, which may have overflowing parts:
    /// each part of one is joined to each of the other.
    pub(super) fn append(&mut self, other: &Self) {
        let mut overflowing = Vec::new();
        for part in &self.overflowing {
            for other in std::iter::once(other).chain(&other.overflowing) {
                let mut joined = part.clone();
                joined.append_tokens(other);
                overflowing.push(joined);
            }
        }
        for other in &other.overflowing {
            let mut joined = self.without_overflowing();
            joined.append_tokens(other);
            overflowing.push(joined);
        }
        self.append_tokens(other);
        self.overflowing = overflowing;
    }

    fn without_overflowing(&self) -> Self {
        Self {
            sequences: self.sequences.clone(),
            ..self.part(0..self.len())
        }
    }

    fn append_tokens(&mut self, other: &Self) {
        let before = self.len();
        for (sequence, range) in &other.sequences {
            let range = before + range.start..before + range.end;
            self.sequences.insert(*sequence, range);
        }
        self.ids.extend_from_slice(&other.ids);
        self.type_ids.extend_from_slice(&other.type_ids);
        self.spans.extend_from_slice(&other.spans);
        self.words.extend_from_slice(&other.words);
        self.texts.extend_from_slice(&other.texts);
        self.special_tokens_mask
            .extend_from_slice(&other.special_tokens_mask);
        self.attention_mask.extend_from_slice(&other.attention_mask);
    }
}
