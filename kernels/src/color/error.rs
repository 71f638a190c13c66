//! Why colours cannot be changed so.

/// Why colours cannot be changed so.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ColorError {
    /// There are too few or too many channels.
    #[error("expected 1, 3 or 4 channels, got {got}")]
    Channels {
        /// What came.
        got: u32,
    },
    /// A factor is not a number, or too large.
    #[error("expected a factor from -65536 to 65536, got {got}")]
    Factor {
        /// What came.
        got: f32,
    },
    /// The record does not say what to do.
    #[error("expected up to four adjustments, got a record of order {order:#010x}")]
    Order {
        /// The record's order.
        order: u32,
    },
    /// There are several contrasts.
    #[error("expected one contrast at most, got another")]
    Contrast,
    /// There are too many adjustments.
    #[error("expected up to four adjustments, got {got}")]
    Adjustments {
        /// How many came.
        got: usize,
    },
    /// A row is no image of so many channels, or what is written has other bytes.
    #[error("expected an image of {channels} channels below 2 GiB, got {got} bytes")]
    Length {
        /// Channels of an image.
        channels: u32,
        /// Bytes that came.
        got: usize,
    },
    /// An image is too large for its mean.
    #[error("expected fewer than 67108864 pixels for a contrast, got {got}")]
    Pixels {
        /// Pixels that came.
        got: usize,
    },
}
