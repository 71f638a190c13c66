//! The encodings of tiktoken: what fixes each beside its vocabulary, and the
//! vocabularies that are carried along.

use super::error::TokenizerError;
use super::pairs::{Merge, PairTable};
use super::scan::{Contractions, Digits, Scanner, TextEnd};
use super::special::{AddedOptions, AddedToken};
use super::text::{NormalForm, NormalizerStep, TextNormalizer};
use super::vocab::Vocab;

/// An encoding of tiktoken: name, pattern, special tokens.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pattern: FamilyPattern,
    special_tokens: &'static [(&'static str, u32)],
    /// Special tokens that are numbered.
    numbered: Numbered,
    /// Whether texts are brought into NFC, special tokens in them as well.
    nfc: bool,
    /// None: the vocabulary comes from a file.
    vocab: Option<&'static [u8]>,
}

/// Tokens that are a text, a number and `|>`; the first has the number `first`.
struct Numbered {
    text: &'static str,
    first: u32,
    ids: std::ops::RangeInclusive<u32>,
}

/// The pattern of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FamilyPattern {
    Gpt2,
    Cl100k,
    O200k,
    Llama3,
    Qwen,
}

#[expect(clippy::reversed_empty_ranges, reason = "an empty range of ids")]
const NONE: Numbered = Numbered {
    text: "",
    first: 0,
    ids: 1..=0,
};
const GPT2: &[(&str, u32)] = &[("<|endoftext|>", 50_256)];
const R50K_VOCAB: &[u8] = include_bytes!("../../vocab/r50k_base.vocab");
const O200K_VOCAB: &[u8] = include_bytes!("../../vocab/o200k_base.vocab");

const FAMILIES: &[Family] = &[
    Family {
        name: "gpt2",
        pattern: FamilyPattern::Gpt2,
        special_tokens: GPT2,
        numbered: NONE,
        nfc: false,
        vocab: Some(R50K_VOCAB),
    },
    Family {
        name: "r50k_base",
        pattern: FamilyPattern::Gpt2,
        special_tokens: GPT2,
        numbered: NONE,
        nfc: false,
        vocab: Some(R50K_VOCAB),
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
        numbered: NONE,
        nfc: false,
        vocab: Some(include_bytes!("../../vocab/cl100k_base.vocab")),
    },
    Family {
        name: "o200k_base",
        pattern: FamilyPattern::O200k,
        special_tokens: &[("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)],
        numbered: NONE,
        nfc: false,
        vocab: Some(O200K_VOCAB),
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
        numbered: Numbered {
            text: "<|reserved_",
            first: 200_013,
            ids: 200_013..=201_087,
        },
        nfc: false,
        vocab: Some(O200K_VOCAB),
    },
    // As the models' own code has them.
    Family {
        name: "llama3",
        pattern: FamilyPattern::Llama3,
        special_tokens: &[
            ("<|begin_of_text|>", 128_000),
            ("<|end_of_text|>", 128_001),
            ("<|reserved_special_token_0|>", 128_002),
            ("<|reserved_special_token_1|>", 128_003),
            ("<|reserved_special_token_2|>", 128_004),
            ("<|reserved_special_token_3|>", 128_005),
            ("<|start_header_id|>", 128_006),
            ("<|end_header_id|>", 128_007),
            ("<|reserved_special_token_4|>", 128_008),
            ("<|eot_id|>", 128_009),
        ],
        numbered: Numbered {
            text: "<|reserved_special_token_",
            first: 5,
            ids: 128_010..=128_255,
        },
        nfc: false,
        vocab: None,
    },
    Family {
        name: "llama3.1",
        pattern: FamilyPattern::Llama3,
        special_tokens: &[
            ("<|begin_of_text|>", 128_000),
            ("<|end_of_text|>", 128_001),
            ("<|reserved_special_token_0|>", 128_002),
            ("<|reserved_special_token_1|>", 128_003),
            ("<|finetune_right_pad_id|>", 128_004),
            ("<|step_id|>", 128_005),
            ("<|start_header_id|>", 128_006),
            ("<|end_header_id|>", 128_007),
            ("<|eom_id|>", 128_008),
            ("<|eot_id|>", 128_009),
            ("<|python_tag|>", 128_010),
            ("<|image|>", 128_011),
        ],
        numbered: Numbered {
            text: "<|reserved_special_token_",
            first: 2,
            ids: 128_012..=128_255,
        },
        nfc: false,
        vocab: None,
    },
    Family {
        name: "qwen",
        pattern: FamilyPattern::Qwen,
        special_tokens: &[
            ("<|endoftext|>", 151_643),
            ("<|im_start|>", 151_644),
            ("<|im_end|>", 151_645),
        ],
        numbered: Numbered {
            text: "<|extra_",
            first: 0,
            ids: 151_646..=151_850,
        },
        nfc: true,
        vocab: None,
    },
];

/// The names of [`FAMILIES`].
pub(crate) const FAMILY_NAMES: &[&str] = &[
    "gpt2",
    "r50k_base",
    "cl100k_base",
    "o200k_base",
    "o200k_harmony",
    "llama3",
    "llama3.1",
    "qwen",
];

/// Those whose vocabularies are carried along, which are the first.
pub(crate) const NAMES: &[&str] = FAMILY_NAMES.split_at(5).0;

impl FamilyPattern {
    const ALL: [Self; 5] = [
        Self::Gpt2,
        Self::Cl100k,
        Self::O200k,
        Self::Llama3,
        Self::Qwen,
    ];

    /// The regular expression, for tiktoken's own as tiktoken 0.14 has it.
    fn regex(self) -> &'static str {
        match self {
            Self::Gpt2 => {
                r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
            }
            Self::Cl100k => {
                r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
            }
            Self::O200k => {
                r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            }
            Self::Llama3 => {
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            }
            Self::Qwen => {
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            }
        }
    }

    fn scanner(self) -> Scanner {
        match self {
            Self::Gpt2 => Scanner::gpt2(),
            Self::Cl100k => Scanner::cl100k(Digits::Three, TextEnd::Whole),
            Self::O200k => Scanner::o200k(Digits::Three, Contractions::Joined),
            Self::Llama3 => Scanner::cl100k(Digits::Three, TextEnd::AfterNewline),
            Self::Qwen => Scanner::cl100k(Digits::One, TextEnd::AfterNewline),
        }
    }
}

impl Family {
    pub(crate) fn by_name(name: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.name == name)
    }

    /// The scanner of a pattern that some family has.
    pub(crate) fn scanner_of_pattern(regex: &str) -> Option<Scanner> {
        let mut patterns = FamilyPattern::ALL.into_iter();
        let pattern = patterns.find(|pattern| pattern.regex() == regex)?;
        Some(pattern.scanner())
    }

    /// Every special token.
    pub(crate) fn special_tokens(&self) -> Vec<AddedToken> {
        let named = self
            .special_tokens
            .iter()
            .map(|&(name, id)| (name.to_owned(), id));
        let Numbered { text, first, ids } = &self.numbered;
        let numbered = ids.clone().zip(*first..);
        named
            .chain(numbered.map(|(id, number)| (format!("{text}{number}|>"), id)))
            .map(|(content, id)| AddedToken {
                id,
                content,
                options: AddedOptions {
                    special: true,
                    normalized: self.nfc,
                    ..AddedOptions::default()
                },
            })
            .collect()
    }

    /// What is done to texts first.
    pub(crate) fn normalizer(&self) -> TextNormalizer {
        let nfc = self.nfc.then_some(NormalizerStep::Form(NormalForm::Nfc));
        TextNormalizer::new(nfc.into_iter().collect())
    }

    pub(crate) fn scanner(&self) -> Scanner {
        self.pattern.scanner()
    }

    /// The vocabulary and merges, if they are carried along.
    pub(crate) fn load(&self) -> Result<Option<(Vocab, PairTable)>, TokenizerError> {
        let Some(vocab) = self.vocab else {
            return Ok(None);
        };
        let records = Records(vocab);
        let tokens = (0_u32..).zip(records.clone());
        let vocab = Vocab::new(tokens.clone().map(|(id, record)| (id, record.token)))?;
        let mut pairs = PairTable::with_capacity(vocab.len());
        for (id, Record { left, right, .. }) in tokens {
            if left != NO_TOKEN {
                pairs.insert(left, right, Merge { rank: id, id });
            }
        }
        Ok(Some((vocab, pairs)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_families() {
        let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
        assert_eq!(names, FAMILY_NAMES);
        for family in FAMILIES {
            let is_builtin = NAMES.contains(&family.name);
            assert_eq!(family.vocab.is_some(), is_builtin, "{}", family.name);
        }
    }

    #[test]
    fn numbered_tokens_follow_the_named_ones() {
        let last = |name: &str| {
            let tokens = Family::by_name(name).unwrap().special_tokens();
            let last = tokens.into_iter().max_by_key(|token| token.id).unwrap();
            (last.content, last.id)
        };
        let token = |text: &str, id| (text.to_owned(), id);
        assert_eq!(last("o200k_harmony"), token("<|reserved_201087|>", 201_087));
        assert_eq!(
            last("llama3"),
            token("<|reserved_special_token_250|>", 128_255)
        );
        assert_eq!(
            last("llama3.1"),
            token("<|reserved_special_token_245|>", 128_255)
        );
        assert_eq!(last("qwen"), token("<|extra_204|>", 151_850));
    }
}
