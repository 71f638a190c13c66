//! The columns of token ids that steps make.

use std::sync::Arc;

use arrow::datatypes::DataType;
use fuelrail_kernels::tokenize::Tokenizer;

use super::columns::places_of;
use super::steps::Step;

/// A column of token ids, and what is known of it by the step that made it.
#[derive(Debug, Clone, Copy)]
pub struct MadeTokens<'a> {
    /// The column that they were made of.
    pub made_of: &'a str,
    /// Their column.
    pub column: &'a str,
    /// The type of the ids.
    pub id_type: &'a DataType,
    /// The tokenizer.
    pub tokenizer: &'a Arc<Tokenizer>,
    /// Its name in the dataset's `assets`.
    pub asset: &'a str,
    /// The token that rows are filled with, where one is known.
    pub pad: Option<u32>,
    /// What there is at least of each row that is not null.
    pub least: LeastTokens,
    /// What the tokens are of.
    pub of: TokensOf<'a>,
}

/// What a list of token ids has at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeastTokens {
    /// Nothing.
    None,
    /// A token.
    One,
}

/// What a list of token ids is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokensOf<'a> {
    /// Of a text.
    Text,
    /// Of a conversation, with the column of its loss mask, if there is one.
    Conversation(Option<&'a str>),
}

impl Step {
    /// The columns that it makes beside tokens, with a value for each.
    #[must_use]
    pub fn made_beside_tokens(&self) -> Vec<String> {
        match self {
            Self::Tokenize(step) => {
                let places = step.offsets.map(|_| places_of(&step.output));
                places.into_iter().flatten().collect()
            }
            Self::Chat(step) => step.loss_mask.iter().cloned().collect(),
            Self::Select(_) | Self::Filter(_) | Self::Map(_) | Self::Pack(_) | Self::Chunk(_) => {
                Vec::new()
            }
        }
    }

    /// The tokens that it makes, if it makes any.
    #[must_use]
    pub fn made_tokens(&self) -> Option<MadeTokens<'_>> {
        match self {
            Self::Tokenize(step) => Some(MadeTokens {
                made_of: &step.column,
                column: &step.output,
                id_type: &step.id_type,
                tokenizer: &step.tokenizer,
                asset: &step.asset,
                pad: match step.end_of_document.as_slice() {
                    [only] => Some(*only),
                    _ => None,
                },
                least: if step.begin_of_document.is_empty() && step.end_of_document.is_empty() {
                    LeastTokens::None
                } else {
                    LeastTokens::One
                },
                of: TokensOf::Text,
            }),
            Self::Chat(step) => Some(MadeTokens {
                made_of: &step.column,
                column: &step.output,
                id_type: &step.id_type,
                tokenizer: &step.tokenizer,
                asset: &step.asset,
                pad: step.pad,
                least: LeastTokens::None,
                of: TokensOf::Conversation(step.loss_mask.as_deref()),
            }),
            Self::Select(_) | Self::Filter(_) | Self::Map(_) | Self::Pack(_) | Self::Chunk(_) => {
                None
            }
        }
    }
}
