//! The ways from text to ids.

use std::borrow::Cow;

use super::byte_bpe::ByteBpe;
use super::byte_level;
use super::chunks::{ChunkedPieces, ChunkedPipeline};
use super::error::{EncodeError, TokenizerError};
use super::pipeline::TokenPipeline;
use super::vocab::Vocab;

/// How a tokenizer turns text into ids.
pub(crate) enum Route {
    /// On bytes: byte-level BPE.
    Bytes(Box<ByteBpe>),
    /// One component after another.
    Pipeline(Box<ChunkedPipeline>),
    /// As a SentencePiece model says.
    SentencePiece(Box<ChunkedPieces>),
}

impl Route {
    /// The fastest way that has the ids of the components.
    ///
    /// # Errors
    /// `Inconsistent` if the vocabulary contradicts itself.
    pub(crate) fn of_components(pipeline: TokenPipeline) -> Result<Self, TokenizerError> {
        Ok(match ByteBpe::of_components(pipeline)? {
            Ok(bytes) => Self::Bytes(Box::new(bytes)),
            Err(pipeline) => Self::Pipeline(Box::new(ChunkedPipeline::new(pipeline))),
        })
    }

    /// The model of a byte-level tokenizer.
    pub(crate) fn byte_level(&self) -> Option<&ByteBpe> {
        match self {
            Self::Bytes(model) => Some(model),
            Self::Pipeline(_) | Self::SentencePiece(_) => None,
        }
    }

    /// The components of a tokenizer that runs one after another.
    pub(crate) fn components(&self) -> Option<&TokenPipeline> {
        match self {
            Self::Pipeline(model) => Some(model),
            Self::Bytes(_) | Self::SentencePiece(_) => None,
        }
    }

    /// The vocabulary of a byte-level tokenizer, whose tokens are bytes of the
    /// text.
    ///
    /// # Errors
    /// `Offsets` for another one.
    pub(crate) fn vocab(&self) -> Result<&Vocab, EncodeError> {
        match self {
            Self::Bytes(model) => Ok(&model.vocab),
            Self::Pipeline(_) | Self::SentencePiece(_) => Err(EncodeError::Offsets {
                what: "a vocabulary that is not byte-level",
            }),
        }
    }

    /// A text as added tokens are matched that are normalised.
    pub(crate) fn normal(&self, text: &str) -> Result<String, EncodeError> {
        match self {
            Self::Bytes(model) => model.normal(text),
            Self::Pipeline(model) => model.normalizer.text(text),
            Self::SentencePiece(_) => Ok(text.to_owned()),
        }
    }

    /// The bytes that a token stands for; for a model that is not byte-level,
    /// its text in the vocabulary.
    pub(crate) fn token(&self, id: u32) -> Option<&[u8]> {
        match self {
            Self::Bytes(model) => {
                let unspelled = || model.unspelled(id).map(str::as_bytes);
                model.vocab.token(id).or_else(unspelled)
            }
            Self::Pipeline(model) => model.model.tokens().token(id).map(str::as_bytes),
            Self::SentencePiece(model) => model.token(id).map(str::as_bytes),
        }
    }

    /// A token as the vocabulary spells it: byte-level ones in GPT-2's
    /// characters.
    pub(crate) fn spelled(&self, id: u32) -> Option<Cow<'_, str>> {
        match self {
            Self::Bytes(model) => match model.vocab.token(id) {
                Some(token) => Some(
                    token
                        .iter()
                        .map(|&byte| byte_level::char_of(byte))
                        .collect(),
                ),
                None => model.unspelled(id).map(Cow::Borrowed),
            },
            Self::Pipeline(model) => model.model.tokens().token(id).map(Cow::Borrowed),
            Self::SentencePiece(model) => model.token(id).map(Cow::Borrowed),
        }
    }

    /// The id of a token by the same text.
    pub(crate) fn id(&self, token: &str) -> Option<u32> {
        match self {
            Self::Bytes(model) => {
                let is_it = |(_, text): &&(u32, String)| text == token;
                let unspelled = || model.unspelled.iter().find(is_it).map(|(id, _)| *id);
                model.vocab.id(token.as_bytes()).or_else(unspelled)
            }
            Self::Pipeline(model) => model.model.tokens().id(token),
            Self::SentencePiece(model) => model.id(token),
        }
    }

    /// The ids of all tokens, in no order.
    pub(crate) fn ids(&self) -> Vec<u32> {
        match self {
            Self::Bytes(model) => {
                let unspelled = model.unspelled.iter().map(|(id, _)| *id);
                model
                    .vocab
                    .iter()
                    .map(|(id, _)| id)
                    .chain(unspelled)
                    .collect()
            }
            Self::Pipeline(model) => model.model.tokens().iter().map(|(id, _)| id).collect(),
            Self::SentencePiece(model) => (0..model.len() as u32).collect(),
        }
    }

    pub(crate) fn greatest_id(&self) -> Option<u32> {
        match self {
            Self::Bytes(model) => {
                let unspelled = model.unspelled.last().map(|(id, _)| *id);
                model.vocab.greatest_id().max(unspelled)
            }
            Self::Pipeline(model) => model.model.tokens().iter().map(|(id, _)| id).max(),
            Self::SentencePiece(model) => (model.len() as u32).checked_sub(1),
        }
    }
}
