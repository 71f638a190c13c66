//! Files that travel with the dataset: each once, under a name of its own.

use std::sync::Arc;

use fuelrail_kernels::chat::ChatTemplate;
use fuelrail_kernels::tokenize::Tokenizer;

use crate::plan::types::Asset;

/// What assets that hold a chat template are.
const CHAT_TEMPLATE: &str = "chat_template";

/// What assets are that hold a `.tiktoken` file with its pattern and special tokens.
const TIKTOKEN_JSON: &str = "tiktoken.json";

/// The name of the tokenizer's file.
pub(super) fn of_tokenizer(tokenizer: &Tokenizer, assets: &mut Vec<Asset>) -> String {
    let found = tokenizer.asset();
    let (stem, extension) = match (&found.family, found.kind) {
        (Some(family), _) => (family.clone(), "tiktoken"),
        (None, TIKTOKEN_JSON) => ("tokenizer".to_owned(), TIKTOKEN_JSON),
        (None, _) => ("tokenizer".to_owned(), "json"),
    };
    let asset = Asset {
        name: String::new(),
        kind: found.kind.to_owned(),
        family: found.family,
        bytes: found.bytes.into(),
    };
    add(asset, (&stem, extension), assets)
}

/// The name of the template's file.
pub(super) fn of_template(template: &ChatTemplate, assets: &mut Vec<Asset>) -> String {
    let asset = Asset {
        name: String::new(),
        kind: CHAT_TEMPLATE.to_owned(),
        family: None,
        bytes: Arc::from(template.source().as_bytes()),
    };
    add(asset, (CHAT_TEMPLATE, "jinja"), assets)
}

/// Adds a file unless there is an equal one, and gives its name.
fn add(asset: Asset, (stem, extension): (&str, &str), assets: &mut Vec<Asset>) -> String {
    let same = |other: &&Asset| {
        other.kind == asset.kind && other.family == asset.family && *other.bytes == *asset.bytes
    };
    if let Some(other) = assets.iter().find(same) {
        return other.name.clone();
    }
    let mut name = format!("{stem}.{extension}");
    let mut number = 2;
    while assets.iter().any(|asset| asset.name == name) {
        name = format!("{stem}-{number}.{extension}");
        number += 1;
    }
    assets.push(Asset {
        name: name.clone(),
        ..asset
    });
    name
}
