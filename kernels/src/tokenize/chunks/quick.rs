//! Chunks that become one word by replacing characters one by one, which most
//! do: they need no buffers of the components.

use super::cuts::{MARK, is_ascii_space, is_of_spaces, normal, splits};
use crate::tokenize::pipeline::TokenPipeline;
use crate::tokenize::text::{CutStep, MetaspacePrefix};

/// What becomes of chunks that start with one space or none.
pub(super) struct QuickWords {
    /// By character of ASCII; 0 for those that chunks of this kind do not have.
    ascii: [u8; 128],
    /// What a space at the start becomes.
    space: &'static str,
    others: Others,
}

/// What becomes of characters that are not of ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    /// They stay. U+2581 and others whose first byte is that of it do not.
    Stay,
    /// It is for the components to say.
    Unknown,
}

impl QuickWords {
    /// For components whose chunks [`super::cuts`] knows.
    pub(super) fn of(pipeline: &TokenPipeline) -> Option<Self> {
        let is_split = |step: &CutStep| matches!(step, CutStep::WhitespaceSplit);
        let space = match pipeline.cutter.steps() {
            [CutStep::Bert] => "",
            [split, CutStep::Metaspace { prefix, .. }] if is_split(split) => match prefix {
                MetaspacePrefix::Always => "\u{2581}",
                MetaspacePrefix::First | MetaspacePrefix::Never => "",
            },
            [step] if splits(step).is_some() => "\u{2581}",
            _ if normal(pipeline, ' ')? == "\u{2581}" => "\u{2581}",
            _ => return None,
        };
        let mut ascii = [0; 128];
        for (c, to) in ('\0'..).zip(&mut ascii) {
            if let [byte @ 0x21..=0x7e] = normal(pipeline, c)?.as_bytes()
                && !c.is_whitespace()
            {
                *to = *byte;
            }
        }
        let stays = pipeline.normalizer.steps().iter().all(is_of_spaces);
        let is_bert = matches!(pipeline.cutter.steps(), [CutStep::Bert]);
        Some(Self {
            ascii,
            space,
            others: if stays && !is_bert && !pipeline.cutter.steps().iter().any(is_split) {
                Others::Stay
            } else {
                Others::Unknown
            },
        })
    }

    /// Writes the word that a chunk becomes, if it is of this kind.
    pub(super) fn write(&self, chunk: &str, word: &mut String) -> bool {
        word.clear();
        let rest = match chunk.as_bytes() {
            [first, ..] if is_ascii_space(*first) => {
                // White space but the space is for `Bert` alone, which drops it.
                if *first != b' ' && !self.space.is_empty() {
                    return false;
                }
                word.push_str(self.space);
                chunk.get(1..).unwrap_or_default()
            }
            _ if self.space.is_empty() => chunk,
            _ => return false,
        };
        if rest.is_ascii() {
            for &byte in rest.as_bytes() {
                let to = self.ascii[usize::from(byte)];
                if to == 0 {
                    return false;
                }
                word.push(char::from(to));
            }
            return !rest.is_empty();
        }
        if self.others == Others::Unknown {
            return false;
        }
        let stays = |c: char| match u8::try_from(c) {
            Ok(byte @ 0..=0x7f) => self.ascii[usize::from(byte)] == byte,
            _ => c != MARK,
        };
        word.push_str(rest);
        rest.chars().all(|c| c != '\0' && stays(c))
    }
}
