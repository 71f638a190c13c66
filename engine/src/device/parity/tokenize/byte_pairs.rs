//! Byte pair encoding with random vocabularies, whose ranks are in no order, so
//! that what merges first is seldom what merges first in text; on texts that
//! are made of what split patterns tell apart.

use std::fmt::Write as _;
use std::sync::Arc;

use fuelrail_kernels::tokenize::{DeviceTokenizer, Tokenizer};

use super::super::trial::Trial;
use super::texts::{at_borders, below, mixed, rows_of_text, text};

/// One of each family of split patterns.
pub(super) const FAMILIES: [&str; 3] = ["cl100k_base", "gpt2", "o200k_base"];

/// One character of each class that split patterns tell apart, and some that begin
/// contractions.
const CLASSES: [&str; 16] = [
    "!", "'", "/", "\u{300}", "B", "b", "語", "0", " ", "\n", "\t", "\u{a0}", "'s", "'LL", "👩",
    "٣",
];

/// What texts are made of.
pub(super) const PARTS: &[&str] = &[
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
            let texts: Vec<String> = (0..n_rows).map(|_| text(PARTS, &mut seed)).collect();
            trials.extend(rows_of_text(&device, &texts).map(Trial::without_host));
        }
        let long = LENGTHS.map(|len| "ab".repeat(len / 2) + &"a".repeat(len % 2));
        let runs = LENGTHS.map(|len| "a".repeat(len));
        trials.extend(rows_of_text(&device, &[&long[..], &runs[..]].concat()));
        trials.extend(rows_of_text(&device, &[long.join(" "), runs.join("\n")]));
        let short: Vec<String> = ["", "", "a", " "].map(str::to_owned).to_vec();
        trials.extend(rows_of_text(&device, &short).map(Trial::without_host));
        let long = mixed(PARTS, &mut seed);
        trials.extend(rows_of_text(&device, &long).map(Trial::without_host));
        let pairs = at_borders(&CLASSES);
        trials.extend(rows_of_text(&device, &pairs).map(Trial::without_host));
    }
    trials
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

    #[test]
    fn bytes_are_spelled_in_base64() {
        assert_eq!(base64(b"fuel"), "ZnVlbA==");
    }
}
