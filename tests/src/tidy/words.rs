//! What no file may hold, and how every file begins and ends.

use super::{File, LIBRARIES, by_line, code_only, has_word};

/// Lines a source file may have.
const MAX_LINES: usize = 500;

/// Files that may hold unsafe code, each with its reason beside the code.
const UNSAFE: &[&str] = &[
    "engine/cli/src/environment.rs",
    "engine/src/device/cuda/driver.rs",
    "engine/src/device/cuda/kept.rs",
    "engine/src/device/cuda/owned.rs",
    "engine/src/device/cuda/room.rs",
    "engine/src/device/stream.rs",
    "engine/src/feed/batch.rs",
    "engine/src/feed/buffer.rs",
    "engine/src/feed/guard/mod.rs",
    "engine/src/feed/guard/tests.rs",
    "engine/src/feed/limits.rs",
    "engine/src/feed/map.rs",
    "engine/src/feed/process.rs",
    "engine/src/run/file_size.rs",
    "kernels/src/json_text/blocks.rs",
    "kernels/src/json_text/x86.rs",
    "kernels/src/lane.rs",
    "kernels/src/large_pages.rs",
    "kernels/src/normalize/pixels/simd.rs",
    "kernels/src/resample/simd/x86.rs",
    "kernels/src/squeeze/shuffle.rs",
    "kernels/src/tokenize/huge.rs",
    "kernels/src/tokenize/prefetch.rs",
    "kernels/src/tokenize/scan/x86.rs",
    "kernels/src/x86.rs",
    "python/src/arrow.rs",
    "python/src/arrow_stream.rs",
    "python/src/dlpack.rs",
    "tests/it/feed_read.rs",
    "tests/src/bin/sigbus.rs",
];

// The words are put together here so that this file does not hold them.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!"),
    concat!("unimpl", "emented!"),
];

/// Registries and hubs, which a mirror may stand for, and folders of one
/// machine.
const HOSTS_AND_PATHS: &[&str] = &[
    concat!("crates", ".io"),
    concat!("py", "pi.org"),
    concat!("python", "hosted.org"),
    concat!("npm", "js.org"),
    concat!("hugging", "face.co"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/Us", "ers/"),
];

/// Source files are short enough to be read at one sitting.
#[must_use]
pub fn length(file: &File) -> Vec<String> {
    let is_source = ["rs", "py", "sh", "wgsl", "cu", "cuh", "cpp", "h"]
        .iter()
        .any(|extension| file.has_extension(extension));
    let n_lines = file.text.lines().count();
    let objects = is_source && n_lines > MAX_LINES;
    let text = || {
        format!(
            "{}:{n_lines}: expected at most {MAX_LINES} lines; split the file by meaning",
            file.path
        )
    };
    objects.then(text).into_iter().collect()
}

/// Every Rust file opens by saying what it is.
#[must_use]
pub fn opening(file: &File) -> Vec<String> {
    let objects = file.is_rust() && !file.text.starts_with("//! ");
    let text = || format!("{}:1: expected `//!` and what the file is", file.path);
    objects.then(text).into_iter().collect()
}

/// Nothing is left for later in a file.
#[must_use]
pub fn unfinished(file: &File) -> Vec<String> {
    by_line(&file.path, &file.text, |line| {
        let found = UNFINISHED.iter().find(|word| {
            let name = word.trim_end_matches('!');
            has_word(line, name) && line.contains(**word)
        })?;
        Some(format!("expected finished work, got `{found}`"))
    })
}

/// Unsafe code stands in the listed files only.
#[must_use]
pub fn no_unsafe(file: &File) -> Vec<String> {
    if !file.is_rust() || UNSAFE.contains(&file.path.as_str()) {
        return Vec::new();
    }
    by_line(&file.path, &code_only(&file.text), |line| {
        let objects = has_word(line, "unsafe");
        objects.then(|| "unsafe code is not listed in tests/src/tidy/words.rs".to_owned())
    })
}

/// The libraries deny unsafe code, so that a file opens it with a reason.
#[must_use]
pub fn denies_unsafe(file: &File) -> Vec<String> {
    let Some(folder) = file.path.strip_suffix("lib.rs") else {
        return Vec::new();
    };
    let is_library = LIBRARIES.contains(&folder);
    let denies = code_only(&file.text).contains("#![deny(unsafe_code)]");
    if is_library && !denies {
        vec![format!("{}:1: expected #![deny(unsafe_code)]", file.path)]
    } else {
        Vec::new()
    }
}

/// No file names a registry's host or a folder of one machine.
#[must_use]
pub fn hosts_and_paths(file: &File) -> Vec<String> {
    if file.path.ends_with("Cargo.lock") {
        return Vec::new();
    }
    by_line(&file.path, &file.text, |line| {
        let found = HOSTS_AND_PATHS.iter().find(|name| line.contains(**name))?;
        Some(format!(
            "expected no registry host or machine path, got `{found}`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::{File, denies_unsafe, hosts_and_paths, length, no_unsafe, opening, unfinished};

    fn lines(rule: fn(&File) -> Vec<String>, path: &str, text: &str) -> usize {
        rule(&File::new(path, text)).len()
    }

    #[test]
    fn long_files_are_refused() {
        let text = "x\n".repeat(501);
        assert_eq!(lines(length, "a.rs", &text), 1);
        assert_eq!(lines(length, "scripts/a.sh", &text), 1);
        assert_eq!(lines(length, "a.md", &text), 0);
        assert_eq!(lines(length, "a.rs", &"x\n".repeat(500)), 0);
    }

    #[test]
    fn files_open_with_what_they_are() {
        assert_eq!(lines(opening, "a.rs", "use std::fmt;\n//! Late."), 1);
        assert_eq!(lines(opening, "a.rs", ""), 1);
        assert_eq!(lines(opening, "a.rs", "//! What it is.\n"), 0);
        assert_eq!(lines(opening, "a.py", "import os"), 0);
    }

    #[test]
    fn unfinished_work_is_refused() {
        for text in [
            concat!("// TO", "DO: later"),
            concat!("    to", "do!()"),
            concat!("# FIX", "ME"),
        ] {
            assert_eq!(lines(unfinished, "a.rs", text), 1, "{text}");
        }
        assert_eq!(
            lines(unfinished, "a.rs", "let todos = 3; // the method TODOS"),
            0
        );
    }

    #[test]
    fn unsafe_code_is_refused_and_words_about_it_are_not() {
        assert_eq!(lines(no_unsafe, "engine/src/a.rs", "unsafe { f() }"), 1);
        assert_eq!(
            lines(
                no_unsafe,
                "engine/src/a.rs",
                "// unsafe\nf(\"unsafe\"); unsafe_code"
            ),
            0
        );
        assert_eq!(
            lines(
                denies_unsafe,
                "engine/src/lib.rs",
                "//! x\n// #![deny(unsafe_code)]"
            ),
            1
        );
        assert_eq!(
            lines(
                denies_unsafe,
                "kernels/src/lib.rs",
                "//! x\n#![deny(unsafe_code)]"
            ),
            0
        );
        assert_eq!(lines(denies_unsafe, "tests/src/lib.rs", "//! x"), 0);
    }

    #[test]
    fn hosts_and_machine_paths_are_refused() {
        assert_eq!(
            lines(
                hosts_and_paths,
                "a.md",
                concat!("see https://crates", ".io/x")
            ),
            1
        );
        assert_eq!(
            lines(hosts_and_paths, "a.sh", concat!("cd /ho", "me/me")),
            1
        );
        assert_eq!(
            lines(
                hosts_and_paths,
                "a.md",
                "see https://github.com/x/y, /usr/share/doc"
            ),
            0
        );
        assert_eq!(
            lines(hosts_and_paths, "Cargo.lock", concat!("crates", ".io")),
            0
        );
    }
}
