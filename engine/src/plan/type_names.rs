//! What types are called in plans and errors.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use crate::error::name_in_text;

use super::output::{Meaning, OutputColumn};
use super::stored::element_name;

/// The name of a column's type in plans and errors; `bfloat16`, which Arrow
/// does not have, is known by what its numbers mean.
pub(super) fn column_type_name(column: &OutputColumn) -> String {
    let name = type_name(&column.data_type);
    match column.meaning {
        Meaning::Plain => name,
        Meaning::Json => "json".to_owned(),
        Meaning::Images => "images of any size".to_owned(),
        Meaning::Bfloat16 => name.replacen("uint16", "bfloat16", 1),
    }
}

/// The name of a type in plans and errors: `utf8`, `list<uint16>`.
pub(crate) fn type_name(data_type: &DataType) -> String {
    use DataType as T;
    match data_type {
        T::Utf8 => "utf8".to_owned(),
        T::LargeUtf8 => "large_utf8".to_owned(),
        T::Utf8View => "utf8_view".to_owned(),
        T::Binary => "binary".to_owned(),
        T::LargeBinary => "large_binary".to_owned(),
        T::BinaryView => "binary_view".to_owned(),
        T::FixedSizeBinary(len) => format!("binary<{len}>"),
        T::List(item) => format!("list<{}>", type_name(item.data_type())),
        T::LargeList(item) => format!("large_list<{}>", type_name(item.data_type())),
        T::FixedSizeList(item, len) => format!("list<{}, {len}>", type_name(item.data_type())),
        T::Dictionary(keys, values) => {
            format!("dictionary<{}, {}>", type_name(keys), type_name(values))
        }
        T::Struct(fields) => {
            let field = |field: &Arc<Field>| {
                format!(
                    "{}: {}",
                    name_in_text(field.name()),
                    type_name(field.data_type())
                )
            };
            let fields: Vec<String> = fields.iter().map(field).collect();
            format!("struct<{}>", fields.join(", "))
        }
        other => element_name(other).unwrap_or_else(|| other.to_string().to_lowercase()),
    }
}
