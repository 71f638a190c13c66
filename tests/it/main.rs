//! One integration binary.

mod cli;
mod discover;
mod part;
mod plan;
mod plan_errors;
mod source;
mod tidy;
