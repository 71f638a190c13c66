//! Columns of lines of JSON on their way to Arrow, a value at a time.
//!
//! A value is what its column holds exactly, or a misfit: nothing is cut,
//! rounded to another whole number, wrapped, or turned into text.

mod nested;
mod scalar;

use arrow::array::ArrayRef;
use arrow::datatypes::{
    DataType, Field, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};

use self::nested::{ListColumn, StructColumn};
use self::scalar::{BoolColumn, Float, TextColumn, Whole};
use super::cursor::{Cursor, Token};
use super::fault::{Fault, Lexed, Remedy};
use crate::error::Result;
use crate::plan::{UnknownKeys, is_json, json_type_name};

/// Types nested deeper than this are refused.
const MAX_NESTING: usize = 64;

/// Values of one type.
pub(super) trait Column: std::fmt::Debug + Send {
    /// Appends the value that begins at `cursor`. One value more is there
    /// afterwards, also where it is an error: then it stands for nothing.
    fn append(&mut self, cursor: &mut Cursor<'_>) -> Lexed<()>;

    /// Appends the items of a list at `cursor` as long as they can be taken
    /// quickly and another follows: how many.
    fn append_items(&mut self, _cursor: &mut Cursor<'_>) -> usize {
        0
    }

    /// Appends a null.
    fn append_null(&mut self);

    /// Appends a value that stands for nothing, but is not null.
    fn append_default(&mut self);

    /// The values appended, and none is left.
    fn finish(&mut self) -> Result<ArrayRef>;
}

/// How the values of a column are to be read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// Whether whole numbers may be written as `1.0`.
    pub(super) declared: bool,
    /// What happens to keys that a struct lacks.
    pub(super) unknown_keys: UnknownKeys,
    /// The key the column is for, as messages show it.
    pub(super) key: String,
}

/// A column, and whether its values may be null.
#[derive(Debug)]
pub(super) struct Slot {
    column: Box<dyn Column>,
    nullable: bool,
    len: usize,
}

impl Slot {
    /// An empty column for `field`, or why there is none.
    pub(super) fn new(field: &Field, reading: &Reading) -> std::result::Result<Self, String> {
        Self::nested(field, reading, 0)
    }

    fn nested(
        field: &Field,
        reading: &Reading,
        nesting: usize,
    ) -> std::result::Result<Self, String> {
        if nesting > MAX_NESTING {
            let key = &reading.key;
            return Err(format!(
                "expected a type nested at most {MAX_NESTING} deep for column {key:?}"
            ));
        }
        Ok(Self {
            column: column(field, reading, nesting)?,
            nullable: field.is_nullable(),
            len: 0,
        })
    }

    /// How many values there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// As [`Column::append`].
    #[inline]
    pub(super) fn append(&mut self, cursor: &mut Cursor<'_>) -> Lexed<()> {
        self.len += 1;
        if !self.nullable && matches!(cursor.token(), Ok(Token::Null)) {
            self.column.append_default();
            return Err(cursor.misfit("a value", Remedy::None));
        }
        self.column.append(cursor)
    }

    /// As [`Column::append_items`].
    #[inline]
    pub(super) fn append_items(&mut self, cursor: &mut Cursor<'_>) {
        self.len += self.column.append_items(cursor);
    }

    /// Appends what a missing value is, as [`Column::append`] does.
    pub(super) fn append_missing(&mut self) -> Lexed<()> {
        self.len += 1;
        if self.nullable {
            self.column.append_null();
            return Ok(());
        }
        self.column.append_default();
        Err(Fault::new("expected a value, got none"))
    }

    /// Appends what a null struct has in its place.
    pub(super) fn append_masked(&mut self) {
        if self.nullable {
            self.len += 1;
            self.column.append_null();
        } else {
            self.append_default();
        }
    }

    /// Appends a value that stands for nothing.
    pub(super) fn append_default(&mut self) {
        self.len += 1;
        self.column.append_default();
    }

    /// As [`Column::finish`].
    pub(super) fn finish(&mut self) -> Result<ArrayRef> {
        self.len = 0;
        self.column.finish()
    }
}

fn column(
    field: &Field,
    reading: &Reading,
    nesting: usize,
) -> std::result::Result<Box<dyn Column>, String> {
    Ok(match field.data_type() {
        DataType::Boolean => Box::<BoolColumn>::default(),
        DataType::Int8 => Box::new(Whole::column::<Int8Type>(reading)),
        DataType::Int16 => Box::new(Whole::column::<Int16Type>(reading)),
        DataType::Int32 => Box::new(Whole::column::<Int32Type>(reading)),
        DataType::Int64 => Box::new(Whole::column::<Int64Type>(reading)),
        DataType::UInt8 => Box::new(Whole::column::<UInt8Type>(reading)),
        DataType::UInt16 => Box::new(Whole::column::<UInt16Type>(reading)),
        DataType::UInt32 => Box::new(Whole::column::<UInt32Type>(reading)),
        DataType::UInt64 => Box::new(Whole::column::<UInt64Type>(reading)),
        DataType::Float32 => Box::new(Float::single()),
        DataType::Float64 => Box::new(Float::double()),
        DataType::Utf8 if is_json(field) => Box::new(TextColumn::json()),
        DataType::Utf8 => Box::new(TextColumn::text()),
        DataType::List(item) => Box::new(ListColumn::new(item, reading, nesting)?),
        DataType::Struct(fields) => Box::new(StructColumn::new(fields, reading, nesting)?),
        _ => {
            return Err(format!(
                "expected column {:?} of a type that JSON lines are read as, got {}",
                reading.key,
                json_type_name(field)
            ));
        }
    })
}

/// `json` holds any value.
fn as_json() -> Remedy {
    Remedy::Type(None)
}
