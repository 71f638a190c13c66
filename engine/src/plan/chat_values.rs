//! Which values of columns a chat template can be given: those that JSON has.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::type_names::type_name;

/// Whether values of this type, or the items of its lists, have the like in JSON.
/// A struct is given with those of its fields that have.
pub(crate) fn has_value(data_type: &DataType) -> bool {
    use DataType as T;
    match data_type {
        T::List(item) | T::LargeList(item) | T::FixedSizeList(item, _) => {
            has_value(item.data_type())
        }
        T::Struct(_) | T::Null | T::Boolean | T::Utf8 | T::LargeUtf8 | T::Utf8View => true,
        other => other.is_integer() || other.is_floating(),
    }
}

/// A path within a column whose values have no like in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unlike {
    /// The name of the field.
    pub(super) field: String,
    /// The path and the type: `messages[].sent: timestamp[us]`.
    pub(super) what: String,
}

/// The paths within the column `name` that a template cannot be given.
pub(super) fn unlike(name: &str, data_type: &DataType) -> Vec<Unlike> {
    let mut found = Vec::new();
    add_unlike(name, data_type, &mut found);
    found
}

fn add_unlike(path: &str, data_type: &DataType, found: &mut Vec<Unlike>) {
    use DataType as T;
    match data_type {
        T::List(item) | T::LargeList(item) | T::FixedSizeList(item, _) => {
            add_unlike(&format!("{path}[]"), item.data_type(), found);
        }
        T::Struct(fields) => {
            let add = |field: &Arc<Field>| {
                add_unlike(
                    &format!("{path}.{}", field.name()),
                    field.data_type(),
                    found,
                );
            };
            fields.iter().for_each(add);
        }
        other if !has_value(other) => {
            let field = path.trim_end_matches("[]").rsplit('.').next();
            found.push(Unlike {
                field: field.unwrap_or(path).to_owned(),
                what: format!("{path}: {}", type_name(other)),
            });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::TimeUnit;

    use super::*;

    #[test]
    fn what_json_has_no_like_of_is_found_at_any_depth() {
        let list = |item| DataType::List(Arc::new(Field::new_list_field(item, true)));
        let time = DataType::Timestamp(TimeUnit::Second, None);
        let inner = vec![
            Field::new("at", list(time.clone()), true),
            Field::new("n", DataType::Float16, true),
        ];
        let message = vec![
            Field::new("role", DataType::LargeUtf8, true),
            Field::new("image", DataType::Binary, true),
            Field::new("meta", DataType::Struct(inner.into()), true),
        ];
        let column = list(DataType::Struct(message.into()));
        let found = unlike("messages", &column);
        let what: Vec<_> = found.iter().map(|it| (&*it.field, &*it.what)).collect();
        assert_eq!(
            what,
            [
                ("image", "messages[].image: binary"),
                ("at", "messages[].meta.at[]: timestamp[s]"),
            ]
        );
        assert!(has_value(&column) && !has_value(&list(time)));
    }
}
