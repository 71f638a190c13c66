//! A tokenizer as devices run it.

use std::fmt;
use std::sync::Arc;

use super::super::byte_bpe::ByteBpe;
use super::super::merge::Merger;
use super::super::model::{Model, WordPiece};
use super::super::pipeline::TokenPipeline;
use super::super::pretokenize::Pretokenizer;
use super::super::scan::Scanner;
use super::super::tokenizer::Tokenizer;
use super::byte_pair_tables::byte_pair_tables;
use super::constants::{CHUNK, LONG, NO_ID, SAFE};
use super::oracle::each_word;
use super::spelling::BertSpelling;
use super::transducer::Transducer;
use super::word_piece::WordPieceText;

/// A tokenizer on stretches of text in which no added token is looked for: UTF-8 to
/// ids of 32 bits. The text of byte-level BPE has been normalised, that of
/// `WordPiece` is normalised on the way.
///
/// A word that a device does not encode becomes the one id [`NO_ID`]: its stretch is
/// the host's. Such are, of byte-level BPE, words of more than 1,024 bytes; of
/// `WordPiece`, words for which more than 1,024 bytes have to be read, words with
/// several marks whose order matters, and unknown words where there is no token for
/// them.
#[derive(Clone)]
pub struct DeviceTokenizer {
    tokenizer: Arc<Tokenizer>,
    model: DeviceModel,
    /// What devices look things up in.
    tables: Arc<Vec<u32>>,
}

/// The models that devices run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceModelKind {
    /// Byte-level BPE.
    BytePairs,
    /// `WordPiece` behind the normalizer and the pre-tokenizer of BERT.
    WordPiece,
}

impl fmt::Display for DeviceModelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BytePairs => "byte pairs",
            Self::WordPiece => "word pieces",
        })
    }
}

/// What the host knows of a model to say what a device makes of a text.
#[derive(Clone)]
enum DeviceModel {
    BytePairs(Scanner),
    WordPiece(WordPieceText),
}

/// Why a tokenizer runs on the host only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OnHostOnly {
    /// Its model is another.
    #[error("it is neither byte-level BPE nor WordPiece")]
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
    /// It is `WordPiece`, but its normalizer and pre-tokenizer are not those of BERT.
    #[error("its normalizer and pre-tokenizer are not those of BERT")]
    Components,
}

/// A text that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected UTF-8, got other bytes at {at}")]
pub struct NoUtf8 {
    /// Where the first character that is none begins.
    pub at: usize,
}

impl DeviceTokenizer {
    /// That of a tokenizer, in seconds at most: every token is merged anew, every
    /// character normalised.
    ///
    /// # Errors
    /// Why devices cannot run it.
    pub fn new(tokenizer: &Arc<Tokenizer>) -> Result<Self, OnHostOnly> {
        let (model, tables) = match known(tokenizer)? {
            Known::BytePairs(model, scanner, transducer) => (
                DeviceModel::BytePairs(scanner),
                byte_pair_tables(model, &transducer),
            ),
            Known::WordPiece(model, pipeline) => {
                let text = WordPieceText::of(pipeline).ok_or(OnHostOnly::Components)?;
                let tables = text.tables(model);
                (DeviceModel::WordPiece(text), tables)
            }
        };
        Ok(Self {
            tables: Arc::new(tables),
            tokenizer: Arc::clone(tokenizer),
            model,
        })
    }

    /// Why devices cannot run a tokenizer, if they cannot.
    #[must_use]
    pub fn refuses(tokenizer: &Tokenizer) -> Option<OnHostOnly> {
        known(tokenizer).err()
    }

    /// The kind of its model.
    #[must_use]
    pub fn kind(&self) -> DeviceModelKind {
        match self.model {
            DeviceModel::BytePairs(_) => DeviceModelKind::BytePairs,
            DeviceModel::WordPiece(_) => DeviceModelKind::WordPiece,
        }
    }

    /// The tokenizer.
    pub(crate) fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Its model, if that is byte-level BPE.
    fn byte_pairs(&self) -> Option<&ByteBpe> {
        self.tokenizer.route.byte_level()
    }

    /// Whether each character of a text that has been normalised stays as it is, so
    /// that a device may normalise it again; one that normalises nothing leaves all
    /// as it is.
    pub(super) fn stays(&self, text: &str) -> bool {
        match &self.model {
            DeviceModel::BytePairs(_) => true,
            DeviceModel::WordPiece(model) => model.stays(text),
        }
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
        let text = std::str::from_utf8(text).map_err(|error| NoUtf8 {
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
    pub(crate) fn ids(&self, text: &str, ids: &mut Vec<u32>) {
        match &self.model {
            DeviceModel::BytePairs(scanner) => {
                let mut merger = Merger::default();
                each_word(scanner, text.as_bytes(), |word| {
                    if word.len() > LONG {
                        ids.push(NO_ID);
                    } else if let Some(model) = self.byte_pairs() {
                        model.merge_word(&text.as_bytes()[word], &mut merger, ids);
                    }
                });
            }
            DeviceModel::WordPiece(model) => {
                if let Some(pipeline) = self.tokenizer.route.components() {
                    model.ids(pipeline, text, ids);
                }
            }
        }
    }
}

/// A tokenizer that devices run, taken apart.
enum Known<'a> {
    BytePairs(&'a ByteBpe, Scanner, Box<Transducer>),
    WordPiece(&'a WordPiece, &'a TokenPipeline),
}

fn known(tokenizer: &Tokenizer) -> Result<Known<'_>, OnHostOnly> {
    if let Some(pipeline) = tokenizer.route.components()
        && let Model::WordPiece(model) = &pipeline.model
    {
        return if BertSpelling::order(pipeline).is_some() {
            Ok(Known::WordPiece(model, pipeline))
        } else {
            Err(OnHostOnly::Components)
        };
    }
    let model = tokenizer.route.byte_level().ok_or(OnHostOnly::Model)?;
    let Pretokenizer::Scan(scanner) = &model.pretokenizer else {
        return Err(OnHostOnly::Pretokenizer);
    };
    let transducer = Transducer::of(scanner).ok_or(OnHostOnly::States)?;
    if model.vocab.greatest_id().is_some_and(|id| id >= SAFE) {
        return Err(OnHostOnly::Ids);
    }
    Ok(Known::BytePairs(model, *scanner, Box::new(transducer)))
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
