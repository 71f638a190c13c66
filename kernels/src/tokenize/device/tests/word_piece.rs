//! `WordPiece`: how characters are spelled, the meaning, and the passes.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::super::super::encoder::Encoder;
use super::super::super::pipeline::TokenPipeline;
use super::super::super::special::Special;
use super::super::super::text::{AlignedText, Track};
use super::super::super::tokenizer::Tokenizer;
use super::super::constants::NO_ID;
use super::super::spelling::{BertSpelling, BertSymbol};
use super::super::stretches::DevicePart;
use super::super::tokenizer::{DeviceTokenizer, OnHostOnly};
use super::check_passes;

/// What `BertNormalizer` does.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the options of the file format"
)]
struct Steps {
    clean_text: bool,
    chinese: bool,
    strip_accents: bool,
    lowercase: bool,
}

const UNCASED: Steps = Steps {
    clean_text: true,
    chinese: true,
    strip_accents: true,
    lowercase: true,
};

const CASED: Steps = Steps {
    strip_accents: false,
    lowercase: false,
    ..UNCASED
};

/// Tokens of a vocabulary, all of them at the start of words and within them.
const PIECES: &[&str] = &[
    "a",
    "b",
    "e",
    "i",
    "n",
    "s",
    "t",
    "T",
    "un",
    "aff",
    "able",
    "ing",
    "the",
    "é",
    "E",
    "e\u{301}",
    "ss",
    "ß",
    "σ",
    "ς",
    "И",
    "и",
    "й",
    "语",
    "語",
    "学",
    "ᄒ",
    "ᅡ",
    "ᆫ",
    "한",
    "ä",
    "Ä",
    "0",
    "12",
    "٣",
    "กา",
    "ก",
    "\u{302e}",
    "\u{1d165}",
    "\u{1d157}",
    "👩",
    "ab",
    "abab",
    "ababababababab",
];

/// Words of their own.
const WORDS: &[&str] = &[
    "unaffable",
    "internationalization",
    "'",
    "!",
    "-",
    "#",
    "，",
    "。",
    "¿",
    ";",
    "·",
    "<",
    "=",
];

fn normalizer(steps: Option<Steps>) -> String {
    let Some(steps) = steps else {
        return "null".to_owned();
    };
    format!(
        r#"{{"type": "BertNormalizer", "clean_text": {}, "handle_chinese_chars": {},
            "strip_accents": {}, "lowercase": {}}}"#,
        steps.clean_text, steps.chinese, steps.strip_accents, steps.lowercase
    )
}

/// A file with these tokens, the first of them unknown.
fn file(steps: Option<Steps>, tokens: &[String], model: &str, added: &str) -> String {
    let mut vocab = String::new();
    for (id, token) in tokens.iter().enumerate() {
        let comma = if id == 0 { "" } else { "," };
        write!(vocab, "{comma}{}: {id}", serde_json::json!(token)).unwrap();
    }
    format!(
        r#"{{"added_tokens": [{added}], "normalizer": {}, "pre_tokenizer": {{"type": "BertPreTokenizer"}},
            "model": {{"type": "WordPiece", {model}, "vocab": {{{vocab}}}}}}}"#,
        normalizer(steps)
    )
}

fn tokens(prefix: &str) -> Vec<String> {
    let unknown = ["[UNK]".to_owned()].into_iter();
    let words = WORDS.iter().map(|&word| word.to_owned());
    let firsts = PIECES.iter().map(|&piece| piece.to_owned());
    let others = PIECES.iter().map(|piece| format!("{prefix}{piece}"));
    let mut tokens: Vec<String> = unknown.chain(words).chain(firsts).chain(others).collect();
    let mut seen = std::collections::HashSet::new();
    tokens.retain(|token| seen.insert(token.clone()));
    tokens
}

const MODEL: &str = r###""unk_token": "[UNK]", "continuing_subword_prefix": "##",
    "max_input_chars_per_word": 100"###;

/// A tokenizer, and what devices run of it.
struct Both {
    tokenizer: Arc<Tokenizer>,
    device: DeviceTokenizer,
}

impl Both {
    fn of_file(file: &str) -> Self {
        let tokenizer = Arc::new(Tokenizer::from_tokenizer_json(file.as_bytes()).unwrap());
        let device = DeviceTokenizer::new(&tokenizer).unwrap();
        Self { tokenizer, device }
    }

    fn new(steps: Option<Steps>) -> Self {
        Self::of_file(&file(steps, &tokens("##"), MODEL, ""))
    }

    /// Holds the passes to the meaning, and the meaning to the encoder where it is
    /// not the host's; how many texts are.
    fn check(&self, texts: &[String]) -> usize {
        check_passes(&self.device, texts);
        let mut encoder = Encoder::new(Arc::clone(&self.tokenizer));
        let mut n_on_host = 0;
        for text in texts {
            let (mut got, mut expected) = (Vec::new(), Vec::new());
            self.device.ids(text, &mut got);
            if got.contains(&NO_ID) {
                n_on_host += 1;
                continue;
            }
            encoder.encode(text, Special::Text, &mut expected).unwrap();
            assert_eq!(got, expected, "{text:?}");
        }
        n_on_host
    }
}

fn both() -> &'static [Both; 4] {
    static BOTH: LazyLock<[Both; 4]> = LazyLock::new(|| {
        let bare = Steps {
            clean_text: false,
            chinese: false,
            ..UNCASED
        };
        [None, Some(UNCASED), Some(CASED), Some(bare)].map(Both::new)
    });
    &BOTH
}

/// The words of a text, as they are read on the way.
fn spelled_words(spelling: &BertSpelling, text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.chars() {
        let it = spelling.spelled(c);
        let mut left = String::from(c);
        if it.bits != 0 {
            let (begin, len) = (it.bits & 0xf_ffff, it.bits >> 20 & 63);
            let bytes = &spelling.bytes()[begin as usize..(begin + len) as usize];
            str::from_utf8(bytes).unwrap().clone_into(&mut left);
            assert_eq!(left.chars().count(), it.n_chars() as usize);
        }
        let last = words.len() - 1;
        match it.symbol {
            BertSymbol::Part | BertSymbol::Gone => words[last].push_str(&left),
            BertSymbol::Alone => words.extend([left, String::new()]),
            BertSymbol::Space => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn words(pipeline: &TokenPipeline, text: &str) -> Vec<String> {
    let mut aligned = AlignedText::new(text, 0, Track::TextOnly).unwrap();
    pipeline.normalizer.normalize(&mut aligned).unwrap();
    pipeline.cutter.cut(&mut aligned).unwrap();
    aligned.pieces().map(|it| it.text().to_owned()).collect()
}

#[test]
fn every_character_is_spelled_as_the_components_do() {
    for both in both() {
        let pipeline = both.tokenizer.route.components().unwrap();
        let spelling = BertSpelling::of(pipeline).unwrap();
        let all: Vec<char> = ('\0'..=char::MAX).collect();
        for some in all.chunks(64) {
            // Behind letters, punctuation and a space, and twice.
            let contexts = some
                .iter()
                .map(|c| format!("b{c}b{c} {c},{c}{c}Z{c}\u{301}"));
            // Marks that depend on others are kept apart.
            let text = contexts.collect::<Vec<_>>().join("\u{a0}");
            let got = spelled_words(&spelling, &text);
            assert_eq!(got, words(pipeline, &text), "{:?}", some[0]);
        }
    }
}

#[test]
fn every_character_has_the_encoder_s_ids() {
    for both in &both()[1..3] {
        let all: Vec<char> = ('\0'..=char::MAX).collect();
        for some in all.chunks(2_048) {
            let texts = some.chunks(300).map(|some| {
                let contexts = some.iter().map(|c| format!("the{c}s {c} "));
                contexts.collect::<String>()
            });
            let mut texts: Vec<String> = texts.collect();
            texts.extend(some.iter().step_by(97).map(ToString::to_string));
            assert_eq!(both.check(&texts), 0);
        }
    }
}

#[test]
fn every_choice_of_steps_is_one_that_devices_run() {
    for n in 0..16 {
        let steps = Steps {
            clean_text: n & 1 != 0,
            chinese: n & 2 != 0,
            strip_accents: n & 4 != 0,
            lowercase: n & 8 != 0,
        };
        let both = Both::new(Some(steps));
        let texts = ["Élan\tvital\u{0} 語学 한국어 İstanbul ΟΔΟΣ ≠ \u{fb03}x"].map(String::from);
        assert_eq!(both.check(&texts), 0, "{steps:?}");
    }
}

#[test]
fn words_at_the_limits_are_unknown_or_the_host_s() {
    let gone = "\u{301}";
    for both in both() {
        let strips = spelled_is_gone(both);
        for len in [1, 15, 16, 99, 100, 101, 1_023, 1_024, 1_025, 5_000] {
            let of = |text: &str| text.chars().cycle().take(len).collect::<String>();
            let texts = ["ab", "a", "é", "語", "한", "q", ",", " ", "\u{2028}"].map(of);
            assert_eq!(both.check(&texts), 0, "{len}");
            let texts = [
                format!(" {} ", texts.join(" ")),
                format!("{},\n{}", texts[0], texts[2]),
            ];
            assert_eq!(both.check(&texts), 0, "{len}");
            // A word that is longer than it is read: of 1,024 bytes and two more.
            let long = [format!("ab{}ab", of(gone)), of(gone)];
            let n_on_host = both.check(&long);
            if len >= 1_023 && strips {
                assert_eq!(n_on_host, 2, "{len}");
            } else if len < 510 {
                assert_eq!(n_on_host, 0, "{len}");
            }
        }
    }
}

fn spelled_is_gone(both: &Both) -> bool {
    let mut ids = Vec::new();
    both.device.ids("a\u{301}a", &mut ids);
    let mut bare = Vec::new();
    both.device.ids("aa", &mut bare);
    ids == bare
}

#[test]
fn marks_whose_order_matters_are_the_host_s() {
    let [_, uncased, cased, _] = both();
    let texts = [
        "a\u{302e}\u{1d165}",
        "a\u{1d165}\u{302e}b",
        "x \u{1d15e}\u{1d15e}",
    ];
    assert_eq!(uncased.check(&texts.map(String::from)), 3);
    assert_eq!(cased.check(&texts.map(String::from)), 0);
    let apart = ["a\u{302e} \u{1d165}", "\u{1d15e}", "a\u{302e},\u{302e}"];
    assert_eq!(uncased.check(&apart.map(String::from)), 0);
}

#[test]
fn odd_models_have_the_encoder_s_ids() {
    let texts = [
        "the unaffable abababab qq ab#ab",
        "語,",
        "",
        "aaaaaaaaaaaaaaaaaaaa b",
    ];
    let texts = texts.map(String::from);
    for (prefix, most) in [
        ("", "100"),
        ("#", "3"),
        ("@@@", "18446744073709551615"),
        ("##", "0"),
    ] {
        let model = format!(
            r#""unk_token": "[UNK]", "continuing_subword_prefix": "{prefix}",
                "max_input_chars_per_word": {most}"#
        );
        let both = Both::of_file(&file(Some(UNCASED), &tokens(prefix), &model, ""));
        assert_eq!(both.check(&texts), 0, "{prefix} {most}");
    }
    // No token continues a word.
    let both = Both::of_file(&file(None, &tokens("@")[..60], MODEL, ""));
    assert_eq!(both.check(&texts), 0);
    // There is no token for what is unknown.
    let both = Both::of_file(&file(None, &tokens("##")[1..], MODEL, ""));
    assert_eq!(both.check(&texts), 2);
}

#[test]
fn tokens_that_are_added_are_taken_out_first() {
    let added = |text: &str, id: u32, is_normalized: bool| {
        format!(
            r#"{{"id": {id}, "content": "{text}", "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": {is_normalized}, "special": {}}}"#,
            !is_normalized
        )
    };
    let texts = [
        "the [MASK] able",
        "Fräulein the FRAULEIN語 語",
        "[MASK]frauleinE",
    ];
    let n = tokens("##").len() as u32;
    let raw = added("[MASK]", n, false);
    let both = [
        raw.clone(),
        format!("{raw}, {}", added("Fräulein", n + 1, true)),
    ];
    for (both, expected) in both.iter().zip([0, 2]) {
        let both = Both::of_file(&file(Some(UNCASED), &tokens("##"), MODEL, both));
        let mut encoder = Encoder::new(Arc::clone(&both.tokenizer));
        let mut n_tokens = 0;
        for text in texts {
            let mut got = Vec::new();
            let done = both.device.parts(text, Special::Parse, |part| match part {
                DevicePart::Text(text) => both.device.ids(text, &mut got),
                DevicePart::Token(id) => {
                    n_tokens += usize::from(id == n + 1);
                    got.push(id);
                }
            });
            done.unwrap();
            let mut expected = Vec::new();
            encoder.encode(text, Special::Parse, &mut expected).unwrap();
            assert_eq!(got, expected, "{text}");
        }
        assert_eq!(n_tokens, expected + expected / 2);
        // What is normal changes when it is normalised again, or may.
        let again = both.device.parts("\u{1d15e}", Special::Parse, |_| {});
        assert_eq!(again.is_err(), expected > 0);
    }
}

#[test]
fn other_components_are_the_host_s() {
    let file = file(Some(UNCASED), &tokens("##"), MODEL, "");
    for (of, other) in [
        ("BertPreTokenizer", "Whitespace"),
        (&*normalizer(Some(UNCASED)), r#"{"type": "NFD"}"#),
    ] {
        let tokenizer = Tokenizer::from_tokenizer_json(file.replace(of, other).as_bytes()).unwrap();
        let refused = DeviceTokenizer::new(&Arc::new(tokenizer)).unwrap_err();
        assert_eq!(refused, OnHostOnly::Components);
    }
}

proptest! {
    #[test]
    fn random_rows_are_what_the_encoder_gives(
        rows in prop::collection::vec(
            prop::collection::vec(
                prop_oneof![
                    "[ \t\r\n\u{a0}\u{2028}\u{200b}\u{0}\u{fffd}]{0,3}",
                    "[abest]{0,9}",
                    "(un|aff|able|ing|ab|the|É|e\u{301}|ᄒ|한|й|İ|ß|Σ){0,9}",
                    "[语語学한ᄒก\u{3400}\u{2b820}]{0,4}",
                    "['!-/:-@，。\u{37e}\u{1fef}\u{226e}]{0,3}",
                    any::<char>().prop_map(String::from),
                ],
                0..20,
            ),
            0..20,
        ),
    ) {
        let rows: Vec<String> = rows.into_iter().map(|row| row.concat()).collect();
        for both in both() {
            both.check(&rows);
        }
    }
}
