//! The `added_tokens` of a `tokenizer.json`, beside a model of any kind.
//!
//! They keep the ids of the file. Hugging Face takes the id of a token that the
//! model knows from the model, and numbers the others anew, in the order of the
//! file from the number of the model's tokens on; where that gives other ids,
//! there is a note.

use rustc_hash::FxHashSet;
use serde_json::Value;

use super::members::{JsonMembers, shown};
use crate::tokenize::error::TokenizerError;
use crate::tokenize::model::TokenTable;
use crate::tokenize::special::{AddedOptions, AddedToken};

/// The added tokens of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddedTokens {
    /// In ascending order of ids.
    pub(crate) tokens: Vec<AddedToken>,
    /// A sentence, if Hugging Face gives other ids.
    pub(crate) note: Option<String>,
}

/// Reads `added_tokens`, which may be null, beside the tokens of a model.
///
/// # Errors
/// `Unsupported` with the place of what is not as it should be, `Inconsistent`
/// if ids or tokens repeat or contradict the model.
pub(crate) fn parse(value: &Value, model: &TokenTable) -> Result<AddedTokens, TokenizerError> {
    let items = match value {
        Value::Null => &[],
        Value::Array(items) => items.as_slice(),
        other => {
            let found = shown(other);
            return Err(TokenizerError::unsupported("added_tokens", "a list", found));
        }
    };
    let mut tokens = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let members = JsonMembers::of(item, format!("added_tokens[{at}]"))?;
        let token = token(&members)?;
        // Hugging Face leaves them out.
        if !token.content.is_empty() {
            check(&token, model, members.place())?;
            tokens.push(token);
        }
    }
    let note = renumbered(&tokens, model);
    check_unique(&tokens)?;
    tokens.sort_by_key(|token| token.id);
    Ok(AddedTokens { tokens, note })
}

fn token(members: &JsonMembers<'_>) -> Result<AddedToken, TokenizerError> {
    Ok(AddedToken {
        id: members.id("id")?,
        content: members.text("content")?.to_owned(),
        options: AddedOptions {
            special: members.flag("special")?,
            lstrip: members.flag("lstrip")?,
            rstrip: members.flag("rstrip")?,
            single_word: members.flag("single_word")?,
            normalized: members.flag("normalized")?,
        },
    })
}

fn check(token: &AddedToken, model: &TokenTable, place: &str) -> Result<(), TokenizerError> {
    let AddedToken { id, content, .. } = token;
    let refuse = |what: String| {
        let message = format!("{place}: id {id} is {what}");
        Err(TokenizerError::inconsistent("added_tokens", message))
    };
    if *id == u32::MAX {
        return refuse("too large".to_owned());
    }
    match (model.id(content), model.token(*id)) {
        (Some(known), _) if known == *id => Ok(()),
        (Some(known), _) => refuse(format!(
            "given to \"{content}\", which the model knows as {known}"
        )),
        (None, Some(other)) => refuse(format!(
            "given to \"{content}\" and to the model's \"{other}\""
        )),
        (None, None) => Ok(()),
    }
}

fn check_unique(tokens: &[AddedToken]) -> Result<(), TokenizerError> {
    let (mut ids, mut contents) = (FxHashSet::default(), FxHashSet::default());
    for AddedToken { id, content, .. } in tokens {
        let what = if !contents.insert(content) {
            format!("\"{content}\" is there twice")
        } else if !ids.insert(id) {
            format!("id {id} is given to \"{content}\" and to another")
        } else {
            continue;
        };
        return Err(TokenizerError::inconsistent("added_tokens", what));
    }
    Ok(())
}

fn renumbered(tokens: &[AddedToken], model: &TokenTable) -> Option<String> {
    let own = |token: &&AddedToken| model.id(&token.content).is_none();
    let numbers = u32::try_from(model.len()).ok()?..;
    let mut renumbered = tokens
        .iter()
        .filter(own)
        .zip(numbers)
        .filter(|(token, number)| token.id != *number);
    let (AddedToken { id, content, .. }, number) = renumbered.next()?;
    let others = match renumbered.count() {
        0 => String::new(),
        n => format!(", and so on for {n} more"),
    };
    Some(format!(
        "added tokens keep the ids of the file, though these do not follow on: Hugging Face \
         renumbers \"{content}\" from {id} to {number}{others}"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn added(tokens: &[(u32, &str)]) -> Result<AddedTokens, TokenizerError> {
        let entry = |(id, content): &(u32, &str)| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false,
                "rstrip": true, "normalized": false, "special": true})
        };
        let model = TokenTable::new([(0, "a"), (1, "<s>")].into_iter()).unwrap();
        parse(&Value::Array(tokens.iter().map(entry).collect()), &model)
    }

    #[test]
    fn ids_are_those_of_the_file() {
        let read = added(&[(7, "x"), (1, "<s>"), (3, ""), (2, "y")]).unwrap();
        let ids: Vec<u32> = read.tokens.iter().map(|token| token.id).collect();
        assert_eq!(ids, [1, 2, 7]);
        assert_eq!(
            read.note.unwrap(),
            "added tokens keep the ids of the file, though these do not follow on: Hugging Face \
             renumbers \"x\" from 7 to 2, and so on for 1 more"
        );
        assert_eq!(added(&[(2, "y"), (3, "x")]).unwrap().note, None);
    }

    #[test]
    fn contradictions_are_refused() {
        let refusal = |tokens: &[(u32, &str)]| added(tokens).unwrap_err().to_string();
        let refusals = [
            refusal(&[(2, "a")]),
            refusal(&[(0, "b")]),
            refusal(&[(2, "b"), (2, "c")]),
            refusal(&[(2, "b"), (3, "b")]),
            refusal(&[(u32::MAX, "b")]),
            parse(
                &json!([{"id": 0}]),
                &TokenTable::new([].into_iter()).unwrap(),
            )
            .unwrap_err()
            .to_string(),
        ];
        let expected = [
            "`added_tokens` is inconsistent: added_tokens[0]: id 2 is given to \"a\", which the \
             model knows as 0",
            "`added_tokens` is inconsistent: added_tokens[0]: id 0 is given to \"b\" and to the \
             model's \"a\"",
            "`added_tokens` is inconsistent: id 2 is given to \"c\" and to another",
            "`added_tokens` is inconsistent: \"b\" is there twice",
            "`added_tokens` is inconsistent: added_tokens[0]: id 4294967295 is too large",
            "`added_tokens[0].content` is not supported: expected a string, got nothing",
        ];
        assert_eq!(refusals, expected);
    }
}
