//! What devices are told of a kernel, the same for every batch.

use crate::twin::twin;

twin! {
    /// Images of bytes; their table of `channels x 256` values lies behind it.
    pub struct ImagesConstants: 36 {
        /// Rows written.
        pub height: u32,
        /// Columns written.
        pub width: u32,
        /// Channels.
        pub channels: u32,
        /// The byte of an image that becomes row 0, column 0, channel 0.
        pub origin: u32,
        /// Bytes from one row to the next.
        pub row_stride: i32,
        /// Bytes from one column to the next.
        pub col_stride: i32,
        /// Bytes from one channel to the next.
        pub channel_stride: i32,
        /// 1 if CHW is written, 0 if HWC.
        pub to_chw: u32,
        /// [`crate::Element::code`] of the numbers written.
        pub to: u32,
    }
}

twin! {
    /// Numbers of at most 32 bits.
    pub struct NumbersConstants: 24 {
        /// [`crate::Element::code`] of those read.
        pub from: u32,
        /// [`crate::Element::code`] of those written.
        pub to: u32,
        /// What is taken away.
        pub mean: f32,
        /// What the difference is multiplied with.
        pub factor: f32,
        /// Results are at least this.
        pub low: f32,
        /// Results are at most this.
        pub high: f32,
    }
}

twin! {
    /// Numbers computed in binary64; CUDA only.
    pub struct WideConstants: 40 {
        /// [`crate::Element::code`] of those read.
        pub from: u32,
        /// [`crate::Element::code`] of those written.
        pub to: u32,
        /// What is taken away.
        pub mean: f64,
        /// What the difference is multiplied with.
        pub factor: f64,
        /// Results are at least this.
        pub low: f64,
        /// Results are at most this.
        pub high: f64,
    }
}
