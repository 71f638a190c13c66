//! Adds the tokens that the folder of a model names to a `tokenizer.json` that
//! lacks them, as transformers does when it loads both: with the ids that follow
//! on, whatever the folder says.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::Value;

use super::model_token::{ModelToken, TokenPlace};
use super::settings::{ModelSettings, NumberedTokens};
use super::splice::with_member;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::json::{StrictValue, models};
use crate::tokenize::model::TokenTable;

/// A `tokenizer.json` with all tokens of its folder.
pub(super) struct CompleteFile<'a> {
    pub(super) json: Cow<'a, [u8]>,
    /// Sentences on tokens that have another id than the folder says.
    pub(super) notes: Vec<String>,
}

/// The part of a `tokenizer.json` that lists tokens.
#[derive(Deserialize)]
struct ListedTokens {
    #[serde(default)]
    added_tokens: Option<Vec<Value>>,
}

/// The part that is the model.
#[derive(Deserialize)]
struct ListedModel {
    model: StrictValue,
}

/// Adds the tokens of `settings` to the content of a `tokenizer.json`;
/// `defaults` are named tokens where the folder is silent.
///
/// # Errors
/// `ModelFile` where the folder contradicts the file; as [`models::parse`].
pub(super) fn complete<'a>(
    json: &'a [u8],
    settings: &ModelSettings,
    defaults: &[(&str, &str)],
) -> Result<CompleteFile<'a>, TokenizerError> {
    let unchanged = CompleteFile {
        json: Cow::Borrowed(json),
        notes: Vec::new(),
    };
    // What is wrong with the file is said when it is read.
    let Some(mut listed) = listed(json) else {
        return Ok(unchanged);
    };
    let wanted = wanted(&listed, settings, defaults)?;
    let is_new = |token: &ModelToken| {
        let known = listed.iter().find(|known| known.content == token.content);
        !token.content.is_empty() && known.is_none_or(|known| known.options != token.options)
    };
    let new: Vec<ModelToken> = wanted.into_iter().filter(is_new).collect();
    if new.is_empty() {
        return Ok(unchanged);
    }
    let Ok(ListedModel { model }) = serde_json::from_slice(json) else {
        return Ok(unchanged);
    };
    let model = models::parse(&model.0)?;
    let notes = add(&mut listed, new, model.tokens());
    let entries = listed
        .iter()
        .filter_map(|token| Some(token.entry(token.id?)));
    let value = Value::Array(entries.collect()).to_string();
    Ok(CompleteFile {
        json: Cow::Owned(with_member(json, "added_tokens", &value)),
        notes,
    })
}

/// The tokens that a `tokenizer.json` lists, if they can be read.
fn listed(json: &[u8]) -> Option<Vec<ModelToken>> {
    let ListedTokens { added_tokens } = serde_json::from_slice(json).ok()?;
    let tokens = added_tokens.unwrap_or_default();
    let read = |value: &Value| {
        let id = value.get("id")?.as_u64()?;
        ModelToken::of_id(u32::try_from(id).ok()?, value).ok()
    };
    tokens.iter().map(read).collect()
}

/// The tokens that the folder wants, in the order in which transformers adds
/// them.
fn wanted(
    listed: &[ModelToken],
    settings: &ModelSettings,
    defaults: &[(&str, &str)],
) -> Result<Vec<ModelToken>, TokenizerError> {
    let mut wanted = match settings.numbered() {
        NumberedTokens::Configured(tokens) => tokens.clone(),
        NumberedTokens::Older(tokens) => with_older(listed, tokens)?,
    };
    let named = settings.named(defaults)?;
    let names: Vec<String> = named.iter().map(|token| token.content.clone()).collect();
    let known: Vec<&ModelToken> = listed.iter().chain(&wanted).collect();
    let is_known = |token: &ModelToken| known.iter().any(|known| known.content == token.content);
    let mut unknown: Vec<ModelToken> = Vec::new();
    for token in named.into_iter().chain(settings.extra()?) {
        // Of one that comes again and is matched otherwise, the last counts.
        if !is_known(&token) && !unknown.contains(&token) {
            unknown.push(token);
        }
    }
    wanted.extend(unknown);
    for token in &mut wanted {
        token.options.special |= names.contains(&token.content);
    }
    Ok(wanted)
}

/// The tokens of the file, and those of `added_tokens.json` that it lacks.
fn with_older(
    listed: &[ModelToken],
    older: &[ModelToken],
) -> Result<Vec<ModelToken>, TokenizerError> {
    let mut tokens = listed.to_vec();
    for token in older {
        if listed.iter().any(|known| known.content == token.content) {
            continue;
        }
        if let Some(taken) = listed.iter().find(|known| known.id == token.id) {
            let what = format!(
                "\"{}\" has the id of \"{}\" in tokenizer.json",
                token.content, taken.content
            );
            return Err(TokenizerError::model_file(TokenPlace::Added.file(), what));
        }
        tokens.push(token.clone());
    }
    tokens.sort_by_key(|token| token.id);
    Ok(tokens)
}

/// Adds tokens, or changes how they are matched; gives sentences on those that
/// have another id than is said.
fn add(listed: &mut Vec<ModelToken>, new: Vec<ModelToken>, model: &TokenTable) -> Vec<String> {
    let n_model = u32::try_from(model.len()).unwrap_or(u32::MAX);
    let greatest = listed.iter().filter_map(|token| token.id).max();
    let mut next = greatest.map_or(n_model, |id| n_model.max(id.saturating_add(1)));
    let mut places: FxHashMap<String, usize> = FxHashMap::default();
    for (place, token) in listed.iter().enumerate() {
        places.insert(token.content.clone(), place);
    }
    let mut notes = Vec::new();
    for token in new {
        if let Some(&place) = places.get(&token.content) {
            listed[place].options = token.options;
            continue;
        }
        let id = model.id(&token.content).unwrap_or_else(|| {
            let id = next;
            next = next.saturating_add(1);
            id
        });
        if let Some(said) = token.id.filter(|said| *said != id) {
            notes.push(format!(
                "the token \"{}\" has the id {id}, as in transformers, which numbers tokens that \
                 the vocabulary lacks one after another; the model's files say {said}",
                token.content
            ));
        }
        places.insert(token.content.clone(), listed.len());
        listed.push(ModelToken {
            id: Some(id),
            ..token
        });
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenize::files::SettingsFiles;

    const FILE: &str = r#"{"model": {"type": "WordLevel", "unk_token": "a", "vocab": {"a": 0, "b": 1}},
        "added_tokens": [{"id": 2, "content": "<s>", "special": true, "normalized": false}]}"#;

    fn added(files: SettingsFiles<'_>) -> Result<(Vec<Value>, Vec<String>), String> {
        let settings = ModelSettings::read(files).map_err(|error| error.to_string())?;
        let complete = complete(FILE.as_bytes(), &settings, &[]);
        let complete = complete.map_err(|error| error.to_string())?;
        let file: ListedTokens = serde_json::from_slice(&complete.json).unwrap();
        Ok((file.added_tokens.unwrap(), complete.notes))
    }

    #[test]
    fn tokens_follow_on_and_those_of_the_vocabulary_keep_their_ids() {
        let config = br#"{"pad_token": "<pad>", "mask_token": "b", "bos_token": "<s>",
            "added_tokens_decoder": {"7": {"content": "<x>", "rstrip": true}}}"#;
        let files = SettingsFiles {
            tokenizer_config: Some(config),
            ..SettingsFiles::default()
        };
        let (tokens, notes) = added(files).unwrap();
        let told: Vec<_> = tokens
            .iter()
            .map(|token| format!("{} {} {}", token["id"], token["content"], token["special"]))
            .collect();
        let expected = [
            "2 \"<s>\" true",
            "3 \"<x>\" false",
            "4 \"<pad>\" true",
            "1 \"b\" true",
        ];
        assert_eq!(told, expected);
        assert_eq!(notes.len(), 1);
        assert!(notes[0].contains("\"<x>\" has the id 3"), "{}", notes[0]);
    }

    #[test]
    fn files_that_contradict_are_refused() {
        let files = SettingsFiles {
            added_tokens: Some(br#"{"<t>": 2}"#),
            ..SettingsFiles::default()
        };
        assert_eq!(
            added(files).unwrap_err(),
            "cannot follow added_tokens.json: \"<t>\" has the id of \"<s>\" in tokenizer.json"
        );
        for config in [
            "[",
            "{\"bos_token\": 3}",
            "{\"added_tokens_decoder\": {\"-1\": {}}}",
        ] {
            let files = SettingsFiles {
                tokenizer_config: Some(config.as_bytes()),
                ..SettingsFiles::default()
            };
            let said = added(files).unwrap_err();
            assert!(said.contains("tokenizer_config.json"), "{said}");
        }
    }
}
