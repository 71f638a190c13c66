//! Which bytes of which files of lines are looked at: all of them, or samples
//! spread over the files.
//!
//! A plain file can be entered at any line end; a compressed one only at its
//! beginning.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::compression::Compression;
use super::walk::FoundFile;
use crate::error::{Error, Result};

/// Bytes of a plain file that one thread looks at in one go.
const STRETCH: u64 = 16 << 20;

/// Files looked at where not all are.
const FILES: usize = 64;

/// Bytes looked at where not all are, over all files.
const BYTES: u64 = 16 << 20;

/// Bytes read at once to find a line's end.
const READ: usize = 64 << 10;

/// A run of bytes of one file that begins and ends with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The index of the file.
    pub(super) file: usize,
    /// Its first byte.
    pub(super) from: u64,
    /// The byte behind its last.
    pub(super) to: u64,
    /// Bytes after which no other line begins, unwrapped; no limit where the
    /// whole stretch is looked at.
    pub(super) most: Option<u64>,
}

/// The files with their lengths.
pub(super) fn lengths(found: &[FoundFile]) -> Result<Vec<u64>> {
    let length = |file: &FoundFile| {
        let metadata = std::fs::metadata(&file.path);
        metadata.map_err(|e| Error::io("open input", &file.path, e))
    };
    found.iter().map(|file| Ok(length(file)?.len())).collect()
}

/// All bytes of all files.
pub(super) fn whole(found: &[FoundFile], lengths: &[u64]) -> Result<Vec<Stretch>> {
    let mut stretches = Vec::new();
    for (file, (found, &len)) in found.iter().zip(lengths).enumerate() {
        let step = if is_plain(&found.path) { STRETCH } else { len };
        let mut from = 0;
        while from < len {
            let to = boundary(&found.path, from.saturating_add(step), len)?;
            stretches.push(Stretch {
                file,
                from,
                to,
                most: None,
            });
            from = to;
        }
    }
    Ok(stretches)
}

/// The heads of some files spread over the list, and of plain ones the middle
/// and the end.
pub(super) fn sample(found: &[FoundFile], lengths: &[u64]) -> Result<Vec<Stretch>> {
    let n = found.len().min(FILES);
    let share = BYTES / n.max(1) as u64;
    let mut stretches = Vec::new();
    for index in 0..n {
        let file = index * found.len() / n;
        let (path, len) = (&found[file].path, lengths[file]);
        let mut add = |from, to, most| {
            stretches.push(Stretch {
                file,
                from,
                to,
                most,
            });
        };
        if !is_plain(path) {
            add(0, len, Some(share));
        } else if len <= share {
            add(0, len, None);
        } else {
            let third = share / 3;
            let head = boundary(path, third, len)?;
            let middle = boundary(path, (len / 2).max(head), len)?;
            let after = boundary(path, middle.saturating_add(third), len)?;
            let end = boundary(path, (len - third).max(after), len)?;
            for (from, to) in [(0, head), (middle, after), (end, len)] {
                if from < to {
                    add(from, to, None);
                }
            }
        }
    }
    Ok(stretches)
}

/// The line of the file, from 0, with which `stretch` begins.
pub(super) fn first_line(path: &Path, stretch: &Stretch) -> Result<u64> {
    if stretch.from == 0 {
        return Ok(0);
    }
    let io = |e| Error::io("read input", path, e);
    let mut file = File::open(path).map_err(io)?.take(stretch.from);
    let mut buf = vec![0; READ];
    let mut lines = 0;
    loop {
        let n = file.read(&mut buf).map_err(io)?;
        if n == 0 {
            return Ok(lines);
        }
        lines += memchr::memchr_iter(b'\n', &buf[..n]).count() as u64;
    }
}

fn is_plain(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Compression::split(&name).1 == Compression::None
}

/// The first byte at or behind `at` that begins a line, or the file's end.
fn boundary(path: &Path, at: u64, len: u64) -> Result<u64> {
    if at == 0 || at >= len {
        return Ok(at.min(len));
    }
    let io = |e| Error::io("read input", path, e);
    let mut file = File::open(path).map_err(io)?;
    let mut at = at - 1;
    file.seek(SeekFrom::Start(at)).map_err(io)?;
    let mut buf = vec![0; READ];
    loop {
        let n = file.read(&mut buf).map_err(io)?;
        if n == 0 {
            return Ok(len);
        }
        if let Some(end) = memchr::memchr(b'\n', &buf[..n]) {
            return Ok((at + end as u64 + 1).min(len));
        }
        at += n as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of numbered lines, some of them long.
    fn file(dir: &tempfile::TempDir, name: &str, n: usize) -> FoundFile {
        let line = |i: usize| format!("{i}{}\n", "x".repeat(i * 7919 % 3000));
        let path = dir.path().join(name);
        std::fs::write(&path, (0..n).map(line).collect::<String>()).unwrap();
        FoundFile {
            path,
            name: name.to_owned(),
            is_linked: false,
            id: None,
        }
    }

    /// The number of the line that begins at each stretch, which it states.
    fn first_lines(found: &[FoundFile], stretches: &[Stretch]) -> Vec<u64> {
        let line = |stretch: &Stretch| {
            let bytes = std::fs::read(&found[stretch.file].path).unwrap();
            let text = &bytes[usize::try_from(stretch.from).unwrap()..];
            let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
            let digits: Vec<u8> = digits.copied().collect();
            let number: u64 = std::str::from_utf8(&digits).unwrap().parse().unwrap();
            assert_eq!(
                first_line(&found[stretch.file].path, stretch).unwrap(),
                number
            );
            number
        };
        stretches.iter().map(line).collect()
    }

    #[test]
    fn all_lines_are_in_one_stretch_each() {
        let dir = tempfile::tempdir().unwrap();
        let found = [
            file(&dir, "a", 30_000),
            file(&dir, "b", 3),
            file(&dir, "c", 0),
        ];
        let lengths = lengths(&found).unwrap();
        let stretches = whole(&found, &lengths).unwrap();
        assert!(stretches.len() > 3, "{stretches:?}");
        let mut at = 0;
        for stretch in stretches.iter().filter(|stretch| stretch.file == 0) {
            assert_eq!(stretch.from, at);
            at = stretch.to;
        }
        assert_eq!(at, lengths[0]);
        first_lines(&found, &stretches);
        assert!(stretches.iter().all(|stretch| stretch.file != 2));
    }

    #[test]
    fn samples_are_heads_middles_and_ends() {
        let dir = tempfile::tempdir().unwrap();
        let found = [file(&dir, "a", 30_000)];
        let lengths = lengths(&found).unwrap();
        let stretches = sample(&found, &lengths).unwrap();
        let lines = first_lines(&found, &stretches);
        assert_eq!((stretches.len(), lines[0]), (3, 0));
        assert!(stretches.windows(2).all(|pair| pair[0].to < pair[1].from));
        assert_eq!(stretches[2].to, lengths[0]);
        let looked: u64 = stretches.iter().map(|one| one.to - one.from).sum();
        assert!(looked <= BYTES + 3 * 4000, "{looked}");
        // As many as there are, and of many as many as are looked at.
        let few: Vec<FoundFile> = (0..3).map(|i| file(&dir, &format!("f{i}"), 2)).collect();
        let many: Vec<FoundFile> = few.iter().cycle().take(300).cloned().collect();
        let n_files = |found: &[FoundFile]| {
            let lengths = super::lengths(found).unwrap();
            sample(found, &lengths).unwrap().len()
        };
        assert_eq!((n_files(&few), n_files(&many), n_files(&[])), (3, FILES, 0));
    }

    #[test]
    fn compressed_files_are_entered_at_their_beginning_only() {
        let dir = tempfile::tempdir().unwrap();
        let found = [file(&dir, "a.gz", 30_000)];
        let lengths = lengths(&found).unwrap();
        let one = |most| Stretch {
            file: 0,
            from: 0,
            to: lengths[0],
            most,
        };
        assert_eq!(whole(&found, &lengths).unwrap(), [one(None)]);
        assert_eq!(sample(&found, &lengths).unwrap(), [one(Some(BYTES))]);
    }
}
