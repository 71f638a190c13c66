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
    TruncationSide,
};

/// Documents in several scripts with special tokens, and one that only the host
/// encodes.
fn batch() -> Batch {
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
    texts.extend([
        None,
        Some("a".repeat(5_000)),
        Some("<|endoftext|>".to_owned()),
    ]);
    let rows = (0..texts.len() as u64).collect();
    let texts: ArrayRef = Arc::new(StringArray::from(texts));
    batch_of(rows, vec![("text", texts)])
}

fn plan(special_tokens: SpecialTokens, batch: &Batch) -> Arc<Plan> {
    let select = "[[step]]\nop = \"select\"\ncolumns = [\"text\"]\n";
    let mut plan = Arc::into_inner(table::plan(select, batch)).unwrap();
    plan.steps = vec![Step::Tokenize(TokenizeStep {
        column: "text".to_owned(),
        output: "text".to_owned(),
        tokenizer: Arc::new(Tokenizer::builtin("gpt2").unwrap()),
        asset: "gpt2".to_owned(),
        special_tokens,
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

#[test]
fn a_named_device_encodes_text_and_what_it_leaves_is_counted() {
    for special in [
        SpecialTokens::Parse,
        SpecialTokens::Text,
        SpecialTokens::Refuse,
    ] {
        let batch = batch();
        let plan = plan(special, &batch);
        let Ok(device) = Device::open(DeviceChoice::WgpuSoftware, &plan) else {
            return;
        };
        assert!(device.placement(&plan).join("\n").contains("encodes text"));
        let expected = reference(&plan, std::slice::from_ref(&batch));
        within(300, move || {
            let offload = Offload::new(&plan, &device, 1, OnDeviceError::Fail).unwrap();
            let offload = Arc::new(offload);
            let got = Worker::new(&plan, &offload).run(batch).unwrap();
            assert_equal(&expected, &[got]);
            let (all, on_host) = offload.text_share();
            assert!(all > 20_000, "{all}");
            // Refused documents are the host's, to say why.
            let is_refusing = special == SpecialTokens::Refuse;
            assert!(
                on_host == 5_000 || (is_refusing && on_host > 5_000),
                "{on_host}"
            );
        });
    }
}
