//! What devices are told of a kernel, the same for every batch.

use crate::twin::twin;

twin! {
    /// The types of the numbers.
    pub struct CastConstants: 8 {
        /// [`crate::Element::code`] of those read.
        pub from: u32,
        /// [`crate::Element::code`] of those written.
        pub to: u32,
    }
}
