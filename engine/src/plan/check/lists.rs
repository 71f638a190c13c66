//! Columns of lists that steps cut or lay alike.

use arrow::datatypes::DataType;

use super::live::LiveColumns;
use crate::error::{Error, Result};
use crate::plan::steps::AlignedColumn;
use crate::plan::type_names::column_type_name;

/// The column `name`, of lists of numbers.
///
/// # Errors
/// `Pipeline` where there is none, or it holds something else.
pub(super) fn of_numbers(name: &str, columns: &mut LiveColumns<'_>) -> Result<AlignedColumn> {
    let column = columns.column(name)?;
    let Some(element) = element(&column.data_type) else {
        return Err(Error::pipeline(format!(
            "expected lists with a number for each token, got {}",
            column_type_name(&column)
        )));
    };
    Ok(AlignedColumn {
        name: name.to_owned(),
        element: element.clone(),
    })
}

/// What lists of numbers hold; nothing for other types.
pub(super) fn element(data_type: &DataType) -> Option<&DataType> {
    let (DataType::List(item) | DataType::LargeList(item)) = data_type else {
        return None;
    };
    let element = item.data_type();
    let is_number = element.is_numeric() && element.primitive_width().is_some_and(|n| n <= 8);
    (is_number || *element == DataType::Boolean).then_some(element)
}
