//! The arithmetic of fuelrail: operators on slices, without I/O or devices.
#![deny(unsafe_code)]

pub mod cast;
mod element;
mod kernel;
mod level;
pub mod normalize;
mod number;
pub mod pack;
mod shape;
pub mod tokenize;

pub use element::Element;
pub use kernel::Kernel;
pub use level::Level;
pub use shape::ShapeError;
