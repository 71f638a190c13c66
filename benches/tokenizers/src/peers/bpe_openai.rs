//! The crate bpe-openai, which carries its vocabularies.

use bpe_openai::Tokenizer;

use crate::error::Failure;
use crate::message::Output;
use crate::peer::{Encode, Peer, Vocabulary};

pub struct BpeOpenai(&'static Tokenizer);

impl Peer for BpeOpenai {
    type Encoder<'a> = &'a Self;

    fn open(vocabulary: &Vocabulary<'_>) -> Result<Self, Failure> {
        match (vocabulary.output, vocabulary.name) {
            (Output::Offsets, _) => Err(Failure("has no offsets".to_owned())),
            (Output::Ids, "cl100k") => Ok(Self(bpe_openai::cl100k_base())),
            (Output::Ids, "o200k") => Ok(Self(bpe_openai::o200k_base())),
            (Output::Ids, _) => Err(Failure("has OpenAI's vocabularies only".to_owned())),
        }
    }

    fn encoder(&self) -> &Self {
        self
    }
}

impl Encode for &BpeOpenai {
    fn encode<'a>(&'a mut self, text: &str, ids: &'a mut Vec<u32>) -> Result<&'a [u32], Failure> {
        *ids = self.0.encode(text);
        Ok(ids)
    }
}
