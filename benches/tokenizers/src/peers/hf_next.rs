//! Hugging Face tokenizers 1.0, a rewrite. It reads files of its own version
//! only, into which it turns others.

use hf_next::pipeline::{EncodeOptions, PipelineToken, PipelineTokenizer};

use crate::error::{Failure, failed};
use crate::message::Output;
use crate::peer::{Encode, Peer, Vocabulary, text_of};

pub struct HfNext(PipelineTokenizer);

pub struct HfNextEncoder<'a> {
    tokenizer: &'a PipelineTokenizer,
    options: EncodeOptions,
    tokens: Vec<PipelineToken>,
}

impl Peer for HfNext {
    type Encoder<'a> = HfNextEncoder<'a>;

    fn open(vocabulary: &Vocabulary<'_>) -> Result<Self, Failure> {
        if vocabulary.output == Output::Offsets {
            return Err(Failure("has no offsets".to_owned()));
        }
        let json = hf_next::canonicalize_str(&text_of(vocabulary.path)?).map_err(failed)?;
        hf_next::from_json(&json).map(Self).map_err(failed)
    }

    fn encoder(&self) -> HfNextEncoder<'_> {
        HfNextEncoder {
            tokenizer: &self.0,
            options: EncodeOptions::no_specials(),
            tokens: Vec::new(),
        }
    }
}

impl Encode for HfNextEncoder<'_> {
    fn encode<'a>(&'a mut self, text: &str, _: &'a mut Vec<u32>) -> Result<&'a [u32], Failure> {
        self.tokens.clear();
        self.tokenizer
            .encode_into(text, &self.options, &mut self.tokens)
            .map_err(failed)?;
        Ok(PipelineToken::cast_slice(&self.tokens))
    }
}
