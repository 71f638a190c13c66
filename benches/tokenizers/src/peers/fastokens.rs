//! The crate fastokens.

use fastokens::Tokenizer;

use crate::error::{Failure, failed};
use crate::message::Output;
use crate::peer::{Encode, Peer, Vocabulary};

pub struct Fastokens(Tokenizer);

impl Peer for Fastokens {
    type Encoder<'a> = &'a Self;

    fn open(vocabulary: &Vocabulary<'_>) -> Result<Self, Failure> {
        if vocabulary.output == Output::Offsets {
            return Err(Failure("has no offsets".to_owned()));
        }
        Tokenizer::from_file(vocabulary.path)
            .map(Self)
            .map_err(failed)
    }

    fn encoder(&self) -> &Self {
        self
    }
}

impl Encode for &Fastokens {
    fn encode<'a>(&'a mut self, text: &str, ids: &'a mut Vec<u32>) -> Result<&'a [u32], Failure> {
        *ids = self.0.encode_ordinary(text).map_err(failed)?;
        Ok(ids)
    }
}
