//! `BertProcessing` and `RobertaProcessing`: one token before the first text
//! and one after each.

use std::sync::Arc;

use super::types::{Encoding, SequenceEnd};

/// A token that is added, by its id and the text that is shown for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedToken {
    pub(crate) id: u32,
    pub(crate) token: Arc<str>,
}

/// The tokens that stand around texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Surround {
    pub(crate) cls: NamedToken,
    pub(crate) sep: NamedToken,
}

/// What is put around one text.
struct Edges<'a> {
    before: Option<&'a NamedToken>,
    after: &'a NamedToken,
    type_id: u32,
    sequence: u32,
}

impl Surround {
    /// BERT's: `cls first sep`, then `second sep`. What is added to the second
    /// text is of its type, 1.
    pub(super) fn bert(&self, encodings: &mut [Encoding]) {
        for (at, encoding) in encodings.iter_mut().enumerate() {
            let second = u32::from(at > 0);
            let edges = Edges {
                before: (second == 0).then_some(&self.cls),
                after: &self.sep,
                type_id: second,
                sequence: second,
            };
            edges.put(encoding);
        }
    }

    /// `RoBERTa`'s: `cls first sep`, then `sep second sep`, all of type 0.
    pub(super) fn roberta(&self, encodings: &mut [Encoding]) {
        for (at, encoding) in encodings.iter_mut().enumerate() {
            for part in &mut encoding.overflowing {
                part.set_type(0);
            }
            let second = u32::from(at > 0);
            let edges = Edges {
                before: Some(if second == 0 { &self.cls } else { &self.sep }),
                after: &self.sep,
                type_id: 0,
                sequence: second,
            };
            edges.put(encoding);
        }
    }
}

impl Edges<'_> {
    /// Puts the tokens around an encoding and its overflowing parts.
    fn put(&self, encoding: &mut Encoding) {
        for part in &mut encoding.overflowing {
            self.put_around(part);
        }
        self.put_around(encoding);
    }

    fn put_around(&self, encoding: &mut Encoding) {
        let n_tokens = encoding.len();
        let start = usize::from(self.before.is_some());
        encoding.special_tokens_mask.fill(0);
        encoding.attention_mask.fill(1);
        if let Some(before) = self.before {
            encoding.add(before, self.type_id, SequenceEnd::Left);
        }
        encoding.add(self.after, self.type_id, SequenceEnd::Right);
        encoding.sequences.clear();
        let own = start..start + n_tokens;
        encoding.sequences.insert(self.sequence, own);
    }
}

impl Encoding {
    /// Adds a token that is not of the text. Sequences are as before.
    pub(super) fn add(&mut self, token: &NamedToken, type_id: u32, end: SequenceEnd) {
        let at = match end {
            SequenceEnd::Left => 0,
            SequenceEnd::Right => self.len(),
        };
        self.ids.insert(at, token.id);
        self.type_ids.insert(at, type_id);
        self.spans.insert(at, (0, 0));
        self.words.insert(at, None);
        self.texts.insert(at, Some(token.token.clone()));
        self.special_tokens_mask.insert(at, 1);
        self.attention_mask.insert(at, 1);
    }
}
