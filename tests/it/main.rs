//! One integration binary.

mod damage;
mod discover;
mod part;
mod source;
