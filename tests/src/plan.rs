//! Catalogs made by hand, and plans checked against them: no file is read.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use fuelrail::plan::{
    Catalog, Digest, Discovery, Format, Found, Input, InputDescription, LoadedTokenizers, Pipeline,
    Plan, Proposed, RowGroup, SeenKeys, check,
};
use fuelrail::{Result, run};

/// One file of `len_bytes` with these columns.
#[must_use]
pub fn file(name: &str, len_bytes: u64, fields: Vec<Field>) -> InputDescription {
    InputDescription {
        input: Input {
            path: Path::new("/inputs").join(name),
            name: name.to_owned(),
            len_bytes,
            digest: Digest(u128::from(len_bytes)),
            row_groups: Vec::new(),
            table: None,
            listing: None,
        },
        schema: Arc::new(Schema::new(fields)),
    }
}

/// The same with `n` row groups of equal size and 1,000 rows each.
#[must_use]
pub fn with_row_groups(mut file: InputDescription, n: u64) -> InputDescription {
    let group = RowGroup {
        n_rows: 1000,
        len_bytes: file.input.len_bytes / n,
    };
    file.input.row_groups = (0..n).map(|_| group).collect();
    file
}

/// A column that may hold nulls.
#[must_use]
pub fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

/// `text`, `url`, `id` and `meta`, which no dataset can hold.
#[must_use]
pub fn documents() -> Vec<Field> {
    let meta = vec![Field::new("lang", DataType::Utf8, true)];
    vec![
        field("text", DataType::Utf8),
        field("url", DataType::LargeUtf8),
        Field::new("id", DataType::Int64, false),
        field("meta", DataType::Struct(meta.into())),
    ]
}

/// Files of one layout that states its types.
#[must_use]
pub fn catalog(format: Format, files: Vec<InputDescription>) -> Catalog {
    Catalog {
        files,
        format,
        seen: None,
        discovery: Discovery::default(),
    }
}

/// Two files of JSON lines with these keys.
#[must_use]
pub fn lines(keys: Vec<Proposed>) -> Catalog {
    let files = ["a.jsonl", "b.jsonl"].map(|name| file(name, 9, Vec::new()));
    Catalog {
        files: files.into(),
        format: Format::Jsonl,
        seen: Some(SeenKeys {
            keys,
            ..SeenKeys::default()
        }),
        discovery: Discovery::default(),
    }
}

/// A key, or a path of keys, of one type.
#[must_use]
pub fn key(name: &str, data_type: DataType) -> Proposed {
    found(name, Found::Type(data_type))
}

/// A key, or a path of keys, of which this was seen.
#[must_use]
pub fn found(name: &str, found: Found) -> Proposed {
    Proposed {
        name: name.to_owned(),
        path: name.split('.').map(str::to_owned).collect(),
        found,
        misfit: None,
        holes: None,
    }
}

/// Three Parquet files of documents, the last with row groups.
#[must_use]
pub fn corpus() -> Catalog {
    let files = vec![
        file("a.parquet", 300 << 20, documents()),
        file("b.parquet", 900 << 20, documents()),
        with_row_groups(file("c.parquet", 4 << 30, documents()), 16),
    ];
    catalog(Format::Parquet, files)
}

/// Checks the text of a pipeline file called `pipeline.toml` against `catalog`.
///
/// # Errors
/// What the pipeline file, its tokenizers or the check refuse.
pub fn plan_of(text: &str, overrides: &[&str], catalog: &Catalog) -> Result<Plan> {
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    let pipeline = Pipeline::from_toml_with(text, Path::new("pipeline.toml"), &overrides)?;
    let tokenizers = run::load_tokenizers(&pipeline, Path::new("/base"))?;
    check(&pipeline, catalog, &tokenizers, Path::new("/base"))
}

/// No tokenizer at all.
#[must_use]
pub fn no_tokenizers() -> LoadedTokenizers {
    LoadedTokenizers::default()
}
