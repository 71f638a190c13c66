//! A batch of texts, out of a list or of Arrow arrays, without copying any.

use std::borrow::Cow;

use arrow::array::{Array, ArrayRef, AsArray as _};
use arrow::datatypes::DataType;
use fuelrail::arrays::{self, relayout};
use fuelrail::plan::Utf8Mode;
use fuelrail::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::arrow::import_arrays;
use crate::errors::Result;

/// What holds the texts of a batch.
#[derive(Debug)]
pub(crate) enum Texts<'py> {
    /// A `str` or `bytes` for each.
    Objects(Vec<Bound<'py, PyAny>>),
    /// Arrays of strings or binary, one after another.
    Arrays(Vec<ArrayRef>),
}

/// A text, or bytes that are none and are encoded all the same.
#[derive(Debug)]
pub(crate) enum AnyText<'a> {
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
}

impl AsRef<[u8]> for AnyText<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl AnyText<'_> {
    /// The text, for those who can do nothing with bytes.
    ///
    /// # Errors
    /// `Internal` for bytes, which are not made unless they are asked for.
    pub(crate) fn text(&self) -> Result<&str, Error> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Bytes(_) => Err(Error::internal("expected text, got bytes")),
        }
    }
}

impl<'py> Texts<'py> {
    /// The texts of any iterable of `str` or `bytes`, or of any object that
    /// hands out Arrow arrays of them.
    pub(crate) fn of(object: &Bound<'py, PyAny>) -> Result<Self> {
        if object.is_instance_of::<PyString>() || object.is_instance_of::<PyBytes>() {
            let error = usage("expected a list of texts, got one text");
            return Err(error.with_hint("`encode` takes one text").into());
        }
        if let Some(arrays) = import_arrays(object)? {
            let arrays = arrays.into_iter().map(plain).collect::<Result<_, Error>>();
            return Ok(Self::Arrays(arrays?));
        }
        let Ok(items) = object.try_iter() else {
            let message = format!(
                "expected a list of texts or an Arrow array of them, got {}",
                object.get_type().name()?
            );
            return Err(usage(message).into());
        };
        Ok(Self::Objects(items.collect::<PyResult<_>>()?))
    }

    /// Each text. What holds them is not changed as long as they are looked at,
    /// whoever holds the interpreter: strings and bytes never change, and
    /// whoever hands out Arrow arrays gives them away.
    ///
    /// # Errors
    /// `Data` with the row of what is null, or no UTF-8 unless `mode` takes it,
    /// `Usage` with that of what is no text.
    pub(crate) fn rows(&self, mode: Utf8Mode) -> Result<Vec<AnyText<'_>>, Error> {
        match self {
            Self::Objects(objects) => objects
                .iter()
                .zip(0..)
                .map(|(object, row)| text(object, mode).map_err(|error| error.with_row(row)))
                .collect(),
            Self::Arrays(arrays) => {
                let mut rows = Vec::with_capacity(arrays.iter().map(Array::len).sum());
                for array in arrays {
                    push_rows(array, mode, &mut rows)?;
                }
                Ok(rows)
            }
        }
    }
}

/// The text of a `str` or of `bytes`.
///
/// # Errors
/// As [`Texts::rows`].
pub(crate) fn text<'a>(object: &'a Bound<'_, PyAny>, mode: Utf8Mode) -> Result<AnyText<'a>, Error> {
    if let Ok(text) = object.cast::<PyString>() {
        return match text.to_str() {
            Ok(text) => Ok(AnyText::Text(text.into())),
            Err(_) => surrogates(text, mode),
        };
    }
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return utf8(bytes.as_bytes(), mode);
    }
    if object.is_none() {
        return Err(null());
    }
    let name = object.get_type().name();
    let name = name.map_or_else(|_| "something else".to_owned(), |name| name.to_string());
    let error = usage(format!("expected str or bytes, got {name}"));
    match several(object) {
        Some(hint) => Err(error.with_hint(hint)),
        None => Err(error),
    }
}

/// What helps where texts come in place of one, as pairs and words do in Hugging
/// Face's library.
fn several(object: &Bound<'_, PyAny>) -> Option<&'static str> {
    if !object.is_instance_of::<PyTuple>() && !object.is_instance_of::<PyList>() {
        return None;
    }
    let items = object.try_iter().ok()?.collect::<PyResult<Vec<_>>>().ok()?;
    let is_text = |item: &Bound<'_, PyAny>| {
        item.is_instance_of::<PyString>() || item.is_instance_of::<PyBytes>()
    };
    if items.is_empty() || !items.iter().all(is_text) {
        return None;
    }
    Some(match items.len() {
        2 => {
            "if they are pairs, give the second texts on their own: encode_tokens_batch(texts, pairs), \
             encode_tokens(text, pair)"
        }
        _ => "if they are words, join them to one text",
    })
}

/// The text of a `str` with surrogates: two that are a pair become its
/// character, others U+FFFD.
fn surrogates<'a>(text: &Bound<'_, PyString>, mode: Utf8Mode) -> Result<AnyText<'a>, Error> {
    let replaced = || {
        let units = text
            .call_method1("encode", ("utf-16-le", "surrogatepass"))
            .ok()?;
        let units = units.cast_into::<PyBytes>().ok()?;
        let units = units.as_bytes().as_chunks().0.iter();
        let units: Vec<u16> = units.map(|unit| u16::from_le_bytes(*unit)).collect();
        Some(String::from_utf16_lossy(&units))
    };
    match mode {
        Utf8Mode::Replace => replaced().map(|text| AnyText::Text(text.into())),
        Utf8Mode::Error | Utf8Mode::Bytes => None,
    }
    .ok_or_else(|| {
        Error::data("expected text, got a lone surrogate, which no UTF-8 spells")
            .with_hint("invalid_utf8=\"replace\" makes it U+FFFD")
    })
}

/// Dictionaries and runs become what they stand for; other arrays stay.
fn plain(array: ArrayRef) -> Result<ArrayRef, Error> {
    let values = match array.data_type() {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::RunEndEncoded(_, values) => values.data_type().clone(),
        _ => return Ok(array),
    };
    relayout(&array, &values)
}

fn push_rows<'a>(
    array: &'a ArrayRef,
    mode: Utf8Mode,
    rows: &mut Vec<AnyText<'a>>,
) -> Result<(), Error> {
    match array.data_type() {
        DataType::Utf8 => push(array.as_string::<i32>().iter(), rows),
        DataType::LargeUtf8 => push(array.as_string::<i64>().iter(), rows),
        DataType::Utf8View => push(array.as_string_view().iter(), rows),
        DataType::Binary => push_bytes(array.as_binary::<i32>().iter(), mode, rows),
        DataType::LargeBinary => push_bytes(array.as_binary::<i64>().iter(), mode, rows),
        DataType::BinaryView => push_bytes(array.as_binary_view().iter(), mode, rows),
        DataType::Null if array.is_empty() => Ok(()),
        DataType::Struct(fields) => {
            let names: Vec<String> = fields.iter().map(|f| format!("\"{}\"", f.name())).collect();
            let error = usage("expected an Arrow array of texts, got a table");
            Err(error.with_hint(format!("give one of its columns: {}", names.join(", "))))
        }
        other => Err(usage(format!(
            "expected an Arrow array of texts, got one of {other}"
        ))),
    }
}

fn push<'a>(
    texts: impl Iterator<Item = Option<&'a str>>,
    rows: &mut Vec<AnyText<'a>>,
) -> Result<(), Error> {
    for text in texts {
        let text = text.ok_or_else(|| null().with_row(rows.len() as u64))?;
        rows.push(AnyText::Text(text.into()));
    }
    Ok(())
}

fn push_bytes<'a>(
    texts: impl Iterator<Item = Option<&'a [u8]>>,
    mode: Utf8Mode,
    rows: &mut Vec<AnyText<'a>>,
) -> Result<(), Error> {
    for bytes in texts {
        let text = bytes.ok_or_else(null).and_then(|bytes| utf8(bytes, mode));
        rows.push(text.map_err(|error| error.with_row(rows.len() as u64))?);
    }
    Ok(())
}

fn utf8(bytes: &[u8], mode: Utf8Mode) -> Result<AnyText<'_>, Error> {
    match (arrays::utf8(bytes), mode) {
        (Ok(text), _) => Ok(AnyText::Text(text.into())),
        (Err(_), Utf8Mode::Replace) => Ok(AnyText::Text(String::from_utf8_lossy(bytes))),
        (Err(_), Utf8Mode::Bytes) => Ok(AnyText::Bytes(bytes)),
        (Err(bad), Utf8Mode::Error) => {
            let error = Error::data(bad.to_string());
            Err(error.with_hint("invalid_utf8=\"replace\" makes what is wrong U+FFFD"))
        }
    }
}

fn null() -> Error {
    Error::data("expected text, got a null").with_hint("drop or fill what is null first")
}

fn usage(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, message)
}
