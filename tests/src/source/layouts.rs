//! One table of rows, and every layout a source reads to write it in.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a set-up that fails is a failed test"
)]

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, DictionaryArray, Int64Array, LargeStringArray, RecordBatch, StringArray,
    StringViewArray,
};
use arrow::datatypes::{DataType, Int32Type};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use fuelrail::plan::{Document, Format};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{WriterProperties, WriterVersion};

/// Rows of a row group, a record batch or the like in files written here.
pub const GROUP: usize = 10;

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// A number.
    pub id: Option<i64>,
    /// A text, without line ends.
    pub text: Option<String>,
}

/// `n` rows with everything text may hold: nothing, wide characters, long
/// values and nulls.
#[must_use]
pub fn table(n: usize) -> Vec<Row> {
    const TEXTS: [&str; 6] = [
        "plain",
        "",
        "日本語 \u{1f980} e\u{301} \u{10ffff}",
        "quotes \" and \\ and \t tab",
        "a value that is longer than a string view holds inline",
        "\u{a0}\u{feff}",
    ];
    (0..n)
        .map(|i| Row {
            id: (i % 7 != 3).then(|| i64::try_from(i).unwrap() - 3),
            text: (i % 5 != 2).then(|| {
                let text = TEXTS[i % TEXTS.len()];
                format!("{text}{}", text.repeat(if i % 11 == 4 { 40 } else { 0 }))
            }),
        })
        .collect()
}

/// A way to write the table.
#[derive(Debug, Clone)]
pub struct Layout {
    /// What it is called in messages.
    pub name: &'static str,
    /// File name, its ending told.
    pub file: &'static str,
    /// Who reads it.
    pub format: Format,
    /// How it is cut, if it is text.
    pub document: Document,
    /// Whether it has the column `id` and nulls.
    pub table: bool,
    write: fn(&[Row]) -> Vec<u8>,
}

impl Layout {
    /// The bytes of a file with `rows`.
    #[must_use]
    pub fn bytes(&self, rows: &[Row]) -> Vec<u8> {
        (self.write)(rows)
    }

    /// The table as this layout can hold it.
    #[must_use]
    pub fn rows(&self, n: usize) -> Vec<Row> {
        let mut rows = table(n);
        if !self.table {
            for row in &mut rows {
                row.text.get_or_insert_default();
            }
        }
        rows
    }

    /// `rows` as [`Outcome`](super::Outcome) shows them.
    #[must_use]
    pub fn expect(&self, rows: &[Row]) -> Vec<(u64, Vec<Option<String>>)> {
        (0..)
            .zip(rows)
            .map(|(n, row)| {
                let text = row.text.clone();
                let values = if self.table {
                    vec![row.id.map(|id| id.to_string()), text]
                } else {
                    vec![text]
                };
                (n, values)
            })
            .collect()
    }
}

macro_rules! layout {
    ($name:literal, $file:literal, $format:ident, $document:expr, $write:expr) => {
        Layout {
            name: $name,
            file: $file,
            format: Format::$format,
            document: $document,
            table: !matches!(Format::$format, Format::Text | Format::Tar),
            write: $write,
        }
    };
}

/// Every layout.
#[must_use]
pub fn layouts() -> Vec<Layout> {
    [
        json_layouts(),
        parquet_layouts(),
        arrow_layouts(),
        text_layouts(),
        tar_layouts(),
    ]
    .concat()
}

fn file() -> Document {
    Document::File
}

fn json_layouts() -> Vec<Layout> {
    vec![
        layout!("jsonl", "t.jsonl", Jsonl, file(), jsonl),
        layout!("jsonl.gz", "t.jsonl.gz", Jsonl, file(), |rows| gzip(
            &jsonl(rows)
        )),
        layout!("jsonl.zst", "t.jsonl.zst", Jsonl, file(), |rows| zstd(
            &jsonl(rows)
        )),
        layout!("jsonl crlf", "t.ndjson", Jsonl, file(), |rows| crlf(
            &jsonl(rows)
        )),
    ]
}

fn parquet_layouts() -> Vec<Layout> {
    vec![
        layout!("parquet", "t.parquet", Parquet, file(), |rows| {
            parquet_file(&columns(rows, &DataType::Utf8), &properties().build())
        }),
        layout!("parquet large", "t.parquet", Parquet, file(), |rows| {
            parquet_file(&columns(rows, &DataType::LargeUtf8), &properties().build())
        }),
        layout!("parquet view", "t.parquet", Parquet, file(), |rows| {
            parquet_file(&columns(rows, &DataType::Utf8View), &properties().build())
        }),
        layout!("parquet dictionary", "t.parquet", Parquet, file(), |rows| {
            parquet_file(&columns(rows, &dictionary()), &properties().build())
        }),
        layout!(
            "parquet v2 delta zstd",
            "t.parquet",
            Parquet,
            file(),
            parquet_delta
        ),
    ]
}

fn arrow_layouts() -> Vec<Layout> {
    vec![
        layout!("arrow file", "t.arrow", Arrow, file(), |rows| {
            arrow_file(&columns(rows, &DataType::Utf8), None)
        }),
        layout!("arrow file large lz4", "t.arrow", Arrow, file(), |rows| {
            arrow_file(
                &columns(rows, &DataType::LargeUtf8),
                Some(CompressionType::LZ4_FRAME),
            )
        }),
        layout!("arrow stream", "t.arrow", Arrow, file(), |rows| {
            arrow_stream(&columns(rows, &DataType::Utf8))
        }),
        layout!("arrow stream view", "t.arrow", Arrow, file(), |rows| {
            arrow_stream(&columns(rows, &DataType::Utf8View))
        }),
        layout!(
            "arrow stream dictionary",
            "t.arrow",
            Arrow,
            file(),
            |rows| { arrow_stream(&columns(rows, &dictionary())) }
        ),
    ]
}

fn text_layouts() -> Vec<Layout> {
    let separator = || Document::Separator("<|end|>".to_owned());
    vec![
        layout!("text lines", "t.txt", Text, Document::Line, |rows| lines(
            rows, "\n"
        )),
        layout!("text lines crlf", "t.txt", Text, Document::Line, |rows| {
            lines(rows, "\r\n")
        }),
        layout!("text lines gz", "t.txt.gz", Text, Document::Line, |rows| {
            gzip(&lines(rows, "\n"))
        }),
        layout!("text separator", "t.md", Text, separator(), |rows| lines(
            rows, "<|end|>"
        )),
        layout!(
            "text separator zst",
            "t.md.zst",
            Text,
            separator(),
            |rows| { zstd(&lines(rows, "<|end|>")) }
        ),
    ]
}

fn tar_layouts() -> Vec<Layout> {
    vec![
        layout!("tar", "t.tar", Tar, file(), tar),
        layout!("tar gz", "t.tar.gz", Tar, file(), |rows| gzip(&tar(rows))),
        layout!("tar zst", "t.tar.zst", Tar, file(), |rows| zstd(&tar(rows))),
    ]
}

/// The rows as samples: a text each, and every other one a number too.
fn tar(rows: &[Row]) -> Vec<u8> {
    let mut out = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        let text = row.text.as_deref().unwrap_or_default();
        out.extend(tar_entry(&format!("./a/{n:06}.text"), text.as_bytes()));
        if n % 2 == 1 {
            out.extend(tar_entry(
                &format!("a/{n:06}.cls"),
                n.to_string().as_bytes(),
            ));
        }
    }
    out.extend([0; 1024]);
    out
}

/// A file of an archive, as POSIX has it.
#[must_use]
pub fn tar_entry(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut out = header.to_vec();
    out.extend(content);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// The rows as JSON lines.
#[must_use]
pub fn jsonl(rows: &[Row]) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        let line = serde_json::json!({"id": row.id, "extra": [1, {"a": "b"}], "text": row.text});
        writeln!(out, "{line}").unwrap();
    }
    out
}

fn crlf(text: &[u8]) -> Vec<u8> {
    String::from_utf8(text.to_vec())
        .unwrap()
        .replace('\n', "\r\n")
        .into_bytes()
}

fn lines(rows: &[Row], end: &str) -> Vec<u8> {
    let texts = rows
        .iter()
        .map(|row| row.text.as_deref().unwrap_or_default());
    texts
        .flat_map(|text| [text, end])
        .collect::<String>()
        .into_bytes()
}

/// In two members, as tools that append write it.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let mut out = Vec::new();
    for part in [first, second] {
        let mut encoder = flate2::write::GzEncoder::new(&mut out, flate2::Compression::fast());
        encoder.write_all(part).unwrap();
        encoder.finish().unwrap();
    }
    out
}

/// In two frames.
#[must_use]
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let mut out = zstd::encode_all(first, 1).unwrap();
    out.extend(zstd::encode_all(second, 1).unwrap());
    out
}

/// The rows as one batch, the text in this type.
#[must_use]
pub fn columns(rows: &[Row], text: &DataType) -> RecordBatch {
    let ids: Int64Array = rows.iter().map(|row| row.id).collect();
    let texts = rows.iter().map(|row| row.text.as_deref());
    let texts: ArrayRef = match text {
        DataType::Utf8 => Arc::new(texts.collect::<StringArray>()),
        DataType::LargeUtf8 => Arc::new(texts.collect::<LargeStringArray>()),
        DataType::Utf8View => Arc::new(texts.collect::<StringViewArray>()),
        DataType::Binary => Arc::new(
            texts
                .map(|text| text.map(str::as_bytes))
                .collect::<BinaryArray>(),
        ),
        _ => Arc::new(texts.collect::<DictionaryArray<Int32Type>>()),
    };
    let extra: Int64Array = rows.iter().map(|_| None).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("extra", Arc::new(extra) as ArrayRef, true),
        ("id", Arc::new(ids), true),
        ("text", texts, true),
    ])
    .unwrap()
}

/// Small pages and groups, so that a table has many.
#[must_use]
pub fn properties() -> parquet::file::properties::WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(GROUP))
        .set_data_page_row_count_limit(4)
        .set_write_batch_size(2)
        .set_compression(Compression::SNAPPY)
}

/// A Parquet file of `batch`.
#[must_use]
pub fn parquet_file(batch: &RecordBatch, properties: &WriterProperties) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut out, batch.schema(), Some(properties.clone())).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    out
}

/// A Parquet file whose column `text` holds one value of `len` bytes, `n`
/// times, and whose type is left to Parquet.
#[must_use]
pub fn repeated(len: usize, n: usize) -> Vec<u8> {
    let text = "x".repeat(len);
    let texts = std::iter::repeat_n(Some(text.as_str()), n);
    let texts: DictionaryArray<Int32Type> = texts.collect();
    let batch =
        RecordBatch::try_from_iter_with_nullable([("text", Arc::new(texts) as ArrayRef, true)]);
    let properties = WriterProperties::builder()
        .set_dictionary_page_size_limit(4 * len)
        .build();
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let batch = batch.unwrap();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut out, batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}

fn parquet_delta(rows: &[Row]) -> Vec<u8> {
    let properties = properties()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_dictionary_enabled(false)
        .set_column_encoding("text".into(), Encoding::DELTA_BYTE_ARRAY)
        .set_compression(Compression::ZSTD(parquet::basic::ZstdLevel::default()))
        .build();
    parquet_file(&columns(rows, &DataType::Utf8), &properties)
}

fn slices(batch: &RecordBatch) -> impl Iterator<Item = RecordBatch> {
    (0..batch.num_rows())
        .step_by(GROUP)
        .map(|at| batch.slice(at, GROUP.min(batch.num_rows() - at)))
}

/// An Arrow file of `batch`.
#[must_use]
pub fn arrow_file(batch: &RecordBatch, compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .unwrap();
    let mut writer =
        FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    slices(batch).for_each(|slice| writer.write(&slice).unwrap());
    writer.into_inner().unwrap()
}

/// An Arrow stream of `batch`.
#[must_use]
pub fn arrow_stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    slices(batch).for_each(|slice| writer.write(&slice).unwrap());
    writer.into_inner().unwrap()
}
