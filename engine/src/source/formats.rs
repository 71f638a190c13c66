//! Which source reads which layout.

use super::images::ImageFiles;
use super::ipc::Arrow;
use super::jsonl::Jsonl;
use super::memory::MemoryTables;
use super::parquet::Parquet;
use super::request::Source;
use super::tar::Tar;
use super::text::Text;
use crate::plan::Format;

/// The source that reads `format`.
#[must_use]
pub fn for_format(format: Format) -> &'static dyn Source {
    match format {
        Format::Parquet => &Parquet,
        Format::Arrow => &Arrow,
        Format::Jsonl => &Jsonl,
        Format::Text => &Text,
        Format::Images => &ImageFiles,
        Format::Tar => &Tar,
        Format::Table => &MemoryTables,
    }
}
