//! The encodings of a batch as rectangular arrays, without a Python object a
//! token.

use fuelrail::kernels::large_pages;
use fuelrail::kernels::tokenize::{
    EncodedRow, Encoding, EncodingPadding, PadTo, SequenceEnd, TokenSpan,
};
use fuelrail::{Error, ErrorKind};

use crate::arguments::choice;
use crate::numbers::{Element, Numbers};
use crate::parallel::for_each;

/// Most tokens of an array, padding among them.
const TOKENS_MAX: usize = 1 << 31;

/// Numbers that one thread writes before it is worth while to begin another.
const WRITTEN_ALONE: usize = 1 << 16;

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

/// What is known of each token and given as a number of the type of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenColumn {
    Ids,
    Types,
    Attention,
    Special,
}

/// The tokens of a row, before padding.
pub(crate) trait TokenRow: Sync {
    /// How many.
    fn len(&self) -> usize;

    /// Where each is in its text, if that is known.
    fn spans(&self) -> &[TokenSpan];

    /// Their numbers of one column, to as many places; whether all fit.
    fn write<T: ArrayNumber>(&self, column: TokenColumn, to: &mut [T]) -> bool;
}

/// A number of an array.
pub(crate) trait ArrayNumber: Element + Copy + Default {
    /// As numpy calls it.
    const TYPE: &'static str;

    /// The number in this type, and whether it fits.
    fn of(number: u32) -> (Self, bool);
}

macro_rules! array_numbers {
    ($($number:ty, $name:literal;)*) => {$(
        impl ArrayNumber for $number {
            const TYPE: &'static str = $name;

            #[inline]
            fn of(number: u32) -> (Self, bool) {
                let narrow = Self::try_from(number);
                (narrow.unwrap_or_default(), narrow.is_ok())
            }
        }
    )*};
}

array_numbers! {
    u16, "uint16";
    u32, "uint32";
    i32, "int32";
    i64, "int64";
}

fn write<T: ArrayNumber>(numbers: impl Iterator<Item = u32>, to: &mut [T]) -> bool {
    to.iter_mut()
        .zip(numbers)
        .fold(true, |all_fit, (to, number)| {
            let fits;
            (*to, fits) = T::of(number);
            all_fit & fits
        })
}

impl TokenRow for &Encoding {
    fn len(&self) -> usize {
        Encoding::len(self)
    }

    fn spans(&self) -> &[TokenSpan] {
        &self.spans
    }

    fn write<T: ArrayNumber>(&self, column: TokenColumn, to: &mut [T]) -> bool {
        let bits = |bits: &[u8], to| write(bits.iter().map(|&bit| bit.into()), to);
        match column {
            TokenColumn::Ids => write(self.ids.iter().copied(), to),
            TokenColumn::Types => write(self.type_ids.iter().copied(), to),
            TokenColumn::Attention => bits(&self.attention_mask, to),
            TokenColumn::Special => bits(&self.special_tokens_mask, to),
        }
    }
}

impl TokenRow for EncodedRow<'_> {
    fn len(&self) -> usize {
        self.ids().len()
    }

    fn spans(&self) -> &[TokenSpan] {
        EncodedRow::spans(*self)
    }

    fn write<T: ArrayNumber>(&self, column: TokenColumn, mut to: &mut [T]) -> bool {
        let of_run = match column {
            TokenColumn::Ids => return write(self.ids().iter().copied(), to),
            TokenColumn::Types => |type_id: u32, _| type_id,
            TokenColumn::Attention => |_, _| 1,
            TokenColumn::Special => |_, special: u8| special.into(),
        };
        let mut all_fit = true;
        for run in self.runs() {
            let (number, fits) = T::of(of_run(run.type_id, run.special));
            let (of_run, rest) = std::mem::take(&mut to).split_at_mut(run.len);
            of_run.fill(number);
            all_fit &= fits;
            to = rest;
        }
        all_fit
    }
}

/// Rows that are padded to one width.
#[derive(Debug)]
pub(crate) struct PaddedRows<'a, R> {
    rows: &'a [R],
    width: usize,
    padding: Option<&'a EncodingPadding>,
    threads: usize,
}

impl<'a, R: TokenRow> PaddedRows<'a, R> {
    /// The rows of a batch, which so many threads write.
    ///
    /// # Errors
    /// `Usage` where rows are of several lengths and nothing pads them.
    pub(crate) fn new(
        rows: &'a [R],
        padding: Option<&'a EncodingPadding>,
        threads: usize,
    ) -> Result<Self, Error> {
        Ok(Self {
            width: width(rows, padding)?,
            rows,
            padding,
            threads,
        })
    }

    /// Tokens of each row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// One array.
    ///
    /// # Errors
    /// `Usage` for numbers that do not fit the type.
    pub(crate) fn column(&self, column: TokenColumn, ids: IdType) -> Result<Numbers, Error> {
        match ids {
            IdType::U16 => self.numbers::<u16>(column),
            IdType::U32 => self.numbers::<u32>(column),
            IdType::I32 => self.numbers::<i32>(column),
            IdType::I64 => self.numbers::<i64>(column),
        }
    }

    fn numbers<T: ArrayNumber>(&self, column: TokenColumn) -> Result<Numbers, Error> {
        let pad = self.padding.map_or(0, |padding| match column {
            TokenColumn::Ids => padding.id,
            TokenColumn::Types => padding.type_id,
            TokenColumn::Attention => 0,
            TokenColumn::Special => 1,
        });
        let (numbers, all_fit) =
            self.written(|row, room: &mut [T]| self.row(row, column, pad, room));
        if !all_fit {
            return Err(self.misfit::<T>(column, pad));
        }
        Ok(numbers.into())
    }

    /// Where each token is in its text: two numbers each.
    pub(crate) fn offsets(&self) -> Numbers {
        let is_left = self.padding.is_some_and(|it| it.end == SequenceEnd::Left);
        let (places, _) = self.written(|row, room: &mut [[i64; 2]]| {
            let n_pads = if is_left { room.len() - row.len() } else { 0 };
            for (to, (start, end)) in room.iter_mut().skip(n_pads).zip(row.spans()) {
                *to = [i64::from(*start), i64::from(*end)];
            }
            true
        });
        Numbers::from(places.into_flattened())
    }

    /// An array of zeros to which `write` has written each row, and whether it says
    /// of all that they are right.
    fn written<T>(&self, write: impl Fn(&R, &mut [T]) -> bool + Sync) -> (Vec<T>, bool)
    where
        T: Copy + Default + Send,
    {
        let mut room = vec![T::default(); self.rows.len() * self.width];
        large_pages::ask_for(&mut room);
        let rows_each = WRITTEN_ALONE.max(room.len() / self.threads) / self.width.max(1);
        let rows_each = rows_each.max(1);
        let rooms = room.chunks_mut((rows_each * self.width).max(1));
        let mut are_right = vec![true; self.rows.len().div_ceil(rows_each)];
        let shares = self.rows.chunks(rows_each).zip(rooms).zip(&mut are_right);
        for_each(
            shares.collect(),
            self.threads,
            |((rows, room), is_right)| {
                for (row, room) in rows.iter().zip(room.chunks_mut(self.width)) {
                    *is_right &= write(row, room);
                }
            },
        );
        (room, !are_right.contains(&false))
    }

    /// One row with its padding to memory of zeros; whether all numbers fit.
    fn row<T: ArrayNumber>(&self, row: &R, column: TokenColumn, pad: u32, room: &mut [T]) -> bool {
        let n_pads = room.len() - row.len();
        let (tokens, pads) = match self.padding.map(|padding| padding.end) {
            Some(SequenceEnd::Left) => {
                let (pads, tokens) = room.split_at_mut(n_pads);
                (tokens, pads)
            }
            Some(SequenceEnd::Right) | None => room.split_at_mut(row.len()),
        };
        let (number, fits) = T::of(pad);
        // Memory that is not written costs nothing.
        if pad != 0 {
            pads.fill(number);
        }
        row.write(column, tokens) & (fits || pads.is_empty())
    }

    /// The first number that does not fit.
    fn misfit<T: ArrayNumber>(&self, column: TokenColumn, pad: u32) -> Error {
        let mut numbers = vec![0_u32; self.width];
        let mut of_rows = self.rows.iter().filter_map(|row| {
            numbers.fill(0);
            self.row(row, column, pad, &mut numbers);
            numbers.iter().copied().find(|number| !T::of(*number).1)
        });
        let number = of_rows.next().unwrap_or_default();
        usage(format!("expected ids that fit {}, got {number}", T::TYPE))
            .with_hint("dtype=\"int64\" holds every id")
    }
}

/// How many tokens each row has.
fn width(rows: &[impl TokenRow], padding: Option<&EncodingPadding>) -> Result<usize, Error> {
    let longest = rows.iter().map(TokenRow::len).max().unwrap_or(0);
    let shortest = rows.iter().map(TokenRow::len).min().unwrap_or(0);
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

fn usage(message: String) -> Error {
    Error::new(ErrorKind::Usage, message)
}
