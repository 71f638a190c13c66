//! One integration binary.

mod forged;
mod format;
mod sink;
mod target;
