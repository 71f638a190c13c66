//! The one error of the crate: a kind to branch on, a location to find the
//! cause, the cause itself, and a hint where one thing helps.
//!
//! Each layer adds what it knows on the way out (`with_path`, `with_row`, …);
//! the first to know wins, so a later layer never blurs an exact place.
//!
//! In text, rows and lines count from 1 and say so, as editors count; in
//! [`Location`], and in the JSON made of it, `row` counts from 0.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};

/// The result of every fallible call in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as far as a caller acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The content of an input cannot be read or used.
    Data,
    /// The command or call is wrong, whatever the data.
    Usage,
    /// The pipeline file is wrong, or does not fit the schema of its inputs.
    Pipeline,
    /// The inputs or the pipeline differ from those the target was begun with.
    Changed,
    /// Another writer holds the target.
    Locked,
    /// A dataset on disk is damaged or incomplete.
    Damage,
    /// The operating system refused: disk full, permission, I/O error.
    Io,
    /// A device is missing, refuses, or failed.
    Device,
    /// The run was asked to stop and has written a checkpoint.
    Interrupted,
    /// A fault of fuelrail itself: a caught panic or a broken invariant.
    Internal,
}

impl ErrorKind {
    /// The lower-case name used in JSON output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Usage => "usage",
            Self::Pipeline => "pipeline",
            Self::Changed => "changed",
            Self::Locked => "locked",
            Self::Damage => "damage",
            Self::Io => "io",
            Self::Device => "device",
            Self::Interrupted => "interrupted",
            Self::Internal => "internal",
        }
    }
}

/// Where it went wrong; every field is known or absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Location {
    /// Number of the pipeline step, counted from 1.
    pub step: Option<usize>,
    /// Name of the operator of that step.
    pub op: Option<Cow<'static, str>>,
    /// File or directory.
    pub path: Option<PathBuf>,
    /// Line and column in a text file such as the pipeline file, from 1.
    pub line_col: Option<(usize, usize)>,
    /// Column of the batch.
    pub column: Option<String>,
    /// Row in the file named by `path`, counted from 0.
    pub row: Option<u64>,
    /// Line of that row, from 1, where the file is one of lines.
    pub line: Option<u64>,
    /// Block of 64 KiB in the shard named by `path`, counted from 0.
    pub block: Option<u64>,
}

/// An error of any layer. See the module text.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    location: Location,
    source: Option<Box<dyn StdError + Send + Sync>>,
    hint: Option<String>,
}

impl Error {
    /// An error of `kind` that says what was expected and what came.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            location: Location::default(),
            source: None,
            hint: None,
        }))
    }

    /// The content of an input cannot be used.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Data, message)
    }

    /// The pipeline is wrong or does not fit its inputs.
    pub fn pipeline(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Pipeline, message)
    }

    /// A dataset on disk is damaged.
    pub fn damage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Damage, message)
    }

    /// A device is missing, refuses, or failed.
    pub fn device(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Device, message)
    }

    /// A broken invariant of fuelrail itself.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// An operating system error met while doing `action` on `path`.
    pub fn io(action: &str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        let hint = io_hint(&source);
        let mut error = Self::new(ErrorKind::Io, format!("cannot {action}"))
            .with_path(path)
            .with_source(source);
        error.0.hint = hint;
        error
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source.get_or_insert(source.into());
        self
    }

    /// Adds the one thing that helps.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint.get_or_insert(hint.into());
        self
    }

    /// Puts before the message what it happened to.
    #[must_use]
    pub(crate) fn of(mut self, what: &str) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// Adds the step (from 1) and its operator.
    #[must_use]
    pub fn with_step(mut self, step: usize, op: impl Into<Cow<'static, str>>) -> Self {
        self.0.location.step.get_or_insert(step);
        self.0.location.op.get_or_insert(op.into());
        self
    }

    /// Adds the file.
    #[must_use]
    pub fn with_path(mut self, path: impl AsRef<Path>) -> Self {
        self.0
            .location
            .path
            .get_or_insert_with(|| path.as_ref().to_owned());
        self
    }

    /// Adds the line and column of a text file, from 1.
    #[must_use]
    pub fn with_line_col(mut self, line: usize, col: usize) -> Self {
        self.0.location.line_col.get_or_insert((line, col));
        self
    }

    /// Adds the column.
    #[must_use]
    pub fn with_column(mut self, column: impl Into<String>) -> Self {
        self.0.location.column.get_or_insert(column.into());
        self
    }

    /// Adds the row of the file, from 0.
    #[must_use]
    pub fn with_row(mut self, row: u64) -> Self {
        self.0.location.row.get_or_insert(row);
        self
    }

    /// Adds the line of an input file, from 1.
    #[must_use]
    pub fn with_line(mut self, line: u64) -> Self {
        self.0.location.line.get_or_insert(line);
        self
    }

    /// Adds the block of the shard, from 0.
    #[must_use]
    pub fn with_block(mut self, block: u64) -> Self {
        self.0.location.block.get_or_insert(block);
        self
    }

    /// What to branch on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was expected and what came, without place or cause.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// The one thing that helps, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

/// What to do about the operating system errors that have one usual remedy.
fn io_hint(error: &std::io::Error) -> Option<String> {
    use std::io::ErrorKind as Io;
    // EMFILE has no stable `io::ErrorKind`; 24 on every Unix Rust supports.
    const EMFILE: i32 = 24;
    let hint = match error.kind() {
        Io::StorageFull | Io::QuotaExceeded => {
            "free space and run the same command again; it continues where it stopped"
        }
        Io::ReadOnlyFilesystem | Io::PermissionDenied => {
            "check the permissions, or choose another place"
        }
        Io::FileTooLarge => return Some(size_hint(file_size_limit())),
        _ if error.raw_os_error() == Some(EMFILE) => {
            "raise the limit on open files (`ulimit -n`) and run the same command again"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

/// What to do where a file may not grow further.
fn size_hint(limit: Option<u64>) -> String {
    match limit {
        Some(limit) => format!(
            "the limit on the size of files is {limit} bytes: raise it (`ulimit -f unlimited`) and \
             run the same command again; it continues where it stopped"
        ),
        None => "the file system takes no larger files: set a smaller `shard_size`, or choose \
                 another place"
            .to_owned(),
    }
}

/// Bytes that a file of this process may have, where that is limited.
fn file_size_limit() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max file size"))?;
    line.split_whitespace().next()?.parse().ok()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            message,
            location,
            source,
            ..
        } = &*self.0;
        if let Some(op) = &location.op {
            write!(f, "{op}: ")?;
        }
        f.write_str(message)?;
        if let Some(source) = source {
            write!(f, ": {source}")?;
        }
        let place = location.to_string();
        if place.is_empty() {
            Ok(())
        } else {
            write!(f, " ({place})")
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        if let Some(step) = self.step {
            parts.push(format!("step {step}"));
        }
        if let Some(column) = &self.column {
            parts.push(format!("column {}", name_in_quotes(column)));
        }
        parts.extend(self.in_file());
        if let Some(block) = self.block {
            parts.push(format!("block {} of 64 KiB", from_1(block)));
        }
        if self.block.is_some() || (self.row.is_some() && self.line.is_none()) {
            parts.push("counting from 1".to_owned());
        }
        f.write_str(&parts.join(", "))
    }
}

impl Location {
    /// The file and the place in it, as closely as they are known.
    fn in_file(&self) -> Option<String> {
        let path = self.path.as_deref().map(path_in_text);
        Some(match (path, self.line, self.row, self.line_col) {
            (Some(path), Some(line), ..) => format!("{path}:{line}"),
            (None, Some(line), ..) => format!("line {line}"),
            (Some(path), None, Some(row), _) => format!("row {} of {path}", from_1(row)),
            (None, None, Some(row), _) => format!("row {}", from_1(row)),
            (Some(path), None, None, Some((line, col))) => format!("{path}:{line}:{col}"),
            (Some(path), None, None, None) => path,
            (None, None, None, Some((line, col))) => format!("line {line}, column {col}"),
            (None, None, None, None) => return None,
        })
    }
}

/// A number that counts from 0 as people count.
fn from_1(number: u64) -> u128 {
    u128::from(number) + 1
}

/// A path as text, on one line.
fn path_in_text(path: &Path) -> String {
    let mut text = String::new();
    for c in path.display().to_string().chars() {
        if c.is_control() {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    text
}

/// A name between backticks, or quoted where that would not do.
pub(crate) fn name_in_backticks(name: &str) -> String {
    match name_in_text(name) {
        Cow::Borrowed(name) => format!("`{name}`"),
        Cow::Owned(quoted) => quoted,
    }
}

/// A name out of data, such as a column's, as it stands in a sentence: as it
/// is where it is a plain word, else quoted and escaped, so that it can be read
/// back and never breaks a line.
#[must_use]
pub fn name_in_text(name: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "_-./+#@$%&()[]<>|*~^=".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name_in_quotes(name))
    }
}

/// A name out of data between quotes, escaped as in Rust and JSON; between
/// backticks where it has quotes itself and nothing else to escape, because
/// quotes beside quotes are hard to read.
#[must_use]
pub fn name_in_quotes(name: &str) -> String {
    let escaped = format!("{name:?}");
    let has_quotes = name.contains('"') && !name.contains('`');
    if has_quotes && escaped.replace("\\\"", "\"").len() == name.len() + 2 {
        format!("`{name}`")
    } else {
        escaped
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("location", &self.0.location)
            .field("source", &self.0.source)
            .field("hint", &self.0.hint)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_1_and_say_so() {
        let error = |row| Error::data("bad").with_row(row);
        for (error, text) in [
            (
                error(1).with_line(2).with_path("r.jsonl"),
                "bad (r.jsonl:2)",
            ),
            (
                error(1).with_path("r.parquet").with_column("a"),
                "bad (column \"a\", row 2 of r.parquet, counting from 1)",
            ),
            (error(0), "bad (row 1, counting from 1)"),
            (
                error(u64::MAX),
                "bad (row 18446744073709551616, counting from 1)",
            ),
            (
                error(7).with_block(0).with_path("s"),
                "bad (row 8 of s, block 1 of 64 KiB, counting from 1)",
            ),
            (
                Error::data("bad").with_path("p.toml").with_line_col(3, 1),
                "bad (p.toml:3:1)",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn names_can_be_read_back_and_never_break_a_line() {
        for (name, text, between) in [
            ("text", "text", "`text`"),
            ("é.b", "é.b", "`é.b`"),
            ("\"b\"", "`\"b\"`", "`\"b\"`"),
            ("`\"", r#""`\"""#, r#""`\"""#),
            ("\"\n", r#""\"\n""#, r#""\"\n""#),
            ("\\\"", r#""\\\"""#, r#""\\\"""#),
            ("two\nlines", r#""two\nlines""#, r#""two\nlines""#),
            ("\u{202e}", r#""\u{202e}""#, r#""\u{202e}""#),
            ("", r#""""#, r#""""#),
            ("a b", r#""a b""#, r#""a b""#),
        ] {
            assert_eq!(name_in_text(name), text);
            assert_eq!(name_in_backticks(name), between);
        }
        let error = Error::data("bad").with_column("\"b\"");
        assert_eq!(error.to_string(), "bad (column `\"b\"`)");
        let error = Error::data("bad").with_path("a\nb");
        assert_eq!(error.to_string(), r"bad (a\nb)");
    }
}
