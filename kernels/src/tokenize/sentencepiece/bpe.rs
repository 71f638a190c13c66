//! Pieces by merging: the pair that gives the piece of the best score first,
//! the leftmost of equals.

use rustc_hash::FxHashMap;

use super::normalizer::PieceNormalizer;
use super::proto::PieceType;
use super::vocabulary::ModelPieces;
use crate::tokenize::char_table::CharTable;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::merge::Merger;
use crate::tokenize::model::Trie;
use crate::tokenize::pairs::{Merge, PairTable};
use crate::tokenize::short_symbols::{LONE_SYMBOL, SymbolMerges, SymbolWord};

/// Symbols are numbered: pieces by their ids, then the characters that are no
/// pieces but stand in some, then what does not merge.
pub(super) struct BpeModel {
    pairs: PairTable,
    /// The same merges for short words, if it takes them.
    short: Option<SymbolMerges>,
    n_pieces: u32,
    /// The symbols of characters, or `NO_SYMBOL`.
    chars: CharTable<u32>,
    /// The lengths in bytes of those characters, in order of their symbols.
    char_lens: Vec<u8>,
}

/// A character that stands in no piece.
const NO_SYMBOL: u32 = u32::MAX;

/// The symbol of a character that stands in no piece, and the first of those
/// of pieces that the user has defined, to which the ids are added.
const UNKNOWN_LEN: [u32; 5] = [0, u32::MAX - 4, u32::MAX - 3, u32::MAX - 2, u32::MAX - 1];

/// A stretch of the normalised text, and its piece if it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FoundPiece {
    pub(super) id: u32,
    pub(super) len_bytes: usize,
}

impl BpeModel {
    /// # Errors
    /// `Unsupported` if a piece is marked as unused, `Inconsistent` if the
    /// pieces are too many.
    pub(super) fn new(pieces: &ModelPieces) -> Result<Self, TokenizerError> {
        let n_pieces = pieces.len() as u32;
        let ranks = ranks(pieces)?;
        let mut model = Self {
            pairs: PairTable::with_capacity(0),
            short: None,
            n_pieces,
            chars: CharTable::new(NO_SYMBOL),
            char_lens: Vec::new(),
        };
        for (id, piece) in pieces.iter() {
            let mut chars = piece.text.chars();
            if let (Some(c), None) = (chars.next(), chars.next())
                && pieces.ordinary(&piece.text) == Some(id)
            {
                model.chars.insert(c, id);
            }
        }
        let mut merges = Vec::new();
        let mut halves = Halves::new(pieces)?;
        for (id, piece) in pieces.iter() {
            let Some(&rank) = ranks.get(&id) else {
                continue;
            };
            halves.of(&piece.text, |left, right| {
                let left = model.symbol(left, pieces);
                let right = model.symbol(right, pieces);
                if let (Some(left), Some(right)) = (left, right) {
                    merges.push((left, right, Merge { rank, id }));
                }
            });
        }
        model.pairs = PairTable::with_capacity(merges.len());
        for (left, right, merge) in merges {
            model.pairs.insert(left, right, merge);
        }
        // What does not merge has to be told from pieces.
        if n_pieces <= LONE_SYMBOL {
            model.short = SymbolMerges::new(&model.pairs);
        }
        Ok(model)
    }

    /// The symbol of a piece or of one character, which is numbered if need be.
    fn symbol(&mut self, text: &str, pieces: &ModelPieces) -> Option<u32> {
        if let Some(id) = pieces.ordinary(text) {
            return Some(id);
        }
        let mut chars = text.chars();
        let (c, None) = (chars.next()?, chars.next()) else {
            return None;
        };
        if self.chars.get(c) == NO_SYMBOL {
            let next = self.n_pieces + self.char_lens.len() as u32;
            self.chars.insert(c, next);
            self.char_lens.push(c.len_utf8() as u8);
        }
        Some(self.chars.get(c))
    }

    /// Appends what `text`, which is normalised, is made of.
    pub(super) fn encode(
        &self,
        text: &str,
        (pieces, normalizer): (&ModelPieces, &PieceNormalizer),
        merger: &mut Merger,
        found: &mut Vec<FoundPiece>,
    ) {
        let mut start = 0;
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(len) = normalizer.user_defined(rest) else {
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            };
            // A piece of the user's never merges with what is around it.
            self.merge(
                text.get(start..at).unwrap_or_default(),
                pieces,
                merger,
                found,
            );
            let piece = pieces.ordinary(rest.get(..len).unwrap_or_default());
            let id = piece.unwrap_or(pieces.unknown());
            found.push(FoundPiece { id, len_bytes: len });
            at += len;
            start = at;
        }
        self.merge(text.get(start..).unwrap_or_default(), pieces, merger, found);
    }

    /// Appends the pieces of a short word, with `bytes` for characters that are
    /// none. Returns `None` and appends nothing if the word is not short enough.
    #[inline]
    pub(super) fn encode_short(
        &self,
        text: &str,
        bytes: &[u32; 256],
        word: &mut SymbolWord,
        ids: &mut Vec<u32>,
    ) -> Option<()> {
        let short = self.short.as_ref()?;
        word.clear();
        let mut has_bytes = false;
        for c in text.chars() {
            let symbol = self.chars.get(c);
            has_bytes |= symbol >= self.n_pieces;
            word.push(symbol.min(LONE_SYMBOL))?;
        }
        if !has_bytes {
            short.merge(word, |id, _| ids.push(id));
            return Some(());
        }
        let mut chars = text.chars();
        short.merge(word, |id, n_chars| {
            if id < self.n_pieces {
                ids.push(id);
                chars.nth(n_chars - 1);
            } else if let Some(c) = chars.next() {
                let mut buffer = [0; 4];
                let spelled = c.encode_utf8(&mut buffer).bytes();
                ids.extend(spelled.map(|byte| bytes[usize::from(byte)]));
            }
        });
        Some(())
    }

    fn merge(
        &self,
        text: &str,
        pieces: &ModelPieces,
        merger: &mut Merger,
        found: &mut Vec<FoundPiece>,
    ) {
        let symbols = text.chars().map(|c| match self.chars.get(c) {
            NO_SYMBOL => UNKNOWN_LEN[c.len_utf8()],
            symbol => symbol,
        });
        let mut merged = Vec::new();
        merger.merge(symbols, &self.pairs, &mut merged);
        found.extend(merged.into_iter().map(|symbol| self.found(symbol, pieces)));
    }

    fn found(&self, symbol: u32, pieces: &ModelPieces) -> FoundPiece {
        let unknown = |len_bytes| FoundPiece {
            id: pieces.unknown(),
            len_bytes,
        };
        if let Some(piece) = pieces.get(symbol) {
            return FoundPiece {
                id: symbol,
                len_bytes: piece.text.len(),
            };
        }
        if let Some(len) = UNKNOWN_LEN.iter().position(|&unknown| unknown == symbol) {
            return unknown(len);
        }
        let len = self.char_lens.get((symbol - self.n_pieces) as usize);
        unknown(len.copied().map_or(0, usize::from))
    }
}

/// Finds where a piece falls into two others, in time that grows with its
/// length alone: a hostile file may have one of a million characters.
struct Halves {
    starts: Trie,
    /// Of the pieces backwards.
    ends: Trie,
    cuts: Vec<usize>,
}

impl Halves {
    fn new(pieces: &ModelPieces) -> Result<Self, TokenizerError> {
        let ordinary = pieces.iter().filter(|(_, piece)| match piece.kind {
            PieceType::Normal | PieceType::UserDefined | PieceType::Unused => true,
            PieceType::Unknown | PieceType::Control | PieceType::Byte => false,
        });
        let backwards: Vec<(String, u32)> = ordinary
            .clone()
            .map(|(id, piece)| (piece.text.chars().rev().collect(), id))
            .collect();
        Ok(Self {
            starts: Trie::new(ordinary.map(|(id, piece)| (piece.text.as_str(), id)))?,
            ends: Trie::new(backwards.iter().map(|(text, id)| (text.as_str(), *id)))?,
            cuts: Vec::new(),
        })
    }

    /// Calls `visit` with each two halves that are pieces or single characters.
    fn of(&mut self, text: &str, mut visit: impl FnMut(&str, &str)) {
        self.cuts.clear();
        let cuts = &mut self.cuts;
        each_known(&self.starts, text.chars(), |len| cuts.push(len));
        each_known(&self.ends, text.chars().rev(), |len| {
            let at = text.len() - len;
            while cuts.last().is_some_and(|&cut| cut > at) {
                cuts.pop();
            }
            if cuts.last() == Some(&at)
                && let Some((left, right)) = text.split_at_checked(at)
            {
                visit(left, right);
            }
        });
    }
}

/// Calls `visit` with the lengths in bytes of what is in the trie and starts the
/// text, and with that of the first character.
fn each_known(trie: &Trie, text: impl Iterator<Item = char>, mut visit: impl FnMut(usize)) {
    let mut node = Some(trie.root());
    let mut len = 0;
    let mut buffer = [0; 4];
    for c in text {
        let is_first = len == 0;
        let bytes = c.encode_utf8(&mut buffer).bytes();
        len += c.len_utf8();
        node = bytes.fold(node, |node, byte| trie.step(node?, byte));
        let is_known = node.is_some_and(|node| trie.value(node).is_some());
        if is_known || is_first {
            visit(len);
        }
        if node.is_none() {
            break;
        }
    }
}

/// The order in which pieces are made: equal scores have the same rank.
fn ranks(pieces: &ModelPieces) -> Result<FxHashMap<u32, u32>, TokenizerError> {
    let mut scores = Vec::new();
    for (id, piece) in pieces.iter() {
        match piece.kind {
            PieceType::Normal | PieceType::UserDefined => scores.push((piece.score, id)),
            PieceType::Unused => {
                return Err(TokenizerError::unsupported(
                    "pieces.type",
                    "pieces that are used, in a BPE",
                    format!("\"{}\", which is UNUSED", piece.text),
                ));
            }
            PieceType::Unknown | PieceType::Control | PieceType::Byte => {}
        }
    }
    scores.sort_unstable_by(|(one, _), (other, _)| other.total_cmp(one));
    let mut rank = 0;
    let mut before = None;
    Ok(scores
        .into_iter()
        .map(|(score, id)| {
            if before.is_some_and(|before: f32| before > score) {
                rank += 1;
            }
            before = Some(score);
            (id, rank)
        })
        .collect())
}
