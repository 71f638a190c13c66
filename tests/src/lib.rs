//! Shared pieces of the integration tests.

pub mod columns;
mod disk;
pub mod fault;
pub mod output;
pub mod unsynced;
