//! Every shader, held against what shaders keep to.

use std::path::{Path, PathBuf};
use std::process::Command;

use fuelrail_kernels::Member;
use fuelrail_kernels::cast::CastJob;
use fuelrail_kernels::normalize::{ImagesJob, NumbersJob};
use fuelrail_tests::shader::{self, Shader};

/// A struct of a shader, its twin's members, and its bytes.
type Job = (&'static str, &'static [Member], usize);

/// A shader with its entries and jobs.
type Declared = (&'static str, &'static [&'static str], &'static [Job]);

const SHADERS: &[Declared] = &[
    (
        "cast.wgsl",
        &["cast"],
        &[("CastJob", CastJob::MEMBERS, size_of::<CastJob>())],
    ),
    (
        "normalize.wgsl",
        &["normalize_images", "normalize_numbers"],
        &[
            ("ImagesJob", ImagesJob::MEMBERS, size_of::<ImagesJob>()),
            ("NumbersJob", NumbersJob::MEMBERS, size_of::<NumbersJob>()),
        ],
    ),
];

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
    let texts = texts();
    let names: Vec<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
    let declared: Vec<&str> = SHADERS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names, declared, "a shader is not declared in this file");
    for ((name, text), (_, entries, _)) in texts.iter().zip(SHADERS) {
        let shader = Shader::new(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(shader.entries(), *entries, "{name}");
        assert_eq!(shader.objections(), [""; 0], "{name}");
    }
}

#[test]
fn jobs_have_the_members_of_their_twins() {
    for ((name, text), (_, _, jobs)) in texts().iter().zip(SHADERS) {
        let shader = Shader::new(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (job, twin, len_bytes) in *jobs {
            let (members, span) = shader.members(job).unwrap();
            let twin = twin.iter().map(|member| shader::Member {
                name: member.name.to_owned(),
                type_name: member.type_name.to_owned(),
                offset: u32::try_from(member.offset).unwrap(),
            });
            assert_eq!(members, twin.collect::<Vec<_>>(), "{job} of {name}");
            assert_eq!(span as usize, *len_bytes, "{job} of {name}");
        }
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
