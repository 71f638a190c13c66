//! Columns in any layout become numbers, and columns again.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "all numbers here are small and none is negative"
)]

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, FixedSizeBinaryArray, FixedSizeListArray,
    Float16Array, Float64Array, Int8Array, Int16Array, LargeListArray, ListArray, PrimitiveArray,
    UInt32Array,
};
use arrow::buffer::{Buffer, MutableBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, FieldRef, Float16Type, Float64Type, Int8Type, Int16Type,
    UInt32Type,
};

use super::table::Random;
use crate::device::columns::ColumnNumbers;

/// Rows of each array before it is sliced.
const N: usize = 23;

/// The numbers of a row by their bytes, nulls among them; `None` for a row
/// that is null.
type Row = Option<Vec<Option<Vec<u8>>>>;

/// What a row holds, read the slow way.
fn row(array: &dyn Array, index: usize) -> Row {
    let inner = |list: ArrayRef| {
        let rows = (0..list.len()).flat_map(|index| {
            let n = fixed_len(list.data_type());
            row(&list, index).unwrap_or_else(|| vec![None; n])
        });
        rows.collect()
    };
    if array.is_null(index) {
        return None;
    }
    Some(match array.data_type() {
        DataType::List(_) => inner(array.as_list::<i32>().value(index)),
        DataType::LargeList(_) => inner(array.as_list::<i64>().value(index)),
        DataType::FixedSizeList(..) => inner(array.as_fixed_size_list().value(index)),
        DataType::FixedSizeBinary(_) => {
            let bytes = array.as_fixed_size_binary().value(index);
            bytes.iter().map(|&byte| Some(vec![byte])).collect()
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_dictionary::<Int8Type>();
            let key = dictionary.keys().value(index) as usize;
            return row(dictionary.values(), key);
        }
        number => {
            let width = number.primitive_width().unwrap();
            let data = array.to_data();
            let at = (data.offset() + index) * width;
            vec![Some(data.buffers()[0][at..at + width].to_vec())]
        }
    })
}

/// Numbers in a row of a type whose rows all have as many.
fn fixed_len(data_type: &DataType) -> usize {
    match data_type {
        DataType::FixedSizeList(item, len) => *len as usize * fixed_len(item.data_type()),
        DataType::FixedSizeBinary(len) => *len as usize,
        _ => 1,
    }
}

/// Bytes of a number.
fn width(data_type: &DataType) -> usize {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            width(item.data_type())
        }
        DataType::Dictionary(_, values) => width(values),
        DataType::FixedSizeBinary(_) => 1,
        number => number.primitive_width().unwrap(),
    }
}

fn nulls(random: &mut Random, n: usize, one_in: u64) -> Option<NullBuffer> {
    (one_in > 0).then(|| (0..n).map(|_| random.below(one_in) > 0).collect())
}

/// Random bits as numbers.
fn primitive<T: ArrowPrimitiveType>(random: &mut Random, n: usize, one_in: u64) -> ArrayRef {
    let len = n * T::DATA_TYPE.primitive_width().unwrap();
    let bytes: Vec<u8> = (0..len).map(|_| random.below(256) as u8).collect();
    // A copy, at an address that suits any type.
    let mut aligned = MutableBuffer::with_capacity(len);
    aligned.extend_from_slice(&bytes);
    let values = ScalarBuffer::new(aligned.into(), 0, n);
    Arc::new(PrimitiveArray::<T>::new(values, nulls(random, n, one_in)))
}

fn item(array: &ArrayRef) -> FieldRef {
    Arc::new(Field::new_list_field(array.data_type().clone(), true))
}

fn fixed_list(values: ArrayRef, len: i32, nulls: Option<NullBuffer>) -> ArrayRef {
    Arc::new(FixedSizeListArray::new(item(&values), len, values, nulls))
}

/// Offsets of rows with up to four elements that begin behind the first and
/// end before the last elements.
fn offsets(random: &mut Random) -> (Vec<usize>, usize) {
    let mut offsets = vec![3];
    for _ in 0..N {
        let last = offsets[offsets.len() - 1];
        offsets.push(last + random.below(5) as usize);
    }
    let n_elements = offsets[N] + 2;
    (offsets, n_elements)
}

/// Lists whose null rows hide elements.
fn lists(random: &mut Random, one_in: u64) -> [ArrayRef; 2] {
    let (offsets, n) = offsets(random);
    let values = primitive::<UInt32Type>(random, n, one_in);
    let nulls = nulls(random, N, 4);
    let small = offsets.iter().map(|&offset| offset as i32).collect();
    let large = offsets.iter().map(|&offset| offset as i64).collect();
    [
        Arc::new(ListArray::new(
            item(&values),
            OffsetBuffer::new(small),
            Arc::clone(&values),
            nulls.clone(),
        )),
        Arc::new(LargeListArray::new(
            item(&values),
            OffsetBuffer::new(large),
            values,
            nulls,
        )),
    ]
}

/// Arrays of every layout, with nulls wherever there may be some and without.
fn arrays() -> Vec<ArrayRef> {
    let random = &mut Random(11);
    let mut arrays = Vec::new();
    for one_in in [0, 3] {
        arrays.push(primitive::<Float16Type>(random, N, one_in));
        arrays.push(primitive::<Int8Type>(random, N, one_in));
        arrays.push(primitive::<Float64Type>(random, N, one_in));
        let inner = primitive::<Int16Type>(random, N * 3, one_in * 5);
        let outer = nulls(random, N, one_in);
        arrays.push(fixed_list(inner, 3, outer));
        let innermost = primitive::<Int16Type>(random, N * 6, one_in * 9);
        let inner = nulls(random, N * 3, one_in * 5);
        let inner = fixed_list(innermost, 2, inner);
        let outer = nulls(random, N, one_in);
        arrays.push(fixed_list(inner, 3, outer));
        let empty = FixedSizeListArray::try_new_with_length(
            Arc::new(Field::new_list_field(DataType::Int8, true)),
            0,
            primitive::<Int8Type>(random, 0, 0),
            nulls(random, N, one_in),
            N,
        );
        arrays.push(Arc::new(empty.unwrap()));
        let bytes: Vec<u8> = (0..N * 7).map(|_| random.below(256) as u8).collect();
        let nulls = nulls(random, N, one_in);
        let binary = FixedSizeBinaryArray::new(7, Buffer::from_vec(bytes), nulls);
        arrays.push(Arc::new(binary));
        arrays.extend(lists(random, one_in * 5));
    }
    let values = Float64Array::from(vec![Some(1.5), None, Some(f64::NAN), Some(-0.0)]);
    let keys = (0..N).map(|n| (n % 7 != 5).then_some((n * 3 % 4) as i8));
    let keys: Int8Array = keys.collect();
    arrays.push(Arc::new(DictionaryArray::new(keys, Arc::new(values))));
    arrays
}

/// Each array whole, cut on either side or both, and empty.
fn sliced() -> Vec<ArrayRef> {
    let slices = [
        (0, N),
        (1, N - 1),
        (0, N - 1),
        (5, 9),
        (8, 1),
        (4, 0),
        (N, 0),
    ];
    let all = arrays().into_iter();
    all.flat_map(|array| slices.map(|(from, len)| array.slice(from, len)))
        // Slices of slices are what filters and readers give.
        .flat_map(|array| {
            let again = array.slice(array.len() / 3, array.len() - array.len() / 3);
            [array, again]
        })
        .collect()
}

/// The type that an array has without dictionary.
fn plain(array: &ArrayRef) -> DataType {
    match array.data_type() {
        DataType::Dictionary(_, values) => (**values).clone(),
        other => other.clone(),
    }
}

fn is_ragged(array: &ArrayRef) -> bool {
    matches!(
        array.data_type(),
        DataType::List(_) | DataType::LargeList(_)
    )
}

/// The bytes that `numbers` has for a row.
fn bytes_of(numbers: &ColumnNumbers, width: usize, row: usize) -> &[u8] {
    let range = numbers.row(row);
    &numbers.bytes[range.start * width..range.end * width]
}

#[test]
fn numbers_of_any_layout_are_those_of_its_rows() {
    let (mut n_holed, mut n_null) = (0, 0);
    for array in sliced() {
        let numbers = ColumnNumbers::of(&array, None).unwrap();
        let width = width(array.data_type());
        assert_eq!(numbers.bytes.len(), numbers.row_end(array.len()) * width);
        let back = numbers.with_bytes(&plain(&array), numbers.bytes.clone());
        let back = back.unwrap();
        let mut holed = Vec::new();
        for index in 0..array.len() {
            let expected = row(&array, index);
            assert_eq!(numbers.is_null(index), expected.is_none());
            let came = row(&back, index);
            let Some(expected) = expected else {
                n_null += 1;
                assert_eq!(came, None);
                continue;
            };
            if expected.iter().any(Option::is_none) {
                holed.push(index);
            }
            let zeros = |number: Option<Vec<u8>>| number.unwrap_or_else(|| vec![0; width]);
            let expected: Vec<Vec<u8>> = expected.into_iter().map(zeros).collect();
            assert_eq!(bytes_of(&numbers, width, index), expected.concat());
            assert_eq!(came, Some(expected.into_iter().map(Some).collect()));
        }
        n_holed += holed.len();
        assert_eq!(numbers.holed, holed, "{:?}", array.data_type());
    }
    assert!(n_holed > 20 && n_null > 100, "{n_holed} and {n_null}");
}

#[test]
fn nulls_are_filled_number_by_number_and_lists_stay_null() {
    for array in sliced() {
        let width = width(array.data_type());
        let fill: Vec<u8> = (1..=width as u8).collect();
        let numbers = ColumnNumbers::of(&array, Some(&fill)).unwrap();
        assert_eq!(numbers.holed, [] as [usize; 0]);
        let back = numbers.with_bytes(&plain(&array), numbers.bytes.clone());
        let back = back.unwrap();
        for index in 0..array.len() {
            let expected = match row(&array, index) {
                None if is_ragged(&array) => None,
                None => Some(vec![None; fixed_len(&plain(&array))]),
                there => there,
            };
            let filled = |number: Option<Vec<u8>>| Some(number.unwrap_or_else(|| fill.clone()));
            let expected: Row = expected.map(|row| row.into_iter().map(filled).collect());
            assert_eq!(numbers.is_null(index), expected.is_none());
            assert_eq!(row(&back, index), expected, "{:?}", array.data_type());
        }
    }
}

#[test]
fn what_a_null_hides_makes_no_difference() {
    let visible = |hidden: i16| {
        let values = Int16Array::from(vec![1, hidden, 3]);
        let nulls = NullBuffer::from(vec![true, false, true]);
        let (_, values, _) = values.into_parts();
        ColumnNumbers::of(
            &(Arc::new(Int16Array::new(values, Some(nulls))) as ArrayRef),
            None,
        )
        .unwrap()
        .bytes
    };
    assert_eq!(visible(7), visible(-7));
}

#[test]
fn bytes_that_do_not_fit_the_rows_are_refused() {
    let array: ArrayRef = Arc::new(UInt32Array::from(vec![1, 2, 3]));
    let numbers = ColumnNumbers::of(&array, None).unwrap();
    assert!(
        numbers
            .with_bytes(&DataType::UInt32, Buffer::from_vec(vec![0u32; 2]))
            .is_err()
    );
    let text: ArrayRef = Arc::new(arrow::array::StringArray::from(vec!["1"]));
    assert!(ColumnNumbers::of(&text, None).is_err());
    // Numbers of 16 bits are floats of 16 bits as they lie.
    let halves: ArrayRef = Arc::new(Float16Array::from(vec![half::f16::ONE]));
    let numbers = ColumnNumbers::of(&halves, None).unwrap();
    assert_eq!(numbers.bytes.as_slice(), [0x00, 0x3c]);
}
