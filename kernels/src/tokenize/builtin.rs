//! The encodings of tiktoken: what fixes each beside its vocabulary, and the
//! vocabularies that are carried along.

use super::error::TokenizerError;
use super::pairs::{Merge, PairTable};
use super::scan::{Contractions, Digits, Scanner, TextEnd};
use super::vocab::Vocab;

/// An encoding of tiktoken: name, pattern, special tokens.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) pattern: FamilyPattern,
    special_tokens: &'static [(&'static str, u32)],
    /// Numbered tokens between, of which tiktoken has a thousand.
    reserved: std::ops::RangeInclusive<u32>,
    vocab: &'static [u8],
}

/// The pattern of a family, as tiktoken 0.14 has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FamilyPattern {
    Gpt2,
    Cl100k,
    O200k,
}

#[expect(clippy::reversed_empty_ranges, reason = "an empty range of ids")]
const NONE: std::ops::RangeInclusive<u32> = 1..=0;
const GPT2: &[(&str, u32)] = &[("<|endoftext|>", 50_256)];
const R50K_VOCAB: &[u8] = include_bytes!("../../vocab/r50k_base.vocab");
const O200K_VOCAB: &[u8] = include_bytes!("../../vocab/o200k_base.vocab");

const FAMILIES: &[Family] = &[
    Family {
        name: "gpt2",
        pattern: FamilyPattern::Gpt2,
        special_tokens: GPT2,
        reserved: NONE,
        vocab: R50K_VOCAB,
    },
    Family {
        name: "r50k_base",
        pattern: FamilyPattern::Gpt2,
        special_tokens: GPT2,
        reserved: NONE,
        vocab: R50K_VOCAB,
    },
    Family {
        name: "cl100k_base",
        pattern: FamilyPattern::Cl100k,
        special_tokens: &[
            ("<|endoftext|>", 100_257),
            ("<|fim_prefix|>", 100_258),
            ("<|fim_middle|>", 100_259),
            ("<|fim_suffix|>", 100_260),
            ("<|endofprompt|>", 100_276),
        ],
        reserved: NONE,
        vocab: include_bytes!("../../vocab/cl100k_base.vocab"),
    },
    Family {
        name: "o200k_base",
        pattern: FamilyPattern::O200k,
        special_tokens: &[("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)],
        reserved: NONE,
        vocab: O200K_VOCAB,
    },
    Family {
        name: "o200k_harmony",
        pattern: FamilyPattern::O200k,
        special_tokens: &[
            ("<|startoftext|>", 199_998),
            ("<|endoftext|>", 199_999),
            ("<|reserved_200000|>", 200_000),
            ("<|reserved_200001|>", 200_001),
            ("<|return|>", 200_002),
            ("<|constrain|>", 200_003),
            ("<|reserved_200004|>", 200_004),
            ("<|channel|>", 200_005),
            ("<|start|>", 200_006),
            ("<|end|>", 200_007),
            ("<|message|>", 200_008),
            ("<|reserved_200009|>", 200_009),
            ("<|reserved_200010|>", 200_010),
            ("<|reserved_200011|>", 200_011),
            ("<|call|>", 200_012),
            // One id, two names: tiktoken has both.
            ("<|endofprompt|>", 200_018),
        ],
        reserved: 200_013..=201_087,
        vocab: O200K_VOCAB,
    },
];

/// The names of [`FAMILIES`].
pub(crate) const NAMES: &[&str] = &[
    "gpt2",
    "r50k_base",
    "cl100k_base",
    "o200k_base",
    "o200k_harmony",
];

impl Family {
    pub(crate) fn by_name(name: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.name == name)
    }

    /// Every special token with its id.
    pub(crate) fn special_tokens(&self) -> impl Iterator<Item = (String, u32)> {
        let named = self
            .special_tokens
            .iter()
            .map(|&(name, id)| (name.to_owned(), id));
        let reserved = self.reserved.clone();
        named.chain(reserved.map(|id| (format!("<|reserved_{id}|>"), id)))
    }

    pub(crate) fn scanner(&self) -> Scanner {
        match self.pattern {
            FamilyPattern::Gpt2 => Scanner::gpt2(),
            FamilyPattern::Cl100k => Scanner::cl100k(Digits::Three, TextEnd::Whole),
            FamilyPattern::O200k => Scanner::o200k(Digits::Three, Contractions::Joined),
        }
    }

    /// The vocabulary and merges that the build wrote (see `build.rs`).
    pub(crate) fn load(&self) -> Result<(Vocab, PairTable), TokenizerError> {
        let records = Records(self.vocab);
        let tokens = (0_u32..).zip(records.clone());
        let vocab = Vocab::new(tokens.clone().map(|(id, record)| (id, record.token)))?;
        let mut pairs = PairTable::with_capacity(vocab.len());
        for (id, Record { left, right, .. }) in tokens {
            if left != NO_TOKEN {
                pairs.insert(left, right, Merge { rank: id, id });
            }
        }
        Ok((vocab, pairs))
    }
}

/// `left` of a token that no merge makes.
const NO_TOKEN: u32 = 0xff_ffff;

struct Record {
    left: u32,
    right: u32,
    token: &'static [u8],
}

#[derive(Clone)]
struct Records(&'static [u8]);

impl Iterator for Records {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let (&[len, l0, l1, l2, r0, r1, r2], rest) = self.0.split_first_chunk()?;
        let (token, rest) = rest.split_at_checked(usize::from(len))?;
        self.0 = rest;
        Some(Record {
            left: u32::from_le_bytes([l0, l1, l2, 0]),
            right: u32::from_le_bytes([r0, r1, r2, 0]),
            token,
        })
    }
}
