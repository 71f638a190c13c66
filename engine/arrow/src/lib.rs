//! The parts of Apache Arrow that fuelrail uses, under the paths they have in
//! Arrow's own crate `arrow`.
//!
//! That crate cannot be had without its kernels for casts, comparisons, sorting
//! and arithmetic, which fuelrail does not call and which were among the longest
//! pieces of its build. Nothing is added here.

/// Arrays and their builders.
pub mod array {
    pub use arrow_array::builder::*;
    pub use arrow_array::cast::*;
    pub use arrow_array::iterator::*;
    pub use arrow_array::*;
    pub use arrow_data::transform::{Capacities, MutableArrayData};
    pub use arrow_data::{ArrayData, ArrayDataBuilder, layout};
}

/// Kernels that move values and never change them.
pub mod compute {
    pub use arrow_select::concat::*;
    pub use arrow_select::filter::*;
    pub use arrow_select::interleave::*;
    pub use arrow_select::nullif::*;
    pub use arrow_select::take::*;
}

/// Types and schemas.
pub mod datatypes {
    pub use arrow_array::types::*;
    pub use arrow_array::{ArrowNativeTypeOp, ArrowNumericType, ArrowPrimitiveType};
    pub use arrow_buffer::{ArrowNativeType, ToByteSlice, i256};
    pub use arrow_schema::*;
}

/// What goes wrong.
pub mod error {
    pub use arrow_schema::ArrowError;
}

pub use arrow_array::{
    downcast_dictionary_array, downcast_integer_array, downcast_primitive_array,
    temporal_conversions,
};
#[cfg(feature = "ffi")]
pub use arrow_array::{ffi, ffi_stream};
pub use arrow_buffer::{alloc, buffer};
pub use arrow_ipc as ipc;
/// Batches of rows.
pub mod record_batch {
    pub use arrow_array::{
        RecordBatch, RecordBatchIterator, RecordBatchOptions, RecordBatchReader,
    };
}
