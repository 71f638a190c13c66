//! What a SentencePiece model does to a text before it looks for pieces.

use super::proto::{NormalizerSpec, PieceType, SentencePieceProto};
use super::vocabulary::ModelPieces;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::model::Trie;
use crate::tokenize::text::Charsmap;

/// What a space is written as where it is escaped: U+2581.
pub(super) const SPACE: &str = "\u{2581}";

/// The normalizer of a model.
pub(super) struct PieceNormalizer {
    charsmap: Option<Charsmap>,
    /// Pieces of the user, which are left as they are.
    user_defined: Option<Trie>,
    spec: NormalizerSpec,
    space_as_suffix: bool,
}

/// A text as a model reads it. `origins` has, for each byte and for the end,
/// the byte of the original where what it stands for starts.
#[derive(Debug, Default)]
pub(super) struct Normalized {
    pub(super) text: String,
    pub(super) origins: Vec<u32>,
}

/// Whether what is before a text counts as a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterSpace {
    Yes,
    No,
}

impl PieceNormalizer {
    pub(super) fn new(
        proto: &SentencePieceProto,
        pieces: &ModelPieces,
    ) -> Result<Self, TokenizerError> {
        let spec = proto.normalizer.clone();
        let charsmap = match spec.charsmap.as_slice() {
            [] => None,
            bytes => Some(Charsmap::new(bytes).map_err(|error| {
                TokenizerError::unsupported(
                    "normalizer_spec.precompiled_charsmap",
                    "a table of replacements",
                    error.to_string(),
                )
            })?),
        };
        Ok(Self {
            charsmap,
            user_defined: user_defined(pieces)?,
            spec,
            space_as_suffix: proto.space_as_suffix,
        })
    }

    /// How many bytes of `rest` are a piece of the user's, the longest there.
    pub(super) fn user_defined(&self, rest: &str) -> Option<usize> {
        let trie = self.user_defined.as_ref()?;
        let mut node = trie.root();
        let mut longest = None;
        for (at, byte) in rest.bytes().enumerate() {
            match trie.step(node, byte) {
                Some(next) => node = next,
                None => break,
            }
            if trie.value(node).is_some() {
                longest = Some(at + 1);
            }
        }
        longest
    }

    /// What `rest` starts with as it is written then, and its bytes.
    fn prefix<'a>(&'a self, rest: &'a str) -> (&'a str, usize) {
        if let Some(len) = self.user_defined(rest) {
            return (rest.get(..len).unwrap_or_default(), len);
        }
        let replaced = self.charsmap.as_ref().and_then(|map| map.longest(rest));
        replaced.unwrap_or_else(|| {
            let len = rest.chars().next().map_or(0, char::len_utf8);
            (rest.get(..len).unwrap_or_default(), len)
        })
    }

    /// Whether a part of a text that starts with a space, the first after
    /// another character, is written the same by [`Self::normalize_inside`] as
    /// within the text.
    pub(super) fn is_local(&self) -> bool {
        self.charsmap.is_none() && self.spec.escape_whitespaces && !self.space_as_suffix
    }

    /// Writes the text of a part to `out` where no more becomes of it than that
    /// the space that it starts with is escaped, which needs no origins.
    pub(super) fn write_spaces(&self, part: &str, out: &mut String) -> Option<()> {
        let rest = part.strip_prefix(' ').unwrap_or(part);
        // A space at the end may be stripped.
        let is_stripped = rest.is_empty() || rest.ends_with(SPACE);
        if !self.is_local() || self.user_defined.is_some() || is_stripped || rest.contains(' ') {
            return None;
        }
        out.clear();
        if rest.len() < part.len() {
            out.push_str(SPACE);
        }
        out.push_str(rest);
        Some(())
    }

    /// Writes the text of a part to `out`, without a space before it.
    pub(super) fn normalize_inside(&self, part: &str, out: &mut Normalized) {
        out.text.clear();
        out.origins.clear();
        let mut at = self.rewrite(part, 0, (out, AfterSpace::No));
        if self.spec.remove_extra_whitespaces {
            at = self.strip_end(at, out);
        }
        out.origins.push(at as u32);
    }

    /// Writes the text of `original` to `out`.
    pub(super) fn normalize(&self, original: &str, out: &mut Normalized) {
        out.text.clear();
        out.origins.clear();
        let mut at = 0;
        if self.spec.remove_extra_whitespaces {
            at = self.after_spaces(original);
        }
        if at < original.len() {
            let add_space = self.spec.add_dummy_prefix;
            if add_space && !self.space_as_suffix {
                out.push(self.space(), at);
            }
            at = self.rewrite(original, at, (out, AfterSpace::Yes));
            if self.spec.remove_extra_whitespaces {
                at = self.strip_end(at, out);
            }
            if add_space && self.space_as_suffix {
                out.push(self.space(), at);
            }
        }
        out.origins.push(at as u32);
    }

    fn space(&self) -> &'static str {
        if self.spec.escape_whitespaces {
            SPACE
        } else {
            " "
        }
    }

    /// Where the text starts after what becomes one space each.
    fn after_spaces(&self, original: &str) -> usize {
        let mut at = 0;
        while let Some(rest) = original.get(at..).filter(|rest| !rest.is_empty()) {
            let (text, len) = self.prefix(rest);
            if text != " " {
                break;
            }
            at += len;
        }
        at
    }

    fn rewrite(
        &self,
        original: &str,
        mut at: usize,
        (out, before): (&mut Normalized, AfterSpace),
    ) -> usize {
        let drops_spaces = self.spec.remove_extra_whitespaces;
        let mut after_space = drops_spaces && before == AfterSpace::Yes;
        while let Some(rest) = original.get(at..).filter(|rest| !rest.is_empty()) {
            let (mut text, len) = self.prefix(rest);
            if after_space {
                text = text.trim_start_matches(' ');
            }
            for c in text.split_inclusive(' ') {
                match c.strip_suffix(' ') {
                    Some(before) => {
                        out.push(before, at);
                        out.push(self.space(), at);
                    }
                    None => out.push(c, at),
                }
            }
            // What is left out altogether changes nothing about this.
            if !text.is_empty() {
                after_space = drops_spaces && text.ends_with(' ');
            }
            at += len;
        }
        at
    }

    fn strip_end(&self, mut at: usize, out: &mut Normalized) -> usize {
        while out.text.ends_with(self.space()) {
            let len = out.text.len() - self.space().len();
            at = out.origins.get(len).map_or(at, |&origin| origin as usize);
            out.text.truncate(len);
            out.origins.truncate(len);
        }
        at
    }
}

impl Normalized {
    fn push(&mut self, text: &str, origin: usize) {
        self.text.push_str(text);
        self.origins.resize(self.text.len(), origin as u32);
    }
}

fn user_defined(pieces: &ModelPieces) -> Result<Option<Trie>, TokenizerError> {
    let of_user = pieces
        .iter()
        .filter(|(_, piece)| piece.kind == PieceType::UserDefined)
        .map(|(id, piece)| (piece.text.as_str(), id));
    if of_user.clone().next().is_none() {
        return Ok(None);
    }
    Trie::new(of_user).map(Some)
}
