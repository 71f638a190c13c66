//! Tests of the operator as a whole; differences from the peers are looked
//! for in `tests/python/test_tokenize.py`.

mod hostile;
mod oracle;
mod rows;

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

pub(super) fn builtin(name: &str) -> Arc<Tokenizer> {
    Arc::new(Tokenizer::builtin(name).unwrap())
}

/// The model of a byte-level tokenizer.
fn bytes(tokenizer: &Tokenizer) -> &byte_bpe::ByteBpe {
    match &tokenizer.route {
        route::Route::Bytes(model) => model,
        _ => panic!("{tokenizer:?}"),
    }
}

pub(super) fn encode(tokenizer: &Arc<Tokenizer>, text: &str, special: Special) -> Vec<u32> {
    let mut ids = Vec::new();
    let mut encoder = Encoder::new(Arc::clone(tokenizer));
    encoder.encode(text, special, &mut ids).unwrap();
    ids
}

/// A file with the bytes as tokens, ids in the order of the bytes, then the
/// merges' products.
pub(super) fn file(merges: &[(&str, &str)]) -> Value {
    let mut vocab = serde_json::Map::new();
    for byte in 0..=u8::MAX {
        vocab.insert(byte_level::char_of(byte).to_string(), json!(byte));
    }
    for (left, right) in merges {
        let id = vocab.len();
        vocab.insert(format!("{left}{right}"), json!(id));
    }
    json!({
        "version": "1.0",
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
        "model": {"type": "BPE", "vocab": vocab, "merges": merges},
    })
}

pub(super) fn from_file(file: &Value) -> Result<Arc<Tokenizer>, TokenizerError> {
    Tokenizer::from_tokenizer_json(file.to_string().as_bytes()).map(Arc::new)
}

pub(super) fn added(id: u32, content: &str, options: &[&str]) -> Value {
    let mut token = json!({"id": id, "content": content});
    for flag in ["single_word", "lstrip", "rstrip", "normalized", "special"] {
        token[flag] = json!(options.contains(&flag));
    }
    token
}

#[test]
fn tokenizers_can_be_shared() {
    fn shared<T: Send + Sync + std::fmt::Debug>() {}
    fn moved<T: Send>() {}
    shared::<Tokenizer>();
    moved::<Encoder>();
}

#[test]
fn every_builtin_loads_and_comes_back_from_its_asset() {
    for (name, size) in Tokenizer::builtin_names()
        .iter()
        .zip([50_257, 50_257, 100_277, 200_019, 201_088])
    {
        let tokenizer = builtin(name);
        assert_eq!(tokenizer.vocab_size(), size, "{name}");
        let asset = tokenizer.asset();
        assert_eq!(asset.kind, "tiktoken");
        assert_eq!(asset.family.as_deref(), Some(*name));
        let again = Tokenizer::from_tiktoken(&asset.bytes, name).unwrap();
        assert_eq!(again.asset(), asset);
        let (model, again) = (bytes(&tokenizer), bytes(&again));
        assert_eq!(again.pairs.len(), model.pairs.len());
        // The merges that the build found are those found in the file.
        for (_, token) in model.vocab.iter().filter(|(_, token)| token.len() > 1) {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            let mut merger = merge::Merger::default();
            let symbols = || token.iter().map(|&byte| model.vocab.byte_id(byte).unwrap());
            merger.merge(symbols(), &model.pairs, &mut ours);
            merger.merge(symbols(), &again.pairs, &mut theirs);
            assert_eq!(ours, theirs, "{token:?}");
        }
    }
    assert!(Tokenizer::builtin("no such").is_none());
    assert!(matches!(
        Tokenizer::from_tiktoken(b"", "no such"),
        Err(TokenizerError::Family { .. })
    ));
}

#[test]
fn the_first_of_two_names_of_an_id_is_decoded() {
    let harmony = builtin("o200k_harmony");
    for name in ["<|endofprompt|>", "<|reserved_200018|>"] {
        assert_eq!(encode(&harmony, name, Special::Parse), [200_018]);
    }
    assert_eq!(harmony.decode(&[200_018]).unwrap(), b"<|endofprompt|>");
}

#[test]
fn ids_are_those_of_tiktoken() {
    let text = "hello world, I'll go 12345  \n\n x\u{17f} Ünïcode 漢字ABC";
    for (name, expected) in [
        (
            "cl100k_base",
            &[
                15339, 1917, 11, 358, 3358, 733, 220, 4513, 1774, 19124, 865, 129, 123, 31612, 77,
                38672, 1889, 6704, 120, 95, 19113, 26484,
            ][..],
        ),
        (
            "o200k_base",
            &[
                24912, 2375, 11, 17291, 810, 220, 7633, 2548, 11691, 1215, 70067, 120_241, 9954,
                3056, 82867, 95, 8134, 44197,
            ],
        ),
        (
            "gpt2",
            &[
                31373, 995, 11, 314, 1183, 467, 17031, 2231, 220, 220, 628, 2124, 129, 123, 49363,
                77, 26884, 8189, 10545, 120, 95, 27764, 245, 24694,
            ],
        ),
    ] {
        assert_eq!(
            encode(&builtin(name), text, Special::Text),
            expected,
            "{name}"
        );
    }
}

#[test]
fn special_tokens_follow_the_policy() {
    let tokenizer = builtin("cl100k_base");
    let text = "é<|endoftext|>b";
    assert_eq!(encode(&tokenizer, text, Special::Parse)[1..], [100_257, 65]);
    assert!(
        encode(&tokenizer, text, Special::Text)
            .iter()
            .all(|&id| id < 100_256)
    );
    let mut ids = vec![7];
    let error = Encoder::new(Arc::clone(&tokenizer)).encode(text, Special::Refuse, &mut ids);
    assert_eq!(
        error.unwrap_err().to_string(),
        "expected no special token in the text, got \"<|endoftext|>\" at byte 2"
    );
    assert_eq!(ids, [7], "nothing is left of a text that is refused");
    assert_eq!(tokenizer.token_to_id("<|endoftext|>"), Some(100_257));
    assert_eq!(tokenizer.token_to_id(" world"), Some(1917));
    assert_eq!(tokenizer.token_to_id("no such token"), None);
    assert_eq!(
        tokenizer.special_tokens().next(),
        Some(("<|endoftext|>", 100_257))
    );
}

#[test]
fn decode_gives_what_ids_stand_for() {
    let tokenizer = builtin("cl100k_base");
    assert_eq!(
        tokenizer.decode(&[15339, 100_257, 1917]).unwrap(),
        b"hello<|endoftext|> world"
    );
    assert_eq!(
        tokenizer.decode(&[100_256, u32::MAX]).unwrap(),
        "\u{fffd}\u{fffd}".as_bytes()
    );
    assert_eq!(tokenizer.decode(&[]).unwrap(), b"");
}

#[test]
fn debug_is_short() {
    assert_eq!(
        format!("{:?}", builtin("gpt2")),
        "Tokenizer { origin: \"gpt2\", vocab_size: 50257, n_added: 1, .. }"
    );
}

#[test]
fn long_runs_are_encoded_in_good_time() {
    for name in ["cl100k_base", "o200k_base", "gpt2"] {
        let tokenizer = builtin(name);
        for unit in ["a", " ", "\n", "1", "'", "漢", "\u{301}", "aB"] {
            let text = unit.repeat((1 << 20) / unit.len());
            let ids = encode(&tokenizer, &text, Special::Parse);
            assert_eq!(tokenizer.decode(&ids).unwrap(), text.as_bytes());
        }
    }
}

#[test]
fn merges_are_made_in_the_order_of_the_file() {
    let tokenizer = from_file(&file(&[("b", "c"), ("a", "b"), ("a", "bc")])).unwrap();
    assert_eq!(encode(&tokenizer, "abc", Special::Parse), [258]);
    assert_eq!(encode(&tokenizer, "ab", Special::Parse), [257]);
    let mut joined = file(&[("a", "b"), ("b", "c")]);
    joined["model"]["merges"] = json!(["#version: 0.2", "a b", "b c"]);
    assert_eq!(
        encode(&from_file(&joined).unwrap(), "abc", Special::Parse),
        [256, u32::from(b'c')]
    );
}

#[test]
fn a_token_that_merges_do_not_reach_needs_ignore_merges() {
    let mut tokens = file(&[]);
    tokens["model"]["vocab"]["abc"] = json!(300);
    let spelled: Vec<u32> = b"abc".iter().map(|&byte| u32::from(byte)).collect();
    assert_eq!(
        encode(&from_file(&tokens).unwrap(), "abc", Special::Parse),
        spelled
    );
    tokens["model"]["ignore_merges"] = json!(true);
    assert_eq!(
        encode(&from_file(&tokens).unwrap(), "abc", Special::Parse),
        [300]
    );
}

#[test]
fn added_tokens_follow_their_options() {
    let mut tokens = file(&[]);
    tokens["normalizer"] = json!({"type": "NFC"});
    tokens["added_tokens"] = json!([
        added(300, "<s>", &["special"]),
        added(301, "<m>", &["special", "lstrip"]),
        added(302, "<r>", &["rstrip"]),
        added(303, "ww", &["single_word"]),
        added(304, "e\u{301}", &["normalized"]),
        added(900, "<hole>", &["special"]),
    ]);
    let tokenizer = from_file(&tokens).unwrap();
    assert_eq!(tokenizer.vocab_size(), 901);
    let b = |c: char| c as u32;
    for (text, expected) in [
        ("a<s>a", vec![b('a'), 300, b('a')]),
        ("a \n<m> a", vec![b('a'), 301, b(' '), b('a')]),
        ("a <r> \na", vec![b('a'), b(' '), 302, b('a')]),
        (
            "ww www.ww",
            vec![303, b(' '), b('w'), b('w'), b('w'), b('.'), 303],
        ),
        ("\u{e9}e\u{301}", vec![304, 304]),
        ("<hole>", vec![900]),
    ] {
        assert_eq!(
            encode(&tokenizer, text, Special::Parse),
            expected,
            "{text:?}"
        );
    }
    let mut ids = Vec::new();
    let mut encoder = Encoder::new(Arc::clone(&tokenizer));
    encoder.encode("<s>ww", Special::Text, &mut ids).unwrap();
    assert_eq!(ids[..3], [b('<'), b('s'), b('>')]);
    assert!(
        encoder.encode("ww<r>", Special::Refuse, &mut ids).is_ok(),
        "not special"
    );
    assert!(encoder.encode("x  <m>", Special::Refuse, &mut ids).is_err());
    assert_eq!(tokenizer.asset().kind, "tokenizer.json");
    let again = Tokenizer::from_tokenizer_json(&tokenizer.asset().bytes).unwrap();
    assert_eq!(again.asset(), tokenizer.asset());
}

#[test]
fn tokens_that_no_bytes_spell_are_decoded_and_never_made() {
    let mut tokens = file(&[]);
    tokens["model"]["vocab"]["日本"] = json!(400);
    let tokenizer = from_file(&tokens).unwrap();
    assert_eq!(tokenizer.decode(&[400]).unwrap(), "日本".as_bytes());
    assert_eq!(tokenizer.token_to_id("日本"), Some(400));
    assert_eq!(encode(&tokenizer, "日本", Special::Parse).len(), 6);
    assert_eq!(tokenizer.vocab_size(), 401);
}

#[test]
fn models_that_would_give_other_ids_are_refused_by_name() {
    refused([
        (
            "/model/dropout",
            json!(0.5),
            "`model.dropout` is not supported: expected null or 0, got 0.5",
        ),
        (
            "/model/vocab/a",
            json!(98),
            "`model.vocab` is inconsistent: id 98 is given to two tokens, \"a\" and \"b\"",
        ),
        (
            "/model/vocab/a",
            json!(-1),
            "`model.vocab[\"a\"]` is not supported: expected a whole number below 4294967295, got -1",
        ),
        (
            "/model/merges",
            json!([["a", "b"]]),
            "`model.merges` is inconsistent: merge 0, \"a\" + \"b\": \"ab\" is not in the vocabulary",
        ),
        (
            "/model/merges",
            json!(["a b c"]),
            "`model.merges[0]` is not supported: expected two tokens with a space between, got \"a b c\"",
        ),
    ]);
}

#[test]
fn components_that_would_give_other_ids_are_refused_by_name() {
    let split = |pattern: Value| {
        json!({"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": false},
            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
        ]})
    };
    refused([
        (
            "/pre_tokenizer",
            split(json!({"Regex": r"\Gx"})),
            "`pre_tokenizer.pretokenizers[0].pattern` is not supported: expected a regular expression of the supported syntax, got `\\G` in the pattern \\Gx",
        ),
        (
            "/added_tokens",
            json!([added(1, "<s>", &[])]),
            "`added_tokens` is inconsistent: added_tokens[0]: id 1 is given to \"<s>\" and to the model's \"\u{101}\"",
        ),
        (
            "/added_tokens",
            json!([added(1, "a", &[])]),
            "`added_tokens` is inconsistent: added_tokens[0]: id 1 is given to \"a\", which the model knows as 97",
        ),
        (
            "/added_tokens",
            json!([added(300, "x1", &[]), added(300, "x2", &[])]),
            "`added_tokens` is inconsistent: id 300 is given to \"x2\" and to another",
        ),
        (
            "/version",
            json!("2.0"),
            "`version` is not supported: expected \"1.0\", got \"2.0\"",
        ),
    ]);
}

/// What is said when the value at a place of the file is another.
pub(super) fn refused<const N: usize>(cases: [(&str, Value, &str); N]) {
    for (pointer, value, said) in cases {
        let mut tokens = file(&[]);
        set(&mut tokens, pointer, value);
        let error = from_file(&tokens).unwrap_err();
        assert_eq!(error.to_string(), said, "{pointer}");
    }
}

pub(super) fn set(file: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    file.pointer_mut(parent).unwrap()[name] = value;
}

/// Hugging Face leaves out what it has no token for; here the text is refused.
#[test]
fn text_without_a_token_is_never_dropped() {
    let mut tokens = file(&[]);
    tokens["model"]["vocab"]
        .as_object_mut()
        .unwrap()
        .remove("Ġ");
    let mut encoder = Encoder::new(from_file(&tokens).unwrap());
    let mut ids = Vec::new();
    encoder.encode("ab", Special::Text, &mut ids).unwrap();
    let error = encoder.encode("a b", Special::Text, &mut ids).unwrap_err();
    assert!(matches!(error, EncodeError::Unknown { .. }), "{error}");
    assert_eq!(ids, [97, 98]);
}

const PIECES: &[&str] = &[
    "<|endoftext|>",
    "'s",
    " the",
    "  ",
    "\n\n",
    "漢字",
    "e\u{301}",
    "12345",
    "HTTPServer",
    "🦀",
];

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        prop::collection::vec(prop::sample::select(PIECES), 0..30).prop_map(|parts| parts.concat()),
        ("[a-c ]{0,3}", 0..200_usize).prop_map(|(unit, n)| unit.repeat(n)),
    ]
}

proptest! {
    #[test]
    fn decoding_what_was_encoded_gives_the_text(text in texts()) {
        for name in ["cl100k_base", "o200k_base", "gpt2"] {
            let tokenizer = tests_tokenizer(name);
            for special in [Special::Text, Special::Parse] {
                let ids = encode(&tokenizer, &text, special);
                prop_assert_eq!(tokenizer.decode(&ids).unwrap(), text.as_bytes());
            }
        }
    }

    #[test]
    fn ids_do_not_depend_on_what_came_before(
        texts in prop::collection::vec(texts(), 1..8),
    ) {
        let tokenizer = tests_tokenizer("cl100k_base");
        let mut encoder = Encoder::new(Arc::clone(&tokenizer));
        for text in texts.iter().chain(&texts) {
            let mut ids = Vec::new();
            encoder.encode(text, Special::Parse, &mut ids).unwrap();
            prop_assert_eq!(ids, encode(&tokenizer, text, Special::Parse));
        }
    }

    #[test]
    fn damaged_files_never_panic(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut tokens = file(&[("a", "b"), ("ab", "c")]);
        tokens["added_tokens"] = json!([added(300, "<s>", &["special"])]);
        let mut bytes = tokens.to_string().into_bytes();
        let place = at.index(bytes.len());
        bytes[place] = byte;
        for bytes in [&bytes[..], &bytes[..cut.index(bytes.len())]] {
            if let Ok(tokenizer) = Tokenizer::from_tokenizer_json(bytes) {
                let mut ids = Vec::new();
                let _ = Encoder::new(Arc::new(tokenizer)).encode("abc <s> é", Special::Parse, &mut ids);
            }
            let _ = Tokenizer::from_tiktoken(bytes, "gpt2");
        }
    }
}

/// Built-in tokenizers, loaded once.
fn tests_tokenizer(name: &str) -> Arc<Tokenizer> {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex};
    static LOADED: LazyLock<Mutex<HashMap<String, Arc<Tokenizer>>>> = LazyLock::new(Mutex::default);
    let mut loaded = LOADED.lock().unwrap();
    Arc::clone(
        loaded
            .entry(name.to_owned())
            .or_insert_with(|| builtin(name)),
    )
}
