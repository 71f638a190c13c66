//! A tokenizer as devices run it.

use std::fmt;
use std::sync::Arc;

use super::super::byte_bpe::ByteBpe;
use super::super::merge::Merger;
use super::super::pretokenize::Pretokenizer;
use super::super::scan::Scanner;
use super::super::tokenizer::Tokenizer;
use super::constants::{CHUNK, LONG, NO_ID, SAFE};
use super::oracle::each_word;
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
    /// Its vocabulary is not one of bytes.
    #[error("it is not byte-level BPE")]
    Model,
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

/// A text that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected UTF-8, got other bytes at {at}")]
pub struct NoUtf8 {
    /// Where the first character that is none begins.
    pub at: usize,
}

impl DeviceTokenizer {
    /// That of a tokenizer, in a second at most: every token is merged anew.
    ///
    /// # Errors
    /// Why devices cannot run it.
    pub fn new(tokenizer: &Arc<Tokenizer>) -> Result<Self, OnHostOnly> {
        let (model, scanner, transducer) = known(tokenizer)?;
        Ok(Self {
            tables: Arc::new(tables(model, &transducer)),
            tokenizer: Arc::clone(tokenizer),
            scanner,
        })
    }

    /// Why devices cannot run a tokenizer, if they cannot.
    #[must_use]
    pub fn refuses(tokenizer: &Tokenizer) -> Option<OnHostOnly> {
        known(tokenizer).err()
    }

    /// The tokenizer.
    pub(crate) fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Its model, which is there in all that devices run.
    pub(super) fn model(&self) -> Option<&ByteBpe> {
        self.tokenizer.route.byte_level()
    }

    /// The constants and tables that entries read.
    pub(crate) fn tables(&self) -> &[u32] {
        &self.tables
    }

    /// Bytes of what passes leave for one another: in each chunk two maps, a
    /// count, three bits a byte and an id a byte; and a count of all.
    pub(crate) fn scratch_bytes(src_len: usize) -> usize {
        4 * (src_len.div_ceil(CHUNK) * (4 + 1 + 3 * CHUNK / 32 + CHUNK) + 1)
    }

    /// A stretch to ids one behind another in `dst`; how many bytes are written.
    ///
    /// # Errors
    /// Where it is not UTF-8, or there is too little room.
    pub(crate) fn run(&self, text: &[u8], dst: &mut [u8]) -> Result<usize, NoUtf8> {
        std::str::from_utf8(text).map_err(|error| NoUtf8 {
            at: error.valid_up_to(),
        })?;
        let mut ids = Vec::new();
        self.ids(text, &mut ids);
        let bytes: &[u8] = bytemuck::cast_slice(&ids);
        // A word has no more ids than bytes.
        if let Some(room) = dst.get_mut(..bytes.len()) {
            room.copy_from_slice(bytes);
        }
        Ok(bytes.len().min(dst.len()))
    }

    /// What a stretch becomes: the meaning, word by word.
    pub(crate) fn ids(&self, text: &[u8], ids: &mut Vec<u32>) {
        let mut merger = Merger::default();
        each_word(&self.scanner, text, |word| {
            if word.len() > LONG {
                ids.push(NO_ID);
            } else if let Some(model) = self.model() {
                model.merge_word(&text[word], &mut merger, ids);
            }
        });
    }
}

/// The scanner of a tokenizer that devices run, and its transducer.
fn known(tokenizer: &Tokenizer) -> Result<(&ByteBpe, Scanner, Transducer), OnHostOnly> {
    let model = tokenizer.route.byte_level().ok_or(OnHostOnly::Model)?;
    let Pretokenizer::Scan(scanner) = &model.pretokenizer else {
        return Err(OnHostOnly::Pretokenizer);
    };
    let transducer = Transducer::of(scanner).ok_or(OnHostOnly::States)?;
    if model.vocab.greatest_id().is_some_and(|id| id >= SAFE) {
        return Err(OnHostOnly::Ids);
    }
    Ok((model, *scanner, transducer))
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
