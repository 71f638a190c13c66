//! What `normalize` and `cast` ask of their columns.

use arrow::datatypes::DataType;
use fuelrail_kernels::Element;

use crate::error::Error;
use crate::plan::columns::is_text;
use crate::plan::numbers::element_of;
use crate::plan::output::OutputColumn;
use crate::plan::spelling::ColumnNames;
use crate::plan::type_names::column_type_name;

use super::live::Columns;
use super::step_result::StepResult;

/// The columns of these names, each named once.
pub(super) fn named(
    names: &ColumnNames,
    columns: &mut Columns<'_>,
) -> StepResult<Vec<OutputColumn>> {
    let names = &names.0;
    if names.is_empty() {
        let error = Error::pipeline("column: expected at least one column, got none");
        return Err((error, "column".to_owned()));
    }
    let mut found = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let column = columns
            .column(name)
            .map_err(|error| (error, place(index)))?;
        if names[..index].contains(name) {
            let error = Error::pipeline("expected each column once, got one twice");
            return Err((error.with_column(name), place(index)));
        }
        found.push(column);
    }
    Ok(found)
}

/// Where the column of this index is named.
pub(super) fn place(index: usize) -> String {
    format!("column[{index}]")
}

/// What the numbers of a column are.
///
/// # Errors
/// `Pipeline`, with what to do instead, if it holds none.
pub(super) fn numbers(column: &OutputColumn) -> Result<Element, Error> {
    element_of(column).ok_or_else(|| {
        let error = Error::pipeline(format!(
            "expected numbers or lists of numbers, got {}",
            column_type_name(column)
        ))
        .with_column(&column.name);
        match instead(&column.data_type) {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    })
}

/// What to do with a column that holds no numbers.
fn instead(data_type: &DataType) -> Option<&'static str> {
    use DataType as T;
    Some(match data_type {
        text if is_text(text) => "`tokenize` turns text into numbers",
        T::Boolean => "leave booleans as they are: shards hold them as bytes of 0 and 1",
        T::Date32 | T::Date64 | T::Time32(_) | T::Time64(_) | T::Timestamp(..) | T::Duration(_) => {
            "leave dates and times as they are: shards hold them as whole numbers"
        }
        T::Decimal32(..) | T::Decimal64(..) | T::Decimal128(..) | T::Decimal256(..) => {
            "write decimals as float64, or as whole numbers of the smallest unit, where the \
             inputs are made"
        }
        T::Dictionary(..) => "write the values without a dictionary where the inputs are made",
        T::FixedSizeBinary(_) => {
            "bytes are images of a `normalize` step with `shape`; leave others as they are"
        }
        T::List(_) | T::LargeList(_) | T::FixedSizeList(..) => {
            "lists of fixed length may be nested, those of varying length hold numbers only"
        }
        _ => return None,
    })
}
