//! The meaning of `lut`, plain and slow.

use super::column::N_ENTRIES;
use super::{Lut, LutTables};
use crate::normalize::Layout;

/// One item, sample by sample.
pub(super) fn lut(lut: &Lut, src: &[u8], record: &[u8], dst: &mut [u8]) {
    let len_bytes = lut.to().len_bytes();
    let channels = lut.channels() as usize;
    for (index, number) in dst.chunks_exact_mut(len_bytes).enumerate() {
        let channel = match lut.layout() {
            Layout::Hwc => index % channels,
            Layout::Chw => index / (src.len() / channels),
        };
        let table = if lut.n_tables() == 1 { 0 } else { channel };
        let entry = table * N_ENTRIES + usize::from(src[index]);
        match lut.tables() {
            LutTables::Column(bits) => {
                number.copy_from_slice(&bits[entry].to_le_bytes()[..len_bytes]);
            }
            LutTables::Row => {
                number.copy_from_slice(&record[entry * len_bytes..(entry + 1) * len_bytes]);
            }
        }
    }
}
