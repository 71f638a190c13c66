//! What `fuelrail.Loader` is asked for, as the engine takes it.

use std::time::Duration;

use fuelrail::feed::{
    Access, BatchSize, ColumnOptions, Epochs, FeedOptions, Last, OnDamage, OverlongRow, Ragged,
    ReadOptions, Results, Shuffle, Verify, World,
};
use fuelrail::format::Dtype;
use fuelrail::plan::operators::Steps;
use fuelrail::{Error, ErrorKind};
use pyo3::prelude::*;

/// The options by their names in Python; numbers have been checked to fit.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Asked {
    batch_size: Option<u64>,
    global_batch_size: Option<u64>,
    shuffle: Option<String>,
    seed: u64,
    last: String,
    restart: bool,
    max_damage: Option<f64>,
    rank: u32,
    world_size: u32,
    columns: Option<Vec<String>>,
    dtypes: Vec<(String, String)>,
    steps: String,
    device: String,
    results: String,
    ragged: Vec<(String, u64)>,
    overlong: String,
    prefetch: usize,
    keep: usize,
    threads: usize,
    patience: f64,
    verify: String,
    on_damage: String,
    access: String,
}

impl TryFrom<Asked> for FeedOptions {
    type Error = Error;

    fn try_from(asked: Asked) -> Result<Self, Error> {
        let batch_size = match (asked.batch_size, asked.global_batch_size) {
            (Some(rows), None) => BatchSize::PerRank(rows),
            (None, Some(rows)) => BatchSize::Global(rows),
            _ => {
                return Err(usage("expected either batch_size or global_batch_size")
                    .with_hint("batch_size counts the rows of this rank, global_batch_size those of all ranks"));
            }
        };
        let shuffle = [
            (Some("rows"), Shuffle::Rows),
            (Some("blocks"), Shuffle::Blocks),
            (None, Shuffle::Off),
        ];
        let shuffle = shuffle
            .into_iter()
            .find(|(name, _)| *name == asked.shuffle.as_deref())
            .ok_or_else(|| {
                let found = asked.shuffle.as_deref().unwrap_or_default();
                usage(format!(
                    "expected shuffle to be \"rows\", \"blocks\" or None, got \"{found}\""
                ))
            })?;
        let last = [
            ("short", Last::Short),
            ("pad", Last::Pad),
            ("drop", Last::Drop),
        ];
        let results = [("device", Results::OnDevice), ("host", Results::OnHost)];
        Ok(Self {
            results: choice("results", &asked.results, &results)?,
            last: choice("last", &asked.last, &last)?,
            read: read_options(&asked)?,
            steps: Steps::from_toml(&asked.steps, None)?,
            device: asked.device.parse()?,
            batch_size,
            shuffle: shuffle.1,
            seed: asked.seed,
            epochs: if asked.restart {
                Epochs::Repeated
            } else {
                Epochs::Successive
            },
            max_damage: asked.max_damage,
            world: World {
                rank: asked.rank,
                size: asked.world_size,
            },
            threads: asked.threads,
            prefetch: asked.prefetch,
            keep: asked.keep,
            patience: Duration::try_from_secs_f64(asked.patience).map_err(|_| {
                usage(format!(
                    "expected patience in seconds, got {}",
                    asked.patience
                ))
            })?,
        })
    }
}

fn read_options(asked: &Asked) -> Result<ReadOptions, Error> {
    let verify = [
        ("first", Verify::First),
        ("every", Verify::Every),
        ("off", Verify::Off),
    ];
    let on_damage = [("raise", OnDamage::Raise), ("skip", OnDamage::Skip)];
    let access = [("copy", Access::Copy), ("view", Access::View)];
    Ok(ReadOptions {
        columns: asked.columns.clone(),
        options: column_options(asked)?,
        verify: choice("verify", &asked.verify, &verify)?,
        on_damage: choice("on_damage", &asked.on_damage, &on_damage)?,
        access: choice("access", &asked.access, &access)?,
    })
}

/// One entry for each column that does not leave as it is stored.
fn column_options(asked: &Asked) -> Result<Vec<(String, ColumnOptions)>, Error> {
    let overlong = [
        ("raise", OverlongRow::Raise),
        ("truncate", OverlongRow::Truncate),
    ];
    let overlong = choice("overlong", &asked.overlong, &overlong)?;
    let mut columns: Vec<(String, ColumnOptions)> = Vec::new();
    let find = |columns: &mut Vec<(String, ColumnOptions)>, name: &str| {
        let found = columns.iter().position(|(of, _)| of == name);
        found.unwrap_or_else(|| {
            columns.push((name.to_owned(), ColumnOptions::default()));
            columns.len() - 1
        })
    };
    for (name, text) in &asked.dtypes {
        let index = find(&mut columns, name);
        columns[index].1.dtype = Some(dtype(name, text)?);
    }
    for (name, length) in &asked.ragged {
        let index = find(&mut columns, name);
        columns[index].1.ragged = Ragged::Pad {
            length: *length,
            overlong,
        };
    }
    Ok(columns)
}

/// All dtypes.
const DTYPES: [Dtype; 13] = [
    Dtype::Bool,
    Dtype::I8,
    Dtype::I16,
    Dtype::I32,
    Dtype::I64,
    Dtype::U8,
    Dtype::U16,
    Dtype::U32,
    Dtype::U64,
    Dtype::F16,
    Dtype::BF16,
    Dtype::F32,
    Dtype::F64,
];

fn dtype(column: &str, text: &str) -> Result<Dtype, Error> {
    let known = DTYPES.into_iter().find(|dtype| dtype.name() == text);
    known.ok_or_else(|| {
        let names = DTYPES.map(Dtype::name).join(", ");
        usage(format!(
            "expected one of the dtypes {names}, got \"{text}\""
        ))
        .with_column(column)
    })
}

/// The choice of this name.
fn choice<T: Copy>(option: &str, found: &str, choices: &[(&str, T)]) -> Result<T, Error> {
    let known = choices.iter().find(|(name, _)| *name == found);
    known.map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<String> = choices
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        usage(format!(
            "expected {option} to be one of {}, got \"{found}\"",
            names.join(", ")
        ))
    })
}

fn usage(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, message)
}
