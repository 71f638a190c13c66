//! Booleans, numbers and text.

use std::fmt::{Debug, Write};
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, ArrowPrimitiveType, BooleanBuilder, PrimitiveBuilder, StringBuilder,
};
use arrow::datatypes::{DataType, Float32Type, Float64Type};

use super::super::cursor::{Cursor, Token};
use super::super::fault::{Lexed, Remedy};
use super::super::number::{JsonNumber, Size};
use super::builder::{ValueBuilder, as_json};
use super::reading::Reading;
use crate::error::Result;

/// Booleans.
#[derive(Debug, Default)]
pub(super) struct BoolColumn(BooleanBuilder);

impl ValueBuilder for BoolColumn {
    fn append(&mut self, cursor: &mut Cursor<'_>) -> Lexed<()> {
        let value = match cursor.token() {
            Ok(Token::Bool) => cursor.take_bool().map(Some),
            Ok(Token::Null) => cursor.take_null().map(|()| None),
            _ => Err(cursor.misfit("true or false", as_json())),
        };
        self.0
            .append_option(*value.as_ref().unwrap_or(&Some(false)));
        value.map(drop)
    }

    fn append_null(&mut self) {
        self.0.append_null();
    }

    fn append_default(&mut self) {
        self.0.append_value(false);
    }

    fn finish(&mut self) -> Result<ArrayRef> {
        Ok(Arc::new(self.0.finish()))
    }
}

/// How numbers become values of one type.
pub(super) trait FromNumber<T: ArrowPrimitiveType>: Debug + Send {
    /// The value of a number in its column's own form, unless that would be
    /// another number.
    fn value(&self, number: &JsonNumber<'_>) -> Option<T::Native>;

    /// The value that begins at `cursor`; nothing for null.
    fn read(&self, cursor: &mut Cursor<'_>) -> Lexed<Option<T::Native>>;
}

/// Numbers of one type.
#[derive(Debug)]
pub(super) struct NumberColumn<T: ArrowPrimitiveType, E> {
    builder: PrimitiveBuilder<T>,
    exact: E,
}

impl<T: ArrowPrimitiveType, E> NumberColumn<T, E> {
    fn new(exact: E) -> Self {
        Self {
            builder: PrimitiveBuilder::new(),
            exact,
        }
    }
}

impl<T: ArrowPrimitiveType + Debug, E: FromNumber<T>> ValueBuilder for NumberColumn<T, E> {
    fn append(&mut self, cursor: &mut Cursor<'_>) -> Lexed<()> {
        let value = self.exact.read(cursor);
        let filler = Some(T::Native::default());
        self.builder
            .append_option(*value.as_ref().unwrap_or(&filler));
        value.map(drop)
    }

    fn append_items(&mut self, cursor: &mut Cursor<'_>) -> usize {
        let mut n_items = 0;
        loop {
            let start = cursor.at();
            let Some(number) = cursor.next_number() else {
                return n_items;
            };
            let Some(value) = self.exact.value(&number) else {
                cursor.back_to(start);
                return n_items;
            };
            self.builder.append_value(value);
            n_items += 1;
        }
    }

    fn append_null(&mut self) {
        self.builder.append_null();
    }

    fn append_default(&mut self) {
        self.builder.append_value(T::Native::default());
    }

    fn finish(&mut self) -> Result<ArrayRef> {
        Ok(Arc::new(self.builder.finish()))
    }
}

/// A type as messages name it.
fn name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Int8 => "int8",
        DataType::Int16 => "int16",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::UInt8 => "uint8",
        DataType::UInt16 => "uint16",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        DataType::Float32 => "float32",
        _ => "float64",
    }
}

/// Whole numbers.
#[derive(Debug)]
pub(super) struct Whole {
    /// Whether they may be written as `1.0`.
    declared: bool,
}

impl Whole {
    /// A column of them.
    pub(super) fn column<T: ArrowPrimitiveType>(reading: &Reading) -> NumberColumn<T, Self> {
        NumberColumn::new(Self {
            declared: reading.declared,
        })
    }
}

impl<T> FromNumber<T> for Whole
where
    T: ArrowPrimitiveType,
    T::Native: TryFrom<i128>,
{
    #[inline]
    fn value(&self, number: &JsonNumber<'_>) -> Option<T::Native> {
        T::Native::try_from(number.whole()?).ok()
    }

    #[inline]
    fn read(&self, cursor: &mut Cursor<'_>) -> Lexed<Option<T::Native>> {
        let start = cursor.at();
        match cursor.token() {
            Ok(Token::Number) => {}
            Ok(Token::Null) => return cursor.take_null().map(|()| None),
            _ => return Err(cursor.misfit(name(&T::DATA_TYPE), as_json())),
        }
        let number = cursor.take_number()?;
        if let Some(value) = FromNumber::<T>::value(self, &number) {
            return Ok(Some(value));
        }
        if self.declared
            && let Some(value) = number.whole_value()
            && let Ok(value) = T::Native::try_from(value)
        {
            cursor.note_conversion();
            return Ok(Some(value));
        }
        cursor.back_to(start);
        Err(cursor.misfit(name(&T::DATA_TYPE), wider(&T::DATA_TYPE, &number)))
    }
}

/// The type that holds a number which `data_type` does not, and most likely
/// the others of its column.
fn wider(data_type: &DataType, number: &JsonNumber<'_>) -> Remedy {
    let is_unsigned = *data_type == DataType::UInt64;
    Remedy::Type(match number.size() {
        Size::Float if !is_unsigned => Some(DataType::Float64),
        Size::Small | Size::Signed if !is_unsigned => Some(DataType::Int64),
        Size::Unsigned => Some(DataType::UInt64),
        _ => None,
    })
}

/// Floats.
#[derive(Debug)]
pub(super) struct FloatRounding<T: ArrowPrimitiveType> {
    /// The nearest one to a number, unless that would be another number.
    of_number: fn(&JsonNumber<'_>) -> Option<T::Native>,
    of_not_finite: fn(f64) -> T::Native,
}

impl FloatRounding<Float64Type> {
    /// A column of doubles.
    pub(super) fn double() -> NumberColumn<Float64Type, Self> {
        NumberColumn::new(Self {
            of_number: |number| number.float64(),
            of_not_finite: |value| value,
        })
    }
}

impl FloatRounding<Float32Type> {
    /// A column of single floats.
    pub(super) fn single() -> NumberColumn<Float32Type, Self> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "NaN and infinities have both widths"
        )]
        NumberColumn::new(Self {
            of_number: |number| number.float32(),
            of_not_finite: |value| value as f32,
        })
    }
}

impl<T: ArrowPrimitiveType + Debug> FromNumber<T> for FloatRounding<T> {
    #[inline]
    fn value(&self, number: &JsonNumber<'_>) -> Option<T::Native> {
        (self.of_number)(number)
    }

    #[inline]
    fn read(&self, cursor: &mut Cursor<'_>) -> Lexed<Option<T::Native>> {
        let start = cursor.at();
        let number = match cursor.token() {
            Ok(Token::Number) => cursor.take_number()?,
            Ok(Token::Null) => return cursor.take_null().map(|()| None),
            Ok(Token::NotFinite) => {
                let value = cursor.take_not_finite()?;
                return Ok(Some((self.of_not_finite)(value)));
            }
            _ => return Err(cursor.misfit(name(&T::DATA_TYPE), as_json())),
        };
        if let Some(value) = self.value(&number) {
            return Ok(Some(value));
        }
        let expected = match (T::DATA_TYPE, number.size()) {
            (DataType::Float32, Size::Float | Size::Huge) => "a number within float32",
            (DataType::Float32, _) => "whole numbers within 2^24 in float32",
            (_, Size::Huge) => "a number within float64",
            _ => "whole numbers within 2^53 in float64",
        };
        let remedy = number.float64().map(|_| DataType::Float64);
        cursor.back_to(start);
        Err(cursor.misfit(expected, Remedy::Type(remedy)))
    }
}

/// Text: the characters of strings, or the text of any values.
#[derive(Debug)]
pub(super) struct TextColumn {
    builder: StringBuilder,
    is_json: bool,
    /// Where long strings are put together.
    room: Box<[u8]>,
}

/// Bytes of a long string that are put together at once: few enough to stay in the
/// nearest cache.
const ROOM: usize = 8 << 10;

/// Bytes of text for which room is made at most before they come.
const MOST_EXPECTED: usize = 4 << 20;

impl TextColumn {
    pub(super) fn text() -> Self {
        Self {
            builder: StringBuilder::new(),
            is_json: false,
            room: vec![0; ROOM].into(),
        }
    }

    pub(super) fn json() -> Self {
        Self {
            is_json: true,
            ..Self::text()
        }
    }

    /// The characters of a string, in runs; nothing for null.
    #[inline]
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Lexed<Option<()>> {
        let start = cursor.at();
        match cursor.token() {
            Ok(Token::Null) => return cursor.take_null().map(|()| None),
            Ok(Token::Text) if !self.is_json => {
                cursor.take_text(&mut self.room, |run| _ = self.builder.write_str(run))?;
            }
            _ if self.is_json => {
                cursor.skip_value()?;
                _ = self.builder.write_str(cursor.text_from(start));
            }
            _ => return Err(cursor.misfit("text", as_json())),
        }
        Ok(Some(()))
    }
}

impl ValueBuilder for TextColumn {
    fn append(&mut self, cursor: &mut Cursor<'_>) -> Lexed<()> {
        match self.read(cursor) {
            Ok(None) => self.builder.append_null(),
            // Ends the value that has been written.
            Ok(Some(())) => self.builder.append_value(""),
            Err(fault) => {
                self.builder.append_value("");
                return Err(fault);
            }
        }
        Ok(())
    }

    fn append_null(&mut self) {
        self.builder.append_null();
    }

    fn append_default(&mut self) {
        self.builder.append_value("");
    }

    fn finish(&mut self) -> Result<ArrayRef> {
        // The next values will be about as many and as long.
        let n_bytes = self.builder.values_slice().len();
        let next = StringBuilder::with_capacity(
            self.builder.len(),
            (n_bytes + n_bytes / 8).min(MOST_EXPECTED),
        );
        let mut builder = std::mem::replace(&mut self.builder, next);
        Ok(Arc::new(builder.finish()))
    }
}
