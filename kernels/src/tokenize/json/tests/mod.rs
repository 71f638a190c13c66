//! What becomes of each component of a `tokenizer.json`: honoured, noted, or
//! refused by its name. `tests/python/test_tokenizer_json.py` goes through the
//! same with Hugging Face's own classes.

mod files;

use serde_json::{Value, json};

use crate::tokenize::tests::{added, encode, file, from_file, set};
use crate::tokenize::{EncodeError, Encoder, Special, Template, TokenizerError};

/// The file with another value at a place.
fn with(pointer: &str, value: Value) -> Value {
    let mut file = file(&[("h", "e")]);
    file["added_tokens"] = json!([
        added(300, "<s>", &["special"]),
        added(301, "</s>", &["special"])
    ]);
    set(&mut file, pointer, value);
    file
}

fn said(pointer: &str, value: Value) -> String {
    match from_file(&with(pointer, value)) {
        Ok(_) => "read".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn models_of_another_kind_are_refused_as_what_they_are() {
    let vocab = json!({"[UNK]": 0, "hello": 1, "##s": 2});
    let sentence_piece = json!({"<unk>": 0, "<0x0A>": 1, "\u{2581}": 2, "\u{2581}a": 3});
    let list = json!([["<unk>", 0.0], ["\u{2581}hello", -1.0]]);
    let cases = [
        (
            json!({"type": "WordPiece", "vocab": vocab, "unk_token": "[UNK]"}),
            "WordPiece",
        ),
        (
            json!({"vocab": vocab, "unk_token": "[UNK]", "max_input_chars_per_word": 100}),
            "WordPiece",
        ),
        (
            json!({"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"}),
            "WordLevel",
        ),
        (json!({"vocab": vocab, "unk_token": "[UNK]"}), "WordLevel"),
        (
            json!({"type": "Unigram", "vocab": list, "unk_id": 0, "byte_fallback": true}),
            "Unigram",
        ),
        (json!({"vocab": list, "unk_id": 0}), "Unigram"),
        (
            json!({"type": "BPE", "vocab": sentence_piece, "merges": [], "byte_fallback": true}),
            "SentencePiece BPE with byte-fallback (`byte_fallback`)",
        ),
        (
            json!({"type": "BPE", "vocab": sentence_piece, "merges": []}),
            "SentencePiece BPE",
        ),
        (json!({"type": "Later", "vocab": {}}), "Later"),
    ];
    for (model, kind) in cases {
        // Whatever else would be refused, the kind of the model comes first.
        let mut file = with("/model", model);
        file["normalizer"] = json!({"type": "BertNormalizer"});
        file["pre_tokenizer"] = json!({"type": "Metaspace"});
        file["post_processor"] = json!({"type": "Later"});
        let error = from_file(&file).unwrap_err();
        let expected = format!("{kind} is not supported yet: expected byte-level BPE");
        assert_eq!(error.to_string(), expected);
        assert!(error.hint().is_some());
    }
    // A model with every byte falls back to none, but such components tell it.
    assert_eq!(said("/model/byte_fallback", json!(true)), "read");
    let mut file = with("/model/byte_fallback", json!(true));
    file["normalizer"] = json!({"type": "Prepend", "prepend": "\u{2581}"});
    let error = from_file(&file).unwrap_err();
    assert!(matches!(error, TokenizerError::Model { .. }), "{error}");
}

#[test]
fn options_of_the_model_are_honoured_or_refused_by_name() {
    for (key, value, is_read) in [
        ("dropout", json!(null), true),
        ("dropout", json!(0.0), true),
        ("dropout", json!(0.1), false),
        ("unk_token", json!("<unk>"), true),
        ("continuing_subword_prefix", json!(""), true),
        ("continuing_subword_prefix", json!("##"), false),
        ("end_of_word_suffix", json!(""), true),
        ("end_of_word_suffix", json!("</w>"), false),
        ("fuse_unk", json!(true), true),
        ("byte_fallback", json!(true), true),
        ("ignore_merges", json!(true), true),
        ("type", json!(7), false),
    ] {
        let said = said(&format!("/model/{key}"), value);
        let expected = format!("`model.{key}` is not supported");
        assert_eq!(said == "read", is_read, "{key}: {said}");
        assert!(is_read || said.starts_with(&expected), "{said}");
    }
}

#[test]
fn normalizers_are_honoured_or_refused_by_name() {
    for name in [
        "BertNormalizer",
        "ByteLevel",
        "Lowercase",
        "NFD",
        "NFKC",
        "NFKD",
        "Nmt",
        "Precompiled",
        "Prepend",
        "Replace",
        "Strip",
        "StripAccents",
        "Later",
    ] {
        let alone = json!({"type": name});
        let expected = "is not supported: expected none or NFC, got";
        assert_eq!(
            said("/normalizer", alone.clone()),
            format!("`normalizer` {expected} {name}")
        );
        let inner = json!({"type": "Sequence", "normalizers": [{"type": "NFC"}, alone]});
        let outer = json!({"type": "Sequence", "normalizers": [inner]});
        let place = "normalizer.normalizers[0].normalizers[1]";
        assert_eq!(
            said("/normalizer", outer),
            format!("`{place}` {expected} {name}")
        );
    }
    let nfc = json!({"type": "NFC"});
    let sequence = json!({"type": "Sequence", "normalizers": [nfc, null, {"type": "Sequence", "normalizers": []}]});
    for value in [json!(null), nfc, sequence] {
        assert_eq!(said("/normalizer", value), "read");
    }
    for value in [json!("NFC"), json!({}), json!({"type": "Sequence"})] {
        assert!(said("/normalizer", value).starts_with("`normalizer` is not supported"));
    }
}

#[test]
fn pre_tokenizers_are_honoured_or_refused_by_name() {
    let byte_level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true});
    let digits = json!({"type": "Digits", "individual_digits": true});
    let sequence = |items: &[&Value]| json!({"type": "Sequence", "pretokenizers": items});
    for name in [
        "BertPreTokenizer",
        "CharDelimiterSplit",
        "FixedLength",
        "Metaspace",
        "Punctuation",
        "UnicodeScripts",
        "Whitespace",
        "WhitespaceSplit",
        "Later",
    ] {
        let other = json!({"type": name});
        for (value, place) in [
            (other.clone(), "pre_tokenizer"),
            (
                sequence(&[&other, &byte_level]),
                "pre_tokenizer.pretokenizers[0]",
            ),
            (
                sequence(&[&byte_level, &other]),
                "pre_tokenizer.pretokenizers[1]",
            ),
        ] {
            let said = said("/pre_tokenizer", value);
            assert!(
                said.starts_with(&format!("`{place}` is not supported")),
                "{said}"
            );
            assert!(said.ends_with(&format!(", got {name}")), "{said}");
        }
    }
    for (value, got) in [
        (sequence(&[]), "an empty sequence"),
        (
            sequence(&[&byte_level, &digits]),
            "a sequence that ends in Digits",
        ),
        (
            sequence(&[&byte_level, &byte_level]),
            "a ByteLevel before the end",
        ),
        (
            json!({"type": "Sequence"}),
            "a Sequence without pretokenizers",
        ),
        (json!({}), "an object without a type"),
    ] {
        let said = said("/pre_tokenizer", value);
        assert!(said.ends_with(&format!(", got {got}")), "{said}");
    }
    let nested = sequence(&[&sequence(&[&digits]), &byte_level]);
    let tokenizer = from_file(&with("/pre_tokenizer", nested)).unwrap();
    assert_eq!(encode(&tokenizer, "1he", Special::Text), [49, 256]);
}

fn text() -> Value {
    json!({"Sequence": {"id": "A", "type_id": 0}})
}

fn token(name: &str) -> Value {
    json!({"SpecialToken": {"id": name, "type_id": 0}})
}

fn template(single: &[Value]) -> Value {
    json!({
        "type": "TemplateProcessing",
        "single": single,
        "pair": [text(), {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            "<s>": {"id": "<s>", "ids": [300], "tokens": ["<s>"]},
            "</s>": {"id": "</s>", "ids": [301], "tokens": ["</s>"]},
            "both": {"id": "both", "ids": [300, 301], "tokens": ["<s>", "</s>"]},
            "gone": {"id": "gone", "ids": [999], "tokens": ["gone"]},
            "other": {"id": "other", "ids": [300], "tokens": ["</s>"]},
            "byte": {"id": "byte", "ids": [97], "tokens": ["any name"]},
            "negative": {"id": "negative", "ids": [-1], "tokens": ["negative"]},
        },
    })
}

fn around(kind: &str) -> Value {
    json!({"type": kind, "cls": ["<s>", 300], "sep": ["</s>", 301], "trim_offsets": true, "add_prefix_space": false})
}

#[test]
fn post_processors_that_add_tokens_around_a_text_are_honoured() {
    let byte_level = json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false});
    let sequence = |items: &[&Value]| json!({"type": "Sequence", "processors": items});
    let bos = template(&[token("<s>"), text()]);
    let nothing = template(&[text()]);
    for (value, begin, end) in [
        (json!(null), &[][..], &[][..]),
        (byte_level.clone(), &[], &[]),
        (nothing.clone(), &[], &[]),
        (bos.clone(), &[300], &[]),
        (template(&[text(), token("</s>")]), &[], &[301]),
        (
            template(&[token("both"), token("byte"), text(), token("both")]),
            &[300, 301, 97],
            &[300, 301],
        ),
        (around("BertProcessing"), &[300], &[301]),
        (around("RobertaProcessing"), &[300], &[301]),
        (sequence(&[]), &[], &[]),
        (
            sequence(&[&byte_level, &nothing, &bos, &byte_level]),
            &[300],
            &[],
        ),
        (sequence(&[&sequence(&[&bos])]), &[300], &[]),
    ] {
        let tokenizer = from_file(&with("/post_processor", value.clone())).unwrap();
        let expected = Template {
            begin: begin.to_vec(),
            end: end.to_vec(),
        };
        assert_eq!(tokenizer.template(), Ok(&expected), "{value}");
        let mut ids = vec![7];
        let mut encoder = Encoder::new(tokenizer);
        encoder
            .encode_with_template("hel", Special::Text, &mut ids)
            .unwrap();
        assert_eq!(ids, [&[7], begin, &[256, 108], end].concat());
        assert!(
            encoder
                .encode_with_template("<s>", Special::Refuse, &mut ids)
                .is_err()
        );
        assert_eq!(ids, [&[7], begin, &[256, 108], end].concat(), "as before");
    }
}

#[test]
fn other_templates_are_refused_by_name_where_they_are_asked_for() {
    let pair = json!({"Sequence": {"id": "B", "type_id": 0}});
    for (value, expected) in [
        (
            template(&[text(), text()]),
            "`post_processor.single` is not supported: expected tokens before and after one text (TemplateProcessing, BertProcessing or RobertaProcessing), ByteLevel, or none, got the text 2 times",
        ),
        (template(&[token("<s>")]), "got tokens without the text"),
        (template(&[pair]), "got the second sequence of a pair"),
        (template(&[json!(3), text()]), "got 3"),
        (
            template(&[token("nowhere"), text()]),
            "`post_processor` is inconsistent: \"nowhere\" is not among its special tokens",
        ),
        (
            template(&[token("gone"), text()]),
            "\"gone\" has id 999 there, which the vocabulary does not have",
        ),
        (
            template(&[token("other"), text()]),
            "\"</s>\" has id 300 there, and 301 in the vocabulary",
        ),
        (
            template(&[token("negative"), text()]),
            "the id of \"negative\" is -1, not an integer below 4294967295",
        ),
        (
            template(&[vec![token("<s>"); 65], vec![text()]].concat()),
            "got more than 64 tokens on one side of the text",
        ),
        (json!({"type": "TemplateProcessing"}), "got nothing"),
    ] {
        refused_where_asked_for(value, expected);
    }
}

#[test]
fn other_post_processors_are_refused_by_name_where_they_are_asked_for() {
    let sequence = |items: &[&Value]| json!({"type": "Sequence", "processors": items});
    let bos = template(&[token("<s>"), text()]);
    let roberta = around("RobertaProcessing");
    for (value, expected) in [
        (
            json!({"type": "BertProcessing"}),
            "got BertProcessing without `cls`",
        ),
        (
            json!({"type": "Later"}),
            "`post_processor` is not supported",
        ),
        (json!([]), "got no object"),
        (
            json!({"type": "Sequence"}),
            "got a Sequence without processors",
        ),
        (
            sequence(&[&bos, &bos]),
            "`post_processor.processors[1]` is not supported",
        ),
        (
            sequence(&[&bos, &template(&[text()])]),
            "got TemplateProcessing behind one that adds tokens",
        ),
        (
            sequence(&[&roberta, &roberta]),
            "got RobertaProcessing behind one that adds tokens",
        ),
        (
            sequence(&[&json!({"type": "Later"})]),
            "`post_processor.processors[0]` is not supported",
        ),
    ] {
        refused_where_asked_for(value, expected);
    }
}

/// A file with the post-processor encodes texts, and says so where the tokens
/// around them are asked for.
fn refused_where_asked_for(value: Value, expected: &str) {
    let tokenizer = from_file(&with("/post_processor", value)).unwrap();
    let said = tokenizer.template().unwrap_err().to_string();
    assert!(said.contains(expected), "{said}");
    let mut ids = vec![7];
    let mut encoder = Encoder::new(tokenizer);
    let error = encoder
        .encode_with_template("he", Special::Text, &mut ids)
        .unwrap_err();
    assert!(matches!(&error, EncodeError::Template(_)), "{error}");
    assert_eq!((error.to_string(), &ids[..]), (said, &[7][..]));
    encoder.encode("he", Special::Text, &mut ids).unwrap();
    assert_eq!(ids, [7, 256]);
}

#[test]
fn what_is_not_applied_is_noted() {
    let decoders = [
        "BPEDecoder",
        "ByteFallback",
        "CTC",
        "Metaspace",
        "Replace",
        "Strip",
        "WordPiece",
        "Later",
    ];
    let mut cases = vec![
        ("/truncation", json!(null), None),
        (
            "/truncation",
            json!({"max_length": 512, "stride": 0, "strategy": "LongestFirst", "direction": "Right"}),
            Some("`truncation` to 512 tokens is not applied: texts are encoded whole".to_owned()),
        ),
        (
            "/padding",
            json!({"strategy": "BatchLongest"}),
            Some("`padding` is not applied: no text is made longer".to_owned()),
        ),
        ("/decoder", json!({"type": "ByteLevel"}), None),
        (
            "/decoder",
            json!({"type": "Sequence", "decoders": [{"type": "ByteLevel"}, {"type": "Fuse"}]}),
            None,
        ),
    ];
    for name in decoders {
        let note =
            format!("decoder {name} is not applied: ids are decoded to the bytes they stand for");
        let decoder = json!({"type": name});
        let sequence = json!({"type": "Sequence", "decoders": [{"type": "Fuse"}, decoder]});
        cases.push(("/decoder", decoder, Some(note.clone())));
        cases.push(("/decoder", sequence, Some(note)));
    }
    for (pointer, value, note) in cases {
        let mut file = file(&[("h", "e")]);
        file[pointer.trim_start_matches('/')] = value;
        let tokenizer = from_file(&file).unwrap();
        assert_eq!(tokenizer.notes(), note.as_slice());
        assert_eq!(encode(&tokenizer, "hello", Special::Text).len(), 4);
    }
}

#[test]
fn ids_that_do_not_follow_on_are_kept_and_noted() {
    for (ids, note) in [
        (&[257, 258, 259][..], None),
        (&[257, 258, 300], Some("\"c\u{302}\" from 300 to 259")),
        (
            &[300, 257, 258],
            Some("\"a\u{302}\" from 300 to 257, and so on for 2 more"),
        ),
        (
            &[257, 259, 258],
            Some("\"b\u{302}\" from 259 to 258, and so on for 1 more"),
        ),
    ] {
        let mut file = file(&[("h", "e")]);
        // The first is a token of the model, which has no number of its own.
        let mut tokens = vec![added(104, "h", &[])];
        for (id, content) in ids.iter().zip(["a\u{302}", "b\u{302}", "c\u{302}"]) {
            tokens.push(added(*id, content, &[]));
        }
        file["added_tokens"] = json!(tokens);
        let tokenizer = from_file(&file).unwrap();
        assert_eq!(
            encode(&tokenizer, "a\u{302}b\u{302}c\u{302}", Special::Text),
            ids
        );
        assert_eq!(tokenizer.notes().len(), usize::from(note.is_some()));
        let notes = tokenizer.notes().concat();
        assert!(note.is_none_or(|note| notes.ends_with(note)), "{notes}");
    }
}

#[test]
fn white_space_that_a_token_has_taken_is_no_token_again() {
    let mut file = file(&[("h", "e")]);
    let flags = ["lstrip", "rstrip"];
    file["added_tokens"] = json!([added(300, " ", &flags), added(301, "<x>", &["rstrip"])]);
    let tokenizer = from_file(&file).unwrap();
    for (text, ids) in [
        ("a   b", &[97, 300, 98][..]),
        ("<x> b", &[301, 98]),
        ("<x>b ", &[301, 98, 300]),
    ] {
        assert_eq!(encode(&tokenizer, text, Special::Text), ids, "{text}");
    }
}
