//! A column of text on a device: what the encoder gives, row by row.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::DataType;
use fuelrail_kernels::tokenize::Tokenizer;

use super::table::{self, batch_of};
use super::{assert_equal, reference, within};
use crate::batch::Batch;
use crate::device::{Device, Offload, OnDeviceError, Worker};
use crate::plan::{
    DeviceChoice, DocumentTruncation, Plan, SpecialTokens, Stages, Step, TokenizeStep,
    TruncationSide, Utf8Mode,
};

/// Documents in several scripts with special tokens, and these.
fn batch(more: &[String]) -> Batch {
    let words = [
        "I'll",
        " écrire",
        "<|endoftext|>",
        " 12345",
        "\n\n",
        "語学校",
        " don't",
        "  \t",
    ];
    let some = |n: usize| {
        let words = words.iter().cycle().skip(n).step_by(3);
        Some(words.take(n).copied().collect::<String>())
    };
    let mut texts: Vec<Option<String>> = (0..100).map(some).collect();
    texts.extend([None, Some("<|endoftext|>".to_owned())]);
    texts.extend(more.iter().cloned().map(Some));
    let rows = (0..texts.len() as u64).collect();
    let texts: ArrayRef = Arc::new(StringArray::from(texts));
    batch_of(rows, vec![("text", texts)])
}

fn plan(tokenizer: Tokenizer, special_tokens: SpecialTokens, batch: &Batch) -> Arc<Plan> {
    let select = "[[step]]\nop = \"select\"\ncolumns = [\"text\"]\n";
    let mut plan = Arc::into_inner(table::plan(select, batch)).unwrap();
    plan.steps = vec![Step::Tokenize(TokenizeStep {
        column: "text".to_owned(),
        output: "text".to_owned(),
        tokenizer: Arc::new(tokenizer),
        asset: "tokenizer".to_owned(),
        special_tokens,
        invalid_utf8: Utf8Mode::Error,
        begin_of_document: vec![1, 2],
        end_of_document: vec![3],
        // Some documents are cut, those of a device like those of the host.
        truncation: Some(DocumentTruncation {
            max_length: 20,
            side: TruncationSide::Left,
        }),
        offsets: None,
        keep_text: false,
        count: Some("n_tokens".to_owned()),
        id_type: DataType::UInt16,
    })];
    plan.stages = Stages::of(&plan.steps).unwrap();
    Arc::new(plan)
}

/// A tokenizer by word pieces, whose special token is that of GPT-2.
fn word_pieces() -> Tokenizer {
    let file = r###"{"added_tokens": [{"id": 0, "content": "<|endoftext|>", "single_word": false,
            "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {"type": "WordPiece", "unk_token": "?", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {"<|endoftext|>": 0, "?": 1, "i": 2, "'": 3, "l": 4, "##l": 5, "ecr": 6, "##ire": 7,
                "don": 8, "t": 9, "12": 10, "##345": 11, "語": 12, "校": 13, "end": 14, "##of": 15}}}"###;
    Tokenizer::from_tokenizer_json(file.as_bytes()).unwrap()
}

/// Runs a batch on a device and on the processor; bytes of text, and those that the
/// host encoded.
fn shares(tokenizer: Tokenizer, special: SpecialTokens, more: &[String]) -> Option<(u64, u64)> {
    let batch = batch(more);
    let plan = plan(tokenizer, special, &batch);
    let device = Device::open(DeviceChoice::WgpuSoftware, &plan).ok()?;
    assert!(device.placement(&plan).join("\n").contains("encodes text"));
    let expected = reference(&plan, std::slice::from_ref(&batch));
    let shares = within(300, move || {
        let offload = Offload::new(&plan, &device, 1, OnDeviceError::Fail).unwrap();
        let offload = Arc::new(offload);
        let got = Worker::new(&plan, &offload).run(batch).unwrap();
        assert_equal(&expected, &[got]);
        offload.text_share()
    });
    Some(shares)
}

#[test]
fn a_named_device_encodes_text_and_what_it_leaves_is_counted() {
    for special in [
        SpecialTokens::Parse,
        SpecialTokens::Text,
        SpecialTokens::Refuse,
    ] {
        let gpt2 = Tokenizer::builtin("gpt2").unwrap();
        let Some((all, on_host)) = shares(gpt2, special, &["a".repeat(5_000)]) else {
            return;
        };
        assert!(all > 20_000, "{all}");
        // Refused documents are the host's, to say why.
        let is_refusing = special == SpecialTokens::Refuse;
        assert!(
            on_host == 5_000 || (is_refusing && on_host > 5_000),
            "{on_host}"
        );
    }
}

#[test]
fn what_a_device_can_do_it_does() {
    let long = ["a".repeat(1_024), "é".repeat(100), "語".repeat(3_000)];
    for special in [SpecialTokens::Parse, SpecialTokens::Text] {
        for tokenizer in [Tokenizer::builtin("gpt2").unwrap(), word_pieces()] {
            let long = match tokenizer.vocab_size() {
                ..1_000 => &long[..],
                // One word of all ideographs.
                _ => &long[..2],
            };
            let Some((all, on_host)) = shares(tokenizer, special, long) else {
                return;
            };
            assert!(all > 20_000, "{all}");
            assert_eq!(on_host, 0, "{special:?}");
        }
    }
}
