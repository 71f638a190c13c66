//! The messages of `sentencepiece_model.proto` that decide what a text becomes.
//! Fields that only training reads are passed over.

use super::wire::{Field, Message, WireError, WireValue};
use crate::tokenize::error::TokenizerError;

/// A whole `.model`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SentencePieceProto {
    /// By id.
    pub(crate) pieces: Vec<ModelPiece>,
    pub(crate) model_type: ModelType,
    pub(crate) byte_fallback: bool,
    pub(crate) space_as_suffix: bool,
    pub(crate) normalizer: NormalizerSpec,
    /// Text that is put for an id where a model is decoded.
    pub(crate) unk_surface: String,
}

/// One piece of the vocabulary.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ModelPiece {
    pub(crate) text: String,
    pub(crate) score: f32,
    pub(crate) kind: PieceType,
}

/// What a piece is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PieceType {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

/// How text becomes pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelType {
    Unigram,
    Bpe,
    Word,
    Char,
}

/// What is done to text first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags of the file format"
)]
pub(crate) struct NormalizerSpec {
    pub(crate) charsmap: Vec<u8>,
    pub(crate) add_dummy_prefix: bool,
    pub(crate) remove_extra_whitespaces: bool,
    pub(crate) escape_whitespaces: bool,
}

impl Default for NormalizerSpec {
    fn default() -> Self {
        Self {
            charsmap: Vec::new(),
            add_dummy_prefix: true,
            remove_extra_whitespaces: true,
            escape_whitespaces: true,
        }
    }
}

impl SentencePieceProto {
    /// Reads a file.
    ///
    /// # Errors
    /// `SentencePiece` with the place where the file is not such a message.
    pub(crate) fn parse(file: &[u8]) -> Result<Self, TokenizerError> {
        let mut proto = Self {
            pieces: Vec::new(),
            model_type: ModelType::Unigram,
            byte_fallback: false,
            space_as_suffix: false,
            normalizer: NormalizerSpec::default(),
            unk_surface: " \u{2047} ".to_owned(),
        };
        let mut message = Message {
            bytes: file,
            offset: 0,
        };
        while let Some(field) = message.next()? {
            match field.number {
                1 => proto.pieces.push(piece(inner(&field)?)?),
                2 => proto.trainer(inner(&field)?)?,
                3 => proto.normalizer = normalizer(inner(&field)?)?,
                5 if !normalizer(inner(&field)?)?.charsmap.is_empty() => {
                    return Err(refusal(
                        field.offset,
                        "a denormalizer_spec, which is not supported",
                    ));
                }
                _ => {}
            }
        }
        if proto.pieces.is_empty() {
            return Err(refusal(
                0,
                "no pieces, so that it is no SentencePiece model",
            ));
        }
        Ok(proto)
    }

    fn trainer(&mut self, mut message: Message<'_>) -> Result<(), TokenizerError> {
        while let Some(field) = message.next()? {
            match field.number {
                3 => {
                    self.model_type = match number(&field)? {
                        1 => ModelType::Unigram,
                        2 => ModelType::Bpe,
                        3 => ModelType::Word,
                        4 => ModelType::Char,
                        _ => return Err(refusal(field.offset, "a model of an unknown type")),
                    }
                }
                24 => self.space_as_suffix = number(&field)? != 0,
                35 => self.byte_fallback = number(&field)? != 0,
                44 => self.unk_surface = text(&field)?,
                53 if !text(&field)?.is_empty() => {
                    return Err(refusal(
                        field.offset,
                        "a pretokenization delimiter, which is not supported",
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn piece(mut message: Message<'_>) -> Result<ModelPiece, TokenizerError> {
    let start = message.offset;
    let mut piece = ModelPiece {
        text: String::new(),
        score: 0.0,
        kind: PieceType::Normal,
    };
    while let Some(field) = message.next()? {
        match field.number {
            1 => piece.text = text(&field)?,
            2 => piece.score = float(&field)?,
            3 => {
                piece.kind = match number(&field)? {
                    1 => PieceType::Normal,
                    2 => PieceType::Unknown,
                    3 => PieceType::Control,
                    4 => PieceType::UserDefined,
                    5 => PieceType::Unused,
                    6 => PieceType::Byte,
                    _ => return Err(refusal(field.offset, "a piece of an unknown type")),
                }
            }
            _ => {}
        }
    }
    if piece.text.is_empty() {
        return Err(refusal(start, "an empty piece"));
    }
    Ok(piece)
}

fn normalizer(mut message: Message<'_>) -> Result<NormalizerSpec, TokenizerError> {
    let mut spec = NormalizerSpec::default();
    while let Some(field) = message.next()? {
        match field.number {
            2 => spec.charsmap = inner(&field)?.bytes.to_vec(),
            3 => spec.add_dummy_prefix = number(&field)? != 0,
            4 => spec.remove_extra_whitespaces = number(&field)? != 0,
            5 => spec.escape_whitespaces = number(&field)? != 0,
            _ => {}
        }
    }
    Ok(spec)
}

fn inner<'a>(field: &Field<'a>) -> Result<Message<'a>, TokenizerError> {
    match field.value {
        WireValue::Bytes(message) => Ok(message),
        WireValue::Varint(_) | WireValue::Fixed64 | WireValue::Fixed32(_) => {
            Err(refusal(field.offset, "a number where a message should be"))
        }
    }
}

fn text(field: &Field<'_>) -> Result<String, TokenizerError> {
    let message = inner(field)?;
    match str::from_utf8(message.bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(refusal(
            message.offset + error.valid_up_to(),
            "a text that is not UTF-8",
        )),
    }
}

fn number(field: &Field<'_>) -> Result<u64, TokenizerError> {
    match field.value {
        WireValue::Varint(number) => Ok(number),
        WireValue::Bytes(_) | WireValue::Fixed64 | WireValue::Fixed32(_) => Err(refusal(
            field.offset,
            "another kind of value where a number should be",
        )),
    }
}

fn float(field: &Field<'_>) -> Result<f32, TokenizerError> {
    match field.value {
        WireValue::Fixed32(bits) if f32::from_bits(bits).is_finite() => Ok(f32::from_bits(bits)),
        WireValue::Fixed32(_) => Err(refusal(field.offset, "a score that is no finite number")),
        WireValue::Bytes(_) | WireValue::Fixed64 | WireValue::Varint(_) => Err(refusal(
            field.offset,
            "another kind of value where a float should be",
        )),
    }
}

fn refusal(offset: usize, found: &str) -> TokenizerError {
    TokenizerError::SentencePiece {
        offset,
        found: found.to_owned(),
    }
}

impl From<WireError> for TokenizerError {
    fn from(error: WireError) -> Self {
        refusal(error.offset, error.message)
    }
}
