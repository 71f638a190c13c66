//! Row groups as the decoder takes them: each column's pages, checked.

use std::sync::Arc;

use parquet::arrow::arrow_reader::RowGroups;
use parquet::column::page::{PageIterator, PageReader};
use parquet::errors::Result;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::chunk::{Checksums, Chunk};
use super::disk::Disk;
use super::levels::Nesting;
use super::pages::Pages;
use super::writer::Writer;

/// One row group of a file, for the decoder.
#[derive(Debug)]
pub(super) struct DecodedGroup {
    disk: Disk,
    metadata: Arc<ParquetMetaData>,
    checksums: Checksums,
    index: usize,
}

impl DecodedGroup {
    pub(super) fn new(
        disk: Disk,
        metadata: Arc<ParquetMetaData>,
        checksums: Checksums,
        index: usize,
    ) -> Self {
        Self {
            disk,
            metadata,
            checksums,
            index,
        }
    }
}

impl RowGroups for DecodedGroup {
    fn num_rows(&self) -> usize {
        usize::try_from(self.metadata.row_group(self.index).num_rows()).unwrap_or(0)
    }

    fn column_chunks(&self, i: usize) -> Result<Box<dyn PageIterator>> {
        let group = self.metadata.row_group(self.index);
        let column = group.column(i);
        let writer = Writer::of(&self.metadata);
        let chunk = Chunk::new(&self.disk, column, writer, self.checksums);
        let schema = self.metadata.file_metadata().schema_descr();
        let nesting = Nesting::of(schema.root_schema(), column.column_descr());
        let pages = Pages::new(chunk, column, self.num_rows(), nesting, writer)?;
        Ok(Box::new(OneChunk(Some(Box::new(pages)))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(std::iter::once(self.metadata.row_group(self.index)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// The decoder asks for an iterator over chunks; there is one.
struct OneChunk(Option<Box<dyn PageReader>>);

impl Iterator for OneChunk {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageIterator for OneChunk {}
