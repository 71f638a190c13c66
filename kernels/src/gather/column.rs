//! What all items of a column share.

use super::{Border, GatherError, GatherRow};
use crate::normalize::Layout;
use crate::twin::twin;

/// Bytes one item may take, read or written: offsets in it fit an `i32`.
const MAX_ITEM_BYTES: u64 = (1 << 31) - 1;

/// Which channels are read: channel `c` written is `first + c * step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelMap {
    /// Channels of images read, 1 to 4.
    pub n_in: u32,
    /// Channels of images written, 1 to 4.
    pub n_out: u32,
    /// The one read for channel 0.
    pub first: u32,
    /// How many further for the next: -1 reverses them, 0 repeats one.
    pub step: i32,
}

impl ChannelMap {
    /// All of `n`, in order.
    #[must_use]
    pub fn all(n: u32) -> Self {
        Self {
            n_in: n,
            n_out: n,
            first: 0,
            step: 1,
        }
    }

    /// The channel read for channel `c` written.
    fn of(self, c: u32) -> i64 {
        i64::from(self.first) + i64::from(c) * i64::from(self.step)
    }
}

/// `gather` on a column; see the [contract](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gather {
    channels: ChannelMap,
    from: Layout,
    to: Layout,
    border: Border,
}

twin! {
    /// What a device is told about a [`Gather`].
    pub struct GatherConstants: 32 {
        /// Channels of images read.
        pub channels_in: u32,
        /// Channels of images written.
        pub channels_out: u32,
        /// 1 if CHW is read, 0 if HWC.
        pub from_chw: u32,
        /// 1 if CHW is written, 0 if HWC.
        pub to_chw: u32,
        /// The channel read for channel 0.
        pub first_channel: u32,
        /// How many channels further for the next.
        pub channel_step: i32,
        /// [`Border::code`].
        pub border: u32,
        /// The constants of a constant border, that of channel 0 in the lowest
        /// byte; else 0.
        pub fill: u32,
    }
}

impl Gather {
    /// Images with these channels and layouts, and this around them.
    ///
    /// # Errors
    /// Where channels read or written are not 1 to 4, or one is not there.
    pub fn new(
        channels: ChannelMap,
        from: Layout,
        to: Layout,
        border: Border,
    ) -> Result<Self, GatherError> {
        for n in [channels.n_in, channels.n_out] {
            if !(1..=4).contains(&n) {
                return Err(GatherError::Channels {
                    expected: "1 to 4 channels",
                    got: n.into(),
                });
            }
        }
        // The others lie between these two.
        for channel in [channels.of(0), channels.of(channels.n_out - 1)] {
            if !(0..i64::from(channels.n_in)).contains(&channel) {
                return Err(GatherError::Channels {
                    expected: "a channel of the image",
                    got: channel,
                });
            }
        }
        Ok(Self {
            channels,
            from,
            to,
            border,
        })
    }

    /// The channels read and written.
    #[must_use]
    pub fn channels(&self) -> ChannelMap {
        self.channels
    }

    /// The axes of images read.
    #[must_use]
    pub fn from(&self) -> Layout {
        self.from
    }

    /// The axes of images written.
    #[must_use]
    pub fn to(&self) -> Layout {
        self.to
    }

    /// What lies outside.
    #[must_use]
    pub fn border(&self) -> Border {
        self.border
    }

    /// What a device is told.
    #[must_use]
    pub fn constants(&self) -> GatherConstants {
        GatherConstants {
            channels_in: self.channels.n_in,
            channels_out: self.channels.n_out,
            from_chw: u32::from(self.from == Layout::Chw),
            to_chw: u32::from(self.to == Layout::Chw),
            first_channel: self.channels.first,
            channel_step: self.channels.step,
            border: self.border.code(),
            fill: u32::from_le_bytes(self.fill()),
        }
    }

    /// Whether `row` can be gathered from an item of `src_len` bytes; how many
    /// bytes are then written.
    ///
    /// # Errors
    /// Where the record breaks the [contract](super), is not one of an item of
    /// that length, or reads or writes 2 GiB or more.
    pub fn check(&self, row: &GatherRow, src_len: usize) -> Result<usize, GatherError> {
        row.check()?;
        let bytes = |height: u32, width: u32, channels: u32| {
            u64::from(height) * u64::from(width) * u64::from(channels)
        };
        let read = bytes(row.src_height, row.src_width, self.channels.n_in);
        let written = bytes(row.dst_height, row.dst_width, self.channels.n_out);
        if read > MAX_ITEM_BYTES || written > MAX_ITEM_BYTES {
            return Err(row.refuse("images below 2 GiB"));
        }
        if u64::try_from(src_len) != Ok(read) {
            return Err(GatherError::Length {
                expected: read,
                got: src_len,
            });
        }
        let is_empty = row.window_height == 0 || row.window_width == 0;
        if is_empty && written > 0 && !matches!(self.border, Border::Constant(_)) {
            return Err(row.refuse("a window with something in it"));
        }
        usize::try_from(written).map_err(|_| row.refuse("images that fit memory"))
    }

    /// What a constant border shows, channel by channel.
    pub(super) fn fill(&self) -> [u8; 4] {
        match self.border {
            Border::Constant(fill) => fill,
            _ => [0; 4],
        }
    }

    /// Bytes from one row, column and channel of an image read to the next.
    #[expect(clippy::cast_possible_wrap, reason = "images are below 2 GiB")]
    pub(super) fn pitches(&self, row: &GatherRow) -> [isize; 3] {
        let [height, width, channels] =
            [row.src_height, row.src_width, self.channels.n_in].map(|side| side as isize);
        match self.from {
            Layout::Hwc => [width * channels, channels, 1],
            Layout::Chw => [width, 1, height * width],
        }
    }
}
