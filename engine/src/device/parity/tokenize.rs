//! Byte pair encoding with random vocabularies, whose ranks are in no order, so
//! that what merges first is seldom what merges first in text; on texts that
//! are made of what split patterns tell apart, in rows of every length.
#![expect(
    clippy::cast_possible_truncation,
    reason = "random bits are cut to what is wanted"
)]

use std::fmt::Write as _;
use std::sync::Arc;

use fuelrail_kernels::RowKernel;
use fuelrail_kernels::tokenize::{DeviceTokenizer, Tokenizer};

use super::sample::next;
use super::trial::{SampleRows, Subject, SuiteReport, Trial, try_one};
use crate::device::items::offsets_of;
use crate::device::program::RowChain;

/// One of each family of split patterns.
const FAMILIES: [&str; 3] = ["cl100k_base", "gpt2", "o200k_base"];

/// What texts are made of.
const PARTS: &[&str] = &[
    "the",
    " quick",
    "ing",
    "\n",
    "\r\n",
    " ",
    "  ",
    "\t",
    "\u{a0}",
    "isn't",
    "'S",
    "'re",
    "'LL",
    "'ve",
    "'",
    "0",
    "1234",
    "٣",
    "/",
    "://",
    "!?",
    " ==",
    "Straße",
    "語",
    "語学校",
    "e\u{301}",
    "Ǆ",
    "\u{17f}",
    "👩‍👩‍👧",
    "aaaa",
    "abab",
    "ba",
];

/// Bytes of words around what threads and groups of them take.
const LENGTHS: [usize; 9] = [15, 16, 31, 32, 33, 300, 1023, 1024, 1025];

/// Rows of text, of every family.
pub(super) fn trials() -> Vec<Trial> {
    let mut seed = 21;
    let mut trials = Vec::new();
    for family in FAMILIES {
        let Some(device) = random_tokenizer(family, &mut seed) else {
            continue;
        };
        for n_rows in [40, 0, 1, 2, 9, 300] {
            let texts: Vec<String> = (0..n_rows).map(|_| text(&mut seed)).collect();
            trials.extend(trial(&device, &texts));
        }
        let long = LENGTHS.map(|len| "ab".repeat(len / 2) + &"a".repeat(len % 2));
        let runs = LENGTHS.map(|len| "a".repeat(len));
        trials.extend(trial(&device, &[&long[..], &runs[..]].concat()));
        trials.extend(trial(&device, &[long.join(" "), runs.join("\n")]));
        trials.extend(trial(&device, &[String::new(), String::new()]));
    }
    trials
}

/// Encodes texts of all kinds with a tokenizer; gives what went wrong.
pub(crate) fn text_trial(subject: Subject<'_>, device: &DeviceTokenizer) -> Vec<String> {
    let mut seed = 22;
    let mut report = SuiteReport::default();
    let mut texts: Vec<String> = (0..60).map(|_| text(&mut seed)).collect();
    texts.extend(LENGTHS.map(|len| "a".repeat(len)));
    if let Some(trial) = trial(device, &texts) {
        try_one(subject, &trial, 0, &mut report);
    }
    report.wrong
}

fn trial(device: &DeviceTokenizer, texts: &[String]) -> Option<Trial> {
    let lens: Vec<u32> = texts.iter().map(|text| text.len() as u32).collect();
    let rows = SampleRows {
        bytes: texts.concat().into_bytes(),
        offsets: offsets_of(&lens).ok()?,
        records: vec![Vec::new()],
    };
    let chain = RowChain::new(vec![RowKernel::Tokenize(device.clone())]).ok()?;
    Some(Trial::of_rows([(chain, rows)]))
}

fn text(seed: &mut u64) -> String {
    let n_parts = [0, 1, 2, 20, 500][below(seed, 5)];
    let parts = (0..n_parts).map(|_| PARTS[below(seed, PARTS.len())]);
    parts.collect()
}

fn below(seed: &mut u64, n: usize) -> usize {
    (next(seed) % n as u64) as usize
}

/// All bytes, and what random ones of these and of texts make together.
fn random_tokenizer(family: &str, seed: &mut u64) -> Option<DeviceTokenizer> {
    let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    let parts = PARTS.iter().map(|part| part.as_bytes().to_vec());
    tokens.extend(parts.filter(|part| part.len() > 1));
    tokens.extend([2, 3, 5, 8, 20].map(|len| b"a".repeat(len)));
    for _ in 0..400 {
        let pair = [0, 1].map(|_| tokens[below(seed, tokens.len())].clone());
        let pair = pair.concat();
        if pair.len() <= 40 && !tokens.contains(&pair) {
            tokens.push(pair);
        }
    }
    // Any rank for any token but the bytes.
    for last in (257..tokens.len()).rev() {
        tokens.swap(last, 256 + below(seed, last + 1 - 256));
    }
    let mut file = String::new();
    for (rank, token) in tokens.iter().enumerate() {
        // Writing to a string cannot fail.
        _ = writeln!(file, "{} {rank}", base64(token));
    }
    let tokenizer = Tokenizer::from_tiktoken(file.as_bytes(), family).ok()?;
    DeviceTokenizer::new(&Arc::new(tokenizer)).ok()
}

/// Bytes as a `.tiktoken` file has them.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0)) << (16 - 8 * at);
        let bits = byte(0) | byte(1) | byte(2);
        for at in 0..4_usize {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{DeviceKind, found};

    /// CUDA is there where `LD_LIBRARY_PATH` names its simulator.
    #[test]
    fn every_device_that_is_there_has_the_ids_of_the_reference() {
        for kind in [DeviceKind::Cuda, DeviceKind::Wgpu] {
            for device in found(kind).unwrap_or_default() {
                let mut report = SuiteReport::default();
                for trial in trials() {
                    try_one(device.subject(), &trial, 0, &mut report);
                }
                assert_eq!(report.wrong, [] as [String; 0], "{}", device.report().id);
                assert_eq!(report.n_chains, 9 * FAMILIES.len());
            }
        }
    }

    #[test]
    fn every_family_has_its_trials() {
        assert_eq!(trials().len(), 9 * FAMILIES.len());
        assert_eq!(base64(b"fuel"), "ZnVlbA==");
    }
}
