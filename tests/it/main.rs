//! One integration binary.

mod cli;
mod plan;
mod plan_errors;
mod tidy;
