//! Pieces by Viterbi's algorithm: those whose scores add up to most, added from
//! left to right in binary32 as the library does. Rounding makes ways equal that
//! are not, and then the one found first stays, so that this is part of what a
//! model means. So is where sums begin anew, as version 0.2.3 has it: once one is
//! beyond [`SUM_MAX`], it is taken off all that go on from there.

use super::bpe::FoundPiece;
use super::proto::PieceType;
use super::vocabulary::ModelPieces;
use crate::tokenize::error::TokenizerError;
use crate::tokenize::model::Trie;

/// A sum beyond it becomes 0.
const SUM_MAX: f32 = 100_000.0;

/// How much less than the worst piece an unknown character scores.
const UNK_PENALTY: f32 = 10.0;

/// Pieces that texts are made of, with their scores.
pub(super) struct UnigramModel {
    trie: Trie,
    /// By id; `None` for pieces that are not used.
    scores: Vec<Option<PieceScore>>,
    unk_score: f32,
}

#[derive(Clone, Copy)]
enum PieceScore {
    Of(f32),
    /// A piece of the user's scores by its length, so that it nearly always wins.
    ByLength,
}

/// The best way to a place in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct BestWay {
    score: f32,
    /// Where its last piece starts; `None` if there is no way yet.
    start: Option<u32>,
    id: u32,
}

impl UnigramModel {
    /// # Errors
    /// `Inconsistent` if the pieces are too many.
    pub(super) fn new(pieces: &ModelPieces) -> Result<Self, TokenizerError> {
        let normal = pieces
            .iter()
            .filter(|(_, piece)| piece.kind == PieceType::Normal)
            .map(|(_, piece)| piece.score);
        let of_text = pieces.iter().filter(|(_, piece)| {
            matches!(
                piece.kind,
                PieceType::Normal | PieceType::UserDefined | PieceType::Unused
            )
        });
        Ok(Self {
            trie: Trie::new(of_text.map(|(id, piece)| (piece.text.as_str(), id)))?,
            scores: pieces
                .iter()
                .map(|(_, piece)| match piece.kind {
                    PieceType::Normal => Some(PieceScore::Of(piece.score)),
                    PieceType::UserDefined => Some(PieceScore::ByLength),
                    PieceType::Unused
                    | PieceType::Unknown
                    | PieceType::Control
                    | PieceType::Byte => None,
                })
                .collect(),
            unk_score: normal.fold(f32::MAX, f32::min) - UNK_PENALTY,
        })
    }

    /// Appends what `text`, which is normalised, is made of.
    pub(super) fn encode(
        &self,
        text: &str,
        unknown: u32,
        ways: &mut Vec<BestWay>,
        found: &mut Vec<FoundPiece>,
    ) {
        const NONE: BestWay = BestWay {
            score: 0.0,
            start: None,
            id: 0,
        };
        ways.clear();
        ways.resize(text.len() + 1, NONE);
        // The end of the longest way so far.
        let mut furthest = 0;
        for (at, c) in text.char_indices() {
            let score = ways[at].score;
            if score.abs() > SUM_MAX {
                let open = ways[at..=furthest].iter_mut();
                for way in open.filter(|way| way.start.is_some()) {
                    way.score -= score;
                }
            }
            let end = self.extend(text, (at, c.len_utf8()), unknown, ways);
            furthest = furthest.max(end);
        }
        let first = found.len();
        let mut end = text.len();
        while end > 0 {
            let way = ways[end];
            let start = way.start.map_or(0, |start| start as usize);
            found.push(FoundPiece {
                id: way.id,
                len_bytes: end - start,
            });
            end = start;
        }
        found[first..].reverse();
    }

    /// Goes on from `at` by every piece that stands there; where the longest
    /// ends.
    fn extend(
        &self,
        text: &str,
        (at, len_char): (usize, usize),
        unknown: u32,
        ways: &mut [BestWay],
    ) -> usize {
        let till_here = ways[at].score;
        let mut has_single = false;
        let mut furthest = at;
        let mut offer = |end: usize, score: f32, id: u32| {
            furthest = furthest.max(end);
            let way = &mut ways[end];
            if way.start.is_none() || score > way.score {
                *way = BestWay {
                    score,
                    start: Some(at as u32),
                    id,
                };
            }
        };
        let mut node = self.trie.root();
        for (len, byte) in (1..).zip(text.bytes().skip(at)) {
            let Some(next) = self.trie.step(node, byte) else {
                break;
            };
            node = next;
            let score = self
                .trie
                .value(node)
                .and_then(|id| Some((id, self.score(id, len)?)));
            if let Some((id, score)) = score {
                offer(at + len, score + till_here, id);
                has_single |= len == len_char;
            }
        }
        if !has_single {
            offer(at + len_char, self.unk_score + till_here, unknown);
        }
        furthest
    }

    fn score(&self, id: u32, len_bytes: usize) -> Option<f32> {
        match *self.scores.get(id as usize)? {
            Some(PieceScore::Of(score)) => Some(score),
            // A tenth for each byte but the first, as version 0.2.3 has it.
            Some(PieceScore::ByLength) => {
                #[expect(clippy::cast_precision_loss, reason = "a sum of binary32")]
                let len_bytes = len_bytes as f32;
                Some((len_bytes - 1.0) / 10.0)
            }
            None => None,
        }
    }
}
