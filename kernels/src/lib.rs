//! The arithmetic of fuelrail: operators on slices, without I/O or devices.
#![forbid(unsafe_code)]

pub mod cast;
mod element;
mod job;
mod kernel;
mod level;
pub mod normalize;
mod number;
pub mod pack;
pub mod ptx;
mod shape;
pub mod tokenize;

pub use element::Element;
pub use job::Member;
pub use kernel::Kernel;
pub use level::Level;
pub use shape::ShapeError;
