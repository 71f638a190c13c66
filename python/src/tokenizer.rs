//! Text to ids and back: what `fuelrail.Tokenizer` is made of.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use fuelrail::kernels::chat::Rendered;
use fuelrail::kernels::tokenize::{
    self, AddSpecial, DecodeSpecial, EncodeOptions, OffsetUnit, TextDecoder, TiktokenRules,
};
use fuelrail::plan::{TiktokenFamily, TokenizerRef, Utf8Mode};
use fuelrail::{Error, ErrorKind, run};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::arguments;
use crate::encode::Encoders;
use crate::encode_arrays::{ArrayJob, AskedArrays, TokenArrays};
use crate::encoding::{TokenEncoding, padded_encodings_of};
use crate::errors::Result;
use crate::ids::{Around, How, counts_of, ids_of, refusal};
use crate::numbers::Numbers;
use crate::text_stream::TextStream;
use crate::texts::{AnyText, Texts, text};
use crate::token_options::{AskedTokens, padding_dict, policy, truncation_dict, utf8_mode};

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
    fn new(py: Python<'_>, name: OsString, family: Option<AskedFamily>) -> Result<Self> {
        let name = name.into_string().map_err(|name| {
            Error::new(ErrorKind::Usage, "expected a path of UTF-8 text").with_path(name)
        })?;
        let family = family.map(Into::into);
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

    /// The ids of one text.
    #[expect(clippy::needless_pass_by_value, reason = "as Python gives it")]
    fn encode(
        &self,
        py: Python<'_>,
        object: &Bound<'_, PyAny>,
        asked: AskedIds,
    ) -> Result<Numbers> {
        let how = asked.how()?;
        let text = text(object, asked.utf8_mode()?)?;
        let encode = |text: &AnyText<'_>| match asked.id_type()? {
            Width::Wide => self
                .0
                .with(|encoder| how.ids::<u32>(encoder, text))
                .map(Into::into),
            Width::Narrow => self
                .0
                .with(|encoder| how.ids::<u16>(encoder, text))
                .map(Into::into),
        };
        Ok(if text.as_ref().len() < SHORT_BYTES {
            encode(&text)?
        } else {
            py.detach(|| encode(&text))?
        })
    }

    #[expect(clippy::needless_pass_by_value, reason = "as Python gives it")]
    fn encode_batch(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        asked: AskedIds,
        threads: Option<i64>,
    ) -> Result<(Numbers, Numbers)> {
        let how = asked.how()?;
        let threads = arguments::threads(threads)?;
        let texts = Texts::of(texts)?;
        let rows = texts.rows(asked.utf8_mode()?)?;
        py.detach(|| match asked.id_type()? {
            Width::Wide => {
                let (ids, offsets) = ids_of::<u32>(&self.0, &rows, how, threads)?;
                Ok((ids.into(), offsets.into()))
            }
            Width::Narrow => {
                let (ids, offsets) = ids_of::<u16>(&self.0, &rows, how, threads)?;
                Ok((ids.into(), offsets.into()))
            }
        })
    }

    /// How many ids one text has.
    #[expect(clippy::needless_pass_by_value, reason = "as Python gives it")]
    fn count(&self, py: Python<'_>, object: &Bound<'_, PyAny>, asked: AskedIds) -> Result<usize> {
        let how = asked.how()?;
        let text = text(object, asked.utf8_mode()?)?;
        Ok(py.detach(|| self.0.with(|encoder| how.count(encoder, &text)))?)
    }

    #[expect(clippy::needless_pass_by_value, reason = "as Python gives it")]
    fn count_batch(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        asked: AskedIds,
        threads: Option<i64>,
    ) -> Result<Numbers> {
        let how = asked.how()?;
        let threads = arguments::threads(threads)?;
        let texts = Texts::of(texts)?;
        let rows = texts.rows(asked.utf8_mode()?)?;
        Ok(py
            .detach(|| counts_of(&self.0, &rows, how, threads))?
            .into())
    }

    /// One text or pair with all that is known of its tokens.
    fn encode_tokens(
        &self,
        py: Python<'_>,
        first: &Bound<'_, PyAny>,
        pair: Option<&Bound<'_, PyAny>>,
        asked: AskedTokens,
    ) -> Result<TokenEncoding> {
        let mode = asked.utf8_mode()?;
        let options = EncodeOptions::try_from(asked)?;
        let first = text(first, mode)?;
        let pair = pair.map(|pair| text(pair, mode)).transpose()?;
        let first = first.text()?;
        let pair = pair.as_ref().map(AnyText::text).transpose()?;
        let encoding = py.detach(|| {
            let encoded = self
                .0
                .with(|encoder| encoder.encode_tokens(first, pair, &options));
            encoded.map_err(|error| refusal(&error))
        })?;
        Ok(TokenEncoding::new(encoding, self.0.tokenizer()))
    }

    #[expect(clippy::too_many_arguments, reason = "as Python gives it")]
    fn encode_tokens_batch(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        pairs: Option<&Bound<'_, PyAny>>,
        asked: AskedTokens,
        threads: Option<i64>,
    ) -> Result<Vec<TokenEncoding>> {
        let mode = asked.utf8_mode()?;
        let options = EncodeOptions::try_from(asked)?;
        let threads = arguments::threads(threads)?;
        let (texts, pairs) = (Texts::of(texts)?, pairs.map(Texts::of).transpose()?);
        let (rows, pairs) = rows_of(&texts, pairs.as_ref(), mode)?;
        let (rows, pairs) = (
            texts_of(&rows)?,
            pairs.as_deref().map(texts_of).transpose()?,
        );
        let encodings = py
            .detach(|| padded_encodings_of(&self.0, (&rows, pairs.as_deref()), options, threads))?;
        let encodings = encodings.into_iter();
        Ok(encodings
            .map(|encoding| TokenEncoding::new(encoding, self.0.tokenizer()))
            .collect())
    }

    /// Rectangular arrays of what is known of the tokens of texts, or pairs.
    #[expect(clippy::too_many_arguments, reason = "as Python gives it")]
    fn encode_arrays(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        pairs: Option<&Bound<'_, PyAny>>,
        asked: AskedTokens,
        arrays: AskedArrays,
    ) -> Result<TokenArrays> {
        let mode = asked.utf8_mode()?;
        let job = ArrayJob::new(EncodeOptions::try_from(asked)?, arrays)?;
        let (texts, pairs) = (Texts::of(texts)?, pairs.map(Texts::of).transpose()?);
        let (rows, pairs) = rows_of(&texts, pairs.as_ref(), mode)?;
        let (rows, pairs) = (
            texts_of(&rows)?,
            pairs.as_deref().map(texts_of).transpose()?,
        );
        py.detach(|| job.run(&self.0, &rows, pairs.as_deref()))
    }

    /// The ids of a rendered conversation, and which are within the spans, in
    /// bytes.
    fn encode_marked(
        &self,
        py: Python<'_>,
        rendered: String,
        spans: Vec<(usize, usize)>,
    ) -> Result<(Numbers, Numbers)> {
        let options = EncodeOptions {
            add_special: AddSpecial::No,
            offsets: OffsetUnit::Bytes,
            ..EncodeOptions::default()
        };
        let rendered = Rendered {
            text: rendered,
            spans: spans.into_iter().map(|(start, end)| start..end).collect(),
        };
        let (encoding, mask) = py.detach(|| {
            let text = rendered.text.as_str();
            let encoded = self
                .0
                .with(|encoder| encoder.encode_tokens(text, None, &options));
            let encoding = encoded.map_err(|error| refusal(&error))?;
            let spans = encoding.spans.iter();
            let spans = spans.map(|&(start, end)| start as usize..end as usize);
            let mask: Vec<i64> = rendered
                .token_mask(spans)
                .into_iter()
                .map(i64::from)
                .collect();
            Ok::<_, Error>((encoding, mask))
        })?;
        Ok((encoding.ids.into(), mask.into()))
    }

    /// The bytes of ids, which come as int64 in the machine's order.
    #[expect(clippy::fn_params_excessive_bools, reason = "as Python gives it")]
    fn decode<'py>(
        &self,
        py: Python<'py>,
        ids: &[u8],
        skip_special_tokens: bool,
    ) -> Result<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| {
            let tokenizer = self.0.tokenizer();
            let mut ids = self.known(ids)?;
            if skip_special_tokens {
                ids.retain(|id| !tokenizer.is_skipped(*id));
            }
            let bytes = tokenizer.decode(&ids);
            bytes.map_err(|error| Error::data(error.to_string()))
        })?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// A decoder of ids as they come.
    #[expect(clippy::fn_params_excessive_bools, reason = "as Python gives it")]
    fn stream(&self, skip_special_tokens: bool) -> TextStream {
        let special = if skip_special_tokens {
            DecodeSpecial::Skip
        } else {
            DecodeSpecial::Keep
        };
        TextStream::new(TextDecoder::new(self.shared(), special))
    }

    #[getter]
    fn vocab_size(&self) -> usize {
        self.0.tokenizer().vocab_size()
    }

    fn token_to_id(&self, token: &str) -> Option<u32> {
        self.0.tokenizer().token_to_id(token)
    }

    /// A token as the vocabulary spells it.
    fn id_to_token(&self, id: i64) -> Option<String> {
        let spelled = self.0.tokenizer().spelled(u32::try_from(id).ok()?);
        spelled.map(Into::into)
    }

    /// All tokens as the vocabulary spells them, with their ids.
    fn vocab<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let vocab = PyDict::new(py);
        let tokenizer = self.0.tokenizer();
        for id in tokenizer.ids() {
            if let Some(token) = tokenizer.spelled(id) {
                vocab.set_item(token, id)?;
            }
        }
        Ok(vocab)
    }

    /// What the file says of truncation.
    fn truncation<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let truncation = self.0.tokenizer().truncation();
        truncation.map(|it| truncation_dict(py, it)).transpose()
    }

    /// What the file says of padding.
    fn padding<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let padding = self.0.tokenizer().padding();
        padding.map(|it| padding_dict(py, it)).transpose()
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

    /// Ids that come as int64 in the machine's order.
    fn known(&self, ids: &[u8]) -> Result<Vec<u32>, Error> {
        let ids: Vec<i64> = ids
            .as_chunks()
            .0
            .iter()
            .map(|id| i64::from_ne_bytes(*id))
            .collect();
        if let Some((at, error)) = run::unknown_id(self.0.tokenizer(), &ids) {
            return Err(error.with_row(at as u64));
        }
        Ok(ids
            .into_iter()
            .filter_map(|id| u32::try_from(id).ok())
            .collect())
    }
}

/// Texts, and their pairs.
type Rows<'a> = (Vec<AnyText<'a>>, Option<Vec<AnyText<'a>>>);

fn rows_of<'a>(
    texts: &'a Texts<'_>,
    pairs: Option<&'a Texts<'_>>,
    mode: Utf8Mode,
) -> Result<Rows<'a>, Error> {
    let pairs = pairs.map(|pairs| pairs.rows(mode)).transpose()?;
    Ok((texts.rows(mode)?, pairs))
}

fn texts_of<'a>(rows: &'a [AnyText<'_>]) -> Result<Vec<&'a str>, Error> {
    rows.iter().map(AnyText::text).collect()
}

/// The family of a `.tiktoken` file.
#[derive(Debug, FromPyObject)]
enum AskedFamily {
    Name(String),
    #[pyo3(from_item_all)]
    Rules {
        pattern: String,
        special_tokens: BTreeMap<String, u32>,
    },
}

impl From<AskedFamily> for TiktokenFamily {
    fn from(asked: AskedFamily) -> Self {
        match asked {
            AskedFamily::Name(name) => Self::Named(name),
            AskedFamily::Rules {
                pattern,
                special_tokens,
            } => Self::Rules(TiktokenRules {
                pattern,
                special_tokens,
            }),
        }
    }
}

/// How Python wants the ids of texts.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
struct AskedIds {
    special: String,
    add_special_tokens: bool,
    dtype: String,
    invalid_utf8: String,
}

/// How many bits ids have.
#[derive(Debug, Clone, Copy)]
enum Width {
    Wide,
    Narrow,
}

impl AskedIds {
    fn how(&self) -> Result<How, Error> {
        let around = if self.add_special_tokens {
            Around::Template
        } else {
            Around::Nothing
        };
        let special = policy(&self.special)?;
        Ok(How { special, around })
    }

    fn utf8_mode(&self) -> Result<Utf8Mode, Error> {
        utf8_mode(&self.invalid_utf8)
    }

    fn id_type(&self) -> Result<Width, Error> {
        let known = [("uint32", Width::Wide), ("uint16", Width::Narrow)];
        arguments::choice("dtype", &self.dtype, &known)
    }
}
