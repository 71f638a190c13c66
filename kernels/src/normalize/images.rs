//! Images of bytes: where each byte lies, and where its value goes.

use std::sync::Arc;

#[cfg(target_arch = "x86_64")]
use super::pixels::Values;
use super::table::Table;
use super::{ImagesConstants, NormalizeError};

/// Bytes one image may take, read or written: offsets in it fit an `i32`.
const MAX_IMAGE_BYTES: u64 = (1 << 31) - 1;

/// The order of an image's axes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Height, width, channels: as decoders make them.
    #[default]
    Hwc,
    /// Channels, height, width: as models take them.
    Chw,
}

/// Mirrors an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Flip {
    /// Not at all.
    #[default]
    None,
    /// Left becomes right.
    Horizontal,
    /// Top becomes bottom.
    Vertical,
    /// Both: a rotation by 180 degrees.
    Both,
}

impl Flip {
    pub(super) fn is_horizontal(self) -> bool {
        matches!(self, Self::Horizontal | Self::Both)
    }

    pub(super) fn is_vertical(self) -> bool {
        matches!(self, Self::Vertical | Self::Both)
    }
}

/// Shape and layout of images before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Rows of the image read.
    pub height: u32,
    /// Columns of the image read.
    pub width: u32,
    /// Channels, 1 to 4.
    pub channels: u32,
    /// Axes of the image read.
    pub from: Layout,
    /// Axes of the image written.
    pub to: Layout,
    /// The window written: top, left, height, width.
    pub crop: [u32; 4],
    /// The window is mirrored so.
    pub flip: Flip,
}

/// The values of a table, with how they are made; images of any geometry share them.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageValues {
    table: Table,
    #[cfg(target_arch = "x86_64")]
    values: Values,
}

impl ImageValues {
    /// Those of `table`.
    #[must_use]
    pub fn new(table: Table) -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            values: Values::of(&table),
            table,
        }
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }
}

/// `normalize` on images; see the [contract](super).
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    geometry: Geometry,
    values: Arc<ImageValues>,
}

impl Images {
    /// Images of this geometry with the values of `table`.
    ///
    /// # Errors
    /// Where the window is empty or outside the image, channels are not 1 to 4
    /// or not those of the table, or an image takes 2 GiB or more.
    pub fn new(geometry: Geometry, table: Table) -> Result<Self, NormalizeError> {
        Self::with_values(geometry, Arc::new(ImageValues::new(table)))
    }

    /// The same with values that are there already.
    ///
    /// # Errors
    /// As [`Images::new`].
    pub fn with_values(
        geometry: Geometry,
        values: Arc<ImageValues>,
    ) -> Result<Self, NormalizeError> {
        let table = values.table();
        let Geometry {
            height,
            width,
            channels,
            crop: [top, left, crop_height, crop_width],
            ..
        } = geometry;
        let outside =
            |expected: &'static str, got: String| NormalizeError::Geometry { expected, got };
        if !(1..=4).contains(&channels) || table.channels() != channels as usize {
            return Err(outside("1 to 4 channels", channels.to_string()));
        }
        let bytes = |height: u32, width: u32, element: usize| {
            u64::from(height)
                .checked_mul(u64::from(width))
                .and_then(|pixels| pixels.checked_mul(u64::from(channels) * element as u64))
        };
        for len in [
            bytes(height, width, 1),
            bytes(crop_height, crop_width, table.element().len_bytes()),
        ] {
            if !len.is_some_and(|len| (1..=MAX_IMAGE_BYTES).contains(&len)) {
                return Err(outside(
                    "images of 1 byte or more and less than 2 GiB",
                    format!(
                        "{height} x {width} x {channels}, cropped to {crop_height} x {crop_width}"
                    ),
                ));
            }
        }
        let fits = |start: u32, len: u32, whole: u32| {
            start.checked_add(len).is_some_and(|end| end <= whole)
        };
        if !fits(top, crop_height, height) || !fits(left, crop_width, width) {
            return Err(outside(
                "a window within the image",
                format!(
                    "{crop_height} x {crop_width} at row {top}, column {left} of {height} x {width}"
                ),
            ));
        }
        Ok(Self { geometry, values })
    }

    /// Shape and layout.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The values.
    #[must_use]
    pub fn table(&self) -> &Table {
        self.values.table()
    }

    /// The shape of an image written, in its own layout.
    #[must_use]
    pub fn dst_shape(&self) -> [u32; 3] {
        let Geometry {
            channels,
            to,
            crop: [_, _, height, width],
            ..
        } = self.geometry;
        match to {
            Layout::Hwc => [height, width, channels],
            Layout::Chw => [channels, height, width],
        }
    }

    /// Bytes of one image read.
    #[must_use]
    pub fn src_len_bytes(&self) -> usize {
        let Geometry {
            height,
            width,
            channels,
            ..
        } = self.geometry;
        height as usize * width as usize * channels as usize
    }

    /// Numbers in one image written.
    #[must_use]
    pub fn dst_len(&self) -> usize {
        self.dst_shape().iter().map(|&len| len as usize).product()
    }

    /// Bytes of one image written.
    #[must_use]
    pub fn dst_len_bytes(&self) -> usize {
        self.dst_len() * self.table().element().len_bytes()
    }

    /// Where byte (y, x, c) of the window lies in an image read: the offset of
    /// (0, 0, 0), and the strides of y, x and c. Flips are negative strides.
    #[must_use]
    #[expect(clippy::cast_possible_wrap, reason = "images are below 2 GiB")]
    pub fn strides(&self) -> (usize, [isize; 3]) {
        let Geometry {
            height,
            width,
            channels,
            from,
            crop: [top, left, crop_height, crop_width],
            flip,
            ..
        } = self.geometry;
        let [height, width, channels] = [height, width, channels].map(|len| len as isize);
        let [mut row, mut col, channel] = match from {
            Layout::Hwc => [width * channels, channels, 1],
            Layout::Chw => [width, 1, height * width],
        };
        let (mut y, mut x) = (top as isize, left as isize);
        let (above, before) = (row, col);
        if flip.is_vertical() {
            y += crop_height as isize - 1;
            row = -row;
        }
        if flip.is_horizontal() {
            x += crop_width as isize - 1;
            col = -col;
        }
        ((y * above + x * before).unsigned_abs(), [row, col, channel])
    }

    /// What a device needs to know; the table comes behind it.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "images are below 2 GiB")]
    pub fn constants(&self) -> ImagesConstants {
        // An image is below 2 GiB, so all of this fits 32 bits.
        let (origin, strides) = self.strides();
        let [row_stride, col_stride, channel_stride] = strides.map(|stride| stride as i32);
        let [_, _, height, width] = self.geometry.crop;
        ImagesConstants {
            height,
            width,
            channels: self.geometry.channels,
            origin: origin as u32,
            row_stride,
            col_stride,
            channel_stride,
            to_chw: u32::from(self.geometry.to == Layout::Chw),
            to: self.table().element().code(),
        }
    }

    /// How its values are made.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn values(&self) -> &Values {
        &self.values.values
    }
}
