//! From a place that users write to a path of this machine's file system, or
//! to what the place is instead.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The path that `text` stands for: relative ones begin at `base`, `~` is the
/// home directory, and what follows `file://` is percent-encoded.
///
/// A path of one of these names that is there (`./~`) is meant by its full
/// name.
///
/// # Errors
/// `Pipeline` for a place that is not on this machine, with what brings it
/// here, and where there is no home directory.
pub fn local_path(text: &str, base: &Path) -> Result<PathBuf> {
    let path = match scheme(text) {
        None => text.to_owned(),
        Some(("file", rest)) => file_uri(text, rest)?,
        Some((scheme, rest)) => return Err(elsewhere(text, scheme, rest)),
    };
    match path.strip_prefix('~') {
        Some("") => home(text),
        Some(rest) => match rest.strip_prefix('/') {
            Some(below) => Ok(home(text)?.join(below.trim_start_matches('/'))),
            None => Ok(base.join(path)),
        },
        None => Ok(base.join(path)),
    }
}

/// Whether `text` names a place without the help of a base directory.
#[must_use]
pub fn is_rooted(text: &str) -> bool {
    let scheme = scheme(text);
    text == "~" || text.starts_with("~/") || scheme.is_some_and(|(name, _)| name != "file")
}

/// The scheme of a URI and what follows `://`. One letter is a drive of
/// Windows, not a scheme.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
    is_scheme.then_some((scheme, rest))
}

/// The path in a `file://` URI, which may name this machine.
fn file_uri(text: &str, rest: &str) -> Result<String> {
    let path = match rest.strip_prefix("localhost/") {
        Some(path) => format!("/{path}"),
        None => rest.to_owned(),
    };
    let mut bytes = Vec::with_capacity(path.len());
    let mut left = path.as_bytes();
    while let [first, rest @ ..] = left {
        let hex = |byte: &u8| char::from(*byte).to_digit(16);
        let encoded = match (first, rest) {
            (b'%', [high, low, ..]) => hex(high).zip(hex(low)),
            _ => None,
        };
        let (byte, after) = match encoded.and_then(|(h, l)| u8::try_from(h * 16 + l).ok()) {
            Some(byte) => (byte, &rest[2..]),
            None => (*first, rest),
        };
        bytes.push(byte);
        left = after;
    }
    String::from_utf8(bytes).map_err(|_| {
        Error::pipeline(format!("expected a path in UTF-8, got \"{text}\""))
            .with_hint("give the path without `file://`")
    })
}

fn home(text: &str) -> Result<PathBuf> {
    std::env::home_dir()
        .filter(|home| home.is_absolute())
        .ok_or_else(|| {
            Error::pipeline(format!(
                "expected a home directory for \"{text}\", got none"
            ))
            .with_hint("set the variable HOME, or write the path in full")
        })
}

/// The error for a place that is not on this machine.
fn elsewhere(text: &str, scheme: &str, rest: &str) -> Error {
    let (what, hint) = match scheme {
        "hf" => ("on a dataset hub", hub(rest)),
        "http" | "https" | "ftp" => ("a web address", format!("curl -LO \"{text}\"")),
        "s3" | "s3a" | "s3n" => (
            "in an object store",
            copied("aws s3", "--recursive", &format!("s3://{rest}")),
        ),
        "gs" | "gcs" => (
            "in an object store",
            copied("gcloud storage", "-r", &format!("gs://{rest}")),
        ),
        "az" | "abfs" | "abfss" | "wasb" | "wasbs" | "adl" => (
            "in an object store",
            "azcopy copy \"https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH\" data \
             --recursive"
                .to_owned(),
        ),
        "hdfs" | "viewfs" => ("in HDFS", format!("hdfs dfs -get \"{text}\" data")),
        "ssh" | "sftp" | "scp" => ("on another machine", "rsync -a HOST:PATH data".to_owned()),
        _ => {
            return Error::pipeline(format!(
                "expected a path of this machine, got \"{text}\": {scheme}:// is not supported"
            ))
            .with_hint("copy the files to a local disk, or mount the place they are in");
        }
    };
    Error::pipeline(format!(
        "expected a path of this machine, got \"{text}\", which is {what}: that is not \
         supported yet"
    ))
    .with_hint(format!(
        "download it first, then name the local copy: {hint}"
    ))
}

/// The command that downloads what an `hf://` URI names.
fn hub(rest: &str) -> String {
    let (kind, rest) = match rest.split_once('/') {
        Some(("datasets", rest)) => (" --repo-type dataset", rest),
        Some(("spaces", rest)) => (" --repo-type space", rest),
        _ => ("", rest),
    };
    let mut parts = rest.splitn(3, '/');
    let owner = parts.next().unwrap_or_default();
    let named = parts.next().unwrap_or_default();
    let (name, revision) = named.split_once('@').unwrap_or((named, ""));
    let mut command = format!("hf download {owner}/{name}{kind}");
    if !revision.is_empty() {
        command.push_str(" --revision ");
        command.push_str(revision);
    }
    if let Some(path) = parts.next().filter(|path| !path.is_empty()) {
        let all = if path.ends_with('/') { "*" } else { "" };
        return format!("{command} --include \"{path}{all}\" --local-dir data");
    }
    format!("{command} --local-dir data")
}

/// The command that copies an object, or all below a prefix.
fn copied(tool: &str, recursive: &str, uri: &str) -> String {
    // A pattern becomes the prefix before it.
    let wild = uri.find(['*', '?', '[', '{']);
    let prefix = wild.and_then(|at| uri.get(..at)?.rsplit_once('/'));
    match prefix {
        Some((prefix, _)) => format!("{tool} cp {recursive} \"{prefix}/\" data/"),
        None if uri.ends_with('/') => format!("{tool} cp {recursive} \"{uri}\" data/"),
        None => format!("{tool} cp \"{uri}\" ."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> String {
        local_path(text, Path::new("/base"))
            .unwrap()
            .display()
            .to_string()
    }

    #[test]
    fn paths_are_local_ones() {
        let home = std::env::home_dir().unwrap().display().to_string();
        for (text, expected) in [
            ("a/b.jsonl", "/base/a/b.jsonl"),
            ("/a", "/a"),
            ("~", home.as_str()),
            ("~/x y", &format!("{home}/x y")),
            ("~user/x", "/base/~user/x"),
            ("file:///a%20b/%7Ec.jsonl", "/a b/~c.jsonl"),
            ("file://localhost/a", "/a"),
            ("file://a/b", "/base/a/b"),
            ("file:///100%", "/100%"),
            ("C:\\data\\x.jsonl", "/base/C:\\data\\x.jsonl"),
            ("c://x", "/base/c://x"),
            ("a b://x", "/base/a b://x"),
        ] {
            assert_eq!(path(text), expected, "{text}");
        }
    }

    #[test]
    fn places_elsewhere_are_called_what_they_are() {
        for (text, what, hint) in [
            (
                "hf://datasets/allenai/c4@v1/en/*.json.gz",
                "dataset hub",
                "hf download allenai/c4 --repo-type dataset --revision v1 \
                 --include \"en/*.json.gz\" --local-dir data",
            ),
            (
                "https://example.org/a.jsonl",
                "web address",
                "curl -LO \"https://example.org/a.jsonl\"",
            ),
            (
                "s3://bucket/a/*.parquet",
                "object store",
                "aws s3 cp --recursive \"s3://bucket/a/\" data/",
            ),
            (
                "gs://bucket/a.parquet",
                "object store",
                "gcloud storage cp \"gs://bucket/a.parquet\" .",
            ),
            ("odd+x://a", "odd+x:// is not supported", "mount"),
        ] {
            let error = local_path(text, Path::new("")).unwrap_err();
            assert!(error.message().contains(what), "{error}");
            assert!(error.hint().unwrap().contains(hint), "{:?}", error.hint());
        }
    }
}
