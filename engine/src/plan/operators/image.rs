//! The shape of images: of one, and what is known of all that a column has.

use std::fmt;

use fuelrail_kernels::Element;
use fuelrail_kernels::normalize::Layout;

/// The most rows or columns of an image.
pub(super) const SIDE_MAX: u32 = (1 << 24) - 1;

/// One image of bytes or of floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// Samples of a pixel, 1 to 4.
    pub channels: u32,
    /// The order of the axes.
    pub layout: Layout,
    /// The type of a sample: uint8, or a float behind `normalize`.
    pub element: Element,
}

/// The images of a column, before any of them is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownImages {
    /// Rows and columns, where all images have as many.
    pub sides: Option<[u32; 2]>,
    /// Samples of a pixel, 1 to 4.
    pub channels: u32,
    /// The order of the axes.
    pub layout: Layout,
    /// The type of a sample.
    pub element: Element,
}

impl KnownImages {
    /// One of them that has these sides.
    #[must_use]
    pub fn with_sides(&self, [height, width]: [u32; 2]) -> Image {
        Image {
            height,
            width,
            channels: self.channels,
            layout: self.layout,
            element: self.element,
        }
    }

    /// Each of them, where all have the same sides.
    #[must_use]
    pub fn each(&self) -> Option<Image> {
        self.sides.map(|sides| self.with_sides(sides))
    }
}

impl From<Image> for KnownImages {
    fn from(image: Image) -> Self {
        Self {
            sides: Some(image.sides()),
            channels: image.channels,
            layout: image.layout,
            element: image.element,
        }
    }
}

impl fmt::Display for KnownImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(image) = self.each() {
            return image.fmt(f);
        }
        write!(f, "any size x{}", self.channels)?;
        in_words(self.element, f)
    }
}

/// The type of samples, if they are not the usual bytes.
fn in_words(element: Element, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match element {
        Element::U8 => Ok(()),
        other => write!(f, " {}", other.name()),
    }
}

impl Image {
    /// The images of a tensor whose rows have this shape. `[H, W]` has one
    /// channel; of three axes, the last is the channels if it has 1 to 4, else the
    /// first, where `layout` does not say it.
    ///
    /// # Errors
    /// What was expected, and what came.
    pub fn of(shape: &[u64], layout: Option<Layout>) -> Result<Self, String> {
        let refused = || {
            format!(
                "expected images of shape [H, W, C] or [C, H, W] with 1 to 4 channels, got {shape:?}"
            )
        };
        let is_channels = |n: u64| (1..=4).contains(&n);
        let layout = match (layout, shape) {
            (Some(layout), _) => layout,
            (None, [_, _] | [_, _, 1..=4]) => Layout::Hwc,
            (None, _) => Layout::Chw,
        };
        let (height, width, channels) = match (shape, layout) {
            (&[height, width], _) => (height, width, 1),
            (&[height, width, channels], Layout::Hwc)
            | (&[channels, height, width], Layout::Chw) => (height, width, channels),
            _ => return Err(refused()),
        };
        let side = |n: u64| u32::try_from(n).ok().filter(|n| (1..=SIDE_MAX).contains(n));
        match (side(height), side(width)) {
            (Some(height), Some(width)) if is_channels(channels) => Ok(Self {
                height,
                width,
                channels: u32::try_from(channels).unwrap_or(4),
                layout,
                element: Element::U8,
            }),
            _ => Err(refused()),
        }
    }

    /// The shape of a tensor's row that holds one, with as many axes as `like`.
    #[must_use]
    pub fn shape(&self, like: &[u64]) -> Vec<u64> {
        let [height, width, channels] = [self.height, self.width, self.channels].map(u64::from);
        match (like.len(), self.layout) {
            (2, _) => vec![height, width],
            (_, Layout::Hwc) => vec![height, width, channels],
            (_, Layout::Chw) => vec![channels, height, width],
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        let samples = u64::from(self.height) * u64::from(self.width) * u64::from(self.channels);
        samples * self.element.len_bytes() as u64
    }

    /// Rows and columns.
    #[must_use]
    pub fn sides(&self) -> [u32; 2] {
        [self.height, self.width]
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.height, self.width, self.channels)?;
        in_words(self.element, f)
    }
}
