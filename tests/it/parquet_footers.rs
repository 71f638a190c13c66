//! Parquet footers that are damaged, and those that old writers got wrong: a
//! file is read with its values, or refused.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, SchemaRef};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use fuelrail::plan::Format;
use fuelrail::source::for_format;
use fuelrail_tests::source::Reading;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnChunkMetaDataBuilder, ParquetMetaDataReader, ParquetMetaDataWriter,
};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use proptest::collection::vec;
use proptest::prelude::*;

const N_ROWS: i64 = 40;

/// Columns of several types, two of them of the same.
fn table() -> RecordBatch {
    let lists = (0..N_ROWS).map(|n| (n % 7 > 0).then(|| (0..n % 4).map(Some)));
    let inner = Int64Array::from_iter_values((0..N_ROWS).map(|n| n * 3));
    let inner = (
        Arc::new(Field::new("u", DataType::Int64, true)),
        Arc::new(inner) as ArrayRef,
    );
    let columns: [(&str, ArrayRef); 6] = [
        ("i", Arc::new(Int64Array::from_iter_values(0..N_ROWS))),
        (
            "k",
            Arc::new(
                (0..N_ROWS)
                    .map(|n| (n % 5 > 0).then_some(n % 3))
                    .collect::<Int64Array>(),
            ),
        ),
        (
            "flag",
            Arc::new(
                (0..N_ROWS)
                    .map(|n| Some(n % 3 == 0))
                    .collect::<BooleanArray>(),
            ),
        ),
        (
            "s",
            Arc::new(StringArray::from_iter_values(
                (0..N_ROWS).map(|n| format!("s{}", n % 11)),
            )),
        ),
        (
            "l",
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists)),
        ),
        ("m", Arc::new(StructArray::from(vec![inner]))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)))
        .unwrap()
}

/// A file of the table with two row groups and small pages.
fn file(properties: WriterPropertiesBuilder) -> Vec<u8> {
    written(&table(), properties)
}

fn written(table: &RecordBatch, properties: WriterPropertiesBuilder) -> Vec<u8> {
    let properties = properties
        .set_max_row_group_row_count(Some(25))
        .set_data_page_row_count_limit(10)
        .set_write_batch_size(5)
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, table.schema(), Some(properties)).unwrap();
    writer.write(table).unwrap();
    writer.close().unwrap();
    bytes
}

fn footer_start(bytes: &[u8]) -> usize {
    let tail = bytes[bytes.len() - 8..].first_chunk::<4>().unwrap();
    bytes.len() - 8 - u32::from_le_bytes(*tail) as usize
}

/// The file with `change` made to what its footer says of each chunk.
fn rewritten(
    bytes: &[u8],
    change: impl Fn(&ColumnChunkMetaData, ColumnChunkMetaDataBuilder) -> ColumnChunkMetaDataBuilder,
) -> Vec<u8> {
    let start = footer_start(bytes);
    let metadata = ParquetMetaDataReader::decode_metadata(&bytes[start..bytes.len() - 8]).unwrap();
    let groups = metadata.row_groups().iter().map(|group| {
        let columns = group.columns().iter();
        let columns = columns.map(|c| change(c, c.clone().into_builder()).build().unwrap());
        let columns = columns.collect();
        let group = group.clone().into_builder();
        group.set_column_metadata(columns).build().unwrap()
    });
    let groups = groups.collect();
    let metadata = metadata
        .clone()
        .into_builder()
        .set_row_groups(groups)
        .build();
    let mut out = bytes[..start].to_vec();
    ParquetMetaDataWriter::new(&mut out, &metadata)
        .finish()
        .unwrap();
    out
}

fn describe(path: &Path) -> Result<SchemaRef, String> {
    let described = for_format(Format::Parquet).describe(path);
    described.map(|file| file.schema).map_err(|e| e.to_string())
}

/// The rows of a file as text, or why it is refused.
fn read(path: &Path, schema: &SchemaRef) -> Result<Vec<String>, String> {
    let mut rows = Vec::new();
    let options = FormatOptions::default().with_null("null");
    let batches = Reading::new(Format::Parquet, schema).open(path);
    for batch in batches.map_err(|e| e.to_string())? {
        let batch = batch.map_err(|e| e.to_string())?;
        let columns = batch.columns.columns().iter();
        let columns = columns.map(|column| ArrayFormatter::try_new(column, &options).unwrap());
        let columns: Vec<ArrayFormatter<'_>> = columns.collect();
        rows.extend((0..batch.columns.num_rows()).map(|row| {
            let values = columns.iter().map(|column| column.value(row).to_string());
            values.collect::<Vec<_>>().join(" | ")
        }));
    }
    Ok(rows)
}

fn read_bytes(bytes: &[u8]) -> Result<Vec<String>, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.parquet");
    fs::write(&path, bytes).unwrap();
    describe(&path).and_then(|schema| read(&path, &schema))
}

/// `from` in a file replaced by `to`, and how often it came.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> (Vec<u8>, usize) {
    let mut bytes = bytes.to_vec();
    let mut n = 0;
    for at in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            n += 1;
        }
    }
    (bytes, n)
}

#[test]
fn a_schema_that_is_not_that_of_the_data_is_refused_by_column() {
    let good = file(WriterProperties::builder());
    let (bad, n) = replaced(
        &good,
        b"\x15\x04\x25\x02\x18\x01i",
        b"\x15\x00\x25\x02\x18\x01i",
    );
    assert_eq!(n, 1);
    let refused = read_bytes(&bad).unwrap_err();
    let expected = "row group 0 (from 0), column \"i\": the schema says BOOLEAN, and the column's \
        data are INT64";
    assert!(refused.contains(expected), "{refused}");
    let (bad, n) = replaced(
        &good,
        b"\x15\x04\x25\x02\x18\x01i",
        b"\x15\x04\x25\x02\x18\x01j",
    );
    assert_eq!(n, 1);
    let refused = read_bytes(&bad).unwrap_err();
    let expected = "column \"j\": the column's data are of a column with \"i\" in its path";
    assert!(refused.contains(expected), "{refused}");
}

#[test]
fn a_dictionary_at_0_is_none() {
    let plain = file(WriterProperties::builder().set_dictionary_enabled(false));
    let zero = rewritten(&plain, |_, chunk| chunk.set_dictionary_page_offset(Some(0)));
    assert_ne!(plain, zero);
    assert_eq!(read_bytes(&zero), read_bytes(&plain));
    assert_eq!(read_bytes(&zero).unwrap().len(), 40);
}

#[test]
fn chunks_of_old_writers_are_longer_than_they_say() {
    let shortened = |writer: &str| {
        let properties = WriterProperties::builder().set_created_by(writer.to_owned());
        rewritten(&file(properties), |column, chunk| {
            chunk.set_total_compressed_size(column.compressed_size() - 13)
        })
    };
    let good = read_bytes(&file(WriterProperties::builder()));
    assert_eq!(
        read_bytes(&shortened("parquet-mr version 1.2.8 (build x)")),
        good
    );
    assert_eq!(read_bytes(&shortened("parquet-mr")), good);
    assert!(read_bytes(&shortened("parquet-mr version 1.2.9")).is_err());
}

#[test]
fn pages_of_old_writers_are_compressed_though_they_say_they_are_not() {
    let words = StringArray::from_iter_values((0..N_ROWS).map(|n| format!("{n:0>100}")));
    let words = RecordBatch::try_from_iter([("s", Arc::new(words) as ArrayRef)]).unwrap();
    let written = |writer: &str| {
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_2_0)
            .set_dictionary_enabled(false)
            .set_encoding(Encoding::PLAIN)
            .set_compression(Compression::SNAPPY)
            .set_created_by(writer.to_owned());
        written(&words, properties)
    };
    let denied = |writer: &str| {
        // A flat column has no bytes of repetition, and is compressed next.
        let (bytes, n) = replaced(&written(writer), &[0x15, 0, 0x11], &[0x15, 0, 0x12]);
        assert_eq!(n, 5, "pages");
        read_bytes(&bytes)
    };
    let good = read_bytes(&written("any"));
    assert_eq!(good.as_ref().unwrap().len(), 40);
    assert_eq!(denied("parquet-cpp version 1.5.1-SNAPSHOT"), good);
    assert!(denied("parquet-cpp-arrow version 3.0.0").is_err());
}

/// Ways of writing the table: either version, with dictionaries and without, by
/// four codecs.
const N_WAYS: u8 = 16;

fn properties(way: u8) -> WriterPropertiesBuilder {
    let codec = match way / 4 {
        0 => Compression::UNCOMPRESSED,
        1 => Compression::SNAPPY,
        2 => Compression::LZ4_RAW,
        _ => Compression::ZSTD(ZstdLevel::default()),
    };
    let version = match way % 2 {
        0 => WriterVersion::PARQUET_1_0,
        _ => WriterVersion::PARQUET_2_0,
    };
    WriterProperties::builder()
        .set_writer_version(version)
        .set_dictionary_enabled(way & 2 != 0)
        .set_compression(codec)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_bit_of_a_footer_never_changes_a_value(
        way in 0..N_WAYS,
        places in vec((any::<prop::sample::Index>(), 0..8_u8), 1..24),
    ) {
        let good = file(properties(way));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.parquet");
        fs::write(&path, &good).unwrap();
        let schema = describe(&path).unwrap();
        let rows = read(&path, &schema).unwrap();
        let start = footer_start(&good);
        for (place, bit) in places {
            let at = start + place.index(good.len() - 4 - start);
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            fs::write(&path, &bytes).unwrap();
            if let Ok(found) = read(&path, &schema) {
                prop_assert_eq!(&found, &rows, "bit {} of byte {}", bit, at - start);
            }
        }
    }
}
