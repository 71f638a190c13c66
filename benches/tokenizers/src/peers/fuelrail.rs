//! fuelrail's kernels.

use std::sync::Arc;

use fuelrail_kernels::tokenize::{Encoder, Special, Tokenizer};

use crate::error::{Failure, failed};
use crate::message::Output;
use crate::peer::{Encode, Peer, Vocabulary};

pub struct Fuelrail(Arc<Tokenizer>);

impl Peer for Fuelrail {
    type Encoder<'a> = Encoder;

    fn open(vocabulary: &Vocabulary<'_>) -> Result<Self, Failure> {
        if vocabulary.output == Output::Offsets {
            return Err(Failure("the kernels give no offsets yet".to_owned()));
        }
        let json = std::fs::read(vocabulary.path)?;
        let tokenizer = Tokenizer::from_tokenizer_json(&json).map_err(failed)?;
        Ok(Self(Arc::new(tokenizer)))
    }

    fn encoder(&self) -> Encoder {
        Encoder::new(Arc::clone(&self.0))
    }
}

impl Encode for Encoder {
    fn encode<'a>(&'a mut self, text: &str, ids: &'a mut Vec<u32>) -> Result<&'a [u32], Failure> {
        ids.clear();
        Self::encode(self, text, Special::Text, ids).map_err(failed)?;
        Ok(ids)
    }
}
