//! Lists and structs.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, NullBufferBuilder, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{FieldRef, Fields};

use super::super::cursor::{Cursor, Token};
use super::super::fault::{Fault, Lexed, PathPart};
use super::super::keys::{ObjectKey, ObjectKeys};
use super::super::unknown::Ignored;
use super::builder::{ColumnBuilder, ValueBuilder, as_json};
use super::reading::Reading;
use crate::error::{Error, Result};
use crate::plan::UnknownKeys;

/// Lists of items of one type.
#[derive(Debug)]
pub(super) struct ListColumn {
    field: FieldRef,
    items: ColumnBuilder,
    /// How many items each list has.
    lens: Vec<usize>,
    nulls: NullBufferBuilder,
}

impl ListColumn {
    pub(super) fn new(field: &FieldRef, items: ColumnBuilder) -> Self {
        Self {
            field: Arc::clone(field),
            items,
            lens: Vec::new(),
            nulls: NullBufferBuilder::new(0),
        }
    }

    /// The items of the list at `cursor`; whether there is one.
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Lexed<bool> {
        match cursor.token() {
            Ok(Token::List) => {}
            Ok(Token::Null) => return cursor.take_null().map(|()| false),
            _ => return Err(cursor.misfit("a list", as_json())),
        }
        cursor.open()?;
        let mut is_first = true;
        while cursor.more(&mut is_first, b']')? {
            self.items.append_items(cursor);
            self.items
                .append(cursor)
                .map_err(|fault| fault.within(PathPart::Item))?;
        }
        Ok(true)
    }
}

impl ValueBuilder for ListColumn {
    fn append(&mut self, cursor: &mut Cursor<'_>) -> Lexed<()> {
        let before = self.items.len();
        let read = self.read(cursor);
        self.lens.push(self.items.len() - before);
        self.nulls.append(*read.as_ref().unwrap_or(&true));
        read.map(drop)
    }

    fn append_null(&mut self) {
        self.lens.push(0);
        self.nulls.append_null();
    }

    fn append_default(&mut self) {
        self.lens.push(0);
        self.nulls.append_non_null();
    }

    fn finish(&mut self) -> Result<ArrayRef> {
        let lens = std::mem::take(&mut self.lens);
        let offsets = OffsetBuffer::from_lengths(lens);
        let items = self.items.finish()?;
        ListArray::try_new(self.field.clone(), offsets, items, self.nulls.finish())
            .map(|lists| Arc::new(lists) as ArrayRef)
            .map_err(|e| Error::internal("cannot make lists of JSON").with_source(e))
    }
}

/// Objects with fields of fixed names and types.
#[derive(Debug)]
pub(super) struct StructColumn {
    fields: Fields,
    keys: ObjectKeys,
    slots: Vec<ColumnBuilder>,
    unknown_keys: UnknownKeys,
    ignored: Ignored,
    len: usize,
    nulls: NullBufferBuilder,
}

impl StructColumn {
    /// Structs of `fields`, whose values are in `slots`; or why there are none.
    pub(super) fn new(
        fields: &Fields,
        slots: Vec<ColumnBuilder>,
        reading: &Reading,
    ) -> std::result::Result<Self, String> {
        let keys = ObjectKeys::new(fields.iter().map(|field| field.name().as_str()));
        if keys.len() < slots.len() {
            let key = &reading.key;
            return Err(format!("expected fields of different names in {key:?}"));
        }
        Ok(Self {
            fields: fields.clone(),
            keys,
            slots,
            unknown_keys: reading.unknown_keys,
            ignored: Ignored::within(&reading.key),
            len: 0,
            nulls: NullBufferBuilder::new(0),
        })
    }

    /// The members of the object at `cursor`; whether there is one.
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Lexed<bool> {
        match cursor.token() {
            Ok(Token::Object) => {}
            Ok(Token::Null) => return cursor.take_null().map(|()| false),
            _ => return Err(cursor.misfit("an object", as_json())),
        }
        cursor.open()?;
        self.keys.begin();
        let mut is_first = true;
        while cursor.more(&mut is_first, b'}')? {
            let key = self.keys.take(cursor)?;
            if let ObjectKey::Known(key) = key
                && let Some(slot) = self.slots.get_mut(key)
            {
                if let Err(fault) = slot.append(cursor) {
                    return Err(fault.within(PathPart::Key(self.keys.name(key).to_owned())));
                }
                continue;
            }
            if self.unknown_keys != UnknownKeys::Ignore {
                let step = PathPart::Key(key.into_name(&self.keys));
                let reason = "the column's type has no such key";
                return Err(Fault::with_remedy(reason, as_json()).within(step));
            }
            cursor.ignore(self.ignored.name(&self.keys, &key));
            cursor.skip_value()?;
        }
        Ok(true)
    }

    /// Gives each field a value that this object has not.
    fn complete(&mut self, read: Lexed<bool>) -> Lexed<bool> {
        self.len += 1;
        let mut read = read;
        for (slot, field) in self.slots.iter_mut().zip(&self.fields) {
            if slot.len() == self.len {
                continue;
            }
            match read {
                Ok(true) => {
                    if let Err(fault) = slot.append_missing() {
                        read = Err(fault.within(PathPart::Key(field.name().clone())));
                    }
                }
                Ok(false) => slot.append_masked(),
                Err(_) => slot.append_default(),
            }
        }
        read
    }
}

impl ValueBuilder for StructColumn {
    fn append(&mut self, cursor: &mut Cursor<'_>) -> Lexed<()> {
        let read = self.read(cursor);
        let read = self.complete(read);
        self.nulls.append(*read.as_ref().unwrap_or(&true));
        read.map(drop)
    }

    fn append_null(&mut self) {
        self.nulls.append(false);
        self.len += 1;
        self.slots.iter_mut().for_each(ColumnBuilder::append_masked);
    }

    fn append_default(&mut self) {
        self.nulls.append(true);
        self.len += 1;
        self.slots
            .iter_mut()
            .for_each(ColumnBuilder::append_default);
    }

    fn finish(&mut self) -> Result<ArrayRef> {
        let len = std::mem::take(&mut self.len);
        let nulls = self.nulls.finish();
        let columns = self.slots.iter_mut().map(ColumnBuilder::finish);
        let columns = columns.collect::<Result<Vec<_>>>()?;
        StructArray::try_new_with_length(self.fields.clone(), columns, nulls, len)
            .map(|structs| Arc::new(structs) as ArrayRef)
            .map_err(|e| Error::internal("cannot make structs of JSON").with_source(e))
    }
}
