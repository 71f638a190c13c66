//! Word pieces with random vocabularies, behind BERT's normalizer as cased and
//! uncased models have it and where it does nothing.

use std::fmt::Write as _;
use std::sync::Arc;

use fuelrail_kernels::tokenize::{DeviceTokenizer, Tokenizer};

use super::super::trial::Trial;
use super::texts::{at_borders, below, mixed, rows_of_text, text};

/// What the normalizer is: of an uncased model, of a cased one, and none.
pub(super) const NORMALIZERS: [&str; 3] = [
    r#"{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
        "strip_accents": null, "lowercase": true}"#,
    r#"{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
        "strip_accents": false, "lowercase": false}"#,
    "null",
];

/// One character of each class and length that the components tell apart.
const CLASSES: [&str; 16] = [
    "b", "B", "é", "\u{301}", "語", "한", "ก", "👩", "'", "。", " ", "\t", "\u{a0}", "\u{0}",
    "\u{ad}", "İ",
];

/// What texts are made of.
pub(super) const PARTS: &[&str] = &[
    "the",
    "The",
    " unaffable",
    "ing",
    "İstanbul",
    "ΟΔΟΣ",
    "\n",
    " ",
    "\u{a0}",
    "\u{0}",
    "\u{200d}",
    "isn't",
    " -",
    "!?",
    "語学校",
    "ｶﾞ",
    "한국어",
    "e\u{301}",
    "naïve",
    "12",
    "٣",
    "\u{fb03}",
    "👩‍👩‍👧",
    "abab",
    "≠",
    "\u{1fef}",
    "กำ",
    "й",
    "q",
    "internationalization",
    "\u{fffd}",
    "\u{1d15e} ",
];

/// Characters of words around what the model and devices take.
const LENGTHS: [usize; 9] = [15, 16, 99, 100, 101, 341, 1023, 1024, 1025];

/// Rows of text, behind each normalizer.
pub(super) fn trials() -> Vec<Trial> {
    let mut seed = 23;
    let mut trials = Vec::new();
    for normalizer in NORMALIZERS {
        let Some(device) = random_tokenizer(normalizer, &mut seed) else {
            continue;
        };
        for n_rows in [40, 0, 1, 2, 9, 300] {
            let texts: Vec<String> = (0..n_rows).map(|_| text(PARTS, &mut seed)).collect();
            trials.extend(rows_of_text(&device, &texts).map(Trial::without_host));
        }
        let long = ["ab", "é", "語", "한", "q,"]
            .map(|of| LENGTHS.map(|len| of.chars().cycle().take(len).collect::<String>()));
        let long = long.as_flattened();
        trials.extend(rows_of_text(&device, long).map(Trial::without_host));
        trials.extend(rows_of_text(&device, &[long.join(" "), String::new()]));
        // Much of which nothing is left, and marks whose order matters.
        let gone = LENGTHS.map(|len| format!("ab{}ab", "\u{301}".repeat(len / 2)));
        let marks = ["a\u{302e}\u{1d165}".to_owned(), "\u{301}".repeat(600)];
        trials.extend(rows_of_text(&device, &[&gone[..], &marks[..]].concat()));
        let short: Vec<String> = ["", "", "a", " ", ","].map(str::to_owned).to_vec();
        trials.extend(rows_of_text(&device, &short).map(Trial::without_host));
        let long = mixed(PARTS, &mut seed);
        trials.extend(rows_of_text(&device, &long).map(Trial::without_host));
        let pairs = at_borders(&CLASSES);
        trials.extend(rows_of_text(&device, &pairs).map(Trial::without_host));
        let all = every_character(STEP);
        trials.extend(rows_of_text(&device, &all).map(Trial::without_host));
    }
    trials
}

/// Of the characters beyond the first planes' scripts one in so many is tried.
const STEP: usize = 61;

/// Texts of characters within a word, at its end and alone: all that scripts have,
/// and of others one in so many.
pub(super) fn every_character(step: usize) -> Vec<String> {
    let has_script =
        |c: &char| matches!(*c, ..'\u{3400}' | '\u{a000}'..='\u{d7ff}' | '\u{f900}'..'\u{20000}');
    let (mut all, others): (Vec<char>, Vec<char>) = ('\0'..=char::MAX).partition(has_script);
    all.extend(others.into_iter().step_by(step));
    let context = |c: &char| format!("the{c}s {c} ");
    let texts = all
        .chunks(5_000)
        .map(|some| some.iter().map(context).collect());
    texts.collect()
}

/// Letters of ASCII and what random ones of these and of texts make together, at the
/// start of words and within them.
pub(super) fn random_tokenizer(normalizer: &str, seed: &mut u64) -> Option<DeviceTokenizer> {
    let mut pieces: Vec<String> = ('!'..='~').map(String::from).collect();
    let more = "éèÉäößſσςяйҋ語学校한\u{1112}\u{1161}\u{11ab}국กำ٣١。「ŉǰ".chars();
    pieces.extend(more.map(String::from));
    pieces.extend(
        [
            "the", "un", "aff", "able", "ab", "abababab", "istanbul", "οδο",
        ]
        .map(String::from),
    );
    for _ in 0..400 {
        let pair = [0, 1].map(|_| pieces[below(seed, pieces.len())].clone());
        let pair = pair.concat();
        if pair.len() <= 20 && !pieces.contains(&pair) {
            pieces.push(pair);
        }
    }
    let mut tokens = vec!["[UNK]".to_owned()];
    for piece in pieces {
        if below(seed, 8) > 0 {
            tokens.push(format!("##{piece}"));
        }
        tokens.push(piece);
    }
    let mut vocab = String::new();
    for (id, token) in tokens.iter().enumerate() {
        let comma = if id == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        _ = write!(
            vocab,
            "{comma}{}: {id}",
            serde_json::Value::from(token.as_str())
        );
    }
    let file = format!(
        r###"{{"normalizer": {normalizer}, "pre_tokenizer": {{"type": "BertPreTokenizer"}},
            "model": {{"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                       "max_input_chars_per_word": 100, "vocab": {{{vocab}}}}}}}"###
    );
    let tokenizer = Tokenizer::from_tokenizer_json(file.as_bytes()).ok()?;
    DeviceTokenizer::new(&Arc::new(tokenizer)).ok()
}
