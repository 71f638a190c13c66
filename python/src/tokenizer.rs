//! Text to ids and back: what `fuelrail.Tokenizer` is made of.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use fuelrail::kernels::tokenize::{self, Special};
use fuelrail::plan::TokenizerRef;
use fuelrail::{Error, ErrorKind, run};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arguments;
use crate::encode::{Around, Encoders, How};
use crate::errors::Result;
use crate::numbers::Numbers;
use crate::texts::{Texts, text};

/// Texts shorter than this are done before another thread of Python could
/// make use of the interpreter.
const SHORT_BYTES: usize = 4 << 10;

/// A tokenizer.
#[pyclass(frozen, module = "fuelrail._native", name = "Tokenizer")]
#[derive(Debug)]
pub(crate) struct Tokenizer(Encoders);

#[pymethods]
impl Tokenizer {
    #[new]
    fn new(py: Python<'_>, name: OsString, family: Option<String>) -> Result<Self> {
        let name = name.into_string().map_err(|name| {
            Error::new(ErrorKind::Usage, "expected a path of UTF-8 text").with_path(name)
        })?;
        let named = TokenizerRef { name, family };
        let tokenizer = py.detach(|| run::load_tokenizer(&named, Path::new("")))?;
        Ok(Self::usable(tokenizer)?)
    }

    /// The tokenizer in the content of a `tokenizer.json`.
    #[staticmethod]
    fn from_json(py: Python<'_>, content: &str) -> Result<Self> {
        let tokenizer = py.detach(|| run::tokenizer_json(content.as_bytes()))?;
        Ok(Self::usable(Arc::new(tokenizer))?)
    }

    #[expect(
        clippy::fn_params_excessive_bools,
        reason = "the keywords of Python's method"
    )]
    fn encode(
        &self,
        py: Python<'_>,
        object: &Bound<'_, PyAny>,
        special: &str,
        add_special_tokens: bool,
    ) -> Result<Numbers> {
        let how = how(special, add_special_tokens)?;
        let text = text(object)?;
        let encode = || {
            let mut ids = Vec::new();
            self.0.with(|encoder| how.encode(encoder, text, &mut ids))?;
            Ok::<_, Error>(ids)
        };
        let ids = if text.len() < SHORT_BYTES {
            encode()
        } else {
            py.detach(encode)
        };
        Ok(ids?.into())
    }

    #[expect(
        clippy::fn_params_excessive_bools,
        clippy::too_many_arguments,
        reason = "the keywords of Python's method"
    )]
    fn encode_batch(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        special: &str,
        add_special_tokens: bool,
        threads: Option<i64>,
    ) -> Result<(Numbers, Numbers)> {
        let how = how(special, add_special_tokens)?;
        let threads = arguments::threads(threads)?;
        let texts = Texts::of(texts)?;
        let rows = texts.rows()?;
        let encoded = py.detach(|| self.0.encode(&rows, how, threads))?;
        Ok((encoded.ids.into(), encoded.offsets.into()))
    }

    /// The bytes of ids, which come as int64 in the machine's order.
    fn decode<'py>(&self, py: Python<'py>, ids: &[u8]) -> Result<Bound<'py, PyBytes>> {
        let n_ids = self.0.tokenizer().vocab_size();
        let bytes = py.detach(|| {
            let ids = ids.as_chunks().0.iter().zip(0..).map(|(id, row)| {
                let id = i64::from_ne_bytes(*id);
                let known = u32::try_from(id)
                    .ok()
                    .filter(|id| usize::try_from(*id).is_ok_and(|id| id < n_ids));
                let refused =
                    || Error::data(format!("expected ids below {n_ids}, got {id}")).with_row(row);
                known.ok_or_else(refused)
            });
            let ids = ids.collect::<Result<Vec<u32>, Error>>()?;
            let bytes = self.0.tokenizer().decode(&ids);
            bytes.map_err(|error| Error::data(error.to_string()))
        })?;
        Ok(PyBytes::new(py, &bytes))
    }

    #[getter]
    fn vocab_size(&self) -> usize {
        self.0.tokenizer().vocab_size()
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        self.0.tokenizer().token_to_id(token)
    }

    fn special_tokens(&self) -> Vec<(&str, u32)> {
        self.0.tokenizer().special_tokens().collect()
    }

    /// The tokens put before and after a text.
    fn template(&self) -> (Vec<u32>, Vec<u32>) {
        let template = self.0.tokenizer().template().cloned().unwrap_or_default();
        (template.begin, template.end)
    }

    /// What of its file is not applied.
    fn notes(&self) -> Vec<String> {
        self.0.tokenizer().notes().to_vec()
    }

    /// The content of its file.
    fn content<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.tokenizer().asset().bytes)
    }
}

impl Tokenizer {
    /// One whose template is known.
    fn usable(tokenizer: Arc<tokenize::Tokenizer>) -> Result<Self, Error> {
        run::check_template(&tokenizer)?;
        Ok(Self(Encoders::new(tokenizer)))
    }

    /// What it encodes with.
    pub(crate) fn shared(&self) -> Arc<tokenize::Tokenizer> {
        Arc::clone(self.0.tokenizer())
    }
}

#[expect(clippy::fn_params_excessive_bools, reason = "as Python gives it")]
fn how(special: &str, add_special_tokens: bool) -> Result<How> {
    let around = if add_special_tokens {
        Around::Template
    } else {
        Around::Nothing
    };
    let special = policy(special)?;
    Ok(How { special, around })
}

/// What happens where a text spells a special token.
fn policy(special: &str) -> Result<Special> {
    let known = [
        ("text", Special::Text),
        ("parse", Special::Parse),
        ("refuse", Special::Refuse),
    ];
    Ok(arguments::choice("special", special, &known)?)
}
