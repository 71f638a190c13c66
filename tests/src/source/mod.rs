//! One table of rows in every layout a source reads, and readers that turn
//! batches back into plain values to compare.

mod case;
mod layouts;
mod read;

pub use case::{Case, Dice, Outcome, collect, input, quiet, values};
pub use layouts::{
    GROUP, Layout, Row, arrow_file, arrow_stream, columns, gzip, jsonl, layouts, parquet_file,
    properties, repeated, table, tar_entry, zstd,
};
pub use read::{Reading, set_aside};
