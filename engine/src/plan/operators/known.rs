//! What steps know of the tensors of a batch.

use super::table::Refusal;
use crate::plan::{Dtype, suggest};

/// A tensor of a batch, as steps know it.
#[derive(Debug, Clone)]
pub struct KnownTensor<'a> {
    /// Its name.
    pub name: &'a str,
    /// The column that it is of.
    pub column: &'a str,
    /// What its rows hold.
    pub held: Held<'a>,
    /// The type of its elements.
    pub dtype: Dtype,
    /// Its dimensions behind the first.
    pub inner: &'a [u64],
    /// Whether each row of the batch has a value of its own, or several of one shape.
    pub is_fixed: bool,
}

/// What the rows of a tensor hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held<'a> {
    /// Bytes of one shape.
    Images(&'a [u64]),
    /// Bytes, as many as there are.
    Bytes,
    /// Something else, in words.
    Other(String),
}

/// What a column's rows hold.
fn held<'a>(column: &str, known: &'a [KnownTensor<'a>]) -> Result<&'a Held<'a>, Refusal> {
    if let Some(tensor) = known.iter().find(|tensor| tensor.name == column) {
        return Ok(&tensor.held);
    }
    let mut columns: Vec<&str> = known.iter().map(|tensor| tensor.column).collect();
    columns.dedup();
    Err(Refusal::new("column", unknown(column, columns)))
}

/// The shape of a column's images.
pub(super) fn shape_of<'a>(
    column: &str,
    known: &'a [KnownTensor<'a>],
) -> Result<&'a [u64], Refusal> {
    let refused = |what: &str| {
        let message = format!("expected a column of uint8 images of one shape, got {what}");
        Refusal::new("column", message)
    };
    match held(column, known)? {
        Held::Images(shape) => Ok(shape),
        Held::Bytes => Err(refused("uint8 in rows of any length")
            .with_hint("if they are image files, put a step `decode` before this one")),
        Held::Other(what) => Err(refused(what)),
    }
}

/// Refuses a column that does not hold files.
pub(super) fn files_of(column: &str, known: &[KnownTensor<'_>]) -> Result<(), Refusal> {
    let refused = |what: &str| {
        let message = format!("expected a column of bytes of any length, got {what}");
        Refusal::new("column", message)
    };
    match held(column, known)? {
        Held::Bytes => is_new(known, &status_name(column), "column"),
        Held::Images(shape) => Err(refused(&format!("images of shape {shape:?}"))
            .with_hint("they are decoded already: leave `decode` out")),
        Held::Other(what) if is_padded(known, column) => {
            Err(refused(&format!("{what}, filled up to that length"))
                .with_hint("files are not filled up: leave the column out of those that are"))
        }
        Held::Other(what) => Err(refused(what)),
    }
}

/// Whether the rows of a column are filled up to one length.
fn is_padded(known: &[KnownTensor<'_>], column: &str) -> bool {
    let lengths = format!("{column}.lengths");
    known.iter().any(|tensor| tensor.name == lengths)
}

/// The type of a column of coordinates, of which each has `size` numbers.
pub(super) fn numbers_of(
    column: &str,
    known: &[KnownTensor<'_>],
    (key, size): (&'static str, usize),
) -> Result<Dtype, Refusal> {
    let tensor = known.iter().find(|tensor| tensor.name == column);
    let Some(tensor) = tensor else {
        let mut columns: Vec<&str> = known.iter().map(|tensor| tensor.column).collect();
        columns.dedup();
        return Err(Refusal::new(key, unknown(column, columns)));
    };
    let refused = |got: String| {
        let message = format!(
            "expected numbers in rows of shape [..., {size}], or in lists of {size}n, got {got}"
        );
        Err(Refusal::new(key, message))
    };
    if tensor.dtype == Dtype::Bool {
        return refused("bool".to_owned());
    }
    let is_padded = is_padded(known, column);
    let last = tensor.inner.last().copied();
    match (tensor.is_fixed, last) {
        (false, None) => Ok(tensor.dtype),
        (true, Some(length)) if is_padded => {
            if length % size as u64 == 0 {
                return Ok(tensor.dtype);
            }
            let message = format!("expected a max_length of {size}n numbers, got {length}");
            Err(Refusal::new(key, message))
        }
        (true, Some(length)) if length == size as u64 => Ok(tensor.dtype),
        (true | false, _) => refused(format!(
            "{} in rows of shape {:?}",
            tensor.dtype.name(),
            tensor.inner
        )),
    }
}

/// The name of the tensor that says what became of each file of a column.
#[must_use]
pub fn status_name(column: &str) -> String {
    format!("{column}.status")
}

/// Refuses labels whose values of a second row cannot be delivered.
pub(super) fn label_of(known: &[KnownTensor<'_>], label: &str) -> Result<(), Refusal> {
    let refused = |message: String| Err(Refusal::new("labels", message));
    let tensors = || known.iter().filter(|tensor| tensor.column == label);
    if tensors().next().is_none() {
        let mut columns: Vec<&str> = known.iter().map(|tensor| tensor.column).collect();
        columns.dedup();
        return refused(unknown(label, columns));
    }
    if tensors().any(|tensor| !tensor.is_fixed) {
        let message = "expected labels of one shape, got rows of any length; fill them up to one \
                       length (`max_length`)";
        return refused(message.to_owned());
    }
    let mut names = tensors().map(|tensor| second_name(tensor.name, label));
    names.try_for_each(|name| is_new(known, &name, "labels"))
}

/// The name of a label's tensor of second rows: `label.second`, `label.second.valid`.
#[must_use]
pub fn second_name(tensor: &str, label: &str) -> String {
    let ending = tensor.strip_prefix(label).unwrap_or_default();
    format!("{label}.second{ending}")
}

/// Refuses a tensor whose name another one has.
pub(super) fn is_new(
    known: &[KnownTensor<'_>],
    name: &str,
    key: &'static str,
) -> Result<(), Refusal> {
    if known.iter().all(|tensor| tensor.name != name) {
        return Ok(());
    }
    let message = format!("expected no tensor `{name}` beside the one that the step makes");
    Err(Refusal::new(key, message))
}

fn unknown(name: &str, known: Vec<&str>) -> String {
    let hint = suggest::hint(name, "read are", known).unwrap_or_default();
    format!("expected a column that is read; {hint}")
}
