//! Lines of JSON into columns, line by line accounted for.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;

use super::super::context::Bad;
use super::super::lines::{Decode, Line, Lines};
use super::super::records::excerpt;
use super::cursor::Cursor;
use super::fault::{Fault, Lexed, PathPart, Remedy};
use super::keys::ObjectKey;
use super::line::{enter, is_blank, text_of};
use super::remedy;
use super::shape::Shape;
use super::unknown::Ignored;
use crate::batch::{Conversion, Mark, Notes};
use crate::error::{Error, Result};
use crate::plan::{JsonShape, NotFinite, UnknownKeys};

/// Decodes lines into columns of a fixed schema.
#[derive(Debug)]
pub(super) struct LineDecoder {
    schema: SchemaRef,
    shape: Shape,
    unknown_keys: UnknownKeys,
    not_finite: NotFinite,
    ignored: Ignored,
    /// The members of this line that no column holds, as they stand.
    extra: String,
    /// What was done to the line before, for others to share.
    notes: Arc<Notes>,
}

impl LineDecoder {
    /// A decoder for lines of this shape, or why the schema cannot be read
    /// from JSON.
    pub(super) fn new(schema: &SchemaRef, json: &JsonShape) -> std::result::Result<Self, String> {
        Ok(Self {
            schema: schema.clone(),
            shape: Shape::new(schema, json)?,
            unknown_keys: json.unknown_keys,
            not_finite: json.allow_nan.into(),
            ignored: Ignored::at_top(),
            extra: String::new(),
            notes: Arc::default(),
        })
    }

    /// Appends a line to the columns; what was done to it, if anything was.
    fn line(&mut self, line: &[u8]) -> Lexed<Option<Notes>> {
        let mut cursor = enter(text_of(line)?, self.not_finite)?;
        let mut converted = Vec::new();
        self.extra.clear();
        self.shape.top.keys.begin();
        let mut is_first = true;
        while cursor.more(&mut is_first, b'}')? {
            let start = cursor.at();
            let key = self.shape.top.keys.take(&mut cursor)?;
            let known = match key {
                ObjectKey::Known(key) if key < self.shape.top.targets.len() => key,
                key => {
                    self.unknown(&mut cursor, &key, start)?;
                    continue;
                }
            };
            if let Err(fault) =
                self.shape.top.targets[known].take(&mut self.shape.slots, &mut cursor)
            {
                let name = self.shape.top.keys.name(known).to_owned();
                return Err(fault.within(PathPart::Key(name)));
            }
            let n_values = cursor.take_conversions();
            if n_values > 0 {
                converted.push(Conversion {
                    column: self.shape.top.keys.name(known).into(),
                    what: "1.0 to an integer".into(),
                    n_values,
                });
            }
        }
        cursor.end()?;
        self.keep_extra()?;
        let ignored_keys = cursor.into_ignored();
        if ignored_keys.is_empty() && converted.is_empty() {
            return Ok(None);
        }
        Ok(Some(Notes {
            ignored_keys,
            converted,
            ..Notes::default()
        }))
    }

    /// A member of the top object that no column holds, which begins at
    /// `start`.
    #[inline]
    fn unknown(&mut self, cursor: &mut Cursor<'_>, key: &ObjectKey<'_>, start: usize) -> Lexed<()> {
        match self.unknown_keys {
            UnknownKeys::Skip => return cursor.skip_value(),
            UnknownKeys::Ignore => {
                cursor.ignore(self.ignored.name(&self.shape.top.keys, key));
                return cursor.skip_value();
            }
            UnknownKeys::Keep => {
                cursor.skip_value()?;
                self.extra
                    .push(if self.extra.is_empty() { '{' } else { ',' });
                self.extra.push_str(cursor.text_from(start));
                return Ok(());
            }
            UnknownKeys::Error => {}
        }
        let name = match key {
            ObjectKey::Known(key) => self.shape.top.keys.name(*key),
            ObjectKey::Stray(name) => name,
        };
        let remedy = Remedy::NewKey(remedy::type_of(cursor)?);
        let reason = "expected only keys that have a column, got another";
        Err(Fault::with_remedy(reason, remedy).within(PathPart::Key(name.to_owned())))
    }

    /// Puts the members that no column holds into the column for them.
    fn keep_extra(&mut self) -> Lexed<()> {
        let Some(slot) = self.shape.extra else {
            return Ok(());
        };
        if self.extra.is_empty() {
            return self.shape.slots[slot].append_missing();
        }
        self.extra.push('}');
        let mut cursor = Cursor::new(&self.extra, self.not_finite);
        self.shape.slots[slot].append(&mut cursor)
    }

    /// Gives each column a value of row `row` that the line did not have.
    fn complete<T>(&mut self, row: usize, read: Lexed<T>) -> Lexed<T> {
        let mut read = read;
        for (slot, name) in self.shape.slots.iter_mut().zip(&self.shape.names) {
            if slot.len() > row {
                continue;
            }
            if read.is_err() {
                slot.append_default();
            } else if let Err(fault) = slot.append_missing() {
                read = Err(fault.within(PathPart::Key(name.clone())));
            }
        }
        read
    }

    /// The same notes as those of the line before are shared with it.
    fn share(&mut self, notes: Notes) -> Arc<Notes> {
        if *self.notes != notes {
            self.notes = Arc::new(notes);
        }
        Arc::clone(&self.notes)
    }

    /// All lines appended, those that were bad left out.
    fn finish(&mut self, good: &[bool]) -> Result<RecordBatch> {
        let columns = self
            .shape
            .slots
            .iter_mut()
            .map(super::column::ColumnBuilder::finish);
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(good.len()));
        let failed = |e| Error::internal("cannot make a batch of JSON").with_source(e);
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(failed)?;
        if good.iter().all(|good| *good) {
            return Ok(batch);
        }
        filter_record_batch(&batch, &BooleanArray::from(good.to_vec())).map_err(failed)
    }
}

impl Decode for LineDecoder {
    const MAX_LINES: usize = 8192;

    fn decode(&mut self, lines: &[Line<'_>]) -> Result<Lines> {
        let mut good = Vec::with_capacity(lines.len());
        let mut rows = Vec::with_capacity(lines.len());
        let mut bad = Vec::new();
        let mut notes = Vec::new();
        for line in lines {
            if is_blank(line.bytes) {
                notes.push((line.row, self.share(Notes::marked(Mark::BlankLine))));
                continue;
            }
            let read = self.line(line.bytes);
            let read = self.complete(good.len(), read);
            good.push(read.is_ok());
            match read {
                Ok(noted) => {
                    rows.push(line.row);
                    notes.extend(noted.map(|noted| (line.row, self.share(noted))));
                }
                Err(fault) => bad.push(self.bad(line, &fault)),
            }
        }
        Ok(Lines {
            rows,
            columns: self.finish(&good)?,
            bad,
            notes,
        })
    }
}

impl LineDecoder {
    #[cold]
    fn bad(&self, line: &Line<'_>, fault: &Fault) -> Bad {
        let path = fault.path();
        Bad {
            column: (!path.is_empty()).then(|| super::fault::show(&path)),
            hint: remedy::hint(&self.schema, fault),
            ..Bad::line(line.row, fault.reason(), excerpt(line.bytes))
        }
    }
}
