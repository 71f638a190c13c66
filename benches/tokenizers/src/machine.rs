//! Where and how a table was made.

use std::fmt;
use std::fs;
use std::process::Command;

use serde::Serialize;

/// What a reader needs beside the numbers.
#[derive(Debug, Serialize)]
pub struct Machine {
    pub cpu: String,
    pub n_threads: usize,
    /// Load of the machine in the minute before.
    pub load: String,
    pub huge_pages: String,
    pub kernel: String,
    pub rustc_flags: String,
    pub commit: String,
    pub date: String,
    pub command: String,
}

impl Machine {
    /// This machine, now.
    pub fn here() -> Self {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus.lines().find(|line| line.starts_with("model name"));
        let model = model.and_then(|line| line.split_once(": "));
        let huge = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
        Self {
            cpu: model
                .map_or("unknown processor", |(_, name)| name)
                .to_owned(),
            n_threads: std::thread::available_parallelism().map_or(1, usize::from),
            load: fs::read_to_string("/proc/loadavg")
                .unwrap_or_default()
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
            huge_pages: chosen(&huge.unwrap_or_default()),
            kernel: output_of("uname", &["-sr"]),
            rustc_flags: option_env!("RUSTFLAGS").unwrap_or("none").to_owned(),
            commit: output_of(
                "git",
                &[
                    "-C",
                    env!("CARGO_MANIFEST_DIR"),
                    "describe",
                    "--always",
                    "--dirty",
                ],
            ),
            date: output_of("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
            command: std::env::args().collect::<Vec<_>>().join(" "),
        }
    }
}

/// The word in brackets of a kernel's setting.
fn chosen(setting: &str) -> String {
    let word = setting
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    word.map_or("unknown", |(word, _)| word).to_owned()
}

fn output_of(program: &str, args: &[&str]) -> String {
    let made = Command::new(program).args(args).output();
    made.map_or_else(
        |_| "unknown".to_owned(),
        |made| String::from_utf8_lossy(&made.stdout).trim().to_owned(),
    )
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cpu,
            n_threads,
            load,
            huge_pages,
            kernel,
            rustc_flags,
            commit,
            date,
            command,
        } = self;
        write!(
            f,
            "{cpu}, {n_threads} threads, load {load}, {kernel}, huge pages: {huge_pages}, RUSTFLAGS: {rustc_flags}; commit {commit}, {date}\n`{command}`"
        )
    }
}
