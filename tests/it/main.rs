//! One integration binary.

mod format;
mod sink;
