//! Files that are damaged or made to do harm: refused with the place of what is
//! wrong, in little time and memory.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::*;
use super::file;

type Read = fn(&[u8]) -> Result<Tokenizer, TokenizerError>;

fn refusal(read: Read, bytes: &[u8]) -> String {
    let started = Instant::now();
    let read = read(bytes);
    assert!(started.elapsed() < Duration::from_secs(5), "{read:?}");
    match read {
        Ok(tokenizer) => panic!("{tokenizer:?} was read"),
        Err(error) => error.to_string(),
    }
}

fn tiktoken(bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
    Tokenizer::from_tiktoken(bytes, "cl100k_base")
}

fn tiktoken_json(bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
    Tokenizer::from_asset("tiktoken.json", None, bytes)
}

/// `vocab.json`, and behind a byte 0 `merges.txt`.
fn gpt2(bytes: &[u8]) -> Result<Tokenizer, TokenizerError> {
    let mut files = bytes.split(|&byte| byte == 0);
    Tokenizer::from_gpt2_files(files.next().unwrap(), files.next().unwrap())
}

fn of_json(pointer: &str, value: Value) -> Vec<u8> {
    let mut file = file(&[("h", "e")]);
    super::set(&mut file, pointer, value);
    file.to_string().into_bytes()
}

/// A field of a protocol buffer message.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, content.len() as u8], content].concat()
}

fn check_refusals(read: Read, cases: &[(Vec<u8>, &str)]) {
    for (bytes, expected) in cases {
        let refusal = refusal(read, bytes);
        assert!(refusal.contains(expected), "{refusal}\nexpected {expected}");
    }
}

#[test]
fn what_is_no_json_is_refused_with_line_and_column() {
    let open = r#"{"type": "Sequence", "normalizers": ["#.repeat(200);
    let nested = format!(
        r#"{{"model": {{}}, "normalizer": {open}{}}}"#,
        "]}".repeat(200)
    );
    let twice = r#"{"model": {"type": "WordLevel", "vocab": {"a": 0, "a": 1}, "unk_token": "a"}}"#;
    let cases = [
        ("{", "EOF while parsing an object at line 1 column 1"),
        ("\u{ff}", "expected value at line 1 column 1"),
        (&nested, "recursion limit exceeded at line 1 column"),
        (twice, "the key \"a\" twice at line 1 column 53"),
        (
            r#"{"model": 1, "model": 2}"#,
            "duplicate field `model` at line 1 column 20",
        ),
    ];
    let cases = cases.map(|(text, expected)| (text.as_bytes().to_vec(), expected));
    check_refusals(Tokenizer::from_tokenizer_json, &cases);
}

#[test]
fn what_is_wrong_in_a_tokenizer_json_is_named_with_its_place() {
    let (vocab, merges) = ("/model/vocab/h", "/model/merges");
    let fixed = json!({"strategy": {"Fixed": 1_u64 << 60}, "direction": "Left",
        "pad_id": 0, "pad_type_id": 0, "pad_token": ""});
    let bert = json!({"type": "BertProcessing", "sep": ["[SEP]", 9_999], "cls": ["h", 104]});
    let charsmap = json!({"type": "Precompiled", "precompiled_charsmap": "AAA"});
    let cases = [
        (
            vocab,
            json!(u64::MAX),
            "`model.vocab[\"h\"]` is not supported",
        ),
        (
            vocab,
            json!(u32::MAX),
            "the id 4294967295 of \"h\" is too large",
        ),
        (
            vocab,
            json!(101),
            "id 101 is given to two tokens, \"e\" and \"h\"",
        ),
        (vocab, json!(1.5), "`model.vocab[\"h\"]` is not supported"),
        (
            merges,
            json!([["he", "he"]]),
            "merge 0, \"he\" + \"he\": \"hehe\"",
        ),
        // Merges that go in a circle would have to make a token no longer.
        (
            merges,
            json!([["h", ""]]),
            "merge 0, \"h\" + \"\": nothing is left",
        ),
        (merges, json!([["h"]]), "`model.merges[0]` is not supported"),
        (merges, json!({"a": 1}), "`model.merges` is not supported"),
        (
            "/added_tokens",
            json!([{"id": 5, "content": 5}]),
            "`added_tokens[0].content`",
        ),
        (
            "/normalizer",
            charsmap,
            "`normalizer.precompiled_charsmap` is not supported",
        ),
        (
            "/padding",
            fixed,
            "`padding.strategy.Fixed` is not supported",
        ),
        (
            "/post_processor",
            bert,
            "\"[SEP]\" has id 9999 there, which the vocabulary does not have",
        ),
    ];
    let cases = cases.map(|(pointer, value, expected)| (of_json(pointer, value), expected));
    check_refusals(Tokenizer::from_tokenizer_json, &cases);
}

#[test]
fn patterns_that_explode_are_refused() {
    let groups = "(".repeat(9_000);
    let cases = [
        ("(?:(?:(?:){9999}){9999}){9999}", "more than 1048576 parts"),
        ("(?:(?:ab){99}){999}", "more than 65536 instructions"),
        (
            &groups,
            "`pre_tokenizer.pattern` is not supported: expected a regular expression",
        ),
    ];
    let cases = cases.map(|(pattern, expected)| {
        let split = json!({"type": "Split", "pattern": {"Regex": pattern},
            "behavior": "Isolated", "invert": false});
        (of_json("/pre_tokenizer", split), expected)
    });
    check_refusals(Tokenizer::from_tokenizer_json, &cases);
}

#[test]
fn what_is_wrong_in_other_files_is_named_with_its_place() {
    let rules = r#"{"pattern": "(a)\\1", "special_tokens": {}, "ranks": "IQ== 0\n"}"#;
    let lines = |lines: &[u8], expected| (lines.to_vec(), expected);
    check_refusals(
        tiktoken,
        &[
            lines(b"IQ== 0\nIQ= 1\n", "line 2"),
            lines(b"IQ== 0\nIg== 99999999999\n", "line 2"),
            lines(b"IQ== 0\nIg== 0\n", "id 0 of"),
            lines(b"IQ== 4294967295\n", "id 4294967295 of"),
            lines(
                b"IQ== 0\nIQ== 1\n",
                "token \"!\" with id 1 is empty or repeated",
            ),
        ],
    );
    check_refusals(
        tiktoken_json,
        &[
            (rules.into(), "`pattern` is not supported"),
            (
                rules.replace("(a)\\\\1", ".").into(),
                "byte 0x00 is no token",
            ),
        ],
    );
    check_refusals(
        Tokenizer::from_vocab_txt,
        &[
            lines(b"[UNK]\n[CLS]\n[SEP]\na\na\n", "line 5"),
            lines(b"[UNK]\n\xff\n", "line 2"),
        ],
    );
    check_refusals(
        gpt2,
        &[
            lines(
                b"{\"a\": 0, \"a\": 1}\0",
                "the key \"a\" twice at line 1 column 12",
            ),
            lines(b"{\"a\": 0, \"b\": 1}\0a b\na\n", "line 2"),
            lines(
                b"{\"a\": 0, \"b\": 1}\0a b\n",
                "merge 0, \"a\" + \"b\": \"ab\" is not",
            ),
            lines(b"{\"a\": -1}\0", "`model.vocab[\"a\"]`"),
        ],
    );
    check_refusals(
        Tokenizer::from_sentencepiece,
        &[
            (vec![0x0a, 0xff, 0xff, 0xff, 0x7f, 1], "at byte 5"),
            (vec![0xff; 12], "a number without an end at byte 0"),
            (field(1, &field(1, b"\xff")), "at byte 4"),
            (field(1, &[9]), "at byte 3"),
        ],
    );
}

/// Ids far apart take no memory for what is between them.
#[test]
fn ids_far_apart_are_ids_as_others() {
    let far = u32::MAX - 1;
    let json = of_json("/model/vocab/h", json!(far));
    let tokenizer = Tokenizer::from_tokenizer_json(&json).unwrap();
    assert_eq!(tokenizer.vocab_size(), u32::MAX as usize);
    assert_eq!(tokenizer.ids().len(), 257);
    assert_eq!(tokenizer.ids().last(), Some(&far));
    let tokenizer = std::sync::Arc::new(tokenizer);
    let mut encoder = Encoder::new(std::sync::Arc::clone(&tokenizer));
    let mut ids = Vec::new();
    encoder.encode("h", Special::Parse, &mut ids).unwrap();
    assert_eq!(
        (ids.as_slice(), tokenizer.decode(&ids)),
        (&[far][..], Ok(b"h".to_vec()))
    );
}

/// Text in many pieces, each of which a pattern takes long for, is given up on as
/// soon as one long piece is.
#[test]
fn patterns_have_one_limit_for_all_pieces_of_a_text() {
    let split = |pattern: Value| json!({"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": false});
    let steps = [
        split(json!({"String": "b"})),
        // What is matched on its own remembers nothing.
        split(json!({"Regex": "(?>(?:a|aa)+c)"})),
    ];
    let json = of_json(
        "/pre_tokenizer",
        json!({"type": "Sequence", "pretokenizers": steps}),
    );
    let tokenizer = std::sync::Arc::new(Tokenizer::from_tokenizer_json(&json).unwrap());
    let mut encoder = Encoder::new(tokenizer);
    let text = format!("{}b", "a".repeat(26)).repeat(20_000);
    let started = Instant::now();
    let error = encoder
        .encode(&text, Special::Parse, &mut Vec::new())
        .unwrap_err();
    assert!(matches!(error, EncodeError::Pattern { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20));
}
