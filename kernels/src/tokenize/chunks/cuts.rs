//! Where a text may be cut so that its parts have the ids of the whole.
//!
//! # `BertNormalizer` and `BertPreTokenizer`
//! Cuts are before white space and around punctuation, of ASCII both; white
//! space is what neither `clean_text` nor the pre-tokenizer takes for anything
//! else: tab, line feed, carriage return and the space.
//! - All that the normalizer does but NFD, it does to each character by itself.
//! - NFD replaces characters one by one, composes nothing, and then orders the
//!   marks between two characters that are none. On one side of each cut is a
//!   character of ASCII, which is no mark and stays as it is. So marks are never
//!   ordered across a cut.
//! - The pre-tokenizer ends words at white space and around punctuation, which
//!   the normalizer leaves as they are (white space may become spaces). So no
//!   word lies across a cut, and words are encoded one by one.
//!
//! # Spaces that become U+2581
//! Cuts are before a space that follows no other. The part behind it starts with
//! the space, which stays as it is in all the steps that are allowed: steps that
//! work on one character at a time, and normal forms, which compose no space
//! with what is before it, nor order marks across it (nor compose it with what is
//! after it). So the normal form of the whole is that of the parts together,
//! and `Prepend` is for the first part alone. `Metaspace` then makes the space
//! U+2581, so that it puts no other before it.
//! - If there is a `Prepend`, the first part must not vanish before it.
//! - If `Metaspace` splits, a word ends before each U+2581: no word lies across a
//!   cut. The same holds of `WhitespaceSplit` before it, which removes the space;
//!   the `Metaspace` then sees each word by itself, and whether it starts the
//!   original.
//! - If nothing splits, the model has to be a BPE of which
//!   [`crate::tokenize::model::Bpe::is_cut_before`] says that a word can be cut
//!   before each U+2581 that is not behind another. What is before the cut must
//!   not end with U+2581 or a space once it is normal: characters below U+0800
//!   are tried out one by one, others end no part unless the steps leave them as
//!   they are.

use crate::tokenize::model::Model;
use crate::tokenize::pattern::Pattern;
use crate::tokenize::pipeline::TokenPipeline;
use crate::tokenize::text::{
    AlignedText, CutStep, InvertMatches, MetaspacePrefix, NormalizerStep, SplitAtReplacement, Track,
};

/// What a space becomes.
pub(super) const MARK: char = '\u{2581}';
/// Characters below it are at most two bytes long.
const TWO_BYTES: usize = 0x800;

/// Where a text may be cut.
pub(super) enum ChunkCuts {
    Bert,
    Spaces(SpaceCuts),
}

/// Whether a part that starts a text is encoded as any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstChunk {
    AsAny,
    Apart,
}

/// What may stand before a space where a text is cut.
pub(super) struct SpaceCuts {
    /// By character.
    short: Box<[bool; TWO_BYTES]>,
    /// The same for all others but [`MARK`].
    long: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AsciiClass {
    Word,
    Space,
    Punctuation,
}

static CLASSES: [AsciiClass; 256] = {
    let mut classes = [AsciiClass::Word; 256];
    let mut byte = 0;
    while byte < 128 {
        if matches!(byte as u8, b' ' | b'\t' | b'\n' | b'\r') {
            classes[byte] = AsciiClass::Space;
        } else if (byte as u8).is_ascii_punctuation() {
            classes[byte] = AsciiClass::Punctuation;
        }
        byte += 1;
    }
    classes
};

impl ChunkCuts {
    /// The cuts for these components, if there are any.
    pub(super) fn of(pipeline: &TokenPipeline) -> Option<Self> {
        let is_bert = |step: &NormalizerStep| matches!(step, NormalizerStep::Bert(_));
        if let [CutStep::Bert] = pipeline.cutter.steps()
            && pipeline.normalizer.steps().iter().all(is_bert)
        {
            return Some(Self::Bert);
        }
        SpaceCuts::of(pipeline).map(Self::Spaces)
    }

    /// Cuts before each space that is behind another character, but U+2581.
    pub(super) fn before_spaces() -> Self {
        Self::Spaces(SpaceCuts {
            short: Box::new([true; TWO_BYTES]),
            long: true,
        })
    }

    pub(super) fn first(&self) -> FirstChunk {
        match self {
            Self::Bert => FirstChunk::AsAny,
            Self::Spaces(_) => FirstChunk::Apart,
        }
    }

    /// Whether there are no ids for a chunk at all.
    pub(super) fn is_nothing(&self, chunk: &[u8]) -> bool {
        match self {
            Self::Bert => {
                let mut classes = chunk.iter().map(|&byte| CLASSES[usize::from(byte)]);
                classes.all(|class| class == AsciiClass::Space)
            }
            Self::Spaces(_) => false,
        }
    }

    /// Where the chunk ends that starts at `from`, before the end of the text.
    #[inline]
    pub(super) fn next(&self, text: &[u8], from: usize) -> usize {
        match self {
            Self::Bert => next_of_bert(text, from),
            Self::Spaces(cuts) => cuts.next(text, from),
        }
    }

    /// Writes where the chunks from `from` on end and returns their number: at
    /// least one, unless the text ends there.
    #[inline]
    pub(super) fn fill(&self, text: &[u8], mut from: usize, ends: &mut [u32]) -> usize {
        let mut n_chunks = 0;
        for end in ends {
            if from >= text.len() {
                break;
            }
            from = self.next(text, from);
            *end = from as u32;
            n_chunks += 1;
        }
        n_chunks
    }
}

/// Whether a chunk of `Bert` may start with it where no word does.
pub(super) fn is_ascii_space(byte: u8) -> bool {
    CLASSES[usize::from(byte)] == AsciiClass::Space
}

/// A chunk is a space, then a word or one character of punctuation; of more
/// white space, all but the last character is a chunk.
#[inline]
fn next_of_bert(text: &[u8], from: usize) -> usize {
    let class = |at: usize| text.get(at).map(|&byte| CLASSES[usize::from(byte)]);
    let mut at = from;
    if class(at) == Some(AsciiClass::Space) {
        at += 1;
        if class(at) == Some(AsciiClass::Space) {
            while class(at + 1) == Some(AsciiClass::Space) {
                at += 1;
            }
            return at;
        }
    }
    if class(at) == Some(AsciiClass::Punctuation) {
        return at + 1;
    }
    while class(at) == Some(AsciiClass::Word) {
        at += 1;
    }
    at
}

impl SpaceCuts {
    fn of(pipeline: &TokenPipeline) -> Option<Self> {
        let steps = pipeline.normalizer.steps();
        if !steps.iter().all(is_local)
            || !matches!(normal(pipeline, ' ')?.as_str(), " " | "\u{2581}")
        {
            return None;
        }
        let is_split = match pipeline.cutter.steps() {
            [] => false,
            [step] if is_idle(step) && steps.iter().all(is_of_spaces) => false,
            [metaspace] => splits(metaspace)?,
            [CutStep::WhitespaceSplit, metaspace] if normal(pipeline, ' ')? == " " => {
                splits(metaspace)?;
                true
            }
            _ => return None,
        };
        if is_split && !steps.iter().any(is_prepend) {
            return Some(Self {
                short: Box::new([true; TWO_BYTES]),
                long: true,
            });
        }
        if !is_split && !is_cut_by_model(pipeline)? {
            return None;
        }
        let mut short = Box::new([false; TWO_BYTES]);
        for (c, may_end) in ('\0'..).zip(short.iter_mut()) {
            let normal = normal(pipeline, c)?;
            *may_end = !normal.is_empty() && (is_split || !normal.ends_with([MARK, ' ']));
        }
        Some(Self {
            short,
            long: steps
                .iter()
                .all(|step| is_prepend(step) || is_of_spaces(step)),
        })
    }

    #[inline]
    fn next(&self, text: &[u8], from: usize) -> usize {
        // The first byte may be the space that the last chunk was cut before.
        let mut at = from + 1;
        while let Some(found) = memchr::memchr(b' ', text.get(at..).unwrap_or_default()) {
            at += found;
            if self.may_end(text.get(..at).unwrap_or_default()) {
                return at;
            }
            at += 1;
        }
        text.len()
    }

    /// Whether a chunk may end with the last character of `before`.
    #[inline]
    fn may_end(&self, before: &[u8]) -> bool {
        match *before {
            [.., b' '] | [.., 0xe2, 0x96, 0x81] => false,
            [.., byte @ ..=0x7f] => self.short[usize::from(byte)],
            [.., lead @ 0xc0..=0xdf, byte] => {
                self.short[usize::from(lead & 0x1f) << 6 | usize::from(byte & 0x3f)]
            }
            _ => self.long,
        }
    }
}

/// What becomes of one character that does not start a text.
pub(super) fn normal(pipeline: &TokenPipeline, c: char) -> Option<String> {
    let mut buffer = [0; 4];
    let mut text = AlignedText::new(c.encode_utf8(&mut buffer), 0, Track::TextOnly).ok()?;
    pipeline.normalizer.normalize_inside(&mut text).ok()?;
    Some(text.pieces().map(|piece| piece.text()).collect())
}

/// Whether a step does to a text what it does to the parts before and after a
/// space, but for `Prepend`.
fn is_local(step: &NormalizerStep) -> bool {
    match step {
        NormalizerStep::Form(_)
        | NormalizerStep::Nmt
        | NormalizerStep::Lowercase
        | NormalizerStep::StripAccents
        | NormalizerStep::Prepend(_) => true,
        NormalizerStep::Replace { pattern, .. } => one_char(pattern).is_some(),
        NormalizerStep::Bert(_)
        | NormalizerStep::Strip { .. }
        | NormalizerStep::ByteLevel
        | NormalizerStep::Precompiled(_) => false,
    }
}

/// The one character that a pattern matches.
fn one_char(pattern: &Pattern) -> Option<char> {
    let Pattern::Literal(text) = pattern else {
        return None;
    };
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

/// Whether no token of the model lies across a space.
fn is_cut_by_model(pipeline: &TokenPipeline) -> Option<bool> {
    let by_metaspace = pipeline
        .cutter
        .steps()
        .iter()
        .any(|step| splits(step).is_some());
    let is_mark = by_metaspace || normal(pipeline, ' ')? == "\u{2581}";
    Some(match &pipeline.model {
        Model::Bpe(model) => is_mark && model.is_cut_before(MARK),
        Model::WordPiece(_) | Model::WordLevel(_) | Model::Unigram(_) => false,
    })
}

fn is_prepend(step: &NormalizerStep) -> bool {
    matches!(step, NormalizerStep::Prepend(_))
}

/// Whether it makes all spaces U+2581, and does no more.
pub(super) fn is_of_spaces(step: &NormalizerStep) -> bool {
    match step {
        NormalizerStep::Replace { pattern, content } => {
            one_char(pattern) == Some(' ') && content == "\u{2581}"
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
        } => one_char(pattern) == Some(' '),
        _ => false,
    }
}

/// Whether a `Metaspace` splits; `None` if it is none, or its replacement is
/// another.
pub(super) fn splits(step: &CutStep) -> Option<bool> {
    match step {
        CutStep::Metaspace {
            replacement: MARK,
            prefix: MetaspacePrefix::First | MetaspacePrefix::Never | MetaspacePrefix::Always,
            split,
        } => Some(*split == SplitAtReplacement::Yes),
        _ => None,
    }
}
