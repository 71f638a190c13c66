//! What becomes of each component of a `tokenizer.json`: honoured, noted, or
//! refused by its name. `tests/python/test_tokenizer_json.py` goes through the
//! same with Hugging Face's own classes.

mod files;

use serde_json::{Value, json};

use crate::tokenize::route::Route;
use crate::tokenize::tests::{added, encode, file, from_file, set};
use crate::tokenize::{EncodeError, Encoder, Special, Template};

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
fn options_of_the_model_are_honoured_or_refused_by_name() {
    for (key, value, is_read) in [
        ("dropout", json!(null), true),
        ("dropout", json!(0.0), true),
        ("dropout", json!(0.1), false),
        ("unk_token", json!("<unk>"), true),
        ("continuing_subword_prefix", json!(""), true),
        ("end_of_word_suffix", json!("</w>"), true),
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
    let later = said("/model", json!({"type": "Later", "vocab": {}}));
    assert!(
        later.starts_with("a model of the kind Later is not supported"),
        "{later}"
    );
}

#[test]
fn components_are_refused_by_name_and_place() {
    let byte_level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true});
    let digits = json!({"type": "Digits", "individual_digits": true});
    let sequence = |items: &[&Value]| json!({"type": "Sequence", "pretokenizers": items});
    let later = json!({"type": "Later"});
    let normalizers = |items: &[&Value]| json!({"type": "Sequence", "normalizers": items});
    for (pointer, value, place) in [
        ("/normalizer", later.clone(), "normalizer"),
        (
            "/normalizer",
            normalizers(&[&normalizers(&[&json!({"type": "NFC"}), &later])]),
            "normalizer.normalizers[0].normalizers[1]",
        ),
        ("/pre_tokenizer", later.clone(), "pre_tokenizer"),
        (
            "/pre_tokenizer",
            sequence(&[&byte_level, &later]),
            "pre_tokenizer.pretokenizers[1]",
        ),
        ("/post_processor", later.clone(), "post_processor"),
        ("/decoder", later, "decoder"),
    ] {
        let said = said(pointer, value);
        let expected = format!("`{place}` is not supported");
        assert!(
            said.starts_with(&expected) && said.ends_with("Later"),
            "{said}"
        );
    }
    let nested = sequence(&[&sequence(&[&digits]), &byte_level]);
    let tokenizer = from_file(&with("/pre_tokenizer", nested)).unwrap();
    assert_eq!(encode(&tokenizer, "1he", Special::Text), [49, 256]);
}

/// A tokenizer that is run on bytes has the ids that its components have.
#[test]
fn the_route_on_bytes_is_a_twin_of_the_pipeline() {
    let file = with("/normalizer", json!({"type": "NFC"}));
    assert!(matches!(from_file(&file).unwrap().route, Route::Bytes(_)));
    for (pointer, value) in [
        ("/normalizer", json!({"type": "NFKC"})),
        ("/pre_tokenizer", json!(null)),
        (
            "/pre_tokenizer",
            json!({"type": "Metaspace", "replacement": "_"}),
        ),
        ("/model/end_of_word_suffix", json!("</w>")),
    ] {
        let tokenizer = from_file(&with(pointer, value)).unwrap();
        assert!(matches!(tokenizer.route, Route::Pipeline(_)), "{pointer}");
    }
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
        (sequence(&[&byte_level, &bos, &byte_level]), &[300], &[]),
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
fn tokens_of_the_post_processor_must_be_those_of_the_file() {
    let sequence = |items: &[&Value]| json!({"type": "Sequence", "processors": items});
    let bos = template(&[token("<s>"), text()]);
    for (value, expected) in [
        (
            template(&[token("gone"), text()]),
            "\"gone\" has id 999 there, which the vocabulary does not have",
        ),
        (
            template(&[token("other"), text()]),
            "\"</s>\" has id 300 there, and 301 in the vocabulary",
        ),
        (template(&[token("negative"), text()]), "negative.ids"),
        (template(&[token("nowhere"), text()]), "nowhere"),
        (json!({"type": "BertProcessing"}), "post_processor"),
        (json!({"type": "Sequence"}), "post_processor"),
        (sequence(&[&bos, &bos]), "post_processor.processors[1]"),
    ] {
        let said = said("/post_processor", value);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn templates_without_one_text_are_told_where_ids_are_asked_for() {
    for single in [vec![token("<s>")], vec![]] {
        let tokenizer = from_file(&with("/post_processor", template(&single))).unwrap();
        let said = tokenizer.template().unwrap_err().to_string();
        let expected = "`post_processor.single` is not supported: expected tokens before and after \
                        one text, got the text";
        assert!(said.starts_with(expected), "{said}");
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
}

#[test]
fn what_is_not_applied_is_noted() {
    let metaspace =
        json!({"type": "Metaspace", "replacement": "_", "prepend_scheme": "always", "split": true});
    let note = "decoder Metaspace is not applied: ids are decoded to the bytes they stand for";
    let cases = [
        ("/truncation", json!(null), None),
        (
            "/truncation",
            json!({"max_length": 512, "stride": 0, "strategy": "LongestFirst", "direction": "Right"}),
            Some("`truncation` to 512 tokens is not applied: texts are encoded whole"),
        ),
        (
            "/padding",
            json!({"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": null,
                "pad_id": 0, "pad_type_id": 0, "pad_token": "a"}),
            Some("`padding` is not applied: no text is made longer"),
        ),
        (
            "/decoder",
            json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true}),
            None,
        ),
        ("/decoder", metaspace.clone(), Some(note)),
        (
            "/decoder",
            json!({"type": "Sequence", "decoders": [{"type": "Fuse"}, metaspace]}),
            Some(note),
        ),
    ];
    for (pointer, value, note) in cases {
        let mut file = file(&[("h", "e")]);
        file[pointer.trim_start_matches('/')] = value;
        let tokenizer = from_file(&file).unwrap();
        assert_eq!(tokenizer.notes(), note.map(str::to_owned).as_slice());
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
