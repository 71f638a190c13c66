//! Makes the column that a type wants.

use arrow::datatypes::{
    DataType, Field, FieldRef, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};

use super::builder::{ColumnBuilder, ValueBuilder};
use super::nested::{ListColumn, StructColumn};
use super::reading::Reading;
use super::scalar::{BoolColumn, FloatRounding, TextColumn, Whole};
use crate::plan::{is_json, json_type_name};

/// Types nested deeper than this are refused.
const MAX_NESTING: usize = 64;

/// An empty column for `field`, or why there is none.
pub(in crate::source::jsonl) fn column_for(
    field: &Field,
    reading: &Reading,
) -> Result<ColumnBuilder, String> {
    nested(field, reading, 0)
}

fn nested(field: &Field, reading: &Reading, nesting: usize) -> Result<ColumnBuilder, String> {
    if nesting > MAX_NESTING {
        let key = &reading.key;
        return Err(format!(
            "expected a type nested at most {MAX_NESTING} deep for column {key:?}"
        ));
    }
    Ok(ColumnBuilder::new(column(field, reading, nesting)?, field))
}

fn column(
    field: &Field,
    reading: &Reading,
    nesting: usize,
) -> Result<Box<dyn ValueBuilder>, String> {
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
        DataType::Float32 => Box::new(FloatRounding::single()),
        DataType::Float64 => Box::new(FloatRounding::double()),
        DataType::Utf8 if is_json(field) => Box::new(TextColumn::json()),
        DataType::Utf8 => Box::new(TextColumn::text()),
        DataType::List(item) => {
            let reading = reading.of_items();
            Box::new(ListColumn::new(item, nested(item, &reading, nesting + 1)?))
        }
        DataType::Struct(fields) => {
            let slot = |field: &FieldRef| {
                let reading = reading.of_field(field.name());
                nested(field, &reading, nesting + 1)
            };
            let slots = fields.iter().map(slot).collect::<Result<_, String>>()?;
            Box::new(StructColumn::new(fields, slots, reading)?)
        }
        _ => {
            return Err(format!(
                "expected column {:?} of a type that JSON lines are read as, got {}",
                reading.key,
                json_type_name(field)
            ));
        }
    })
}
