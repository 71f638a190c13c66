//! Rows of a dataset into the tensors of a batch.
//!
//! The rows of a batch are grouped by shard. A first pass holds the shards
//! open, compares what was not compared before with its checksum, reads
//! offsets, and copies what has an item for each row; where there are ragged
//! columns, a second pass copies their elements to where the offsets say.
//! After each pass every shard is asked whether it is still what it was, and
//! nothing that was read before that answer is used without it.
//!
//! A batch in which something is wrong is done again: without the rows that
//! are damaged, where they are to be skipped; or because somebody has written
//! to a shard, so that nothing known of it holds any more.

mod attempt;
mod cast;
mod check;
mod copy;
mod copy_range;
mod fault;
mod fill;
mod passes;
mod ragged;
mod rows;
mod spans;
mod work;

pub(crate) use attempt::{GatherFill, Skipped};
