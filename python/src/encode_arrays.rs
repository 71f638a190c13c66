//! What a tokenizer called on a batch gives: rectangular arrays, and only those
//! that are asked for.

use std::num::NonZeroUsize;

use fuelrail::kernels::tokenize::{EncodeOptions, EncodedRow, EncodedRows, Encoder, Encoding};
use fuelrail::{Error, run};
use pyo3::prelude::*;

use crate::arguments::{choice, threads};
use crate::encode::Encoders;
use crate::encoding::{check_pairs, encodings_of};
use crate::errors::Result;
use crate::ids::refusal;
use crate::numbers::Numbers;
use crate::token_arrays::{IdType, PaddedRows, TokenColumn, TokenRow};

/// How Python wants arrays.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct AskedArrays {
    dtype: String,
    /// As transformers calls them.
    names: Vec<String>,
    threads: Option<i64>,
}

/// Arrays of a batch by their names; each has `n_rows * width` elements, but for
/// what [`ArrayKind`] says.
#[derive(Debug, IntoPyObject)]
pub(crate) struct TokenArrays {
    n_rows: usize,
    width: usize,
    arrays: Vec<(String, Numbers)>,
}

/// What an array is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ArrayKind {
    Tokens(TokenColumn),
    /// Where each token begins and ends.
    Offsets,
    /// The text that each row is of, where parts that truncation takes off are
    /// rows too.
    Samples,
}

const KINDS: [(&str, ArrayKind); 6] = [
    ("input_ids", ArrayKind::Tokens(TokenColumn::Ids)),
    ("token_type_ids", ArrayKind::Tokens(TokenColumn::Types)),
    ("attention_mask", ArrayKind::Tokens(TokenColumn::Attention)),
    (
        "special_tokens_mask",
        ArrayKind::Tokens(TokenColumn::Special),
    ),
    ("offset_mapping", ArrayKind::Offsets),
    ("overflow_to_sample_mapping", ArrayKind::Samples),
];

/// The arrays of a batch of texts, or of pairs.
#[derive(Debug)]
pub(crate) struct ArrayJob {
    options: EncodeOptions,
    ids: IdType,
    kinds: Vec<(String, ArrayKind)>,
    threads: Option<NonZeroUsize>,
}

impl ArrayJob {
    /// # Errors
    /// `Usage` for what cannot be asked.
    pub(crate) fn new(options: EncodeOptions, asked: AskedArrays) -> Result<Self, Error> {
        let ids = IdType::of(&asked.dtype)?;
        let kind = |name: String| choice("arrays", &name, &KINDS).map(|kind| (name, kind));
        Ok(Self {
            options,
            ids,
            kinds: asked
                .names
                .into_iter()
                .map(kind)
                .collect::<Result<_, _>>()?,
            threads: threads(asked.threads)?,
        })
    }

    /// Encodes and pads.
    ///
    /// # Errors
    /// `Data` with the row of a text that cannot be encoded; `Usage` where rows do
    /// not make an array; what Python raises.
    pub(crate) fn run(
        &self,
        encoders: &Encoders,
        texts: &[&str],
        pairs: Option<&[&str]>,
    ) -> Result<TokenArrays> {
        check_pairs(texts, pairs)?;
        let is_asked = |kind| self.kinds.iter().any(|(_, asked)| *asked == kind);
        if is_asked(ArrayKind::Samples) {
            return self.of_encodings(encoders, texts, pairs);
        }
        let n_texts = 1 + usize::from(pairs.is_some());
        let mut none = EncodedRows::new(encoders.tokenizer(), self.options.add_special, n_texts)
            .map_err(|error| refusal(&error))?;
        if is_asked(ArrayKind::Offsets) {
            none = none.with_spans();
        }
        let encode = |encoder: &mut Encoder, made: &mut EncodedRows, rows| {
            let start = made.len();
            for row in rows {
                let pair = pairs.and_then(|pairs| pairs.get(row).copied());
                encoder
                    .encode_row(texts[row], pair, &self.options, made)
                    .map_err(|error| refusal(&error).with_row(row as u64))?;
            }
            Ok(start..made.len())
        };
        let gathered = encoders.gather(texts, self.threads, |_| none.clone(), encode)?;
        let runs = gathered.runs.iter();
        let rows: Vec<EncodedRow<'_>> = runs
            .flat_map(|(thread, run)| gathered.threads[*thread].rows(run.clone()))
            .collect();
        let padded = self.padded(&rows)?;
        let arrays = self.kinds.iter().filter_map(|(name, kind)| match kind {
            ArrayKind::Tokens(column) => Some((name, padded.column(*column, self.ids))),
            ArrayKind::Offsets => Some((name, Ok(padded.offsets()))),
            ArrayKind::Samples => None,
        });
        Ok(TokenArrays {
            n_rows: rows.len(),
            width: padded.width(),
            arrays: named(arrays)?,
        })
    }

    /// The same by way of all that is known of each token.
    fn of_encodings(
        &self,
        encoders: &Encoders,
        texts: &[&str],
        pairs: Option<&[&str]>,
    ) -> Result<TokenArrays> {
        let options = EncodeOptions {
            padding: None,
            ..self.options.clone()
        };
        let encodings = encodings_of(encoders, (texts, pairs), &options, self.threads)?;
        let has_parts = self
            .kinds
            .iter()
            .any(|(_, kind)| *kind == ArrayKind::Samples);
        let (mut rows, mut samples): (Vec<&Encoding>, Vec<i64>) = (Vec::new(), Vec::new());
        for (encoding, sample) in encodings.iter().zip(0..) {
            let parts = encoding.overflowing.iter().filter(|_| has_parts);
            for row in std::iter::once(encoding).chain(parts) {
                rows.push(row);
                samples.push(sample);
            }
        }
        let padded = self.padded(&rows)?;
        let arrays = self.kinds.iter().map(|(name, kind)| {
            let numbers = match kind {
                ArrayKind::Tokens(column) => padded.column(*column, self.ids),
                ArrayKind::Offsets => Ok(padded.offsets()),
                ArrayKind::Samples => Ok(samples.clone().into()),
            };
            (name, numbers)
        });
        Ok(TokenArrays {
            n_rows: rows.len(),
            width: padded.width(),
            arrays: named(arrays)?,
        })
    }

    fn padded<'a, R: TokenRow>(&'a self, rows: &'a [R]) -> Result<PaddedRows<'a, R>, Error> {
        let threads = run::threads(self.threads);
        PaddedRows::new(rows, self.options.padding.as_ref(), threads)
    }
}

/// The arrays, or the first error.
fn named<'a>(
    arrays: impl Iterator<Item = (&'a String, Result<Numbers, Error>)>,
) -> Result<Vec<(String, Numbers)>, Error> {
    arrays
        .map(|(name, numbers)| Ok((name.clone(), numbers?)))
        .collect()
}
