//! Text to finished rows of ids, for those who ask for nothing else of tokens
//! than what is the same for many: see [`EncodedRows`].

use std::ops::Range;

use super::encoder::Encoder;
use super::encoding::{AddSpecial, EncodeOptions, EncodingFrame, IsPair, TokenRun};
use super::error::EncodeError;
use super::tokenizer::Tokenizer;

/// The ids of encodings one after another, each as [`Encoder::encode_tokens`]
/// gives it, without padding and overflowing parts.
#[derive(Debug, Clone)]
pub struct EncodedRows {
    frame: EncodingFrame,
    ids: Vec<u32>,
    rows: Vec<RowEnd>,
    /// The ids of the texts of a row, before it is finished.
    texts: Vec<u32>,
}

/// Where the ids of a row end, and how many are of each text.
#[derive(Debug, Clone, Copy)]
struct RowEnd {
    end: usize,
    lens: [usize; 2],
}

/// One of [`EncodedRows`].
#[derive(Debug, Clone, Copy)]
pub struct EncodedRow<'r> {
    ids: &'r [u32],
    lens: [usize; 2],
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
            rows: Vec::new(),
            texts: Vec::new(),
        })
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
        rows.map(move |row| EncodedRow {
            ids: &self.ids[std::mem::replace(&mut start, row.end)..row.end],
            lens: row.lens,
            frame: &self.frame,
        })
    }
}

impl<'r> EncodedRow<'r> {
    /// The ids.
    #[must_use]
    pub fn ids(self) -> &'r [u32] {
        self.ids
    }

    /// What is known of them.
    pub fn runs(self) -> impl Iterator<Item = TokenRun> {
        self.frame.runs(self.lens)
    }
}

impl Encoder {
    /// Appends the row of a text, or of two, to `rows`, which are of as many and
    /// of this tokenizer. The options say nothing of padding and offsets here.
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
        let texts = &mut rows.texts;
        texts.clear();
        self.encode(first, options.special, texts)?;
        let n_first = texts.len();
        let mut is_pair = IsPair::No;
        if let Some(second) = second {
            is_pair = IsPair::Yes;
            self.encode(second, options.special, texts)?;
        }
        let texts = (texts.as_slice(), n_first);
        let truncation = options.truncation.as_ref();
        let lens = rows.frame.put(texts, is_pair, truncation, &mut rows.ids)?;
        rows.rows.push(RowEnd {
            end: rows.ids.len(),
            lens,
        });
        Ok(())
    }
}
