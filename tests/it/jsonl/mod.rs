//! The reader of JSON lines against another parser, and against the grammar.

mod grammar;
mod lines;
mod model;
mod numbers;
mod tree;
mod values;

use fuelrail::plan::{NotFinite, Place};
use fuelrail::source::{Observer, Selection};

/// Whether a line is taken as a row when all of its keys are looked at, and
/// when none is: a key that comes twice further in is no fault of the line.
fn taken(line: &[u8]) -> [bool; 2] {
    [Selection::All, Selection::Names(Vec::new())].map(|selection| {
        let mut observer = Observer::new(&selection, NotFinite::Refused);
        observer.line(line, Place { file: 0, line: 0 });
        assert_eq!(observer.n_rows() + observer.n_bad() > 0, !is_blank(line));
        observer.n_rows() == 1
    })
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|b| b" \t\r\n".contains(b))
}
