//! The errors where a place holds no input, with what it holds instead and
//! what to write to have it read.

use std::path::Path;

use super::endings::{Ending, ending};
use super::sniff;
use super::walk::shown;
use crate::error::Error;
use crate::plan::{Discovery, PassedOver, PassedOverKind};

/// Reasons named in an error; more are counted.
const MAX_REASONS: usize = 4;

/// Nothing is there, or nothing of that name.
pub(super) fn matches(uri: &str) -> Error {
    let hint = if is_windows(uri) {
        "this looks like a path of Windows; here it begins with `/`, in WSL with `/mnt/c/`"
            .to_owned()
    } else if let Some(scheme) = shortened_scheme(uri) {
        format!("write {scheme}:// with two slashes, as text; a path object drops one")
    } else if uri.starts_with('~') && !uri.starts_with("~/") {
        "write the home directory of another user in full; `~/` is your own".to_owned()
    } else {
        "check the path; relative ones start at the pipeline file's directory".to_owned()
    };
    Error::pipeline(format!("expected input files, nothing matches {uri:?}")).with_hint(hint)
}

/// Something is there, and none of it is read.
pub(super) fn readable(path: &Path, uri: &str, discovery: &Discovery) -> Error {
    let passed_over = &discovery.passed_over;
    if passed_over.is_empty() && path.is_dir() && has_wildcards(uri, path) {
        return matches(uri);
    }
    if passed_over.is_empty() {
        return Error::pipeline(format!("expected input files, {uri:?} holds no file"))
            .with_hint("check the path; relative ones start at the pipeline file's directory");
    }
    let reasons = passed_over.iter().take(MAX_REASONS);
    let mut said: Vec<String> = reasons.map(ToString::to_string).collect();
    if passed_over.len() > MAX_REASONS {
        said.push(format!("{} more reasons", passed_over.len() - MAX_REASONS));
    }
    Error::pipeline(format!(
        "expected input files, {uri:?} holds none that is read: {}",
        said.join("; ")
    ))
    .with_hint(remedy(passed_over, path))
}

fn has_wildcards(uri: &str, path: &Path) -> bool {
    uri.contains(['*', '?', '[', '{']) && shown(path) != uri
}

/// What has the most of the files read.
fn remedy(passed_over: &[PassedOver], path: &Path) -> String {
    let most = passed_over
        .iter()
        .filter(|over| over.kind == PassedOverKind::Ending)
        .max_by_key(|over| over.count);
    let only = "only files that end in .jsonl, .ndjson, .txt, .md, .text (or these with .gz or \
                .zst), .parquet, .arrow, .feather or .ipc are taken from a folder, or images or \
                tar archives if it has nothing else";
    let Some(most) = most.or_else(|| passed_over.first()) else {
        return only.to_owned();
    };
    let Some(first) = most.names.first() else {
        return only.to_owned();
    };
    let name = first.rsplit('/').next().unwrap_or(first);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let all = format!("{}/**/*.{extension}", shown(path));
    match (most.kind, ending(name)) {
        (PassedOverKind::Output, _) => "name the files that the dataset was made from; \
             `fuelrail.Dataset` and `fuelrail.Loader` read the dataset itself"
            .to_owned(),
        (PassedOverKind::Hidden, _) => "write a glob that spells the `.` or `_`".to_owned(),
        (PassedOverKind::Format, _) => "leave `format` out, or name a glob to read the files as \
             of this format"
            .to_owned(),
        (PassedOverKind::Special, _) => {
            "write the content to a file first: a run must be able to read it again".to_owned()
        }
        (PassedOverKind::Directory, _) => format!("write \"{first}\" or \"{first}/*\""),
        (_, Ending::Json) => format!("write \"{first}\" or \"{all}\" to read them as JSON lines"),
        (_, Ending::Aside(format)) => format!("set `format = {:?}`", format.as_str()),
        (_, Ending::Foreign(kind)) if most.count == 1 => kind.way(first),
        (_, Ending::Foreign(kind)) => {
            let dir = first.rsplit_once('/').map_or("", |(dir, _)| dir);
            let slash = if dir.is_empty() { "" } else { "/" };
            kind.way(&format!("{dir}{slash}*.{extension}"))
        }
        (_, Ending::Unknown("")) => unknown(Path::new(first)),
        (_, Ending::Unknown(_)) => {
            format!("write \"{all}\" and `format = \"text\"` to read them as plain text; {only}")
        }
        (_, Ending::Read(_)) => only.to_owned(),
    }
}

/// What to write for a file whose ending says nothing.
pub(super) fn unknown(path: &Path) -> String {
    match sniff::of_file(path) {
        Some(content) => content.hint(&shown(path)),
        None => "say what it holds with `format = \"text\"` or `format = \"jsonl\"`, or rename it"
            .to_owned(),
    }
}

/// Standard input as a source.
pub(super) fn standard_input() -> Error {
    Error::pipeline(
        "expected a file that can be read again, got standard input (\"-\"): a run reads its \
         inputs twice, and once more after a stop",
    )
    .with_hint(
        "write it to a file first (`… > input.jsonl`) and name that; `./-` is a file called `-`",
    )
}

fn is_windows(uri: &str) -> bool {
    let mut chars = uri.chars();
    let drive = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
    (drive && chars.next() == Some(':') && matches!(chars.next(), Some('\\' | '/')))
        || uri.starts_with("\\\\")
}

/// The scheme of a URI that lost a slash on its way through a path.
fn shortened_scheme(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(":/")?;
    let known = [
        "s3", "gs", "az", "abfs", "hf", "http", "https", "hdfs", "file",
    ];
    (known.contains(&scheme) && !rest.starts_with('/')).then_some(scheme)
}
