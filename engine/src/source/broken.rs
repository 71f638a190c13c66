//! What is wrong with a compressed file that cannot be read on, and what helps:
//! decompressors say it in words of their own.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::compression::Compression;
use super::gzip::GARBAGE;

/// See the module text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) reason: String,
    /// What helps, where there is one thing that does.
    pub(super) hint: Option<String>,
}

/// What decompressors say, in words of their own, and what it means.
static MEANINGS: [(&str, &str); 8] = [
    ("matching checksum", CHECKSUM),
    ("match checksum", CHECKSUM),
    (
        "invalid gzip header",
        "the header of a gzip member is damaged",
    ),
    ("corrupt deflate stream", DAMAGED),
    ("deflate decompression error", DAMAGED),
    ("Data corruption detected", DAMAGED),
    ("Unknown frame descriptor", FRAME),
    ("Unsupported frame parameter", DAMAGED),
];

/// What every reason begins with.
const CANNOT: &str = "cannot decompress: ";

const CUT_OFF: &str = "the file is cut off within its content";

const WINDOW: &str = "a frame wants a window of more than 128 MiB";

const DICTIONARY: &str = "it was compressed with a dictionary";

const CHECKSUM: &str = "its content does not match its checksum";

const DAMAGED: &str = "its compressed bytes are damaged";

const FRAME: &str = "bytes that are no zstd follow the end of a zstd frame";

impl Broken {
    /// What `error`, which a decompressor met in `path`, means.
    pub(super) fn of(path: &Path, error: &io::Error) -> Self {
        let said = error.to_string();
        let reason = if error.kind() == io::ErrorKind::UnexpectedEof {
            CUT_OFF.to_owned()
        } else if said.contains("requires too much memory") {
            WINDOW.to_owned()
        } else if said.contains("Dictionary mismatch") {
            let id = dictionary(path).map_or_else(String::new, |id| format!(", whose id is {id}"));
            format!("{DICTIONARY}{id}, and none is taken")
        } else {
            let meaning = MEANINGS.iter().find(|(words, _)| said.contains(words));
            meaning.map_or(said, |(_, reason)| (*reason).to_owned())
        };
        let reason = format!("{CANNOT}{reason}");
        Self {
            hint: remedy(path, &reason),
            reason,
        }
    }
}

/// What helps where `path` cannot be decompressed for this reason; nothing if
/// the reason is another.
pub(super) fn remedy(path: &Path, reason: &str) -> Option<String> {
    let reason = reason.strip_prefix(CANNOT)?;
    let path = path.display().to_string();
    let (plain, compression) = Compression::split(&path);
    let tool = match compression {
        Compression::Zstd => "zstd",
        _ => "gzip",
    };
    Some(match reason {
        WINDOW => "decompress it with `zstd -d --long=31`, or compress it again without `--long` \
                   and `--ultra`"
            .to_owned(),
        GARBAGE | FRAME => format!(
            "what stands before them is whole; `{tool} -dc \"{path}\" > \"{plain}\"` keeps it"
        ),
        _ if reason.starts_with(DICTIONARY) => {
            "decompress it with `zstd -d -D DICTIONARY`".to_owned()
        }
        _ => format!(
            "download or copy the file again; `{tool} -t \"{path}\"` tells whether it is whole"
        ),
    })
}

/// The id of the dictionary that the first frame of a Zstandard file names.
fn dictionary(path: &Path) -> Option<u32> {
    const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    let mut head = Vec::new();
    let file = File::open(path).ok()?;
    file.take(10).read_to_end(&mut head).ok()?;
    let rest = head.strip_prefix(&MAGIC)?;
    let (&flags, rest) = rest.split_first()?;
    let len = match flags & 3 {
        0 => return None,
        3 => 4,
        len => usize::from(len),
    };
    // A single segment has no byte for its window.
    let from = usize::from(flags & 0x20 == 0);
    let bytes = rest.get(from..from + len)?;
    let id = bytes.iter().rev();
    Some(id.fold(0, |id, &byte| id << 8 | u32::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zstandard_file_names_its_dictionary() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.zst");
        let magic = [0x28, 0xb5, 0x2f, 0xfd];
        for (behind, id) in [
            (&[0x20, 5][..], None),
            (&[0x21, 7, 0], Some(7)),
            (&[0x02, 0x58, 1, 2], Some(0x0201)),
            (&[0x23, 4, 3, 2, 1], Some(0x0102_0304)),
            (&[0x23, 4, 3], None),
            (&[], None),
        ] {
            std::fs::write(&path, [&magic[..], behind].concat()).unwrap();
            assert_eq!(dictionary(&path), id, "{behind:?}");
        }
        let error = io::Error::other("Dictionary mismatch");
        std::fs::write(&path, [&magic[..], &[0x21, 7, 0]].concat()).unwrap();
        assert!(Broken::of(&path, &error).reason.contains("id is 7"));
    }
}
