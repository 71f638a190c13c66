//! `tokenize`: a text column becomes lists of token ids.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use fuelrail_kernels::tokenize::{
    AddSpecial, EncodeError, EncodeOptions, EncodedRows, Encoder, OffsetUnit, SequenceEnd, Special,
    Truncation, TruncationStrategy,
};

use super::lookup::{column, index_of};
use super::made;
use super::ready::ReadyRows;
use super::text::{TextRows, decoded};
use super::token_lists::{TokenLists, TokenRow};
use super::unusable::Unusable;
use crate::device::offload::Offload;
use crate::device::text_lane::TextOnLane;
use crate::error::Result;
use crate::plan::{SpecialTokens, TextUnit, TokenizeStep, TruncationSide, Utf8Mode, places_of};

/// What became of a column of text.
#[derive(Debug)]
pub(in crate::device) struct EncodedText {
    /// The batch with the columns that were made.
    pub(in crate::device) columns: RecordBatch,
    /// Rows that cannot be used; they are null.
    pub(in crate::device) unusable: Vec<Unusable>,
    /// Rows that lost tokens, and how many.
    pub(in crate::device) truncated: Vec<(usize, u64)>,
}

/// One worker's encoder for one step.
#[derive(Debug)]
pub(in crate::device) struct StepEncoder {
    encoder: Encoder,
    special: Special,
    /// Memory for the ids of a batch.
    ids: Vec<u32>,
    /// Memory for a row with the places of its tokens.
    places: Option<EncodedRows>,
}

impl StepEncoder {
    pub(in crate::device) fn new(step: &TokenizeStep) -> Self {
        Self {
            encoder: Encoder::new(Arc::clone(&step.tokenizer)),
            special: match step.special_tokens {
                SpecialTokens::Text => Special::Text,
                SpecialTokens::Parse => Special::Parse,
                SpecialTokens::Refuse => Special::Refuse,
            },
            ids: Vec::new(),
            places: None,
        }
    }

    /// Puts the step's columns in the place of its text, or behind it, encoded by a
    /// device as far as there is one that does text. Nulls
    /// stay null; unusable rows are null and returned, in row order.
    ///
    /// # Errors
    /// `Internal` where the batch does not fit the plan.
    pub(in crate::device) fn run(
        &mut self,
        step: &TokenizeStep,
        columns: &RecordBatch,
        on_device: Option<(&Offload, &TextOnLane)>,
    ) -> Result<EncodedText> {
        let text = decoded(column(columns, &step.column)?)?;
        let text = TextRows::new(&text)?;
        let n_rows = columns.num_rows();
        let ready = match on_device {
            Some(lane) => ReadyRows::of((&text, self.special), n_rows, lane)?,
            None => ReadyRows::default(),
        };
        let mut lists = TokenLists::new(std::mem::take(&mut self.ids), n_rows);
        let mut counts = Vec::with_capacity(n_rows);
        let (mut unusable, mut truncated) = (Vec::new(), Vec::new());
        for row in 0..n_rows {
            let encoded = self.encode((step, &ready), (&text, row), &mut lists);
            let tokens = match encoded {
                Ok(tokens) => tokens,
                Err(reason) => {
                    unusable.push(Unusable::new(row, reason));
                    None
                }
            };
            lists.end_row(tokens.map_or(TokenRow::Null, |_| TokenRow::Ids))?;
            let RowTokens { n_all, n_left_out } = tokens.unwrap_or_default();
            counts.push(u32::try_from(n_all).unwrap_or(u32::MAX));
            if n_left_out > 0 {
                truncated.push((row, n_left_out as u64));
            }
        }
        let columns = put_in_place(step, columns, &mut lists, counts)?;
        self.ids = lists.into_memory();
        Ok(EncodedText {
            columns,
            unusable,
            truncated,
        })
    }

    /// Appends the tokens of one row, if it has a text. Leaves `lists` as they were on
    /// error.
    fn encode(
        &mut self,
        (step, ready): (&TokenizeStep, &ReadyRows),
        (text, row): (&TextRows<'_>, usize),
        lists: &mut TokenLists,
    ) -> Result<Option<RowTokens>, String> {
        let Some(text) = RowText::of(text, row, step.invalid_utf8)? else {
            return Ok(None);
        };
        let start = lists.ids.len();
        lists.put_around(&step.begin_of_document, step.offsets);
        let own = lists.ids.len();
        let around = step.begin_of_document.len() + step.end_of_document.len();
        let truncation = step.truncation.map(|truncation| Truncation {
            max_length: (truncation.max_length as usize).saturating_sub(around),
            stride: 0,
            strategy: TruncationStrategy::LongestFirst,
            end: match truncation.side {
                TruncationSide::Right => SequenceEnd::Right,
                TruncationSide::Left => SequenceEnd::Left,
            },
        });
        let done = if let (Some(unit), RowText::Text(text)) = (step.offsets, &text) {
            self.encode_places(text, (unit, truncation), lists)
        } else if ready.append(row, &mut lists.ids) {
            Ok(lists.cut(own, truncation))
        } else {
            let done = self.encode_ids(&text, &mut lists.ids);
            done.map(|()| lists.cut(own, truncation))
        };
        let n_left_out = done.map_err(|error| {
            lists.truncate(start);
            error.to_string()
        })?;
        let n_all = lists.ids.len() - own + n_left_out + around;
        lists.put_around(&step.end_of_document, step.offsets);
        Ok(Some(RowTokens { n_all, n_left_out }))
    }

    /// Appends the ids of a text.
    fn encode_ids(&mut self, text: &RowText<'_>, ids: &mut Vec<u32>) -> Result<(), EncodeError> {
        match text {
            RowText::Text(text) => self.encoder.encode(text, self.special, ids),
            RowText::Bytes(bytes) => self.encoder.encode_bytes(bytes, self.special, ids),
        }
    }

    /// Appends the tokens of a text with their places in it; how many are left out.
    ///
    /// Which of them a truncation leaves is known before the tokenizer's file trims
    /// the places, as Hugging Face does, for the first one is trimmed as such.
    fn encode_places(
        &mut self,
        text: &str,
        (unit, truncation): (TextUnit, Option<Truncation>),
        lists: &mut TokenLists,
    ) -> Result<usize, EncodeError> {
        let options = EncodeOptions {
            special: self.special,
            add_special: AddSpecial::No,
            offsets: match unit {
                TextUnit::Bytes => OffsetUnit::Bytes,
                TextUnit::Chars => OffsetUnit::Chars,
            },
            truncation,
            ..EncodeOptions::default()
        };
        let rows = match &mut self.places {
            Some(rows) => rows,
            none => none.insert(
                EncodedRows::new(self.encoder.tokenizer(), AddSpecial::No, 1)?.with_spans(),
            ),
        };
        rows.clear();
        self.encoder.encode_row(text, None, &options, rows)?;
        let mut n_left_out = 0;
        for row in rows.rows(0..1) {
            lists.ids.extend_from_slice(row.ids());
            let [starts, ends] = &mut lists.places;
            starts.extend(row.spans().iter().map(|(start, _)| *start));
            ends.extend(row.spans().iter().map(|(_, end)| *end));
            n_left_out = row.n_left_out();
        }
        Ok(n_left_out)
    }
}

/// What a row is encoded from.
enum RowText<'a> {
    Text(Cow<'a, str>),
    /// Bytes that are not UTF-8.
    Bytes(&'a [u8]),
}

impl<'a> RowText<'a> {
    /// The text of a row, if it has one.
    fn of(rows: &'a TextRows<'_>, row: usize, mode: Utf8Mode) -> Result<Option<Self>, String> {
        let bad = match rows.get(row) {
            Ok(text) => return Ok(text.map(|text| Self::Text(text.into()))),
            Err(bad) => bad,
        };
        let bytes = rows.bytes(row);
        match mode {
            Utf8Mode::Error => Err(bad.to_string()),
            Utf8Mode::Replace => Ok(Some(Self::Text(String::from_utf8_lossy(bytes)))),
            Utf8Mode::Bytes => Ok(Some(Self::Bytes(bytes))),
        }
    }
}

/// How many tokens a row has, and how many of them are left out.
#[derive(Debug, Clone, Copy, Default)]
struct RowTokens {
    n_all: usize,
    n_left_out: usize,
}

/// The batch with the columns that the step makes.
fn put_in_place(
    step: &TokenizeStep,
    columns: &RecordBatch,
    lists: &mut TokenLists,
    counts: Vec<u32>,
) -> Result<RecordBatch> {
    let index = index_of(columns, &step.column)?;
    let valid = lists.valid();
    let finished = lists.finish(&step.id_type)?;
    let mut made = vec![(step.output.clone(), finished.tokens)];
    if step.offsets.is_some() {
        let places = places_of(&step.output).into_iter().zip(finished.places);
        made.extend(places.filter_map(|(name, list)| Some((name, list?))));
    }
    if let Some(name) = &step.count {
        let counts = UInt32Array::new(counts.into(), Some(valid));
        made.push((name.clone(), Arc::new(counts)));
    }
    let first = if step.keep_text { index + 1 } else { index };
    made::put(columns, first..index + 1, made)
}
