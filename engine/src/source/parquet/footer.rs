//! What a Parquet footer says twice, compared, and what it says to nobody, left
//! out.
//!
//! Each column chunk repeats the type and the path of its column. The decoder
//! believes the schema and drops the rest, so a schema that was damaged would
//! give other values without a word.

use bytes::Bytes;
use parquet::basic::Type;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};

use super::super::contain::said;
use super::disk::Disk;
use super::thrift::{Compact, FieldKind};
use crate::error::name_in_quotes;

/// The length of the metadata, and the magic bytes.
const TAIL: u64 = 8;

const MAGIC: &[u8] = b"PAR1";

/// The metadata of a footer that the decoder does not read, without what
/// nothing here uses: some writers have fields of their own there.
pub(super) fn bare(disk: &Disk, options: &ParquetMetaDataOptions) -> Option<ParquetMetaData> {
    /// `statistics`, and all behind it.
    const UNUSED: i64 = 12;
    let bytes = read(disk).ok()?;
    let mut bare = Vec::new();
    let mut done = 0;
    let mut cut = None;
    walk(&bytes, |_, _, claim| match claim {
        Claim::Field(id, start) if id >= UNUSED => {
            cut.get_or_insert(start);
        }
        Claim::End(end) => {
            // Fields come in their order, so what is cut reaches to the end.
            if let Some(kept) = cut.take().and_then(|cut| bytes.get(done..cut)) {
                bare.extend_from_slice(kept);
                done = end;
            }
        }
        _ => {}
    })?;
    bare.extend_from_slice(bytes.get(done..)?);
    ParquetMetaDataReader::decode_metadata_with_options(&bare, Some(options)).ok()
}

/// Refuses a footer that says two things of a column.
pub(super) fn check(disk: &Disk, metadata: &ParquetMetaData) -> Result<(), String> {
    let bytes = read(disk).map_err(said)?;
    let mut conflict = None;
    let mut n_types = 0;
    let walked = walk(&bytes, |group, leaf, claim| {
        n_types += usize::from(matches!(claim, Claim::Type(_)));
        if conflict.is_none() {
            conflict = disagreement(metadata, group, leaf, claim);
        }
    });
    match (conflict, walked) {
        (Some(conflict), _) => Err(conflict),
        // What the decoder has seen and this has not is not compared.
        (None, Some(())) if n_types == n_chunks(metadata) => Ok(()),
        (None, _) => Err("the Parquet footer breaks off within its row groups".to_owned()),
    }
}

/// Column chunks of all row groups.
fn n_chunks(metadata: &ParquetMetaData) -> usize {
    let groups = metadata.row_groups().iter();
    groups.map(|group| group.columns().len()).sum()
}

/// The metadata's own bytes; the decoder has found them to lie in the file.
fn read(disk: &Disk) -> Result<Bytes, ParquetError> {
    let outside = || ParquetError::EOF("the footer does not lie within the file".to_owned());
    let end = disk.len().checked_sub(TAIL).ok_or_else(outside)?;
    let tail = disk.get_bytes(end, 8)?;
    let (len, magic) = tail.split_first_chunk::<4>().ok_or_else(outside)?;
    if magic != MAGIC {
        let magic = String::from_utf8_lossy(magic).into_owned();
        return Err(ParquetError::General(format!(
            "expected a file that ends with PAR1, got {}",
            name_in_quotes(&magic)
        )));
    }
    let len = u32::from_le_bytes(*len);
    let start = end.checked_sub(u64::from(len)).ok_or_else(outside)?;
    disk.get_bytes(start, len as usize)
}

/// What a column chunk says of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim<'a> {
    /// Its type, by the number in the format.
    Type(i64),
    /// A name of its path, and which.
    Name(usize, &'a [u8]),
    /// How many names its path has.
    Names(usize),
    /// A field by its number, and where it begins.
    Field(i64, usize),
    /// Where the end of its fields is marked.
    End(usize),
}

/// Gives what the chunks of `footer` say to `claimed`, by row group and leaf.
fn walk<'a>(footer: &'a [u8], mut claimed: impl FnMut(usize, usize, Claim<'a>)) -> Option<()> {
    let len = footer.len();
    let mut footer = Compact { bytes: footer };
    footer.fields(|fields, id, kind| {
        each(fields, (id, kind), 4, |fields, group| {
            fields.fields(|fields, id, kind| {
                each(fields, (id, kind), 1, |fields, leaf| {
                    chunk(fields, len, |claim| claimed(group, leaf, claim))
                })
            })
        })
    })
}

/// Gives the structs of the list in field `wanted` to `take`.
fn each<'a>(
    fields: &mut Compact<'a>,
    (id, kind): (i64, FieldKind),
    wanted: i64,
    mut take: impl FnMut(&mut Compact<'a>, usize) -> Option<()>,
) -> Option<bool> {
    if id != wanted {
        return Some(false);
    }
    expect(kind, FieldKind::LIST)?;
    let (n_items, kind) = fields.list()?;
    if n_items > 0 {
        expect(kind, FieldKind::STRUCT)?;
    }
    let n_items = usize::try_from(n_items).ok()?;
    (0..n_items).try_for_each(|index| take(fields, index))?;
    Some(true)
}

/// `ColumnChunk`: field 3 is its `ColumnMetaData`.
fn chunk<'a>(
    fields: &mut Compact<'a>,
    len: usize,
    mut claimed: impl FnMut(Claim<'a>),
) -> Option<()> {
    fields.fields(|fields, id, kind| {
        if id != 3 {
            return Some(false);
        }
        expect(kind, FieldKind::STRUCT)?;
        fields.fields(|fields, id, kind| {
            // Its head takes a byte, unless numbers are left out before it.
            claimed(Claim::Field(id, (len - fields.bytes.len()).checked_sub(1)?));
            match id {
                1 => {
                    expect(kind, FieldKind::I32)?;
                    claimed(Claim::Type(fields.int()?));
                    Some(true)
                }
                3 => {
                    expect(kind, FieldKind::LIST)?;
                    path(fields, &mut claimed)?;
                    Some(true)
                }
                _ => Some(false),
            }
        })?;
        claimed(Claim::End((len - fields.bytes.len()).checked_sub(1)?));
        Some(true)
    })
}

fn path<'a>(fields: &mut Compact<'a>, claimed: &mut impl FnMut(Claim<'a>)) -> Option<()> {
    let (n_names, kind) = fields.list()?;
    if n_names > 0 {
        expect(kind, FieldKind::BINARY)?;
    }
    let n_names = usize::try_from(n_names).ok()?;
    for at in 0..n_names {
        claimed(Claim::Name(at, fields.binary()?));
    }
    claimed(Claim::Names(n_names));
    Some(())
}

/// The decoder reads a field by its number alone, so what it takes for another
/// thing than we do is nothing to go on with.
fn expect(kind: FieldKind, wanted: FieldKind) -> Option<()> {
    (kind == wanted).then_some(())
}

/// Why what a chunk says cannot be, if it cannot.
fn disagreement(
    metadata: &ParquetMetaData,
    group: usize,
    leaf: usize,
    claim: Claim<'_>,
) -> Option<String> {
    let columns = metadata.file_metadata().schema_descr().columns();
    let column = columns.get(leaf)?;
    let why = match claim {
        Claim::Field(..) | Claim::End(_) => None,
        Claim::Type(number) => {
            let of_schema = column.physical_type();
            (number != number_of(of_schema)).then(|| {
                format!(
                    "the schema says {of_schema}, and the column's data are {}",
                    name_of(number)
                )
            })
        }
        Claim::Name(at, name) => {
            let of_schema = column.path().parts().get(at).map(String::as_bytes);
            (of_schema != Some(name)).then(|| {
                format!(
                    "the column's data are of a column with {} in its path",
                    name_in_quotes(&String::from_utf8_lossy(name))
                )
            })
        }
        Claim::Names(n_names) => {
            let of_schema = column.path().parts().len();
            // A path may be left out, since the schema has it.
            (n_names > 0 && n_names != of_schema).then(|| {
                format!("the schema has it {of_schema} deep, and the column's data {n_names} deep")
            })
        }
    };
    why.map(|why| {
        let column = name_in_quotes(&column.path().string());
        format!("row group {group} (from 0), column {column}: {why}")
    })
}

/// Types by their number in the format.
const TYPES: [Type; 8] = [
    Type::BOOLEAN,
    Type::INT32,
    Type::INT64,
    Type::INT96,
    Type::FLOAT,
    Type::DOUBLE,
    Type::BYTE_ARRAY,
    Type::FIXED_LEN_BYTE_ARRAY,
];

fn number_of(of_schema: Type) -> i64 {
    let numbered = (0..).zip(TYPES);
    let mut numbered = numbered.filter(|(_, known)| *known == of_schema);
    numbered.next().map_or(-1, |(number, _)| number)
}

fn name_of(number: i64) -> String {
    let known = usize::try_from(number).ok();
    let known = known.and_then(|number| TYPES.get(number));
    known.map_or_else(|| format!("of the unknown type {number}"), Type::to_string)
}
