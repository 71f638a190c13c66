//! The crate splintr.

use splintr::AnyTokenizer;

use crate::error::{Failure, failed};
use crate::message::Output;
use crate::peer::{Encode, Peer, Vocabulary};

pub struct Splintr(AnyTokenizer);

impl Peer for Splintr {
    type Encoder<'a> = &'a Self;

    fn open(vocabulary: &Vocabulary<'_>) -> Result<Self, Failure> {
        if vocabulary.output == Output::Offsets {
            return Err(Failure("has no offsets".to_owned()));
        }
        splintr::from_json_path(vocabulary.path)
            .map(Self)
            .map_err(failed)
    }

    fn encoder(&self) -> &Self {
        self
    }
}

impl Encode for &Splintr {
    fn encode<'a>(&'a mut self, text: &str, ids: &'a mut Vec<u32>) -> Result<&'a [u32], Failure> {
        *ids = self.0.encode_raw(text);
        Ok(ids)
    }
}
