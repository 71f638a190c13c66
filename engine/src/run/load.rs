//! Reads the files that a plan needs beside its inputs: the pipeline file and
//! the tokenizers.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fuelrail_kernels::tokenize::Tokenizer;

use crate::error::{Error, Result};
use crate::plan::{LoadedTokenizers, Pipeline, TokenizerKind, TokenizerRef, suggest};

/// Pipeline files are written by hand; a larger one is something else.
const MOST_PIPELINE: u64 = 4 << 20;
/// The largest tokenizer files in use have some 40 MiB.
const MOST_TOKENIZER: u64 = 1 << 30;

/// What the file is called in the directory of a model.
const TOKENIZER_JSON: &str = "tokenizer.json";

/// How the refusal of a tokenizer that is not there begins.
const NO_TOKENIZER: &str = "expected a tokenizer file";

/// As many threads as asked for, else one for each core this process may use.
#[must_use]
pub fn threads(asked: Option<NonZeroUsize>) -> usize {
    asked.map_or_else(
        || std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        NonZeroUsize::get,
    )
}

/// Reads a pipeline file and applies overrides of the form `step.key=value`;
/// gives the directory its paths are relative to.
///
/// # Errors
/// `Io` where the file cannot be read, else as [`Pipeline::from_toml_with`].
pub fn read_pipeline(path: &Path, overrides: &[String]) -> Result<(Pipeline, PathBuf)> {
    let bytes = read(path, MOST_PIPELINE, "the pipeline file")?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::pipeline(format!(
            "expected a TOML file in UTF-8, got something else at byte {at}"
        ))
        .with_path(path)
    })?;
    let pipeline = Pipeline::from_toml_with(&text, path, overrides)?;
    let base = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok((pipeline, base))
}

/// Loads the tokenizers that `pipeline` names; paths are relative to `base`.
///
/// # Errors
/// As [`load_tokenizer`], with the step.
pub fn load_tokenizers(pipeline: &Pipeline, base: &Path) -> Result<LoadedTokenizers> {
    let mut tokenizers = LoadedTokenizers::default();
    for (index, named) in pipeline.tokenizers() {
        if let Some(kept) = pipeline.kept.get(&named) {
            tokenizers.insert(named, Arc::clone(kept));
            continue;
        }
        let tokenizer = load_tokenizer(&named, base).map_err(|error| {
            let error = if error.message().starts_with(NO_TOKENIZER) {
                error.with_hint("the path is relative to the pipeline file's directory")
            } else {
                error
            };
            let key = match named.family {
                Some(_) if error.message().contains("family") => "family",
                _ => "tokenizer",
            };
            pipeline.locate_step(error, index, key)
        })?;
        tokenizers.insert(named, tokenizer);
    }
    Ok(tokenizers)
}

/// Loads the tokenizer that `named` stands for; a path is relative to `base`.
///
/// # Errors
/// `Pipeline` for a name that is not built in, a file that is not there or is
/// no tokenizer; `Io` where the file cannot be read.
pub fn load_tokenizer(named: &TokenizerRef, base: &Path) -> Result<Arc<Tokenizer>> {
    let path = base.join(&named.name);
    let builtin = Tokenizer::builtin_names();
    if path.is_dir() && !builtin.contains(&named.name.as_str()) {
        return Err(directory(&path));
    }
    let kind = named.kind(builtin)?;
    let tokenizer = match kind {
        TokenizerKind::Builtin => Tokenizer::builtin(&named.name)
            .ok_or_else(|| Error::internal(format!("no built-in tokenizer {}", named.name)))?,
        TokenizerKind::TokenizerJson => {
            tokenizer_json(&read_tokenizer(&path)?).map_err(|error| error.with_path(&path))?
        }
        TokenizerKind::Tiktoken => tiktoken(named, &path)?,
    };
    Ok(Arc::new(tokenizer))
}

/// The refusal of a directory, as models are kept in.
fn directory(path: &Path) -> Error {
    let message = format!("{NO_TOKENIZER}, got the directory {}", path.display());
    let error = Error::pipeline(message);
    if path.join(TOKENIZER_JSON).is_file() {
        error.with_hint("name the tokenizer.json in it")
    } else {
        error
    }
}

/// The tokenizer in the content of a `tokenizer.json`.
///
/// # Errors
/// `Pipeline` if it holds none that can be used, with what can be done.
pub fn tokenizer_json(bytes: &[u8]) -> Result<Tokenizer> {
    Tokenizer::from_tokenizer_json(bytes).map_err(|error| {
        let hint = error.hint();
        let refusal = Error::pipeline("cannot use the tokenizer").with_source(error);
        match hint {
            Some(hint) => refusal.with_hint(hint),
            None => refusal,
        }
    })
}

/// Sees to it that what the tokenizer's file puts around a text is known, for
/// those who have no other way to say it.
///
/// # Errors
/// `Pipeline` with the part of the post-processor that cannot be honoured.
pub fn check_template(tokenizer: &Tokenizer) -> Result<()> {
    tokenizer.template().map(|_| ()).map_err(|error| {
        Error::pipeline("cannot use the tokenizer")
            .with_source(error.clone())
            .with_hint("take the post-processor out of the tokenizer's file")
    })
}

/// The family is the one named, else the file's own name.
fn tiktoken(named: &TokenizerRef, path: &Path) -> Result<Tokenizer> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let family = named.family.as_deref().or(stem).unwrap_or_default();
    let known = Tokenizer::builtin_names();
    if !known.contains(&family) {
        let hint = match &named.family {
            Some(family) => suggest::hint(family, "known families", known.iter().copied()),
            None => Some(format!("name it with `family`: {}", known.join(", "))),
        };
        let error = Error::pipeline(format!(
            "expected a family of tiktoken encodings, got {family:?}"
        ));
        return Err(error.with_hint(hint.unwrap_or_default()));
    }
    let bytes = read_tokenizer(path)?;
    Tokenizer::from_tiktoken(&bytes, family).map_err(|error| {
        Error::pipeline("cannot use the tokenizer")
            .with_source(error)
            .with_path(path)
    })
}

fn read_tokenizer(path: &Path) -> Result<Vec<u8>> {
    if !path.exists() {
        let message = format!("{NO_TOKENIZER}, got no file {}", path.display());
        return Err(Error::pipeline(message));
    }
    read(path, MOST_TOKENIZER, "the tokenizer")
}

/// A whole file, unless it is larger than such files ever are.
fn read(path: &Path, most: u64, what: &str) -> Result<Vec<u8>> {
    let failed = |error| Error::io(&format!("read {what}"), path, error);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(
            Error::pipeline(format!("expected {what} in at most {most} bytes, got more"))
                .with_path(path),
        );
    }
    Ok(bytes)
}

/// The tokenizer that an asset of a dataset holds.
///
/// # Errors
/// `Damage` if it does not hold one.
pub(super) fn tokenizer_of_asset(
    kind: &str,
    family: Option<&str>,
    bytes: &[u8],
) -> Result<Tokenizer> {
    let tokenizer = match (kind, family) {
        ("tokenizer.json", _) => Tokenizer::from_tokenizer_json(bytes),
        ("tiktoken", Some(family)) => Tokenizer::from_tiktoken(bytes, family),
        _ => {
            return Err(Error::damage(format!(
                "expected a tokenizer.json or tiktoken asset, got {kind:?}"
            )));
        }
    };
    tokenizer
        .map_err(|error| Error::damage("cannot use the dataset's tokenizer").with_source(error))
}
