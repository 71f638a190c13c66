//! Rows say of tokens what encodings say of them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{added, file, from_file};
use crate::tokenize::{
    AddSpecial, EncodeOptions, EncodedRows, Encoder, OffsetUnit, SequenceEnd, Special, TokenSpan,
    Truncation, TruncationStrategy,
};

/// Post-processors that trim spans in each way, once, twice and not at all.
fn post_processors() -> Vec<Value> {
    let level = |trim: bool, prefix: bool| json!({"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": trim});
    let roberta = |prefix: bool| {
        json!({
            "type": "RobertaProcessing", "cls": ["<s>", 301], "sep": ["</s>", 302],
            "trim_offsets": true, "add_prefix_space": prefix,
        })
    };
    let template = json!({
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [
            {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "<s>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [301], "tokens": ["<s>"]}},
    });
    let several = |steps: &[Value]| json!({"type": "Sequence", "processors": steps});
    vec![
        Value::Null,
        level(true, true),
        level(true, false),
        level(false, true),
        roberta(true),
        roberta(false),
        template.clone(),
        several(&[level(true, false), template.clone()]),
        several(&[template, level(true, true)]),
        several(&[level(true, false), level(true, true)]),
        several(&[level(true, true), roberta(false)]),
    ]
}

/// A file whose tokens have white space at their ends.
fn tokenizer_file(post_processor: Value, normalizer: Value) -> Value {
    let merges = [
        ("\u{120}", "a"),
        ("\u{120}", "\u{120}"),
        ("\u{120}\u{120}", "\u{120}a"),
        ("a", "b"),
        ("\u{e3}", "\u{123}"),
    ];
    let mut tokens = file(&merges);
    tokens["added_tokens"] = json!([
        added(301, "<s>", &["special"]),
        added(302, "</s>", &["special", "lstrip", "rstrip"]),
        added(303, " [x] ", &[]),
        added(304, "\n\n", &[]),
        added(305, "[y]", &["lstrip", "normalized"]),
        added(306, "\u{3000}z", &["normalized"]),
    ]);
    tokens["normalizer"] = normalizer;
    tokens["post_processor"] = post_processor;
    tokens
}

fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[ab \n]{1,9}",
        "\\PC{1,6}",
        Just("<s>".to_owned()),
        Just(" \n</s>\t ".to_owned()),
        Just("  [x]  ".to_owned()),
        Just("\n\n".to_owned()),
        Just(" \u{a0}[y] ".to_owned()),
        Just("\u{3000}z".to_owned()),
        Just("ああ e\u{301}é".to_owned()),
        Just("   ".to_owned()),
    ];
    prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

fn truncation() -> impl Strategy<Value = Option<Truncation>> {
    let truncation = (3_usize..20, 0_usize..2, 0_usize..3, prop::bool::ANY).prop_map(
        |(max_length, stride, strategy, left)| Truncation {
            max_length,
            stride,
            strategy: [
                TruncationStrategy::LongestFirst,
                TruncationStrategy::OnlyFirst,
                TruncationStrategy::OnlySecond,
            ][strategy],
            end: if left {
                SequenceEnd::Left
            } else {
                SequenceEnd::Right
            },
        },
    );
    prop::option::of(truncation)
}

/// A span in characters, in bytes of its text. One at the end of a text may be in
/// bytes already, as Hugging Face leaves it.
fn in_bytes(text: &str, (start, end): TokenSpan) -> TokenSpan {
    let place = |at: u32| {
        let found = text.char_indices().nth(at as usize);
        found.map_or(text.len(), |(at, _)| at) as u32
    };
    (place(start), place(end))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn spans_in_bytes_are_those_in_characters(
        (which, nfc, prefix_space) in (0_usize..11, prop::bool::ANY, prop::bool::ANY),
        text in text(),
    ) {
        let normalizer = if nfc { json!({"type": "NFC"}) } else { Value::Null };
        let mut tokens = tokenizer_file(post_processors()[which].clone(), normalizer);
        tokens["pre_tokenizer"]["add_prefix_space"] = json!(prefix_space);
        let mut encoder = Encoder::new(from_file(&tokens).unwrap());
        let mut spans = |offsets: OffsetUnit| {
            let options = EncodeOptions { offsets, ..EncodeOptions::default() };
            encoder.encode_tokens(&text, None, &options).unwrap().spans
        };
        let chars = spans(OffsetUnit::Chars).into_iter();
        let expected: Vec<_> = chars.map(|span| in_bytes(&text, span)).collect();
        prop_assert_eq!(spans(OffsetUnit::Bytes), expected);
    }

    #[test]
    fn rows_have_the_ids_and_spans_of_encodings(
        (which, nfc, prefix_space, chars) in (0_usize..11, prop::bool::ANY, prop::bool::ANY, prop::bool::ANY),
        texts in prop::collection::vec((text(), text()), 1..4),
        is_pair in prop::bool::ANY,
        (add, parse) in (prop::bool::ANY, prop::bool::ANY),
        truncation in truncation(),
    ) {
        let normalizer = if nfc { json!({"type": "NFC"}) } else { Value::Null };
        let mut tokens = tokenizer_file(post_processors()[which].clone(), normalizer);
        tokens["pre_tokenizer"]["add_prefix_space"] = json!(prefix_space && which % 2 == 0);
        let tokenizer = from_file(&tokens).unwrap();
        let add_special = if add { AddSpecial::Yes } else { AddSpecial::No };
        let options = EncodeOptions {
            special: if parse { Special::Parse } else { Special::Text },
            add_special,
            truncation,
            offsets: if chars { OffsetUnit::Chars } else { OffsetUnit::Bytes },
            ..EncodeOptions::default()
        };
        let mut encoder = Encoder::new(tokenizer.clone());
        let none = EncodedRows::new(&tokenizer, add_special, 1 + usize::from(is_pair)).unwrap();
        let (mut spanned, mut bare) = (none.clone().with_spans(), none);
        let mut expected = Vec::new();
        for (first, second) in &texts {
            let second = is_pair.then_some(second.as_str());
            let whole = encoder.encode_tokens(first, second, &options);
            let with_spans = encoder.encode_row(first, second, &options, &mut spanned);
            let without = encoder.encode_row(first, second, &options, &mut bare);
            prop_assert_eq!(with_spans.clone().err(), whole.clone().err());
            prop_assert_eq!(without.err(), with_spans.err());
            let mut uncut = EncodeOptions { truncation: None, ..options.clone() };
            uncut.add_special = AddSpecial::No;
            let n_all = encoder.encode_tokens(first, second, &uncut).unwrap().len();
            expected.extend(whole.ok().map(|whole| (whole, n_all)));
        }
        prop_assert_eq!(spanned.len(), expected.len());
        let rows = spanned.rows(0..spanned.len()).zip(bare.rows(0..bare.len()));
        for ((row, bare), (whole, n_all)) in rows.zip(expected) {
            prop_assert_eq!(row.ids(), &whole.ids);
            prop_assert_eq!(bare.ids(), &whole.ids);
            prop_assert_eq!(row.spans(), &whole.spans);
            prop_assert!(bare.spans().is_empty());
            let n_special: usize = whole.special_tokens_mask.iter().map(|&mark| usize::from(mark)).sum();
            prop_assert_eq!(row.n_left_out(), n_all + n_special - whole.len());
            prop_assert_eq!(bare.n_left_out(), row.n_left_out());
        }
    }
}
