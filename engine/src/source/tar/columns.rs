//! Which columns the samples of archives have.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::super::Description;
use super::bytes::{ArchiveBytes, ArchiveFault};
use super::entries::ArchiveEntries;
use super::samples::{TarSamples, Wants};
use crate::error::{Error, Result};
use crate::plan::{OnError, RowGroup, SAMPLE_KEY};

/// Bytes of an archive in a group, the unit in which a large one is cut into parts.
const GROUP: u64 = 64 << 20;

/// More bytes than a class has that is a number.
const MAX_CLASS: u64 = 32;

/// Values of one extension.
struct SeenColumn {
    extension: String,
    /// How many samples have one.
    n_values: u64,
    data_type: DataType,
}

/// What is found out of an archive from end to end.
#[derive(Default)]
struct Found {
    columns: Vec<SeenColumn>,
    n_rows: u64,
    groups: Vec<RowGroup>,
}

/// The columns of the archive at `path`, and where it can be cut. Contents are read
/// only of classes. An archive that breaks off is an error, or described up to
/// there if it has a sample and what follows will be set aside.
///
/// # Errors
/// `Io`; `Data` with what is wrong.
pub(in crate::source) fn describe(path: &Path, on_error: OnError) -> Result<Description> {
    let mut samples = TarSamples::new(ArchiveEntries::new(ArchiveBytes::peek(path)?));
    let mut found = Found::default();
    let is_whole = match found.read(&mut samples) {
        Ok(()) => samples.is_plain(),
        Err(ArchiveFault::System(error)) => return Err(error),
        Err(ArchiveFault::Content(_)) if found.n_rows > 0 && on_error == OnError::Quarantine => {
            false
        }
        Err(ArchiveFault::Content(reason)) => return Err(Error::data(reason).with_path(path)),
    };
    Ok(Description {
        schema: found.schema(),
        row_groups: if is_whole { found.groups } else { Vec::new() },
    })
}

impl Found {
    fn read(&mut self, samples: &mut TarSamples) -> std::result::Result<(), ArchiveFault> {
        let mut begin = 0;
        let mut group = RowGroup::default();
        while let Some(sample) = samples.next(&Wants::Short(&is_class, MAX_CLASS))? {
            self.n_rows += 1;
            for (extension, content) in sample.values {
                self.add(extension, content.as_deref());
            }
            group.n_rows += 1;
            group.len_bytes = samples.at() - begin;
            if group.len_bytes >= GROUP {
                self.groups.push(std::mem::take(&mut group));
                begin = samples.at();
            }
        }
        if group.n_rows > 0 {
            self.groups.push(group);
        }
        Ok(())
    }

    fn add(&mut self, extension: String, content: Option<&[u8]>) {
        let known = self
            .columns
            .iter()
            .position(|one| one.extension == extension);
        let index = known.unwrap_or_else(|| {
            self.columns.push(SeenColumn {
                data_type: data_type(&extension),
                extension,
                n_values: 0,
            });
            self.columns.len() - 1
        });
        let column = &mut self.columns[index];
        column.n_values += 1;
        if column.data_type == DataType::Int64 && content.and_then(class).is_none() {
            column.data_type = DataType::Utf8;
        }
    }

    /// No columns where there is no row.
    fn schema(&self) -> SchemaRef {
        if self.n_rows == 0 {
            return Arc::new(Schema::empty());
        }
        let mut fields = vec![Field::new(SAMPLE_KEY, DataType::Utf8, false)];
        for column in &self.columns {
            let is_nullable = column.n_values < self.n_rows;
            let name = column.extension.as_str();
            fields.push(Field::new(name, column.data_type.clone(), is_nullable));
        }
        Arc::new(Schema::new(fields))
    }
}

/// The number that a file of a class holds.
pub(super) fn class(content: &[u8]) -> Option<i64> {
    std::str::from_utf8(content).ok()?.trim().parse().ok()
}

fn is_class(extension: &str) -> bool {
    data_type(extension) == DataType::Int64
}

/// The type of an extension, by what follows its last dot: classes are numbers as
/// long as all of them are.
fn data_type(extension: &str) -> DataType {
    match extension.rsplit('.').next().unwrap_or_default() {
        "cls" => DataType::Int64,
        "txt" | "text" | "json" => DataType::Utf8,
        _ => DataType::Binary,
    }
}

/// Gives all archives the columns of all of them: what one lacks is null there.
pub(in crate::source) fn unite<'a>(schemas: impl Iterator<Item = &'a mut SchemaRef>) {
    let mut schemas: Vec<&mut SchemaRef> = schemas.collect();
    let mut fields: Vec<Field> = Vec::new();
    let of_rows = |schema: &SchemaRef| !schema.fields().is_empty();
    for field in schemas.iter().flat_map(|schema| schema.fields()) {
        match fields.iter_mut().find(|known| known.name() == field.name()) {
            None => fields.push(field.as_ref().clone()),
            Some(known) => {
                let is_nullable = known.is_nullable() || field.is_nullable();
                if known.data_type() != field.data_type() {
                    *known = known.clone().with_data_type(DataType::Utf8);
                }
                *known = known.clone().with_nullable(is_nullable);
            }
        }
    }
    for field in &mut fields {
        let mut others = schemas.iter().filter(|schema| of_rows(schema));
        if others.any(|schema| schema.field_with_name(field.name()).is_err()) {
            *field = field.clone().with_nullable(true);
        }
    }
    if fields.is_empty() {
        fields.push(Field::new(SAMPLE_KEY, DataType::Utf8, false));
    }
    let united = Arc::new(Schema::new(fields));
    for schema in &mut schemas {
        **schema = Arc::clone(&united);
    }
}
