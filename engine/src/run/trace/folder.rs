//! The page of a story and its pictures as files of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::encode::png_of;
use super::page::trace_page;
use super::picture::TracePicture;
use super::told::Trace;
use crate::error::{Error, ErrorKind, Result};
use crate::format::MANIFEST;

/// Writes `index.html` and each picture as PNG into a folder, which is made if there is
/// none, and gives their paths. Files of these names are replaced.
///
/// # Errors
/// `Usage` for a folder that is a dataset or a file, `Io` as the operating system reports it.
pub fn write_trace(trace: &Trace, folder: &Path, command: &str) -> Result<Vec<PathBuf>> {
    let refused = |what: &str| {
        let message = format!("expected a folder for the page, got {what}");
        Err(Error::new(ErrorKind::Usage, message).with_path(folder))
    };
    if folder.join(MANIFEST).exists() {
        return refused("a dataset");
    }
    if folder.exists() && !folder.is_dir() {
        return refused("a file");
    }
    fs::create_dir_all(folder).map_err(|e| Error::io("make a folder", folder, e))?;
    let mut written = Vec::new();
    let mut write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|e| Error::io("write a file", &path, e))?;
        written.push(path);
        Ok::<(), Error>(())
    };
    write("index.html", trace_page(trace, command)?.as_bytes())?;
    for picture in pictures(trace) {
        write(&picture.file, &png_of(picture)?)?;
    }
    Ok(written)
}

/// All pictures of a story, in order.
fn pictures(trace: &Trace) -> impl Iterator<Item = &TracePicture> {
    trace.columns.iter().flat_map(|column| {
        let of_steps = column.steps.iter().flat_map(|step| {
            let second = step.second.as_ref().and_then(|it| it.picture.as_ref());
            second.into_iter().chain(&step.picture)
        });
        column.picture.iter().chain(of_steps)
    })
}
