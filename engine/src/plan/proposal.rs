//! What lines of JSON were seen to hold, as a proposal of columns.

use arrow::datatypes::DataType;

/// A line of the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The index of the file, or of whatever the lines were taken from.
    pub file: u32,
    /// The line, from 0.
    pub line: u64,
}

/// What was seen of one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// The key, or the name that was asked for.
    pub name: String,
    /// The keys that lead to the value, from the top object down.
    pub path: Vec<String>,
    /// The type that holds its values.
    pub found: Found,
    /// The first value, in words, that this type does not hold all the same: a
    /// float beyond 64 bits.
    pub misfit: Option<(String, Place)>,
    /// Where its lists hold nulls, if they do.
    pub holes: Option<Holes>,
}

/// Lines in which a list of one key holds a null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holes {
    /// How many of those that were looked at.
    pub n_rows: u64,
    /// The first of them.
    pub first: Place,
}

/// Which type holds the values of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// This one; items of lists and fields of structs may be null.
    Type(DataType),
    /// No line has the key.
    Absent,
    /// Nothing says: all is empty.
    Untyped {
        /// The key it is about: `tags[]`, `meta.a`.
        at: String,
        /// What there is instead of values.
        what: &'static str,
        /// The first line that has it.
        place: Place,
    },
    /// No type holds them all.
    Conflict(Conflict),
}

/// Values that no one type holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// The key it is about: `n`, `meta.n`, `tags[]`.
    pub at: String,
    /// A kind of value, in words, and where it came first.
    pub first: (String, Place),
    /// Another one, unless the first fits no type by itself.
    pub second: Option<(String, Place)>,
}

impl Conflict {
    /// The type in `[source.schema]` that holds the key's values.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        "json"
    }
}
