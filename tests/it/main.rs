//! One integration binary.

mod cli;
mod damage;
mod device_cli;
mod devices;
mod discover;
mod faults;
mod feed_damage;
mod feed_empty;
mod feed_few;
mod feed_limits;
mod feed_loop;
mod feed_read;
mod forged;
mod format;
mod part;
mod plan;
mod plan_columns;
mod plan_errors;
mod shaders;
mod shard_cli;
mod sink;
mod source;
mod spine;
mod tables;
mod target;
mod tidy;
