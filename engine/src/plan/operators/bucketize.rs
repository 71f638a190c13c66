//! `bucketize`: in which bin each number lies.

use std::sync::Arc;

use fuelrail_kernels::map::{Edge, Map, MapError, Side};
use fuelrail_kernels::{Element, Kernel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::columns::{MapColumns, NamedColumn, numbers, place};
use crate::error::Error;
use crate::plan::numbers::with_element;
use crate::plan::output::OutputColumn;
use crate::plan::spelling::{ColumnNames, Constant};
use crate::plan::step_result::StepResult;
use crate::plan::steps::ColumnChange;

/// Counts the edges below each number, which tells its bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketizeSpec {
    /// One column or several: of numbers or of lists of numbers, which keep their
    /// shape. Nulls stay null.
    pub column: ColumnNames,
    /// Where one bin ends and the next begins: finite numbers that ascend; equal
    /// ones may follow each other. They are compared as they are written, whole
    /// ones of 64 bits too, whatever type the column has.
    #[schemars(length(min = 1, max = 1_048_576))]
    pub edges: Vec<Constant>,
    /// Where a number goes that equals an edge (default: false): with false, to the
    /// bin that ends there, `edges[i-1] < x <= edges[i]`, as `side="left"` of
    /// `numpy.searchsorted`; with true, to the one that begins there,
    /// `edges[i-1] <= x < edges[i]`, as `side="right"`.
    #[serde(default)]
    pub right: bool,
}

impl BucketizeSpec {
    /// Puts the numbers of `column` in bins between `edges`, each of which holds its
    /// upper edge.
    pub fn new(column: impl Into<ColumnNames>, edges: Vec<Constant>) -> Self {
        Self {
            column: column.into(),
            edges,
            right: false,
        }
    }

    /// The map from numbers of this type to indices.
    fn map(&self, from: Element) -> Result<Map, MapError> {
        let edges: Vec<Edge> = self.edges.iter().map(|edge| edge_of(*edge)).collect();
        let side = if self.right { Side::Right } else { Side::Left };
        let map = Map::read(from).search(&edges, side)?;
        map.write(index_type(edges.len()))
    }

    /// What is wrong with the edges, at the first that is.
    fn refused(&self, error: &MapError) -> (Error, String) {
        match error {
            MapError::Count { most, .. } => {
                let got = self.edges.len();
                let message = format!("edges: expected 1 to {most} numbers, got {got}");
                (Error::pipeline(message), "edges".to_owned())
            }
            MapError::NotFinite { value, .. } => {
                let is_it = |edge: &Constant| !edge.to_f64().is_finite();
                let key = at(self.edges.iter().position(is_it).unwrap_or(0));
                let message = format!("{key}: expected a finite number, got {value}");
                let error = Error::pipeline(message);
                let hint = "leave it out: what lies beyond all other edges has a bin of its own";
                if value.is_infinite() {
                    (error.with_hint(hint), key)
                } else {
                    (error, key)
                }
            }
            MapError::Order {
                index,
                before,
                after,
            } => {
                let key = at(*index);
                let (before, after) = (exact(*before), exact(*after));
                let message =
                    format!("{key}: expected edges that ascend, got {after} behind {before}");
                (Error::pipeline(message), key)
            }
            other => (Error::internal(other.to_string()), "edges".to_owned()),
        }
    }

    /// What is done to numbers of type `from`.
    fn in_words(&self, from: Element) -> String {
        let to = index_type(self.edges.len());
        let text = |edge: &Constant| exact(edge_of(*edge));
        let edges = match self.edges.as_slice() {
            [first, .., last] => {
                let (n, first, last) = (self.edges.len(), text(first), text(last));
                format!("{n} edges from {first} to {last}")
            }
            [only] => format!("1 edge, {}", text(only)),
            [] => "no edges".to_owned(),
        };
        let side = if self.right { "lower" } else { "upper" };
        format!("{from} -> {to}, bins between {edges}, each with its {side} edge")
    }
}

impl MapColumns for BucketizeSpec {
    fn columns(&self) -> &ColumnNames {
        &self.column
    }

    fn identity(&self) -> Vec<(&'static str, Value)> {
        let edges: Vec<String> = self
            .edges
            .iter()
            .map(|edge| exact(edge_of(*edge)))
            .collect();
        vec![("edges", json!(edges)), ("right", json!(self.right))]
    }

    /// The column must hold numbers, and the edges must ascend.
    fn change(&self, named: NamedColumn) -> StepResult<ColumnChange> {
        let NamedColumn { index, column, .. } = named;
        let from = numbers(&column).map_err(|error| (error, place(index)))?;
        let map = self.map(from).map_err(|error| self.refused(&error))?;
        let to = map.to();
        let (data_type, meaning) = with_element(&column.data_type, to);
        Ok(ColumnChange {
            kernels: vec![Kernel::Map(Arc::new(map))],
            fill: None,
            layout: None,
            files: None,
            identity: json!({ "from": from.name(), "to": to.name() }),
            words: self.in_words(from),
            output: OutputColumn {
                data_type,
                meaning,
                ..column
            },
        })
    }
}

/// The smallest type that holds every count of so many edges.
fn index_type(n_edges: usize) -> Element {
    match n_edges {
        0..=0xff => Element::U8,
        0x100..=0xffff => Element::U16,
        _ => Element::U32,
    }
}

/// The key of one edge.
fn at(index: usize) -> String {
    format!("edges[{index}]")
}

fn edge_of(constant: Constant) -> Edge {
    match constant {
        Constant::Whole(number) => Edge::Whole(number),
        Constant::Real(number) => Edge::Real(number),
    }
}

/// An edge as text, the same for all ways to write it: `2` for 2.0 and 2e0 too.
fn exact(edge: Edge) -> String {
    match edge {
        Edge::Whole(number) => number.to_string(),
        Edge::Real(number) => {
            let is_whole = number.fract() == 0.0 && number.abs() < WHOLE_END;
            #[expect(clippy::cast_possible_truncation, reason = "checked to be exact")]
            let whole = is_whole.then_some(number as i128);
            whole.map_or_else(|| format!("{number:?}"), |whole| whole.to_string())
        }
    }
}

/// 2^64: whole numbers of a pipeline file lie below.
const WHOLE_END: f64 = 18_446_744_073_709_551_616.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_type_holds_the_number_of_edges_and_is_the_smallest() {
        for (n_edges, to) in [
            (1, Element::U8),
            (255, Element::U8),
            (256, Element::U16),
            (65_535, Element::U16),
            (65_536, Element::U32),
            (1 << 20, Element::U32),
        ] {
            let edges = (0..n_edges).map(Constant::Whole).collect();
            let map = BucketizeSpec::new("x", edges).map(Element::F32).unwrap();
            assert_eq!(map.to(), to, "{n_edges}");
            assert!(map.always_fits(), "{n_edges}");
        }
    }

    #[test]
    fn an_edge_has_one_text_however_it_is_written() {
        for (edge, text) in [
            (Edge::Whole(2), "2"),
            (Edge::Real(2.0), "2"),
            (Edge::Real(-0.0), "0"),
            (Edge::Real(0.1), "0.1"),
            (Edge::Real(-2.5), "-2.5"),
            (Edge::Whole(9_007_199_254_740_993), "9007199254740993"),
            (Edge::Real(9_007_199_254_740_994.0), "9007199254740994"),
            (Edge::Whole(u64::MAX.into()), "18446744073709551615"),
            (Edge::Real(1e300), "1e300"),
        ] {
            assert_eq!(exact(edge), text);
        }
    }
}
