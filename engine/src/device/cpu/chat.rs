//! `chat`: conversations become lists of token ids, and loss masks beside them.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use fuelrail_kernels::chat::{ChatError, ChatValue, Conversation, Rendered};
use fuelrail_kernels::tokenize::{AddSpecial, EncodeOptions, Encoder, OffsetUnit, Special};

use super::lookup::{column, index_of};
use super::made;
use super::text::decoded;
use super::token_lists::{TokenLists, TokenRow};
use super::unusable::Unusable;
use super::values::ValueRows;
use crate::error::Result;
use crate::plan::{ChatStep, ChatVariable};

/// One worker's encoder for one step.
#[derive(Debug)]
pub(in crate::device) struct ChatEncoder {
    encoder: Encoder,
    options: EncodeOptions,
}

/// The columns that a step reads.
struct ConversationRows<'a> {
    messages: ValueRows<'a>,
    tools: Option<ValueRows<'a>>,
    documents: Option<ValueRows<'a>>,
}

/// Why a row cannot be used, and what helps.
struct Refused {
    reason: String,
    hint: Option<&'static str>,
}

impl From<String> for Refused {
    fn from(reason: String) -> Self {
        Self { reason, hint: None }
    }
}

impl From<ChatError> for Refused {
    fn from(error: ChatError) -> Self {
        Self {
            reason: error.to_string(),
            hint: error.hint(),
        }
    }
}

impl ChatEncoder {
    pub(in crate::device) fn new(step: &ChatStep) -> Self {
        Self {
            encoder: Encoder::new(Arc::clone(&step.tokenizer)),
            options: EncodeOptions {
                special: Special::Parse,
                add_special: AddSpecial::No,
                offsets: OffsetUnit::Bytes,
                ..EncodeOptions::default()
            },
        }
    }

    /// Puts the step's list columns in the place of its conversations. Nulls stay
    /// null; unusable rows are null and returned, in row order.
    ///
    /// # Errors
    /// `Internal` where the batch does not fit the plan.
    pub(in crate::device) fn run(
        &mut self,
        step: &ChatStep,
        columns: &RecordBatch,
    ) -> Result<(RecordBatch, Vec<Unusable>)> {
        let read = |name: &String| decoded(column(columns, name)?);
        let messages = read(&step.column)?;
        let tools = step.tools.as_ref().map(read).transpose()?;
        let documents = step.documents.as_ref().map(read).transpose()?;
        let rows = ConversationRows {
            messages: ValueRows::new(&messages)?,
            tools: tools.as_deref().map(ValueRows::new).transpose()?,
            documents: documents.as_deref().map(ValueRows::new).transpose()?,
        };
        let mut lists = TokenLists::new(Vec::new(), columns.num_rows());
        let mut unusable = Vec::new();
        for row in 0..columns.num_rows() {
            let encoded = self.encode(step, (&rows, row), &mut lists);
            lists.end_row(*encoded.as_ref().unwrap_or(&TokenRow::Null))?;
            if let Err(Refused { reason, hint }) = encoded {
                unusable.push(Unusable { row, reason, hint });
            }
        }
        Ok((put_in_place(step, columns, &mut lists)?, unusable))
    }

    /// Appends the tokens of one row. Leaves `lists` as they were on error.
    fn encode(
        &mut self,
        step: &ChatStep,
        (rows, row): (&ConversationRows<'_>, usize),
        lists: &mut TokenLists,
    ) -> Result<TokenRow, Refused> {
        let Some(messages) = rows.messages.get(row)? else {
            return Ok(TokenRow::Null);
        };
        check_roles(&messages)?;
        let mut conversation = Conversation::new(messages)
            .ending(step.ending.clone())
            .clock(step.clock);
        let mut template = &step.template;
        if let Some(tools) = beside(rows.tools.as_ref(), "tools", row)? {
            conversation = conversation.tools(tools);
            template = step.with_tools.as_ref().unwrap_or(template);
        }
        if let Some(documents) = beside(rows.documents.as_ref(), "documents", row)? {
            conversation = conversation.documents(documents);
        }
        for ChatVariable { name, value, .. } in &step.variables {
            conversation = conversation.variable(name, value.clone());
        }
        if step.loss_mask.is_some() {
            let rendered = template.template.render_marked(&conversation)?;
            self.encode_marked(&rendered, lists)?;
        } else {
            let text = template.template.render(&conversation)?;
            let encoded = self.encoder.encode(&text, Special::Parse, &mut lists.ids);
            encoded.map_err(|error| error.to_string())?;
        }
        Ok(TokenRow::Ids)
    }

    fn encode_marked(&mut self, rendered: &Rendered, lists: &mut TokenLists) -> Result<(), String> {
        let encoding = self
            .encoder
            .encode_tokens(&rendered.text, None, &self.options)
            .map_err(|error| error.to_string())?;
        let range = |&(start, end): &(u32, u32)| -> Range<usize> { start as usize..end as usize };
        let mask = rendered.token_mask(encoding.spans.iter().map(range));
        lists.ids.extend_from_slice(&encoding.ids);
        lists.mask.extend(mask.into_iter().map(u8::from));
        Ok(())
    }
}

/// What is in a column beside the conversations.
fn beside(
    rows: Option<&ValueRows<'_>>,
    what: &str,
    row: usize,
) -> Result<Option<ChatValue>, String> {
    let value = rows.map(|rows| rows.get(row)).transpose();
    let value = value.map_err(|reason| format!("{what}: {reason}"))?;
    Ok(value.flatten())
}

/// A message without a role would be rendered as one of nobody.
fn check_roles(messages: &ChatValue) -> Result<(), Refused> {
    let Some(items) = messages.items() else {
        let holds = |name| messages.get(name).is_some();
        if holds("messages") || holds("conversations") {
            return Err(Refused {
                reason: "expected a list of messages, got an object that holds one".to_owned(),
                hint: Some(LIST_HINT),
            });
        }
        return Ok(());
    };
    for (at, message) in items.enumerate() {
        let role = message.get("role");
        if role.as_ref().and_then(ChatValue::as_str).is_none() {
            let is_share_gpt = message.get("from").is_some();
            return Err(Refused {
                reason: format!(
                    "expected a text as the role of message {at}, got {}",
                    if is_share_gpt { "`from`" } else { "none" }
                ),
                hint: Some(if is_share_gpt {
                    SHARE_GPT_HINT
                } else {
                    ROLE_HINT
                }),
            });
        }
    }
    Ok(())
}

/// What helps where messages have no role.
const ROLE_HINT: &str = "templates read `role` and `content` of each message";
/// The same for messages as `ShareGPT` has them.
const SHARE_GPT_HINT: &str = "templates read `role` and `content`: rename `from` and `value` in the \
     input, and its `human` and `gpt` to `user` and `assistant`";
/// What helps where a whole row stands for its messages.
const LIST_HINT: &str = "give the list of messages alone, which the object has under its name";

/// The batch with the columns that the step makes.
fn put_in_place(
    step: &ChatStep,
    columns: &RecordBatch,
    lists: &mut TokenLists,
) -> Result<RecordBatch> {
    let index = index_of(columns, &step.column)?;
    let finished = lists.finish(&step.id_type)?;
    let tokens = Some((step.output.clone(), finished.tokens));
    let mask = step.loss_mask.clone().zip(finished.mask);
    let mut columns = made::put(columns, index..index + 1, tokens.into_iter().chain(mask))?;
    for name in &step.taken {
        columns.remove_column(index_of(&columns, name)?);
    }
    Ok(columns)
}
