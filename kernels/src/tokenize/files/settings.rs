//! What the folder of a model says beside its vocabulary: `tokenizer_config.json`,
//! and what older folders have in `special_tokens_map.json` and
//! `added_tokens.json`. Which of them counts is what transformers 5 makes of it.

use serde_json::{Map, Value};

use super::model_token::{ModelToken, TokenPlace};
use crate::chat::SPECIAL_TOKENS;
use crate::tokenize::error::TokenizerError;

/// The name under which a configuration lists tokens that have none.
const EXTRA: &str = "extra_special_tokens";
/// What [`EXTRA`] was called before.
const ADDITIONAL: &str = "additional_special_tokens";
/// The name under which it has tokens with names of the model's own.
const OF_MODEL: &str = "model_specific_special_tokens";

/// The contents of the files that a folder has.
#[derive(Debug, Clone, Copy, Default)]
pub struct SettingsFiles<'a> {
    /// `tokenizer_config.json`.
    pub tokenizer_config: Option<&'a [u8]>,
    /// `special_tokens_map.json`.
    pub special_tokens_map: Option<&'a [u8]>,
    /// `added_tokens.json`.
    pub added_tokens: Option<&'a [u8]>,
}

/// What the folder of a model says beside its vocabulary.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    fields: Map<String, Value>,
    numbered: NumberedTokens,
}

/// The tokens that come with an id, in ascending order of ids.
#[derive(Debug, Clone)]
pub(super) enum NumberedTokens {
    /// Those of `added_tokens_decoder`, which count for more than those of a
    /// `tokenizer.json`.
    Configured(Vec<ModelToken>),
    /// Those of `added_tokens.json`, which count for less.
    Older(Vec<ModelToken>),
}

impl ModelSettings {
    /// Reads the files.
    ///
    /// # Errors
    /// `ModelFile` where one is not JSON of its layout.
    pub fn read(files: SettingsFiles<'_>) -> Result<Self, TokenizerError> {
        let mut fields = object(files.tokenizer_config, TokenPlace::Config)?;
        if fields.contains_key(ADDITIONAL) && !has_any(&fields, EXTRA) {
            move_member(&mut fields, ADDITIONAL, EXTRA);
        }
        let mut own = own_names(&mut fields);
        if fields.get(EXTRA).is_some_and(Value::is_object) {
            own.extend(take_object(&mut fields, EXTRA));
        }
        if !own.is_empty() {
            fields.insert(OF_MODEL.to_owned(), Value::Object(own));
        }
        let numbered = if let Some(decoder) = fields.get("added_tokens_decoder") {
            NumberedTokens::Configured(configured(decoder)?)
        } else {
            let map = object(files.special_tokens_map, TokenPlace::Map)?;
            merge_map(&mut fields, map);
            let added = object(files.added_tokens, TokenPlace::Added)?;
            NumberedTokens::Older(older(&added, &fields)?)
        };
        if fields.contains_key(ADDITIONAL) && !fields.contains_key(EXTRA) {
            move_member(&mut fields, ADDITIONAL, EXTRA);
        }
        Ok(Self { fields, numbered })
    }

    /// The `tokenizer_config.json` that says the same without other files.
    #[must_use]
    pub fn config(&self) -> String {
        Value::Object(self.fields.clone()).to_string()
    }

    pub(super) fn numbered(&self) -> &NumberedTokens {
        &self.numbered
    }

    /// The tokens with names, after `defaults` where the folder is silent.
    ///
    /// # Errors
    /// `ModelFile` if one is no token.
    pub(super) fn named(
        &self,
        defaults: &[(&str, &str)],
    ) -> Result<Vec<ModelToken>, TokenizerError> {
        let mut tokens: Vec<ModelToken> = Vec::new();
        for name in SPECIAL_TOKENS {
            let default = defaults.iter().find(|(named, _)| *named == name);
            match (self.fields.get(name), default) {
                (None, Some((_, content))) => tokens.push(ModelToken::special(content)),
                (None | Some(Value::Null), _) => {}
                (Some(value), _) => tokens.push(ModelToken::read(value, name)?),
            }
        }
        let own = self.fields.get(OF_MODEL).and_then(Value::as_object);
        let is_own = |name: &str| own.is_some_and(|own| own.contains_key(name));
        let is_token = |value: &Value| value.is_string() || value.get("content").is_some();
        let others = self.fields.iter();
        let others = others.filter(|(name, value)| is_own_name(name) && is_token(value));
        let others = others.filter(|(name, _)| !is_own(name));
        for (name, value) in others.chain(own.into_iter().flatten()) {
            tokens.push(ModelToken::read(value, name)?);
        }
        Ok(tokens)
    }

    /// The tokens of a list, which have no names.
    ///
    /// # Errors
    /// `ModelFile` if one is no token.
    pub(super) fn extra(&self) -> Result<Vec<ModelToken>, TokenizerError> {
        let items = self.fields.get(EXTRA).and_then(Value::as_array);
        let items = items.into_iter().flatten();
        let read = |value: &Value| {
            let mut value = value.clone();
            mark_special(&mut value);
            ModelToken::read(&value, EXTRA)
        };
        items.map(read).collect()
    }

    /// The content of a token by its name, or `default` where there is none.
    ///
    /// # Errors
    /// `ModelFile` if it is null or no token.
    pub(super) fn content(&self, name: &str, default: &str) -> Result<String, TokenizerError> {
        match self.fields.get(name) {
            None => Ok(default.to_owned()),
            Some(value) => Ok(ModelToken::read(value, name)?.content),
        }
    }

    /// A setting that is true or false, or not there.
    ///
    /// # Errors
    /// `ModelFile` if it is something else.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, TokenizerError> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(TokenizerError::model_file(
                TokenPlace::Config.file(),
                format!("expected {name} as true or false, got {other}"),
            )),
        }
    }

    /// Refuses settings that no tokenizer here can follow.
    ///
    /// # Errors
    /// `ModelFile` with the setting.
    pub(super) fn check(&self) -> Result<(), TokenizerError> {
        if self.flag("split_special_tokens")? == Some(true) {
            return Err(TokenizerError::model_file(
                TokenPlace::Config.file(),
                "split_special_tokens is true, which makes special tokens ordinary text \
                 everywhere, in chat templates too; take it out, and say special=\"text\" where \
                 texts are encoded",
            ));
        }
        Ok(())
    }

    /// Refuses a `tokenizer_class` that is none of `known`, as `file` is read
    /// by other rules then.
    ///
    /// # Errors
    /// `ModelFile` with the class.
    pub(super) fn check_class(&self, file: &str, known: &[&str]) -> Result<(), TokenizerError> {
        let class = match self.fields.get("tokenizer_class") {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::String(class)) => class.as_str(),
            Some(_) => "",
        };
        if known.contains(&class.strip_suffix("Fast").unwrap_or(class)) {
            return Ok(());
        }
        Err(TokenizerError::model_file(
            TokenPlace::Config.file(),
            format!(
                "{file} is not read as the tokenizer_class \"{class}\" does; take its \
                 tokenizer.json, which `save_pretrained` of transformers writes"
            ),
        ))
    }
}

fn object(file: Option<&[u8]>, place: TokenPlace) -> Result<Map<String, Value>, TokenizerError> {
    let Some(bytes) = file else {
        return Ok(Map::new());
    };
    serde_json::from_slice(bytes)
        .map_err(|error| TokenizerError::model_file(place.file(), error.to_string()))
}

/// Whether a name is one that only this model has for a token.
fn is_own_name(name: &str) -> bool {
    name.ends_with("_token") && !SPECIAL_TOKENS.contains(&name)
}

/// Takes the tokens out that are texts with names of the model's own.
fn own_names(fields: &mut Map<String, Value>) -> Map<String, Value> {
    let is_own = |(name, value): &(&String, &Value)| is_own_name(name) && value.is_string();
    let names: Vec<String> = fields
        .iter()
        .filter(is_own)
        .map(|(name, _)| name.clone())
        .collect();
    let taken = names.into_iter().map(|name| {
        let value = fields.shift_remove(&name).unwrap_or_default();
        (name, value)
    });
    taken.collect()
}

fn take_object(fields: &mut Map<String, Value>, name: &str) -> Map<String, Value> {
    match fields.shift_remove(name) {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

fn move_member(fields: &mut Map<String, Value>, from: &str, to: &str) {
    let value = fields.shift_remove(from).unwrap_or_default();
    fields.insert(to.to_owned(), value);
}

/// Whether a member is there and says something.
fn has_any(fields: &Map<String, Value>, name: &str) -> bool {
    match fields.get(name) {
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        None | Some(Value::Null) => false,
        Some(_) => true,
    }
}

/// What `special_tokens_map.json` says takes the place of what the configuration
/// does; lists of further tokens are joined.
fn merge_map(fields: &mut Map<String, Value>, map: Map<String, Value>) {
    for (name, mut value) in map {
        if name == EXTRA {
            if let (Value::Array(more), Some(Value::Array(items))) = (&value, fields.get(EXTRA)) {
                let new = more.iter().filter(|token| !items.contains(token));
                value = Value::Array(items.iter().chain(new).cloned().collect());
            }
        } else if let Value::Object(token) = &mut value {
            token.shift_remove("special");
            mark_special(&mut value);
        }
        fields.insert(name, value);
    }
    if fields.get(EXTRA).is_some_and(Value::is_object) {
        let own = take_object(fields, EXTRA);
        let of_model = fields
            .entry(OF_MODEL)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(members) = of_model {
            members.extend(own);
        }
    }
}

/// Has a token say that it is special where it is silent.
fn mark_special(token: &mut Value) {
    if let Value::Object(members) = token {
        members.entry("special").or_insert(Value::Bool(true));
    }
}

/// The tokens of `added_tokens_decoder`: by their ids.
fn configured(decoder: &Value) -> Result<Vec<ModelToken>, TokenizerError> {
    let refuse = |what: String| Err(TokenizerError::model_file(TokenPlace::Config.file(), what));
    let Value::Object(members) = decoder else {
        return refuse("expected added_tokens_decoder as an object".to_owned());
    };
    let mut tokens = Vec::with_capacity(members.len());
    for (id, value) in members {
        let (Ok(id), Value::Object(_)) = (id.parse::<u32>(), value) else {
            return refuse(format!("expected a token by its id, got \"{id}\": {value}"));
        };
        tokens.push(ModelToken::of_id(id, value)?);
    }
    tokens.sort_by_key(|token| token.id);
    Ok(tokens)
}

/// The tokens of `added_tokens.json`: their ids. Those that are named elsewhere
/// are special.
fn older(
    added: &Map<String, Value>,
    fields: &Map<String, Value>,
) -> Result<Vec<ModelToken>, TokenizerError> {
    // Transformers does not see into the tokens of a configuration by then.
    let is_seen = |value: &&Value| value.get("__type").is_none();
    let content = |value: &Value| {
        let content = value.get("content").unwrap_or(value);
        content.as_str().map(str::to_owned)
    };
    let extra = fields.get(EXTRA).and_then(Value::as_array);
    let special: Vec<String> = SPECIAL_TOKENS
        .iter()
        .filter_map(|name| fields.get(*name))
        .chain(extra.into_iter().flatten())
        .filter(is_seen)
        .filter_map(content)
        .collect();
    let mut tokens = Vec::with_capacity(added.len());
    for (content, id) in added {
        let Some(id) = id.as_u64().and_then(|id| u32::try_from(id).ok()) else {
            let what = format!("expected the id of \"{content}\", got {id}");
            return Err(TokenizerError::model_file(TokenPlace::Added.file(), what));
        };
        let mut token = ModelToken::special(content);
        token.id = Some(id);
        token.options.special = special.contains(content);
        token.options.normalized = !token.options.special;
        tokens.push(token);
    }
    tokens.sort_by_key(|token| token.id);
    Ok(tokens)
}
