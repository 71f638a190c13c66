//! The templates of a model, by their names.

use indexmap::IndexMap;

use super::error::ChatError;
use super::given::ChatValue;
use super::template::ChatTemplate;
use super::value::Datum;

/// The templates that a model comes with: one, or several by name, such as
/// `default`, `tool_use` and `rag`.
#[derive(Debug, Clone, Default)]
pub struct ChatTemplates {
    sources: IndexMap<String, String>,
    special_tokens: Vec<(String, ChatValue)>,
}

/// The name of a template that has none.
const DEFAULT: &str = "default";

/// Special tokens that a `tokenizer_config.json` of any model names.
pub(crate) const SPECIAL_TOKENS: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];

impl ChatTemplates {
    /// The templates and special tokens of a `tokenizer_config.json`: its
    /// `chat_template` is a text, or a list of dicts with `name` and `template`.
    ///
    /// # Errors
    /// Where the file is not JSON of that layout.
    pub fn from_tokenizer_config(json: &str) -> Result<Self, ChatError> {
        let config = ChatValue::from_json(json)?;
        let mut templates = Self::default();
        match config.get("chat_template").map(|value| value.0) {
            None | Some(Datum::None) => {}
            Some(Datum::Str(source)) => {
                templates.sources.insert(DEFAULT.into(), source.to_string());
            }
            Some(Datum::List(seq)) => {
                for (at, entry) in seq.items.iter().enumerate() {
                    let (name, source) = named(entry).ok_or_else(|| ChatError::Json {
                        message: format!(
                            "expected `name` and `template` as texts in chat_template[{at}]"
                        ),
                    })?;
                    templates.sources.insert(name, source);
                }
            }
            Some(other) => {
                return Err(ChatError::Json {
                    message: format!(
                        "expected chat_template as a text or a list, got a {}",
                        other.type_name()
                    ),
                });
            }
        }
        templates.special_tokens = special_tokens(&config);
        Ok(templates)
    }

    /// With the templates of files in place of those of the config:
    /// `chat_template.jinja` under the name `default`, and each
    /// `additional_chat_templates/<name>.jinja` under its own.
    #[must_use]
    pub fn with_files<'a>(mut self, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files: IndexMap<String, String> = files
            .into_iter()
            .map(|(name, source)| (name.into(), source.into()))
            .collect();
        if !files.is_empty() {
            self.sources = files;
        }
        self
    }

    /// The names there are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// The special tokens of the config, by their names in templates.
    #[must_use]
    pub fn special_tokens(&self) -> &[(String, ChatValue)] {
        &self.special_tokens
    }

    /// The template of a name; without one, `tool_use` for a conversation with
    /// tools where there is one, else `default`.
    ///
    /// # Errors
    /// Where there is none of the name, and where it cannot be read.
    pub fn choose(&self, name: Option<&str>, tools: Tools) -> Result<ChatTemplate, ChatError> {
        let tool_use = (tools == Tools::Given).then(|| self.sources.get("tool_use"));
        let source = match name {
            Some(name) => self.sources.get(name),
            None => tool_use.flatten().or_else(|| self.sources.get(DEFAULT)),
        };
        let source = source.ok_or_else(|| {
            let known: Vec<&str> = self.names().collect();
            let wanted = name.unwrap_or(DEFAULT);
            ChatError::conversation(format!(
                "expected a chat template named \"{wanted}\", the model has {known:?}"
            ))
        })?;
        ChatTemplate::new(source)
    }
}

/// Whether a conversation comes with tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tools {
    /// It does, even if their list is empty.
    Given,
    /// It does not.
    Absent,
}

fn named(entry: &Datum) -> Option<(String, String)> {
    let Datum::Dict(dict) = entry else {
        return None;
    };
    let text = |name: &str| {
        dict.get(name)
            .and_then(Datum::as_text)
            .map(ToString::to_string)
    };
    Some((text("name")?, text("template")?))
}

/// The tokens by their names: those of any model, then those that only this one
/// has. Of a name that is given twice the last counts.
fn special_tokens(config: &ChatValue) -> Vec<(String, ChatValue)> {
    let mut tokens: IndexMap<String, ChatValue> = IndexMap::new();
    let mut add = |name: &str, value: ChatValue| {
        let content = value.get("content").unwrap_or(value);
        if content.as_str().is_some() {
            tokens.insert(name.to_owned(), content);
        }
    };
    for name in SPECIAL_TOKENS {
        if let Some(value) = config.get(name) {
            add(name, value);
        }
    }
    let is_own = |name: &str| name.ends_with("_token") && !SPECIAL_TOKENS.contains(&name);
    let own = entries(config).filter(|(name, _)| is_own(name));
    let tables =
        ["extra_special_tokens", "model_specific_special_tokens"].map(|name| config.get(name));
    for (name, value) in own.chain(tables.iter().flatten().flat_map(entries)) {
        add(name, ChatValue(value.clone()));
    }
    tokens.into_iter().collect()
}

/// The members of a dict whose keys are texts; of another value none.
fn entries(value: &ChatValue) -> impl Iterator<Item = (&str, &Datum)> {
    let dict = match &value.0 {
        Datum::Dict(dict) => Some(dict),
        _ => None,
    };
    let members = dict.into_iter().flat_map(|dict| &dict.map);
    members.filter_map(|(key, value)| Some((&**key.datum().as_text()?, value)))
}
