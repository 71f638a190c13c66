//! Shared pieces of the integration tests.

pub mod cli;
pub mod plan;
pub mod source;
