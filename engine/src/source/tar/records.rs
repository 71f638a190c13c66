//! The records of an extended header, a line `LENGTH KEY=VALUE` each.
//!
//! Layout: "pax Extended Header" in the `pax` page of POSIX.1-2017. Other programs
//! differ in what they make of an entry that states a thing twice, so such are
//! refused here.

/// What records say of an entry.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct EntryRecords {
    /// Its name.
    pub(super) path: Option<Vec<u8>>,
    /// Its bytes of content.
    pub(super) size: Option<u64>,
}

/// Reads records. All keys but those of names and sizes say what is not needed.
pub(super) fn parse(mut bytes: &[u8]) -> Result<EntryRecords, String> {
    let mut records = EntryRecords::default();
    let (mut n_paths, mut n_sizes) = (0, 0);
    while !bytes.is_empty() {
        let (record, rest) = split(bytes).ok_or(MALFORMED)?;
        bytes = rest;
        let at = memchr::memchr(b'=', record).ok_or(MALFORMED)?;
        let (key, value) = (&record[..at], &record[at + 1..]);
        match key {
            b"path" => {
                n_paths += 1;
                // A value of no bytes stands for that of the header.
                records.path = (!value.is_empty()).then(|| value.to_vec());
            }
            b"size" => {
                n_sizes += 1;
                records.size = match value {
                    b"" => None,
                    value => Some(decimal(value).ok_or("a record of a size is no number")?),
                };
            }
            key if key.starts_with(b"GNU.sparse.") || key == b"SCHILY.realsize" => {
                return Err("expected whole files, got a sparse file".to_owned());
            }
            _ => {}
        }
    }
    if n_paths > 1 || n_sizes > 1 {
        return Err("an extended header states a name or a size twice".to_owned());
    }
    Ok(records)
}

/// What is wrong with records that are none.
const MALFORMED: &str = "expected records `LENGTH KEY=VALUE` in an extended header";

/// The first record without its length and line end, and what follows it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr::memchr(b' ', bytes.get(..bytes.len().min(20))?)?;
    let len = usize::try_from(decimal(&bytes[..space])?).ok()?;
    let record = bytes.get(space + 1..len)?.strip_suffix(b"\n")?;
    Some((record, &bytes[len..]))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sizes_are_taken_and_others_passed_over() {
        let records = parse(b"12 path=a/b\n9 size=7\n30 mtime=1350244992.023960108\n").unwrap();
        assert_eq!(records.path.as_deref(), Some(&b"a/b"[..]));
        assert_eq!(records.size, Some(7));
        assert_eq!(parse(b"8 path=\n").unwrap(), EntryRecords::default());
        assert_eq!(parse(b"").unwrap(), EntryRecords::default());
    }

    #[test]
    fn records_that_are_none_are_refused() {
        for (bytes, words) in [
            (&b"x"[..], MALFORMED),
            (b"9 size=7", MALFORMED),
            (b"3 a\n", MALFORMED),
            (b"0 a=b\n", MALFORMED),
            (b"99 a=b\n", MALFORMED),
            (b"-6 a=b\n", MALFORMED),
            (b"18446744073709551616 a=b\n", MALFORMED),
            (b"11 size=-7\n", "no number"),
            (b"9 size=7\n9 size=8\n", "twice"),
            (b"22 GNU.sparse.major=1\n", "sparse"),
        ] {
            let error = parse(bytes).unwrap_err();
            assert!(error.contains(words), "{bytes:?}: {error}");
        }
    }
}
