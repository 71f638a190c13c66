//! What steps know of the tensors of a batch.

use super::table::Refusal;
use crate::plan::suggest;

/// A tensor of a batch, as steps know it.
#[derive(Debug, Clone)]
pub struct KnownTensor<'a> {
    /// Its name.
    pub name: &'a str,
    /// The column that it is of.
    pub column: &'a str,
    /// The shape of its rows if they are bytes of one shape; else what they are, in
    /// words.
    pub image: Result<&'a [u64], String>,
    /// Whether each row of the batch has a value of its own, or several of one shape.
    pub is_fixed: bool,
}

/// The shape of a column's rows.
pub(super) fn shape_of<'a>(
    column: &str,
    known: &'a [KnownTensor<'a>],
) -> Result<&'a [u64], Refusal> {
    let message = if let Some(tensor) = known.iter().find(|tensor| tensor.name == column) {
        match &tensor.image {
            Ok(shape) => return Ok(shape),
            Err(what) => format!("expected a column of uint8 images of one shape, got {what}"),
        }
    } else {
        let mut columns: Vec<&str> = known.iter().map(|tensor| tensor.column).collect();
        columns.dedup();
        unknown(column, columns)
    };
    Err(Refusal::new("column", message))
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
