//! Every shader, held against what shaders keep to.

use std::path::{Path, PathBuf};
use std::process::Command;

use fuelrail_kernels::{Entry, TWINS};
use fuelrail_tests::shader::{self, Shader};

/// The entries of a shader, by the name of its file.
fn entries_in(file: &str) -> Vec<&'static str> {
    let in_file = |entry: &Entry| format!("{}.wgsl", entry.module()) == file && entry.is_in_wgsl();
    let all = Entry::ALL.into_iter().filter(in_file);
    all.map(Entry::name).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shaders")
}

/// The WGSL files in a folder, name and text, sorted by name. What cannot be
/// read is missed where names or entries are compared.
fn wgsl(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let file = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let text = std::fs::read_to_string(entry.path()).ok()?;
        name.ends_with("wgsl").then_some((name, text))
    };
    let mut files: Vec<(String, String)> = entries.filter_map(file).collect();
    files.sort();
    files
}

/// Every shader by its file's name, as it is compiled: behind all that is
/// shared.
fn texts() -> Vec<(String, String)> {
    let shared = wgsl(&folder().join("shared"));
    let shared: String = shared.into_iter().map(|(_, text)| text).collect();
    let own = wgsl(&folder()).into_iter();
    own.map(|(name, text)| (name, format!("{shared}{text}")))
        .collect()
}

#[test]
fn naga_accepts_every_shader_and_all_are_exact() {
    let mut n_entries = 0;
    for (name, text) in texts() {
        let shader = Shader::new(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(shader.entries(), entries_in(&name), "{name}");
        assert_eq!(shader.objections(), [""; 0], "{name}");
        n_entries += shader.entries().len();
    }
    let all = Entry::ALL.into_iter().filter(|entry| entry.is_in_wgsl());
    assert_eq!(n_entries, all.count(), "an entry whose shader is missing");
}

/// A driver that ends loops in silence is found out by the loop that every entry ends
/// with.
#[test]
fn every_entry_tells_whether_loops_were_cut_short() {
    for (name, text) in texts() {
        let shader = Shader::new(&text).unwrap();
        let silent = shader.entries_without_last("tell_if_cut_short");
        assert_eq!(silent, [""; 0], "{name}");
    }
    let silent = Shader::new("@compute @workgroup_size(1) fn silent() {}").unwrap();
    assert_eq!(silent.entries_without_last("tell_if_cut_short"), ["silent"]);
}

/// The text of the twins is generated; that it means the same is up to naga.
#[test]
fn structs_are_laid_out_as_in_rust() {
    let (_, text) = texts().swap_remove(0);
    let shader = Shader::new(&text).unwrap();
    for twin in TWINS.iter().filter(|twin| !twin.is_wide()) {
        let (members, span) = shader.members(twin.name).unwrap();
        let expected = twin.members.iter().map(|member| shader::Member {
            name: member.name.to_owned(),
            type_name: member.type_name.to_owned(),
            offset: u32::try_from(member.offset).unwrap(),
        });
        assert_eq!(members, expected.collect::<Vec<_>>(), "{}", twin.name);
        assert_eq!(span as usize, twin.len_bytes, "{}", twin.name);
    }
}

/// A second compiler's view, where it is installed: it refuses things that
/// naga lets pass.
#[test]
#[expect(clippy::print_stdout, reason = "what was not tested is said")]
fn tint_accepts_every_shader() {
    let there = Command::new("tint").arg("--help").output();
    if there.is_err() {
        println!("tint is not on PATH: its view of the shaders was not asked for");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let verdict = |name: &str, text: &str| {
        let path = scratch.path().join(name);
        std::fs::write(&path, text).unwrap();
        Command::new("tint")
            .args(["--format", "wgsl"])
            .arg(&path)
            .output()
            .unwrap()
    };
    let planted = verdict("planted.wgsl", "fn f(a: f32) -> u32 { return a; }");
    assert!(!planted.status.success(), "tint accepts a wrong type");
    for (name, text) in texts() {
        let output = verdict(&name, &text);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
    }
}
