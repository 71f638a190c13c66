//! Dotted paths: `meta.url` is the field `url` of the struct `meta`, unless a
//! column has that name itself.

use arrow::datatypes::{DataType, Field, Fields, Schema};

/// Paths listed of one column, at most.
const MOST_PATHS: usize = 12;

/// Where a path leads: the index of a column, then of a field in each struct.
pub(crate) type LeafPlace = Vec<usize>;

/// The column that `name` names in `schema`, or the field that it leads to.
/// Where names hold dots of their own, the longest name counts.
pub(crate) fn find(schema: &Schema, name: &str) -> Option<LeafPlace> {
    let mut place = Vec::new();
    walk(schema.fields(), name, &mut place).then_some(place)
}

fn walk(fields: &Fields, path: &str, place: &mut LeafPlace) -> bool {
    if let Some(index) = only(fields, path) {
        place.push(index);
        return true;
    }
    for (dot, _) in path.rmatch_indices('.') {
        let (Some(name), Some(rest)) = (path.get(..dot), path.get(dot + 1..)) else {
            continue;
        };
        let Some(index) = only(fields, name) else {
            continue;
        };
        if let DataType::Struct(inner) = fields[index].data_type() {
            place.push(index);
            if walk(inner, rest, place) {
                return true;
            }
            place.pop();
        }
    }
    false
}

/// The index of the only field of this name.
fn only(fields: &Fields, name: &str) -> Option<usize> {
    let mut found = (0..fields.len()).filter(|&index| fields[index].name() == name);
    found.next().filter(|_| found.next().is_none())
}

/// The field at `place`, called `name`; null where a struct around it is.
pub(crate) fn field_at(schema: &Schema, place: &[usize], name: &str) -> Option<Field> {
    let (&root, inner) = place.split_first()?;
    let mut field = schema.fields().get(root)?;
    let mut nullable = field.is_nullable();
    for &index in inner {
        let DataType::Struct(fields) = field.data_type() else {
            return None;
        };
        field = fields.get(index)?;
        nullable |= field.is_nullable();
    }
    let found = Field::clone(field).with_name(name).with_nullable(nullable);
    Some(found)
}

/// The paths of what a struct called `name` holds, the first few of them.
pub(crate) fn paths(name: &str, data_type: &DataType) -> Vec<String> {
    let mut found = Vec::new();
    add_paths(name, data_type, &mut found);
    found
}

fn add_paths(name: &str, data_type: &DataType, found: &mut Vec<String>) {
    let DataType::Struct(fields) = data_type else {
        return;
    };
    for field in fields {
        if found.len() == MOST_PATHS {
            return;
        }
        let path = format!("{name}.{}", field.name());
        match field.data_type() {
            DataType::Struct(_) => add_paths(&path, field.data_type(), found),
            _ => found.push(path),
        }
    }
}

/// Whether `data_type` is a struct, or a list of structs.
pub(crate) fn is_nested(data_type: &DataType) -> bool {
    use DataType as T;
    match data_type {
        T::Struct(_) => true,
        T::List(item)
        | T::LargeList(item)
        | T::FixedSizeList(item, _)
        | T::ListView(item)
        | T::LargeListView(item) => is_nested(item.data_type()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        let leaf = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
        let inner = DataType::Struct(vec![leaf("x", false), leaf("y.z", true)].into());
        let meta = vec![
            leaf("url", false),
            Field::new("in", inner, false),
            leaf("twice", true),
            leaf("twice", true),
        ];
        Schema::new(vec![
            Field::new("meta", DataType::Struct(meta.into()), true),
            leaf("meta.url.raw", false),
            leaf("a.b", false),
        ])
    }

    #[test]
    fn a_column_of_the_name_wins_over_the_path() {
        let schema = schema();
        for (name, expected) in [
            ("meta", Some(vec![0])),
            ("meta.url", Some(vec![0, 0])),
            ("meta.in", Some(vec![0, 1])),
            ("meta.in.x", Some(vec![0, 1, 0])),
            ("meta.in.y.z", Some(vec![0, 1, 1])),
            ("meta.url.raw", Some(vec![1])),
            ("a.b", Some(vec![2])),
            ("a", None),
            ("meta.", None),
            ("meta.url.", None),
            ("meta.twice", None),
            (".", None),
        ] {
            assert_eq!(find(&schema, name), expected, "{name}");
        }
    }

    #[test]
    fn a_leaf_is_null_where_what_is_around_it_is() {
        let schema = schema();
        let url = field_at(&schema, &[0, 0], "meta.url").unwrap();
        assert_eq!(
            url,
            Field::new("meta.url", DataType::Utf8, true),
            "`meta` may be null"
        );
        assert!(!field_at(&schema, &[1], "x").unwrap().is_nullable());
        assert_eq!(field_at(&schema, &[2, 0], "x"), None);
        let meta = schema.field(0);
        assert_eq!(
            paths("meta", meta.data_type()),
            [
                "meta.url",
                "meta.in.x",
                "meta.in.y.z",
                "meta.twice",
                "meta.twice"
            ]
        );
    }
}
