//! Wires the layers together: from a pipeline file to a plan.

mod load;
mod prepare;

pub use load::{load_tokenizer, load_tokenizers, read_pipeline, threads};
pub use prepare::prepare;
