//! Columns of numbers: what fills them, and their types with other numbers.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use fuelrail_kernels::Element;
use fuelrail_kernels::normalize::{Flip, Layout};

use super::output::{Meaning, OutputColumn};

/// What the numbers of a column are: a number a row, or rows that are lists of
/// fixed length, nested or not, or of varying length. `None` for any other
/// column.
pub(super) fn element_of(column: &OutputColumn) -> Option<Element> {
    let number = match &column.data_type {
        DataType::List(field) | DataType::LargeList(field) => field.data_type(),
        other => innermost(other),
    };
    match (number, column.meaning) {
        (DataType::UInt16, Meaning::Bfloat16) => Some(Element::BF16),
        (number, _) => element(number),
    }
}

/// The type of `column` and the meaning of its numbers if they were `to`.
/// Rows keep their shape; numbers in lists are never null.
pub(super) fn with_element(data_type: &DataType, to: Element) -> (DataType, Meaning) {
    let number = arrow_type(to);
    let meaning = if to == Element::BF16 {
        Meaning::Bfloat16
    } else {
        Meaning::Plain
    };
    let data_type = match data_type {
        DataType::List(_) => DataType::List(item(number)),
        DataType::LargeList(_) => DataType::LargeList(item(number)),
        fixed => nested(&lengths(fixed), number),
    };
    (data_type, meaning)
}

/// `number` in one list of fixed length per dimension, the outermost first.
pub(super) fn nested(lengths: &[i32], number: DataType) -> DataType {
    lengths.iter().rev().fold(number, |inner, &len| {
        DataType::FixedSizeList(item(inner), len)
    })
}

/// The lengths of nested lists of fixed length, the outermost first.
pub(super) fn lengths(data_type: &DataType) -> Vec<i32> {
    let mut lengths = Vec::new();
    let mut inner = data_type;
    while let DataType::FixedSizeList(field, len) = inner {
        lengths.push(*len);
        inner = field.data_type();
    }
    lengths
}

/// What fills nested lists of fixed length.
pub(super) fn innermost(data_type: &DataType) -> &DataType {
    let mut inner = data_type;
    while let DataType::FixedSizeList(field, _) = inner {
        inner = field.data_type();
    }
    inner
}

/// The name of an order of axes, as users write it.
pub(super) fn layout_name(layout: Layout) -> &'static str {
    match layout {
        Layout::Hwc => "hwc",
        Layout::Chw => "chw",
    }
}

/// The name of a flip, as users write it.
pub(super) fn flip_name(flip: Flip) -> &'static str {
    match flip {
        Flip::None => "none",
        Flip::Horizontal => "horizontal",
        Flip::Vertical => "vertical",
        Flip::Both => "both",
    }
}

fn item(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new_list_field(data_type, false))
}

/// The element that a type of number is.
fn element(data_type: &DataType) -> Option<Element> {
    Element::ALL
        .into_iter()
        .find(|&element| element != Element::BF16 && arrow_type(element) == *data_type)
}

/// The type that holds the bits of an element.
fn arrow_type(element: Element) -> DataType {
    match element {
        Element::U8 => DataType::UInt8,
        Element::I8 => DataType::Int8,
        Element::U16 | Element::BF16 => DataType::UInt16,
        Element::I16 => DataType::Int16,
        Element::U32 => DataType::UInt32,
        Element::I32 => DataType::Int32,
        Element::U64 => DataType::UInt64,
        Element::I64 => DataType::Int64,
        Element::F16 => DataType::Float16,
        Element::F32 => DataType::Float32,
        Element::F64 => DataType::Float64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(data_type: DataType, meaning: Meaning) -> OutputColumn {
        OutputColumn {
            name: "x".to_owned(),
            data_type,
            nullable: true,
            meaning,
        }
    }

    #[test]
    fn every_element_comes_back_from_every_nesting() {
        let shapes = [
            DataType::Int8,
            DataType::List(item(DataType::Int8)),
            DataType::LargeList(item(DataType::Int8)),
            nested(&[2, 3, 4], DataType::Int8),
        ];
        for shape in shapes {
            for to in Element::ALL {
                let (data_type, meaning) = with_element(&shape, to);
                assert_eq!(lengths(&data_type), lengths(&shape));
                assert_eq!(element_of(&column(data_type, meaning)), Some(to));
            }
        }
    }

    #[test]
    fn other_columns_hold_no_numbers() {
        for data_type in [
            DataType::Boolean,
            DataType::Utf8,
            DataType::Date32,
            DataType::Decimal128(9, 2),
            DataType::FixedSizeBinary(4),
            DataType::List(item(nested(&[2], DataType::Int8))),
            nested(&[2], DataType::List(item(DataType::Int8))),
        ] {
            assert_eq!(element_of(&column(data_type, Meaning::Plain)), None);
        }
    }
}
