//! Runs the `fuelrail` program of this build.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot run its program has failed"
)]

use std::env;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The program, built as this test was.
///
/// Cargo builds programs only for the tests of their own package, so the first
/// test that asks has it built; nothing is done if it is up to date.
///
/// # Panics
/// If it does not build.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = env::current_exe().expect("a test has a path");
        let profile_dir = test
            .parent()
            .and_then(Path::parent)
            .expect("tests lie in target/<profile>/deps");
        let target_dir = profile_dir.parent().expect("a profile lies in target");
        let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
        command
            .args(["build", "--quiet", "--workspace", "--bin", "fuelrail"])
            .arg("--manifest-path")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
            .arg("--target-dir")
            .arg(target_dir);
        if profile_dir.file_name() == Some(OsStr::new("release")) {
            command.arg("--release");
        }
        let status = command.status().expect("cargo runs");
        assert!(status.success(), "the program does not build");
        profile_dir.join(format!("fuelrail{}", env::consts::EXE_SUFFIX))
    })
}

/// What one run of the program printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; -1 if a signal ended it.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs `fuelrail args…` in `dir` with `input` on standard input.
///
/// # Panics
/// If the program cannot be started or prints something that is not UTF-8.
#[must_use]
pub fn fuelrail(dir: &Path, args: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(program())
        .args(args)
        .current_dir(dir)
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input closes it.
        _ = stdin.write_all(input);
    }
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().expect("the program ends");
    Ran {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8(stdout).expect("output is text"),
        err: String::from_utf8(stderr).expect("errors are text"),
    }
}
