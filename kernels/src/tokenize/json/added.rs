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
pub(super) struct Entry {
    id: u32,
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    special: bool,
}

/// The tokens with the ids that the file gives them.
///
/// Hugging Face takes the id of a token that the model knows from the model,
/// and numbers the others anew from the model's size on, so it differs where
/// the file's ids have holes. Here the file is kept to: ids that contradict
/// the model are refused, holes stay holes.
pub(super) fn load(entries: Vec<Entry>, model: &Loaded) -> Result<Vec<AddedToken>, TokenizerError> {
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

fn check(entry: &Entry, model: &Loaded) -> Result<(), TokenizerError> {
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
            let is_taken = model.vocab.token(entry.id).is_some()
                || model.unspelled.iter().any(|(id, _)| *id == entry.id);
            if is_taken {
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
