//! The digest of a table's values: the same however they lie in memory.

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeListArray, UInt64Array, make_array};
use arrow::buffer::NullBuffer;
use arrow::compute::take;
use arrow::datatypes::DataType;
use twox_hash::XxHash3_128;

use crate::error::{Error, Result};

/// Takes in values, column by column, and counts their bytes.
#[derive(Default)]
pub(super) struct Absorber {
    hasher: XxHash3_128,
    n_bytes: u64,
}

impl Absorber {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.hasher.write(bytes);
        self.n_bytes += bytes.len() as u64;
    }

    /// Text with its length, so that no two sequences of texts are alike.
    pub(super) fn text(&mut self, text: &str) {
        self.bytes(&(text.len() as u64).to_le_bytes());
        self.bytes(text.as_bytes());
    }

    /// Bytes taken in so far.
    pub(super) fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    pub(super) fn finish(&self) -> u128 {
        self.hasher.clone().finish_128()
    }

    /// Takes in `array`, which is of a plain type with the widest offsets. What
    /// stands behind nulls is no value and does not count. Types that no plan
    /// reads have none either.
    pub(super) fn array(&mut self, array: &ArrayRef) -> Result<()> {
        let validity: Vec<u8> = match array.nulls() {
            Some(nulls) => nulls.iter().map(u8::from).collect(),
            None => vec![1; array.len()],
        };
        self.bytes(&validity);
        match array.data_type() {
            DataType::Boolean => {
                let bits = array.as_boolean().values().iter().zip(validity);
                let bits: Vec<u8> = bits.map(|(bit, valid)| u8::from(bit) & valid).collect();
                self.bytes(&bits);
                Ok(())
            }
            DataType::LargeUtf8 => {
                let array = array.as_string::<i64>();
                self.runs(array.value_offsets(), array.value_data(), &validity);
                Ok(())
            }
            DataType::LargeBinary => {
                let array = array.as_binary::<i64>();
                self.runs(array.value_offsets(), array.value_data(), &validity);
                Ok(())
            }
            DataType::LargeList(_) => self.lists(array, &validity),
            DataType::FixedSizeList(_, _) => self.fixed_lists(array.as_fixed_size_list()),
            DataType::Struct(_) => {
                let columns = array.as_struct().columns().iter();
                let mut hidden = columns.map(|column| masked(column, array.nulls()));
                hidden.try_for_each(|column| self.array(&column?))
            }
            fixed => {
                let width = match fixed {
                    DataType::FixedSizeBinary(len) => usize::try_from(*len).unwrap_or(0),
                    fixed => fixed.primitive_width().unwrap_or(0),
                };
                self.fixed(array, width, &validity);
                Ok(())
            }
        }
    }

    fn fixed(&mut self, array: &ArrayRef, width: usize, validity: &[u8]) {
        let data = array.to_data();
        let (start, len) = (data.offset() * width, data.len() * width);
        let bytes = data.buffers().first().filter(|_| width > 0);
        let Some(bytes) = bytes.and_then(|bytes| bytes.as_slice().get(start..start + len)) else {
            return;
        };
        if array.null_count() == 0 {
            return self.bytes(bytes);
        }
        let mut bytes = bytes.to_vec();
        for (value, valid) in bytes.chunks_exact_mut(width).zip(validity) {
            if *valid == 0 {
                value.fill(0);
            }
        }
        self.bytes(&bytes);
    }

    fn runs(&mut self, offsets: &[i64], bytes: &[u8], validity: &[u8]) {
        for (pair, valid) in offsets.windows(2).zip(validity) {
            let start = usize::try_from(pair[0]).unwrap_or(0);
            let end = usize::try_from(pair[1]).unwrap_or(0);
            let value = bytes.get(start..end).filter(|_| *valid == 1);
            let value = value.unwrap_or_default();
            self.bytes(&(value.len() as u64).to_le_bytes());
            self.bytes(value);
        }
    }

    fn lists(&mut self, array: &ArrayRef, validity: &[u8]) -> Result<()> {
        let list = array.as_list::<i64>();
        let mut items = Vec::new();
        for (pair, valid) in list.value_offsets().windows(2).zip(validity) {
            let run = if *valid == 1 { pair[0]..pair[1] } else { 0..0 };
            let run = run.start.unsigned_abs()..run.end.unsigned_abs();
            self.bytes(&(run.end - run.start).to_le_bytes());
            items.extend(run);
        }
        let items = take(list.values(), &UInt64Array::from(items), None)
            .map_err(|e| Error::internal("cannot look into a list").with_source(e))?;
        self.array(&items)
    }

    fn fixed_lists(&mut self, list: &FixedSizeListArray) -> Result<()> {
        let len = usize::try_from(list.value_length()).unwrap_or(0);
        let nulls = list.nulls().map(|nulls| nulls.expand(len));
        let items = list.values().slice(0, list.len() * len);
        self.array(&masked(&items, nulls.as_ref())?)
    }
}

/// `array` with nulls wherever `nulls` has them too.
fn masked(array: &ArrayRef, nulls: Option<&NullBuffer>) -> Result<ArrayRef> {
    if nulls.is_none() || *array.data_type() == DataType::Null {
        return Ok(array.clone());
    }
    let nulls = NullBuffer::union(array.nulls(), nulls);
    let data = array.to_data().into_builder().nulls(nulls);
    let data = data
        .build()
        .map_err(|e| Error::internal("cannot hide values behind nulls").with_source(e))?;
    Ok(make_array(data))
}
