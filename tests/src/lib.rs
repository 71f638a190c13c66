//! Shared pieces of the integration tests.

pub mod cli;
pub mod plan;
pub mod prose;
pub mod source;
pub mod tidy;
pub mod tree;
