//! What the files of a model say of its conversations: templates, and special
//! tokens by their names.

use fuelrail_kernels::chat::{ChatError, ChatTemplate, ChatTemplates, ChatValue, Tools};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::plan::chat_step::ChatVariable;
use crate::plan::pipeline::{ChatSpec, GivenTemplate};
use crate::plan::step_result::StepResult;
use crate::plan::suggest;
use crate::plan::tokenizers::{LoadedTokenizers, TemplatePlace};

/// What a conversation itself gives to a template, and the keys for it.
const TAKEN: [(&str, &str); 4] = [
    ("messages", "column"),
    ("tools", "tools"),
    ("documents", "documents"),
    ("add_generation_prompt", "add_generation_prompt"),
];

/// The files that a step names.
#[derive(Debug)]
pub(super) struct ModelFiles<'a> {
    spec: &'a ChatSpec,
    /// What lies beside the tokenizer.
    beside: Option<&'a ChatTemplates>,
    /// What is in the template's file, if one is named.
    given: Option<&'a ChatTemplates>,
}

impl<'a> ModelFiles<'a> {
    pub(super) fn new(spec: &'a ChatSpec, loaded: &'a LoadedTokenizers) -> Self {
        let given = match spec.given_template() {
            GivenTemplate::File(path) => loaded.templates(&TemplatePlace::At(path.to_owned())),
            GivenTemplate::Model | GivenTemplate::Named(_) | GivenTemplate::Text(_) => None,
        };
        Self {
            spec,
            beside: loaded.templates(&TemplatePlace::Beside(spec.tokenizer.clone())),
            given,
        }
    }

    /// The template of the step, and the one for conversations with tools where
    /// that is another.
    ///
    /// # Errors
    /// `Pipeline` if there is none, or it cannot be read.
    pub(super) fn templates(&self) -> Result<(ChatTemplate, Option<ChatTemplate>)> {
        let templates = match self.spec.given_template() {
            GivenTemplate::Text(text) => {
                return Ok((ChatTemplate::new(text).map_err(refused)?, None));
            }
            GivenTemplate::Named(name) => return Ok((self.named(name)?, None)),
            GivenTemplate::Model => self.beside,
            GivenTemplate::File(_) => self.given,
        };
        let known = templates.filter(|templates| templates.names().next().is_some());
        let Some(templates) = known else {
            return Err(
                Error::pipeline("the model's files have no chat template").with_hint(
                    "give one with `chat_template`: its text, or the path of a .jinja file",
                ),
            );
        };
        let choose = |tools| templates.choose(None, tools).map_err(refused);
        let plain = choose(Tools::Absent)?;
        let with_tools = match &self.spec.tools {
            None => None,
            Some(_) => Some(choose(Tools::Given)?),
        };
        let is_other = |other: &ChatTemplate| other.source() != plain.source();
        let with_tools = with_tools.filter(is_other);
        Ok((plain, with_tools))
    }

    fn named(&self, name: &str) -> Result<ChatTemplate> {
        let names = self.beside.into_iter().flat_map(ChatTemplates::names);
        let names: Vec<&str> = names.collect();
        if let Some(templates) = self.beside.filter(|_| names.contains(&name)) {
            let named = templates.choose(Some(name), Tools::Absent);
            return named.map_err(refused);
        }
        let error = Error::pipeline(format!(
            "expected the name of a chat template of the model, got {name:?}"
        ));
        let hint = suggest::hint(name, "its templates", names);
        let none = "the model has none; a template itself has a `{`, and a file ends in .jinja";
        Err(error.with_hint(hint.unwrap_or_else(|| none.to_owned())))
    }

    /// A special token by its name, such as `bos_token`.
    pub(super) fn special_token(&self, name: &str) -> Option<&'a str> {
        let files = self.given.into_iter().chain(self.beside);
        let tokens = files.flat_map(ChatTemplates::special_tokens);
        let mut named = tokens.filter(|(other, _)| other == name);
        named.find_map(|(_, token)| token.as_str())
    }

    /// What the template is given of special tokens and of the pipeline's variables,
    /// as far as it `reads` them.
    ///
    /// # Errors
    /// `Pipeline` with its name for a variable that it is not given, or that it does
    /// not read.
    pub(super) fn variables(&self, reads: impl Fn(&str) -> bool) -> StepResult<Vec<ChatVariable>> {
        let files = self.given.into_iter().chain(self.beside);
        let names = files.flat_map(ChatTemplates::special_tokens);
        let mut names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let is_free = |name: &&str| !self.spec.variables.contains_key(*name) && reads(name);
        let token = |name: &str| {
            let text = self.special_token(name)?;
            Some(ChatVariable {
                name: name.to_owned(),
                json: text.into(),
                value: text.into(),
            })
        };
        let tokens = names.into_iter().filter(is_free).filter_map(token);
        let mut variables: Vec<ChatVariable> = tokens.collect();
        for (name, json) in &self.spec.variables {
            let variable = variable(name, json, &reads);
            variables.push(variable.map_err(|error| (error, name.clone()))?);
        }
        Ok(variables)
    }
}

fn variable(name: &str, json: &Value, reads: impl Fn(&str) -> bool) -> Result<ChatVariable> {
    if let Some((_, key)) = TAKEN.iter().find(|(taken, _)| *taken == name) {
        let error = Error::pipeline(format!("`{name}` is what the conversation gives"));
        return Err(error.with_hint(format!("set it with the key `{key}` of the step")));
    }
    if !reads(name) {
        return Err(Error::pipeline(format!(
            "the chat template does not read a variable `{name}`"
        ))
        .with_hint("leave it out, or see how the template spells it"));
    }
    if has_null(json) {
        return Err(Error::pipeline(format!(
            "expected values that JSON has in the variable `{name}`, got a number that is not finite"
        )));
    }
    Ok(ChatVariable {
        name: name.to_owned(),
        json: json.clone(),
        value: ChatValue::from_json(&json.to_string()).map_err(refused)?,
    })
}

/// What JSON has no like of is read as null, which TOML has not.
fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(entries) => entries.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn refused(error: ChatError) -> Error {
    let hint = error.hint();
    let refusal = Error::pipeline("cannot use the chat template").with_source(error);
    match hint {
        Some(hint) => refusal.with_hint(hint),
        None => refusal,
    }
}
