//! What the decoders give, and what they refuse.

mod bad_input;
mod files;
mod limits;
mod oracle;
mod orientation;
mod windows;
