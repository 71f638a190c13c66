//! A conversation, and what is made of it before a template sees it.

use indexmap::IndexMap;

use super::budget::ChatLimits;
use super::clock::ChatClock;
use super::error::ChatError;
use super::given::ChatValue;
use super::value::{Datum, Key, Named};

/// How the rendered text ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ChatEnding {
    /// With the last message.
    #[default]
    Complete,
    /// With the prompt for the assistant to speak (`add_generation_prompt`).
    GenerationPrompt,
    /// Within the last message's field of this name, `content` most often,
    /// for the model to go on with it (`continue_final_message`).
    ContinueFinal(String),
}

/// Messages, and what a template is told beside them.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub(super) messages: ChatValue,
    pub(super) tools: Option<ChatValue>,
    pub(super) documents: Option<ChatValue>,
    pub(super) variables: Vec<(String, ChatValue)>,
    pub(super) ending: ChatEnding,
    pub(super) clock: ChatClock,
    pub(super) limits: ChatLimits,
}

/// Names under which messages carry reasoning; the first is what most
/// templates read, the second what those of gpt-oss do.
pub(super) const REASONING: [&str; 3] = ["reasoning_content", "thinking", "reasoning"];

/// Names that the conversation itself gives to a template.
const TAKEN: [&str; 4] = ["messages", "tools", "documents", "add_generation_prompt"];

impl Conversation {
    /// A conversation of a list of messages, each a dict.
    #[must_use]
    pub fn new(messages: ChatValue) -> Self {
        Self {
            messages,
            tools: None,
            documents: None,
            variables: Vec::new(),
            ending: ChatEnding::Complete,
            clock: ChatClock::Unset,
            limits: ChatLimits::default(),
        }
    }

    /// With tools: a list of JSON schemas.
    #[must_use]
    pub fn tools(mut self, tools: ChatValue) -> Self {
        self.tools = Some(tools);
        self
    }

    /// With documents: a list of dicts.
    #[must_use]
    pub fn documents(mut self, documents: ChatValue) -> Self {
        self.documents = Some(documents);
        self
    }

    /// With a variable: a special token such as `bos_token`, or what else the
    /// template reads, such as `enable_thinking`. The last of a name holds.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<ChatValue>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// With an ending.
    #[must_use]
    pub fn ending(mut self, ending: ChatEnding) -> Self {
        self.ending = ending;
        self
    }

    /// With a time for `strftime_now`.
    #[must_use]
    pub fn clock(mut self, clock: ChatClock) -> Self {
        self.clock = clock;
        self
    }

    /// With limits other than the default.
    #[must_use]
    pub fn limits(mut self, limits: ChatLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The messages as a template sees them: without the keys whose value is
    /// `None`, and with reasoning under each of its names.
    pub(super) fn prepared(&self) -> Result<Vec<IndexMap<Key, Datum>>, ChatError> {
        let (Datum::List(seq) | Datum::Tuple(seq)) = &self.messages.0 else {
            return Err(ChatError::conversation(format!(
                "expected a list of messages, got a {}",
                self.messages.0.type_name()
            )));
        };
        if seq.items.is_empty() {
            return Err(ChatError::conversation(
                "expected at least one message, got an empty conversation",
            ));
        }
        seq.items.iter().enumerate().map(prepared_message).collect()
    }

    /// All variables of the template, which sees these messages, each a dict.
    pub(super) fn names(&self, messages: Vec<Datum>) -> Result<Vec<Named>, ChatError> {
        let messages = Datum::list(messages).map_err(|fault| fault.at(0))?;
        let prompt = self.ending == ChatEnding::GenerationPrompt;
        let mut names: Vec<Named> = vec![
            ("messages".into(), messages),
            ("tools".into(), list_of_dicts("tools", self.tools.as_ref())?),
            (
                "documents".into(),
                list_of_dicts("documents", self.documents.as_ref())?,
            ),
            ("add_generation_prompt".into(), Datum::Bool(prompt)),
        ];
        for (name, value) in &self.variables {
            if TAKEN.contains(&&**name) {
                return Err(ChatError::conversation(format!(
                    "expected a variable of another name, got \"{name}\", which the conversation sets"
                )));
            }
            names.push((name.as_str().into(), value.0.clone()));
        }
        Ok(names)
    }
}

fn prepared_message((at, message): (usize, &Datum)) -> Result<IndexMap<Key, Datum>, ChatError> {
    let Datum::Dict(dict) = message else {
        return Err(ChatError::conversation(format!(
            "expected a dict for message {at}, got a {}",
            message.type_name()
        )));
    };
    let given = dict
        .map
        .iter()
        .filter(|(_, datum)| !matches!(datum, Datum::None));
    let reasoning = REASONING
        .iter()
        .filter_map(|name| dict.get(name))
        .find(|datum| !matches!(datum, Datum::None));
    let mut map = IndexMap::with_capacity(dict.map.len() + 2);
    if let Some(reasoning) = reasoning {
        map.insert(Key::str("thinking"), reasoning.clone());
    }
    map.extend(given.map(|(key, datum)| (key.clone(), datum.clone())));
    if let Some(reasoning) = reasoning {
        map.insert(Key::str("reasoning_content"), reasoning.clone());
    }
    Ok(map)
}

fn list_of_dicts(name: &str, value: Option<&ChatValue>) -> Result<Datum, ChatError> {
    let Some(ChatValue(value)) = value else {
        return Ok(Datum::None);
    };
    match value {
        Datum::None => Ok(Datum::None),
        Datum::List(seq) if seq.items.iter().all(|item| matches!(item, Datum::Dict(_))) => {
            Ok(value.clone())
        }
        _ => Err(ChatError::conversation(format!(
            "expected {name} as a list of dicts"
        ))),
    }
}
