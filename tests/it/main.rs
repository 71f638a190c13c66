//! One integration binary.

mod cli;
mod damage;
mod discover;
mod forged;
mod format;
mod part;
mod plan;
mod plan_errors;
mod sink;
mod source;
mod spine;
mod target;
mod tidy;
