//! What the oracle (see `tokenize::oracle`) does not say of encodings.

use proptest::prelude::*;
use serde_json::json;

use super::finish::{Finish, finish};
use super::frame::EncodingFrame;
use super::post::PostProcessor;
use super::truncation::{Truncation, TruncationStrategy};
use super::types::{AddSpecial, Encoding, SequenceEnd};
use crate::tokenize::error::TruncationError;
use crate::tokenize::json::post_processors;

fn encoding(n_tokens: u32) -> Encoding {
    let mut encoding = Encoding::default();
    for id in 0..n_tokens {
        encoding.push(id, (2 * id, 2 * id + 1), Some(id / 2), None);
    }
    encoding
}

fn truncated(
    first: u32,
    second: Option<u32>,
    truncation: Truncation,
) -> Result<Encoding, TruncationError> {
    let how = Finish {
        truncation: Some(&truncation),
        ..Finish::default()
    };
    finish(
        encoding(first),
        second.map(encoding),
        how,
        AddSpecial::Yes,
        &|_| None,
    )
}

#[test]
fn what_cannot_be_truncated_is_refused() {
    let truncation = Truncation {
        max_length: 4,
        stride: 4,
        strategy: TruncationStrategy::LongestFirst,
        end: SequenceEnd::Right,
    };
    assert!(truncated(4, None, truncation).is_ok());
    assert_eq!(
        truncated(5, None, truncation).unwrap_err().to_string(),
        "expected a stride below the 4 tokens of the text in a part, got 4"
    );
    let second = Truncation {
        strategy: TruncationStrategy::OnlySecond,
        ..truncation
    };
    assert_eq!(truncated(5, None, second), Err(TruncationError::NoSecond));
    assert_eq!(
        truncated(9, Some(3), second).unwrap_err().to_string(),
        "expected a text of more than 8 tokens, which is truncated, got 3"
    );
    let many = Truncation {
        stride: 0,
        ..truncation
    };
    assert_eq!(
        truncated(3_000, Some(3_000), many).unwrap_err().to_string(),
        "too many overflowing parts: 2250000, limit 1048576"
    );
}

#[test]
fn words_and_places_are_found() {
    let encoding = encoding(5);
    assert_eq!(encoding.word_to_tokens(1, 0), Some(2..4));
    assert_eq!(encoding.word_to_tokens(3, 0), None);
    assert_eq!(encoding.word_to_span(1, 0), Some((4, 7)));
    assert_eq!(encoding.place_to_token(4, 0), Some(2));
    assert_eq!(encoding.place_to_token(5, 0), None);
    assert_eq!(encoding.token_to_sequence(4), Some(0));
    assert_eq!(encoding.token_to_sequence(5), None);
}

/// Post-processors of each kind, and of several together.
fn post_processors() -> Vec<Option<PostProcessor>> {
    let bert = json!({"type": "BertProcessing", "cls": ["[CLS]", 101], "sep": ["[SEP]", 102]});
    let roberta = json!({
        "type": "RobertaProcessing", "cls": ["<s>", 101], "sep": ["</s>", 102],
        "trim_offsets": true, "add_prefix_space": false,
    });
    let level = json!({
        "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true,
    });
    let special = |id: &str, type_id: u32| json!({"SpecialToken": {"id": id, "type_id": type_id}});
    let text = |id: &str, type_id: u32| json!({"Sequence": {"id": id, "type_id": type_id}});
    let template = json!({
        "type": "TemplateProcessing",
        "single": [text("A", 0), special("</s>", 2), special("<s>", 3)],
        "pair": [special("<s>", 1), text("B", 1), text("A", 0), special("</s>", 1)],
        "special_tokens": {
            "<s>": {"id": "<s>", "ids": [101], "tokens": ["<s>"]},
            "</s>": {"id": "</s>", "ids": [102, 103], "tokens": ["</", "s>"]},
        },
    });
    let several = |steps: &[&serde_json::Value]| json!({"type": "Sequence", "processors": steps});
    let files = [
        serde_json::Value::Null,
        several(&[&level, &template]),
        several(&[&bert, &roberta]),
        several(&[&bert, &template]),
        bert,
        roberta,
        level,
        template,
    ];
    let read = |file| post_processors::parse(&file).unwrap();
    files.into_iter().map(read).collect()
}

fn of_ids(ids: &[u32]) -> Encoding {
    let mut encoding = Encoding::default();
    for id in ids {
        encoding.push(*id, (0, 1), Some(0), Some("x".into()));
    }
    encoding
}

proptest! {
    #[test]
    fn rows_without_encodings_are_the_same(
        which in 0_usize..8,
        lens in (0_u32..12, prop::option::of(0_u32..12)),
        add in prop::bool::ANY,
        truncation in prop::option::of((0_usize..14, 0_usize..4, 0_usize..3, prop::bool::ANY)),
    ) {
        let post_processors = post_processors();
        let truncation = truncation.map(|(max_length, stride, strategy, left)| Truncation {
            max_length,
            stride,
            strategy: [
                TruncationStrategy::LongestFirst,
                TruncationStrategy::OnlyFirst,
                TruncationStrategy::OnlySecond,
            ][strategy],
            end: if left { SequenceEnd::Left } else { SequenceEnd::Right },
        });
        let how = Finish {
            truncation: truncation.as_ref(),
            post_processor: post_processors[which].as_ref(),
            ..Finish::default()
        };
        let add = if add { AddSpecial::Yes } else { AddSpecial::No };
        let first: Vec<u32> = (0..lens.0).collect();
        let second: Option<Vec<u32>> = lens.1.map(|len| (50..50 + len).collect());
        let whole = finish(of_ids(&first), second.as_deref().map(of_ids), how, add, &|_| None);

        let frame = EncodingFrame::new(how.post_processor, add, 1 + usize::from(lens.1.is_some()));
        let frame = frame.unwrap();
        let second = second.unwrap_or_default();
        let mut ids = vec![7];
        let row = frame
            .kept((first.len(), lens.1.map(|len| len as usize)), how.truncation)
            .map(|[of_first, of_second]| {
                let lens = [of_first.len(), of_second.len()];
                let texts = [&first[of_first], &second[of_second]];
                frame.put(|text, to| to.extend_from_slice(texts[text]), |id| id, &mut ids);
                lens
            });
        match (row, whole) {
            (Ok(lens), Ok(whole)) => {
                let runs: Vec<_> = frame.runs(lens).collect();
                let each = |of: fn(&super::TokenRun) -> u32| -> Vec<u32> {
                    let runs = runs.iter();
                    runs.flat_map(|run| std::iter::repeat_n(of(run), run.len)).collect()
                };
                prop_assert_eq!(&ids[1..], whole.ids);
                prop_assert_eq!(each(|run| run.type_id), whole.type_ids);
                let special: Vec<u32> = whole.special_tokens_mask.into_iter().map(u32::from).collect();
                prop_assert_eq!(each(|run| run.special.into()), special);
                prop_assert!(whole.attention_mask.iter().all(|bit| *bit == 1));
            }
            (row, whole) => prop_assert_eq!(row.err(), whole.err()),
        }
    }
}
