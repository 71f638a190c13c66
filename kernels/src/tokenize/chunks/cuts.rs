//! Where a text may be cut so that its parts have the ids of the whole.
//!
//! # `BertNormalizer` and `BertPreTokenizer`
//! Cuts are before white space and around what words never reach across:
//! punctuation, ideographs that are given spaces, and what becomes white space. Of
//! ASCII, white space is what neither `clean_text` nor the pre-tokenizer takes for
//! anything else: tab, line feed, carriage return and the space.
//! - All that the normalizer does but NFD, it does to each character by itself.
//! - NFD replaces characters one by one, composes nothing, and then orders the
//!   marks between two characters that are none. On one side of each cut such a
//!   character is left: punctuation, an ideograph or white space. What is between
//!   may go with the accents, but takes no part in the order of those that stay. So
//!   marks are never ordered across a cut.
//! - The pre-tokenizer ends words at white space and around punctuation. So no word
//!   lies across a cut, and words are encoded one by one.
//!
//! # Spaces that become U+2581
//! Cuts are before a space that follows no other. The part behind it starts with
//! the space, which stays as it is in all the steps that are allowed: steps that
//! work on one character at a time; normal forms, which compose no space with what
//! is before it, nor order marks across it (nor compose it with what is after it);
//! and `Precompiled`, which works on one cluster at a time, where the character
//! before the space is in none with it. So the normal form of the whole is that of
//! the parts together, and `Prepend` is for the first part alone. `Metaspace` then
//! makes the space U+2581, so that it puts no other before it.
//! - If there is a `Prepend`, the first part must not vanish before it.
//! - If `Metaspace` splits, a word ends before each U+2581: no word lies across a
//!   cut, nor would one before the last of more spaces. The same holds of
//!   `WhitespaceSplit` before it, which removes white space; the `Metaspace` then
//!   sees each word by itself, and whether it starts the original.
//! - If nothing splits, the model has to be a BPE of which
//!   [`crate::tokenize::model::Bpe::is_cut_before`] says that a word can be cut
//!   before each U+2581 that is not behind another. What is before the cut must
//!   not end with U+2581 or a space once it is normal: characters below U+0800
//!   are tried out one by one, others end no part unless the steps leave them as
//!   they are. `Precompiled` may replace a cluster by what its first characters
//!   become, so that only a character which is a cluster by itself ends a part.
//!
//! # Parts of words
//! Between two characters that the steps leave as they are wherever they stand, and
//! that no token holds side by side, a word is cut too, unless what follows is a mark,
//! or another character that may change the second one. What is behind the cut is
//! then given to the model without what a `Metaspace` would put before it.
//! - In a BPE without a split the steps leave all characters as they are but
//!   spaces. It makes no merge across the place (see `model::bpe::cuts`).
//! - In a Unigram the place lies on every way, but rounding may differ (see
//!   `model::unigram::parts`): where it might, the word is encoded whole.

use super::bert::BertChars;
use super::blocks::{self, fill};
use super::joined::JoinedPairs;
use super::spaces::{
    CutBefore, EndClusters, LongEnds, MARK, PartIds, SpaceCuts, SpaceEnds, TWO_BYTES, WholeWordCuts,
};
use crate::tokenize::model::{Model, WORD_MAX};
use crate::tokenize::pipeline::TokenPipeline;
use crate::tokenize::text::tables::CharSet;
use crate::tokenize::text::{
    CharStanding, CutStep, InvertMatches, MetaspacePrefix, NormalizerStep, SplitAtReplacement,
    TextNormalizer, joins_next, stands_alone,
};

/// Where a text may be cut.
pub(super) enum ChunkCuts {
    Bert(Box<BertChars>),
    Spaces(SpaceCuts),
}

/// Whether a part that starts a text is encoded as any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstChunk {
    AsAny,
    Apart,
}

/// What the words of a text are, where spaces become U+2581.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpacedWords {
    /// The text is one.
    Whole,
    /// They start with U+2581.
    AtMarks,
    /// They lie between white space, and may be given U+2581.
    BetweenSpaces(MetaspacePrefix),
}

impl ChunkCuts {
    /// The cuts for these components, if there are any.
    pub(super) fn of(pipeline: &TokenPipeline) -> Option<Self> {
        let bert = BertChars::of(pipeline).map(|chars| Self::Bert(Box::new(chars)));
        bert.or_else(|| Some(Self::Spaces(space_cuts(pipeline, spaced_words(pipeline)?)?)))
    }

    pub(super) fn first(&self) -> FirstChunk {
        match self {
            Self::Bert(_) => FirstChunk::AsAny,
            Self::Spaces(_) => FirstChunk::Apart,
        }
    }

    /// Where the word ends that starts at `from`.
    pub(super) fn next_word(&self, text: &[u8], from: usize) -> usize {
        match self {
            Self::Bert(chars) => blocks::next(&**chars, text, from),
            Self::Spaces(cuts) => blocks::next(&WholeWordCuts(cuts), text, from),
        }
    }

    /// Writes where the chunks from `from` on end, where one starts, and returns
    /// their number: at least one, unless the text ends there. Where parts of words
    /// have to be checked, a word starts at `from`, and the last chunk ends one.
    pub(super) fn fill(&self, text: &[u8], from: usize, ends: &mut [u32]) -> usize {
        match self {
            Self::Bert(chars) => fill(&**chars, text, from, ends),
            Self::Spaces(cuts) => {
                let n_chunks = fill(cuts, text, from, ends);
                if !cuts.has_checks() {
                    return n_chunks;
                }
                let ends_word = |end: &u32| {
                    let byte = text.get(*end as usize);
                    byte.is_none_or(|byte| cuts.is_space(*byte))
                };
                let found = ends.iter().take(n_chunks).rposition(ends_word);
                match found {
                    Some(last) if ends[last] as usize - from <= WORD_MAX => last + 1,
                    _ => self.fill_words(text, from, ends),
                }
            }
        }
    }

    /// Writes where the words from `from` on end, uncut.
    pub(super) fn fill_words(&self, text: &[u8], from: usize, ends: &mut [u32]) -> usize {
        match self {
            Self::Bert(chars) => fill(&**chars, text, from, ends),
            Self::Spaces(cuts) => fill(&WholeWordCuts(cuts), text, from, ends),
        }
    }

    /// Whether a chunk, which does not start a text, starts within a word.
    pub(super) fn is_part(&self, chunk: &[u8]) -> bool {
        match self {
            Self::Bert(_) => false,
            Self::Spaces(cuts) => chunk.first().is_some_and(|byte| !cuts.is_space(*byte)),
        }
    }
}

/// Cuts before each space that is behind another character, but U+2581, and
/// where no piece lies across.
pub(super) fn before_spaces(joined: JoinedPairs) -> ChunkCuts {
    let ends = SpaceEnds {
        short: Box::new([true; TWO_BYTES]),
        long: LongEnds::Any,
        clusters: EndClusters::Any,
    };
    ChunkCuts::Spaces(SpaceCuts::new(
        CutBefore::FirstSpace,
        ends,
        Some((joined, PartIds::Same)),
    ))
}

/// What the words are, if normalizers work on each part behind a space as on the
/// whole, and no word but that of a BPE reaches across a space.
pub(super) fn spaced_words(pipeline: &TokenPipeline) -> Option<SpacedWords> {
    let steps = pipeline.normalizer.steps();
    let space = pipeline.normalizer.inside(' ')?;
    if !steps.iter().all(is_local) || !matches!(space.as_str(), " " | "\u{2581}") {
        return None;
    }
    let words = match pipeline.cutter.steps() {
        [] => SpacedWords::Whole,
        [step] if is_idle(step) && steps.iter().all(is_of_spaces) => SpacedWords::Whole,
        [step] => match metaspace(step)? {
            (_, SplitAtReplacement::Yes) => SpacedWords::AtMarks,
            (_, SplitAtReplacement::No) => SpacedWords::Whole,
        },
        [CutStep::WhitespaceSplit, step] if space == " " => {
            SpacedWords::BetweenSpaces(metaspace(step)?.0)
        }
        _ => return None,
    };
    let is_cut = words != SpacedWords::Whole || is_cut_by_model(pipeline, &space);
    is_cut.then_some(words)
}

fn space_cuts(pipeline: &TokenPipeline, words: SpacedWords) -> Option<SpaceCuts> {
    let steps = pipeline.normalizer.steps();
    let has_prefix = steps.iter().any(is_prepend);
    let has_clusters = steps
        .iter()
        .any(|step| matches!(step, NormalizerStep::Precompiled(_)));
    let is_any = words != SpacedWords::Whole && !has_prefix;
    let mut short = Box::new([true; TWO_BYTES]);
    for (c, may_end) in ('\0'..).zip(short.iter_mut()) {
        let normal = pipeline.normalizer.inside(c)?;
        let is_marked = words == SpacedWords::Whole && normal.ends_with([MARK, ' ']);
        // The text of a cluster is another than that of its last character.
        let is_apart = match has_clusters {
            true if is_any => !joins_next(c),
            true => c != '\n' && stands_alone(c),
            false => true,
        };
        *may_end = is_apart && (is_any || !normal.is_empty() && !is_marked);
    }
    let stays = |step| is_prepend(step) || is_of_spaces(step);
    let long = match has_clusters {
        true if is_any => LongEnds::Apart,
        false if is_any || steps.iter().all(stays) => LongEnds::Any,
        _ => LongEnds::None,
    };
    let before = match words {
        _ if has_prefix => CutBefore::FirstSpace,
        SpacedWords::Whole => CutBefore::FirstSpace,
        SpacedWords::BetweenSpaces(_) if are_spaces(pipeline) => CutBefore::WhiteSpace,
        SpacedWords::AtMarks | SpacedWords::BetweenSpaces(_) => CutBefore::Spaces,
    };
    let clusters = if has_clusters && !is_any {
        EndClusters::OfOneChar
    } else {
        EndClusters::Any
    };
    let ends = SpaceEnds {
        short,
        long,
        clusters,
    };
    Some(SpaceCuts::new(before, ends, parts(pipeline, words)))
}

/// Whether white space of ASCII stays white space.
fn are_spaces(pipeline: &TokenPipeline) -> bool {
    let is_space = |c| {
        let normal = pipeline.normalizer.inside(c);
        normal.is_some_and(|text| !text.is_empty() && text.chars().all(char::is_whitespace))
    };
    ('\t'..='\r').all(is_space)
}

/// Where words may be cut, if anywhere.
fn parts(pipeline: &TokenPipeline, words: SpacedWords) -> Option<(JoinedPairs, PartIds)> {
    let normalizer = &pipeline.normalizer;
    match &pipeline.model {
        Model::Bpe(model) if words == SpacedWords::Whole && is_marked(pipeline) => {
            let joined = JoinedPairs::new(model.joined(), model.known_chars());
            Some((joined, PartIds::Same))
        }
        Model::Unigram(model)
            if words != SpacedWords::Whole && model.has_parts(normalizer.growth()) =>
        {
            let stays = |c: &char| {
                *c != MARK && fate(normalizer, *c).is_some_and(|text| text.chars().eq([*c]))
            };
            let leaves = |c| fate(normalizer, c).is_some_and(|text| !text.is_empty());
            let chars = CharSet::of(model.known_chars().filter(stays));
            let joined = JoinedPairs::new(model.joined(), Some(chars)).left_by(leaves);
            Some((joined, PartIds::Checked))
        }
        Model::Bpe(_) | Model::WordPiece(_) | Model::WordLevel(_) | Model::Unigram(_) => None,
    }
}

/// What becomes of a character wherever it stands, if it is no mark to those before.
fn fate(normalizer: &TextNormalizer, c: char) -> Option<String> {
    let (text, standing) = normalizer.anywhere(c)?;
    let is_mark = matches!(standing, CharStanding::Mark | CharStanding::LoneMark);
    (!is_mark).then_some(text)
}

/// Whether nothing becomes of a text but that spaces become U+2581, and that
/// something is put before it.
pub(super) fn is_marked(pipeline: &TokenPipeline) -> bool {
    let stays = |step| is_prepend(step) || is_of_spaces(step);
    pipeline.normalizer.steps().iter().all(stays)
}

/// Whether a step does to a text what it does to the parts before and after a
/// space, but for `Prepend`.
fn is_local(step: &NormalizerStep) -> bool {
    match step {
        NormalizerStep::Form(_)
        | NormalizerStep::Nmt
        | NormalizerStep::Lowercase
        | NormalizerStep::StripAccents
        | NormalizerStep::Prepend(_)
        | NormalizerStep::Precompiled(_) => true,
        NormalizerStep::Replace { pattern, .. } => pattern.one_char().is_some(),
        NormalizerStep::Bert(_) | NormalizerStep::Strip { .. } | NormalizerStep::ByteLevel => false,
    }
}

/// Whether no token of the model lies across a space.
fn is_cut_by_model(pipeline: &TokenPipeline, space: &str) -> bool {
    let by_metaspace = pipeline
        .cutter
        .steps()
        .iter()
        .any(|step| metaspace(step).is_some());
    let is_mark = by_metaspace || space == "\u{2581}";
    match &pipeline.model {
        Model::Bpe(model) => is_mark && model.is_cut_before(MARK),
        Model::WordPiece(_) | Model::WordLevel(_) | Model::Unigram(_) => false,
    }
}

fn is_prepend(step: &NormalizerStep) -> bool {
    matches!(step, NormalizerStep::Prepend(_))
}

/// Whether it makes all spaces U+2581, and does no more.
fn is_of_spaces(step: &NormalizerStep) -> bool {
    match step {
        NormalizerStep::Replace { pattern, content } => {
            pattern.one_char() == Some(' ') && content == "\u{2581}"
        }
        _ => false,
    }
}

/// Whether it cuts at spaces alone, of which there are none left.
fn is_idle(step: &CutStep) -> bool {
    match step {
        CutStep::Split {
            pattern,
            invert: InvertMatches::No,
            ..
        } => pattern.one_char() == Some(' '),
        _ => false,
    }
}

/// What a `Metaspace` puts before words and whether it splits; `None` if it is
/// none, or its replacement is another.
fn metaspace(step: &CutStep) -> Option<(MetaspacePrefix, SplitAtReplacement)> {
    match step {
        CutStep::Metaspace {
            replacement: MARK,
            prefix,
            split,
        } => Some((*prefix, *split)),
        _ => None,
    }
}
