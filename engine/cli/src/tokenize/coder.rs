//! A tokenizer as the command uses it.

use std::sync::Arc;

use fuelrail::kernels::tokenize::{
    AddSpecial, EncodeOptions, Encoder, OffsetUnit, Special, TokenSpan, Tokenizer,
};
use fuelrail::{Error, run};

use super::given::Given;

/// What is put before and after a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    Nothing,
    /// What the tokenizer's file says.
    Template,
}

/// A tokenizer with the room it works in.
pub(super) struct Coder {
    pub(super) tokenizer: Arc<Tokenizer>,
    encoder: Encoder,
    special: Special,
    around: Around,
}

impl Coder {
    pub(super) fn new(tokenizer: Arc<Tokenizer>, special: Special, around: Around) -> Self {
        Self {
            encoder: Encoder::new(Arc::clone(&tokenizer)),
            tokenizer,
            special,
            around,
        }
    }

    /// The ids of a text, or of bytes.
    pub(super) fn encode(&mut self, given: &Given) -> Result<Vec<u32>, Error> {
        let (begin, end) = self.around()?;
        let mut ids = begin;
        let done = match given {
            Given::Text(text) => self.encoder.encode(text, self.special, &mut ids),
            Given::Bytes(bytes) => self.encoder.encode_bytes(bytes, self.special, &mut ids),
        };
        done.map_err(|error| Error::data(error.to_string()))?;
        ids.extend(end);
        Ok(ids)
    }

    /// The tokens that are put before and after a text.
    fn around(&self) -> Result<(Vec<u32>, Vec<u32>), Error> {
        if self.around == Around::Nothing {
            return Ok((Vec::new(), Vec::new()));
        }
        let template = self.tokenizer.template();
        let template = template.map_err(|error| Error::data(error.to_string()))?;
        Ok((template.begin.clone(), template.end.clone()))
    }

    /// The ids, and where each is in the text.
    pub(super) fn locate(
        &mut self,
        text: &str,
        offsets: OffsetUnit,
    ) -> Result<(Vec<u32>, Vec<TokenSpan>), Error> {
        let options = EncodeOptions {
            special: self.special,
            add_special: match self.around {
                Around::Nothing => AddSpecial::No,
                Around::Template => AddSpecial::Yes,
            },
            offsets,
            ..EncodeOptions::default()
        };
        let encoding = self.encoder.encode_tokens(text, None, &options);
        let encoding = encoding.map_err(|error| Error::data(error.to_string()))?;
        Ok((encoding.ids, encoding.spans))
    }

    /// How many ids there are.
    pub(super) fn count(&mut self, given: &Given) -> Result<usize, Error> {
        let text = match given {
            Given::Text(text) => text,
            Given::Bytes(_) => return Ok(self.encode(given)?.len()),
        };
        let (begin, end) = self.around()?;
        let counted = self.encoder.count(text, self.special);
        let counted = counted.map_err(|error| Error::data(error.to_string()))?;
        Ok(begin.len() + counted + end.len())
    }

    pub(super) fn decode(&self, ids: &[u32]) -> Result<Vec<u8>, Error> {
        let wide: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
        if let Some((_, error)) = run::unknown_id(&self.tokenizer, &wide) {
            return Err(error);
        }
        let decoded = self.tokenizer.decode(ids);
        decoded.map_err(|error| Error::data(error.to_string()))
    }
}
