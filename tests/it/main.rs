//! One integration binary.

mod cli;
mod discover;
mod part;
mod plan;
mod plan_errors;
mod format;
mod sink;
mod source;
mod spine;
mod tidy;
