//! fuelrail turns raw data into training shards, with the same bits on every
//! device, batch size, thread count and restart.

pub mod batch;
mod error;
pub mod plan;
pub mod run;
pub mod sink;
pub mod source;

pub use error::{Error, ErrorKind, Location, Result};
