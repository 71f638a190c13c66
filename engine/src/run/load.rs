//! Reads the files that a plan needs beside its inputs: the pipeline file, the
//! tokenizers, and chat templates.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fuelrail_kernels::chat::ChatTemplates;
use fuelrail_kernels::tokenize::Tokenizer;

use crate::error::{Error, Result};
use crate::plan::{LoadedTokenizers, Pipeline, TemplatePlace, TokenizerKind, TokenizerRef};

use super::small_files::read;
use super::template_files;
use super::tokenizer_files::{self, NO_TOKENIZER};

/// Pipeline files are written by hand; a larger one is something else.
const MOST_PIPELINE: u64 = 4 << 20;
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

/// Loads the tokenizers and chat templates that `pipeline` names; paths are relative
/// to `base`.
///
/// # Errors
/// As [`load_tokenizer`], with the step; `Pipeline` or `Io` for files of templates that
/// are not there, or cannot be read.
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
    for (index, key, place) in pipeline.templates() {
        let found = match pipeline.kept.templates(&place) {
            Some(kept) => Ok(kept.clone()),
            None => load_templates(&place, base),
        };
        let found = found.map_err(|error| pipeline.locate_step(error, index, key))?;
        tokenizers.insert_templates(place, found);
    }
    Ok(tokenizers)
}

/// Reads the chat templates at a place.
fn load_templates(place: &TemplatePlace, base: &Path) -> Result<ChatTemplates> {
    match place {
        TemplatePlace::At(path) => template_files::at(&base.join(path)),
        TemplatePlace::Beside(name) if is_in_file(name) => template_files::beside(&base.join(name)),
        TemplatePlace::Beside(_) => Ok(ChatTemplates::default()),
    }
}

/// Whether a tokenizer of this name is in files.
fn is_in_file(name: &str) -> bool {
    !Tokenizer::builtin_names().contains(&name) && !name.contains("://")
}

/// Loads the tokenizer that `named` stands for; a path is relative to `base`.
///
/// # Errors
/// `Pipeline` for a name that is not built in, a file that is not there or is
/// no tokenizer; `Io` where the file cannot be read.
pub fn load_tokenizer(named: &TokenizerRef, base: &Path) -> Result<Arc<Tokenizer>> {
    let path = base.join(&named.name);
    let builtin = Tokenizer::builtin_names();
    let is_builtin = builtin.contains(&named.name.as_str());
    if !is_builtin && path.is_dir() {
        return tokenizer_files::of_folder(&path, named.family.as_ref()).map(Arc::new);
    }
    let tokenizer = match named.kind(builtin)? {
        TokenizerKind::Builtin => Tokenizer::builtin(&named.name)
            .ok_or_else(|| Error::internal(format!("no built-in tokenizer {}", named.name)))?,
        TokenizerKind::File if named.is_of_hub() && !path.exists() => {
            let message = format!("{NO_TOKENIZER}, got no file {}", path.display());
            return Err(Error::pipeline(message).with_hint(named.how_to_get()));
        }
        TokenizerKind::File => tokenizer_files::of_file(&path, named.family.as_ref())?,
    };
    Ok(Arc::new(tokenizer))
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

/// The place of the first of `ids` that is no token, and what is to be said of it.
#[must_use]
pub fn unknown_id(tokenizer: &Tokenizer, ids: &[i64]) -> Option<(usize, Error)> {
    let is_token = |id: i64| u32::try_from(id).is_ok_and(|id| tokenizer.token(id).is_some());
    let at = ids.iter().position(|&id| !is_token(id))?;
    let (id, n_ids) = (ids[at], tokenizer.vocab_size());
    let is_below = usize::try_from(id).is_ok_and(|id| id < n_ids);
    let message = if is_below {
        format!("expected ids of tokens, got {id}, which no token has")
    } else {
        format!("expected ids below {n_ids}, got {id}")
    };
    Some((at, Error::data(message)))
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
    Tokenizer::from_asset(kind, family, bytes)
        .map_err(|error| Error::damage("cannot use the dataset's tokenizer").with_source(error))
}
