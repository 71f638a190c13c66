//! One integration binary.

mod discover;
mod part;
mod source;
