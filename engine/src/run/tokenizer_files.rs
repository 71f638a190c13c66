//! The files that tokenizers are kept in: which one a path means, and of which
//! kind it is.

use std::path::{Path, PathBuf};

use fuelrail_kernels::tokenize::{ModelSettings, TiktokenRules, Tokenizer, TokenizerError};

use super::model_settings::settings;
use super::small_files::read;
use crate::error::{Error, Result};
use crate::plan::{TiktokenFamily, suggest};

/// The largest tokenizer files in use have some 40 MiB.
const MOST_TOKENIZER: u64 = 1 << 30;

/// How the refusal of a tokenizer that is not there begins.
pub(super) const NO_TOKENIZER: &str = "expected a tokenizer file";

/// How the file of an encoding of tiktoken ends that has its pattern and special
/// tokens beside its ranks, as datasets keep it.
const TIKTOKEN_JSON: &str = ".tiktoken.json";

/// What the files are called in the folder of a model, the first that is there
/// counts: a `tokenizer.json` says most, a vocabulary alone least.
const OF_FOLDER: [&str; 6] = [
    "tokenizer.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "vocab.json",
    "vocab.txt",
];

/// The tokenizer in the folder of a model.
///
/// # Errors
/// `Pipeline` if no tokenizer is there, else as [`of_file`].
pub(super) fn of_folder(folder: &Path, family: Option<&TiktokenFamily>) -> Result<Tokenizer> {
    let named = OF_FOLDER.iter().map(|name| folder.join(name));
    let path = match named.into_iter().find(|path| path.is_file()) {
        Some(path) => Some(path),
        None => match tiktoken_files(folder)?.as_slice() {
            [path] => Some(path.clone()),
            _ => None,
        },
    };
    if let Some(path) = path {
        return match settings(folder)? {
            Some(settings) => with_settings(&path, family, &settings),
            None => of_file(&path, family),
        };
    }
    let message = format!("{NO_TOKENIZER}, got the directory {}", folder.display());
    let hint = format!(
        "one of these makes it the folder of a model: {}",
        OF_FOLDER.join(", ")
    );
    Err(Error::pipeline(message).with_hint(hint))
}

/// The same with what else the folder says.
fn with_settings(
    path: &Path,
    family: Option<&TiktokenFamily>,
    settings: &ModelSettings,
) -> Result<Tokenizer> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or_default();
    let tokenizer = match name {
        "tokenizer.json" => settings.tokenizer_json(&read_tokenizer(path)?),
        "vocab.txt" => settings.vocab_txt(&read_tokenizer(path)?),
        "vocab.json" => {
            let merges = path.with_file_name("merges.txt");
            settings.gpt2_files(&read_tokenizer(path)?, &read_tokenizer(&merges)?)
        }
        _ => settings.beside(name, of_file(path, family)?),
    };
    usable(path, tokenizer)
}

fn tiktoken_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io("list", folder, error);
    let mut found = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "tiktoken")
        {
            found.push(path);
        }
    }
    Ok(found)
}

/// The tokenizer in a file, whose kind is told by its name and its content.
///
/// # Errors
/// `Pipeline` for a file that is not there or is no tokenizer; `Io` where it
/// cannot be read.
pub(super) fn of_file(path: &Path, family: Option<&TiktokenFamily>) -> Result<Tokenizer> {
    let name = path.file_name().and_then(|name| name.to_str());
    let extension = path.extension().and_then(|extension| extension.to_str());
    match (name, extension) {
        (Some(name), _) if name.ends_with("vocab.json") => {
            gpt2(path, &beside(path, "vocab.json", "merges.txt"))
        }
        (Some(name), _) if name.ends_with("merges.txt") => {
            gpt2(&beside(path, "merges.txt", "vocab.json"), path)
        }
        (Some(name), _) if name.ends_with(TIKTOKEN_JSON) => {
            let bytes = read_tokenizer(path)?;
            usable(path, Tokenizer::from_asset("tiktoken.json", None, &bytes))
        }
        (_, Some("json")) => {
            tokenizer_json(&read_tokenizer(path)?).map_err(|error| error.with_path(path))
        }
        (_, Some("txt")) => usable(path, Tokenizer::from_vocab_txt(&read_tokenizer(path)?)),
        (_, Some("tiktoken")) => tiktoken(path, &read_tokenizer(path)?, family),
        _ => {
            let bytes = read_tokenizer(path)?;
            if is_tiktoken(&bytes) {
                tiktoken(path, &bytes, family)
            } else {
                usable(path, Tokenizer::from_sentencepiece(&bytes))
            }
        }
    }
}

/// The tokenizer in the content of a `tokenizer.json`.
///
/// # Errors
/// `Pipeline` if it holds none that can be used, with what can be done.
pub fn tokenizer_json(bytes: &[u8]) -> Result<Tokenizer> {
    Tokenizer::from_tokenizer_json(bytes).map_err(refusal)
}

/// `prefix-vocab.json` is beside `prefix-merges.txt`.
fn beside(path: &Path, ending: &str, other: &str) -> PathBuf {
    let name = path.file_name().and_then(|name| name.to_str());
    let prefix = name.and_then(|name| name.strip_suffix(ending));
    path.with_file_name(format!("{}{other}", prefix.unwrap_or_default()))
}

fn gpt2(vocab: &Path, merges: &Path) -> Result<Tokenizer> {
    let (vocab_bytes, merges_bytes) = (read_tokenizer(vocab)?, read_tokenizer(merges)?);
    usable(
        vocab,
        Tokenizer::from_gpt2_files(&vocab_bytes, &merges_bytes),
    )
}

/// Whether a file starts with a line of `<base64> <rank>`, as some tokenizers
/// of tiktoken are called `tokenizer.model`.
fn is_tiktoken(bytes: &[u8]) -> bool {
    let line = bytes
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let is_text =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b' ');
    line.contains(&b' ') && line.trim_ascii_end().iter().all(is_text)
}

/// The family is the one named, else the file's own name.
fn tiktoken(path: &Path, bytes: &[u8], family: Option<&TiktokenFamily>) -> Result<Tokenizer> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let named = match family {
        Some(TiktokenFamily::Rules(rules)) => return with_rules(path, bytes, rules),
        Some(TiktokenFamily::Named(name)) => Some(name.as_str()),
        None => None,
    };
    let known = Tokenizer::family_names();
    let name = named.or(stem).unwrap_or_default();
    if !known.contains(&name) {
        let hint = match named {
            Some(name) => suggest::hint(name, "known families", known.iter().copied()),
            None => Some(format!("name it with `family`: {}", known.join(", "))),
        };
        let error = Error::pipeline(format!(
            "expected a family of tiktoken encodings, got {name:?}"
        ));
        return Err(error.with_hint(hint.unwrap_or_default()));
    }
    usable(path, Tokenizer::from_tiktoken(bytes, name))
}

/// With a pattern and special tokens of the user's.
fn with_rules(path: &Path, bytes: &[u8], rules: &TiktokenRules) -> Result<Tokenizer> {
    let tokenizer = Tokenizer::from_tiktoken_rules(bytes, rules.clone());
    tokenizer.map_err(|error| match error {
        // Of the file nothing is a matter of support.
        TokenizerError::Unsupported { .. } => {
            Error::pipeline("cannot use the pattern and special tokens of the family")
                .with_source(error)
        }
        other => refusal(other).with_path(path),
    })
}

fn usable(path: &Path, tokenizer: Result<Tokenizer, TokenizerError>) -> Result<Tokenizer> {
    tokenizer.map_err(|error| refusal(error).with_path(path))
}

fn refusal(error: TokenizerError) -> Error {
    let hint = error.hint();
    let refusal = Error::pipeline("cannot use the tokenizer").with_source(error);
    match hint {
        Some(hint) => refusal.with_hint(hint),
        None => refusal,
    }
}

fn read_tokenizer(path: &Path) -> Result<Vec<u8>> {
    if !path.exists() {
        let message = format!("{NO_TOKENIZER}, got no file {}", path.display());
        return Err(Error::pipeline(message));
    }
    read(path, MOST_TOKENIZER, "the tokenizer")
}
