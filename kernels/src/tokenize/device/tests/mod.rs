//! The passes against the meaning, and the meaning against the encoder.

mod byte_pairs;
mod word_piece;

use super::passes;
use super::tokenizer::DeviceTokenizer;

/// Texts through all passes, and one by one through the encoder.
fn check_passes(device: &DeviceTokenizer, texts: &[String]) {
    let mut offsets = vec![0];
    for text in texts {
        offsets.push(offsets[offsets.len() - 1] + text.len() as u32);
    }
    let (ids, places) = passes::run(device, texts.concat().as_bytes(), &offsets);
    for (row, text) in texts.iter().enumerate() {
        let mut expected = Vec::new();
        device.ids(text, &mut expected);
        let got = &ids[places[row] as usize..places[row + 1] as usize];
        assert_eq!(got, expected, "row {row}: {text:?}");
    }
}
