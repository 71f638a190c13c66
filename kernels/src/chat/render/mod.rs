//! Rendering: a walk over the tree of a template.

mod assign;
mod call;
mod evaluate;
mod execute;
mod frame;
mod loops;
mod output;

pub(super) use frame::Rendering;
pub(super) use output::Marked;
