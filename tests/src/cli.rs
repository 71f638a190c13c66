//! Runs the `fuelrail` program of this build.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot run its program has failed"
)]

use std::env;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
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
    let mut child = start(Command::new(program()).args(args).current_dir(dir));
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input closes it.
        _ = stdin.write_all(input);
    }
    end(child)
}

/// Starts `fuelrail args…` in `dir` and does not wait for it.
///
/// # Panics
/// If the program cannot be started.
#[must_use]
pub fn begin(dir: &Path, args: &[&str]) -> Child {
    start(Command::new(program()).args(args).current_dir(dir))
}

/// Runs `script` with `sh` in `dir`, `$FUELRAIL` being the program.
///
/// # Panics
/// If there is no shell.
#[must_use]
pub fn shell(dir: &Path, script: &str) -> Ran {
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(dir);
    end(start(command.env("FUELRAIL", program())))
}

/// As [`shell`], where the script may mount file systems that nobody else sees.
///
/// `None` where the machine does not let us, said on standard error past the
/// test's own capture, and only if `FUELRAIL_ALLOW_SKIPS=1`.
///
/// # Panics
/// Where mounting is not allowed and leaving it out is not either.
#[must_use]
pub fn mounting_shell(dir: &Path, script: &str) -> Option<Ran> {
    let namespaces: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    let may_mount = |namespace: &&&[&str]| {
        let mut command = Command::new("unshare");
        let tried = command
            .args(**namespace)
            .args(["mount", "-t", "tmpfs", "x", "/mnt"]);
        tried.output().is_ok_and(|tried| tried.status.success())
    };
    let Some(namespace) = namespaces.iter().find(may_mount) else {
        let missing = "file systems cannot be mounted here (run as root), so a full disk and a \
                       read-only one are not tested";
        assert!(
            env::var_os("FUELRAIL_ALLOW_SKIPS").is_some_and(|value| value == "1"),
            "{missing}; set FUELRAIL_ALLOW_SKIPS=1 to allow that"
        );
        _ = std::io::stderr().write_all(format!("SKIPPED: {missing}\n").as_bytes());
        return None;
    };
    let mut command = Command::new("unshare");
    command.args(*namespace).args(["sh", "-c", script]);
    Some(end(start(
        command.current_dir(dir).env("FUELRAIL", program()),
    )))
}

fn start(command: &mut Command) -> Child {
    command
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// Waits for `child`.
///
/// # Panics
/// If it prints something that is not UTF-8.
#[must_use]
pub fn end(child: Child) -> Ran {
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
