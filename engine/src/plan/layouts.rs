//! Which Arrow types are spellings of one another: they differ in how values
//! lie in memory, never in what the values are.
//!
//! Text is text whether its offsets have 32 or 64 bits, whether it lies behind
//! views, and whether a dictionary or runs share it between rows. Numbers of
//! different width are different types.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};

/// The type of the values themselves: no dictionary, no runs, and no views of
/// lists, at any depth. Batches come in these types.
pub(crate) fn plain(data_type: &DataType) -> DataType {
    use DataType as T;
    match data_type {
        T::Dictionary(_, values) => plain(values),
        T::RunEndEncoded(_, values) => plain(values.data_type()),
        T::List(item) | T::ListView(item) => T::List(with_type(item, plain)),
        T::LargeList(item) | T::LargeListView(item) => T::LargeList(with_type(item, plain)),
        T::FixedSizeList(item, len) => T::FixedSizeList(with_type(item, plain), *len),
        T::Struct(fields) => T::Struct(each(fields, plain)),
        other => other.clone(),
    }
}

/// The schema of the batches in which the columns of `projection` come.
pub(crate) fn plain_schema(projection: &Schema) -> SchemaRef {
    with_types(projection, plain)
}

/// `schema` with the type that `of` gives for each column.
pub(crate) fn with_types(schema: &Schema, of: fn(&DataType) -> DataType) -> SchemaRef {
    Arc::new(Schema::new(each(schema.fields(), of)))
}

/// Whether values of the one type can be had in the other, each of them
/// unchanged: both hold the same values, or one has none.
pub(crate) fn same_values(one: &DataType, other: &DataType) -> bool {
    common(one, other).is_some()
}

/// A type for the values of both, or `None` where they are not of one kind.
/// Fields of structs must have the same names in the same order.
pub(crate) fn common(one: &DataType, other: &DataType) -> Option<DataType> {
    if one == other {
        return Some(one.clone());
    }
    match (one, other) {
        (DataType::Null, values) | (values, DataType::Null) => Some(values.clone()),
        _ => {
            let wide = widest(one);
            (wide == widest(other)).then(|| narrower(one, other, wide))
        }
    }
}

/// Types that differ in names or in whether items may be null need no wider
/// offsets.
fn narrower(one: &DataType, other: &DataType, wide: DataType) -> DataType {
    match (one, other) {
        (DataType::List(_), DataType::List(item)) if !item.data_type().is_nested() => {
            DataType::List(nullable("item", plain(item.data_type())))
        }
        _ => wide,
    }
}

/// The plain type with the widest offsets, whose items may be null.
pub(crate) fn widest(data_type: &DataType) -> DataType {
    use DataType as T;
    let item = |item: &FieldRef| nullable("item", widest(item.data_type()));
    match plain(data_type) {
        T::Utf8 | T::LargeUtf8 | T::Utf8View => T::LargeUtf8,
        T::Binary | T::LargeBinary | T::BinaryView => T::LargeBinary,
        T::List(of) | T::LargeList(of) => T::LargeList(item(&of)),
        T::FixedSizeList(of, len) => T::FixedSizeList(item(&of), len),
        T::Struct(fields) => {
            let field = |field: &FieldRef| nullable(field.name(), widest(field.data_type()));
            T::Struct(fields.iter().map(field).collect())
        }
        other => other,
    }
}

fn nullable(name: &str, data_type: DataType) -> FieldRef {
    Arc::new(Field::new(name, data_type, true))
}

fn each(fields: &Fields, of: fn(&DataType) -> DataType) -> Fields {
    fields.iter().map(|field| with_type(field, of)).collect()
}

fn with_type(field: &FieldRef, of: fn(&DataType) -> DataType) -> FieldRef {
    let data_type = of(field.data_type());
    if data_type == *field.data_type() {
        return Arc::clone(field);
    }
    Arc::new(Field::clone(field).with_data_type(data_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(item: DataType) -> DataType {
        DataType::List(Arc::new(Field::new_list_field(item, true)))
    }

    fn dictionary(keys: DataType, values: DataType) -> DataType {
        DataType::Dictionary(Box::new(keys), Box::new(values))
    }

    fn pair(one: &str, other: &str) -> DataType {
        let field = |name: &str| Field::new(name, DataType::Int32, true);
        DataType::Struct(vec![field(one), field(other)].into())
    }

    #[test]
    fn spellings_of_one_type_go_together() {
        use DataType as T;
        let texts = [
            T::Utf8,
            T::LargeUtf8,
            T::Utf8View,
            dictionary(T::Int8, T::Utf8),
            dictionary(T::UInt32, T::LargeUtf8),
        ];
        for one in &texts {
            for other in &texts {
                let both = common(one, other).unwrap();
                let expected = if one == other { one } else { &T::LargeUtf8 };
                assert_eq!(&both, expected);
            }
            assert!(!same_values(one, &T::Binary), "{one}");
            assert_eq!(common(one, &T::Null).as_ref(), Some(one));
        }
        assert!(same_values(
            &list(T::Int32),
            &list(dictionary(T::Int8, T::Int32))
        ));
        let item = Arc::new(Field::new("element", T::Int32, false));
        assert!(same_values(&list(T::Int32), &T::LargeList(item.clone())));
        let named = T::List(item);
        assert_eq!(common(&named, &list(T::Int32)), Some(list(T::Int32)));
    }

    #[test]
    fn other_types_do_not() {
        use DataType as T;
        for (one, other) in [
            (T::Int32, T::Int64),
            (T::Int64, T::UInt64),
            (T::Float32, T::Float64),
            (list(T::Int32), list(T::Int64)),
            (T::Utf8, T::Int64),
            (pair("a", "b"), pair("b", "a")),
        ] {
            assert_eq!(common(&one, &other), None, "{one} and {other}");
        }
    }

    #[test]
    fn plain_types_have_no_dictionary_at_any_depth() {
        use DataType as T;
        let inner = dictionary(T::Int8, T::Boolean);
        assert_eq!(plain(&inner), T::Boolean);
        assert_eq!(plain(&list(inner)), list(T::Boolean));
        let runs = T::RunEndEncoded(
            Arc::new(Field::new("run_ends", T::Int32, false)),
            Arc::new(Field::new("values", T::Float16, true)),
        );
        assert_eq!(plain(&runs), T::Float16);
        assert_eq!(plain(&T::Utf8View), T::Utf8View);
    }
}
