//! Chat templates: what `fuelrail.ChatTemplate` is made of.

use std::path::PathBuf;

use fuelrail::kernels::chat::{
    self, ChatClock, ChatEnding, ChatError, ChatValue, Conversation, Tools,
};
use fuelrail::{Error, ErrorKind, run};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::errors::Result;

/// Where stretches of a text begin and end, in bytes.
type Spans = Vec<(usize, usize)>;

/// How deep values may be nested, as the templates' own limit has it.
const DEPTH_MAX: usize = 200;

/// A chat template.
#[pyclass(frozen, module = "fuelrail._native", name = "ChatTemplate")]
#[derive(Debug)]
pub(crate) struct ChatTemplate(chat::ChatTemplate);

/// The chat templates of a model, by name.
#[pyclass(frozen, module = "fuelrail._native", name = "ChatTemplates")]
#[derive(Debug)]
pub(crate) struct ChatTemplates(chat::ChatTemplates);

/// The `tokenizer_config.json` that says what all files of a model's folder do.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "as Python gives it")]
pub(crate) fn model_config(folder: PathBuf) -> Result<Option<String>> {
    Ok(run::model_config(&folder)?)
}

/// A conversation as Python gives it.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct AskedConversation<'py> {
    messages: Bound<'py, PyAny>,
    tools: Option<Bound<'py, PyAny>>,
    documents: Option<Bound<'py, PyAny>>,
    variables: Vec<(String, Bound<'py, PyAny>)>,
    add_generation_prompt: bool,
    continue_field: Option<String>,
    now: Option<i64>,
}

#[pymethods]
impl ChatTemplate {
    #[new]
    fn new(source: &str) -> Result<Self> {
        let template = chat::ChatTemplate::new(source).map_err(|error| refusal(&error))?;
        Ok(Self(template))
    }

    fn source(&self) -> &str {
        self.0.source()
    }

    fn has_generation(&self) -> bool {
        self.0.has_generation()
    }

    /// The text of a conversation.
    #[expect(clippy::needless_pass_by_value, reason = "as Python gives it")]
    fn render(&self, py: Python<'_>, asked: AskedConversation<'_>) -> Result<String> {
        let conversation = asked.conversation()?;
        let text = py.detach(|| self.0.render(&conversation));
        Ok(text.map_err(|error| refusal(&error))?)
    }

    /// The text, and the spans of the assistant's text in bytes.
    #[expect(clippy::needless_pass_by_value, reason = "as Python gives it")]
    fn render_marked(
        &self,
        py: Python<'_>,
        asked: AskedConversation<'_>,
    ) -> Result<(String, Spans)> {
        let conversation = asked.conversation()?;
        let rendered = py.detach(|| self.0.render_marked(&conversation));
        let rendered = rendered.map_err(|error| refusal(&error))?;
        let spans = rendered.spans.iter().map(|span| (span.start, span.end));
        Ok((rendered.text, spans.collect()))
    }
}

#[pymethods]
impl ChatTemplates {
    /// Those of a `tokenizer_config.json`, and of files by their names.
    #[new]
    #[expect(clippy::needless_pass_by_value, reason = "as Python gives it")]
    fn new(config: Option<&str>, files: Vec<(String, String)>) -> Result<Self> {
        let templates = match config {
            Some(config) => chat::ChatTemplates::from_tokenizer_config(config)
                .map_err(|error| Error::data(error.to_string()))?,
            None => chat::ChatTemplates::default(),
        };
        let files = files.iter().map(|(name, source)| (&**name, &**source));
        Ok(Self(templates.with_files(files)))
    }

    fn names(&self) -> Vec<&str> {
        self.0.names().collect()
    }

    /// The special tokens by their names in templates.
    fn special_tokens(&self) -> Vec<(&str, String)> {
        let tokens = self.0.special_tokens().iter();
        tokens
            .filter_map(|(name, token)| Some((&**name, token.as_str()?.to_owned())))
            .collect()
    }

    /// The template of a name, or that which fits a conversation.
    #[expect(clippy::fn_params_excessive_bools, reason = "as Python gives it")]
    fn choose(&self, name: Option<&str>, has_tools: bool) -> Result<ChatTemplate> {
        let tools = if has_tools {
            Tools::Given
        } else {
            Tools::Absent
        };
        let template = self.0.choose(name, tools);
        Ok(ChatTemplate(template.map_err(|error| refusal(&error))?))
    }
}

impl AskedConversation<'_> {
    fn conversation(&self) -> Result<Conversation> {
        let mut conversation = Conversation::new(value(&self.messages, 0)?);
        if let Some(tools) = &self.tools {
            conversation = conversation.tools(value(tools, 0)?);
        }
        if let Some(documents) = &self.documents {
            conversation = conversation.documents(value(documents, 0)?);
        }
        for (name, given) in &self.variables {
            conversation = conversation.variable(name, value(given, 0)?);
        }
        let ending = match (&self.continue_field, self.add_generation_prompt) {
            (Some(field), _) => ChatEnding::ContinueFinal(field.clone()),
            (None, true) => ChatEnding::GenerationPrompt,
            (None, false) => ChatEnding::Complete,
        };
        let clock = self.now.map_or(ChatClock::Unset, ChatClock::Seconds);
        Ok(conversation.ending(ending).clock(clock))
    }
}

/// A value of Python, if JSON has the like.
fn value(object: &Bound<'_, PyAny>, depth: usize) -> Result<ChatValue> {
    if depth > DEPTH_MAX {
        return Err(usage(format!("expected values nested {DEPTH_MAX} deep at most")).into());
    }
    if object.is_none() {
        return Ok(ChatValue::none());
    }
    if let Ok(text) = object.cast::<PyString>() {
        let text = text.to_str().map_err(|_| {
            Error::data("expected text, got a lone surrogate, which no UTF-8 spells")
                .with_hint("read the text with errors=\"replace\"")
        })?;
        return Ok(text.into());
    }
    if let Ok(bool) = object.cast::<PyBool>() {
        return Ok(bool.is_true().into());
    }
    if object.is_instance_of::<PyInt>() {
        // A text of digits has room for what 64 bits have not.
        let digits = object.str()?.to_string();
        return Ok(ChatValue::from_json(&digits).map_err(|error| refusal(&error))?);
    }
    if let Ok(float) = object.cast::<PyFloat>() {
        return Ok(float.value().into());
    }
    if let Ok(list) = object.cast::<PyList>() {
        return list_of(list.iter(), depth);
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        return list_of(tuple.iter(), depth);
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        return dict_of(dict, depth);
    }
    let name = object.get_type().name()?;
    let hint = if object.is_callable() {
        "give a function as its JSON schema: transformers.utils.get_json_schema(function)"
    } else {
        "lists, dicts, text, numbers, True, False and None"
    };
    let error = usage(format!("expected values that JSON has, got {name}"));
    Err(error.with_hint(hint).into())
}

fn list_of<'py>(items: impl Iterator<Item = Bound<'py, PyAny>>, depth: usize) -> Result<ChatValue> {
    let items = items.map(|item| value(&item, depth + 1));
    let items = items.collect::<Result<Vec<_>>>()?;
    Ok(ChatValue::list(items).map_err(|error| refusal(&error))?)
}

fn dict_of(dict: &Bound<'_, PyDict>, depth: usize) -> Result<ChatValue> {
    let mut entries = Vec::with_capacity(dict.len());
    for (key, item) in dict.iter() {
        let Ok(key) = key.extract::<String>() else {
            return Err(usage(format!("expected keys of text, got {}", key.repr()?)).into());
        };
        entries.push((key, value(&item, depth + 1)?));
    }
    let entries = entries.iter().map(|(key, item)| (&**key, item.clone()));
    Ok(ChatValue::dict(entries).map_err(|error| refusal(&error))?)
}

/// The error of a template or a conversation, with what can be done.
fn refusal(error: &ChatError) -> Error {
    let refusal = match error {
        ChatError::Conversation { message } => usage(message.clone()),
        other => Error::data(other.to_string()),
    };
    let needs_clock =
        matches!(error, ChatError::Unsupported { what, .. } if what.contains("without a clock"));
    match error.hint() {
        Some(hint) => refusal.with_hint(hint),
        None if needs_clock => refusal.with_hint("say which time it is: now=datetime.now()"),
        None => refusal,
    }
}

fn usage(message: String) -> Error {
    Error::new(ErrorKind::Usage, message)
}
