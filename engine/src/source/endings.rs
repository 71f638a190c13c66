//! What the ends of file names say: which format is read, and what those are
//! that are not, with a way that leads to one that is.

use super::compression::Compression;
use crate::plan::Format;

/// What a file is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending<'a> {
    /// A format that is read.
    Read(Format),
    /// `.json`, plain or compressed: JSON lines if it is named, but in a folder
    /// mostly a document about the data.
    Json,
    /// An image or a tar archive: read if it is named, or if a folder holds nothing
    /// else that is read, but among texts mostly an illustration or a copy.
    Aside(Format),
    /// Known, and not read.
    Foreign(&'static UnreadKind),
    /// Another ending, or none.
    Unknown(&'a str),
}

/// A kind of file that is not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnreadKind {
    endings: &'static [&'static str],
    /// What it is called.
    pub(super) name: &'static str,
    /// What makes of it something that is read; `{}` stands for the file.
    way: &'static str,
}

impl UnreadKind {
    /// What makes of `file` something that is read.
    pub(super) fn way(&self, file: &str) -> String {
        let stem = file
            .rsplit_once('.')
            .map_or(file, |(stem, _)| stem)
            .trim_end_matches(['*', '?']);
        let stem = if stem.is_empty() || stem.ends_with('/') {
            "converted"
        } else {
            stem
        };
        self.way.replace("{}", file).replace("{stem}", stem)
    }
}

/// What the name of a file says.
pub(super) fn ending(name: &str) -> Ending<'_> {
    let (stem, compression) = Compression::split(name);
    let extension = extension(stem);
    let is = |endings: &[&str]| {
        let mut endings = endings.iter();
        endings.any(|ending| extension.eq_ignore_ascii_case(ending))
    };
    let plain = compression == Compression::None;
    if is(&["jsonl", "ndjson"]) {
        return Ending::Read(Format::Jsonl);
    } else if is(&["json"]) {
        return Ending::Json;
    } else if is(&["txt", "md", "text"]) {
        return Ending::Read(Format::Text);
    } else if plain && is(IMAGES) {
        return Ending::Aside(Format::Images);
    } else if is(&["tar"]) {
        return Ending::Aside(Format::Tar);
    }
    let columnar = if is(&["parquet"]) {
        Some(Format::Parquet)
    } else if is(&["arrow", "arrows", "feather", "ipc"]) {
        Some(Format::Arrow)
    } else {
        None
    };
    match (columnar, plain) {
        (Some(format), true) => return Ending::Read(format),
        (Some(_), false) => return Ending::Foreign(&WRAPPED),
        (None, _) => {}
    }
    match KINDS.iter().find(|kind| is(kind.endings)) {
        Some(kind) => Ending::Foreign(kind),
        None if plain => Ending::Unknown(extension),
        None => Ending::Unknown(self::extension(name)),
    }
}

/// The format of a file that is named, itself or by a glob.
pub(super) fn named_format(name: &str) -> Option<Format> {
    match ending(name) {
        Ending::Read(format) | Ending::Aside(format) => Some(format),
        Ending::Json => Some(Format::Jsonl),
        Ending::Foreign(_) | Ending::Unknown(_) => None,
    }
}

/// Whether a name looks like that of data: a file of it is missed if it is not
/// read.
pub(super) fn looks_like_data(name: &str) -> bool {
    !matches!(ending(name), Ending::Unknown(_))
}

/// What stands behind the last dot of a file name, without the dot.
fn extension(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => extension,
        _ => "",
    }
}

/// Tables beside images that say more of them, and how they are read.
pub(super) const IMAGE_TABLES: [(&str, Format); 2] = [
    ("metadata.jsonl", Format::Jsonl),
    ("metadata.parquet", Format::Parquet),
];

/// Images in the formats that fuelrail decodes.
const IMAGES: &[&str] = &["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif"];

/// Columnar files that were compressed once more.
static WRAPPED: UnreadKind = UnreadKind {
    endings: &[],
    name: "a compressed Parquet or Arrow file",
    way: "decompress it (`gunzip` or `zstd -d`): these formats compress within the file",
};

static KINDS: &[UnreadKind] = &[
    UnreadKind {
        endings: &["csv", "tsv", "psv"],
        name: "CSV",
        way: "convert it: python -c \"import pyarrow.csv as c, pyarrow.parquet as p; \
              p.write_table(c.read_csv('{}'), '{stem}.parquet')\"",
    },
    UnreadKind {
        endings: &["bz2"],
        name: "bzip2",
        way: "compress it with gzip or zstd instead: bunzip2 \"{}\"",
    },
    UnreadKind {
        endings: &["xz", "lzma"],
        name: "xz",
        way: "compress it with gzip or zstd instead: unxz \"{}\"",
    },
    UnreadKind {
        endings: &["lz4", "br", "sz", "snappy", "z", "lzo"],
        name: "this compression",
        way: "decompress it, or compress it with gzip or zstd instead",
    },
    UnreadKind {
        endings: &["zip", "7z", "rar"],
        name: "an archive",
        way: "unpack it, and name the files in it",
    },
    UnreadKind {
        endings: &["tgz", "tbz2", "txz"],
        name: "a compressed tar archive",
        way: "name it .tar.gz if it was compressed with gzip, or decompress it",
    },
    UnreadKind {
        endings: &["jpe", "jfif", "heic", "avif", "jxl", "svg", "ppm", "pgm"],
        name: "an image that is not decoded",
        way: "convert the images to PNG: python -c \"from PIL import Image; \
              Image.open('{}').save('{stem}.png')\"",
    },
    UnreadKind {
        endings: &[
            "wav", "mp3", "flac", "ogg", "opus", "m4a", "aac", "mp4", "mkv", "avi", "mov", "webm",
        ],
        name: "audio or video",
        way: "put the files into a binary column of Parquet, or their transcripts into JSON lines",
    },
    UnreadKind {
        endings: &[
            "pdf", "doc", "docx", "odt", "rtf", "epub", "ppt", "pptx", "djvu",
        ],
        name: "a document with a layout",
        way: "extract the text first, to .txt or .jsonl",
    },
    UnreadKind {
        endings: &["xls", "xlsx", "xlsm", "ods"],
        name: "a spreadsheet",
        way: "convert it: python -c \"import pandas as d; \
              d.read_excel('{}').to_parquet('{stem}.parquet')\"",
    },
    UnreadKind {
        endings: &["npy", "npz"],
        name: "a NumPy array",
        way: "convert it to Parquet or Arrow with pyarrow",
    },
    UnreadKind {
        endings: &[
            "pt",
            "pth",
            "ckpt",
            "pkl",
            "pickle",
            "joblib",
            "safetensors",
            "gguf",
            "onnx",
        ],
        name: "a file of tensors or pickled objects",
        way: "convert what is data in it to Parquet or Arrow with pyarrow",
    },
    UnreadKind {
        endings: &["db", "sqlite", "sqlite3", "duckdb"],
        name: "a database",
        way: "export its table: duckdb \"{}\" -c \"copy NAME to 'NAME.parquet'\"",
    },
    UnreadKind {
        endings: &["orc"],
        name: "ORC",
        way: "convert it: python -c \"import pyarrow.orc as o, pyarrow.parquet as p; \
              p.write_table(o.read_table('{}'), '{stem}.parquet')\"",
    },
    UnreadKind {
        endings: &[
            "avro",
            "tfrecord",
            "tfrecords",
            "mds",
            "lance",
            "vortex",
            "h5",
            "hdf5",
            "mat",
            "rds",
        ],
        name: "this format",
        way: "convert it to Parquet, Arrow or JSON lines",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_go_by_the_ending_behind_the_compression() {
        assert_eq!(named_format("a.jsonl.zst"), Some(Format::Jsonl));
        assert_eq!(named_format("a.b.PARQUET"), Some(Format::Parquet));
        assert_eq!(named_format("a.parquet.gz"), None);
        assert_eq!(named_format("a.feather"), Some(Format::Arrow));
        assert_eq!(named_format("a.arrows"), Some(Format::Arrow));
        assert_eq!(named_format("a.md.gz"), Some(Format::Text));
        assert_eq!(named_format("a.json"), Some(Format::Jsonl));
        assert_eq!(named_format("a.b.JPEG"), Some(Format::Images));
        assert_eq!(named_format("a.png.gz"), None);
        assert_eq!(named_format("a.tar.gz"), Some(Format::Tar));
        assert_eq!(ending("a.json.gz"), Ending::Json);
        assert_eq!(ending("README"), Ending::Unknown(""));
        assert_eq!(ending("a.py"), Ending::Unknown("py"));
        assert_eq!(ending("a.bin.gz"), Ending::Unknown("gz"));
        assert_eq!(ending(".jsonl"), Ending::Unknown(""));
        assert_eq!(ending("a.parquet.gz"), Ending::Foreign(&WRAPPED));
    }

    #[test]
    fn what_is_not_read_says_what_to_do_with_the_file() {
        for (name, what, way) in [
            ("x/a.CSV", "CSV", "c.read_csv('x/a.CSV'), 'x/a.parquet')"),
            (
                "img/a.ppm",
                "an image that is not decoded",
                "save('img/a.png')",
            ),
            ("a.jsonl.bz2", "bzip2", "bunzip2 \"a.jsonl.bz2\""),
            ("a.tgz", "a compressed tar archive", ".tar.gz"),
        ] {
            let Ending::Foreign(kind) = ending(name) else {
                panic!("{name}");
            };
            assert_eq!(kind.name, what);
            assert!(kind.way(name).contains(way), "{}", kind.way(name));
        }
    }
}
