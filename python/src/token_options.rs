//! What Python asks of an encoding, as the tokenizer takes it.

use fuelrail::kernels::tokenize::{
    AddSpecial, EncodeOptions, EncodingPadding, OffsetUnit, PadTo, SequenceEnd, Special,
    Truncation, TruncationStrategy,
};
use fuelrail::plan::Utf8Mode;
use fuelrail::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

use crate::arguments::choice;

/// The longest padding: what is beyond is a slip of the finger.
const PADDING_MAX: usize = 1 << 24;

/// How texts are encoded with all that is known of their tokens. Numbers have
/// been checked to fit.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct AskedTokens {
    special: String,
    add_special_tokens: bool,
    truncation: Option<AskedTruncation>,
    padding: Option<AskedPadding>,
    offsets: String,
    invalid_utf8: String,
}

impl AskedTokens {
    /// What happens to bytes that are not UTF-8. Tokens of bytes have no place in
    /// a text.
    pub(crate) fn utf8_mode(&self) -> Result<Utf8Mode, Error> {
        let known = [UTF8_MODES[0], UTF8_MODES[1]];
        choice("invalid_utf8", &self.invalid_utf8, &known)
    }
}

/// The keywords of `enable_truncation` in Hugging Face's library.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
struct AskedTruncation {
    max_length: usize,
    stride: usize,
    strategy: String,
    direction: String,
}

/// The keywords of `enable_padding` there.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
struct AskedPadding {
    length: Option<usize>,
    direction: String,
    pad_id: u32,
    pad_type_id: u32,
    pad_token: String,
    pad_to_multiple_of: Option<usize>,
}

const UTF8_MODES: [(&str, Utf8Mode); 3] = [
    ("error", Utf8Mode::Error),
    ("replace", Utf8Mode::Replace),
    ("bytes", Utf8Mode::Bytes),
];
const ENDS: [(&str, SequenceEnd); 2] = [("right", SequenceEnd::Right), ("left", SequenceEnd::Left)];
const STRATEGIES: [(&str, TruncationStrategy); 3] = [
    ("longest_first", TruncationStrategy::LongestFirst),
    ("only_first", TruncationStrategy::OnlyFirst),
    ("only_second", TruncationStrategy::OnlySecond),
];

impl TryFrom<AskedTokens> for EncodeOptions {
    type Error = Error;

    fn try_from(asked: AskedTokens) -> Result<Self, Error> {
        let add_special = if asked.add_special_tokens {
            AddSpecial::Yes
        } else {
            AddSpecial::No
        };
        let units = [("chars", OffsetUnit::Chars), ("bytes", OffsetUnit::Bytes)];
        Ok(Self {
            special: policy(&asked.special)?,
            add_special,
            truncation: asked.truncation.map(TryInto::try_into).transpose()?,
            padding: asked.padding.map(TryInto::try_into).transpose()?,
            offsets: choice("offsets", &asked.offsets, &units)?,
        })
    }
}

impl TryFrom<AskedTruncation> for Truncation {
    type Error = Error;

    fn try_from(asked: AskedTruncation) -> Result<Self, Error> {
        Ok(Self {
            max_length: asked.max_length,
            stride: asked.stride,
            strategy: choice("strategy", &asked.strategy, &STRATEGIES)?,
            end: choice("direction", &asked.direction, &ENDS)?,
        })
    }
}

impl TryFrom<AskedPadding> for EncodingPadding {
    type Error = Error;

    fn try_from(asked: AskedPadding) -> Result<Self, Error> {
        let multiple_of = asked.pad_to_multiple_of.unwrap_or(1);
        let longest = asked.length.unwrap_or(0).max(multiple_of);
        if longest > PADDING_MAX {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("padding: expected at most {PADDING_MAX} tokens, got {longest}"),
            ));
        }
        Ok(Self {
            to: asked.length.map_or(PadTo::Longest, PadTo::Fixed),
            end: choice("direction", &asked.direction, &ENDS)?,
            multiple_of,
            id: asked.pad_id,
            type_id: asked.pad_type_id,
            token: asked.pad_token.into(),
        })
    }
}

/// What happens where a text spells a special token.
pub(crate) fn policy(special: &str) -> Result<Special, Error> {
    let known = [
        ("text", Special::Text),
        ("parse", Special::Parse),
        ("refuse", Special::Refuse),
    ];
    choice("special", special, &known)
}

/// What happens to bytes that are not UTF-8.
pub(crate) fn utf8_mode(mode: &str) -> Result<Utf8Mode, Error> {
    choice("invalid_utf8", mode, &UTF8_MODES)
}

fn name_of<T: Copy + PartialEq>(value: T, known: &[(&'static str, T)]) -> &'static str {
    let found = known.iter().find(|(_, other)| *other == value);
    found.map_or("", |(name, _)| *name)
}

/// A truncation by the names of its keywords.
pub(crate) fn truncation_dict<'py>(
    py: Python<'py>,
    truncation: &Truncation,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = [
        ("max_length", truncation.max_length),
        ("stride", truncation.stride),
    ]
    .into_py_dict(py)?;
    dict.set_item("strategy", name_of(truncation.strategy, &STRATEGIES))?;
    dict.set_item("direction", name_of(truncation.end, &ENDS))?;
    Ok(dict)
}

/// A padding by the names of its keywords.
pub(crate) fn padding_dict<'py>(
    py: Python<'py>,
    padding: &EncodingPadding,
) -> PyResult<Bound<'py, PyDict>> {
    let length = match padding.to {
        PadTo::Longest => None,
        PadTo::Fixed(length) => Some(length),
    };
    let multiple_of = Some(padding.multiple_of).filter(|multiple| *multiple > 1);
    let dict = [("length", length), ("pad_to_multiple_of", multiple_of)].into_py_dict(py)?;
    dict.set_item("direction", name_of(padding.end, &ENDS))?;
    dict.set_item("pad_id", padding.id)?;
    dict.set_item("pad_type_id", padding.type_id)?;
    dict.set_item("pad_token", &*padding.token)?;
    Ok(dict)
}
