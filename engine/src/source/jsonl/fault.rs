//! Why a line is bad content.

use arrow::datatypes::DataType;

/// The most characters of a value that a message shows.
const SHOWN: usize = 60;

/// Something read from a line, or why the line is bad.
pub(super) type Lexed<T> = Result<T, Fault>;

/// What is wrong with a line, and with which of its values.
#[derive(Debug)]
pub(super) struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    reason: String,
    /// What leads to the value, the innermost step first.
    path: Vec<PathPart>,
    remedy: Remedy,
    /// Whether it is that a key comes twice.
    is_twice: bool,
}

/// One step from an outer value to an inner one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathPart {
    /// The member of an object.
    Key(String),
    /// Any item of a list.
    Item,
}

/// What would let a line through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing but another line.
    None,
    /// The option `allow_nan`.
    AllowNan,
    /// Another type for the value: this one, or `json` for none.
    Type(Option<DataType>),
    /// A type for a key that no column holds, as [`Remedy::Type`].
    NewKey(Option<DataType>),
}

impl Fault {
    /// A fault of the text itself.
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self::with_remedy(reason, Remedy::None)
    }

    /// A fault that something helps against.
    pub(super) fn with_remedy(reason: impl Into<String>, remedy: Remedy) -> Self {
        Self(Box::new(Inner {
            reason: reason.into(),
            path: Vec::new(),
            remedy,
            is_twice: false,
        }))
    }

    /// The fault that a key comes twice in its object.
    pub(super) fn twice(reason: String) -> Self {
        let mut fault = Self::new(reason);
        fault.0.is_twice = true;
        fault
    }

    /// Whether it is that a key comes twice: JSON's grammar has that, and only
    /// those who look into the object mind.
    pub(super) fn is_twice(&self) -> bool {
        self.0.is_twice
    }

    /// The same, seen from one value further out.
    pub(super) fn within(mut self, step: PathPart) -> Self {
        self.0.path.push(step);
        self
    }

    /// What was expected and what came.
    pub(super) fn reason(&self) -> &str {
        &self.0.reason
    }

    /// What would let the line through.
    pub(super) fn remedy(&self) -> &Remedy {
        &self.0.remedy
    }

    /// What leads to the value, from the top.
    pub(super) fn path(&self) -> Vec<PathPart> {
        self.0.path.iter().rev().cloned().collect()
    }
}

/// A path as messages show it: `meta.tags[]`.
pub(super) fn show(path: &[PathPart]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            PathPart::Item => text.push_str("[]"),
            PathPart::Key(key) if text.is_empty() => text.push_str(&cut(key)),
            PathPart::Key(key) => {
                text.push('.');
                text.push_str(&cut(key));
            }
        }
    }
    text
}

/// The beginning of a value's text.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((at, _)) => {
            let mut shown: String = text.chars().take(SHOWN).collect();
            debug_assert!(at < text.len());
            shown.push('…');
            shown
        }
    }
}
