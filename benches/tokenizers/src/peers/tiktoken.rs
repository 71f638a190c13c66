//! The crate tiktoken-rs: tiktoken's own code, the reference of OpenAI's
//! vocabularies.

use tiktoken_rs::CoreBPE;

use crate::error::{Failure, failed};
use crate::message::Output;
use crate::peer::{Encode, Peer, Vocabulary};

pub struct Tiktoken(CoreBPE);

impl Peer for Tiktoken {
    type Encoder<'a> = &'a Self;

    fn open(vocabulary: &Vocabulary<'_>) -> Result<Self, Failure> {
        let made = match (vocabulary.output, vocabulary.name) {
            (Output::Offsets, _) => return Err(Failure("has no offsets".to_owned())),
            (Output::Ids, "cl100k") => tiktoken_rs::cl100k_base(),
            (Output::Ids, "o200k") => tiktoken_rs::o200k_base(),
            (Output::Ids, _) => return Err(Failure("has OpenAI's vocabularies only".to_owned())),
        };
        made.map(Self).map_err(failed)
    }

    fn encoder(&self) -> &Self {
        self
    }
}

impl Encode for &Tiktoken {
    fn encode<'a>(&'a mut self, text: &str, ids: &'a mut Vec<u32>) -> Result<&'a [u32], Failure> {
        *ids = self.0.encode_ordinary(text);
        Ok(ids)
    }
}
