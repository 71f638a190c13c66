//! A chat template that was read, and its rendering.

use std::sync::Arc;

use indexmap::IndexMap;

use super::ast::Ast;
use super::budget::Allowance;
use super::conversation::{ChatEnding, Conversation, REASONING};
use super::error::ChatError;
use super::machine::Runtime;
use super::parse::parse;
use super::prefixes::{Turn, prefix_spans};
use super::python::unicode::is_space;
use super::render::{Marked, Rendering};
use super::rendered::Rendered;
use super::value::{Datum, Key};

/// A chat template, ready to render conversations on any thread.
#[derive(Debug, Clone)]
pub struct ChatTemplate {
    source: Arc<str>,
    ast: Arc<Ast>,
}

/// What stands at the end of a message that the model is to go on with.
const TAG: &str = "CONTINUE_FINAL_MESSAGE_TAG ";

type Message = IndexMap<Key, Datum>;

impl ChatTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// Where Jinja2 would not read it, or what it says is not supported.
    pub fn new(source: &str) -> Result<Self, ChatError> {
        Ok(Self {
            ast: Arc::new(parse(source)?),
            source: source.into(),
        })
    }

    /// The text it was read from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it marks the assistant's text with `{% generation %}`.
    #[must_use]
    pub fn has_generation(&self) -> bool {
        self.ast.has_generation
    }

    /// The text of a conversation.
    ///
    /// # Errors
    /// Where transformers would raise, where the template meets what is not
    /// supported, and where a limit is met.
    pub fn render(&self, conversation: &Conversation) -> Result<String, ChatError> {
        let mut messages = conversation.prepared()?;
        let ChatEnding::ContinueFinal(field) = &conversation.ending else {
            return Ok(self.marked(conversation, dicts(messages)?)?.text);
        };
        let last = self.tag_final(&mut messages, field)?;
        let text = self.marked(conversation, dicts(messages)?)?.text;
        cut_at_tag(&text, &last)
    }

    /// The text of a conversation with the spans of the assistant's text.
    ///
    /// Without `{% generation %}` in the template, each message of the
    /// assistant is rendered twice more with those before it, so long
    /// conversations take time that grows with the square of their turns.
    ///
    /// # Errors
    /// As for [`Self::render`]; where the spans cannot be told; and for an
    /// ending within the final message, as in transformers.
    pub fn render_marked(&self, conversation: &Conversation) -> Result<Rendered, ChatError> {
        if let ChatEnding::ContinueFinal(_) = conversation.ending {
            return Err(ChatError::conversation(
                "expected a complete conversation for the assistant's spans, got one that goes on within its final message",
            ));
        }
        let turns = dicts(conversation.prepared()?)?;
        let Marked { text, spans } = self.marked(conversation, turns.clone())?;
        if self.has_generation() {
            return Ok(Rendered { text, spans });
        }
        let complete = conversation.clone().ending(ChatEnding::Complete);
        let prompting = conversation.clone().ending(ChatEnding::GenerationPrompt);
        let is_assistant = |message: &Datum| {
            let Datum::Dict(message) = message else {
                return false;
            };
            let role = message.get("role").and_then(Datum::as_text);
            role.is_some_and(|role| **role == *"assistant")
        };
        let assistant: Vec<usize> = (0..turns.len())
            .filter(|at| turns.get(*at).is_some_and(is_assistant))
            .collect();
        let spans = prefix_spans(&text, &assistant, |turn| {
            let (conversation, end) = match turn {
                Turn::Before(end) => (&prompting, end),
                Turn::Through(end) => (&complete, end + 1),
            };
            let messages = turns.get(..end).unwrap_or(&turns).to_vec();
            Ok(self.marked(conversation, messages)?.text)
        })?;
        Ok(Rendered { text, spans })
    }

    fn marked(
        &self,
        conversation: &Conversation,
        messages: Vec<Datum>,
    ) -> Result<Marked, ChatError> {
        let names = conversation.names(messages)?;
        let machine = Runtime::new(Allowance::new(conversation.limits), conversation.clock);
        Rendering::new(&self.ast, machine, names).finish()
    }

    /// Puts the tag at the end of the final message; what it ended with.
    fn tag_final(&self, messages: &mut [Message], field: &str) -> Result<Arc<str>, ChatError> {
        let key = Key::str(field);
        let last = messages.last_mut();
        let Some((message, content)) = last.and_then(|message| {
            let content = message.get(&key)?.clone();
            Some((message, content))
        }) else {
            return Err(ChatError::conversation(format!(
                "expected a final message with \"{field}\" to go on with"
            )));
        };
        let mut fields = vec![field];
        if REASONING.contains(&field) {
            let copies = REASONING.into_iter().filter(|name| {
                let copy = message.get(&Key::str(*name)).and_then(Datum::as_text);
                copy.is_some() && copy == content.as_text()
            });
            fields = copies.collect();
        }
        if !fields.iter().any(|field| self.source.contains(field)) {
            return Err(ChatError::conversation(format!(
                "expected a template that reads \"{field}\", to go on with it"
            )));
        }
        let (text, tagged) = tagged(&content)?;
        for field in fields {
            message.insert(Key::str(field), tagged.clone());
        }
        Ok(text)
    }
}

/// Messages as a template sees them.
fn dicts(messages: Vec<Message>) -> Result<Vec<Datum>, ChatError> {
    let messages = messages.into_iter().map(Datum::dict);
    let messages = messages.collect::<Result<Vec<_>, _>>();
    messages.map_err(|fault| fault.at(0))
}

/// A content with the tag after its last text, and that text.
fn tagged(content: &Datum) -> Result<(Arc<str>, Datum), ChatError> {
    let with_tag = |text: &str| Datum::str([text, TAG].concat());
    match content {
        Datum::Str(text) => Ok((text.clone(), with_tag(text))),
        Datum::List(seq) => {
            let mut items = seq.items.clone();
            for item in items.iter_mut().rev() {
                let Datum::Dict(block) = item else {
                    continue;
                };
                let Some(Datum::Str(text)) = block.get("text").cloned() else {
                    continue;
                };
                let mut map = block.map.clone();
                map.insert(Key::str("text"), with_tag(&text));
                *item = Datum::dict(map).map_err(|fault| fault.at(0))?;
                let list = Datum::list(items).map_err(|fault| fault.at(0))?;
                return Ok((text, list));
            }
            Err(ChatError::conversation(
                "expected a text in the final message to go on with",
            ))
        }
        other => Err(ChatError::conversation(format!(
            "expected a text in the final message to go on with, got a {}",
            other.type_name()
        ))),
    }
}

/// The rendered text up to the tag; without the spaces before it, where the
/// template took those that end the message.
fn cut_at_tag(text: &str, last: &str) -> Result<String, ChatError> {
    let found = text.rfind(TAG.trim_end());
    let (Some(at), true) = (found, text.contains(last.trim_matches(is_space))) else {
        return Err(ChatError::conversation(
            "expected the final message in the rendered text, to go on with it: the template drops or changes it",
        ));
    };
    let before = text.get(..at).unwrap_or("");
    let whole = text.get(at..).is_some_and(|rest| rest.starts_with(TAG));
    Ok(if whole {
        before.into()
    } else {
        before.trim_end_matches(is_space).into()
    })
}
