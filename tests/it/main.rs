//! One integration binary.

mod tidy;
