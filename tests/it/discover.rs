//! Discovery of inputs: files, directories, globs and lists.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::fs;
use std::path::Path;

use fuelrail::plan::{Catalog, Document, Fingerprint, Format, OnError};
use fuelrail::source::{DiscoverSpec, LookSpec, discover};
use fuelrail::{ErrorKind, Result};
use fuelrail_tests::source::layouts;

fn tree(files: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{{\"text\": \"{file}\"}}\n")).unwrap();
    }
    dir
}

fn spec<'a>(base: &'a Path, uris: &[&str]) -> DiscoverSpec<'a> {
    DiscoverSpec {
        uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
        base,
        sink: None,
        format: None,
        document: Document::File,
        threads: 3,
        fingerprint: Fingerprint::Content,
        on_error: OnError::Fail,
        lines: LookSpec::default(),
    }
}

fn names(catalog: Result<Catalog>) -> Vec<String> {
    let files = catalog.unwrap().files;
    files.into_iter().map(|file| file.input.name).collect()
}

const FILES: &[&str] = &[
    "a.jsonl",
    "b/a.jsonl",
    "b/c/d.jsonl.gz.jsonl",
    "b/_part.jsonl",
    "b/.hidden.jsonl",
    "_tmp/x.jsonl",
    "b/info.json",
    "b/_SUCCESS",
    "Z.jsonl",
];

#[test]
fn a_directory_stands_for_its_known_files_sorted_by_bytes() {
    let dir = tree(FILES);
    let expected = ["Z.jsonl", "a.jsonl", "b/a.jsonl", "b/c/d.jsonl.gz.jsonl"];
    assert_eq!(names(discover(&spec(dir.path(), &["."]))), expected);
    let absolute = dir.path().to_str().unwrap();
    assert_eq!(
        names(discover(&spec(Path::new("/nowhere"), &[absolute]))),
        expected
    );
    assert_eq!(
        names(discover(&spec(dir.path(), &["b"]))),
        ["a.jsonl", "c/d.jsonl.gz.jsonl"]
    );
}

#[test]
fn globs_match_below_their_literal_part() {
    let dir = tree(FILES);
    let found = |glob: &str| names(discover(&spec(dir.path(), &[glob])));
    assert_eq!(found("*.jsonl"), ["Z.jsonl", "a.jsonl"]);
    assert_eq!(found("b/*.jsonl"), ["a.jsonl"]);
    assert_eq!(
        found("**/*.jsonl"),
        ["Z.jsonl", "a.jsonl", "b/a.jsonl", "b/c/d.jsonl.gz.jsonl"]
    );
    assert_eq!(found("b/**/[a-c].jsonl*"), ["a.jsonl"]);
    assert_eq!(found("{a,Z}.jsonl"), ["Z.jsonl", "a.jsonl"]);
    assert_eq!(found("b/_*.jsonl"), ["_part.jsonl"]);
    assert_eq!(found("?.jsonl"), ["Z.jsonl", "a.jsonl"]);
    assert_eq!(found("b/*.json"), ["info.json"]);
}

#[test]
fn names_stay_when_files_are_added_and_one_file_counts_once() {
    let dir = tree(FILES);
    let both = names(discover(&spec(dir.path(), &["b", "Z.jsonl", "b/a.jsonl"])));
    assert_eq!(both, ["a.jsonl", "c/d.jsonl.gz.jsonl", "Z.jsonl"]);
    let error = discover(&spec(dir.path(), &["a.jsonl", "b/a.jsonl"])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Pipeline);
    assert!(
        error.to_string().contains("\"a.jsonl\" is the name of"),
        "{error}"
    );
    assert!(error.hint().is_some());
}

#[test]
fn nothing_mixed_or_remote_is_refused_with_a_hint() {
    let dir = tree(&["a.jsonl", "b.txt", "c.bin", "empty/none.bin"]);
    for (uris, words) in [
        (vec!["gone.jsonl"], "nothing matches"),
        (vec!["*.parquet"], "nothing matches"),
        (vec!["gone/*.parquet"], "nothing matches"),
        (vec!["empty"], "holds none that is read: "),
        (
            vec!["a.jsonl", "b.txt"],
            "got jsonl (a.jsonl) and text (b.txt)",
        ),
        (vec!["c.bin"], "known ending"),
        (vec!["s3://bucket/x.jsonl"], "not supported yet"),
        (vec!["gs://bucket/*.jsonl"], "not supported yet"),
    ] {
        let error = discover(&spec(dir.path(), &uris)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Pipeline, "{uris:?}: {error}");
        assert!(error.to_string().contains(words), "{uris:?}: {error}");
        assert!(error.hint().is_some(), "{uris:?}");
    }
    let error = discover(&spec(dir.path(), &[])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Pipeline);
}

#[test]
fn a_given_format_overrides_the_ending() {
    let dir = tree(&["a.jsonl", "b.txt", "c.bin"]);
    let mut spec = spec(dir.path(), &["c.bin"]);
    spec.format = Some(Format::Jsonl);
    let catalog = discover(&spec).unwrap();
    assert_eq!(catalog.format, Format::Jsonl);
    assert_eq!(catalog.seen.unwrap().keys[0].name, "text");
    spec.uris = vec![".".to_owned()];
    assert_eq!(names(discover(&spec)), ["a.jsonl"]);
}

#[test]
fn every_layout_is_described() {
    for layout in layouts() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(layout.file), layout.bytes(&layout.rows(35))).unwrap();
        let catalog = discover(&spec(dir.path(), &["."])).unwrap();
        assert_eq!(catalog.format, layout.format, "{}", layout.name);
        let file = &catalog.files[0];
        let in_lines = catalog.seen.iter().flat_map(|seen| &seen.keys);
        let has_text = in_lines
            .map(|key| key.name.as_str())
            .any(|key| key == "text")
            || file.schema.field_with_name("text").is_ok();
        assert!(has_text, "{}", layout.name);
        let groups: Vec<_> = file.input.row_groups.iter().map(|g| g.n_rows).collect();
        match layout.format {
            Format::Parquet | Format::Arrow => assert_eq!(groups, [10, 10, 10, 5]),
            Format::Tar if layout.name == "tar" => assert_eq!(groups, [35]),
            _ => assert!(groups.is_empty()),
        }
    }
}

#[test]
fn fingerprints_tell_contents_apart_and_do_not_depend_on_threads() {
    let dir = tree(&["a.jsonl", "b.jsonl"]);
    let big = vec![b'\n'; 3 << 20];
    fs::write(dir.path().join("c.jsonl"), &big).unwrap();
    for fingerprint in [Fingerprint::Content, Fingerprint::Sampled] {
        let digests = |threads| {
            let mut spec = spec(dir.path(), &["."]);
            (spec.threads, spec.fingerprint) = (threads, fingerprint);
            let files = discover(&spec).unwrap().files;
            files
                .into_iter()
                .map(|file| file.input.digest)
                .collect::<Vec<_>>()
        };
        let before = digests(1);
        assert_eq!(before, digests(7));
        assert_ne!(before[0], before[1]);
        let mut changed = big.clone();
        *changed.last_mut().unwrap() = b' ';
        fs::write(dir.path().join("c.jsonl"), &changed).unwrap();
        assert_ne!(before[2], digests(1)[2], "{fingerprint:?}");
        fs::write(dir.path().join("c.jsonl"), &big).unwrap();
    }
}

#[test]
fn a_file_that_cannot_be_described_is_an_error_or_waits_for_quarantine() {
    let layout = layouts()
        .into_iter()
        .find(|layout| layout.name == "parquet")
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.parquet"), b"PAR1 nonsense").unwrap();
    fs::write(dir.path().join("b.parquet"), layout.bytes(&layout.rows(3))).unwrap();
    let mut spec = spec(dir.path(), &["."]);
    let error = discover(&spec).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(error.to_string().contains("a.parquet"), "{error}");
    spec.on_error = OnError::Quarantine;
    let catalog = discover(&spec).unwrap();
    assert_eq!(catalog.files[0].schema, catalog.files[1].schema);
}

#[test]
fn image_folders_are_inputs_by_their_names() {
    let dir = tree(&["b/2.png", "b/1.JPG", "a.gif", "b/c/3.webp", "b/note.csv"]);
    let catalog = discover(&spec(dir.path(), &["."])).unwrap();
    assert_eq!(catalog.format, Format::Images);
    let files = &catalog.files;
    let shown: Vec<_> = files
        .iter()
        .map(|file| (file.input.name.as_str(), file.input.row_groups[0].n_rows))
        .collect();
    assert_eq!(shown, [(".", 1), ("b", 2), ("b/c", 1)]);
    let input = &files[1].input;
    assert_eq!(input.path_of(1), dir.path().join("./b/2.png"));
    assert_eq!(input.file_name_of(0), Some("b/1.JPG"));
    // What lies beside them is said, and with other data they are that.
    assert_eq!(catalog.discovery.passed_over.len(), 1);
    fs::write(dir.path().join("t.txt"), "words").unwrap();
    let catalog = discover(&spec(dir.path(), &["."])).unwrap();
    assert_eq!(catalog.format, Format::Text);
    assert!(catalog.discovery.passed_over[0].reason.contains("images"));
}
