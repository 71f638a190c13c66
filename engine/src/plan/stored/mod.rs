//! What the output of a plan is in a shard: the one place that knows how an
//! Arrow type becomes tensors.
//!
//! The check, the explanation, the writer and every reader take it from here,
//! so none of them can disagree. Where the tensors lie in a file is the
//! format's affair.
//!
//! - `element`: the types that fill one element of a tensor, and their names;
//! - `column`: what a column is: fixed or ragged, its dtype, its name;
//! - `tensors`: all tensors of a shard, in order.

mod column;
mod element;
mod tensors;

pub use column::{Column, ColumnLayout, stored_columns};
pub use element::Dtype;
pub use tensors::OriginKind;

pub(super) use column::check_name;
pub(super) use element::element_name;
pub(crate) use tensors::{
    Content, FirstDimension, ORIGIN_FILE, ORIGIN_OFFSETS, ORIGIN_ROW, ORIGIN_START, TABLE,
    TensorSpec, Tensors, offsets_name, valid_name,
};
