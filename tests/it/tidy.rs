//! The house rules, held against every file of the repository.
//!
//! The rules themselves, and the proof that each can fail, are in
//! `fuelrail_tests::tidy`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fuelrail_tests::tidy::{self, File, Operator, SharedName};

/// The operators that have a kernel.
const OPERATORS: &[Operator] = &[
    Operator {
        name: "blend",
        host_only: None,
        files: &[],
    },
    Operator {
        name: "cast",
        host_only: None,
        files: &[],
    },
    Operator {
        name: "chat",
        host_only: Some("it runs a program of the model's, a few thousand bytes a conversation"),
        files: &[],
    },
    Operator {
        name: "chunk",
        host_only: Some("a few additions for each piece"),
        files: &[],
    },
    Operator {
        name: "decode",
        host_only: Some("entropy codes are read one after another, bit by bit"),
        files: &[],
    },
    Operator {
        name: "color",
        host_only: None,
        files: &[],
    },
    Operator {
        name: "gather",
        host_only: None,
        files: &[],
    },
    Operator {
        name: "json_text",
        host_only: Some("files are read before a device takes part"),
        files: &[],
    },
    Operator {
        name: "lut",
        host_only: None,
        files: &[],
    },
    Operator {
        name: "map",
        host_only: None,
        files: &[],
    },
    Operator {
        name: "normalize",
        host_only: None,
        files: &[],
    },
    Operator {
        name: "pack",
        host_only: Some("a sequential decision over lengths, then a copy bound by memory"),
        files: &[],
    },
    Operator {
        name: "resample",
        host_only: None,
        files: &[],
    },
    Operator {
        name: "squeeze",
        host_only: None,
        files: &[],
    },
    Operator {
        name: "tokenize",
        host_only: None,
        files: &[
            "kernels/src/tokenize/tokenize_words.cu",
            "shaders/tokenize_words.wgsl",
        ],
    },
    Operator {
        name: "warp",
        host_only: None,
        files: &[],
    },
];

/// Type names of several types.
const SHARED_NAMES: &[SharedName] = &[
    SharedName {
        name: "Bands",
        reason: "of `resample` with the vectors of x86-64, and what stands for them elsewhere",
    },
    SharedName {
        name: "Batch",
        reason: "public: `batch::Batch` of a source, `feed::Batch` of a loader, as in Python",
    },
    SharedName {
        name: "Extent",
        reason: "public: `feed::Extent` of an order, `source::Extent` of a look",
    },
    SharedName {
        name: "Pairs",
        reason: "of `resample` with the vectors of x86-64, and what stands for them elsewhere",
    },
    SharedName {
        name: "Tally",
        reason: "public: `batch::Tally` of an account, `feed::Tally` of a loader",
    },
];

/// Folders of the repository that hold its own files.
const FOLDERS: &[&str] = &[
    ".ci", "benches", "docs", "engine", "examples", "fuzz", "kernels", "python", "scripts",
    "shaders", "tests",
];

/// What lies in those folders without being written by hand.
const NOT_OURS: &[&str] = &[
    "target",
    "__pycache__",
    "results",
    "seeds",
    "snapshots",
    "data",
];

type Rule = fn(&File) -> Vec<String>;

const RULES: &[(&str, Rule)] = &[
    ("layers", tidy::layers),
    ("homes", tidy::homes),
    ("kernels are pure", tidy::kernels_are_pure),
    ("wildcards", tidy::wildcards),
    ("length", tidy::length),
    ("opening", tidy::opening),
    ("unfinished", tidy::unfinished),
    ("no unsafe", tidy::no_unsafe),
    ("denies unsafe", tidy::denies_unsafe),
    ("hosts and paths", tidy::hosts_and_paths),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every text file of the repository's own, sorted by path. Hidden files at
/// the root are the tools', not ours.
fn files() -> Vec<File> {
    let root = root();
    let mut paths: Vec<PathBuf> = entries(&root)
        .into_iter()
        .filter(|path| path.is_file() && !path.ends_with(".git"))
        .collect();
    for folder in FOLDERS {
        walk(&root.join(folder), &mut paths);
    }
    paths.sort();
    let file = |path: &PathBuf| {
        let name = path.strip_prefix(&root).ok()?.to_str()?.replace('\\', "/");
        // What is not UTF-8 is not text, and no rule reads it.
        Some(File::new(name, std::fs::read_to_string(path).ok()?))
    };
    paths.iter().filter_map(file).collect()
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
    for path in entries(folder) {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_dir() && !NOT_OURS.contains(&name) {
            walk(&path, out);
        } else if path.is_file() {
            out.push(path);
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect()
}

#[test]
fn every_file_keeps_the_house_rules() {
    let files = files();
    assert!(
        files.len() > 20,
        "expected the repository, found {} files",
        files.len()
    );
    let mut objections = Vec::new();
    for (name, rule) in RULES {
        for objection in files.iter().flat_map(rule) {
            objections.push(format!("{objection} [{name}]"));
        }
    }
    assert!(objections.is_empty(), "\n{}\n", objections.join("\n"));
}

#[test]
fn no_two_files_know_each_other() {
    let objections = tidy::circles(&files());
    assert!(objections.is_empty(), "\n{}\n", objections.join("\n"));
}

#[test]
fn one_type_name_stands_for_one_thing() {
    let objections = tidy::type_names(&files(), SHARED_NAMES);
    assert!(objections.is_empty(), "\n{}\n", objections.join("\n"));
}

#[test]
fn every_operator_has_what_it_declares() {
    let files = files();
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let objections = tidy::operators(OPERATORS, &paths);
    assert!(objections.is_empty(), "\n{}\n", objections.join("\n"));
}
