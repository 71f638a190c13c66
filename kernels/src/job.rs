//! What a launch is told about one column, whichever its entry is.

use crate::twin::twin;

twin! {
    /// The items of one column in the buffers that are bound.
    ///
    /// Offsets count words of 32 bits from the beginning of their buffer.
    pub struct Job: 44 {
        /// Numbers written; where items are of varying length, at most.
        pub n: u32,
        /// Items read, and as many written.
        pub n_items: u32,
        /// Where the items read begin.
        pub src: u32,
        /// Where their `n_items + 1` offsets in bytes begin, if they have any.
        pub src_offsets: u32,
        /// Bytes of an item read; 0 where offsets tell.
        pub src_item: u32,
        /// Where the items written begin.
        pub dst: u32,
        /// Where their `n_items + 1` offsets in bytes begin, if they have any.
        pub dst_offsets: u32,
        /// Where what the passes of a kernel leave for one another begins.
        pub aux: u32,
        /// Where, among the records, rows written begin: their `n_items + 1`
        /// offsets in bytes, then their records.
        pub params: u32,
        /// Where the kernel's constants begin among the tables.
        pub constants: u32,
        /// The word of the flags that tells what went wrong: bit 0 if a number did not
        /// fit, bit 1 if a driver ended loops before their time.
        pub flag: u32,
    }
}
