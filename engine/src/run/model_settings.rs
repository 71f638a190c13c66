//! The files of a model's folder that say more than its vocabulary.

use std::path::Path;

use fuelrail_kernels::tokenize::{ModelSettings, SettingsFiles};

use super::small_files::read;
use crate::error::{Error, Result};

/// The largest in use, with all added tokens and templates, have some MiB.
const MOST_SETTINGS: u64 = 64 << 20;

/// The file that newer folders have.
pub(super) const CONFIG: &str = "tokenizer_config.json";

/// What a folder says, if it has any of the files.
///
/// # Errors
/// `Pipeline` for a file that is not JSON of its layout; `Io` where one cannot be
/// read.
pub(super) fn settings(folder: &Path) -> Result<Option<ModelSettings>> {
    let content = |name: &str| {
        let path = folder.join(name);
        let read = || read(&path, MOST_SETTINGS, "the tokenizer's configuration");
        path.is_file().then(read).transpose()
    };
    let config = content(CONFIG)?;
    let map = content("special_tokens_map.json")?;
    let added = content("added_tokens.json")?;
    if config.is_none() && map.is_none() && added.is_none() {
        return Ok(None);
    }
    let files = SettingsFiles {
        tokenizer_config: config.as_deref(),
        special_tokens_map: map.as_deref(),
        added_tokens: added.as_deref(),
    };
    let settings = ModelSettings::read(files).map_err(|error| {
        Error::pipeline("cannot use the tokenizer's configuration")
            .with_source(error)
            .with_path(folder)
    })?;
    Ok(Some(settings))
}

/// The `tokenizer_config.json` that says what all files of a model's folder do,
/// if there are any.
///
/// # Errors
/// `Pipeline` for a file that is not JSON of its layout; `Io` where one cannot be
/// read.
pub fn model_config(folder: &Path) -> Result<Option<String>> {
    Ok(settings(folder)?.map(|settings| settings.config()))
}
