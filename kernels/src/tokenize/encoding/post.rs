//! The post-processor: what is put around texts.

use super::surround::{NamedToken, Surround};
use super::template::TemplateProcessing;
use super::trim::TrimOffsets;
use super::types::{AddSpecial, Encoding, Shown};

/// One post-processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PostStep {
    Bert(Surround),
    Roberta(Surround, TrimOffsets),
    ByteLevel(TrimOffsets),
    Template(TemplateProcessing),
}

/// The post-processors of a file, one after another.
///
/// Behind a template, which may leave more encodings than there are texts,
/// there is nothing that adds tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PostProcessor {
    pub(crate) steps: Vec<PostStep>,
}

impl PostProcessor {
    /// How many tokens are added to one text or two.
    pub(crate) fn n_added(&self, n_texts: usize) -> usize {
        let steps = self.steps.iter();
        steps
            .map(|step| match (step, n_texts) {
                (PostStep::Bert(_) | PostStep::Roberta(..), 1) => 2,
                (PostStep::Bert(_), _) => 3,
                (PostStep::Roberta(..), _) => 4,
                (PostStep::ByteLevel(_), _) => 0,
                (PostStep::Template(template), n_texts) => template.n_added(n_texts),
            })
            .sum()
    }

    /// The tokens that are added.
    pub(crate) fn named_tokens(&self) -> Vec<&NamedToken> {
        let mut tokens = Vec::new();
        for step in &self.steps {
            match step {
                PostStep::Bert(around) | PostStep::Roberta(around, _) => {
                    tokens.extend([&around.cls, &around.sep]);
                }
                PostStep::ByteLevel(_) => {}
                PostStep::Template(template) => tokens.extend(template.named_tokens()),
            }
        }
        tokens
    }

    /// How spans are trimmed, if that is done once, and before tokens are added.
    pub(crate) fn trim(&self) -> Option<TrimOffsets> {
        let mut trim = TrimOffsets::Keep;
        let mut are_added = false;
        for step in &self.steps {
            if let PostStep::Roberta(_, more) | PostStep::ByteLevel(more) = step
                && *more != TrimOffsets::Keep
            {
                if are_added || trim != TrimOffsets::Keep {
                    return None;
                }
                trim = *more;
            }
            are_added |= !matches!(step, PostStep::ByteLevel(_));
        }
        Some(trim)
    }

    /// One encoding of the texts; `shown` is the text of a token, and `texts` are
    /// those that spans in bytes are of.
    pub(super) fn apply(
        &self,
        mut encodings: Vec<Encoding>,
        add: AddSpecial,
        shown: &Shown<'_>,
        texts: Option<[&str; 2]>,
    ) -> Encoding {
        for (sequence, encoding) in (0..).zip(&mut encodings) {
            for part in &mut encoding.overflowing {
                part.set_sequence(sequence);
            }
            encoding.set_sequence(sequence);
            encoding.set_type(sequence);
        }
        for step in &self.steps {
            encodings = step.apply(encodings, add, shown, texts);
        }
        join(encodings)
    }
}

impl PostStep {
    fn apply(
        &self,
        mut encodings: Vec<Encoding>,
        add: AddSpecial,
        shown: &Shown<'_>,
        texts: Option<[&str; 2]>,
    ) -> Vec<Encoding> {
        match self {
            Self::Bert(around) => {
                if add == AddSpecial::Yes {
                    around.bert(&mut encodings);
                }
            }
            Self::Roberta(around, trim) => {
                for encoding in &mut encodings {
                    trim.apply(encoding, shown, texts);
                    encoding.set_type(0);
                }
                if add == AddSpecial::Yes {
                    around.roberta(&mut encodings);
                }
            }
            Self::ByteLevel(trim) => {
                for (sequence, encoding) in (0..).zip(&mut encodings) {
                    trim.apply(encoding, shown, texts);
                    encoding.set_sequence(sequence);
                }
            }
            Self::Template(template) => return template.apply(encodings, add),
        }
        encodings
    }
}

/// Encodings one after another.
pub(super) fn join(encodings: Vec<Encoding>) -> Encoding {
    let mut encodings = encodings.into_iter();
    let mut joined = encodings.next().unwrap_or_default();
    for encoding in encodings {
        joined.append(&encoding);
    }
    joined
}
