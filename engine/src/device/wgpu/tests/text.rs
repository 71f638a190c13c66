//! Text through a lane: the ids of the encoder, and the host's share.

use std::sync::Arc;

use fuelrail_kernels::tokenize::{Encoder, Special, Tokenizer};

use super::adapters;
use crate::device::items::offsets_of;
use crate::device::permits::Permits;
use crate::device::text_lane::TextOnLane;
use crate::device::{DeviceKind, found};

/// Documents in several scripts, some of which a device does not finish.
fn documents() -> Vec<String> {
    let words = [
        "I'll",
        " écrire",
        " 12345",
        "\n\n",
        "語学校",
        " don't",
        "  \t",
        " naïve",
    ];
    let mut documents: Vec<String> = (0..200)
        .map(|n| {
            words
                .iter()
                .cycle()
                .skip(n)
                .step_by(3)
                .take(n)
                .copied()
                .collect()
        })
        .collect();
    documents.push("a".repeat(1_024));
    documents.push("a".repeat(1_025));
    documents.push(format!("before {} behind", "^".repeat(9_000)));
    documents
}

/// A tokenizer by word pieces that covers some of the words.
fn word_pieces() -> Tokenizer {
    let tokens =
        "[PAD] [UNK] [CLS] [SEP] i ' ll ecrire don t naive 語 学 校 123 ##45 ^ a ##a before behind";
    let tokens = tokens.replace(' ', "\n");
    Tokenizer::from_vocab_txt(tokens.as_bytes()).unwrap()
}

#[test]
fn stretches_of_text_have_the_encoder_s_ids_or_are_the_host_s() {
    // Says so where there is nothing to test on.
    _ = adapters();
    let tokenizers = [
        (Tokenizer::builtin("gpt2").unwrap(), 2),
        (Tokenizer::builtin("cl100k_base").unwrap(), 2),
        // Words of so many characters are unknown.
        (word_pieces(), 0),
    ];
    for (tokenizer, expected_on_host) in tokenizers {
        let tokenizer = Arc::new(tokenizer);
        let mut encoder = Encoder::new(Arc::clone(&tokenizer));
        let documents = documents();
        let lens: Vec<u32> = documents
            .iter()
            .map(|text| u32::try_from(text.len()).unwrap())
            .collect();
        let offsets = offsets_of(&lens).unwrap();
        let permits = Permits::new(1);
        for device in found(DeviceKind::Wgpu).unwrap_or_default() {
            let lane = TextOnLane::new(&device, &tokenizer).unwrap().unwrap();
            let _permit = permits.take();
            let done = lane
                .run(documents.concat().as_bytes(), &offsets, &permits)
                .unwrap();
            let mut n_on_host = 0;
            for (text, range) in documents.iter().zip(done.of) {
                let Some(range) = range else {
                    n_on_host += 1;
                    assert!(text.len() > 1_024, "{text}");
                    continue;
                };
                let mut expected = Vec::new();
                encoder.encode(text, Special::Text, &mut expected).unwrap();
                assert_eq!(done.ids[range], expected, "{text}");
            }
            assert_eq!(n_on_host, expected_on_host);
        }
    }
}
