//! Text to finished rows of ids, for those who ask for nothing else of tokens
//! than what is the same for many: see [`EncodedRows`].

use std::ops::Range;

use super::encoder::Encoder;
use super::encoding::{
    AddSpecial, EncodeOptions, EncodingFrame, PostProcessor, TextLens, TokenRun, TokenSpan,
    TrimOffsets, WholeText,
};
use super::error::EncodeError;
use super::sink::TokenSpans;
use super::tokenizer::Tokenizer;

/// The ids of encodings one after another, each as [`Encoder::encode_tokens`]
/// gives it, without padding and overflowing parts.
#[derive(Debug, Clone)]
pub struct EncodedRows {
    frame: EncodingFrame,
    ids: Vec<u32>,
    /// As many as `ids`, if they are asked for.
    spans: Option<Vec<TokenSpan>>,
    rows: Vec<RowEnd>,
    /// The tokens of the texts of a row, before it is finished.
    texts: TokenSpans,
}

/// Where the ids of a row end, how many are of each text, and how many are left out.
#[derive(Debug, Clone, Copy)]
struct RowEnd {
    end: usize,
    lens: [usize; 2],
    n_left_out: usize,
}

/// One of [`EncodedRows`].
#[derive(Debug, Clone, Copy)]
pub struct EncodedRow<'r> {
    ids: &'r [u32],
    spans: &'r [TokenSpan],
    row: RowEnd,
    frame: &'r EncodingFrame,
}

impl EncodedRows {
    /// No rows yet, of `n_texts` texts each: 1 or 2.
    ///
    /// # Errors
    /// None that a tokenizer's file can bring about.
    pub fn new(
        tokenizer: &Tokenizer,
        add: AddSpecial,
        n_texts: usize,
    ) -> Result<Self, EncodeError> {
        let post_processor = tokenizer.after.post_processor.as_ref();
        Ok(Self {
            frame: EncodingFrame::new(post_processor, add, n_texts)?,
            ids: Vec::new(),
            spans: None,
            rows: Vec::new(),
            texts: TokenSpans::default(),
        })
    }

    /// The same with spans in the rows.
    #[must_use]
    pub fn with_spans(self) -> Self {
        Self {
            spans: Some(Vec::new()),
            ..self
        }
    }

    /// Forgets the rows, and keeps their memory.
    pub fn clear(&mut self) {
        self.ids.clear();
        self.spans.iter_mut().for_each(Vec::clear);
        self.rows.clear();
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows of `range`, as far as there are so many.
    pub fn rows(&self, range: Range<usize>) -> impl Iterator<Item = EncodedRow<'_>> {
        let before = range
            .start
            .checked_sub(1)
            .and_then(|last| self.rows.get(last));
        let mut start = before.map_or(0, |row| row.end);
        let rows = self.rows.get(range).unwrap_or_default().iter();
        let spans = self.spans.as_deref().unwrap_or_default();
        rows.map(move |&row| {
            let tokens = std::mem::replace(&mut start, row.end)..row.end;
            EncodedRow {
                ids: &self.ids[tokens.clone()],
                spans: spans.get(tokens).unwrap_or_default(),
                row,
                frame: &self.frame,
            }
        })
    }

    /// Finishes the row of texts that have so many tokens. `place` appends the spans
    /// of those that are kept of a text, by its number.
    fn finish(
        &mut self,
        (n_first, n_second): TextLens,
        options: &EncodeOptions,
        place: impl Fn(usize, &TokenSpans, Range<usize>, &mut Vec<TokenSpan>),
    ) -> Result<(), EncodeError> {
        let truncation = options.truncation.as_ref();
        let kept = self.frame.kept((n_first, n_second), truncation)?;
        let tokens = &self.texts;
        let (first, second) = tokens.ids.split_at(n_first);
        let put_ids = |text: usize, to: &mut Vec<u32>| {
            let ids = [first, second][text].get(kept[text].clone());
            to.extend_from_slice(ids.unwrap_or_default());
        };
        self.frame.put(put_ids, |id| id, &mut self.ids);
        if let Some(to) = &mut self.spans {
            let put_spans = |text: usize, to: &mut Vec<TokenSpan>| {
                place(text, tokens, kept[text].clone(), to);
            };
            self.frame.put(put_spans, |_| (0, 0), to);
        }
        let lens = kept.map(|kept| kept.len());
        self.end_row(lens, n_first + n_second.unwrap_or(0));
        Ok(())
    }

    fn end_row(&mut self, lens: [usize; 2], n_tokens: usize) {
        self.rows.push(RowEnd {
            end: self.ids.len(),
            lens,
            n_left_out: n_tokens - lens[0] - lens[1],
        });
    }
}

/// How the spans of a tokenizer are trimmed, unless that is done more than once.
fn trim_of(tokenizer: &Tokenizer) -> Option<TrimOffsets> {
    let post_processor = tokenizer.after.post_processor.as_ref();
    post_processor.map_or(Some(TrimOffsets::Keep), PostProcessor::trim)
}

impl<'r> EncodedRow<'r> {
    /// The ids.
    #[must_use]
    pub fn ids(self) -> &'r [u32] {
        self.ids
    }

    /// Where each token is in its text; empty if rows have no spans.
    #[must_use]
    pub fn spans(self) -> &'r [TokenSpan] {
        self.spans
    }

    /// What is known of them.
    pub fn runs(self) -> impl Iterator<Item = TokenRun> {
        self.frame.runs(self.row.lens)
    }

    /// How many tokens of its texts are left out.
    #[must_use]
    pub fn n_left_out(self) -> usize {
        self.row.n_left_out
    }
}

impl Encoder {
    /// Appends the row of a text, or of two, to `rows`, which are of as many and
    /// of this tokenizer. The options say nothing of padding here.
    ///
    /// # Errors
    /// As [`Self::encode_tokens`]; `rows` is then as before.
    pub fn encode_row(
        &mut self,
        first: &str,
        second: Option<&str>,
        options: &EncodeOptions,
        rows: &mut EncodedRows,
    ) -> Result<(), EncodeError> {
        if rows.spans.is_none() {
            return self.encode_ids(first, second, options, rows);
        }
        let trim = trim_of(self.tokenizer());
        match trim.map(|trim| self.encode_whole((first, second), trim, options, rows)) {
            None | Some(Err(EncodeError::Offsets { .. })) => {
                self.encode_pieces(first, second, options, rows)
            }
            Some(done) => done,
        }
    }

    /// The row without spans.
    fn encode_ids(
        &mut self,
        first: &str,
        second: Option<&str>,
        options: &EncodeOptions,
        rows: &mut EncodedRows,
    ) -> Result<(), EncodeError> {
        let texts = &mut rows.texts.ids;
        texts.clear();
        self.encode(first, options.special, texts)?;
        let n_first = texts.len();
        if let Some(second) = second {
            self.encode(second, options.special, texts)?;
        }
        let n_second = second.map(|_| texts.len() - n_first);
        rows.finish((n_first, n_second), options, |_, _, _, _| {})
    }

    /// The row with spans of tokens that are the whole of each text.
    fn encode_whole(
        &mut self,
        (first, second): (&str, Option<&str>),
        trim: TrimOffsets,
        options: &EncodeOptions,
        rows: &mut EncodedRows,
    ) -> Result<(), EncodeError> {
        let tokens = &mut rows.texts;
        tokens.ids.clear();
        tokens.ends.clear();
        self.encode_spans(first, options.special, tokens)?;
        let n_first = tokens.ids.len();
        if let Some(second) = second {
            self.encode_spans(second, options.special, tokens)?;
        }
        let n_second = second.map(|_| tokens.ids.len() - n_first);
        let tokenizer = self.tokenizer();
        let texts = [first, second.unwrap_or_default()];
        let whole = texts.map(|text| WholeText::new(text, options.offsets, trim));
        rows.finish((n_first, n_second), options, |text, tokens, kept, to| {
            let of_text = [0..n_first, n_first..tokens.ids.len()][text].clone();
            let ids = tokens.ids.get(of_text.clone()).unwrap_or_default();
            let ends = tokens.ends.get(of_text).unwrap_or_default();
            let is_added = |token: usize| ids.get(token).is_some_and(|&id| tokenizer.is_added(id));
            whole[text].put(ends, kept, is_added, to);
        })
    }

    /// The row with the spans that an encoding has.
    fn encode_pieces(
        &mut self,
        first: &str,
        second: Option<&str>,
        options: &EncodeOptions,
        rows: &mut EncodedRows,
    ) -> Result<(), EncodeError> {
        let (encoding, lens) = self.encode_padded((first, second), options, None)?;
        let kept = rows.frame.kept(lens, options.truncation.as_ref())?;
        let lens_kept = kept.map(|kept| kept.len());
        rows.ids.extend_from_slice(&encoding.ids);
        rows.spans
            .iter_mut()
            .for_each(|spans| spans.extend_from_slice(&encoding.spans));
        rows.end_row(lens_kept, lens.0 + lens.1.unwrap_or(0));
        Ok(())
    }
}
