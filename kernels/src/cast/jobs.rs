//! What a device is told about one column: the same members in Rust, WGSL and
//! CUDA. Offsets count words of 32 bits from the beginning of a slot's buffer.

use crate::job::job;

job! {
    /// Numbers in a slot.
    pub struct CastJob: 24 {
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
        /// The word of the flags that becomes 1 if a number did not fit.
        pub flag: u32,
    }
}
