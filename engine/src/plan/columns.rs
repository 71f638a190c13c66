//! Columns as they pass through checked steps, and what each becomes in a
//! shard.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};

use super::types::{FilterStep, OutputColumn, PackStep, SelectStep, Step, TokenizeStep};

/// The columns the source hands to the first step.
pub(super) fn projected(projection: &SchemaRef) -> Vec<OutputColumn> {
    let column = |field: &Arc<Field>| OutputColumn {
        name: field.name().clone(),
        data_type: field.data_type().clone(),
        nullable: field.is_nullable(),
    };
    projection.fields().iter().map(column).collect()
}

/// The columns behind `step`, given those before it.
pub(super) fn after(step: &Step, before: &[OutputColumn]) -> Vec<OutputColumn> {
    match step {
        Step::Select(step) => selected(step, before),
        Step::Filter(step) => filtered(step, before),
        Step::Tokenize(step) => tokenized(step, before),
        Step::Pack(step) => packed(step),
    }
}

/// Columns no later step uses are not read, so they are not there to select.
fn selected(step: &SelectStep, before: &[OutputColumn]) -> Vec<OutputColumn> {
    let find = |name: &String| before.iter().find(|column| column.name == *name);
    step.columns.iter().filter_map(find).cloned().collect()
}

fn filtered(step: &FilterStep, before: &[OutputColumn]) -> Vec<OutputColumn> {
    let mut columns = before.to_vec();
    for column in &mut columns {
        column.nullable &= step.keep_nulls || column.name != step.column;
    }
    columns
}

fn tokenized(step: &TokenizeStep, before: &[OutputColumn]) -> Vec<OutputColumn> {
    let mut columns = before.to_vec();
    if let Some(column) = columns.iter_mut().find(|column| column.name == step.column) {
        column.name.clone_from(&step.output);
        column.data_type = list_of(&step.id_type);
    }
    columns
}

/// What `pack` leaves: `tokens`, and the ends of the documents in each row.
pub(super) fn packed(step: &PackStep) -> Vec<OutputColumn> {
    let ids = Arc::new(Field::new_list_field(step.id_type.clone(), false));
    let length = i32::try_from(step.length).unwrap_or(i32::MAX);
    let column = |name: &str, data_type| OutputColumn {
        name: name.to_owned(),
        data_type,
        nullable: false,
    };
    vec![
        column("tokens", DataType::FixedSizeList(ids, length)),
        column("cu_seqlens", list_of(&DataType::Int32)),
    ]
}

/// A list whose elements are never null.
pub(super) fn list_of(element: &DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(element.clone(), false)))
}

/// Text in any layout: strings, binary (which must then be UTF-8), or a
/// dictionary of them.
pub(super) fn is_text(data_type: &DataType) -> bool {
    use DataType as T;
    match data_type {
        T::Dictionary(_, values) => is_text(values),
        T::Utf8 | T::LargeUtf8 | T::Utf8View | T::Binary | T::LargeBinary | T::BinaryView => true,
        _ => false,
    }
}

/// A list whose rows differ in length.
pub(super) fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::LargeList(_))
}

/// Whole numbers, or a dictionary of them.
pub(super) fn is_whole(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_whole(values),
        other => other.is_integer(),
    }
}

/// The name of a type in plans and errors: `utf8`, `list<uint16>`.
pub(super) fn type_name(data_type: &DataType) -> String {
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
            let field =
                |field: &Arc<Field>| format!("{}: {}", field.name(), type_name(field.data_type()));
            let fields: Vec<String> = fields.iter().map(field).collect();
            format!("struct<{}>", fields.join(", "))
        }
        other => element(other).map_or_else(|| other.to_string().to_lowercase(), |(name, _)| name),
    }
}

/// Whether a dataset can hold a column of this type.
pub(super) fn supports(data_type: &DataType) -> bool {
    dtype(data_type).is_some()
}

/// Name and safetensors dtype of a type that fills one element of a tensor.
fn element(data_type: &DataType) -> Option<(String, &'static str)> {
    use DataType as T;
    let plain = |name: &str, dtype| Some((name.to_owned(), dtype));
    match data_type {
        T::Boolean => plain("bool", "BOOL"),
        T::Int8 => plain("int8", "I8"),
        T::Int16 => plain("int16", "I16"),
        T::Int32 => plain("int32", "I32"),
        T::Int64 => plain("int64", "I64"),
        T::UInt8 => plain("uint8", "U8"),
        T::UInt16 => plain("uint16", "U16"),
        T::UInt32 => plain("uint32", "U32"),
        T::UInt64 => plain("uint64", "U64"),
        T::Float16 => plain("float16", "F16"),
        T::Float32 => plain("float32", "F32"),
        T::Float64 => plain("float64", "F64"),
        T::Date32 => plain("date32", "I32"),
        T::Date64 => plain("date64", "I64"),
        T::Time32(u) => Some((format!("time[{}]", unit(*u)), "I32")),
        T::Time64(u) => Some((format!("time[{}]", unit(*u)), "I64")),
        T::Duration(u) => Some((format!("duration[{}]", unit(*u)), "I64")),
        T::Timestamp(u, None) => Some((format!("timestamp[{}]", unit(*u)), "I64")),
        T::Timestamp(u, Some(zone)) => Some((format!("timestamp[{}, {zone}]", unit(*u)), "I64")),
        _ => None,
    }
}

fn unit(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

/// The dtype of a column's tensor, and the shape of it behind the rows; `*`
/// where rows differ in length. `None` for what a shard cannot hold.
fn dtype(data_type: &DataType) -> Option<(&'static str, String)> {
    use DataType as T;
    match data_type {
        T::Dictionary(_, values) => dtype(values),
        T::Utf8 | T::LargeUtf8 | T::Utf8View | T::Binary | T::LargeBinary | T::BinaryView => {
            Some(("U8", "*".to_owned()))
        }
        T::FixedSizeBinary(len) if *len > 0 => Some(("U8", format!("n, {len}"))),
        T::List(item) | T::LargeList(item) => Some((element(item.data_type())?.1, "*".to_owned())),
        T::FixedSizeList(item, len) if *len > 0 => {
            let inner = match item.data_type() {
                nested @ T::FixedSizeList(..) => dtype(nested)?,
                scalar => (element(scalar)?.1, "n".to_owned()),
            };
            let below = inner.1.strip_prefix('n').unwrap_or_default();
            Some((inner.0, format!("n, {len}{below}")))
        }
        scalar => Some((element(scalar)?.1, "n".to_owned())),
    }
}

/// One tensor of a shard, as a plan lists it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Tensor {
    /// Its name.
    pub(super) name: String,
    /// Its dtype, as safetensors names it.
    pub(super) dtype: &'static str,
    /// Its shape, `n` for the rows of the shard, `*` for what depends on them.
    pub(super) shape: String,
}

/// The tensors that hold `column`.
pub(super) fn tensors(column: &OutputColumn) -> Vec<Tensor> {
    let Some((dtype, shape)) = dtype(&column.data_type) else {
        return Vec::new();
    };
    let ragged = shape == "*";
    let tensor = |name: String, dtype, shape: &str| Tensor {
        name,
        dtype,
        shape: format!("[{shape}]"),
    };
    let mut tensors = vec![tensor(column.name.clone(), dtype, &shape)];
    if ragged {
        tensors.push(tensor(format!("{}.__offsets", column.name), "I64", "n + 1"));
    }
    if column.nullable {
        tensors.push(tensor(format!("{}.__valid", column.name), "BOOL", "n"));
    }
    tensors
}
