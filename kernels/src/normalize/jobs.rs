//! What a device is told about one column: the same members in Rust, WGSL and
//! CUDA. Offsets count words of 32 bits from the beginning of a slot's buffer.

use crate::job::job;

job! {
    /// Images in a slot.
    pub struct ImagesJob: 56 {
        /// Where the images read begin.
        pub src: u32,
        /// Where those written begin.
        pub dst: u32,
        /// Where the table begins in the buffer of tables.
        pub table: u32,
        /// Numbers written: all images.
        pub n: u32,
        /// Bytes of one image read.
        pub src_item: u32,
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

job! {
    /// Numbers of at most 32 bits in a slot.
    pub struct NumbersJob: 36 {
        /// Where the numbers read begin.
        pub src: u32,
        /// Where those written begin.
        pub dst: u32,
        /// How many.
        pub n: u32,
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

job! {
    /// Numbers computed in binary64 in a slot; CUDA only.
    pub struct WideNumbersJob: 56 {
        /// Where the numbers read begin.
        pub src: u32,
        /// Where those written begin.
        pub dst: u32,
        /// How many.
        pub n: u32,
        /// [`crate::Element::code`] of those read.
        pub from: u32,
        /// [`crate::Element::code`] of those written.
        pub to: u32,
        /// Keeps what follows aligned.
        pub pad: u32,
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
