//! `fuelrail explain`: what a loader's steps do, and to one row.

use std::path::PathBuf;
use std::sync::Arc;

use fuelrail::feed::{ReadOptions, Shards};
use fuelrail::plan::operators::Draw;
use fuelrail::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::output::{Output, Stop};
use crate::steps::read_steps;

/// Print what a loader's steps do to a dataset, and to one of its rows
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: fuelrail explain shards/ --steps steps.toml --row 7 --epoch 2")]
pub(crate) struct Args {
    /// The dataset's directory
    #[arg(value_name = "DATASET")]
    dataset: PathBuf,
    /// A file of [[step]] tables, as `fuelrail schema --steps` describes them
    #[arg(long, value_name = "FILE")]
    steps: PathBuf,
    /// A row of the dataset, from 0: show what is drawn for it
    #[arg(long, value_name = "N")]
    row: Option<u64>,
    /// The epoch that it is drawn for
    #[arg(long, value_name = "N", default_value_t = 0)]
    epoch: u32,
    /// What the loader draws from
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// Prints the kernels of each column, with the record of a row if one is asked
/// for.
pub(crate) fn run(args: &Args, output: &mut Output) -> Result<(), Stop> {
    let steps = read_steps(&args.steps)?;
    let shards = Arc::new(Shards::open(&args.dataset)?);
    let n_rows = shards.extent().n_rows;
    if let Some(row) = args.row.filter(|row| *row >= n_rows) {
        let message = format!("row {row} is out of range: the dataset has {n_rows} rows");
        return Err(Error::new(ErrorKind::Usage, message).into());
    }
    let lowered = shards.lowered(&ReadOptions::default(), &steps)?;
    let draw = Draw {
        seed: args.seed,
        epoch: args.epoch,
    };
    let mut texts: Vec<String> = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    for steps in &lowered {
        let of = (&lowered[..], steps.column.as_str());
        let row = args.row.map(|row| shards.explained_row(of, (draw, row)));
        let row = row.transpose()?;
        texts.push(steps.explain(row.as_ref())?);
        values.push(steps.to_json(row.as_ref())?);
    }
    output.result(
        || {
            let head = match args.row {
                Some(row) => format!("row {row}, epoch {}, seed {}\n", args.epoch, args.seed),
                None => String::new(),
            };
            if texts.is_empty() {
                return "no steps: rows as they are stored\n".to_owned();
            }
            format!("{head}{}\n", texts.join("\n"))
        },
        || json!({ "row": args.row, "epoch": args.epoch, "seed": args.seed, "columns": values }),
    )
}
