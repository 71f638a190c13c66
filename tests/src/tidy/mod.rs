//! The house rules as functions of a file's path and text.
//!
//! Nothing here reads a file: `tests/it/tidy.rs` walks the tree and asks each
//! rule. A rule returns what it objects to as `path:line: why`, and each is
//! shown in its own tests to object to what it is there for.

mod circles;
mod layers;
mod operators;
mod source;
mod type_names;
mod wildcards;
mod words;

pub use circles::circles;
pub use layers::{homes, kernels_are_pure, layers};
pub use operators::{Operator, operators};
pub use source::code_only;
pub use type_names::{SharedName, type_names};
pub use wildcards::wildcards;
pub use words::{denies_unsafe, hosts_and_paths, length, no_unsafe, opening, unfinished};

/// One file of the repository.
#[derive(Debug, Clone)]
pub struct File {
    /// Its path from the root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl File {
    /// A file from its path and text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// Whether it is Rust.
    #[must_use]
    pub fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    /// Whether its name ends in one of these after the last dot.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, found)| found == extension)
    }
}

/// The folders of the crates that are handed on.
const LIBRARIES: &[&str] = &[
    "engine/src/",
    "engine/cli/src/",
    "kernels/src/",
    "python/src/",
];

/// Code without the unit tests at its end.
fn without_tests(code: &str) -> &str {
    code.split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default()
}

/// `path:line: why` for every line, from 1, to which `objection` objects.
fn by_line(path: &str, text: &str, objection: impl Fn(&str) -> Option<String>) -> Vec<String> {
    text.lines()
        .enumerate()
        .filter_map(|(at, line)| Some(format!("{path}:{}: {}", at + 1, objection(line)?)))
        .collect()
}

/// Whether `word` stands in `line` as a whole word.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line
            .get(at + word.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}
