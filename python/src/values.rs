//! One value of a column as Python and numpy have it.
//!
//! Scalars become Python's own, text `str`, binary `bytes`, a null `None`.
//! Lists and arrays become numpy arrays of their shape. What is a time becomes
//! numpy's `datetime64` or `timedelta64` of its unit; bfloat16 becomes a float,
//! and float32 in arrays, both without loss.

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeListArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, TimeUnit, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use fuelrail::Error;
use fuelrail::format::{Column, ColumnLayout, Dtype};
use fuelrail::plan::Meaning;
use half::bf16;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString};

use crate::dlpack::Memory;
use crate::errors::Result;
use crate::tensor::Tensor;

/// The value `index` of `array`, which holds rows of `column`.
pub(crate) fn value<'py>(
    py: Python<'py>,
    column: &Column,
    array: &ArrayRef,
    index: usize,
) -> Result<Bound<'py, PyAny>> {
    if array.is_null(index) {
        return Ok(py.None().into_bound(py));
    }
    Ok(match array.data_type() {
        DataType::LargeUtf8 => PyString::new(py, array.as_string::<i64>().value(index)).into_any(),
        DataType::LargeBinary => PyBytes::new(py, array.as_binary::<i64>().value(index)).into_any(),
        DataType::FixedSizeBinary(_) => {
            PyBytes::new(py, array.as_fixed_size_binary().value(index)).into_any()
        }
        DataType::FixedSizeList(..) => {
            elements(py, column, &leaf(array.as_fixed_size_list(), index))?
        }
        DataType::LargeList(_) => elements(py, column, &array.as_list::<i64>().value(index))?,
        _ => scalar(py, column, array, index)?,
    })
}

/// The innermost elements of one row of nested lists.
fn leaf(list: &FixedSizeListArray, index: usize) -> ArrayRef {
    let inner = list.value(index);
    match inner.as_fixed_size_list_opt() {
        // The lists in a row lie one after another, so all of them are one
        // slice of their elements.
        Some(lists) => flat(lists),
        None => inner,
    }
}

/// The innermost elements of all rows of nested lists.
fn flat(lists: &FixedSizeListArray) -> ArrayRef {
    let len = usize::try_from(lists.value_length()).unwrap_or(0);
    let inner = lists
        .values()
        .slice(lists.offset() * len, lists.len() * len);
    match inner.as_fixed_size_list_opt() {
        Some(lists) => flat(lists),
        None => inner,
    }
}

/// What numpy calls the times of a type: `datetime64[us]` and the like.
fn times(data_type: &DataType) -> Option<&'static str> {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    Some(match data_type {
        DataType::Date32 => "datetime64[D]",
        DataType::Date64 | DataType::Timestamp(Millisecond, _) => "datetime64[ms]",
        DataType::Timestamp(Second, _) => "datetime64[s]",
        DataType::Timestamp(Microsecond, _) => "datetime64[us]",
        DataType::Timestamp(Nanosecond, _) => "datetime64[ns]",
        DataType::Time32(Second) | DataType::Duration(Second) => "timedelta64[s]",
        DataType::Time32(_) | DataType::Duration(Millisecond) => "timedelta64[ms]",
        DataType::Time64(Microsecond) | DataType::Duration(Microsecond) => "timedelta64[us]",
        DataType::Time64(_) | DataType::Duration(Nanosecond) => "timedelta64[ns]",
        _ => return None,
    })
}

fn scalar<'py>(
    py: Python<'py>,
    column: &Column,
    array: &ArrayRef,
    index: usize,
) -> Result<Bound<'py, PyAny>> {
    if times(array.data_type()).is_some() {
        let one = elements(py, column, &array.slice(index, 1))?;
        return Ok(one.call_method1("reshape", (-1,))?.get_item(0)?);
    }
    plain(py, column, array, index)?.ok_or_else(|| {
        Error::internal(format!("no value of {} for Python", array.data_type())).into()
    })
}

/// A number or a boolean; `None` of any other type.
fn plain<'py>(
    py: Python<'py>,
    column: &Column,
    array: &ArrayRef,
    index: usize,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let bits = || number::<UInt16Type>(array, index);
    let half = || number::<Float16Type>(array, index);
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(index).into_bound_py_any(py),
        DataType::Int8 => number::<Int8Type>(array, index).into_bound_py_any(py),
        DataType::Int16 => number::<Int16Type>(array, index).into_bound_py_any(py),
        DataType::Int32 => number::<Int32Type>(array, index).into_bound_py_any(py),
        DataType::Int64 => number::<Int64Type>(array, index).into_bound_py_any(py),
        DataType::UInt8 => number::<UInt8Type>(array, index).into_bound_py_any(py),
        DataType::UInt16 if column.meaning() == Meaning::Bfloat16 => {
            bf16::from_bits(bits()).to_f64().into_bound_py_any(py)
        }
        DataType::UInt16 => bits().into_bound_py_any(py),
        DataType::UInt32 => number::<UInt32Type>(array, index).into_bound_py_any(py),
        DataType::UInt64 => number::<UInt64Type>(array, index).into_bound_py_any(py),
        DataType::Float16 => half().to_f64().into_bound_py_any(py),
        DataType::Float32 => number::<Float32Type>(array, index).into_bound_py_any(py),
        DataType::Float64 => number::<Float64Type>(array, index).into_bound_py_any(py),
        _ => return Ok(None),
    }
    .map(Some)
}

fn number<T: ArrowPrimitiveType>(array: &ArrayRef, index: usize) -> T::Native {
    array.as_primitive::<T>().value(index)
}

/// A numpy array of a copy of all of `array`, which is one row of `column`.
fn elements<'py>(py: Python<'py>, column: &Column, array: &ArrayRef) -> Result<Bound<'py, PyAny>> {
    let is_bfloat16 = column.meaning() == Meaning::Bfloat16;
    let dtype = if is_bfloat16 {
        Dtype::F32
    } else {
        column.dtype
    };
    let shape: Vec<i64> = match column.layout {
        ColumnLayout::Fixed => column.shape.iter().map(|dim| dim.cast_signed()).collect(),
        ColumnLayout::Ragged => vec![array.len().cast_signed() as i64],
    };
    let memory = if let Some(bits) = array.as_boolean_opt() {
        let bytes: Vec<u8> = bits.values().iter().map(u8::from).collect();
        Memory::copy_of(&bytes, dtype, &shape)?
    } else if is_bfloat16 {
        let bits = array.as_primitive::<UInt16Type>();
        let floats = bits
            .values()
            .iter()
            .map(|bits| bf16::from_bits(*bits).to_f32());
        let bytes: Vec<u8> = floats.flat_map(f32::to_ne_bytes).collect();
        Memory::copy_of(&bytes, dtype, &shape)?
    } else {
        let data = array.to_data();
        let len_bytes = usize::try_from(dtype.len_bytes()).unwrap_or(1);
        let range = data.offset() * len_bytes..(data.offset() + data.len()) * len_bytes;
        let bytes = data.buffers().first().and_then(|buffer| buffer.get(range));
        let bytes = bytes.ok_or_else(|| Error::internal("an array shorter than it says"))?;
        Memory::copy_of(bytes, dtype, &shape)?
    };
    let numbers = Tensor::numpy(&Bound::new(py, Tensor::new(memory))?)?;
    match times(array.data_type()) {
        None => Ok(numbers),
        Some(name) => as_times(&numbers, name),
    }
}

/// Counts as numpy's times, which are of 64 bits.
fn as_times<'py>(counts: &Bound<'py, PyAny>, name: &str) -> Result<Bound<'py, PyAny>> {
    static INT64: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let int64 = INT64.import(counts.py(), "numpy", "int64")?;
    let counts = counts.call_method1("astype", (int64,))?;
    Ok(counts.call_method1("view", (name,))?)
}
