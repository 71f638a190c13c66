//! Rows of lists that hold a null, for which a tensor has no place.

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use arrow::datatypes::DataType;

/// Why a row with a null in a list cannot be used.
pub(super) const REASON: &str = "expected lists without nulls, got a null element";

/// The rows of `array`, by index, that are no nulls and hold one at any depth.
pub(super) fn holed(array: &ArrayRef) -> Vec<usize> {
    match holes(array) {
        Some(holes) => (0..array.len()).filter(|&row| holes[row]).collect(),
        None => Vec::new(),
    }
}

/// For each row whether it is a list that holds a null; nothing if none does.
fn holes(array: &ArrayRef) -> Option<Vec<bool>> {
    let holes = match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            of_runs(list.value_offsets(), list.values())
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            of_runs(list.value_offsets(), list.values())
        }
        DataType::FixedSizeList(_, len) => {
            let len = usize::try_from(*len).unwrap_or(0);
            let items = gaps(array.as_fixed_size_list().values())?;
            let run = |row: usize| items[row * len..(row + 1) * len].contains(&true);
            Some((0..array.len()).map(run).collect())
        }
        _ => None,
    };
    // What stands behind a null row is no value.
    holes.map(|mut holes: Vec<bool>| {
        if let Some(nulls) = array.nulls() {
            for (hole, valid) in holes.iter_mut().zip(nulls.iter()) {
                *hole &= valid;
            }
        }
        holes
    })
}

fn of_runs<O: OffsetSizeTrait>(offsets: &[O], items: &ArrayRef) -> Option<Vec<bool>> {
    let items = gaps(items)?;
    let run = |pair: &[O]| items[pair[0].as_usize()..pair[1].as_usize()].contains(&true);
    Some(offsets.windows(2).map(run).collect())
}

/// For each item whether it is null or holds one; nothing if none is.
fn gaps(items: &ArrayRef) -> Option<Vec<bool>> {
    let nulls = items.logical_nulls().filter(|nulls| nulls.null_count() > 0);
    match (nulls, holes(items)) {
        (None, holes) => holes,
        (Some(nulls), None) => Some(nulls.iter().map(|valid| !valid).collect()),
        (Some(nulls), Some(holes)) => {
            let both = nulls.iter().zip(holes);
            Some(both.map(|(valid, hole)| !valid || hole).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{FixedSizeListArray, Int32Array, ListArray};
    use arrow::datatypes::{Field, Int32Type};

    use super::*;

    fn lists() -> ListArray {
        ListArray::from_iter_primitive::<Int32Type, _, _>([
            Some(vec![Some(1)]),
            None,
            Some(vec![Some(2), None]),
            Some(vec![]),
            Some(vec![None]),
        ])
    }

    #[test]
    fn rows_with_a_null_are_found_in_slices_too() {
        let array: ArrayRef = Arc::new(lists());
        assert_eq!(holed(&array), [2, 4]);
        assert_eq!(holed(&array.slice(2, 3)), [0, 2]);
        assert_eq!(holed(&array.slice(0, 2)), [0; 0]);
    }

    #[test]
    fn what_a_null_row_covers_is_no_hole() {
        let item = Arc::new(Field::new_list_field(DataType::Int32, true));
        let values = Int32Array::from(vec![Some(1), Some(2), None, None, Some(5), None]);
        let nulls = vec![true, false, true].into();
        let array = FixedSizeListArray::new(item, 2, Arc::new(values), Some(nulls));
        assert_eq!(holed(&(Arc::new(array) as ArrayRef)), [2]);
    }

    #[test]
    fn lists_of_lists_are_looked_into() {
        let inner = Arc::new(lists());
        let item = Arc::new(Field::new_list_field(inner.data_type().clone(), true));
        let offsets = arrow::buffer::OffsetBuffer::new(vec![0, 1, 1, 2, 4].into());
        let array = ListArray::new(item, offsets, inner, None);
        // Its third row holds the null list, its fourth a list with a null.
        assert_eq!(holed(&(Arc::new(array) as ArrayRef)), [2, 3]);
    }
}
