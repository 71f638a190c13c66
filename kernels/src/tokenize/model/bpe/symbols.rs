//! A word as symbols, one a character, before any merge.

use super::load::{BpeOptions, FuseUnknown};
use crate::tokenize::char_table::CharTable;
use crate::tokenize::error::EncodeError;
use crate::tokenize::model::tokens::{ByteTokens, TokenTable};
use crate::tokenize::short_symbols::SymbolWord;
use crate::tokenize::utf8::first_code;

/// What no token has as its id.
const NO_TOKEN: u32 = u32::MAX;

/// A token and how many bytes of the word it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BpeSymbol {
    pub(super) id: u32,
    pub(super) len: u32,
}

/// How characters become symbols.
pub(super) struct CharAlphabet {
    /// The ids of the characters that are tokens.
    chars: CharTable<u32>,
    bytes: Option<ByteTokens>,
    unknown: Unknown,
    fuse: FuseUnknown,
    affixes: Option<Affixes>,
}

/// What becomes of a character that is no token.
enum Unknown {
    /// An error: there is no token for it, and nothing is left out.
    Refused,
    Token(u32),
    /// The token of that name, which the vocabulary does not have.
    Missing(String),
}

/// What a character is spelled with by its place in the word.
struct Affixes {
    prefix: String,
    suffix: String,
}

/// What kind of symbol a character becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CharKind {
    Token(u32),
    /// One symbol a byte.
    Bytes,
    Unknown,
    Refused,
}

impl CharAlphabet {
    pub(super) fn new(tokens: &TokenTable, options: &BpeOptions) -> Self {
        let affixes = Affixes {
            prefix: options.continuing_subword_prefix.clone(),
            suffix: options.end_of_word_suffix.clone(),
        };
        let is_plain = affixes.prefix.is_empty() && affixes.suffix.is_empty();
        let mut chars = CharTable::new(NO_TOKEN);
        for (c, id) in characters(tokens) {
            chars.insert(c, id);
        }
        Self {
            chars,
            bytes: tokens.byte_tokens(options.byte_fallback),
            unknown: match &options.unk_token {
                None => Unknown::Refused,
                Some(token) => match tokens.id(token) {
                    Some(id) => Unknown::Token(id),
                    None => Unknown::Missing(token.clone()),
                },
            },
            fuse: options.fuse_unk,
            affixes: (!is_plain).then_some(affixes),
        }
    }

    /// Whether a character is the same symbol wherever it stands in a word.
    pub(super) fn is_plain(&self) -> bool {
        self.affixes.is_none()
    }

    /// Whether unknown characters in a row become one symbol.
    pub(super) fn fuse(&self) -> FuseUnknown {
        self.fuse
    }

    /// What a character becomes where characters are spelled as they are.
    #[inline]
    pub(super) fn kind(&self, c: char) -> CharKind {
        match self.chars.get(c) {
            NO_TOKEN => self.kind_of_other(c.encode_utf8(&mut [0; 4])),
            id => CharKind::Token(id),
        }
    }

    /// What a spelling that is no token becomes.
    fn kind_of_other(&self, spelling: &str) -> CharKind {
        let is_token = |byte: u8| {
            let bytes = self.bytes.as_ref();
            bytes.is_some_and(|bytes| bytes[usize::from(byte)].is_some())
        };
        if spelling.bytes().all(is_token) {
            CharKind::Bytes
        } else if matches!(self.unknown, Unknown::Refused) {
            CharKind::Refused
        } else {
            CharKind::Unknown
        }
    }

    /// Whether characters that are no tokens may become bytes.
    pub(super) fn has_bytes(&self) -> bool {
        self.bytes.is_some()
    }

    /// Whether every character that is no token becomes bytes.
    pub(super) fn has_all_bytes(&self) -> bool {
        let bytes = self.bytes.as_ref();
        bytes.is_some_and(|bytes| bytes.iter().all(Option::is_some))
    }

    /// Whether a character that is no token is refused.
    pub(super) fn refuses(&self) -> bool {
        matches!(self.unknown, Unknown::Refused)
    }

    /// Puts the symbols of a short word into `symbols`, if they are tokens, with
    /// what `of` says for the code of each character. The word is UTF-8.
    #[inline]
    pub(super) fn spell_short(
        &self,
        word: &[u8],
        of: impl Fn(u32) -> u32,
        symbols: &mut SymbolWord,
    ) -> Option<()> {
        symbols.clear();
        if !self.is_plain() {
            return None;
        }
        let mut rest = word;
        while let Some((code, after)) = first_code(rest) {
            rest = after;
            match self.chars.at(of(code)) {
                NO_TOKEN => self.spell_bytes(char::from_u32(of(code))?, symbols)?,
                id => symbols.push(id)?,
            }
        }
        Some(())
    }

    fn spell_bytes(&self, c: char, symbols: &mut SymbolWord) -> Option<()> {
        let bytes = self.bytes.as_ref()?;
        let mut buffer = [0; 4];
        let mut spelled = c.encode_utf8(&mut buffer).bytes();
        spelled.try_for_each(|byte| symbols.push(bytes[usize::from(byte)]?))
    }

    /// Puts the symbols of a word into `symbols`.
    ///
    /// # Errors
    /// `Unknown` if a character is unknown and the vocabulary lacks the token
    /// for that.
    pub(super) fn spell(
        &self,
        word: &str,
        tokens: &TokenTable,
        symbols: &mut Vec<BpeSymbol>,
    ) -> Result<(), EncodeError> {
        symbols.clear();
        let mut speller = Speller {
            alphabet: self,
            tokens,
            symbols,
            unknown: None,
        };
        match &self.affixes {
            None => {
                let mut buffer = [0; 4];
                for c in word.chars() {
                    speller.push(self.kind(c), c.encode_utf8(&mut buffer), c.len_utf8())?;
                }
            }
            Some(affixes) => speller.with_affixes(word, affixes)?,
        }
        speller.flush();
        Ok(())
    }
}

/// The tokens that are one character, with their ids.
pub(super) fn characters(tokens: &TokenTable) -> impl Iterator<Item = (char, u32)> {
    tokens.iter().filter_map(|(id, token)| {
        let mut chars = token.chars();
        let c = chars.next()?;
        chars.next().is_none().then_some((c, id))
    })
}

struct Speller<'a> {
    alphabet: &'a CharAlphabet,
    tokens: &'a TokenTable,
    symbols: &'a mut Vec<BpeSymbol>,
    /// The unknown character that is not out yet. Bytes overtake it, as they
    /// do in Hugging Face.
    unknown: Option<BpeSymbol>,
}

impl Speller<'_> {
    #[inline]
    fn push(&mut self, kind: CharKind, spelling: &str, len: usize) -> Result<(), EncodeError> {
        let len = len as u32;
        match kind {
            CharKind::Token(id) => {
                self.flush();
                self.symbols.push(BpeSymbol { id, len });
            }
            CharKind::Bytes => {
                let bytes = self.alphabet.bytes.as_ref();
                let ids = spelling
                    .bytes()
                    .filter_map(|byte| bytes?[usize::from(byte)]);
                self.symbols.extend(ids.map(|id| BpeSymbol { id, len: 1 }));
            }
            CharKind::Unknown => self.push_unknown(spelling, len)?,
            CharKind::Refused => return Err(EncodeError::unknown(spelling, "unk_token")),
        }
        Ok(())
    }

    fn push_unknown(&mut self, spelling: &str, len: u32) -> Result<(), EncodeError> {
        match &mut self.unknown {
            Some(unknown) if self.alphabet.fuse == FuseUnknown::Yes => {
                unknown.len += len;
                return Ok(());
            }
            _ => self.flush(),
        }
        match &self.alphabet.unknown {
            Unknown::Refused => {}
            Unknown::Token(id) => self.unknown = Some(BpeSymbol { id: *id, len }),
            Unknown::Missing(token) => return Err(EncodeError::unknown(spelling, token)),
        }
        Ok(())
    }

    fn flush(&mut self) {
        self.symbols.extend(self.unknown.take());
    }

    fn with_affixes(&mut self, word: &str, affixes: &Affixes) -> Result<(), EncodeError> {
        let mut spelling = String::new();
        for (at, c) in word.char_indices() {
            spelling.clear();
            if at > 0 {
                spelling.push_str(&affixes.prefix);
            }
            spelling.push(c);
            if at + c.len_utf8() == word.len() {
                spelling.push_str(&affixes.suffix);
            }
            let kind = match self.tokens.id(&spelling) {
                Some(id) => CharKind::Token(id),
                None => self.alphabet.kind_of_other(&spelling),
            };
            self.push(kind, &spelling, c.len_utf8())?;
        }
        Ok(())
    }
}
