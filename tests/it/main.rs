//! One integration binary.

mod cli;
mod discover;
mod faults;
mod format;
mod part;
mod plan;
mod plan_errors;
mod shard_cli;
mod sink;
mod source;
mod spine;
mod tidy;
