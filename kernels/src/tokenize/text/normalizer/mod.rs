//! Hugging Face's normalizers: what is done to text before it is cut.

mod bert;
mod byte_level;
mod chars;
mod charsmap;
mod clusters;
mod forms;
mod replace;
mod standing;

pub(crate) use bert::BertSteps;
pub(super) use byte_level::to_byte_level;
pub(crate) use chars::Strip;
pub(crate) use charsmap::Charsmap;
pub(crate) use clusters::{joins_next, stands_alone};
pub(crate) use forms::{NormalForm, is_starter};
pub(super) use replace::{prepend, replace_char};
pub(crate) use standing::CharStanding;

use super::aligned::{AlignedText, Track};
use crate::tokenize::error::EncodeError;
use crate::tokenize::pattern::Pattern;

/// One normalizer; the names are those of the file format.
pub(crate) enum NormalizerStep {
    Bert(BertSteps),
    Form(NormalForm),
    Nmt,
    Lowercase,
    Strip { left: Strip, right: Strip },
    StripAccents,
    Replace { pattern: Pattern, content: String },
    Prepend(String),
    ByteLevel,
    Precompiled(Box<Charsmap>),
}

/// What is done to text before it is cut: normalizers one after another.
#[derive(Default)]
pub(crate) struct TextNormalizer {
    steps: Vec<NormalizerStep>,
}

impl TextNormalizer {
    /// A `Sequence` of these.
    pub(crate) fn new(steps: Vec<NormalizerStep>) -> Self {
        Self { steps }
    }

    /// Whether it leaves every text as it is.
    pub(crate) fn is_none(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether it does no more than to bring texts into NFC.
    pub(crate) fn is_nfc_at_most(&self) -> bool {
        let nfc = |step: &NormalizerStep| matches!(step, NormalizerStep::Form(NormalForm::Nfc));
        self.steps.iter().all(nfc)
    }

    /// What becomes of a text by itself.
    ///
    /// # Errors
    /// As [`Self::normalize`].
    pub(crate) fn text(&self, text: &str) -> Result<String, EncodeError> {
        let mut text = AlignedText::new(text, 0, Track::TextOnly)?;
        self.normalize(&mut text)?;
        Ok(text.pieces().map(|piece| piece.text()).collect())
    }

    /// The steps, for those who ask what can be done to a part of a text.
    pub(crate) fn steps(&self) -> &[NormalizerStep] {
        &self.steps
    }

    /// Normalizes a part of a text that does not start it: `Prepend` is left out.
    ///
    /// # Errors
    /// As [`Self::normalize`].
    pub(crate) fn normalize_inside(&self, text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
        let is_prepend = |step: &&NormalizerStep| matches!(step, NormalizerStep::Prepend(_));
        let mut inside = self.steps.iter().filter(|step| !is_prepend(step));
        inside.try_for_each(|step| step.apply(text))
    }

    /// What becomes of one character that does not start a text.
    pub(crate) fn inside(&self, c: char) -> Option<String> {
        let mut buffer = [0; 4];
        let mut text = AlignedText::new(c.encode_utf8(&mut buffer), 0, Track::TextOnly).ok()?;
        self.normalize_inside(&mut text).ok()?;
        Some(text.pieces().map(|piece| piece.text()).collect())
    }

    /// The same, if that is what becomes of it wherever it stands among others of
    /// which this can be said, as far as [`CharStanding`] has it; else `None`.
    ///
    /// Of the normal forms it can be said where all that a character becomes are
    /// starters that never compose with what is before them: those in a row have
    /// that form. Of `Precompiled` where a character is a cluster by itself, or
    /// no key starts with what its cluster starts with.
    pub(crate) fn anywhere(&self, c: char) -> Option<(String, CharStanding)> {
        let mut text = c.to_string();
        let mut standing = CharStanding::Open;
        for step in &self.steps {
            let step_standing = match step {
                NormalizerStep::Prepend(_) => continue,
                NormalizerStep::Nmt | NormalizerStep::Lowercase | NormalizerStep::StripAccents => {
                    CharStanding::Open
                }
                NormalizerStep::Form(form) => form.standing(&text)?,
                NormalizerStep::Replace { pattern, .. } => {
                    pattern.one_char().map(|_| CharStanding::Open)?
                }
                NormalizerStep::Precompiled(charsmap) => charsmap.standing(&text)?,
                NormalizerStep::Bert(_)
                | NormalizerStep::Strip { .. }
                | NormalizerStep::ByteLevel => return None,
            };
            standing = standing.with(step_standing)?;
            let mut aligned = AlignedText::new(&text, 0, Track::TextOnly).ok()?;
            step.apply(&mut aligned).ok()?;
            let after = aligned.pieces().map(|piece| piece.text()).collect();
            text = after;
        }
        match standing {
            CharStanding::Mark | CharStanding::LoneMark if !text.chars().eq([c]) => None,
            _ => Some((text, standing)),
        }
    }

    /// The most characters that one may become.
    pub(crate) fn growth(&self) -> usize {
        let growths = self.steps.iter().map(|step| match step {
            NormalizerStep::Nmt
            | NormalizerStep::StripAccents
            | NormalizerStep::Strip { .. }
            | NormalizerStep::Prepend(_) => 1,
            NormalizerStep::Lowercase => chars::LOWERCASE_GROWTH,
            NormalizerStep::ByteLevel => char::MAX.len_utf8(),
            NormalizerStep::Form(_) => forms::GROWTH,
            NormalizerStep::Bert(_) => 3 * forms::GROWTH * chars::LOWERCASE_GROWTH,
            // A pattern may match between all characters.
            NormalizerStep::Replace { content, .. } => 1 + 2 * content.chars().count(),
            NormalizerStep::Precompiled(charsmap) => charsmap.growth(),
        });
        growths.fold(1, usize::saturating_mul)
    }

    /// Normalizes each piece.
    ///
    /// # Errors
    /// `Grown` if the text becomes far longer than the original; `Pattern`
    /// if a regular expression gives up.
    pub(crate) fn normalize(&self, text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
        self.steps.iter().try_for_each(|step| step.apply(text))
    }
}

impl NormalizerStep {
    fn apply(&self, text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Bert(steps) => steps.apply(text),
            Self::Form(form) => form.apply(text),
            Self::Nmt => chars::nmt(text),
            Self::Lowercase => chars::lowercase(text),
            Self::Strip { left, right } => chars::strip(text, *left, *right),
            Self::StripAccents => chars::strip_accents(text),
            Self::Replace { pattern, content } => replace::replace(text, pattern, content),
            Self::Prepend(prefix) => prepend(text, prefix, |_| true),
            Self::ByteLevel => to_byte_level(text),
            Self::Precompiled(charsmap) => charsmap.apply(text),
        }
    }
}
