//! What this machine offers, checked: for `fuelrail doctor`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use fuelrail_kernels::tokenize::{Encoder, Special, Tokenizer};

use super::check::{Check, CheckState};
use super::devices;
use crate::error::{Error, Result};

/// Memory below which a run may not fit.
const LITTLE_MEMORY: u64 = 1 << 30;
/// Open files that a run may need at once.
const FEW_FILES: u64 = 256;

/// Looks at everything a run needs; `out` is where datasets are to be written.
#[must_use]
pub fn checks(out: &Path) -> Vec<Check> {
    let mut checks = vec![processor(), memory(), open_files()];
    checks.extend(devices::checks());
    checks.extend(
        Tokenizer::builtin_names()
            .iter()
            .map(|name| tokenizer(name)),
    );
    checks.push(target(out));
    checks
}

fn processor() -> Check {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Check::ok("processor", format!("{model}, {cores} cores to use"))
}

fn memory() -> Check {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = info
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    let Some(available) = kib.map(|kib| kib * 1024) else {
        return Check::ok("memory", "this system does not tell");
    };
    let check = Check::ok("memory", format!("{} MiB free to use", available >> 20));
    if available < LITTLE_MEMORY {
        return check.not_ok(
            CheckState::Warning,
            "a run takes up to 512 MiB: end other programs, or use fewer threads",
        );
    }
    check
}

fn open_files() -> Check {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let limit = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next())
        .map(str::to_owned);
    let Some(limit) = limit else {
        return Check::ok("open files", "this system does not tell");
    };
    let check = Check::ok("open files", format!("at most {limit}"));
    if limit.parse::<u64>().is_ok_and(|limit| limit < FEW_FILES) {
        return check.not_ok(CheckState::Warning, "raise the limit: `ulimit -n 1024`");
    }
    check
}

/// Loads a built-in tokenizer and sends text through it and back.
fn tokenizer(name: &str) -> Check {
    const TEXT: &str = "fuelrail: naïve 数据 don't 3.14 🙂\n\n  end";
    let start = Instant::now();
    let ids = Tokenizer::builtin(name)
        .ok_or_else(|| "it is not there".to_owned())
        .and_then(|tokenizer| {
            let tokenizer = Arc::new(tokenizer);
            let mut ids = Vec::new();
            Encoder::new(Arc::clone(&tokenizer))
                .encode(TEXT, Special::Text, &mut ids)
                .map_err(|error| error.to_string())?;
            let text = tokenizer.decode(&ids).map_err(|error| error.to_string())?;
            if text == TEXT.as_bytes() {
                Ok(tokenizer.vocab_size())
            } else {
                Err("text does not come back as it went in".to_owned())
            }
        });
    let label = format!("tokenizer {name}");
    match ids {
        Ok(n_ids) => Check::ok(
            label,
            format!("{n_ids} ids, ready in {} ms", start.elapsed().as_millis()),
        ),
        Err(reason) => Check::ok(label, reason).not_ok(
            CheckState::Failed,
            "this build of fuelrail is broken: build it again, and report it if that does not help",
        ),
    }
}

/// Writes, syncs and removes a file where datasets are to be written.
fn target(out: &Path) -> Check {
    let directory = nearest_there(out);
    let label = format!("target {}", out.display());
    let start = Instant::now();
    match write_and_sync(&directory) {
        Ok(()) => Check::ok(
            label,
            format!(
                "{} can be written; a file synced in {} ms",
                directory.display(),
                start.elapsed().as_millis()
            ),
        ),
        Err(error) => {
            let hint = error
                .hint()
                .unwrap_or("choose another place with --out")
                .to_owned();
            Check::ok(label, error.to_string()).not_ok(CheckState::Failed, &hint)
        }
    }
}

/// The path itself, or the nearest one above it that is there: a directory, if
/// a dataset can be written.
fn nearest_there(out: &Path) -> PathBuf {
    let path = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
    path.ancestors()
        .find(|path| path.exists())
        .map_or_else(|| PathBuf::from("."), Path::to_owned)
}

fn write_and_sync(directory: &Path) -> Result<()> {
    let path = directory.join(format!(".fuelrail-doctor-{}", std::process::id()));
    let written = fs::File::create(&path).and_then(|mut file| {
        file.write_all(b"fuelrail doctor")?;
        file.sync_all()
    });
    let removed = fs::remove_file(&path);
    written
        .and(removed)
        .map_err(|error| Error::io("write, sync and remove a file", &path, error))
}
