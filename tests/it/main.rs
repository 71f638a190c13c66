//! One integration binary.

mod sink;
