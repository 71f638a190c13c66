//! Shared pieces of the integration tests.

pub mod columns;
pub mod fault;
pub mod output;
