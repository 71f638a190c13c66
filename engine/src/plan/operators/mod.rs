//! What can be done to the rows of a column, one operator a file: a documented
//! spec and its [`Lower`]. The table below is all that makes it known: parsing,
//! names, schema and the methods of the Python package follow from it.
//!
//! An operator lowers into changes of images, which a [`ColumnSteps`] puts
//! together into kernels on rows. Devices know those and no operators.

mod center_crop;
mod changes;
mod draw;
mod explain;
mod image;
mod invert;
mod lowered;
mod pad;
mod random_crop;
mod random_flip;
mod solarize;
mod steps;
mod table;

pub use center_crop::CenterCrop;
pub use changes::{BorderMode, Chance, Change, Move};
pub use draw::{Draw, Drawn};
pub use image::Image;
pub use invert::Invert;
pub use lowered::{ColumnSteps, Drawing, Link, Parameters};
pub use pad::Pad;
pub use random_crop::RandomCrop;
pub use random_flip::RandomFlip;
pub use solarize::Solarize;
pub use steps::{ImageColumn, Steps};
pub use table::{Lower, Refusal};

table::operators! {
    /// Cuts the middle out of each image.
    center_crop: CenterCrop,
    /// Inverts all values of images.
    invert: Invert,
    /// Adds rows and columns around each image.
    pad: Pad,
    /// Cuts a window out of each image, at a place drawn for each row and epoch.
    random_crop: RandomCrop,
    /// Mirrors images by chance, drawn for each row and epoch.
    random_flip: RandomFlip,
    /// Inverts the values of images from a threshold on, as Pillow's
    /// `ImageOps.solarize` does.
    solarize: Solarize,
}
