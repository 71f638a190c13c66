//! The checked step `chat`.

use std::sync::Arc;

use arrow::datatypes::DataType;
use fuelrail_kernels::chat::{ChatClock, ChatEnding, ChatTemplate, ChatValue};
use fuelrail_kernels::tokenize::Tokenizer;
use serde_json::Value;

/// Replaces conversations by their token ids, in a column of that name or
/// `output`, and puts a loss mask behind it.
#[derive(Debug, Clone)]
pub struct ChatStep {
    /// The column of conversations: lists of structs, or JSON text.
    pub column: String,
    /// The column of tools, if there is one, of the same types.
    pub tools: Option<String>,
    /// The column of documents, if there is one, of the same types.
    pub documents: Option<String>,
    /// Those of both that go with the conversations: structs have no place in a
    /// dataset, and no later step names them.
    pub taken: Vec<String>,
    /// The name of the list column that takes the place of the conversations.
    pub output: String,
    /// The name of the list column behind it that is 1 for tokens of the
    /// assistant and 0 for others, if there is one.
    pub loss_mask: Option<String>,
    /// The tokenizer.
    pub tokenizer: Arc<Tokenizer>,
    /// Its name in the dataset's `assets`.
    pub asset: String,
    /// `UInt16` where every id fits, else `UInt32`.
    pub id_type: DataType,
    /// The template.
    pub template: StepTemplate,
    /// Another one for conversations with tools, where the model has one.
    pub with_tools: Option<StepTemplate>,
    /// What the template is given beside the conversation, special tokens among
    /// it.
    pub variables: Vec<ChatVariable>,
    /// How the text of a conversation ends.
    pub ending: ChatEnding,
    /// The time that the template tells.
    pub clock: ChatClock,
    /// Fills rows of `pack`, where the model has a token for that.
    pub pad: Option<u32>,
    /// Paths within the columns that are not given to the template, for it has
    /// no values of their types.
    pub left_out: Vec<String>,
}

/// What a template is given by a name.
#[derive(Debug, Clone)]
pub struct ChatVariable {
    /// The name.
    pub name: String,
    /// The value as it was written.
    pub json: Value,
    /// The value as the template has it.
    pub value: ChatValue,
}

/// A chat template of a step.
#[derive(Debug, Clone)]
pub struct StepTemplate {
    /// The template.
    pub template: ChatTemplate,
    /// Its name in the dataset's `assets`.
    pub asset: String,
}
