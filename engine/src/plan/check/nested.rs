//! Refuses to store structs and lists that a shard has no place for, with what
//! to name instead.

use arrow::datatypes::DataType;

use crate::error::{Error, Result, name_in_backticks};
use crate::plan::leaf;
use crate::plan::output::OutputColumn;
use crate::plan::pipeline::{JsonType, KeyTypes};
use crate::plan::types::Format;

/// No column may be a struct, or a list of anything but numbers.
pub(super) fn check(columns: &[OutputColumn], format: Format) -> Result<()> {
    for column in columns {
        let what = match &column.data_type {
            DataType::Struct(_) => "a struct",
            nested if leaf::is_nested(nested) => "a list of structs",
            DataType::List(_) if format == Format::Jsonl && !holds_numbers(&column.data_type) => {
                "a list of other values than numbers"
            }
            _ => continue,
        };
        let error = Error::pipeline(format!(
            "expected a column that a shard can hold, got {what}"
        ));
        return Err(error
            .with_column(&column.name)
            .with_hint(instead(column, format)));
    }
    Ok(())
}

/// Lists of lists have no place in a shard either.
fn holds_numbers(list: &DataType) -> bool {
    match list {
        DataType::List(item) => {
            item.data_type().is_primitive() || *item.data_type() == DataType::Boolean
        }
        _ => true,
    }
}

/// What to do with the column.
fn instead(column: &OutputColumn, format: Format) -> String {
    let OutputColumn {
        name, data_type, ..
    } = column;
    let paths = leaf::paths(name, data_type);
    let paths: Vec<String> = paths.iter().map(|path| name_in_backticks(path)).collect();
    let select = match paths.as_slice() {
        [] => "`select` the other columns".to_owned(),
        paths => format!("`select` what it holds: {}", paths.join(", ")),
    };
    if format != Format::Jsonl {
        return select;
    }
    let types = KeyTypes(vec![(name.clone(), JsonType::Json)]);
    format!("{select}; or keep its text as it is\n{}", types.block())
}
