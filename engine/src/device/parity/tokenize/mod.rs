//! Tokenizers with random vocabularies, on rows of every length.

mod byte_pairs;
mod texts;
mod word_pieces;

use fuelrail_kernels::tokenize::{DeviceModelKind, DeviceTokenizer};

use super::trial::{Subject, SuiteReport, Trial, try_one};
use texts::{rows_of_text, text};

/// Bytes of a word that is more than devices encode, and of one that is not.
const LENGTHS: [usize; 2] = [1_024, 1_025];

/// Rows of text by byte pairs and by word pieces.
pub(super) fn trials() -> Vec<Trial> {
    [byte_pairs::trials(), word_pieces::trials()]
        .into_iter()
        .flatten()
        .collect()
}

/// Encodes texts of all kinds with a tokenizer; gives what went wrong.
pub(crate) fn text_trial(subject: Subject<'_>, device: &DeviceTokenizer) -> Vec<String> {
    let mut seed = 22;
    let mut report = SuiteReport::default();
    let parts = match device.kind() {
        DeviceModelKind::BytePairs => byte_pairs::PARTS,
        DeviceModelKind::WordPiece => word_pieces::PARTS,
    };
    let texts: Vec<String> = (0..60).map(|_| text(parts, &mut seed)).collect();
    let long = LENGTHS.map(|len| "a".repeat(len));
    let trials = [&texts[..], &long].map(|texts| rows_of_text(device, texts));
    for trial in trials.iter().flatten() {
        try_one(subject, trial, 0, &mut report);
    }
    report.wrong
}

#[cfg(test)]
mod tests {
    use super::byte_pairs::FAMILIES;
    use super::word_pieces::{NORMALIZERS, every_character, random_tokenizer};
    use super::*;
    use crate::device::{DeviceKind, found};

    const N_TRIALS: usize = 11 * FAMILIES.len() + 13 * NORMALIZERS.len();

    /// CUDA is there where `LD_LIBRARY_PATH` names its simulator.
    fn check_devices(trials: &[Trial]) {
        for kind in [DeviceKind::Cuda, DeviceKind::Wgpu] {
            for device in found(kind).unwrap_or_default() {
                let mut report = SuiteReport::default();
                for trial in trials {
                    try_one(device.subject(), trial, 0, &mut report);
                }
                assert_eq!(report.wrong, [] as [String; 0], "{}", device.report().id);
                assert_eq!(report.n_chains, trials.len());
            }
        }
    }

    #[test]
    fn every_device_that_is_there_has_the_ids_of_the_reference() {
        let trials = trials();
        assert_eq!(trials.len(), N_TRIALS);
        check_devices(&trials);
    }

    #[test]
    fn every_device_that_is_there_spells_every_character() {
        for normalizer in &NORMALIZERS[..2] {
            let device = random_tokenizer(normalizer, &mut 24).unwrap();
            let trial = rows_of_text(&device, &every_character(1)).unwrap();
            check_devices(&[trial.without_host()]);
        }
    }
}
