//! What is to be done: from what users write to what is checked.
//!
//! [`Pipeline`] is the TOML file, typed. [`check`] turns it, together with a
//! [`Catalog`] of what the inputs hold, into a [`Plan`]: steps with their
//! columns and types resolved, inputs cut into parts, a digest over all that
//! decides the bits. Everything the schema can refuse is refused here, before
//! any data moves. Nothing in this module touches a file.

mod chat_step;
mod chat_values;
mod check;
mod columns;
mod device;
mod digest;
mod discovery;
mod explain;
mod family;
mod fused;
mod identity;
mod json;
pub(crate) mod layouts;
pub(crate) mod leaf;
mod listing;
mod local;
mod losses;
mod made_tokens;
mod memory;
mod named_types;
mod notes;
mod numbers;
pub mod operators;
mod output;
mod overrides;
mod parts;
mod pipeline;
mod places;
mod program;
mod proposal;
mod row_group;
mod schema;
mod seen;
mod selected;
mod size;
mod spelling;
mod split;
mod stage;
mod step_result;
mod steps;
mod stored;
pub(crate) mod suggest;
mod tokenizers;
mod tree;
mod type_names;
mod typed;
mod types;

pub use chat_step::{ChatStep, ChatVariable, StepTemplate};
pub(crate) use check::declared_notes;
pub use check::{check, sink_root};
pub use device::{CpuLevel, DeviceChoice};
pub use digest::Digest;
pub use discovery::{Discovery, PassedOver, PassedOverKind};
pub use explain::{ExplainContext, explain, explain_json};
pub use family::TiktokenFamily;
pub use identity::FORMAT_VERSION;
pub use json::{
    EXTRA, JsonColumn, JsonShape, NotFinite, UnknownKeys, is_json, json_field, json_type_name,
};
pub use listing::{ListedContent, ListedFile, Listing};
pub use local::{is_rooted, local_path};
pub use made_tokens::{LeastTokens, MadeTokens, TokensOf};
pub use memory::InMemory;
pub use named_types::{
    FloatType, IdType, ImageFlip, ImageLayout, NumberType, TextUnit, TruncationSide,
};
pub use notes::notes;
pub use operators::{BucketizeSpec, CastSpec, ColumnOperator, NormalizeSpec};
pub use output::{Meaning, OutputColumn};
pub use pipeline::{
    ChatSpec, ChunkSpec, FilterSpec, FixedTime, GivenTemplate, Int96Unit, JsonType, KeyTypes,
    MaskName, NamedTemplates, Nulls, PackSpec, Pipeline, SelectSpec, SinkSpec, SourceSpec,
    StepSpec, TokenizeSpec,
};
pub use proposal::{Conflict, Found, Holes, Place, Proposed};
pub use row_group::RowGroup;
pub use seen::{Looked, SeenKeys};
pub use selected::Selected;
pub use size::ByteSize;
pub use spelling::{ColumnNames, Constant, Constants, DocumentToken, TokenName, Uris};
pub use stage::Stages;
pub use steps::{
    AlignedColumn, ChunkStep, ColumnChange, DocumentTruncation, FilterStep, MapStep, OtherColumns,
    Overflow, Overlong, PackLabels, PackMethod, PackStep, SelectStep, SpecialTokens, Step,
    TokenizeStep, Utf8Mode,
};
pub use stored::{Column, ColumnLayout, Dtype, OriginKind, stored_columns};
pub use tokenizers::{LoadedTokenizers, TemplatePlace, TokenizerKind, TokenizerRef};
pub use types::{
    Asset, Catalog, Document, Fingerprint, Format, Identity, Input, InputDescription, OnError,
    Part, Piece, Plan, SinkPlan, SourcePlan, Split, SplitSide,
};

pub(crate) use chat_values::has_value;
pub(crate) use columns::places_of;
#[cfg(test)]
pub(crate) use columns::{chunked, packed};
pub(crate) use explain::{amount, counted};
#[cfg(test)]
pub(crate) use fused::fused;
pub(crate) use program::{Chain, Program, RowChain};
pub(crate) use split::NULL_KEY;
pub(crate) use stage::{Segment, SegmentColumn, SegmentFiles, Stage, Work};
pub(crate) use stored::{
    Content, FirstDimension, ORIGIN_FILE, ORIGIN_OFFSETS, ORIGIN_ROW, ORIGIN_START, TABLE,
    TensorSpec, Tensors, offsets_name, valid_name,
};
pub(crate) use type_names::type_name;
pub(crate) use types::SAMPLE_KEY;
