//! Records out of streams, cut wherever reads happen to end.

use std::io::Cursor;

use super::*;

const ALL: BlockSize = BlockSize {
    len_bytes: usize::MAX,
    n_records: usize::MAX,
};

/// Gives out bytes a few at a time, then a fault if there is one.
struct Dribble {
    bytes: Cursor<Vec<u8>>,
    step: usize,
    fault: Option<io::Error>,
}

impl Read for Dribble {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let want = buf.len().min(self.step);
        match self.bytes.read(&mut buf[..want])? {
            0 => self.fault.take().map_or(Ok(0), Err),
            n => Ok(n),
        }
    }
}

/// What comes out, with the kind of each thing said in its first letter.
fn cut(bytes: &[u8], step: usize, delimiter: &str, max: usize, size: BlockSize) -> Vec<String> {
    cut_with(bytes, step, delimiter, max, (size, None))
}

fn cut_with(
    bytes: &[u8],
    step: usize,
    delimiter: &str,
    max: usize,
    (size, fault): (BlockSize, Option<io::Error>),
) -> Vec<String> {
    let input = Dribble {
        bytes: Cursor::new(bytes.to_vec()),
        step,
        fault,
    };
    let delimiter = match delimiter {
        "" => Delimiter::EndOfFile,
        "\n" => Delimiter::Newline,
        text => Delimiter::Text(Box::new(Finder::new(text.as_bytes()).into_owned())),
    };
    let mut records = Records::new(Box::new(input), delimiter);
    records.max_record = max;
    let mut out = Vec::new();
    while let Some(chunk) = records.next_chunk(size) {
        match chunk {
            StreamChunk::Records {
                first,
                bytes,
                spans,
            } => {
                for (n, span) in (first..).zip(spans) {
                    out.push(format!("r{n} {}", excerpt(&bytes[span.clone()])));
                }
            }
            StreamChunk::TooLong { record, excerpt } => out.push(format!("l{record} {excerpt}")),
            StreamChunk::Fault {
                record,
                excerpt,
                error,
            } => out.push(format!("f{record} {excerpt:?} {error}")),
        }
    }
    out
}

#[test]
fn records_do_not_depend_on_reads_or_blocks() {
    let text = b"\xef\xbb\xbfone<>two<><>f<our<>";
    let expected = ["r0 one", "r1 two", "r2 ", "r3 f<our"];
    for step in [1, 2, 3, 100] {
        for size in [
            ALL,
            BlockSize {
                len_bytes: 1,
                n_records: 1,
            },
            BlockSize {
                len_bytes: 4,
                n_records: 2,
            },
        ] {
            assert_eq!(
                cut(text, step, "<>", 100, size),
                expected,
                "{step} {size:?}"
            );
        }
    }
}

#[test]
fn the_last_record_needs_no_delimiter_and_an_empty_stream_has_none() {
    assert_eq!(cut(b"a\nb", 9, "\n", 9, ALL), ["r0 a", "r1 b"]);
    assert_eq!(cut(b"a\n\n", 9, "\n", 9, ALL), ["r0 a", "r1 "]);
    assert_eq!(cut(b"", 9, "\n", 9, ALL), [""; 0]);
    assert_eq!(cut(b"\xef\xbb\xbf", 9, "\n", 9, ALL), [""; 0]);
    assert_eq!(cut(b"\xef\xbb", 9, "\n", 9, ALL), ["r0 \u{fffd}"]);
    assert_eq!(cut(b"a\nb", 1, "", 9, ALL), ["r0 a\nb"]);
    assert_eq!(cut(b"", 9, "", 9, ALL), [""; 0]);
}

#[test]
fn a_record_too_long_is_passed_over_alone() {
    for step in [1, 4, 100] {
        let found = cut(b"ok\ntoo long\nok\nalso long", step, "\n", 3, ALL);
        let kinds: Vec<_> = found.iter().map(|f| f.get(..2).unwrap()).collect();
        assert_eq!(kinds, ["r0", "l1", "r2", "l3"], "{step}");
    }
    assert_eq!(cut(b"abc\nabcd\n", 100, "\n", 3, ALL).len(), 2);
}

#[test]
fn a_fault_keeps_the_records_before_it_and_ends_the_stream() {
    let fault = || Some(io::Error::other("torn"));
    for step in [1, 100] {
        let found = cut_with(b"a\nb\nrest", step, "\n", 9, (ALL, fault()));
        assert_eq!(found, ["r0 a", "r1 b", "f2 Some(\"rest\") torn"]);
        let found = cut_with(b"a\nlonger", step, "\n", 3, (ALL, fault()));
        assert_eq!(found[0], "r0 a");
        assert!(found[1].starts_with("f1 Some("), "{found:?}");
    }
}

#[test]
fn excerpts_are_short_and_valid() {
    let bad = vec![0xff; 5000];
    assert!(excerpt(&bad).len() <= EXCERPT);
    let wide = "é".repeat(3000);
    assert!(excerpt(wide.as_bytes()).len() <= EXCERPT);
}

#[test]
fn the_buffer_holds_a_block_and_a_read_however_long_the_stream() {
    let text = b"a line of some length\n".repeat(200_000);
    for len_bytes in [1, 10_000, 600_000] {
        let input = Box::new(Cursor::new(text.clone()));
        let mut records = Records::new(input, Delimiter::Newline);
        let size = BlockSize {
            len_bytes,
            n_records: 1 << 20,
        };
        while records.next_chunk(size).is_some() {}
        assert!(records.buf.len() < 3 * (len_bytes + READ), "{len_bytes}");
    }
}
