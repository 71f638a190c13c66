//! Runs the steps of a plan on batches.
//!
//! [`Lane`] does what concerns one row at a time, so any number of lanes may
//! work on batches of one part at once. [`Assembler`] takes their batches in
//! source order and makes the rows that are written, with the places where the
//! work can be taken up again.

mod cpu;

pub(crate) use cpu::{Assembler, Lane};
