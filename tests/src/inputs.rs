//! Folders of inputs, and what discovery makes of them.
#![expect(clippy::missing_panics_doc, reason = "a test that cannot go on fails")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fuelrail::plan::{Catalog, Document, Fingerprint, OnError, PassedOverKind};
use fuelrail::source::{DiscoverSpec, LookSpec, discover};
use fuelrail::{Error, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::cli::{Ran, fuelrail};

/// A line of JSON that names its file.
pub fn write(dir: &TempDir, file: &str) {
    let path = dir.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("{{\"text\": \"{file}\"}}\n")).unwrap();
}

/// A folder with these files.
#[must_use]
pub fn tree(files: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        write(&dir, file);
    }
    dir
}

/// What `uris` in it stand for, where the pipeline writes to `sink`.
///
/// # Errors
/// As discovery.
pub fn found(dir: &TempDir, uris: &[&str], sink: Option<&Path>) -> Result<Catalog> {
    discover(&DiscoverSpec {
        uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
        base: dir.path(),
        sink,
        format: None,
        document: Document::File,
        threads: 1,
        fingerprint: Fingerprint::Content,
        on_error: OnError::Fail,
        lines: LookSpec::default(),
    })
}

/// The names of the inputs.
#[must_use]
#[track_caller]
pub fn names(catalog: &Result<Catalog>) -> Vec<&str> {
    let files = &catalog.as_ref().unwrap().files;
    files.iter().map(|file| file.input.name.as_str()).collect()
}

#[must_use]
/// What was passed over: kind and path below the folder.
pub fn passed_over(dir: &TempDir, catalog: &Catalog) -> BTreeSet<(PassedOverKind, String)> {
    let base = format!("{}/", dir.path().display());
    let mut all = BTreeSet::new();
    for over in &catalog.discovery.passed_over {
        assert_eq!(over.count, over.names.len() as u64);
        let names = over.names.iter().map(|name| name.replace(&base, ""));
        all.extend(names.map(|name| (over.kind, name)));
    }
    all
}

/// The error, which says `words` and has a hint.
#[expect(clippy::must_use_candidate, reason = "that it is refused may be all")]
#[track_caller]
pub fn refused(result: Result<Catalog>, words: &str) -> Error {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
    assert!(error.hint().is_some(), "{error}");
    error
}

/// Runs the program in the folder.
#[must_use]
pub fn run(dir: &TempDir, args: &[&str]) -> Ran {
    fuelrail(dir.path(), args, b"")
}

/// The JSON of a run that went well.
#[must_use]
#[track_caller]
pub fn result(ran: &Ran) -> Value {
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    serde_json::from_str(&ran.out).unwrap()
}
