//! The word path gives the ids of the pipeline, which `encode_tokens` runs.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::tokenize::route::Route;
use crate::tokenize::tiktoken::encode_base64;
use crate::tokenize::word_buffer::WRITTEN_MAX;
use crate::tokenize::{AddSpecial, EncodeOptions, Encoder, OffsetUnit, Special, Tokenizer};

const TOKENS: [&str; 25] = [
    "a",
    "b",
    "e",
    "é",
    ".",
    "!",
    "1",
    "ab",
    "be",
    "##a",
    "##b",
    "##ab",
    "\u{2581}",
    "\u{2581}a",
    "\u{2581}\u{2581}",
    "\u{2581}ab",
    "a.",
    "北",
    "##e",
    "\u{2581}\u{2581}\u{2581}\u{2581}",
    "bb",
    "\u{301}",
    "\u{2581}e",
    "ſ",
    ".é",
];

fn word_piece() -> Value {
    let vocab: serde_json::Map<String, Value> = tokens().collect();
    json!({"type": "WordPiece", "unk_token": "<unk>", "continuing_subword_prefix": "##",
           "max_input_chars_per_word": 9, "vocab": vocab})
}

fn tokens() -> impl Iterator<Item = (String, Value)> {
    let all = std::iter::once("<unk>").chain(TOKENS);
    all.zip(0..)
        .map(|(token, id): (&str, i32)| (token.to_owned(), id.into()))
}

fn unigram() -> Value {
    let vocab: Vec<Value> = tokens()
        .map(|(token, id)| json!([token, -f64::from(id.as_i64().unwrap() as i32 % 7)]))
        .collect();
    json!({"type": "Unigram", "unk_id": 0, "byte_fallback": false, "vocab": vocab})
}

fn bpe(merges: &[[&str; 2]], fuse_unk: impl Into<Value>) -> Value {
    let fuse_unk: Value = fuse_unk.into();
    let vocab: serde_json::Map<String, Value> = tokens().collect();
    json!({"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
           "end_of_word_suffix": null, "fuse_unk": fuse_unk, "byte_fallback": false,
           "ignore_merges": false, "vocab": vocab, "merges": merges})
}

/// Longer than what is kept of one character.
const LONG: &str = "abababababababababababababababababababababababababababababababababab";

/// A table of replacements such as SentencePiece's, in base64: keys of a byte and
/// more, one of which starts another.
fn charsmap() -> String {
    const KEYS: [(&str, &str); 10] = [
        ("\n", " "),
        ("\u{a0}", " "),
        ("\u{3000}", " "),
        ("\u{200b}", ""),
        ("e\u{301}", "é"),
        ("ﬁ", "ab"),
        ("ſ", "b"),
        ("क\u{93c}", "a"),
        ("\u{308}", "1"),
        ("\u{2026}", LONG),
    ];
    // A block of 256 units for each node; what is not set leads nowhere.
    let mut units = vec![0_u32; 512];
    let mut nodes = std::collections::BTreeMap::from([(Vec::new(), 256)]);
    let mut replacements = Vec::new();
    units[0] = 256 << 10;
    for (key, replacement) in KEYS {
        for len in 1..=key.len() {
            let (before, byte) = (key.as_bytes()[..len - 1].to_vec(), key.as_bytes()[len - 1]);
            let at = nodes[&before] ^ usize::from(byte);
            let n_units = units.len();
            let node = *nodes
                .entry(key.as_bytes()[..len].to_vec())
                .or_insert(n_units);
            units.resize(n_units.max(node + 256), 0);
            units[at] |= ((at ^ node) as u32) << 10 | u32::from(byte);
            if len == key.len() {
                units[at] |= 1 << 8;
                units[node] = 1 << 31 | replacements.len() as u32;
            }
        }
        replacements.extend(replacement.bytes().chain([0]));
    }
    let trie = units.iter().flat_map(|unit| unit.to_le_bytes());
    let bytes: Vec<u8> = trie.collect();
    let mut file = (bytes.len() as u32).to_le_bytes().to_vec();
    file.extend(bytes.into_iter().chain(replacements));
    let mut text = Vec::new();
    encode_base64(&file, &mut text);
    String::from_utf8(text).unwrap()
}

const MERGES: [[&str; 2]; 8] = [
    ["\u{2581}", "\u{2581}"],
    ["\u{2581}\u{2581}", "\u{2581}\u{2581}"],
    ["a", "b"],
    ["\u{2581}", "a"],
    ["\u{2581}a", "b"],
    ["b", "e"],
    ["a", "."],
    ["\u{2581}", "e"],
];

fn file(normalizer: &Value, pre_tokenizer: &Value, model: &Value) -> Vec<u8> {
    json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
           "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": null,
           "decoder": null, "model": model})
    .to_string()
    .into_bytes()
}

fn sequence(kind: &str, steps: &[Value]) -> Value {
    json!({"type": "Sequence", kind: steps})
}

fn metaspace(scheme: &str, split: impl Into<Value>) -> Value {
    let split: Value = split.into();
    json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": scheme, "split": split})
}

fn bert(clean: impl Into<Value>, lower: impl Into<Value>) -> Value {
    let (clean, lower): (Value, Value) = (clean.into(), lower.into());
    json!({"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": true,
           "strip_accents": null, "lowercase": lower})
}

/// Files with chunks, by their number.
fn files() -> Vec<Vec<u8>> {
    let form = |name: &str| json!({"type": name});
    let replace = json!({"type": "Replace", "pattern": {"String": " "}, "content": "\u{2581}"});
    let prepend = json!({"type": "Prepend", "prepend": "\u{2581}"});
    let split = json!({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false});
    let of_bert = json!({"type": "BertPreTokenizer"});
    let cleaned = sequence(
        "normalizers",
        &[form("Nmt"), form("NFKC"), form("StripAccents")],
    );
    let added = sequence(
        "normalizers",
        &[form("Nmt"), form("StripAccents"), prepend.clone()],
    );
    let llama = sequence("normalizers", &[prepend, replace.clone()]);
    let words = |scheme| {
        sequence(
            "pretokenizers",
            &[json!({"type": "WhitespaceSplit"}), metaspace(scheme, true)],
        )
    };
    let mapped = json!({"type": "Precompiled", "precompiled_charsmap": charsmap()});
    let none = Value::Null;
    let mut files = vec![
        file(&bert(true, true), &of_bert, &word_piece()),
        file(&bert(false, false), &of_bert, &word_piece()),
        file(&none, &of_bert, &unigram()),
        file(&form("NFKC"), &metaspace("always", true), &unigram()),
        file(&cleaned, &metaspace("first", true), &unigram()),
        file(&cleaned, &words("always"), &unigram()),
        file(&form("NFC"), &words("first"), &word_piece()),
        file(&added, &metaspace("never", true), &unigram()),
        file(&mapped, &words("always"), &unigram()),
        file(&mapped, &words("never"), &unigram()),
        file(&mapped, &metaspace("always", true), &unigram()),
    ];
    for fuse in [false, true] {
        let model = bpe(&MERGES, fuse);
        files.extend([
            file(&llama, &none, &model),
            file(&replace, &split, &model),
            file(&none, &metaspace("first", false), &model),
            file(&mapped, &metaspace("never", false), &model),
            file(&form("NFKD"), &metaspace("always", false), &model),
            file(&cleaned, &metaspace("never", false), &model),
        ]);
    }
    files
}

fn has_chunks(file: &[u8]) -> bool {
    let tokenizer = Tokenizer::from_tokenizer_json(file).unwrap();
    match &tokenizer.route {
        Route::Pipeline(model) => model.cuts.is_some(),
        Route::Bytes(_) | Route::SentencePiece(_) => false,
    }
}

#[test]
fn files_are_cut_only_where_nothing_reaches_across() {
    for file in files() {
        assert!(has_chunks(&file), "{}", String::from_utf8_lossy(&file));
    }
    let never = metaspace("never", false);
    let across = [&MERGES[..], &[["b", "\u{2581}"]]].concat();
    assert!(has_chunks(&file(&Value::Null, &never, &bpe(&MERGES, true))));
    let spelled = bpe(&across, true).to_string();
    let model = spelled.replace("\"bb\"", "\"b\u{2581}\"");
    let model: Value = serde_json::from_str(&model).unwrap();
    assert!(!has_chunks(&file(&Value::Null, &never, &model)));
    assert!(!has_chunks(&file(&Value::Null, &never, &unigram())));
    let strip = json!({"type": "Strip", "strip_left": true, "strip_right": true});
    assert!(!has_chunks(&file(
        &strip,
        &metaspace("always", true),
        &unigram()
    )));
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abeE é.!1]{0,6}",
        " [aeb.1E]{1,9}( [aeb\t.1é北]{1,5}){0,2}",
        "[ab \u{2581}]{0,6}",
        "[\t\n\r\u{b}\u{c}\u{1c}\u{85}\u{a0}\u{2003}\u{3000} a]{0,5}",
        "[\u{301}\u{308}\u{327}e .\u{338}=]{0,6}",
        "[\u{0}\u{1}\u{200b}\u{200d}\u{feff}\u{fffd} ab]{0,5}",
        "[北京 ｡ﬁ½ſKİ\u{1f1}]{0,5}",
        "[aक\u{93c}\u{93f}\u{902}\u{94d}\u{e33}\u{301}\u{308}. ]{0,6}",
        "[ab. ]{0,3}\r\n[\r\nab ]{0,3}",
        "[\u{2026}\u{600}가\u{1161}\u{11a8}\u{1f1e6}😀\u{200d} a]{0,5}",
        "(<unk>|[ab.]){0,5}",
        "\\PC{0,4}",
        " {1,5}",
    ]
}

/// What is wrong with the ids of a text, if anything is.
fn difference(encoder: &mut Encoder, text: &str) -> Option<String> {
    let options = EncodeOptions {
        special: Special::Text,
        add_special: AddSpecial::No,
        offsets: OffsetUnit::Bytes,
        ..EncodeOptions::default()
    };
    let whole = encoder.encode_tokens(text, None, &options).unwrap();
    let mut ids = Vec::new();
    encoder.encode(text, Special::Text, &mut ids).unwrap();
    (ids != whole.ids).then(|| format!("{text:?}: {ids:?} for {:?}", whole.ids))
}

fn encoder(file: &[u8]) -> Encoder {
    Encoder::new(Arc::new(Tokenizer::from_tokenizer_json(file).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn chunks_have_the_ids_of_the_pipeline(
        texts in prop::collection::vec(prop::collection::vec(piece(), 0..8), 24),
    ) {
        for file in files() {
            let mut encoder = encoder(&file);
            for text in texts.iter().map(|pieces| pieces.concat()) {
                let wrong = difference(&mut encoder, &text);
                prop_assert_eq!(wrong, None, "{}", String::from_utf8_lossy(&file));
            }
        }
    }
}

#[test]
fn every_character_has_the_ids_of_the_pipeline_among_others() {
    let chars: Vec<char> = ('\0'..='\u{1ffff}')
        .chain('\u{e0000}'..='\u{e01ff}')
        .collect();
    for file in files() {
        let mut encoder = encoder(&file);
        for chars in chars.chunks(128) {
            let mut text = String::new();
            for &c in chars {
                text.extend([
                    'a', c, 'b', '.', c, ' ', c, c, 'é', ' ', 'क', c, '\n', c, ' ',
                ]);
            }
            let wrong = difference(&mut encoder, &text);
            assert_eq!(wrong, None, "{}", String::from_utf8_lossy(&file));
        }
    }
}

#[test]
fn runs_of_any_length_have_the_ids_of_the_pipeline() {
    for file in files() {
        let mut encoder = encoder(&file);
        for unit in [
            "a",
            " ",
            ".",
            "a.",
            "北",
            "é. ",
            "\n",
            " .b",
            "क\u{93f}",
            "a.e\u{301}",
        ] {
            for len in [
                1, 15, 16, 31, 32, 63, 64, 65, 127, 255, 256, 257, 1025, 5000,
            ] {
                let text = unit.repeat(len);
                for text in [text.clone(), format!("{text} b"), format!("b {text}")] {
                    let wrong = difference(&mut encoder, &text);
                    assert_eq!(wrong, None, "{}", String::from_utf8_lossy(&file));
                }
            }
        }
    }
}

#[test]
fn chunks_too_long_to_be_written_have_the_ids_of_the_pipeline() {
    for file in files() {
        let mut encoder = encoder(&file);
        for unit in ["ab", "ﬁ", "北é"] {
            for len in [WRITTEN_MAX, WRITTEN_MAX + 1] {
                let n_units = len.div_ceil(unit.len());
                let text = format!("a {} b", unit.repeat(n_units));
                let wrong = difference(&mut encoder, &text);
                assert_eq!(wrong, None, "{}", String::from_utf8_lossy(&file));
            }
        }
    }
}
