//! Text to ids and back: what `fuelrail.Tokenizer` is made of.

use std::ffi::OsString;
use std::path::Path;

use fuelrail::kernels::tokenize::Special;
use fuelrail::plan::TokenizerRef;
use fuelrail::{Error, ErrorKind, run};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arguments;
use crate::encode::Encoders;
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
        Ok(Self(Encoders::new(tokenizer)))
    }

    fn encode(&self, py: Python<'_>, object: &Bound<'_, PyAny>, special: &str) -> Result<Numbers> {
        let special = policy(special)?;
        let text = text(object)?;
        let encode = || {
            let mut ids = Vec::new();
            self.0
                .with(|encoder| encoder.encode(text, special, &mut ids))
                .map_err(|error| Error::data(error.to_string()))?;
            Ok::<_, Error>(ids)
        };
        let ids = if text.len() < SHORT_BYTES {
            encode()
        } else {
            py.detach(encode)
        };
        Ok(ids?.into())
    }

    fn encode_batch(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        special: &str,
        threads: Option<i64>,
    ) -> Result<(Numbers, Numbers)> {
        let special = policy(special)?;
        let threads = arguments::threads(threads)?;
        let texts = Texts::of(texts)?;
        let rows = texts.rows()?;
        let encoded = py.detach(|| self.0.encode(&rows, special, threads))?;
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
            Ok::<_, Error>(self.0.tokenizer().decode(&ids))
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
