//! Tests of what an encoder gives beside ids: spans, words, counts, bounds.

use std::fmt::Write;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::tests::{builtin, encode, file, from_file};
use super::*;

/// Everything an encoder can say about a text agrees.
fn check_outputs(encoder: &mut Encoder, text: &str, special: Special) {
    let mut ids = Vec::new();
    encoder.encode(text, special, &mut ids).unwrap();
    assert_eq!(encoder.count(text, special).unwrap(), ids.len());
    let (mut spans, mut words) = (TokenSpans::default(), TokenSpans::default());
    encoder.encode_spans(text, special, &mut spans).unwrap();
    encoder.encode_words(text, special, &mut words).unwrap();
    assert_eq!(spans.ids, ids);
    assert!(spans.words.is_empty());
    assert_eq!((&words.ids, &words.ends), (&spans.ids, &spans.ends));
    let tokenizer = Arc::clone(encoder.tokenizer());
    let mut start = 0;
    for (&id, &end) in ids.iter().zip(&spans.ends) {
        let bytes = &text.as_bytes()[start..end as usize];
        assert_eq!(tokenizer.decode(&[id]).unwrap(), bytes, "{text:?}");
        start = end as usize;
    }
    assert_eq!(start, text.len());
    let mut before = 0;
    for &end in &words.words {
        assert!(end > before);
        let start = before
            .checked_sub(1)
            .map_or(0, |last| spans.ends[last as usize]);
        let word = text.get(start as usize..spans.ends[end as usize - 1] as usize);
        let word = word.unwrap();
        let alone = encode(&tokenizer, word, special);
        assert_eq!(alone, ids[before as usize..end as usize], "{text:?}");
        before = end;
    }
    assert_eq!(before as usize, ids.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn spans_words_and_counts_agree_with_the_ids(texts in prop::collection::vec(
        prop::collection::vec(prop_oneof![
            "[a-z ]{1,60}", "\\PC{1,40}", Just("<|endoftext|>".to_owned()), "[0-9\\n ]{1,9}", Just("нормализация ".to_owned()),
        ], 0..8), 1..5,
    )) {
        for name in ["cl100k_base", "o200k_base"] {
            let mut encoder = Encoder::new(builtin_once(name));
            for text in &texts {
                for special in [Special::Parse, Special::Text] {
                    check_outputs(&mut encoder, &text.concat(), special);
                }
            }
        }
    }
}

fn builtin_once(name: &'static str) -> Arc<Tokenizer> {
    use std::collections::HashMap;
    use std::sync::Mutex;
    static LOADED: Mutex<Option<HashMap<&'static str, Arc<Tokenizer>>>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap();
    let loaded = loaded.get_or_insert_default();
    Arc::clone(loaded.entry(name).or_insert_with(|| builtin(name)))
}

#[test]
fn ids_of_16_bits_are_had_where_they_fit() {
    let (mut wide, mut narrow) = (Vec::new(), Vec::new());
    let mut encoder = Encoder::new(builtin_once("gpt2"));
    let text = "hello world, Ünïcode 漢字";
    encoder.encode(text, Special::Text, &mut wide).unwrap();
    encoder
        .encode_u16(text, Special::Text, &mut narrow)
        .unwrap();
    assert!(narrow.iter().map(|&id| u32::from(id)).eq(wide));
    let error =
        Encoder::new(builtin_once("cl100k_base")).encode_u16(text, Special::Text, &mut narrow);
    assert_eq!(
        error,
        Err(EncodeError::WideIds {
            vocab_size: 100_277
        })
    );
}

#[test]
fn a_text_that_is_changed_has_no_spans() {
    let mut tokens = file(&[]);
    tokens["normalizer"] = json!({"type": "NFC"});
    let mut encoder = Encoder::new(from_file(&tokens).unwrap());
    let mut spans = TokenSpans::default();
    encoder
        .encode_spans("\u{e9}", Special::Text, &mut spans)
        .unwrap();
    assert_eq!(spans.ends, [1, 2]);
    let error = encoder.encode_spans("e\u{301}", Special::Text, &mut spans);
    assert!(
        matches!(error, Err(EncodeError::Offsets { .. })),
        "{error:?}"
    );
    assert_eq!(spans.ends, [1, 2], "as before");
    tokens["pre_tokenizer"]["add_prefix_space"] = json!(true);
    let error =
        Encoder::new(from_file(&tokens).unwrap()).encode_spans("a", Special::Text, &mut spans);
    assert!(
        matches!(error, Err(EncodeError::Offsets { .. })),
        "{error:?}"
    );
}

#[test]
fn memory_is_bounded_whatever_is_encoded() {
    let mut encoder = Encoder::new(builtin_once("gpt2"));
    assert!(encoder.len_bytes() < 1 << 20, "a new encoder is small");
    let mut random = 1_u64;
    let mut held = Vec::new();
    for _ in 0..12 {
        let mut text = String::new();
        for _ in 0..150_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let (number, tail) = (random >> (20 + random % 40), (random >> 60) as usize);
            write!(text, " {number:x}{}", "y".repeat(tail)).unwrap();
        }
        encoder.count(&text, Special::Text).unwrap();
        held.push(encoder.len_bytes());
    }
    assert!(held.iter().all(|&held| held <= 68 << 20), "{held:?}");
}

/// Words are not looked up among the tokens of tiktoken's vocabularies where
/// merging gives them anyway.
#[test]
fn a_word_that_is_a_token_is_that_token() {
    for name in ["gpt2", "cl100k_base", "o200k_base"] {
        let tokenizer = builtin_once(name);
        let mut merger = merge::Merger::default();
        let model = tokenizer.route.byte_level().unwrap();
        for (id, token) in model.vocab.iter() {
            let mut ids = Vec::new();
            model.merge_word(token, &mut merger, &mut ids);
            assert_eq!(ids, [id], "{token:?}");
        }
    }
}
