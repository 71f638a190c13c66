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
    /// A line of a `vocab.txt` is not a token of its own.
    #[error("expected one new token on line {line}, got {found}")]
    VocabLine {
        /// The line, from 1.
        line: usize,
        /// What came.
        found: String,
    },
    /// A line of a `merges.txt` is not two tokens.
    #[error("expected a merge of two tokens on line {line}, got {found}")]
    MergeLine {
        /// The line, from 1.
        line: usize,
        /// What came.
        found: String,
    },
    /// The file is not a SentencePiece model.
    #[error("expected a SentencePiece model, got {found} at byte {offset}")]
    SentencePiece {
        /// Where in the file.
        offset: usize,
        /// What came.
        found: String,
    },
    /// The file is not the JSON of a `.tiktoken` file and its rules.
    #[error("expected a tiktoken.json, got: {message}")]
    TiktokenJson {
        /// What is wrong, with line and column.
        message: String,
    },
    /// The family is none that fixes a pattern and special tokens.
    #[error("expected a family of tiktoken encodings, one of {known}, got \"{family}\"")]
    Family {
        /// What came.
        family: String,
        /// The names there are.
        known: String,
    },
    /// A kind of asset that no tokenizer is kept as.
    #[error(
        "expected a tokenizer.json, tiktoken, tiktoken.json or sentencepiece asset, got \"{kind}\""
    )]
    Asset {
        /// What came.
        kind: String,
    },
    /// A model of another kind.
    #[error(
        "a model of the kind {kind} is not supported: expected BPE, WordPiece, Unigram or WordLevel"
    )]
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
    /// A file beside a vocabulary, in the folder of a model, is not as it should
    /// be, or says what cannot be followed.
    #[error("cannot follow {file}: {message}")]
    ModelFile {
        /// The file, such as `tokenizer_config.json`.
        file: &'static str,
        /// What of it.
        message: String,
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

    pub(crate) fn model_file(file: &'static str, message: impl Into<String>) -> Self {
        Self::ModelFile {
            file,
            message: message.into(),
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
    /// The tokenizer's own rules make the text far longer than it is.
    #[error(
        "the tokenizer's normalizers make a text of {len_bytes} bytes longer than {limit} bytes, \
         the limit"
    )]
    Grown {
        /// The length of the text before.
        len_bytes: usize,
        /// What it may grow to.
        limit: usize,
    },
    /// Ids do not fit the type asked for.
    #[error("expected a vocabulary of at most 65,536 ids for ids of 16 bits, got {vocab_size}")]
    WideIds {
        /// The greatest id + 1.
        vocab_size: usize,
    },
    /// Tokens are not the text's own bytes one after another.
    #[error("tokens are not the bytes of the text one after another: {what}")]
    Offsets {
        /// What keeps them from it.
        what: &'static str,
    },
    /// There are no ids for bytes that are not UTF-8.
    #[error("the tokenizer has no ids for bytes that are not UTF-8: {why}")]
    NoBytes {
        /// What of the tokenizer is in the way.
        why: String,
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
    /// The tokens cannot be truncated as the options say.
    #[error(transparent)]
    Truncation(#[from] TruncationError),
}

/// Tokens that cannot be truncated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TruncationError {
    /// Less tokens are allowed than are added to each text.
    #[error("expected a maximum length of at least the {n_added} added tokens, got {max_length}")]
    NoRoom {
        /// The length that is allowed.
        max_length: usize,
        /// The tokens that are added.
        n_added: usize,
    },
    /// Parts would have all tokens in common with the one before.
    #[error("expected a stride below the {room} tokens of the text in a part, got {stride}")]
    Stride {
        /// The tokens that parts have in common.
        stride: usize,
        /// The tokens of the text in a part.
        room: usize,
    },
    /// The second of two texts is to be truncated and there is one text.
    #[error("expected two texts, of which the second is truncated, got one")]
    NoSecond,
    /// The text that is to be truncated has too few tokens.
    #[error("expected a text of more than {n_removed} tokens, which is truncated, got {n_tokens}")]
    TooShort {
        /// The tokens that it has.
        n_tokens: usize,
        /// The tokens that it should lose.
        n_removed: usize,
    },
    /// Two texts would have too many pairs of overflowing parts.
    #[error("too many overflowing parts: {n_parts}, limit {limit}")]
    TooManyParts {
        /// The pairs of parts.
        n_parts: usize,
        /// How many there may be.
        limit: usize,
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

    /// The same in a text that has `len` bytes before it.
    pub(crate) fn moved(self, len: usize) -> Self {
        match self {
            Self::Special { token, offset } => Self::Special {
                token,
                offset: offset + len,
            },
            other => other,
        }
    }

    /// The same at another place.
    pub(crate) fn placed(self, offset: usize) -> Self {
        match self {
            Self::Special { token, .. } => Self::Special { token, offset },
            other => other,
        }
    }
}
