//! Damaged files are refused where they are damaged, or read and used. That what
//! is read means the same as in the library is tested against it, in
//! `tests/python/test_sentencepiece.py`.

use std::sync::Arc;

use super::SentencePiece;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::{Encoder, Special, Tokenizer};

const TEXT: &str = "  Hello abab <s> 1234\u{301}  北京 🚀 \u{2581}a\u{200b} o'clock ";

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn message(number: u64, content: &[u8]) -> Vec<u8> {
    [
        varint(number << 3 | 2),
        varint(content.len() as u64),
        content.to_vec(),
    ]
    .concat()
}

fn flag(number: u64, value: u64) -> Vec<u8> {
    [varint(number << 3), varint(value)].concat()
}

fn piece(text: &str, score: f32, kind: u64) -> Vec<u8> {
    let score = [vec![2 << 3 | 5], score.to_le_bytes().to_vec()].concat();
    message(
        1,
        &[message(1, text.as_bytes()), score, flag(3, kind)].concat(),
    )
}

/// A file of a model of this type, with these pieces beside the unknown one.
fn model(kind: u64, pieces: &[(&str, f32, u64)]) -> Vec<u8> {
    let mut file = piece("<unk>", 0.0, 2);
    for (text, score, kind) in pieces {
        file.extend(piece(text, *score, *kind));
    }
    file.extend(message(2, &flag(3, kind)));
    file.extend(message(3, &[flag(3, 1), flag(4, 1), flag(5, 1)].concat()));
    file
}

fn small(kind: u64) -> Vec<u8> {
    let pieces = [
        ("<s>", 0.0, 3),
        ("\u{2581}", -3.0, 1),
        ("a", -1.0, 1),
        ("b", -2.0, 1),
        ("ab", -4.0, 1),
        ("\u{2581}ab", -5.0, 1),
        ("1234", 0.0, 4),
        ("o'", -6.0, 1),
    ];
    model(kind, &pieces)
}

/// Reads a file and uses it; errors that name a place name one in the file.
fn try_out(file: &[u8]) -> Result<(), TokenizerError> {
    let read = Tokenizer::from_sentencepiece(file);
    if let Err(TokenizerError::SentencePiece { offset, .. }) = &read {
        assert!(*offset <= file.len(), "{offset} of {}", file.len());
    }
    let mut encoder = Encoder::new(Arc::new(read?));
    let mut ids = Vec::new();
    for special in [Special::Text, Special::Parse] {
        encoder.encode(TEXT, special, &mut ids).unwrap();
    }
    encoder.tokenizer().decode(&ids).unwrap();
    encoder.tokenizer().decode(&[u32::MAX, 0, 1]).unwrap();
    Ok(())
}

#[test]
fn files_that_are_cut_off_are_refused_or_whole_so_far() {
    for kind in 1..=4 {
        let file = small(kind);
        try_out(&file).unwrap();
        let mut n_refused = 0;
        for len in 0..file.len() {
            let is_refused = try_out(&file[..len]).is_err();
            n_refused += usize::from(is_refused);
        }
        // All but those that end where a field of the outermost message does.
        assert!(n_refused + 12 > file.len(), "{n_refused} of {}", file.len());
    }
}

#[test]
fn files_with_a_byte_changed_do_no_harm() {
    for kind in 1..=4 {
        let file = small(kind);
        for at in 0..file.len() {
            for change in (0..8).map(|bit| 1 << bit).chain([0xff, 0x7f]) {
                let mut damaged = file.clone();
                damaged[at] ^= change;
                let _read_or_not = try_out(&damaged);
            }
        }
    }
}

#[test]
fn what_is_damaged_is_refused_with_its_place() {
    let place = |file: &[u8]| match try_out(file) {
        Err(TokenizerError::SentencePiece { offset, found }) => (offset, found),
        other => panic!("{other:?}"),
    };
    let file = small(1);
    let (offset, found) = place(&file[..file.len() - 1]);
    assert_eq!(found, "a field that goes beyond its message");
    assert_eq!(offset, file.len() - 6);
    let score = model(2, &[("a", f32::NAN, 1)]);
    assert_eq!(
        place(&score),
        (22, "a score that is no finite number".to_owned())
    );
    let (_, found) = place(&model(5, &[]));
    assert_eq!(found, "a model of an unknown type");
    let more = [small(1), message(5, &message(2, b"map"))].concat();
    assert_eq!(
        place(&more).1,
        "a denormalizer_spec, which is not supported"
    );
}

/// A piece of a megabyte is read as soon as a small one.
#[test]
fn a_long_piece_costs_no_more_than_its_length() {
    let long = "ab".repeat(1 << 19);
    let file = model(2, &[("a", -1.0, 1), ("b", -2.0, 1), (&long, -3.0, 1)]);
    let read = SentencePiece::read(&file).unwrap();
    assert_eq!(read.id(&long), Some(3));
}
