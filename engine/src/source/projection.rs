//! Which columns of a file are decoded, and how the plan's columns come out of
//! them: whole, or as a field within structs.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::nullif;
use arrow::datatypes::{DataType, Schema};
use parquet::arrow::ProjectionMask;
use parquet::schema::types::{SchemaDescriptor, Type};

/// See the module text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Projection {
    /// The columns of the file that are decoded, ascending.
    roots: Vec<usize>,
    /// For each column of the plan, where it comes from.
    picks: Vec<Pick>,
}

/// A column of the file, and the fields that lead into it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pick {
    /// Its place among those decoded.
    at: usize,
    /// The names of a field in each struct, from the column down.
    fields: Vec<String>,
}

impl Projection {
    /// Columns and fields by their places in the schema of the file.
    pub(super) fn new(file: &Schema, places: &[Vec<usize>]) -> Self {
        let root = |place: &Vec<usize>| place.first().copied().unwrap_or(0);
        let mut roots: Vec<usize> = places.iter().map(root).collect();
        roots.sort_unstable();
        roots.dedup();
        let pick = |place: &Vec<usize>| Pick {
            at: roots.binary_search(&root(place)).unwrap_or(0),
            fields: names(file, place),
        };
        Self {
            picks: places.iter().map(pick).collect(),
            roots,
        }
    }

    /// The columns of the file to decode, ascending.
    pub(super) fn roots(&self) -> &[usize] {
        &self.roots
    }

    /// The plan's columns out of those decoded.
    pub(super) fn pick(&self, decoded: &[ArrayRef]) -> Result<Vec<ArrayRef>, String> {
        self.picks.iter().map(|pick| pick.of(decoded)).collect()
    }

    /// The leaves of a Parquet file that hold the plan's columns, no others.
    pub(super) fn mask(&self, descriptor: &SchemaDescriptor) -> ProjectionMask {
        let fields = descriptor.root_schema().get_fields();
        let mut leaves = Vec::new();
        for pick in &self.picks {
            let root = self.roots.get(pick.at).copied().unwrap_or(0);
            let before: usize = fields.iter().take(root).map(|field| n_leaves(field)).sum();
            if let Some(field) = fields.get(root) {
                let (first, n) = below(field, &pick.fields, before);
                leaves.extend(first..first + n);
            }
        }
        ProjectionMask::leaves(descriptor, leaves)
    }
}

impl Pick {
    /// A field is null where a struct around it is.
    fn of(&self, decoded: &[ArrayRef]) -> Result<ArrayRef, String> {
        let lost = || format!("the column has no field \"{}\"", self.fields.join("."));
        let mut array = decoded.get(self.at).ok_or_else(lost)?.clone();
        for name in &self.fields {
            let outer = array.as_struct_opt().ok_or_else(lost)?;
            let inner = outer.column_by_name(name).ok_or_else(lost)?;
            array = match outer.nulls() {
                None => inner.clone(),
                Some(nulls) => {
                    let is_null = BooleanArray::new(!nulls.inner(), None);
                    nullif(inner, &is_null).map_err(|e| e.to_string())?
                }
            };
        }
        Ok(array)
    }
}

/// The names of the fields that a place leads through, below the column.
fn names(file: &Schema, place: &[usize]) -> Vec<String> {
    let mut names = Vec::new();
    let root = place.first().and_then(|&root| file.fields().get(root));
    let mut data_type = root.map(|field| field.data_type());
    for &index in place.iter().skip(1) {
        let Some(DataType::Struct(fields)) = data_type else {
            break;
        };
        let Some(field) = fields.get(index) else {
            break;
        };
        names.push(field.name().clone());
        data_type = Some(field.data_type());
    }
    names
}

/// The first leaf below `names` in `field`, whose own first leaf is `first`, and
/// how many there are.
fn below(field: &Type, names: &[String], first: usize) -> (usize, usize) {
    let whole = (first, n_leaves(field));
    let Some((name, rest)) = names.split_first() else {
        return whole;
    };
    if !field.is_group() {
        return whole;
    }
    let fields = field.get_fields();
    let Some(index) = fields.iter().position(|field| field.name() == name) else {
        return whole;
    };
    let before: usize = fields.iter().take(index).map(|field| n_leaves(field)).sum();
    below(&fields[index], rest, first + before)
}

fn n_leaves(field: &Type) -> usize {
    if field.is_group() {
        field.get_fields().iter().map(|field| n_leaves(field)).sum()
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int32Array, StructArray};
    use arrow::buffer::NullBuffer;
    use arrow::datatypes::{Field, Fields};

    use super::*;

    #[test]
    fn a_field_is_null_where_a_struct_around_it_is() {
        let leaf = Int32Array::from(vec![Some(1), None, Some(3), Some(4)]);
        let fields: Fields = vec![Field::new("n", DataType::Int32, true)].into();
        let nulls = NullBuffer::from(vec![true, true, false, true]);
        let inner = StructArray::new(fields, vec![Arc::new(leaf)], Some(nulls));
        let fields: Fields = vec![
            Field::new("other", DataType::Int32, true),
            Field::new("in", inner.data_type().clone(), true),
        ]
        .into();
        let other = Arc::new(Int32Array::from(vec![7, 7, 7, 7]));
        let nulls = NullBuffer::from(vec![true, true, true, false]);
        let outer = StructArray::new(fields, vec![other, Arc::new(inner)], Some(nulls));
        let schema = Schema::new(vec![
            Field::new("first", DataType::Int32, false),
            Field::new("out", outer.data_type().clone(), true),
        ]);
        let projection = Projection::new(&schema, &[vec![1, 1, 0], vec![1]]);
        assert_eq!(projection.roots(), [1]);
        let picked = projection.pick(&[Arc::new(outer.clone())]).unwrap();
        let expected = Int32Array::from(vec![Some(1), None, None, None]);
        assert_eq!(picked[0].as_ref(), &expected);
        assert_eq!(picked[1].as_ref(), &outer);
        let sliced = projection.pick(&[Arc::new(outer.slice(1, 2))]).unwrap();
        assert_eq!(sliced[0].as_ref(), &expected.slice(1, 2));
        assert!(projection.pick(&[]).is_err());
    }
}
