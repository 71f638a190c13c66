//! Integers of 8 and 16 bits, which a file keeps in 32.
//!
//! The decoder cuts off the upper bits whatever they say, and nothing in the
//! format keeps a file from having some. So such columns are decoded as what
//! they are on disk, and cut here, where a number that does not fit has a row.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, FixedSizeListArray, GenericListArray,
    OffsetSizeTrait, PrimitiveArray, StructArray,
};
use arrow::datatypes::{
    DataType, Field, FieldRef, Fields, Int8Type, Int16Type, Int32Type, UInt8Type, UInt16Type,
};
use parquet::basic::{ConvertedType, IntType, LogicalType, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor, Type, TypePtr};

use super::int96::{Int96Misfit, note_valid};

/// The schema of a file with integers of 32 bits where it has narrower ones.
pub(super) fn widened(file: &SchemaDescPtr) -> Result<SchemaDescPtr, ParquetError> {
    let root = file.root_schema();
    if !has_narrow(root) {
        return Ok(Arc::clone(file));
    }
    let fields = root.get_fields().iter().map(wide);
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    let root = Type::group_type_builder(root.name()).with_fields(fields);
    Ok(Arc::new(SchemaDescriptor::new(Arc::new(root.build()?))))
}

fn has_narrow(field: &Type) -> bool {
    if field.is_group() {
        return field.get_fields().iter().any(|field| has_narrow(field));
    }
    let info = field.get_basic_info();
    let is_narrow = match info.logical_type_ref() {
        Some(LogicalType::Integer(IntType { bit_width, .. })) => *bit_width < 32,
        Some(_) => false,
        None => matches!(
            info.converted_type(),
            ConvertedType::INT_8
                | ConvertedType::INT_16
                | ConvertedType::UINT_8
                | ConvertedType::UINT_16
        ),
    };
    is_narrow && field.get_physical_type() == Physical::INT32
}

fn wide(field: &TypePtr) -> Result<TypePtr, ParquetError> {
    if !has_narrow(field) {
        return Ok(Arc::clone(field));
    }
    let info = field.get_basic_info();
    let id = info.has_id().then(|| info.id());
    let wide = if field.is_group() {
        let fields = field.get_fields().iter().map(wide);
        Type::group_type_builder(field.name())
            .with_repetition(info.repetition())
            .with_converted_type(info.converted_type())
            .with_logical_type(info.logical_type_ref().cloned())
            .with_id(id)
            .with_fields(fields.collect::<Result<Vec<_>, _>>()?)
            .build()?
    } else {
        Type::primitive_type_builder(field.name(), Physical::INT32)
            .with_repetition(info.repetition())
            .with_id(id)
            .build()?
    };
    Ok(Arc::new(wide))
}

/// A column with the integers of its type in the file, `to`, where it was
/// decoded to wider ones. What does not fit comes back by row; nothing does of
/// a column that has no such integers.
pub(super) fn restore(column: &ArrayRef, to: &DataType) -> (ArrayRef, Vec<Int96Misfit>) {
    if !is_widened(column.data_type(), to) {
        return (Arc::clone(column), Vec::new());
    }
    let mut misfits = vec![None; column.len()];
    let column = restored(column, to, &mut misfits);
    (column, misfits)
}

/// Whether there are wider integers in `from` than in `to`.
fn is_widened(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    match (from, to) {
        (T::Int32, T::Int8 | T::Int16 | T::UInt8 | T::UInt16) => true,
        (from, T::Dictionary(_, values)) if !matches!(from, T::Dictionary(_, _)) => {
            is_widened(from, values)
        }
        (T::List(from), T::List(to))
        | (T::LargeList(from), T::LargeList(to))
        | (T::FixedSizeList(from, _), T::FixedSizeList(to, _)) => {
            is_widened(from.data_type(), to.data_type())
        }
        (T::Struct(from), T::Struct(to)) => from.iter().any(|from| {
            let to = to.find(from.name());
            to.is_some_and(|(_, to)| is_widened(from.data_type(), to.data_type()))
        }),
        _ => false,
    }
}

/// `misfits` has one entry for each item of `column`.
fn restored(column: &ArrayRef, to: &DataType, misfits: &mut [Int96Misfit]) -> ArrayRef {
    use DataType as T;
    match (column.data_type(), to) {
        (T::Int32, T::Int8) => numbers::<Int8Type>(column, misfits),
        (T::Int32, T::Int16) => numbers::<Int16Type>(column, misfits),
        (T::Int32, T::UInt8) => numbers::<UInt8Type>(column, misfits),
        (T::Int32, T::UInt16) => numbers::<UInt16Type>(column, misfits),
        (from, T::Dictionary(_, values)) if !matches!(from, T::Dictionary(_, _)) => {
            restored(column, values, misfits)
        }
        (T::List(_), T::List(item)) => lists::<i32>(column, item, misfits),
        (T::LargeList(_), T::LargeList(item)) => lists::<i64>(column, item, misfits),
        (T::FixedSizeList(_, len), T::FixedSizeList(item, _)) => {
            fixed_lists(column, (item, *len), misfits)
        }
        (T::Struct(_), T::Struct(fields)) => structs(column, fields, misfits),
        _ => Arc::clone(column),
    }
}

fn numbers<T: ArrowPrimitiveType>(column: &ArrayRef, misfits: &mut [Int96Misfit]) -> ArrayRef
where
    T::Native: TryFrom<i32>,
{
    let wide = column.as_primitive::<Int32Type>();
    let narrow = |number: i32| T::Native::try_from(number).ok();
    for (number, misfit) in wide.iter().zip(misfits) {
        if let Some(number) = number.filter(|number| narrow(*number).is_none()) {
            let of_type = T::DATA_TYPE;
            misfit.get_or_insert_with(|| {
                format!("expected numbers that {of_type} holds, got {number}")
            });
        }
    }
    let numbers: PrimitiveArray<T> = wide.unary(|number| narrow(number).unwrap_or_default());
    Arc::new(numbers)
}

fn lists<O: OffsetSizeTrait>(
    column: &ArrayRef,
    item: &FieldRef,
    misfits: &mut [Int96Misfit],
) -> ArrayRef {
    let list = column.as_list::<O>();
    let mut inner = vec![None; list.values().len()];
    let values = restored(list.values(), item.data_type(), &mut inner);
    if values.data_type() == list.values().data_type() {
        return Arc::clone(column);
    }
    for (misfit, pair) in misfits.iter_mut().zip(list.value_offsets().windows(2)) {
        let items = inner.get_mut(pair[0].as_usize()..pair[1].as_usize());
        note(misfit, items);
    }
    let item = Arc::new(Field::new(item.name(), values.data_type().clone(), true));
    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
    Arc::new(GenericListArray::<O>::new(item, offsets, values, nulls))
}

fn fixed_lists(
    column: &ArrayRef,
    (item, len): (&FieldRef, i32),
    misfits: &mut [Int96Misfit],
) -> ArrayRef {
    let list = column.as_fixed_size_list();
    let mut inner = vec![None; list.values().len()];
    let values = restored(list.values(), item.data_type(), &mut inner);
    if values.data_type() == list.values().data_type() {
        return Arc::clone(column);
    }
    let n_items = usize::try_from(len).unwrap_or(0).max(1);
    let lists = misfits.iter_mut().zip(inner.chunks_mut(n_items));
    for (row, (misfit, items)) in lists.enumerate() {
        note(misfit, list.is_valid(row).then_some(items));
    }
    let item = Arc::new(Field::new(item.name(), values.data_type().clone(), true));
    let nulls = list.nulls().cloned();
    Arc::new(FixedSizeListArray::new(item, len, values, nulls))
}

/// The first misfit of the items, unless the row has one.
fn note(misfit: &mut Int96Misfit, items: Option<&mut [Int96Misfit]>) {
    let first = items.and_then(|items| items.iter_mut().find_map(Option::take));
    if misfit.is_none() {
        *misfit = first;
    }
}

fn is_same((a, b): (&ArrayRef, &ArrayRef)) -> bool {
    a.data_type() == b.data_type()
}

/// Fields are known by name: of a struct, those that are asked for are decoded.
fn structs(column: &ArrayRef, fields: &Fields, misfits: &mut [Int96Misfit]) -> ArrayRef {
    let outer = column.as_struct();
    let decoded = outer.fields().iter().zip(outer.columns());
    let mut inner = vec![None; misfits.len()];
    let columns: Vec<ArrayRef> = decoded
        .map(|(field, column)| match fields.find(field.name()) {
            Some((_, to)) => restored(column, to.data_type(), &mut inner),
            None => Arc::clone(column),
        })
        .collect();
    note_valid(misfits, inner, outer.nulls());
    if columns.iter().zip(outer.columns()).all(is_same) {
        return Arc::clone(column);
    }
    let fields = outer.fields().iter().zip(&columns);
    let fields: Fields = fields
        .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true))
        .collect();
    Arc::new(StructArray::new(fields, columns, outer.nulls().cloned()))
}
