//! The encodings of a batch as rectangular arrays, without a Python object a
//! token.

use fuelrail::kernels::tokenize::{Encoding, EncodingPadding, PadTo, SequenceEnd};
use fuelrail::{Error, ErrorKind};
use pyo3::prelude::*;

use crate::arguments::choice;
use crate::numbers::{Element, Numbers};

/// Most tokens of an array, padding among them.
const TOKENS_MAX: usize = 1 << 31;

/// The type of ids, types and masks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum IdType {
    U16,
    U32,
    I32,
    I64,
}

impl IdType {
    /// # Errors
    /// `Usage` for a name that is none of theirs.
    pub(crate) fn of(name: &str) -> Result<Self, Error> {
        let known = [
            ("int64", Self::I64),
            ("int32", Self::I32),
            ("uint32", Self::U32),
            ("uint16", Self::U16),
        ];
        choice("dtype", name, &known)
    }
}

/// What is known of the tokens of a batch; each array has `n_rows * width`
/// elements, `offsets` two for each.
#[derive(Debug, IntoPyObject)]
pub(crate) struct TokenArrays {
    n_rows: usize,
    width: usize,
    input_ids: Numbers,
    token_type_ids: Numbers,
    attention_mask: Numbers,
    special_tokens_mask: Numbers,
    offset_mapping: Numbers,
    /// The text that each row is of.
    overflow_to_sample_mapping: Numbers,
}

/// Rows of one width.
struct Rows<'a> {
    encodings: &'a [&'a Encoding],
    width: usize,
    end: SequenceEnd,
}

impl TokenArrays {
    /// Pads the encodings of a batch, each with the text it is of.
    ///
    /// # Errors
    /// `Usage` where rows are of several lengths and nothing pads them, and for
    /// ids that do not fit their type.
    pub(crate) fn new(
        encodings: &[(usize, &Encoding)],
        padding: Option<&EncodingPadding>,
        ids: IdType,
    ) -> Result<Self, Error> {
        let rows: Vec<&Encoding> = encodings.iter().map(|(_, encoding)| *encoding).collect();
        let rows = Rows {
            width: width(&rows, padding)?,
            end: padding.map_or(SequenceEnd::Right, |padding| padding.end),
            encodings: &rows,
        };
        let (pad, pad_type) = padding.map_or((0, 0), |padding| (padding.id, padding.type_id));
        let samples = encodings
            .iter()
            .map(|(row, _)| i64::try_from(*row).unwrap_or(i64::MAX));
        let column = |pad: u32, of: &dyn Fn(&Encoding, &mut Vec<u32>)| rows.column(ids, pad, of);
        let mask = |of: fn(&Encoding) -> &[u8]| {
            move |row: &Encoding, out: &mut Vec<u32>| {
                out.extend(of(row).iter().map(|&bit| u32::from(bit)));
            }
        };
        Ok(Self {
            n_rows: encodings.len(),
            width: rows.width,
            input_ids: column(pad, &|row, out| out.extend_from_slice(&row.ids))?,
            token_type_ids: column(pad_type, &|row, out| out.extend_from_slice(&row.type_ids))?,
            attention_mask: column(0, &mask(|row| &row.attention_mask))?,
            special_tokens_mask: column(1, &mask(|row| &row.special_tokens_mask))?,
            offset_mapping: rows.offsets().into(),
            overflow_to_sample_mapping: samples.collect::<Vec<i64>>().into(),
        })
    }
}

/// How many tokens each row has.
fn width(rows: &[&Encoding], padding: Option<&EncodingPadding>) -> Result<usize, Error> {
    let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let shortest = rows.iter().map(|row| row.len()).min().unwrap_or(0);
    let width = match padding {
        None if shortest < longest => {
            return Err(usage(format!(
                "expected texts of as many tokens, which make rows of an array, got {shortest} and {longest}"
            ))
            .with_hint("padding=True makes all as long as the longest"));
        }
        None => longest,
        Some(padding) => {
            let len = match padding.to {
                PadTo::Longest => longest,
                PadTo::Fixed(len) => len,
            };
            len.next_multiple_of(padding.multiple_of.max(1))
        }
    };
    if longest > width {
        return Err(usage(format!(
            "expected texts of at most {width} tokens, got one of {longest}"
        ))
        .with_hint("truncation=True cuts what is longer"));
    }
    match width.checked_mul(rows.len()) {
        Some(n_tokens) if n_tokens <= TOKENS_MAX => Ok(width),
        _ => Err(usage(format!(
            "too many tokens: {} rows of {width}, limit {TOKENS_MAX}",
            rows.len()
        ))),
    }
}

impl Rows<'_> {
    fn column(
        &self,
        ids: IdType,
        pad: u32,
        of: &dyn Fn(&Encoding, &mut Vec<u32>),
    ) -> Result<Numbers, Error> {
        let mut numbers = Vec::with_capacity(self.encodings.len() * self.width);
        for row in self.encodings {
            let n_pads = self.width - row.len();
            if self.end == SequenceEnd::Left {
                numbers.extend(std::iter::repeat_n(pad, n_pads));
            }
            of(row, &mut numbers);
            if self.end == SequenceEnd::Right {
                numbers.extend(std::iter::repeat_n(pad, n_pads));
            }
        }
        match ids {
            IdType::U32 => Ok(numbers.into()),
            IdType::U16 => narrowed::<u16>(&numbers, "uint16"),
            IdType::I32 => narrowed::<i32>(&numbers, "int32"),
            IdType::I64 => narrowed::<i64>(&numbers, "int64"),
        }
    }

    fn offsets(&self) -> Vec<i64> {
        let mut numbers = Vec::with_capacity(self.encodings.len() * self.width * 2);
        for row in self.encodings {
            let n_pads = 2 * (self.width - row.len());
            if self.end == SequenceEnd::Left {
                numbers.extend(std::iter::repeat_n(0, n_pads));
            }
            let spans = row.spans.iter();
            numbers.extend(spans.flat_map(|&(start, end)| [i64::from(start), i64::from(end)]));
            if self.end == SequenceEnd::Right {
                numbers.extend(std::iter::repeat_n(0, n_pads));
            }
        }
        numbers
    }
}

fn narrowed<T: Element + TryFrom<u32>>(numbers: &[u32], name: &str) -> Result<Numbers, Error> {
    let fitting = numbers.iter().map(|&number| {
        let refused = |_| {
            usage(format!("expected ids that fit {name}, got {number}"))
                .with_hint("dtype=\"int64\" holds every id")
        };
        T::try_from(number).map_err(refused)
    });
    Ok(fitting.collect::<Result<Vec<T>, Error>>()?.into())
}

fn usage(message: String) -> Error {
    Error::new(ErrorKind::Usage, message)
}
