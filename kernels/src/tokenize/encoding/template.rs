//! `TemplateProcessing`: texts and added tokens in a given order.

use super::surround::NamedToken;
use super::types::{AddSpecial, Encoding, SequenceEnd};

/// One piece of a template, with the type that its tokens get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplatePiece {
    pub(crate) tokens: TemplateTokens,
    pub(crate) type_id: u32,
}

/// The tokens of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TemplateTokens {
    First,
    Second,
    Added(Vec<NamedToken>),
}

/// The templates for one text and for two.
///
/// Neither names a text twice, and the one for one text does not name the
/// second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateProcessing {
    pub(crate) single: Vec<TemplatePiece>,
    pub(crate) pair: Vec<TemplatePiece>,
}

impl TemplatePiece {
    fn added(&self) -> &[NamedToken] {
        match &self.tokens {
            TemplateTokens::Added(tokens) => tokens,
            TemplateTokens::First | TemplateTokens::Second => &[],
        }
    }
}

impl TemplateProcessing {
    fn pieces(&self, n_texts: usize) -> &[TemplatePiece] {
        match n_texts {
            1 => &self.single,
            _ => &self.pair,
        }
    }

    /// How many tokens are added to one text or two.
    pub(super) fn n_added(&self, n_texts: usize) -> usize {
        let pieces = self.pieces(n_texts).iter();
        pieces.map(|piece| piece.added().len()).sum()
    }

    /// The tokens that are added.
    pub(super) fn named_tokens(&self) -> impl Iterator<Item = &NamedToken> {
        let pieces = self.single.iter().chain(&self.pair);
        pieces.flat_map(TemplatePiece::added)
    }

    /// The pieces with their tokens, from the texts.
    pub(super) fn apply(&self, texts: Vec<Encoding>, add: AddSpecial) -> Vec<Encoding> {
        let pieces = self.pieces(texts.len());
        let mut texts: Vec<Option<Encoding>> = texts.into_iter().map(Some).collect();
        let mut take = |sequence: u32, type_id| {
            let mut text = texts.get_mut(sequence as usize)?.take()?;
            text.set_type(type_id);
            text.set_sequence(sequence);
            Some(text)
        };
        let encode = |piece: &TemplatePiece| match &piece.tokens {
            TemplateTokens::First => take(0, piece.type_id),
            TemplateTokens::Second => take(1, piece.type_id),
            TemplateTokens::Added(_) if add == AddSpecial::No => None,
            TemplateTokens::Added(tokens) => {
                let mut encoding = Encoding::default();
                for token in tokens {
                    encoding.add(token, piece.type_id, SequenceEnd::Right);
                }
                Some(encoding)
            }
        };
        pieces.iter().filter_map(encode).collect()
    }
}
