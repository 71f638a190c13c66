//! Hugging Face tokenizers 0.23, the reference of all but OpenAI's vocabularies.

use hf::Tokenizer;

use crate::error::{Failure, failed};
use crate::message::Output;
use crate::peer::{Encode, Peer, Vocabulary};

pub struct Hf {
    tokenizer: Tokenizer,
    output: Output,
}

impl Peer for Hf {
    type Encoder<'a> = &'a Self;

    fn open(vocabulary: &Vocabulary<'_>) -> Result<Self, Failure> {
        let tokenizer = Tokenizer::from_file(vocabulary.path).map_err(failed)?;
        let output = vocabulary.output;
        Ok(Self { tokenizer, output })
    }

    fn encoder(&self) -> &Self {
        self
    }
}

impl Encode for &Hf {
    fn encode<'a>(&'a mut self, text: &str, ids: &'a mut Vec<u32>) -> Result<&'a [u32], Failure> {
        let encoding = match self.output {
            Output::Ids => self.tokenizer.encode_fast(text, false),
            Output::Offsets => self.tokenizer.encode(text, false),
        };
        let encoding = encoding.map_err(failed)?;
        ids.clear();
        ids.extend_from_slice(encoding.get_ids());
        Ok(ids)
    }

    fn spans(&mut self, text: &str, spans: &mut Vec<u32>) -> Result<(), Failure> {
        let encoding = self.tokenizer.encode(text, false).map_err(failed)?;
        spans.clear();
        for (id, (start, end)) in encoding.get_ids().iter().zip(encoding.get_offsets()) {
            let place = |at: &usize| u32::try_from(*at).map_err(failed);
            spans.extend([*id, place(start)?, place(end)?]);
        }
        Ok(())
    }
}
