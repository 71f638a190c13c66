//! Hugging Face's normalizers: what is done to text before it is cut.

mod bert;
mod byte_level;
mod chars;
mod charsmap;
mod forms;
mod replace;

pub(crate) use bert::BertSteps;
pub(super) use byte_level::to_byte_level;
pub(crate) use chars::Strip;
pub(crate) use charsmap::Charsmap;
pub(crate) use forms::NormalForm;
pub(super) use replace::{prepend, replace_char};

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

    /// Normalizes each piece.
    ///
    /// # Errors
    /// `TooLong` if the text becomes far longer than the original; `Pattern`
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
