//! The `added_tokens` of a `tokenizer.json`.

use serde::Deserialize;

use super::model::Loaded;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::special::{AddedOptions, AddedToken};

/// One of them, as it is written.
#[derive(Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags of the file format"
)]
pub(super) struct AddedEntry {
    id: u32,
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    special: bool,
}

/// The tokens with the ids that the file gives them: ids that contradict the
/// model are refused, holes stay holes. See [`renumbered`].
pub(super) fn load(
    entries: Vec<AddedEntry>,
    model: &Loaded,
) -> Result<Vec<AddedToken>, TokenizerError> {
    let mut added: Vec<AddedToken> = Vec::with_capacity(entries.len());
    for entry in entries {
        if entry.content.is_empty() {
            continue;
        }
        check(&entry, model)?;
        added.push(AddedToken {
            id: entry.id,
            options: AddedOptions {
                special: entry.special,
                lstrip: entry.lstrip,
                rstrip: entry.rstrip,
                single_word: entry.single_word,
                normalized: entry.normalized,
            },
            content: entry.content,
        });
    }
    added.sort_by_key(|token| token.id);
    for (one, other) in added.iter().zip(added.iter().skip(1)) {
        if one.id == other.id {
            let what = format!("given to \"{}\" and \"{}\"", one.content, other.content);
            return Err(refusal(one.id, &what));
        }
    }
    let mut contents: Vec<&str> = added.iter().map(|token| token.content.as_str()).collect();
    contents.sort_unstable();
    if let Some((twice, _)) = contents
        .iter()
        .zip(contents.iter().skip(1))
        .find(|(a, b)| a == b)
    {
        return Err(TokenizerError::inconsistent(
            "added_tokens",
            format!("\"{twice}\" is there twice"),
        ));
    }
    Ok(added)
}

/// A note on tokens to which Hugging Face gives another id than the file does.
///
/// It takes the id of a token that the model knows from the model, and numbers
/// the others anew: in the order of the file, from the number of the model's
/// tokens on. So it differs where the file's ids have holes.
pub(super) fn renumbered(entries: &[AddedEntry], model: &Loaded) -> Option<String> {
    let own = |entry: &&AddedEntry| {
        let content = &entry.content;
        !content.is_empty() && !model.ids.contains_key(content)
    };
    let numbers = u32::try_from(model.ids.len()).ok()?..;
    let renumbered: Vec<(&AddedEntry, u32)> = entries
        .iter()
        .filter(own)
        .zip(numbers)
        .filter(|(entry, number)| entry.id != *number)
        .collect();
    let (first, number) = renumbered.first()?;
    let AddedEntry { id, content, .. } = first;
    let others = match renumbered.len() - 1 {
        0 => String::new(),
        n => format!(", and so on for {n} more"),
    };
    Some(format!(
        "added tokens keep the ids of the file, though these do not follow on: Hugging Face \
         renumbers \"{content}\" from {id} to {number}{others}"
    ))
}

/// Refuses a token that a template names, if the file knows it by another id
/// or does not have the id.
pub(super) fn check_named(
    token: &str,
    id: u32,
    added: &[AddedToken],
    model: &Loaded,
) -> Result<(), TokenizerError> {
    let content = added.iter().find(|other| other.content == token);
    let known = content
        .map(|token| token.id)
        .or_else(|| model.ids.get(token).copied());
    let refuse = |what: String| {
        let message = format!("\"{token}\" has id {id} there, {what}");
        Err(TokenizerError::inconsistent("post_processor", message))
    };
    match known {
        Some(known) if known == id => Ok(()),
        Some(known) => refuse(format!("and {known} in the vocabulary")),
        None if model.has(id) || added.iter().any(|token| token.id == id) => Ok(()),
        None => refuse("which the vocabulary does not have".to_owned()),
    }
}

fn check(entry: &AddedEntry, model: &Loaded) -> Result<(), TokenizerError> {
    if entry.id == u32::MAX {
        return Err(refusal(entry.id, "too large"));
    }
    match model.ids.get(&entry.content) {
        Some(&id) if id == entry.id => Ok(()),
        Some(id) => Err(refusal(
            entry.id,
            &format!(
                "given to \"{}\", which the model knows as {id}",
                entry.content
            ),
        )),
        None => {
            if model.has(entry.id) {
                let what = format!("given to \"{}\" and to a token of the model", entry.content);
                return Err(refusal(entry.id, &what));
            }
            Ok(())
        }
    }
}

fn refusal(id: u32, what: &str) -> TokenizerError {
    TokenizerError::inconsistent("added_tokens", format!("id {id} is {what}"))
}
