//! Shared pieces of the integration tests.

pub mod cli;
pub mod columns;
pub mod devices;
pub mod fault;
pub mod feed;
pub mod inputs;
pub mod output;
pub mod plan;
pub mod prose;
pub mod runs;
pub mod shader;
pub mod source;
pub mod tidy;
pub mod tree;
pub mod twins;
