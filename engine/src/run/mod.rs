//! Wires the layers together, from a pipeline file to a dataset: the only
//! module that knows source, device and sink.

mod budget;
mod check;
mod control;
mod devices;
mod doctor;
mod file_size;
mod harmless;
mod load;
mod log;
mod model_settings;
mod ordered;
mod prepare;
mod propose;
mod sample;
mod scan;
mod selftest;
mod shard;
mod shard_options;
mod small_files;
mod template_files;
mod tokenizer_files;
mod trace;

pub use crate::device::{
    Device, DeviceKind, DeviceReport, Measure, OnDeviceError, SpeedReport, SuiteReport,
};
pub use check::{Check, CheckState};
pub use control::{Control, Progress};
pub use devices::{device_kinds, devices};
pub use doctor::checks;
pub use file_size::fail_on_file_size_limit;
pub use harmless::harmless;
pub use load::{
    check_template, load_tokenizer, load_tokenizers, read_pipeline, threads, unknown_id,
};
pub use model_settings::model_config;
pub use prepare::{prepare, prepare_table};
pub use propose::{Fate, Proposal, ProposeSpec, ProposedColumn, propose};
pub use sample::{Sample, SampleDocument, samples, samples_at};
pub use scan::{Scan, ScanProgress, ScannedHoles, ScannedLine, scan};
pub use selftest::{DeviceSelftest, SelftestReport, Speeds, selftest};
pub use shard::{memory_bound, shard};
pub use shard_options::ShardOptions;
pub use tokenizer_files::tokenizer_json;
pub use trace::{
    MovesWith, PictureColour, PictureShown, SampleNumbers, SecondImage, StepOutcome, Trace,
    TracePicture, TraceRequest, TracedColumn, TracedCoordinates, TracedImage, TracedStep,
    TracedStored, png_of, trace, trace_page, trace_text, write_trace,
};
