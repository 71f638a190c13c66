//! fuelrail turns raw data into training shards, with the same bits on every
//! device, batch size, thread count and restart.
#![deny(unsafe_code)]

pub mod arrays;
pub mod batch;
mod device;
mod error;
pub mod feed;
pub mod format;
pub mod plan;
pub mod run;
pub mod sink;
pub mod source;

pub use error::{Error, ErrorKind, Location, Result, name_in_quotes, name_in_text};
pub use fuelrail_kernels as kernels;
