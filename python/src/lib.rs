//! The native half of the Python package: `fuelrail._native`.
//!
//! It turns Python values into the engine's and back, and holds no logic of
//! its own. Everything users see is in the package `fuelrail`.
#![deny(unsafe_code)]

mod arguments;
mod arrow;
mod arrow_stream;
mod attended;
mod batch;
mod chat;
mod cli;
mod dataset;
mod devices;
mod dlpack;
mod encode;
mod encode_arrays;
mod encoding;
mod errors;
mod ids;
mod loader;
mod mixture;
mod numbers;
mod options;
mod parallel;
mod pipeline;
mod state;
mod table;
mod tensor;
mod text_stream;
mod texts;
mod token_arrays;
mod token_options;
mod tokenizer;
mod turn;
mod values;

use pyo3::prelude::*;

/// What `fuelrail` is made of.
#[pymodule]
mod _native {
    use super::{Bound, PyModule, PyResult};
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::batch::Batch;
    #[pymodule_export]
    use crate::chat::{ChatTemplate, ChatTemplates, model_config};
    #[pymodule_export]
    use crate::cli::main;
    #[pymodule_export]
    use crate::dataset::Dataset;
    #[pymodule_export]
    use crate::devices::{devices, selftest};
    #[pymodule_export]
    use crate::encoding::TokenEncoding;
    #[pymodule_export]
    use crate::loader::{BatchIterator, Loader};
    #[pymodule_export]
    use crate::mixture::Mixture;
    #[pymodule_export]
    use crate::numbers::Numbers;
    #[pymodule_export]
    use crate::pipeline::Pipeline;
    #[pymodule_export]
    use crate::table::Table;
    #[pymodule_export]
    use crate::tensor::Tensor;
    #[pymodule_export]
    use crate::text_stream::TextStream;
    #[pymodule_export]
    use crate::tokenizer::Tokenizer;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // A decoder's panic is an error of the content, and is reported as that.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |fault| {
            if !fuelrail::source::is_contained() {
                before(fault);
            }
        }));
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
