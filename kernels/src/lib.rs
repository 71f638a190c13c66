//! The arithmetic of fuelrail: operators on slices, without I/O or devices.
#![deny(unsafe_code)]

mod around;
mod binary16;
mod binary16_bits;
pub mod blend;
mod body;
pub mod cast;
pub mod chat;
pub mod chunk;
pub mod color;
pub mod decode;
mod element;
mod entry;
#[cfg(test)]
mod exact;
mod fixed_row;
pub mod gather;
mod job;
pub mod json_text;
mod kernel;
mod lane;
pub mod large_pages;
mod level;
pub mod lut;
pub mod map;
pub mod normalize;
mod normalized;
mod number;
pub mod pack;
mod pass;
mod philox;
pub mod ptx;
pub mod resample;
mod row;
mod shape;
pub mod squeeze;
pub mod tokenize;
mod twin;
mod vector;
pub mod warp;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use around::Around;
pub use element::Element;
pub use entry::{Entry, TWINS};
pub use fixed_row::FixedRow;
pub use job::Job;
pub use kernel::Kernel;
pub use level::Level;
pub use normalized::normalized;
pub use pass::{DeviceKernel, GROUP, Pass, Role, Spread};
pub use philox::philox4x32;
pub use row::{RowError, RowKernel, RowParams};
pub use shape::ShapeError;
pub use twin::{Member, Twin};
