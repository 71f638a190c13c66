//! Who may know whom: the modules of the engine, and the outside crates.

use super::{File, by_line, code_only, has_word, without_tests};

/// The engine's modules and what each may name of the others.
const LAYERS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("arrays", &["error"]),
    ("batch", &["error"]),
    ("plan", &["error", "batch"]),
    ("format", &["error", "batch", "plan"]),
    ("source", &["error", "arrays", "batch", "plan", "format"]),
    ("device", &["error", "arrays", "batch", "plan", "format"]),
    ("sink", &["error", "arrays", "batch", "plan", "format"]),
    ("feed", &["error", "batch", "plan", "format", "device"]),
    (
        "run",
        &[
            "error", "arrays", "batch", "plan", "format", "source", "device", "sink", "feed",
        ],
    ),
];

/// What the crate's root hands on from the lowest layer, open to all.
const ROOT_NAMES: &[&str] = &[
    "Error",
    "ErrorKind",
    "Location",
    "Result",
    "name_in_quotes",
    "name_in_text",
];

/// Outside crates, or modules of them, and the folders that may name them.
const HOMES: &[(&str, &[&str])] = &[
    ("arrow::ipc", &["engine/src/source/"]),
    ("clap", &["engine/cli/src/"]),
    ("clap_complete", &["engine/cli/src/"]),
    ("cudarc", &["engine/src/device/cuda/"]),
    ("fancy_regex", &["kernels/src/"]),
    ("flate2", &["engine/src/source/", "kernels/src/decode/"]),
    ("globset", &["engine/src/source/"]),
    ("image_webp", &["kernels/src/decode/"]),
    ("indicatif", &["engine/cli/src/"]),
    ("libjpeg_turbo_rs", &["kernels/src/decode/"]),
    ("libm", &["engine/src/plan/", "kernels/src/resample/"]),
    ("memmap2", &["engine/src/feed/"]),
    ("ndarray", &["engine/src/feed/", "kernels/src/"]),
    ("parquet", &["engine/src/source/", "engine/src/format/"]),
    ("png", &["engine/src/run/trace/", "kernels/src/decode/"]),
    ("pyo3", &["python/src/"]),
    ("regex_syntax", &["kernels/src/"]),
    ("safetensors", &["engine/src/format/"]),
    ("schemars", &["engine/src/plan/"]),
    ("strsim", &["engine/src/plan/"]),
    ("tokio", &["engine/cli/src/"]),
    ("toml", &["engine/src/plan/"]),
    ("weezl", &["kernels/src/decode/"]),
    ("wgpu", &["engine/src/device/wgpu/"]),
    ("zstd", &["engine/src/source/"]),
];

/// The faces of the engine: users of the public crate like any other.
const FACES: &[&str] = &["engine/cli/src/", "python/src/"];

/// What the kernels, which are arithmetic on slices, never name.
const NOT_ARITHMETIC: &[&str] = &[
    "arrow",
    "fuelrail",
    "parquet",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "tokio",
];

/// Each module of the engine names lower ones only; siblings do not know one
/// another, and the faces know the public crate alone.
#[must_use]
pub fn layers(file: &File) -> Vec<String> {
    if FACES.iter().any(|face| file.path.starts_with(face)) {
        return by_line(&file.path, &code_only(&file.text), |line| {
            let knows = has_word(line, "fuelrail_kernels");
            knows.then(|| "a face may know the crate fuelrail alone".to_owned())
        });
    }
    let Some(inside) = file.path.strip_prefix("engine/src/") else {
        return Vec::new();
    };
    let module = inside.split('/').next().unwrap_or_default();
    let module = module.strip_suffix(".rs").unwrap_or(module);
    let code = code_only(&file.text);
    match module {
        "lib" => Vec::new(),
        _ => match LAYERS.iter().find(|(name, _)| *name == module) {
            Some((_, lower)) => upward(&file.path, &code, module, lower),
            None => vec![format!(
                "{}:1: module `{module}` has no layer; give it one in tests/src/tidy/layers.rs",
                file.path
            )],
        },
    }
}

/// Objections to `module` naming a module that is not in `lower`.
fn upward(path: &str, code: &str, module: &str, lower: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let (before, from) = code.split_at(at);
        if before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        for name in first_names(from.trim_start_matches("crate::")) {
            if name == module || lower.contains(&name) || ROOT_NAMES.contains(&name) {
                continue;
            }
            let line = before.lines().count().max(1) + usize::from(before.ends_with('\n'));
            out.push(format!("{path}:{line}: `{module}` may not know `{name}`"));
        }
    }
    out
}

/// The first names of a path: one, or those of a group `{a::b, c}`.
fn first_names(path: &str) -> Vec<&str> {
    let is_end = |c: char| !(c.is_alphanumeric() || c == '_');
    let Some(group) = path.strip_prefix('{') else {
        return path.split(is_end).take(1).collect();
    };
    let mut names = Vec::new();
    let (mut depth, mut begin) = (0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begin = true,
            c if begin && depth == 0 && !is_end(c) => {
                begin = false;
                names.extend(group.get(at..).and_then(|text| text.split(is_end).next()));
            }
            _ => {}
        }
    }
    names
}

/// Each outside crate has one home.
#[must_use]
pub fn homes(file: &File) -> Vec<String> {
    let is_library = ["engine/src/", "kernels/src/"]
        .iter()
        .chain(FACES)
        .any(|folder| file.path.starts_with(folder));
    if !is_library || !file.is_rust() {
        return Vec::new();
    }
    let code = code_only(&file.text);
    let strangers = HOMES.iter().filter(|(_, homes)| {
        !homes.iter().any(|home| file.path.starts_with(home))
            // A module that is one file is a home too.
            && !homes.iter().any(|home| file.path == format!("{}.rs", home.trim_end_matches('/')))
    });
    strangers
        .flat_map(|(name, homes)| {
            by_line(&file.path, &code, |line| {
                let home = match homes {
                    [] => "nowhere yet".to_owned(),
                    homes => homes.join(" or "),
                };
                names_crate(line, name).then(|| format!("`{name}` lives in {home}"))
            })
        })
        .collect()
}

/// The kernels do no I/O, start nothing and know no Arrow; their tests may.
#[must_use]
pub fn kernels_are_pure(file: &File) -> Vec<String> {
    let is_test = file.path.ends_with("/tests.rs") || file.path.contains("/tests/");
    if !file.path.starts_with("kernels/src/") || is_test {
        return Vec::new();
    }
    let code = code_only(&file.text);
    by_line(&file.path, without_tests(&code), |line| {
        let named = NOT_ARITHMETIC.iter().find(|name| names_crate(line, name))?;
        Some(format!(
            "kernels are arithmetic on slices and may not know `{named}`"
        ))
    })
}

/// Whether a line of code names this crate or module at the start of a path.
fn names_crate(line: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        let after = line.get(at + name.len()..).unwrap_or_default();
        let starts =
            !before.ends_with(is_part) && (!before.ends_with("::") || before.ends_with(" ::"));
        let is_use = before.trim_end().ends_with("use") && !after.starts_with(is_part);
        starts && (after.starts_with("::") || is_use)
    })
}

#[cfg(test)]
mod tests {
    use super::{File, homes, kernels_are_pure, layers};

    fn lines(rule: fn(&File) -> Vec<String>, path: &str, text: &str) -> usize {
        rule(&File::new(path, text)).len()
    }

    #[test]
    fn siblings_may_not_know_one_another() {
        let at = |path, text| lines(layers, path, text);
        assert_eq!(at("engine/src/source/csv.rs", "use crate::sink::Fs;"), 1);
        assert_eq!(
            at("engine/src/sink/mod.rs", "fn f() { crate::run::go() }"),
            1
        );
        assert_eq!(
            at(
                "engine/src/batch.rs",
                "use crate::{plan::Plan, error::Error};"
            ),
            1
        );
        assert_eq!(
            at(
                "engine/src/plan/mod.rs",
                "use crate::{batch, format::{Column, Dataset}};"
            ),
            1
        );
        assert_eq!(at("engine/src/error.rs", "use crate::batch::Position;"), 1);
        assert_eq!(at("engine/src/newcomer.rs", ""), 1);
        assert_eq!(
            at("engine/cli/src/lib.rs", "use fuelrail_kernels::pack;"),
            1
        );
    }

    #[test]
    fn lower_layers_may_be_known() {
        let at = |path, text| lines(layers, path, text);
        assert_eq!(
            at(
                "engine/src/run/mod.rs",
                "use crate::{sink::Fs, source, Error};"
            ),
            0
        );
        assert_eq!(
            at(
                "engine/src/sink/mod.rs",
                "//! Not `crate::run`.\nuse crate::Result;"
            ),
            0
        );
        assert_eq!(
            at(
                "engine/src/sink/a.rs",
                "use crate::sink::Fs; use crate::plan::Plan;"
            ),
            0
        );
        assert_eq!(at("engine/src/lib.rs", "pub use crate::run::shard;"), 0);
        assert_eq!(
            at(
                "engine/cli/src/lib.rs",
                "use crate::args; use fuelrail::run;"
            ),
            0
        );
    }

    #[test]
    fn the_objection_names_the_line() {
        let file = File::new("engine/src/sink/mod.rs", "//! x\n\nuse crate::source::A;\n");
        assert_eq!(
            layers(&file),
            ["engine/src/sink/mod.rs:3: `sink` may not know `source`"]
        );
    }

    #[test]
    fn crates_stay_in_their_homes() {
        let at = |path, text| lines(homes, path, text);
        assert_eq!(
            at("engine/src/sink/mod.rs", "use parquet::file::Reader;"),
            1
        );
        assert_eq!(
            at("engine/src/plan/mod.rs", "let x = arrow::ipc::reader::f();"),
            1
        );
        assert_eq!(at("engine/src/run/mod.rs", "use clap::Parser;"), 1);
        assert_eq!(at("engine/src/run/mod.rs", "use cudarc;"), 1);
        assert_eq!(
            at("engine/src/sink/mod.rs", "fn f() { ::tokio::spawn(g()) }"),
            1
        );
        assert_eq!(
            at("engine/src/source/parquet.rs", "use parquet::file::Reader;"),
            0
        );
        assert_eq!(
            at(
                "engine/src/source/mod.rs",
                "mod parquet; use self::parquet::Reader;"
            ),
            0
        );
        assert_eq!(at("engine/cli/src/signals.rs", "use tokio::signal;"), 0);
        assert_eq!(at("engine/cli/src/shard.rs", "use pyo3::prelude::*;"), 1);
        assert_eq!(at("python/src/lib.rs", "use pyo3::prelude::*;"), 0);
        // A module that is one file is a home too.
        assert_eq!(at("engine/src/plan.rs", "use toml::de;"), 0);
        assert_eq!(
            at(
                "engine/src/run/mod.rs",
                "// as parquet::file does\nf(\"clap::x\")"
            ),
            0
        );
        assert_eq!(at("tests/src/lib.rs", "use parquet::file::Reader;"), 0);
    }

    #[test]
    fn kernels_do_no_io() {
        let at = |text| lines(kernels_are_pure, "kernels/src/pack/mod.rs", text);
        assert_eq!(at("use std::fs::File;"), 1);
        assert_eq!(at("use arrow::array::Array;"), 1);
        assert_eq!(at("use fuelrail::Error;"), 1);
        assert_eq!(at("use std::fmt; use std::sync::Arc;"), 0);
        assert_eq!(
            at("//! x\n#[cfg(test)]\nmod tests {\nuse std::fs::File;\n}"),
            0
        );
        let tests = File::new("kernels/src/pack/tests.rs", "use std::fs::File;");
        assert!(kernels_are_pure(&tests).is_empty());
    }
}
