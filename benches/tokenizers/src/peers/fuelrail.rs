//! fuelrail's kernels.

use std::sync::Arc;

use fuelrail_kernels::tokenize::{
    AddSpecial, EncodeError, EncodeOptions, Encoder, OffsetUnit, Special, TokenSpan, TokenSpans,
    Tokenizer,
};

use crate::error::{Failure, failed};
use crate::message::Output;
use crate::peer::{Encode, Peer, Vocabulary};

pub struct Fuelrail {
    tokenizer: Arc<Tokenizer>,
    special: Special,
    output: Output,
}

pub struct FuelrailEncoder {
    encoder: Encoder,
    special: Special,
    output: Output,
    /// What a byte-level tokenizer gives.
    spans: TokenSpans,
}

impl Peer for Fuelrail {
    type Encoder<'a> = FuelrailEncoder;

    fn open(vocabulary: &Vocabulary<'_>) -> Result<Self, Failure> {
        let is_model = vocabulary.name.ends_with(".model");
        let tokenizer = if is_model {
            let model = std::fs::read(vocabulary.path.with_file_name(vocabulary.name))?;
            Tokenizer::from_sentencepiece(&model)
        } else {
            Tokenizer::from_tokenizer_json(&std::fs::read(vocabulary.path)?)
        };
        let tokenizer = tokenizer.map_err(failed)?;
        Ok(Self {
            tokenizer: Arc::new(tokenizer),
            // To the library SentencePiece, control symbols in a text are text.
            special: if is_model {
                Special::Text
            } else {
                Special::Parse
            },
            output: vocabulary.output,
        })
    }

    fn encoder(&self) -> FuelrailEncoder {
        FuelrailEncoder {
            encoder: Encoder::new(Arc::clone(&self.tokenizer)),
            special: self.special,
            output: self.output,
            spans: TokenSpans::default(),
        }
    }
}

/// Hugging Face's `encode(text, add_special_tokens=False)`, with bytes.
const TOKENS: EncodeOptions = EncodeOptions {
    special: Special::Parse,
    add_special: AddSpecial::No,
    truncation: None,
    padding: None,
    offsets: OffsetUnit::Bytes,
};

impl FuelrailEncoder {
    /// Tokens with offsets, by the call that is fastest for the tokenizer: in
    /// `self.spans` if it is byte-level, else in `ids` and what is returned.
    fn tokens(
        &mut self,
        text: &str,
        ids: &mut Vec<u32>,
    ) -> Result<Option<Vec<TokenSpan>>, Failure> {
        self.spans.ids.clear();
        self.spans.ends.clear();
        match self
            .encoder
            .encode_spans(text, TOKENS.special, &mut self.spans)
        {
            Ok(()) => Ok(None),
            Err(EncodeError::Offsets { .. }) => {
                let encoding = self.encoder.encode_tokens(text, None, &TOKENS);
                let encoding = encoding.map_err(failed)?;
                *ids = encoding.ids;
                Ok(Some(encoding.spans))
            }
            Err(error) => Err(failed(error)),
        }
    }
}

impl Encode for FuelrailEncoder {
    fn encode<'a>(&'a mut self, text: &str, ids: &'a mut Vec<u32>) -> Result<&'a [u32], Failure> {
        ids.clear();
        if self.output == Output::Ids {
            let encoded = self.encoder.encode(text, self.special, ids);
            return encoded.map(|()| ids.as_slice()).map_err(failed);
        }
        Ok(match self.tokens(text, ids)? {
            Some(_) => ids,
            None => &self.spans.ids,
        })
    }

    fn spans(&mut self, text: &str, spans: &mut Vec<u32>) -> Result<(), Failure> {
        let mut ids = Vec::new();
        let found = self.tokens(text, &mut ids)?;
        spans.clear();
        if let Some(found) = found {
            for (id, (start, end)) in ids.into_iter().zip(found) {
                spans.extend([id, start, end]);
            }
            return Ok(());
        }
        let mut start = 0;
        for (&id, &end) in self.spans.ids.iter().zip(&self.spans.ends) {
            // Hugging Face tells of whole characters where a token is a part of one.
            let (first, last) = (start as usize, end as usize);
            let whole = [
                text.floor_char_boundary(first),
                text.ceil_char_boundary(last),
            ];
            spans.push(id);
            for at in whole {
                spans.push(u32::try_from(at).map_err(failed)?);
            }
            start = end;
        }
        Ok(())
    }
}
