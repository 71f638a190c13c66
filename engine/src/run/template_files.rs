//! The files that chat templates are kept in: a model's folder, or one file.

use std::path::{Path, PathBuf};

use fuelrail_kernels::chat::ChatTemplates;

use super::model_settings::{self, model_config};
use super::small_files::read;
use crate::error::{Error, Result};

/// The largest configurations in use, with all added tokens, have some MiB.
const MOST_TEMPLATES: u64 = 64 << 20;

/// What a template without a name is called.
const DEFAULT: &str = "default";

/// The templates beside a tokenizer: in the folder of a model, or in that of a
/// file. There may be none.
///
/// # Errors
/// As [`at`], for files that are there.
pub(super) fn beside(tokenizer: &Path) -> Result<ChatTemplates> {
    if tokenizer.is_dir() {
        return of_folder(tokenizer);
    }
    match tokenizer.parent() {
        Some(folder) if folder.as_os_str().is_empty() => of_folder(Path::new(".")),
        Some(folder) => of_folder(folder),
        None => Ok(ChatTemplates::default()),
    }
}

/// The templates of a folder, of a `tokenizer_config.json`, or of a file that is one.
///
/// # Errors
/// `Pipeline` for a file that is not there or holds none; `Io` where it cannot be
/// read.
pub(super) fn at(path: &Path) -> Result<ChatTemplates> {
    if path.is_dir() {
        return of_folder(path);
    }
    if !path.exists() {
        return Err(Error::pipeline(format!(
            "expected the file of a chat template, got no file {}",
            path.display()
        ))
        .with_hint("the path is relative to the pipeline file's directory"));
    }
    let text = text_of(path)?;
    if path
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        return of_config(path, &text);
    }
    Ok(ChatTemplates::default().with_files([(DEFAULT, text.as_str())]))
}

fn of_folder(folder: &Path) -> Result<ChatTemplates> {
    let templates = match model_config(folder)? {
        Some(config) => of_config(&folder.join(model_settings::CONFIG), &config)?,
        None => ChatTemplates::default(),
    };
    let mut files = Vec::new();
    let only = folder.join("chat_template.jinja");
    if only.is_file() {
        files.push((DEFAULT.to_owned(), text_of(&only)?));
    }
    for path in jinja_files(&folder.join("additional_chat_templates"))? {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(stem) = stem {
            files.push((stem.to_owned(), text_of(&path)?));
        }
    }
    let files = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    Ok(templates.with_files(files))
}

/// The templates in a folder, if there is one, by name.
fn jinja_files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |error| Error::io("list", folder, error);
    let mut found = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jinja")
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn of_config(path: &Path, text: &str) -> Result<ChatTemplates> {
    ChatTemplates::from_tokenizer_config(text).map_err(|error| {
        Error::pipeline("cannot use the tokenizer's configuration")
            .with_source(error)
            .with_path(path)
    })
}

fn text_of(path: &Path) -> Result<String> {
    let bytes = read(path, MOST_TEMPLATES, "the chat template")?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::pipeline(format!(
            "expected a chat template in UTF-8, got something else at byte {at}"
        ))
        .with_path(path)
    })
}
