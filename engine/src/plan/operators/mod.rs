//! What can be done to the rows of a column, one operator a file: a documented
//! spec, and what it lowers into. The tables below are all that makes it known:
//! parsing, names, schema and the methods of the Python package follow from them.
//!
//! An operator on images is a [`Lower`]: it gives changes, which a
//! [`ColumnSteps`] puts together into kernels on rows. A change may name a second
//! row of the dataset ([`Mix`]); who fills batches reads that too. Loaders take
//! them all, and pipelines those that draw nothing. Any other operator on columns
//! is a [`MapColumns`], for pipelines. Devices know kernels and no operators.

mod annotate;
mod annotations;
mod boxes;
mod bucketize;
mod cast;
mod center_crop;
mod chance;
mod changes;
mod color_change;
mod color_jitter;
mod columns;
mod crop_parts;
mod decode;
mod decoding;
mod device_rows;
mod distortion;
mod draw;
mod effects;
mod explain;
mod file_columns;
mod geometry;
mod grayscale;
mod image;
mod image_columns;
mod invert;
mod known;
mod lowered;
mod lut_links;
mod mix;
mod mixup;
mod normalize;
mod normalize_images;
mod on_host;
mod pad;
mod passes;
mod perspective;
mod points;
mod quad;
mod random_crop;
mod random_flip;
mod random_grayscale;
mod random_resized_crop;
mod resize;
mod resize_to;
mod row_record;
mod solarize;
mod stages;
mod statistic;
mod steps;
mod table;
mod ties;
mod walk;

pub use annotate::Annotate;
pub use annotations::together;
pub use boxes::{corners_of, moved_box};
pub use bucketize::BucketizeSpec;
pub use cast::CastSpec;
pub use center_crop::CenterCrop;
pub use chance::Chance;
pub use changes::{BorderMode, Change, Move};
pub use color_change::{ColorChange, Jitter};
pub use color_jitter::ColorJitter;
pub(super) use columns::place;
pub use columns::{MapColumns, NamedColumn};
pub use crop_parts::CropParts;
pub use decode::{ColourMode, DecodeImages, ExifOrientation};
pub use decoding::{Decoding, OnBadImage};
pub use device_rows::{DeviceRows, device_kernels};
pub use distortion::{Distortion, WarpSampling};
pub use draw::{Draw, Drawn};
pub use effects::{Effect, StepEffect};
pub use explain::ExplainedRow;
pub use geometry::PixelMove;
pub use grayscale::Grayscale;
pub use image::{Image, KnownImages};
pub use invert::Invert;
pub use known::{Held, KnownTensor, second_name, status_name};
pub use lowered::{Blending, Coloring, ColumnSteps, Drawing, Link, Resizing, Warping};
pub use mix::{Beta, Mix, SecondRow, Weight};
pub use mixup::Mixup;
pub use normalize::NormalizeSpec;
pub use normalize_images::NormalizeImages;
pub use on_host::{Between, DecodedFile, RowImages, StoredFile, StoredRow};
pub use pad::Pad;
pub use perspective::{Perspective, PointInterpolation};
pub use points::moved_point;
pub use quad::Quad;
pub use random_crop::RandomCrop;
pub use random_flip::RandomFlip;
pub use random_grayscale::RandomGrayscale;
pub use random_resized_crop::RandomResizedCrop;
pub use resize::{Interpolation, Resize};
pub use resize_to::ResizeTo;
pub use row_record::{Parameters, RowRecord};
pub use solarize::Solarize;
pub use statistic::{Preset, Statistic};
pub use steps::Steps;
pub(super) use table::OneOf;
pub use table::{Lower, Refusal};
pub use ties::{
    Annotations, BoxFormat, CoordinateKind, Coordinates, FollowerKind, Follows, Ties, kept_name,
};

table::operators! {
    /// An operator of a loader's steps; `op` names it.
    pub enum Operator: Lower, OPERATORS;
    /// Says what belongs to images and moves as they do: masks, boxes and keypoints.
    annotate: Annotate(Annotate),
    /// Cuts the middle out of each image.
    center_crop: CenterCrop(CenterCrop),
    /// Changes brightness, contrast, saturation and hue by factors drawn for each row
    /// and epoch.
    color_jitter: ColorJitter(ColorJitter),
    /// Decodes image files as Pillow does.
    decode: Decode(DecodeImages),
    /// Makes images grey as Pillow does.
    grayscale: Grayscale(Grayscale),
    /// Inverts all values of images.
    invert: Invert(Invert),
    /// Mixes each image with that of a row drawn from the dataset, as Pillow's
    /// `Image.blend` does.
    mixup: Mixup(Mixup),
    /// Turns images of bytes into floats, channel by channel.
    normalize: Normalize(NormalizeImages),
    /// Adds rows and columns around each image.
    pad: Pad(Pad),
    /// Changes the perspective of images by chance, drawn for each row and epoch.
    perspective: Perspective(Perspective),
    /// Cuts a window out of each image, at a place drawn for each row and epoch.
    random_crop: RandomCrop(RandomCrop),
    /// Mirrors images by chance, drawn for each row and epoch.
    random_flip: RandomFlip(RandomFlip),
    /// Makes images grey by chance, drawn for each row and epoch.
    random_grayscale: RandomGrayscale(RandomGrayscale),
    /// Cuts a part out of each image, whose area, shape and place are drawn for each
    /// row and epoch, and resizes it.
    random_resized_crop: RandomResizedCrop(RandomResizedCrop),
    /// Resizes images as Pillow does.
    resize: Resize(Resize),
    /// Inverts the values of images from a threshold on, as Pillow's
    /// `ImageOps.solarize` does.
    solarize: Solarize(Solarize),
}

table::operators! {
    /// An operator of a pipeline that maps the items of columns; `op` names it.
    pub enum ColumnOperator: MapColumns, COLUMN_OPERATORS;
    /// Shifts, scales and clips numbers, or turns images of bytes into floats.
    normalize: Normalize(NormalizeSpec),
    /// Counts the edges below each number, which tells its bin, as `torch.bucketize`
    /// and `numpy.searchsorted` do. NaN lies above all edges. The counts are uint8 for
    /// up to 255 edges, uint16 for up to 65,535 and uint32 for more.
    bucketize: Bucketize(BucketizeSpec),
    /// Changes the type of numbers.
    cast: Cast(CastSpec),
    /// Cuts the middle out of each image.
    center_crop: CenterCrop(CenterCrop),
    /// Decodes image files as Pillow does.
    decode: Decode(DecodeImages),
    /// Makes images grey as Pillow does.
    grayscale: Grayscale(Grayscale),
    /// Inverts all values of images.
    invert: Invert(Invert),
    /// Adds rows and columns around each image.
    pad: Pad(Pad),
    /// Resizes images as Pillow does.
    resize: Resize(Resize),
    /// Inverts the values of images from a threshold on, as Pillow's
    /// `ImageOps.solarize` does.
    solarize: Solarize(Solarize),
}
