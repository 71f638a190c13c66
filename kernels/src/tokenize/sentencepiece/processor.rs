//! A SentencePiece model as a whole: text to ids with what they stand for, and
//! ids to text.

use super::bpe::{BpeModel, FoundPiece};
use super::normalizer::{Normalized, PieceNormalizer, SPACE};
use super::proto::{ModelType, PieceType, SentencePieceProto};
use super::unigram::{BestWay, UnigramModel};
use super::vocabulary::{ModelPieces, byte_of};
use crate::tokenize::error::TokenizerError;
use crate::tokenize::merge::Merger;
use crate::tokenize::model::WordToken;
use crate::tokenize::short_symbols::{SHORT_SYMBOLS, SymbolWord};
use crate::tokenize::text::tables::CharSet;

/// A model, ready for use.
pub(crate) struct SentencePiece {
    pieces: ModelPieces,
    normalizer: PieceNormalizer,
    model: PieceModel,
    byte_fallback: bool,
    strips_first_space: StripFirst,
    unk_surface: String,
}

enum PieceModel {
    Bpe(BpeModel),
    Unigram(UnigramModel),
    Word,
    Char,
}

/// Which spaces at the start of a decoded text are those that encoding adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StripFirst {
    None,
    One,
    All,
}

/// Buffers; what is in them between texts does not matter.
#[derive(Default)]
pub(crate) struct SentencePieceScratch {
    normalized: Normalized,
    merger: Merger,
    short: SymbolWord,
    word: String,
    ways: Vec<BestWay>,
    found: Vec<FoundPiece>,
}

impl SentencePiece {
    /// Reads a `.model`.
    ///
    /// # Errors
    /// `SentencePiece` where the file is cut off or is none, `Inconsistent` if
    /// pieces contradict one another, `Unsupported` by name for what is not
    /// built here.
    pub(crate) fn read(file: &[u8]) -> Result<Self, TokenizerError> {
        let proto = SentencePieceProto::parse(file)?;
        let pieces = ModelPieces::new(proto.pieces.clone())?;
        if proto.byte_fallback && pieces.bytes().is_none() {
            return Err(TokenizerError::inconsistent(
                "trainer_spec.byte_fallback",
                "it is set and there are no pieces for bytes",
            ));
        }
        let spec = &proto.normalizer;
        Ok(Self {
            normalizer: PieceNormalizer::new(&proto, &pieces)?,
            model: match proto.model_type {
                ModelType::Bpe => PieceModel::Bpe(BpeModel::new(&pieces)?),
                ModelType::Unigram => PieceModel::Unigram(UnigramModel::new(&pieces)?),
                ModelType::Word => PieceModel::Word,
                ModelType::Char => PieceModel::Char,
            },
            byte_fallback: proto.byte_fallback,
            strips_first_space: match (spec.remove_extra_whitespaces, spec.add_dummy_prefix) {
                (true, _) => StripFirst::All,
                (false, true) => StripFirst::One,
                (false, false) => StripFirst::None,
            },
            unk_surface: proto.unk_surface,
            pieces,
        })
    }

    /// Whether a text may be cut before each space that is behind another
    /// character but a space and U+2581, so that the parts have the ids of the
    /// whole: the first by [`Self::encode`], others by [`Self::encode_inside`].
    ///
    /// The normalizer then works on parts as on the whole: without a table of
    /// replacements it writes characters one by one, and pieces of the user,
    /// none of which has a space in it. A part ends with a character that is no
    /// space, so that nothing is stripped but from the last one, and what follows
    /// starts with U+2581. No piece has that behind another character, and what
    /// lies across a cut would have: so the model merges nothing there, and a
    /// single character starts there. U+2581 is a piece itself, so that unknown
    /// characters before it are not put together with those behind it, as
    /// unknown words are. In a Unigram the rounding of sums goes on across words,
    /// so that no part stands by itself.
    pub(crate) fn is_cut_before_spaces(&self) -> bool {
        let is_of_text = |kind| match kind {
            PieceType::Normal | PieceType::UserDefined | PieceType::Unused => true,
            PieceType::Unknown | PieceType::Control | PieceType::Byte => false,
        };
        let mut of_text = self
            .pieces
            .iter()
            .filter(|(_, piece)| is_of_text(piece.kind));
        let starts_words = |text: &str| {
            let rest = text.trim_start_matches(SPACE);
            !rest.contains(SPACE) && !rest.contains(' ')
        };
        self.normalizer.is_local()
            && matches!(self.model, PieceModel::Bpe(_) | PieceModel::Char)
            && self.pieces.ordinary(SPACE).is_some()
            && of_text.all(|(_, piece)| starts_words(&piece.text))
    }

    /// The characters that some piece holds side by side.
    pub(crate) fn joined(&self) -> impl Iterator<Item = (char, char)> + Clone {
        let texts = self.pieces.iter().map(|(_, piece)| piece.text.chars());
        texts.flat_map(|chars| chars.clone().zip(chars.skip(1)))
    }

    /// The characters that are pieces, unless all others become bytes.
    pub(crate) fn known_chars(&self) -> Option<CharSet> {
        let chars = self.pieces.iter().filter_map(|(_, piece)| {
            let mut chars = piece.text.chars();
            let c = chars.next().filter(|_| chars.next().is_none())?;
            self.pieces.ordinary(&piece.text).map(|_| c)
        });
        (!self.byte_fallback).then(|| CharSet::of(chars))
    }

    /// Appends the ids of a short part of a text. Returns `None` and appends
    /// nothing where it takes [`Self::encode_inside`].
    pub(crate) fn encode_short(
        &self,
        part: &str,
        scratch: &mut SentencePieceScratch,
        ids: &mut Vec<u32>,
    ) -> Option<()> {
        let PieceModel::Bpe(model) = &self.model else {
            return None;
        };
        if part.len() > char::MAX.len_utf8() * SHORT_SYMBOLS {
            return None;
        }
        let bytes = self.pieces.bytes().filter(|_| self.byte_fallback)?;
        self.normalizer.write_spaces(part, &mut scratch.word)?;
        model.encode_short(&scratch.word, bytes, &mut scratch.short, ids)
    }

    /// Appends the tokens of a part of a text; what they stand for is counted
    /// from its start.
    pub(crate) fn encode_inside(
        &self,
        part: &str,
        scratch: &mut SentencePieceScratch,
        tokens: &mut Vec<WordToken>,
    ) {
        self.normalizer
            .normalize_inside(part, &mut scratch.normalized);
        self.encode_normal(scratch, tokens);
    }

    /// Appends the tokens of a text; each has the bytes of `text` that it
    /// stands for. The bytes of an unknown character stand for all of it.
    pub(crate) fn encode(
        &self,
        text: &str,
        scratch: &mut SentencePieceScratch,
        tokens: &mut Vec<WordToken>,
    ) {
        self.normalizer.normalize(text, &mut scratch.normalized);
        self.encode_normal(scratch, tokens);
    }

    fn encode_normal(&self, scratch: &mut SentencePieceScratch, tokens: &mut Vec<WordToken>) {
        let normal = std::mem::take(&mut scratch.normalized);
        scratch.found.clear();
        self.find(&normal.text, scratch);
        let mut at = 0;
        let mut in_unknown = false;
        for found in &scratch.found {
            let origin = |at: usize| normal.origins.get(at).copied().unwrap_or_default();
            let (start, end) = (origin(at), origin(at + found.len_bytes));
            let token = |id| WordToken { id, start, end };
            let text = normal
                .text
                .get(at..at + found.len_bytes)
                .unwrap_or_default();
            at += found.len_bytes;
            if found.id != self.pieces.unknown() {
                tokens.push(token(found.id));
                in_unknown = false;
                continue;
            }
            match (self.pieces.bytes(), tokens.last_mut()) {
                (Some(bytes), _) if self.byte_fallback => {
                    tokens.extend(text.bytes().map(|byte| token(bytes[usize::from(byte)])));
                }
                // Unknown characters in a row are one token.
                (_, Some(last)) if in_unknown => last.end = end,
                _ => {
                    tokens.push(token(found.id));
                    in_unknown = true;
                }
            }
        }
        scratch.normalized = normal;
    }

    fn find(&self, text: &str, scratch: &mut SentencePieceScratch) {
        let found = &mut scratch.found;
        match &self.model {
            PieceModel::Bpe(model) => {
                model.encode(
                    text,
                    (&self.pieces, &self.normalizer),
                    &mut scratch.merger,
                    found,
                );
            }
            PieceModel::Unigram(model) => {
                model.encode(text, self.pieces.unknown(), &mut scratch.ways, found);
            }
            PieceModel::Word => found.extend(words(text).map(|word| self.whole(word))),
            PieceModel::Char => {
                let mut rest = text;
                while let Some(c) = rest.chars().next() {
                    let len = self.normalizer.user_defined(rest).unwrap_or(c.len_utf8());
                    let (piece, after) = rest.split_at(len);
                    found.push(self.whole(piece));
                    rest = after;
                }
            }
        }
    }

    /// A stretch as a piece: one that texts are made of, as no text spells a
    /// control symbol.
    fn whole(&self, piece: &str) -> FoundPiece {
        FoundPiece {
            id: self.pieces.ordinary(piece).unwrap_or(self.pieces.unknown()),
            len_bytes: piece.len(),
        }
    }

    /// The text of ids; ids that are no pieces give U+FFFD.
    pub(crate) fn decode(&self, ids: &[u32]) -> String {
        let mut text = String::new();
        let mut bytes: Vec<u8> = Vec::new();
        let mut first_space_seen = false;
        for &id in ids {
            let Some(piece) = self.pieces.get(id) else {
                put_bytes(&mut bytes, &mut text);
                text.push(char::REPLACEMENT_CHARACTER);
                continue;
            };
            match (piece.kind, byte_of(&piece.text)) {
                (PieceType::Byte, Some(byte)) => {
                    bytes.push(byte);
                    continue;
                }
                _ => put_bytes(&mut bytes, &mut text),
            }
            match piece.kind {
                PieceType::Control => {}
                PieceType::Unknown => text.push_str(&self.unk_surface),
                PieceType::Normal
                | PieceType::UserDefined
                | PieceType::Unused
                | PieceType::Byte => {
                    let mut shown = piece.text.as_str();
                    if text.is_empty()
                        && !first_space_seen
                        && self.strips_first_space != StripFirst::None
                        && let Some(rest) = shown.strip_prefix(SPACE)
                    {
                        shown = rest;
                        first_space_seen = self.strips_first_space == StripFirst::One;
                    }
                    text.push_str(&shown.replace(SPACE, " "));
                }
            }
        }
        put_bytes(&mut bytes, &mut text);
        text
    }

    /// The pieces that stand for no text, such as `<s>`, and their ids.
    pub(crate) fn control_symbols(&self) -> impl Iterator<Item = (u32, &str)> {
        self.pieces
            .iter()
            .filter(|(_, piece)| piece.kind == PieceType::Control)
            .map(|(id, piece)| (id, piece.text.as_str()))
    }

    /// The text of a piece.
    pub(crate) fn token(&self, id: u32) -> Option<&str> {
        self.pieces.get(id).map(|piece| piece.text.as_str())
    }

    /// The id of a piece by its text.
    pub(crate) fn id(&self, piece: &str) -> Option<u32> {
        let id = self.pieces.id(piece);
        let is_it = self.pieces.get(id).is_some_and(|found| found.text == piece);
        is_it.then_some(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }
}

/// The words of a text, each with the space before it: also where the model
/// says that spaces end words, which changes training alone.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?.len_utf8();
        let end = rest.get(first..).and_then(|after| after.find(SPACE));
        let (word, after) = rest.split_at(end.map_or(rest.len(), |at| first + at));
        rest = after;
        Some(word)
    })
}

/// Writes the bytes gathered so far; each that is in no character is U+FFFD.
fn put_bytes(bytes: &mut Vec<u8>, text: &mut String) {
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    bytes.clear();
}
