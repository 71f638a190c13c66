//! Writes the generated twins of structs, or with `--check` compares them with
//! what lies in the repository. `scripts/twins.sh` runs it.
#![expect(clippy::print_stderr, reason = "a program for terminals")]

use std::path::Path;
use std::process::ExitCode;

use fuelrail_kernels::TWINS;
use fuelrail_tests::twins::{Generated, generated};

fn main() -> ExitCode {
    let checks = std::env::args().any(|argument| argument == "--check");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let is_well = |file: &Generated| {
        let path = root.join(file.path);
        if checks {
            std::fs::read_to_string(&path).is_ok_and(|text| text == file.text)
        } else {
            std::fs::write(&path, &file.text).is_ok()
        }
    };
    let files = generated(TWINS);
    let wrong: Vec<&Generated> = files.iter().filter(|file| !is_well(file)).collect();
    for file in &wrong {
        let what = if checks {
            "is not what scripts/twins.sh writes"
        } else {
            "cannot be written"
        };
        eprintln!("error: {} {what}", file.path);
    }
    ExitCode::from(u8::from(!wrong.is_empty()))
}
