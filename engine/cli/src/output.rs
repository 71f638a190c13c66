//! What a run prints, where, and the code it ends with.
//!
//! Results go to standard output, errors to standard error; both are JSON with
//! `--json`. A reader that goes away ends the run without a word.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

pub(crate) use fuelrail::run::harmless;
use fuelrail::{Error, ErrorKind, Location};
use indicatif::HumanCount;
use serde_json::{Map, Value, json};

use crate::global::{Global, When};

/// Why a verb ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something went wrong.
    Failed(Error),
    /// The run was asked to stop by this signal, and did.
    Signalled(Error, u32),
    /// The reader of our output has gone away, which is its right.
    PipeClosed,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Where results and errors go.
pub(crate) struct Output {
    form: Form,
    paint: Paint,
    progress: Progress,
    verbose: u8,
    quiet: bool,
    out: io::BufWriter<io::Stdout>,
}

/// What results are printed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Text for people.
    Text,
    /// JSON.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paint {
    Plain,
    Colour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Hidden,
    Shown,
}

fn progress(global: &Global) -> Progress {
    let shown = match global.progress {
        When::Always => true,
        When::Never => false,
        When::Auto => !global.quiet && io::stderr().is_terminal(),
    };
    if shown {
        Progress::Shown
    } else {
        Progress::Hidden
    }
}

impl Output {
    /// As the arguments ask for.
    pub(crate) fn new(global: &Global) -> Self {
        let colour = match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                io::stderr().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Self {
            form: if global.json { Form::Json } else { Form::Text },
            paint: if colour { Paint::Colour } else { Paint::Plain },
            progress: progress(global),
            verbose: global.verbose,
            quiet: global.quiet,
            out: io::BufWriter::new(io::stdout()),
        }
    }

    /// Before any argument is known but `--json`.
    pub(crate) fn plain(form: Form) -> Self {
        Self {
            form,
            paint: Paint::Plain,
            progress: Progress::Hidden,
            verbose: 0,
            quiet: false,
            out: io::BufWriter::new(io::stdout()),
        }
    }

    /// What results are printed as.
    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// Prints more about what happens, on standard error, where asked for.
    pub(crate) fn note(&self, text: impl FnOnce() -> String) {
        if self.verbose > 0 {
            // A closed standard error leaves nobody to tell.
            _ = io::stderr().write_all(text().as_bytes());
        }
    }

    /// Says on standard error what one may not expect, unless all is JSON, where
    /// the result holds it, or little is to be said.
    pub(crate) fn warn(&self, notes: &[String]) {
        if self.form == Form::Json || self.quiet {
            return;
        }
        for note in notes {
            _ = io::stderr().write_all(format!("note: {note}\n").as_bytes());
        }
    }

    /// Whether progress is to be shown on standard error.
    pub(crate) fn shows_progress(&self) -> bool {
        self.progress == Progress::Shown
    }

    /// Prints a result in the form asked for.
    pub(crate) fn result(
        &mut self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> Value,
    ) -> Result<(), Stop> {
        match self.form {
            Form::Text => self.write(text().as_bytes()),
            Form::Json => self.json(&json()),
        }
    }

    /// Prints a JSON value, indented.
    pub(crate) fn json(&mut self, value: &Value) -> Result<(), Stop> {
        self.write(format!("{value:#}\n").as_bytes())
    }

    /// Prints bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.out.write_all(bytes).map_err(stop)
    }

    /// Prints how the verb ended, and gives the code for it.
    pub(crate) fn end(mut self, result: Result<(), Stop>) -> u8 {
        match result.and_then(|()| self.out.flush().map_err(stop)) {
            Ok(()) | Err(Stop::PipeClosed) => 0,
            Err(Stop::Failed(error)) => {
                // What was printed before the error stands, if anyone reads it.
                _ = self.out.flush();
                self.error(&error, exit_code(&error))
            }
            Err(Stop::Signalled(error, signal)) => {
                self.error(&error, u8::try_from(128 + signal).unwrap_or(130))
            }
        }
    }

    /// Prints what is wrong with the arguments, or the help asked for.
    pub(crate) fn usage(&self, error: &clap::Error) -> u8 {
        if self.form == Form::Text || !error.use_stderr() {
            // Nobody is left to tell if even this fails.
            _ = error.print();
            return if error.use_stderr() { 2 } else { 0 };
        }
        let text = error.render().to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let mut paragraphs = text.split("\n\n");
        let message = paragraphs.next().unwrap_or_default().trim();
        let hint = paragraphs.find_map(|text| text.trim().strip_prefix("tip: "));
        let error = Error::new(ErrorKind::Usage, message);
        let error = error.with_hint(hint.unwrap_or("see `fuelrail --help`"));
        self.error(&error, exit_code(&error))
    }

    /// Prints `error`, which ends the run with `code`.
    fn error(&self, error: &Error, code: u8) -> u8 {
        let text = match self.form {
            Form::Json => format!("{}\n", error_json(error, code)),
            Form::Text => error_text(error, self.paint),
        };
        // A closed standard error leaves nobody to tell.
        _ = io::stderr().write_all(text.as_bytes());
        code
    }
}

fn stop(error: io::Error) -> Stop {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Stop::PipeClosed;
    }
    Stop::Failed(Error::io("write", "standard output", error))
}

/// The codes, for `--help`; `docs/cli.md` says more.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    an input cannot be read or used, or a dataset is damaged
  2    wrong arguments, or a path that does not exist
  3    the pipeline is wrong, does not fit its inputs, or has changed
  42   a device is missing or has failed, or a fault of fuelrail itself
  75   the system refused (disk full, I/O error) or another run holds the target:
       try again later
  130  stopped by a signal (128 + its number), with what is done kept";

/// The code a run ends with.
fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::Io if is_wrong_path(error) => 2,
        ErrorKind::Data | ErrorKind::Damage => 1,
        ErrorKind::Usage => 2,
        ErrorKind::Pipeline | ErrorKind::Changed => 3,
        ErrorKind::Io | ErrorKind::Locked => 75,
        ErrorKind::Interrupted => 130,
        // A device that is missing or has failed, and faults of our own: what
        // the same command on the same machine would meet again.
        _ => 42,
    }
}

/// Whether the system refused because a path names nothing, or something of
/// another sort: no later run of the same command would go better.
fn is_wrong_path(error: &Error) -> bool {
    use io::ErrorKind as Io;
    let cause = std::error::Error::source(error);
    let cause = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| {
        matches!(
            cause.kind(),
            Io::NotFound | Io::NotADirectory | Io::IsADirectory
        )
    })
}

/// A number with the word for what is counted, such as `1 row` or `2,000 rows`.
pub(crate) fn counted(n: u64, one: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {one}{s}", HumanCount(n))
}

fn error_text(error: &Error, paint: Paint) -> String {
    let (red, cyan, off) = match paint {
        Paint::Colour => ("\x1b[1;31m", "\x1b[1;36m", "\x1b[0m"),
        Paint::Plain => ("", "", ""),
    };
    let mut text = format!("{red}error{off}: {}\n", harmless(&error.to_string()));
    if let Some(hint) = error.hint() {
        // A hint may end in lines to paste.
        let lines: Vec<String> = hint.lines().map(harmless).collect();
        _ = writeln!(text, "{cyan}hint{off}: {}", lines.join("\n"));
    }
    text
}

fn error_json(error: &Error, code: u8) -> Value {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    json!({
        "error": {
            "kind": error.kind().as_str(),
            "message": error.message(),
            "cause": cause,
            "location": location_json(error.location()),
            "hint": error.hint(),
            "exit_code": code,
        }
    })
}

/// Only what is known.
fn location_json(location: &Location) -> Value {
    let (line, col) = location.line_col.unzip();
    let line = line.map(|line| line as u64).or(location.line);
    let known = [
        ("step", location.step.map(Value::from)),
        ("op", location.op.as_deref().map(Value::from)),
        (
            "path",
            location
                .path
                .as_ref()
                .map(|path| path.to_string_lossy().into()),
        ),
        ("line", line.map(Value::from)),
        ("col", col.map(Value::from)),
        ("column", location.column.as_deref().map(Value::from)),
        ("row", location.row.map(Value::from)),
        ("block", location.block.map(Value::from)),
    ];
    let known = known
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(known.collect::<Map<_, _>>())
}
