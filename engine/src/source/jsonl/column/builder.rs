//! One column on its way to Arrow, whatever its type.

use arrow::array::ArrayRef;
use arrow::datatypes::Field;

use super::super::cursor::{Cursor, Token};
use super::super::fault::{Fault, Lexed, Remedy};
use crate::error::Result;

/// Values of one type.
pub(in crate::source::jsonl) trait ValueBuilder:
    std::fmt::Debug + Send
{
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

/// A column, and whether its values may be null.
#[derive(Debug)]
pub(in crate::source::jsonl) struct ColumnBuilder {
    column: Box<dyn ValueBuilder>,
    nullable: bool,
    len: usize,
}

impl ColumnBuilder {
    /// The empty `column` of `field`.
    pub(super) fn new(column: Box<dyn ValueBuilder>, field: &Field) -> Self {
        Self {
            column,
            nullable: field.is_nullable(),
            len: 0,
        }
    }

    /// How many values there are.
    #[inline]
    pub(in crate::source::jsonl) fn len(&self) -> usize {
        self.len
    }

    /// As [`ValueBuilder::append`].
    #[inline]
    pub(in crate::source::jsonl) fn append(&mut self, cursor: &mut Cursor<'_>) -> Lexed<()> {
        self.len += 1;
        if !self.nullable && matches!(cursor.token(), Ok(Token::Null)) {
            self.column.append_default();
            return Err(cursor.misfit("a value", Remedy::None));
        }
        self.column.append(cursor)
    }

    /// As [`ValueBuilder::append_items`].
    #[inline]
    pub(in crate::source::jsonl) fn append_items(&mut self, cursor: &mut Cursor<'_>) {
        self.len += self.column.append_items(cursor);
    }

    /// Appends what a missing value is, as [`ValueBuilder::append`] does.
    pub(in crate::source::jsonl) fn append_missing(&mut self) -> Lexed<()> {
        self.len += 1;
        if self.nullable {
            self.column.append_null();
            return Ok(());
        }
        self.column.append_default();
        Err(Fault::new("expected a value, got none"))
    }

    /// Appends what a null struct has in its place.
    pub(in crate::source::jsonl) fn append_masked(&mut self) {
        if self.nullable {
            self.len += 1;
            self.column.append_null();
        } else {
            self.append_default();
        }
    }

    /// Appends a value that stands for nothing.
    pub(in crate::source::jsonl) fn append_default(&mut self) {
        self.len += 1;
        self.column.append_default();
    }

    /// As [`ValueBuilder::finish`].
    pub(in crate::source::jsonl) fn finish(&mut self) -> Result<ArrayRef> {
        self.len = 0;
        self.column.finish()
    }
}

/// `json` holds any value.
pub(super) fn as_json() -> Remedy {
    Remedy::Type(None)
}
