//! The passes as devices make them, one function each, over all rows of a batch
//! as one sequence of bytes.

mod byte_pairs;
mod shared;
mod word_piece;

use super::tokenizer::{DeviceModelKind, DeviceTokenizer};
use byte_pairs::BytePairPasses;
use shared::Passes;
use word_piece::WordPiecePasses;

/// The ids of all rows, and where each row's begin.
pub(crate) fn run(device: &DeviceTokenizer, src: &[u8], offsets: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut passes = Passes::new(device.tables(), src, offsets);
    passes.maps();
    passes.states();
    passes.words();
    match device.kind() {
        DeviceModelKind::BytePairs => BytePairPasses::new(&mut passes).run(),
        DeviceModelKind::WordPiece => WordPiecePasses::new(&mut passes).run(),
    }
    passes.count();
    passes.places();
    passes.write()
}
