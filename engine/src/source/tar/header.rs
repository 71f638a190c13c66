//! One block of 512 bytes that says what follows it.
//!
//! Layouts: "ustar Interchange Format" in the `pax` page of POSIX.1-2017, and
//! "Basic Tar Format" in the manual of GNU tar.

/// Bytes of a block.
pub(super) const BLOCK: usize = 512;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file.
    File,
    /// A directory, which has no content.
    Directory,
    /// Records of POSIX about the next entry.
    Extended,
    /// Records of POSIX about all entries that follow.
    Global,
    /// The name of the next entry, as GNU tar writes it.
    LongName,
}

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// The name as it stands there.
    pub(super) name: Vec<u8>,
    /// Bytes of content that follow, padded to whole blocks.
    pub(super) size: u64,
}

/// What a block says; nothing if it has only zeros.
pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Option<Header>, String> {
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    check_sum(block)?;
    let is_posix = block[257..263] == *b"ustar\0";
    let mut name = text(&block[..100]).to_vec();
    if is_posix {
        let prefix = text(&block[345..500]);
        if !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
    }
    let shown = || String::from_utf8_lossy(&name).into_owned();
    let size = number(&block[124..136])
        .ok_or_else(|| format!("the size of the entry {:?} is no number", shown()))?;
    let kind = match block[156] {
        b'0' | b'7' | 0 if name.ends_with(b"/") => Kind::Directory,
        b'0' | b'7' | 0 => Kind::File,
        b'5' => Kind::Directory,
        b'x' => Kind::Extended,
        b'g' => Kind::Global,
        b'L' => Kind::LongName,
        other => {
            return Err(format!(
                "expected files and directories, got {} called {:?}",
                other_kind(other),
                shown()
            ));
        }
    };
    if kind == Kind::Directory && size != 0 {
        return Err(format!(
            "the directory {:?} claims {size} bytes of content",
            shown()
        ));
    }
    Ok(Some(Header { kind, name, size }))
}

/// What an entry is that is not read.
fn other_kind(flag: u8) -> String {
    match flag {
        b'1' => "a hard link".to_owned(),
        b'2' | b'K' => "a symbolic link".to_owned(),
        b'3' | b'4' => "a device".to_owned(),
        b'6' => "a pipe".to_owned(),
        b'S' => "a sparse file".to_owned(),
        b'M' => "a part of a file from another volume".to_owned(),
        b'V' => "the label of a volume".to_owned(),
        other => format!("an entry of the unknown kind 0x{other:02x}"),
    }
}

/// The sum of all bytes, those of the sum itself taken for spaces. Old programs
/// took bytes for signed.
fn check_sum(block: &[u8; BLOCK]) -> Result<(), String> {
    let stated = number(&block[148..156]);
    let bytes = || block[..148].iter().chain(&[b' '; 8]).chain(&block[156..]);
    let unsigned: u64 = bytes().map(|byte| u64::from(*byte)).sum();
    let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
    let is_right = |stated| stated == unsigned || i64::try_from(stated) == Ok(signed);
    if stated.is_some_and(is_right) {
        return Ok(());
    }
    Err("expected the header of an entry, got a block with another checksum".to_owned())
}

/// Bytes up to the first zero.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number in octal digits, or in base 256 as GNU tar writes large ones; an empty
/// field is 0.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // Numbers below zero have all bits of the first byte.
        return rest.iter().try_fold(u64::from(first & 0x7f), |sum, byte| {
            sum.checked_mul(256)?.checked_add(u64::from(*byte))
        });
    }
    let digits = text(field).trim_ascii();
    digits.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 8)?;
        sum.checked_mul(8)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_of_base_256() {
        for (field, expected) in [
            (&b"00000000017\0"[..], Some(15)),
            (b"     17 \0", Some(15)),
            (b"\0\0\0\0", Some(0)),
            (b"18\0", None),
            (b"1 7\0", None),
            (b"-1\0", None),
            (b"\x80\0\0\0\0\0\0\0\0\0\x01\x02", Some(258)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\x80\0\0\x01\0\0\0\0\0\0\0\0", None),
            (b"", None),
        ] {
            assert_eq!(number(field), expected, "{field:?}");
        }
    }
}
