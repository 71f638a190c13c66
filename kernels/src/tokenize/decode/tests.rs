//! What the oracle (see `tokenize::oracle`) does not say of decoding.

use proptest::prelude::*;

use super::decoder::{Decoder, decode};
use super::step::{DecodeStep, FirstSpace, Tidy};
use super::stream::DecodeStream;
use crate::tokenize::error::EncodeError;
use crate::tokenize::pattern::Pattern;

const TOKENS: [&str; 24] = [
    "\u{2581}",
    "\u{2581}a",
    "b",
    "c\u{2581}",
    "<0x61>",
    "<0xC3>",
    "<0xA9>",
    "<0xE2>",
    "<0x82>",
    "<0xAC>",
    "é",
    "\u{120}a",
    "\u{c3}",
    "\u{a9}",
    "##b",
    "##",
    ".",
    "n't",
    "",
    " ",
    "x</w>",
    "</w>",
    "<pad>",
    "\u{fffd}",
];

fn decoders() -> Vec<(&'static str, Option<Decoder>)> {
    let some = |steps| Some(Decoder { steps });
    let llama = vec![
        DecodeStep::Replace {
            pattern: Pattern::literal("\u{2581}"),
            content: " ".to_owned(),
        },
        DecodeStep::ByteFallback,
        DecodeStep::Fuse,
        DecodeStep::Strip {
            content: ' ',
            start: 1,
            stop: 0,
        },
    ];
    let word_piece = DecodeStep::WordPiece {
        prefix: "##".to_owned(),
        tidy: Tidy::Yes,
    };
    let metaspace = DecodeStep::Metaspace {
        mark: '\u{2581}',
        first: FirstSpace::Drop,
    };
    vec![
        ("none", None),
        ("byte level", some(vec![DecodeStep::ByteLevel])),
        ("word piece", some(vec![word_piece])),
        ("metaspace", some(vec![metaspace])),
        ("llama", some(llama)),
        (
            "word ends",
            some(vec![DecodeStep::WordEnds {
                suffix: "</w>".to_owned(),
            }]),
        ),
    ]
}

fn texts(ids: &[u32]) -> impl Iterator<Item = &'static str> {
    ids.iter().map(|id| TOKENS[*id as usize % TOKENS.len()])
}

/// Whether ids never take back what those before them decode to.
fn is_steady(ids: &[u32], all: impl Fn(&[u32]) -> Result<String, EncodeError>) -> bool {
    let texts = (0..=ids.len()).map(|n| all(&ids[..n]).unwrap());
    let mut given = String::new();
    for text in texts.filter(|text| !text.ends_with('\u{fffd}')) {
        if !text.starts_with(&given) {
            return false;
        }
        given = text;
    }
    all(ids).unwrap().starts_with(&given)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn a_stream_gives_the_whole_text(
        ids in prop::collection::vec(0..TOKENS.len() as u32, 0..24),
    ) {
        for (name, decoder) in decoders() {
            let all = |ids: &[u32]| decode(texts(ids), decoder.as_ref());
            let mut stream = DecodeStream::default();
            let mut parts = String::new();
            for id in &ids {
                if let Some(part) = stream.step(&[*id], all).unwrap() {
                    prop_assert_ne!(part.chars().next_back(), Some('\u{fffd}'));
                    parts.push_str(&part);
                }
            }
            parts.push_str(&stream.finish(all).unwrap());
            if is_steady(&ids, all) {
                prop_assert_eq!(parts, all(&ids).unwrap(), "{}", name);
            } else {
                prop_assert_eq!(name, "llama");
            }
        }
    }
}

#[test]
fn a_character_comes_out_whole() {
    let decoder = Decoder {
        steps: vec![DecodeStep::ByteFallback],
    };
    let tokens = ["\u{20}", "<0xC3>", "<0xA9>"];
    let all = |ids: &[u32]| -> Result<String, EncodeError> {
        decode(ids.iter().map(|id| tokens[*id as usize]), Some(&decoder))
    };
    let mut stream = DecodeStream::default();
    assert_eq!(stream.step(&[0], all).unwrap().as_deref(), Some(" "));
    assert_eq!(stream.step(&[1], all).unwrap(), None);
    assert_eq!(stream.step(&[2], all).unwrap().as_deref(), Some("é"));
    assert_eq!(stream.step(&[1], all).unwrap(), None);
    assert_eq!(stream.finish(all).unwrap(), "\u{fffd}");
}

#[test]
fn where_both_ends_are_stripped_nothing_is_left() {
    let strip = DecodeStep::Strip {
        content: 'a',
        start: 2,
        stop: 2,
    };
    let strip = |token: &str| strip.apply(vec![token.to_owned()]).unwrap().concat();
    assert_eq!(strip("aaabaaa"), "aba");
    assert_eq!(strip("aaa"), "");
    assert_eq!(strip("a"), "");
    assert_eq!(strip(""), "");
    assert_eq!(strip("éa"), "é");
}

#[test]
fn names_of_bytes_have_two_digits() {
    let text = |tokens: &[&str]| {
        let tokens = tokens.iter().map(|token| (*token).to_owned()).collect();
        DecodeStep::ByteFallback.apply(tokens).unwrap()
    };
    assert_eq!(text(&["<0x61>", "<0x4a>", "b"]), ["aJ", "b"]);
    for other in [
        "<0x1>",
        "<0x061>",
        "<0x6g>",
        "<0X61>",
        "0x61",
        "<0x61",
        "<0x\u{e9}>",
    ] {
        assert_eq!(text(&[other]), [other]);
    }
    // As the reference reads it.
    assert_eq!(text(&["<0x+a>"]), ["\n"]);
}
