//! One integration binary.

mod cli;
mod damage;
mod discover;
mod format;
mod part;
mod plan;
mod plan_errors;
mod sink;
mod source;
mod spine;
mod tidy;
