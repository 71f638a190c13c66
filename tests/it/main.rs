//! One integration binary.

mod cli;
mod discover;
mod format;
mod part;
mod plan;
mod plan_errors;
mod sink;
mod source;
mod spine;
mod tidy;
