//! Shared pieces of the integration tests.

pub mod fault;
pub mod output;
