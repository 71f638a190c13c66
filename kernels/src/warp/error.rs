//! Why an image cannot be warped so.

/// Why an image cannot be warped so.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WarpError {
    /// There are too few or too many channels.
    #[error("expected 1 to 4 channels, got {got}")]
    Channels {
        /// What came.
        got: u32,
    },
    /// An image is too high, too wide or too large.
    #[error("expected sides up to 65535 and less than 2 GiB, got {height} x {width}")]
    Size {
        /// Its rows.
        height: u32,
        /// Its columns.
        width: u32,
    },
    /// A row does not have the length that it must have.
    #[error("expected {expected} bytes, got {got}")]
    Length {
        /// Bytes that were expected.
        expected: usize,
        /// Bytes that came.
        got: usize,
    },
    /// A coefficient is not a number, or the map has no scale that fits.
    #[error(
        "expected finite coefficients whose largest sum over the image is from 2^-500 to 2^500, \
         got {got}"
    )]
    Coefficients {
        /// The largest sum.
        got: f64,
    },
    /// A record leads beyond what integers hold.
    #[error("expected a record whose sums stay below 2^52, got one of {got}")]
    Record {
        /// The largest sum.
        got: u128,
    },
}
