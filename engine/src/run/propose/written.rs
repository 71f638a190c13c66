//! The text of a proposed pipeline, with what was found and why in comments.

use std::fmt::Write as _;
use std::path::Path;

use crate::plan::{Format, KeyTypes, OnError};

use super::inputs::Inputs;
use super::look::ImageShape;
use super::proposal::{Fate, ProposeSpec, ProposedColumn};
use super::task::ProposedTask;

/// The tokenizer proposed, and the token it ends a document with.
const TOKENIZER: &str = "cl100k_base";
const END: &str = "<|endoftext|>";
/// Columns that the comments list; more are counted.
const MOST_LISTED: usize = 20;
/// Where a comment behind a key begins.
const COMMENT: usize = 34;

/// What the text is made from.
pub(super) struct Told<'a> {
    pub(super) spec: &'a ProposeSpec<'a>,
    pub(super) inputs: &'a Inputs,
    pub(super) columns: &'a [ProposedColumn],
    pub(super) notes: &'a [String],
    pub(super) job: &'a ProposedTask,
    pub(super) sink: &'a str,
}

impl Told<'_> {
    /// The whole file.
    pub(super) fn toml(&self) -> String {
        let mut text = self.opening();
        text += &self.source();
        match self.job {
            ProposedTask::Text(column) => text += &tokenize_and_pack(column, self.why(column)),
            ProposedTask::Images(images) => {
                text += &self.select();
                for (column, shape) in images {
                    text.push('\n');
                    text += &normalize(column, *shape);
                }
            }
            ProposedTask::Table => {
                text += &self.select();
                text += "\n# No steps: rows are written as they are. Others are `filter`, `cast`, `normalize`,\n\
                         # `tokenize` and `pack`.\n";
            }
        }
        text.push_str("\n[sink]\n");
        text += &key("uri", self.sink, "a new directory, beside this file");
        text += "# shard_size = \"256MiB\"           # what no shard exceeds\n";
        text
    }

    fn opening(&self) -> String {
        let file = match self.spec.file.to_str() {
            Some("fuelrail.toml") => String::new(),
            _ => format!(" {}", comment(&self.spec.file.to_string_lossy())),
        };
        let commands = [
            ("plan", "what this would do; reads no rows"),
            ("shard", "do it; after any stop, the same again goes on"),
        ];
        let mut text = format!(
            "# A pipeline for {}, written by `fuelrail init` for you to change.\n#\n",
            comment(self.spec.uri)
        );
        for (verb, does) in commands {
            let command = format!("fuelrail {verb}{file}");
            // Writing to a `String` cannot fail, here and below.
            let _ = writeln!(text, "#   {command:<28}  {does}");
        }
        let _ = writeln!(text, "#   {:<28}  every key there is\n", "fuelrail schema");
        text
    }

    fn source(&self) -> String {
        let inputs = self.inputs;
        let mut text = "[source]\n".to_owned();
        text += &key("uri", self.spec.uri, &inputs.described());
        if let Some(format) = inputs.format {
            text += &key("format", format.as_str(), "the directory holds others too");
        }
        if inputs.catalog.format == Format::Text {
            text += "# document = \"line\"               # a document a line, not a file\n";
        }
        let set_aside = "set aside, counted and listed; else the run stops";
        if self.on_error() == OnError::Quarantine {
            text += &key("on_error", "quarantine", "some content cannot be read");
        } else {
            let _ = writeln!(
                text,
                "# on_error = \"quarantine\"         # bad rows are {set_aside}"
            );
        }
        if let Some(column) = self.split_key() {
            let column = quoted(column);
            let _ = writeln!(
                text,
                "# split = {{ take = \"train\", validation = 0.01, key = {column} }}"
            );
        }
        for note in self.notes {
            let _ = writeln!(text, "# Note: {}.", comment(note));
        }
        text += &self.listed();
        let is_stored = |name: &str| {
            let mut columns = self.columns.iter();
            columns.any(|column| column.name == name && column.fate == Fate::Stored)
        };
        let declared = inputs.declared.0.iter().filter(|(name, _)| is_stored(name));
        let declared: Vec<_> = declared.cloned().collect();
        if !declared.is_empty() {
            text += "\n# No one type holds all their values, so each is kept as its text.\n";
            text += &KeyTypes(declared).block();
            text.push('\n');
        }
        text
    }

    /// The columns, each with what becomes of it.
    fn listed(&self) -> String {
        let widest = |of: fn(&ProposedColumn) -> &str| {
            let shown = self.columns.iter().take(MOST_LISTED);
            shown
                .map(|column| comment(of(column)).chars().count())
                .max()
        };
        let name_width = widest(|column| &column.name).unwrap_or(0);
        let type_width = widest(|column| &column.data_type).unwrap_or(0);
        let mut text = "#\n# Columns found:\n".to_owned();
        for column in self.columns.iter().take(MOST_LISTED) {
            let name = comment(&column.name);
            let data_type = comment(&column.data_type);
            let fate = match column.fate {
                Fate::Tokenized => "tokenized: ",
                Fate::Normalized => "normalized: ",
                Fate::Stored if column.why.is_empty() => "stored",
                Fate::Stored => "stored: ",
                Fate::LeftOut => "left out: ",
            };
            let why = comment(&column.why);
            let _ = writeln!(
                text,
                "#   {name:<name_width$}  {data_type:<type_width$}  {fate}{why}"
            );
        }
        let n_more = self.columns.len().saturating_sub(MOST_LISTED);
        if n_more > 0 {
            let _ = writeln!(text, "#   and {n_more} more");
        }
        text
    }

    /// Keeps the columns that can be stored, where there are others.
    fn select(&self) -> String {
        let is_left_out = |column: &&ProposedColumn| column.fate == Fate::LeftOut;
        if !self.columns.iter().any(|column| is_left_out(&column)) {
            return String::new();
        }
        let kept = self.columns.iter().filter(|column| !is_left_out(column));
        let names: Vec<String> = kept.map(|column| quoted(&column.name)).collect();
        format!(
            "\n[[step]]\nop = \"select\"                    # all but those left out above\n\
             columns = [{}]\n",
            names.join(", ")
        )
    }

    fn on_error(&self) -> OnError {
        self.inputs.on_error
    }

    fn why(&self, name: &str) -> &str {
        let column = self.columns.iter().find(|column| column.name == name);
        column.map_or("", |column| &column.why)
    }

    /// A column by whose value rows may be split: one that names the row, else
    /// the text itself.
    fn split_key(&self) -> Option<&str> {
        const KEYS: &[&str] = &["int64", "uint64", "int32", "uint32", "utf8", "large_utf8"];
        let is_key = |column: &&ProposedColumn| KEYS.contains(&column.data_type.as_str());
        let named = |column: &&ProposedColumn| {
            let name = column.name.to_lowercase();
            is_key(column) && ["id", "uuid", "key", "url"].contains(&name.as_str())
        };
        let mut columns = self.columns.iter();
        let found = columns
            .clone()
            .find(named)
            .or_else(|| columns.find(|column| column.fate == Fate::Tokenized && is_key(column)));
        found.map(|column| column.name.as_str())
    }
}

fn tokenize_and_pack(column: &str, why: &str) -> String {
    let mut text = "\n[[step]]\nop = \"tokenize\"\n".to_owned();
    text += &key("column", column, why);
    text += &key(
        "tokenizer",
        TOKENIZER,
        "built in; or the path of a tokenizer file or of a model's folder",
    );
    text += &key("end_of_document", END, "the token behind each document");
    text += "\n[[step]]\nop = \"pack\"\n";
    text += &with_comment(
        "length = 2048",
        "tokens of a row; documents that fit one are not cut",
    );
    text
}

/// A step that turns the images of a column into floats.
pub(super) fn normalize(column: &str, shape: ImageShape) -> String {
    let [first, second, third] = shape.axes;
    let mut text = "[[step]]\nop = \"normalize\"\n".to_owned();
    text += &key("column", column, "to float32 from 0 to 1, channels first");
    if !shape.is_told {
        text += &with_comment(
            &format!("shape = [{first}, {second}, {third}]"),
            "height, width, channels: check that it is this",
        );
    }
    if shape.is_chw {
        text += &key("from", "chw", "the channels come first");
    }
    let channels = if shape.is_chw { first } else { third };
    if channels == 3 {
        text += "# mean = [0.485, 0.456, 0.406]     # those of ImageNet\n\
                 # std = [0.229, 0.224, 0.225]\n";
    }
    text += "# dtype = \"float16\"\n";
    text
}

/// A key whose value is text, and what is said of it.
fn key(name: &str, value: &str, said: &str) -> String {
    with_comment(&format!("{name} = {}", quoted(value)), said)
}

fn with_comment(line: &str, said: &str) -> String {
    let said = comment(said);
    if said.is_empty() {
        return format!("{line}\n");
    }
    format!("{line:<COMMENT$} # {said}\n")
}

/// Text as TOML has it: JSON's escapes are TOML's, which wants one more.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.replace('\u{7f}', "\\u007f")
}

/// Text as a comment may hold it: on one line, and without what would steer a
/// terminal.
fn comment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.extend(c.escape_unicode()),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

/// A directory for the dataset, beside the pipeline file, that is not there or
/// is empty.
pub(super) fn free_directory(base: &Path) -> String {
    let is_free = |name: &String| match std::fs::read_dir(base.join(name)) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    let names = (1..).map(|n| match n {
        1 => "shards".to_owned(),
        n => format!("shards-{n}"),
    });
    // Some name is free, as a directory holds no end of them.
    names.take(10_000).find(is_free).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Pipeline;

    #[test]
    fn any_text_is_quoted() {
        for text in ["a\"b\\c", "line\nbreak\r\t\u{1}\u{7f}", "é汉🙂", "", "'''"] {
            let toml = format!(
                "source.uri = {} # {}\nsink.uri = \"x\"\n",
                quoted(text),
                comment(text)
            );
            let read = Pipeline::from_toml(&toml, Path::new("")).unwrap();
            assert_eq!(read.source.uri.0, [text]);
        }
    }
}
