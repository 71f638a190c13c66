//! Timestamps of INT96: a day, and the nanoseconds of it.
//!
//! The decoder gives them in a unit of 64 bits and lets what does not fit wrap,
//! or cuts off what is finer. So such a column is decoded twice, to nanoseconds
//! that may have wrapped and to seconds that never do, and the moment is put
//! together again from both, exactly.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, GenericListArray, Int64Array, OffsetSizeTrait, StructArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    ArrowTimestampType, DataType, Field, FieldRef, Fields, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use parquet::arrow::ProjectionMask;
use parquet::basic::Type;
use parquet::schema::types::SchemaDescriptor;

/// The fields of a file with `unit` for each timestamp of INT96.
pub(super) fn with_unit(fields: &Fields, file: &SchemaDescriptor, unit: TimeUnit) -> Fields {
    let mut leaf = 0;
    let fields = fields
        .iter()
        .map(|field| retimed(field, file, unit, &mut leaf));
    fields.collect()
}

/// The leaves of INT96 among those of `mask`, and the root columns they are in.
pub(super) fn leaves(
    file: &SchemaDescriptor,
    mask: &ProjectionMask,
) -> (Vec<usize>, BTreeSet<usize>) {
    let leaves: Vec<usize> = (0..file.num_columns())
        .filter(|leaf| is_int96(file, *leaf) && mask.leaf_included(*leaf))
        .collect();
    let roots = leaves.iter().map(|leaf| file.get_column_root_idx(*leaf));
    let roots = roots.collect();
    (leaves, roots)
}

/// Whether the leaf column `leaf` is of INT96.
fn is_int96(file: &SchemaDescriptor, leaf: usize) -> bool {
    leaf < file.num_columns() && file.column(leaf).physical_type() == Type::INT96
}

/// Leaves of the Arrow type come in the order of the file's columns.
fn retimed(
    field: &FieldRef,
    file: &SchemaDescriptor,
    unit: TimeUnit,
    leaf: &mut usize,
) -> FieldRef {
    use DataType as T;
    let data_type = match field.data_type() {
        T::List(item) => T::List(retimed(item, file, unit, leaf)),
        T::LargeList(item) => T::LargeList(retimed(item, file, unit, leaf)),
        T::FixedSizeList(item, len) => T::FixedSizeList(retimed(item, file, unit, leaf), *len),
        T::Map(entries, sorted) => T::Map(retimed(entries, file, unit, leaf), *sorted),
        T::Struct(fields) => {
            let fields = fields.iter().map(|field| retimed(field, file, unit, leaf));
            T::Struct(fields.collect())
        }
        other => {
            *leaf += 1;
            match other {
                T::Timestamp(_, zone) if is_int96(file, *leaf - 1) => {
                    T::Timestamp(unit, zone.clone())
                }
                other => other.clone(),
            }
        }
    };
    Arc::new(Field::new(field.name(), data_type, field.is_nullable()))
}

/// A value that the type of its column does not hold.
pub(super) type Int96Misfit = Option<String>;

/// Puts a column together that was decoded to nanoseconds and to seconds; `to`
/// is its type in the plan. What does not fit comes back by row.
pub(super) fn restore(
    nanos: &ArrayRef,
    seconds: &ArrayRef,
    to: &DataType,
) -> (ArrayRef, Vec<Int96Misfit>) {
    let mut misfits = vec![None; nanos.len()];
    let column = restored(nanos, seconds, to, &mut misfits);
    (column, misfits)
}

/// `misfits` has one entry for each item of `nanos`.
fn restored(
    nanos: &ArrayRef,
    seconds: &ArrayRef,
    to: &DataType,
    misfits: &mut [Int96Misfit],
) -> ArrayRef {
    use DataType as T;
    match (nanos.data_type(), to) {
        (from, _) if from == seconds.data_type() => Arc::clone(nanos),
        (T::Timestamp(_, _), T::Timestamp(unit, zone)) => {
            moments(nanos, seconds, (*unit, zone.as_ref()), misfits)
        }
        (T::List(_), T::List(item)) => lists::<i32>((nanos, seconds), item, misfits),
        (T::LargeList(_), T::LargeList(item)) => lists::<i64>((nanos, seconds), item, misfits),
        (T::Struct(_), T::Struct(fields)) => structs((nanos, seconds), fields, misfits),
        _ => {
            for misfit in misfits {
                *misfit = Some("timestamps of INT96 are not read within such a type".to_owned());
            }
            Arc::clone(nanos)
        }
    }
}

fn lists<O: OffsetSizeTrait>(
    (nanos, seconds): (&ArrayRef, &ArrayRef),
    item: &FieldRef,
    misfits: &mut [Int96Misfit],
) -> ArrayRef {
    let list = nanos.as_list::<O>();
    let seconds = seconds.as_list::<O>();
    let mut inner = vec![None; list.values().len()];
    let values = restored(
        list.values(),
        seconds.values(),
        item.data_type(),
        &mut inner,
    );
    for (misfit, pair) in misfits.iter_mut().zip(list.value_offsets().windows(2)) {
        let items = inner.get_mut(pair[0].as_usize()..pair[1].as_usize());
        let first = items.and_then(|items| items.iter_mut().find_map(Option::take));
        // Another field of the row may have one.
        if misfit.is_none() {
            *misfit = first;
        }
    }
    let item = Arc::new(Field::new(item.name(), values.data_type().clone(), true));
    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
    Arc::new(GenericListArray::<O>::new(item, offsets, values, nulls))
}

/// Fields are known by name: of a struct, those that are asked for are decoded.
fn structs(
    (nanos, seconds): (&ArrayRef, &ArrayRef),
    fields: &Fields,
    misfits: &mut [Int96Misfit],
) -> ArrayRef {
    let nulls = nanos.nulls().cloned();
    let (nanos, seconds) = (nanos.as_struct(), seconds.as_struct());
    let decoded = nanos.fields().iter().zip(nanos.columns());
    let mut inner = vec![None; misfits.len()];
    let columns = decoded.map(|(field, nanos)| {
        // One without any timestamp of INT96 is not decoded twice.
        let seconds = seconds.column_by_name(field.name()).unwrap_or(nanos);
        match fields.find(field.name()) {
            Some((_, to)) => restored(nanos, seconds, to.data_type(), &mut inner),
            None => Arc::clone(nanos),
        }
    });
    let columns: Vec<ArrayRef> = columns.collect();
    note_valid(misfits, inner, nulls.as_ref());
    let fields = nanos.fields().iter().zip(&columns);
    let fields: Fields = fields
        .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true))
        .collect();
    Arc::new(StructArray::new(fields, columns, nulls))
}

/// Notes the misfits in a struct with these nulls, unless a row has one: what
/// lies below a null may be anything.
pub(super) fn note_valid(
    misfits: &mut [Int96Misfit],
    inner: Vec<Int96Misfit>,
    nulls: Option<&NullBuffer>,
) {
    for (row, (misfit, inner)) in misfits.iter_mut().zip(inner).enumerate() {
        let is_valid = nulls.is_none_or(|nulls| nulls.is_valid(row));
        if is_valid && misfit.is_none() {
            *misfit = inner;
        }
    }
}

fn moments(
    nanos: &ArrayRef,
    seconds: &ArrayRef,
    (unit, zone): (TimeUnit, Option<&Arc<str>>),
    misfits: &mut [Int96Misfit],
) -> ArrayRef {
    let wrapped = nanos.as_primitive::<TimestampNanosecondType>();
    let seconds = seconds.as_primitive::<TimestampSecondType>();
    let moments = wrapped.iter().zip(seconds).zip(misfits);
    let moments = moments.map(|((wrapped, seconds), misfit)| {
        let (wrapped, seconds) = wrapped.zip(seconds)?;
        match moment(wrapped, seconds, unit) {
            Ok(moment) => Some(moment),
            Err(reason) => {
                *misfit = Some(reason);
                Some(0)
            }
        }
    });
    let moments: Int64Array = moments.collect();
    let zone = zone.cloned();
    match unit {
        TimeUnit::Second => timed::<TimestampSecondType>(&moments, zone),
        TimeUnit::Millisecond => timed::<TimestampMillisecondType>(&moments, zone),
        TimeUnit::Microsecond => timed::<TimestampMicrosecondType>(&moments, zone),
        TimeUnit::Nanosecond => timed::<TimestampNanosecondType>(&moments, zone),
    }
}

fn timed<T: ArrowTimestampType>(moments: &Int64Array, zone: Option<Arc<str>>) -> ArrayRef {
    let moments = moments.reinterpret_cast::<T>();
    Arc::new(moments.with_timezone_opt(zone))
}

/// A moment in `unit`, of its whole seconds and its nanoseconds modulo 2^64.
fn moment(wrapped: i64, seconds: i64, unit: TimeUnit) -> Result<i64, String> {
    const NANOS: i64 = 1_000_000_000;
    let (name, per_second) = match unit {
        TimeUnit::Second => ("s", 1),
        TimeUnit::Millisecond => ("ms", 1_000),
        TimeUnit::Microsecond => ("us", 1_000_000),
        TimeUnit::Nanosecond => ("ns", NANOS),
    };
    let rest = wrapped.wrapping_sub(seconds.wrapping_mul(NANOS));
    let step = NANOS / per_second;
    let refused = |why: &str| {
        format!(
            "expected timestamps that timestamp[{name}] holds, got one {why}: {seconds} s since 1970"
        )
    };
    if !(0..NANOS).contains(&rest) {
        return Err(refused("outside of its day"));
    }
    if rest % step != 0 {
        return Err(refused("of finer steps"));
    }
    // The seconds before the least of nanoseconds are fewer than 64 bits hold.
    let moment = i128::from(seconds) * i128::from(per_second) + i128::from(rest / step);
    i64::try_from(moment).map_err(|_| {
        let remedy = match unit {
            TimeUnit::Nanosecond => "; `int96 = \"us\"` below [source] has room for it",
            _ => "",
        };
        refused("beyond its range") + remedy
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::{ListArray, TimestampNanosecondArray, TimestampSecondArray};
    use arrow::buffer::OffsetBuffer;

    use super::*;

    const YEAR_9999: i64 = 253_370_764_800;

    fn both(moments: &[(i64, i64)]) -> (ArrayRef, ArrayRef) {
        let wrapped = |(seconds, nanos): &(i64, i64)| {
            seconds.wrapping_mul(1_000_000_000).wrapping_add(*nanos)
        };
        let nanos: Vec<i64> = moments.iter().map(wrapped).collect();
        let seconds: Vec<i64> = moments.iter().map(|(seconds, _)| *seconds).collect();
        (
            Arc::new(TimestampNanosecondArray::from(nanos)),
            Arc::new(TimestampSecondArray::from(seconds)),
        )
    }

    #[test]
    fn what_a_unit_holds_is_exact_and_the_rest_is_refused() {
        let at = |seconds: i64, nanos: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(nanos);
        let of = |seconds, nanos, unit| moment(at(seconds, nanos), seconds, unit);
        assert_eq!(of(-1, 999_999_999, TimeUnit::Nanosecond), Ok(-1));
        assert_eq!(
            of(YEAR_9999, 1_000, TimeUnit::Microsecond),
            Ok(YEAR_9999 * 1_000_000 + 1)
        );
        assert_eq!(
            of(YEAR_9999, 0, TimeUnit::Nanosecond).unwrap_err(),
            "expected timestamps that timestamp[ns] holds, got one beyond its range: \
             253370764800 s since 1970; `int96 = \"us\"` below [source] has room for it"
        );
        let finer = of(7, 1_001, TimeUnit::Microsecond).unwrap_err();
        assert!(finer.contains("of finer steps"), "{finer}");
        let outside = of(7, 1_000_000_000, TimeUnit::Nanosecond).unwrap_err();
        assert!(outside.contains("outside of its day"), "{outside}");
        // The extremes of 64 bits.
        assert_eq!(
            of(9_223_372_036, 854_775_807, TimeUnit::Nanosecond),
            Ok(i64::MAX)
        );
        assert!(of(9_223_372_036, 854_775_808, TimeUnit::Nanosecond).is_err());
    }

    #[test]
    fn lists_tell_the_row() {
        let (nanos, seconds) = both(&[(1, 0), (YEAR_9999, 0), (2, 5)]);
        let list = |values: ArrayRef| -> ArrayRef {
            let item = Arc::new(Field::new("item", values.data_type().clone(), true));
            let offsets = OffsetBuffer::new(vec![0, 1, 3, 3].into());
            Arc::new(ListArray::new(item, offsets, values, None))
        };
        let (nanos, seconds) = (list(nanos), list(seconds));
        let (column, misfits) = restore(&nanos, &seconds, nanos.data_type());
        assert_eq!(column.data_type(), nanos.data_type());
        let bad: Vec<bool> = misfits.iter().map(Option::is_some).collect();
        assert_eq!(bad, [false, true, false]);
    }
}
