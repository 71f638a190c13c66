//! Columns as they pass through checked steps, and the names of their types.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, SchemaRef};

use super::chat_step::ChatStep;
use super::json::is_json;
use super::layouts::plain;
use super::output::{Meaning, OutputColumn};
use super::steps::{
    ChunkStep, ColumnChange, FilterStep, OtherColumns, PackLabels, PackStep, SelectStep, Step,
    TokenizeStep,
};

/// The columns that `pack` makes, by name.
pub(super) const TOKENS: &str = "tokens";
pub(super) const CU_SEQLENS: &str = "cu_seqlens";
pub(super) const POSITION_IDS: &str = "position_ids";
pub(super) const LABELS: &str = "labels";

/// What a loss mask is called where nothing names it.
pub(super) const LOSS_MASK: &str = "loss_mask";

/// What a column of tokens is called where nothing names it.
pub(super) fn default_tokens() -> String {
    TOKENS.to_owned()
}

/// The columns the source hands to the first step: of values, whichever layout
/// the files share them in.
pub(super) fn projected(projection: &SchemaRef) -> Vec<OutputColumn> {
    let column = |field: &Arc<Field>| OutputColumn {
        name: field.name().clone(),
        data_type: plain(field.data_type()),
        nullable: field.is_nullable(),
        meaning: meaning(field),
    };
    projection.fields().iter().map(column).collect()
}

/// What a field of the source means beyond its type.
pub(super) fn meaning(field: &Field) -> Meaning {
    if is_json(field) {
        Meaning::Json
    } else {
        Meaning::Plain
    }
}

/// The columns behind `step`, given those before it.
pub(super) fn after(step: &Step, before: &[OutputColumn]) -> Vec<OutputColumn> {
    match step {
        Step::Select(step) => selected(step, before),
        Step::Filter(step) => filtered(step, before),
        Step::Tokenize(step) => tokenized(step, before),
        Step::Chat(step) => rendered(step, before),
        Step::Map(step) => changed(&step.columns, before),
        Step::Pack(step) => packed(step),
        Step::Chunk(step) => chunked(step, before),
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

/// The tokens in the place of the text, or behind it, and what is known of them.
fn tokenized(step: &TokenizeStep, before: &[OutputColumn]) -> Vec<OutputColumn> {
    let mut columns = Vec::with_capacity(before.len() + 1);
    for column in before {
        let is_text = column.name == step.column;
        if !is_text || step.keep_text {
            columns.push(column.clone());
        }
        if is_text {
            columns.extend(token_columns(step, column));
        }
    }
    columns
}

/// The columns that `tokenize` makes, which are null where the text is.
pub(super) fn token_columns(step: &TokenizeStep, text: &OutputColumn) -> Vec<OutputColumn> {
    let column = |name: String, data_type: DataType| OutputColumn {
        name,
        data_type,
        nullable: text.nullable,
        meaning: Meaning::Plain,
    };
    let places = step.offsets.map(|_| places_of(&step.output));
    let places = places.into_iter().flatten();
    let count = step.count.clone();
    std::iter::once(column(step.output.clone(), list_of(&step.id_type)))
        .chain(places.map(|name| column(name, list_of(&DataType::UInt32))))
        .chain(count.map(|name| column(name, DataType::UInt32)))
        .collect()
}

/// The columns that say where in the text the tokens of a column begin and end.
pub(crate) fn places_of(tokens: &str) -> [String; 2] {
    ["start", "end"].map(|place| format!("{tokens}_{place}"))
}

/// The tokens in the place of the conversations, and the loss mask behind them.
fn rendered(step: &ChatStep, before: &[OutputColumn]) -> Vec<OutputColumn> {
    let mut columns = Vec::with_capacity(before.len() + 1);
    for column in before {
        if column.name == step.column {
            columns.extend(chat_columns(step, column));
        } else if !step.taken.contains(&column.name) {
            columns.push(column.clone());
        }
    }
    columns
}

/// The columns that `chat` makes, which are null where the conversation is.
pub(super) fn chat_columns(step: &ChatStep, chats: &OutputColumn) -> Vec<OutputColumn> {
    let column = |name: &String, element: &DataType| OutputColumn {
        name: name.clone(),
        data_type: list_of(element),
        nullable: chats.nullable,
        meaning: Meaning::Plain,
    };
    let tokens = column(&step.output, &step.id_type);
    let mask = step.loss_mask.iter();
    let mask = mask.map(|name| column(name, &DataType::UInt8));
    std::iter::once(tokens).chain(mask).collect()
}

/// Columns changed in place.
fn changed(changes: &[ColumnChange], before: &[OutputColumn]) -> Vec<OutputColumn> {
    let mut columns = before.to_vec();
    for change in changes {
        let name = &change.output.name;
        if let Some(column) = columns.iter_mut().find(|column| column.name == *name) {
            column.clone_from(&change.output);
        }
    }
    columns
}

/// What `pack` leaves: `tokens`, the ends of the documents in each row, the columns
/// that were packed along, and what else is asked for.
pub(crate) fn packed(step: &PackStep) -> Vec<OutputColumn> {
    let length = i32::try_from(step.length).unwrap_or(i32::MAX);
    let column = |name: &str, data_type| OutputColumn {
        name: name.to_owned(),
        data_type,
        nullable: false,
        meaning: Meaning::Plain,
    };
    let rows_of = |name: &str, element: &DataType| {
        let element = Arc::new(Field::new_list_field(element.clone(), false));
        column(name, DataType::FixedSizeList(element, length))
    };
    let mut columns = vec![
        rows_of(TOKENS, &step.id_type),
        column(CU_SEQLENS, list_of(&DataType::Int32)),
    ];
    let aligned = step.aligned.iter();
    columns.extend(aligned.map(|column| rows_of(&column.name, &column.element)));
    if step.position_ids {
        columns.push(rows_of(POSITION_IDS, &DataType::Int32));
    }
    if step.labels != PackLabels::None {
        columns.push(rows_of(LABELS, &step.label_type()));
    }
    columns
}

/// What `chunk` leaves: lists that are never null, and the other columns if asked
/// for.
pub(crate) fn chunked(step: &ChunkStep, before: &[OutputColumn]) -> Vec<OutputColumn> {
    let piece = |name: &str| step.columns.iter().find(|column| column.name == name);
    let columns = before
        .iter()
        .filter_map(|column| match piece(&column.name) {
            Some(piece) => Some(OutputColumn {
                data_type: list_of(&piece.element),
                nullable: false,
                ..column.clone()
            }),
            None => (step.others == OtherColumns::Repeat).then(|| column.clone()),
        });
    columns.collect()
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
