//! The story of one sample: where a row of a dataset came from, and what each step of a
//! loader draws for it and does to it, with pictures.
//!
//! - [`trace()`] tells it, as [`Trace`]: data that serialises;
//! - `column`: the part of one column, whose images are those of a loader, bit for bit;
//! - [`TracePicture`], `encode`: samples as pictures, and pictures as PNG files;
//! - `words`: the story as text; `page`, `card`, `figure`, `marks`, `markup`: as a page; `folder`: the
//!   page and its pictures as files.
//!
//! Names, texts and files come from outside: `markup` lets nothing through unescaped.

mod card;
mod column;
mod encode;
mod figure;
mod folder;
mod marks;
mod markup;
mod page;
mod picture;
mod said;
mod story;
mod told;
mod words;

pub use encode::png_of;
pub use folder::write_trace;
pub use page::trace_page;
pub use picture::{PictureColour, PictureShown, SampleNumbers, TracePicture};
pub use story::trace;
pub use told::{
    MovesWith, SecondImage, StepOutcome, Trace, TraceRequest, TracedColumn, TracedCoordinates,
    TracedImage, TracedStep, TracedStored,
};
pub use words::trace_text;
