//! A tokenizer as devices run it.

use std::fmt;
use std::sync::Arc;

use super::super::merge::Merger;
use super::super::pretokenize::Pretokenizer;
use super::super::scan::Scanner;
use super::super::tokenizer::Tokenizer;
use super::constants::{LONG, NO_ID, SAFE};
use super::tables::tables;
use super::transducer::Transducer;

/// Byte-level BPE on stretches of text in which no added token is looked for and
/// nothing is normalised: UTF-8 to ids of 32 bits.
///
/// A word of more than 1,024 bytes becomes the one id [`NO_ID`]: its stretch is
/// the host's to encode.
#[derive(Clone)]
pub struct DeviceTokenizer {
    tokenizer: Arc<Tokenizer>,
    scanner: Scanner,
    /// What devices look things up in.
    tables: Arc<Vec<u32>>,
}

/// Why a tokenizer runs on the host only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OnHostOnly {
    /// It has no split pattern that is scanned by hand.
    #[error("its pre-tokenizer is not one of the patterns that devices know")]
    Pretokenizer,
    /// The pattern has too many states.
    #[error("its split pattern needs more than 16 states")]
    States,
    /// Its ids need the bits that devices use for themselves.
    #[error("its ids reach 2^31")]
    Ids,
}

impl DeviceTokenizer {
    /// That of a tokenizer, in a tenth of a second.
    ///
    /// # Errors
    /// Why devices cannot run it.
    pub fn new(tokenizer: &Arc<Tokenizer>) -> Result<Self, OnHostOnly> {
        let Pretokenizer::Scan(scanner) = &tokenizer.pretokenizer else {
            return Err(OnHostOnly::Pretokenizer);
        };
        let transducer = Transducer::of(scanner).ok_or(OnHostOnly::States)?;
        if tokenizer.vocab.greatest_id().is_some_and(|id| id >= SAFE) {
            return Err(OnHostOnly::Ids);
        }
        Ok(Self {
            tokenizer: Arc::clone(tokenizer),
            scanner: *scanner,
            tables: Arc::new(tables(tokenizer, &transducer)),
        })
    }

    /// The constants and tables that entries read.
    pub(crate) fn tables(&self) -> &[u32] {
        &self.tables
    }

    /// What a stretch becomes: the meaning, word by word.
    pub(crate) fn ids(&self, text: &[u8], ids: &mut Vec<u32>) {
        let mut merger = Merger::default();
        self.scanner.words(text, &mut |text, start, end| {
            if end - start > LONG {
                ids.push(NO_ID);
            } else {
                let word = &text[start..end];
                self.tokenizer.encode_word(word, &mut merger, ids);
            }
        });
    }
}

impl PartialEq for DeviceTokenizer {
    fn eq(&self, other: &Self) -> bool {
        self.tables == other.tables
    }
}

impl fmt::Debug for DeviceTokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceTokenizer")
            .field("tokenizer", &self.tokenizer)
            .field("n_words", &self.tables.len())
            .finish_non_exhaustive()
    }
}
