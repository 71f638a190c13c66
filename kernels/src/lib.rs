//! The arithmetic of fuelrail: operators on slices, without I/O or devices.
#![forbid(unsafe_code)]

pub mod pack;
pub mod tokenize;
