//! What all items of a column share.

use std::sync::Arc;

use super::LutError;
use crate::element::Element;
use crate::normalize::{ImageValues, Layout};
use crate::twin::twin;

/// Entries of a table.
pub(super) const N_ENTRIES: usize = 256;

/// Bytes one item may take, read or written: offsets in it fit an `i32`.
const MAX_ITEM_BYTES: usize = (1 << 31) - 1;

/// Whose the tables are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LutTables {
    /// The column's: 256 words of final bits a table.
    Column(Arc<[u32]>),
    /// Each row's own: its record holds them.
    Row,
}

/// `lut` on a column; see the [contract](super).
#[derive(Debug, Clone, PartialEq)]
pub struct Lut {
    to: Element,
    channels: u32,
    layout: Layout,
    n_tables: u32,
    tables: LutTables,
    /// The column's tables as a record would hold them.
    record: Arc<[u8]>,
    /// What the entries were computed as, if they were.
    values: Option<Arc<ImageValues>>,
}

twin! {
    /// What a device is told about a [`Lut`].
    pub struct LutConstants: 24 {
        /// [`Element::code`] of the numbers written.
        pub to: u32,
        /// Channels of an item.
        pub channels: u32,
        /// 1, or as many as channels.
        pub n_tables: u32,
        /// 1 if items are CHW, 0 if HWC.
        pub is_chw: u32,
        /// 1 if the record of each item holds its tables, 0 if the column does.
        pub from_row: u32,
        /// Bytes of the record of an item.
        pub record_len: u32,
    }
}

impl Lut {
    /// One table of final bits for all items, or one for each channel.
    ///
    /// # Errors
    /// Where there is no such type, no such number of channels or tables, or an
    /// entry has more bits than its type.
    pub fn of_column(
        to: Element,
        channels: u32,
        layout: Layout,
        tables: &[[u32; N_ENTRIES]],
    ) -> Result<Self, LutError> {
        let n_tables = checked(to, channels, tables.len())?;
        let len_bytes = to.len_bytes();
        let mut record = Vec::with_capacity(tables.len() * N_ENTRIES * len_bytes);
        for (table, entries) in tables.iter().enumerate() {
            for (byte, bits) in (0..=u8::MAX).zip(entries) {
                let bytes = bits.to_le_bytes();
                let (low, high) = bytes.split_at(len_bytes);
                if high.iter().any(|&byte| byte != 0) {
                    return Err(LutError::Bits {
                        to,
                        bits: *bits,
                        byte,
                        table,
                    });
                }
                record.extend_from_slice(low);
            }
        }
        Ok(Self {
            to,
            channels,
            layout,
            n_tables,
            tables: LutTables::Column(tables.as_flattened().into()),
            record: record.into(),
            values: None,
        })
    }

    /// The same, with the bits of each table and byte made by `bits`.
    ///
    /// # Errors
    /// As [`Lut::of_column`].
    pub fn of_fn(
        to: Element,
        channels: u32,
        layout: Layout,
        n_tables: u32,
        mut bits: impl FnMut(u32, u8) -> u32,
    ) -> Result<Self, LutError> {
        checked(to, channels, n_tables as usize)?;
        let mut tables = Vec::new();
        for table in 0..n_tables {
            let mut entries = [0; N_ENTRIES];
            for (byte, entry) in (0..=u8::MAX).zip(&mut entries) {
                *entry = bits(table, byte);
            }
            tables.push(entries);
        }
        Self::of_column(to, channels, layout, &tables)
    }

    /// Tables that the record of each item holds.
    ///
    /// # Errors
    /// Where there is no such type, or no such number of channels or tables.
    pub fn of_rows(
        to: Element,
        channels: u32,
        layout: Layout,
        n_tables: u32,
    ) -> Result<Self, LutError> {
        Ok(Self {
            to,
            channels,
            layout,
            n_tables: checked(to, channels, n_tables as usize)?,
            tables: LutTables::Row,
            record: Arc::default(),
            values: None,
        })
    }

    /// The values that `normalize` has for images in `layout`.
    ///
    /// # Errors
    /// As [`Lut::of_column`].
    pub fn of_values(values: &Arc<ImageValues>, layout: Layout) -> Result<Self, LutError> {
        let table = values.table();
        let channels = u32::try_from(table.channels()).unwrap_or(u32::MAX);
        let entries = table.bits().as_chunks::<N_ENTRIES>().0;
        Ok(Self {
            values: Some(Arc::clone(values)),
            ..Self::of_column(table.element(), channels, layout, entries)?
        })
    }

    /// What its entries were computed as, if they are those of `normalize`.
    #[must_use]
    pub fn values(&self) -> Option<&Arc<ImageValues>> {
        self.values.as_ref()
    }

    /// The type of the numbers written.
    #[must_use]
    pub fn to(&self) -> Element {
        self.to
    }

    /// Channels of an item.
    #[must_use]
    pub fn channels(&self) -> u32 {
        self.channels
    }

    /// The axes of an item.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// 1, or as many as channels.
    #[must_use]
    pub fn n_tables(&self) -> u32 {
        self.n_tables
    }

    /// The tables, or that rows have them.
    #[must_use]
    pub fn tables(&self) -> &LutTables {
        &self.tables
    }

    /// What becomes of a byte, where the column has one table of bytes; the byte
    /// itself otherwise.
    #[must_use]
    pub fn byte(&self, byte: u8) -> u8 {
        match (&self.tables, self.to, self.n_tables) {
            (LutTables::Column(_), Element::U8, 1) => self.record[usize::from(byte)],
            _ => byte,
        }
    }

    /// Bytes of the record of each item: none where the column has the tables.
    #[must_use]
    pub fn record_len(&self) -> usize {
        match self.tables {
            LutTables::Column(_) => 0,
            LutTables::Row => self.n_tables as usize * N_ENTRIES * self.to.len_bytes(),
        }
    }

    /// What a device is told.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "at most 4 KiB")]
    pub fn constants(&self) -> LutConstants {
        LutConstants {
            to: self.to.code(),
            channels: self.channels,
            n_tables: self.n_tables,
            is_chw: u32::from(self.layout == Layout::Chw),
            from_row: u32::from(self.tables == LutTables::Row),
            record_len: self.record_len() as u32,
        }
    }

    /// Whether an item of `src_len` bytes with a record of `record_len` bytes
    /// can be looked up; how many bytes are then written.
    ///
    /// # Errors
    /// Where the item does not have as many samples in each channel, reads or
    /// writes 2 GiB or more, or its record has another length than
    /// [`Lut::record_len`].
    pub fn check(&self, src_len: usize, record_len: usize) -> Result<usize, LutError> {
        if record_len != self.record_len() {
            return Err(LutError::Length {
                expected: "a record of the row's tables, if rows have them",
                got: record_len,
            });
        }
        if !src_len.is_multiple_of(self.channels as usize) {
            return Err(LutError::Length {
                expected: "as many samples in each channel",
                got: src_len,
            });
        }
        let written = src_len.checked_mul(self.to.len_bytes());
        let written = written.filter(|&written| written <= MAX_ITEM_BYTES);
        written.ok_or(LutError::Length {
            expected: "less than 2 GiB to write",
            got: src_len,
        })
    }

    /// The tables of an item as its record holds them, or would.
    pub(super) fn record<'a>(&'a self, record: &'a [u8]) -> &'a [u8] {
        match self.tables {
            LutTables::Column(_) => &self.record,
            LutTables::Row => record,
        }
    }
}

/// The number of tables, if all of this is allowed.
fn checked(to: Element, channels: u32, n_tables: usize) -> Result<u32, LutError> {
    if !matches!(
        to,
        Element::U8 | Element::F16 | Element::BF16 | Element::F32
    ) {
        return Err(LutError::Type { got: to });
    }
    if !(1..=4).contains(&channels) {
        return Err(LutError::Channels { got: channels });
    }
    match u32::try_from(n_tables) {
        Ok(n) if n == 1 || n == channels => Ok(n),
        _ => Err(LutError::Tables {
            channels,
            got: n_tables,
        }),
    }
}
