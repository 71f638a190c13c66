//! Digests by which a changed input is noticed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use twox_hash::XxHash3_128;

use crate::error::{Error, Result};
use crate::plan::{Digest, Fingerprint};

/// Bytes read at once; few enough to stay in a cache until they are hashed.
const READ: usize = 128 << 10;

/// Bytes of a piece.
const PIECE: u64 = 64 << 10;

/// Pieces between the first and the last.
const BETWEEN: u64 = 16;

/// The digest of the file at `path`, and its length in bytes.
///
/// # Errors
/// `Io` if it cannot be read.
pub(super) fn fingerprint(path: &Path, how: Fingerprint) -> Result<(Digest, u64)> {
    let io = |e| Error::io("read input", path, e);
    let mut file = File::open(path).map_err(io)?;
    match how {
        Fingerprint::Content => content(&mut file).map_err(io),
        Fingerprint::Sampled => sampled(&mut file).map_err(io),
    }
}

fn content(file: &mut File) -> std::io::Result<(Digest, u64)> {
    let mut hasher = XxHash3_128::new();
    let len_bytes = absorb(file, u64::MAX, &mut hasher)?;
    Ok((Digest(hasher.finish_128()), len_bytes))
}

fn sampled(file: &mut File) -> std::io::Result<(Digest, u64)> {
    let len_bytes = file.metadata()?.len();
    let mut hasher = XxHash3_128::new();
    hasher.write(&len_bytes.to_le_bytes());
    if len_bytes <= PIECE * (BETWEEN + 2) {
        absorb(file, len_bytes, &mut hasher)?;
        return Ok((Digest(hasher.finish_128()), len_bytes));
    }
    let last = len_bytes - PIECE;
    for piece in 0..=BETWEEN + 1 {
        // In 128 bits, because the product may exceed 64.
        let at = u128::from(last) * u128::from(piece) / u128::from(BETWEEN + 1);
        file.seek(SeekFrom::Start(u64::try_from(at).unwrap_or(last)))?;
        absorb(file, PIECE, &mut hasher)?;
    }
    Ok((Digest(hasher.finish_128()), len_bytes))
}

/// Hashes up to `len` bytes; returns how many there were.
fn absorb(file: &mut File, len: u64, hasher: &mut XxHash3_128) -> std::io::Result<u64> {
    let mut buf = vec![0; READ];
    let mut left = len;
    while left > 0 {
        let want = usize::try_from(left).map_or(READ, |left| left.min(READ));
        match file.read(&mut buf[..want]) {
            Ok(0) => break,
            Ok(n) => {
                hasher.write(&buf[..n]);
                left -= n as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len - left)
}
