//! JSON: messages as values, and values as `json.dumps` prints them.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::{Dumps, dumps};
