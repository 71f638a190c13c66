//! What can go wrong when a tokenizer is read and when it is used.

use thiserror::Error;

/// A tokenizer file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// The file is not JSON of the expected layout.
    #[error("expected a tokenizer.json, got: {message}")]
    Json {
        /// What the parser met, with line and column.
        message: String,
    },
    /// A line of a `.tiktoken` file is not `<base64> <rank>`.
    #[error("expected `<base64> <rank>` on line {line}, got {found}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What came.
        found: String,
    },
    /// The family is none that fixes a pattern and special tokens.
    #[error("expected a family of tiktoken encodings, one of {known}, got \"{family}\"")]
    Family {
        /// What came.
        family: String,
        /// The names there are.
        known: String,
    },
    /// A model of another kind.
    #[error("{kind} is not supported yet: expected byte-level BPE")]
    Model {
        /// What it is, such as `WordPiece`.
        kind: String,
    },
    /// A component or option that would change the ids and is not built here.
    #[error("`{field}` is not supported: expected {expected}, got {found}")]
    Unsupported {
        /// Its place in the file, such as `model.dropout`.
        field: String,
        /// What is supported there.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// Parts of the file contradict one another.
    #[error("`{field}` is inconsistent: {message}")]
    Inconsistent {
        /// Its place in the file.
        field: &'static str,
        /// What contradicts what.
        message: String,
    },
}

impl TokenizerError {
    /// What one can do about it, where one thing helps.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Model { .. } => Some(
                "take a byte-level BPE tokenizer (as those of GPT-2, Llama 3 and Qwen), \
                 or tokenize elsewhere and shard the lists of ids",
            ),
            Self::Unsupported { field, .. } if field == "model.dropout" => {
                Some("set it to null in the file: ids that change by chance cannot be made again")
            }
            _ => None,
        }
    }

    pub(crate) fn model(kind: impl Into<String>) -> Self {
        Self::Model { kind: kind.into() }
    }

    pub(crate) fn unsupported(
        field: impl Into<String>,
        expected: &'static str,
        found: impl Into<String>,
    ) -> Self {
        Self::Unsupported {
            field: field.into(),
            expected,
            found: found.into(),
        }
    }

    pub(crate) fn inconsistent(field: &'static str, message: impl Into<String>) -> Self {
        Self::Inconsistent {
            field,
            message: message.into(),
        }
    }
}

/// A text that cannot be encoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The text spells a special token, and the policy refuses that.
    #[error("expected no special token in the text, got \"{token}\" at byte {offset}")]
    Special {
        /// The token's text.
        token: String,
        /// Where it starts. For a token that matches normalised text, in a
        /// text that normalisation changes, where the stretch of text that
        /// holds it starts.
        offset: usize,
    },
    /// The text is longer than positions in it can be counted.
    #[error("expected a text of less than 4 GiB, got {len_bytes} bytes")]
    TooLong {
        /// Its length.
        len_bytes: usize,
    },
    /// What the file's post-processor adds is not known.
    #[error(transparent)]
    Template(TokenizerError),
    /// The tokenizer's own regular expression gave up on the text.
    #[error("the split pattern failed on a text of {len_bytes} bytes: {message}")]
    Pattern {
        /// Length of the stretch of text it ran on.
        len_bytes: usize,
        /// What the engine says.
        message: String,
    },
    /// A part of the text is in no token, and the model has none for that.
    #[error(
        "expected a text that tokens cover, got \"{text}\": the model has no token for what is \
         unknown, which should be \"{unknown}\""
    )]
    Unknown {
        /// The part, or its first characters.
        text: String,
        /// The name of the token, or of the option that should name it.
        unknown: String,
    },
}

impl EncodeError {
    /// The refusal of a text that no token covers; keeps 32 of its characters.
    pub(crate) fn unknown(text: &str, unknown: &str) -> Self {
        Self::Unknown {
            text: text.chars().take(32).collect(),
            unknown: unknown.to_owned(),
        }
    }
}
