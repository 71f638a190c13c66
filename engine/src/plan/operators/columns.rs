//! Operators of pipelines: what is done to the items of columns, each by itself.

use std::sync::Arc;

use arrow::datatypes::DataType;
use fuelrail_kernels::Element;
use serde_json::Value;

use super::lowered::ColumnSteps;

use crate::error::Error;
use crate::plan::columns::is_text;
use crate::plan::named_types::ImageLayout;
use crate::plan::numbers::element_of;
use crate::plan::output::OutputColumn;
use crate::plan::spelling::ColumnNames;
use crate::plan::step_result::StepResult;
use crate::plan::steps::{ColumnChange, Overflow};
use crate::plan::type_names::column_type_name;

/// A column that a step names.
#[derive(Debug, Clone)]
pub struct NamedColumn {
    /// Where among the names of the step.
    pub index: usize,
    /// The column in front of the step.
    pub column: OutputColumn,
    /// The order of the axes of its images, if a step has said it or found it out.
    pub layout: Option<ImageLayout>,
    /// What the steps before do to its image files, while these have any size.
    pub files: Option<Arc<ColumnSteps>>,
}

/// An operator that maps the items of columns.
pub trait MapColumns {
    /// The columns it changes.
    fn columns(&self) -> &ColumnNames;

    /// Raised by a change of the operator that changes what it makes.
    fn version(&self) -> u32 {
        1
    }

    /// What becomes of numbers that do not fit what is written.
    fn overflow(&self) -> Overflow {
        Overflow::Saturate
    }

    /// What decides the bits beside what [`ColumnChange::identity`] says.
    fn identity(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// Looks at all of its columns together, before each is lowered.
    ///
    /// # Errors
    /// Where they are not for one step; the text is the key it is about.
    fn check(&self, _: &[OutputColumn]) -> StepResult<()> {
        Ok(())
    }

    /// The order of the axes of images, if a key says it: for all steps of a column.
    fn image_layout(&self) -> Option<ImageLayout> {
        None
    }

    /// What it does to a column.
    ///
    /// # Errors
    /// Where it cannot be done; the text is the key it is about.
    fn change(&self, named: NamedColumn) -> StepResult<ColumnChange>;
}

/// Where the column of this index is named.
pub(in crate::plan) fn place(index: usize) -> String {
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
