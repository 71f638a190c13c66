//! What the oracle (see `tokenize::oracle`) does not say of encodings.

use super::finish::{Finish, finish};
use super::truncation::{Truncation, TruncationStrategy};
use super::types::{AddSpecial, Encoding, SequenceEnd};
use crate::tokenize::error::TruncationError;

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
