//! Gzip as its own tools read it: one member after another, and zeros behind
//! the last ignored, with which tapes and block devices pad. Other bytes there
//! are an error; the tools warn and drop them.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The content of all members.
#[derive(Debug)]
pub(super) struct Gzip<R> {
    /// Nothing behind the last member.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Gzip<R> {
    pub(super) fn new(bytes: R) -> Self {
        Self {
            member: Some(GzDecoder::new(bytes)),
        }
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        while let Some(member) = &mut self.member {
            let n = member.read(buf)?;
            if n > 0 {
                return Ok(n);
            }
            let Some(member) = self.member.take() else {
                break;
            };
            let mut bytes = member.into_inner();
            match after_padding(&mut bytes)? {
                None => break,
                Some(MAGIC) => self.member = Some(GzDecoder::new(bytes)),
                Some(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, GARBAGE)),
            }
        }
        Ok(0)
    }
}

/// What a member begins with.
const MAGIC: u8 = 0x1f;

pub(super) const GARBAGE: &str = "bytes that are no gzip follow the end of the gzip stream";

/// Passes over zeros; gives the byte behind them, which is not taken.
fn after_padding(bytes: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let there = match bytes.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            there => there?,
        };
        if there.is_empty() {
            return Ok(None);
        }
        let n_zeros = there.iter().take_while(|byte| **byte == 0).count();
        let next = there.get(n_zeros).copied();
        bytes.consume(n_zeros);
        if next.is_some() {
            return Ok(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn member(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// The content, or the error.
    fn read(bytes: &[u8]) -> String {
        let mut text = String::new();
        // Of one byte, so that every boundary is met.
        let bytes = BufReader::with_capacity(1, bytes);
        match Gzip::new(bytes).read_to_string(&mut text) {
            Ok(_) => text,
            Err(error) => format!("{text}|{error}"),
        }
    }

    #[test]
    fn members_and_padding_are_read_as_gzip_reads_them() {
        let (a, b, none) = (member("ab"), member("c"), member(""));
        let zeros = [0; 1000];
        assert_eq!(read(&a), "ab");
        assert_eq!(read(&[&a[..], &b, &none, &b].concat()), "abcc");
        assert_eq!(read(&[&a[..], &zeros].concat()), "ab");
        assert_eq!(read(&[&a[..], &zeros, &b, &zeros].concat()), "abc");
        assert_eq!(read(&[&none[..], &zeros].concat()), "");
    }

    #[test]
    fn what_is_no_gzip_is_an_error() {
        let a = member("ab");
        assert!(read(&[&a[..], b"garbage"].concat()).contains(GARBAGE));
        assert!(read(&[&a[..], &[0; 9], b"garbage"].concat()).contains(GARBAGE));
        assert!(read(&[0; 50]).contains('|'));
        assert!(read(b"").contains('|'));
        for cut in 1..a.len() {
            assert!(read(&a[..cut]).contains('|'), "{cut}");
        }
        let mut flipped = a.clone();
        let at = a.len() - 6;
        flipped[at] ^= 1;
        assert!(read(&flipped).contains('|'));
    }
}
