//! What is known of the tokens of a text: what `fuelrail.Encoding` is made of.

use std::fmt;
use std::sync::Arc;

use fuelrail::kernels::tokenize::{EncodeOptions, Encoding, Tokenizer, pad_batch};
use fuelrail::{Error, ErrorKind};
use pyo3::prelude::*;

use crate::encode::Encoders;
use crate::errors::Result;
use crate::ids::refusal;

/// The tokens of a text, or of two.
#[pyclass(frozen, module = "fuelrail._native", name = "Encoding")]
pub(crate) struct TokenEncoding {
    encoding: Encoding,
    tokenizer: Arc<Tokenizer>,
}

impl fmt::Debug for TokenEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoding of {} tokens", self.encoding.len())
    }
}

impl TokenEncoding {
    pub(crate) fn new(encoding: Encoding, tokenizer: &Arc<Tokenizer>) -> Self {
        Self {
            encoding,
            tokenizer: Arc::clone(tokenizer),
        }
    }
}

#[pymethods]
impl TokenEncoding {
    fn __len__(&self) -> usize {
        self.encoding.len()
    }

    fn ids(&self) -> &[u32] {
        &self.encoding.ids
    }

    fn type_ids(&self) -> &[u32] {
        &self.encoding.type_ids
    }

    fn tokens(&self) -> Vec<String> {
        let tokens = self.encoding.ids.iter().zip(&self.encoding.texts);
        tokens
            .map(|(id, text)| match text {
                Some(text) => text.to_string(),
                None => self.tokenizer.spelled(*id).unwrap_or_default().into_owned(),
            })
            .collect()
    }

    fn offsets(&self) -> Vec<(u32, u32)> {
        self.encoding.spans.clone()
    }

    fn word_ids(&self) -> Vec<Option<u32>> {
        self.encoding.words.clone()
    }

    fn sequence_ids(&self) -> Vec<Option<u32>> {
        self.encoding.sequence_ids()
    }

    fn attention_mask(&self) -> Vec<u32> {
        numbers(&self.encoding.attention_mask)
    }

    fn special_tokens_mask(&self) -> Vec<u32> {
        numbers(&self.encoding.special_tokens_mask)
    }

    fn overflowing(&self) -> Vec<Self> {
        let parts = self.encoding.overflowing.iter();
        parts
            .map(|part| Self::new(part.clone(), &self.tokenizer))
            .collect()
    }

    fn word_to_tokens(&self, word: u32, sequence: u32) -> Option<(usize, usize)> {
        let tokens = self.encoding.word_to_tokens(word, sequence)?;
        Some((tokens.start, tokens.end))
    }

    fn word_to_span(&self, word: u32, sequence: u32) -> Option<(u32, u32)> {
        self.encoding.word_to_span(word, sequence)
    }

    fn place_to_token(&self, place: u32, sequence: u32) -> Option<usize> {
        self.encoding.place_to_token(place, sequence)
    }

    fn token_to_sequence(&self, token: usize) -> Option<u32> {
        self.encoding.token_to_sequence(token)
    }
}

/// Bits as lists of numbers, which bytes would not become.
fn numbers(bits: &[u8]) -> Vec<u32> {
    bits.iter().map(|&bit| bit.into()).collect()
}

/// The encodings of texts, or of pairs of them.
///
/// # Errors
/// `Data` with the row of a text that cannot be encoded, `Usage` where there are
/// not as many texts as pairs; what Python raises.
pub(crate) fn encodings_of(
    encoders: &Encoders,
    (texts, pairs): (&[&str], Option<&[&str]>),
    options: &EncodeOptions,
    threads: Option<std::num::NonZeroUsize>,
) -> Result<Vec<Encoding>> {
    check_pairs(texts, pairs)?;
    let runs = encoders.runs(texts, threads, |encoder, rows| {
        rows.map(|row| {
            let pair = pairs.and_then(|pairs| pairs.get(row).copied());
            let encoding = encoder.encode_tokens(texts[row], pair, options);
            encoding.map_err(|error| refusal(&error).with_row(row as u64))
        })
        .collect::<Result<Vec<_>, Error>>()
    })?;
    Ok(runs.into_iter().flatten().collect())
}

/// Whether there are as many pairs as texts, if there are any.
///
/// # Errors
/// `Usage` if not.
pub(crate) fn check_pairs(texts: &[&str], pairs: Option<&[&str]>) -> Result<(), Error> {
    if let Some(pairs) = pairs.filter(|pairs| pairs.len() != texts.len()) {
        let message = format!(
            "expected as many pairs as texts, got {} and {}",
            pairs.len(),
            texts.len()
        );
        return Err(Error::new(ErrorKind::Usage, message));
    }
    Ok(())
}

/// The encodings of texts, padded together.
///
/// # Errors
/// As [`encodings_of`].
pub(crate) fn padded_encodings_of(
    encoders: &Encoders,
    texts: (&[&str], Option<&[&str]>),
    mut options: EncodeOptions,
    threads: Option<std::num::NonZeroUsize>,
) -> Result<Vec<Encoding>> {
    let padding = options.padding.take();
    let mut encodings = encodings_of(encoders, texts, &options, threads)?;
    if let Some(padding) = padding {
        pad_batch(&mut encodings, &padding);
    }
    Ok(encodings)
}
