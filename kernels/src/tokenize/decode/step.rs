//! The decoders there are, each from a list of texts to another.

use super::cleanup::cleanup;
use crate::tokenize::byte_level;
use crate::tokenize::error::EncodeError;
use crate::tokenize::pattern::{Pattern, PatternSteps};

/// Whether spaces before punctuation are taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tidy {
    Yes,
    No,
}

/// What becomes of the mark of a space in the first token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstSpace {
    Keep,
    Drop,
}

/// One decoder.
pub(crate) enum DecodeStep {
    /// `BPEDecoder`: the suffix of words becomes a space, that of the last
    /// token nothing.
    WordEnds {
        suffix: String,
    },
    /// `ByteLevel`: GPT-2's spelling of bytes becomes the bytes.
    ByteLevel,
    /// `WordPiece`: a space before each token but the first, unless it
    /// continues a word.
    WordPiece {
        prefix: String,
        tidy: Tidy,
    },
    /// `Metaspace`: the mark of a space becomes a space.
    Metaspace {
        mark: char,
        first: FirstSpace,
    },
    /// `CTC`: of equal tokens in a row one stays, and no padding.
    Ctc {
        pad_token: String,
        word_delimiter: String,
        tidy: Tidy,
    },
    Replace {
        pattern: Pattern,
        content: String,
    },
    /// `Fuse`: all tokens become one.
    Fuse,
    /// `Strip`: takes a character off the ends of each token, at most so often.
    Strip {
        content: char,
        start: usize,
        stop: usize,
    },
    /// `ByteFallback`: tokens such as `<0x61>` become the bytes they name.
    ByteFallback,
}

impl DecodeStep {
    pub(super) fn apply(&self, tokens: Vec<String>) -> Result<Vec<String>, EncodeError> {
        Ok(match self {
            Self::WordEnds { suffix } => word_ends(tokens, suffix),
            Self::ByteLevel => vec![bytes(&tokens)],
            Self::WordPiece { prefix, tidy } => word_piece(tokens, prefix, *tidy),
            Self::Metaspace { mark, first } => metaspace(&tokens, *mark, *first),
            Self::Ctc {
                pad_token,
                word_delimiter,
                tidy,
            } => ctc(tokens, pad_token, word_delimiter, *tidy),
            Self::Replace { pattern, content } => {
                let mut steps = PatternSteps::on(tokens.iter().map(String::len).sum());
                let replace = |token: &String| replace(token, (pattern, &mut steps), content);
                return tokens.iter().map(replace).collect();
            }
            Self::Fuse => vec![tokens.concat()],
            Self::Strip {
                content,
                start,
                stop,
            } => {
                let strip = |token: &String| strip(token, *content, (*start, *stop)).to_owned();
                tokens.iter().map(strip).collect()
            }
            Self::ByteFallback => byte_fallback(tokens),
        })
    }
}

fn word_ends(mut tokens: Vec<String>, suffix: &str) -> Vec<String> {
    let last = tokens.len().saturating_sub(1);
    for (at, token) in tokens.iter_mut().enumerate() {
        let space = if at == last { "" } else { " " };
        *token = token.replace(suffix, space);
    }
    tokens
}

/// A token with a character that spells no byte stands for itself.
fn bytes(tokens: &[String]) -> String {
    let mut bytes = Vec::new();
    for token in tokens {
        match byte_level::decode(token) {
            Some(spelled) => bytes.extend_from_slice(&spelled),
            None => bytes.extend_from_slice(token.as_bytes()),
        }
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn word_piece(mut tokens: Vec<String>, prefix: &str, tidy: Tidy) -> Vec<String> {
    for (at, token) in tokens.iter_mut().enumerate() {
        if at > 0 {
            *token = match token.strip_prefix(prefix) {
                Some(rest) => rest.to_owned(),
                None => format!(" {token}"),
            };
        }
        if tidy == Tidy::Yes {
            *token = cleanup(std::mem::take(token));
        }
    }
    tokens
}

fn metaspace(tokens: &[String], mark: char, first: FirstSpace) -> Vec<String> {
    let spaced = |(at, token): (usize, &String)| {
        let is_dropped = at == 0 && first == FirstSpace::Drop;
        let chars = token.chars().filter(|&c| !(is_dropped && c == mark));
        chars.map(|c| if c == mark { ' ' } else { c }).collect()
    };
    tokens.iter().enumerate().map(spaced).collect()
}

fn ctc(mut tokens: Vec<String>, pad: &str, delimiter: &str, tidy: Tidy) -> Vec<String> {
    tokens.dedup();
    for token in &mut tokens {
        *token = token.replace(pad, "");
        if tidy == Tidy::Yes {
            *token = cleanup(std::mem::take(token)).replace(delimiter, " ");
        }
    }
    tokens.retain(|token| !token.is_empty());
    tokens
}

fn replace(
    token: &str,
    (pattern, steps): (&Pattern, &mut PatternSteps),
    content: &str,
) -> Result<String, EncodeError> {
    let mut replaced = String::with_capacity(token.len());
    let mut done = 0;
    pattern.find(token, steps, |found| {
        replaced.push_str(token.get(done..found.start).unwrap_or_default());
        replaced.push_str(content);
        done = found.end;
    })?;
    replaced.push_str(token.get(done..).unwrap_or_default());
    Ok(replaced)
}

/// `most` is how often the character is taken off the start and the end, both
/// told from the whole token: where they meet, nothing is left. (Hugging Face
/// panics there, and where a token is shorter than what may be taken off.)
fn strip(token: &str, content: char, most: (usize, usize)) -> &str {
    let count = |chars: &mut dyn Iterator<Item = char>, most| {
        let chars = chars.take(most).take_while(|c| *c == content);
        chars.count() * content.len_utf8()
    };
    let start = count(&mut token.chars(), most.0);
    let stop = count(&mut token.chars().rev(), most.1);
    token.get(start..token.len() - stop).unwrap_or_default()
}

/// The bytes in a row become text if they are UTF-8, or else as many U+FFFD.
fn byte_fallback(tokens: Vec<String>) -> Vec<String> {
    let mut texts = Vec::with_capacity(tokens.len());
    let mut bytes: Vec<u8> = Vec::new();
    for token in tokens {
        if let Some(byte) = named_byte(&token) {
            bytes.push(byte);
        } else {
            end_bytes(&mut bytes, &mut texts);
            texts.push(token);
        }
    }
    end_bytes(&mut bytes, &mut texts);
    texts
}

fn end_bytes(bytes: &mut Vec<u8>, texts: &mut Vec<String>) {
    if bytes.is_empty() {
        return;
    }
    match String::from_utf8(std::mem::take(bytes)) {
        Ok(text) => texts.push(text),
        Err(error) => {
            let n_bytes = error.as_bytes().len();
            texts.extend(std::iter::repeat_n("\u{fffd}".to_owned(), n_bytes));
        }
    }
}

/// The byte of `<0x61>`. As in Hugging Face the first digit may be a plus.
fn named_byte(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    let is_two = digits.len() == 2;
    is_two.then(|| u8::from_str_radix(digits, 16).ok())?
}
