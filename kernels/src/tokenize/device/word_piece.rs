//! `WordPiece` on stretches of text: what devices make of a word, and what they
//! look up for it.
//!
//! A word is what the pre-tokenizer makes one, together with characters of which
//! the normalizer leaves nothing. It is known by the bytes of the text, so that no
//! normalised text is ever written: who reads a word spells it on the way.

use std::ops::Range;
use std::sync::Arc;

use super::super::model::{Model, WordPiece};
use super::super::pipeline::{PipelineScratch, TokenPipeline};
use super::constants::{KEY, LONG, NO_ID, PieceConstants, WORD_IDS, words_of};
use super::spelling::{BertSpelling, BertSymbol};
use super::tables::{DeviceTables, word_table};

/// What a device knows of the components of a BERT.
#[derive(Clone)]
pub(crate) struct WordPieceText {
    spelling: Arc<BertSpelling>,
    unknown: u32,
    max_chars: usize,
}

/// What a device does with a word.
enum DeviceWord {
    /// It encodes what is left of these bytes, which is something.
    Pieces(Range<usize>),
    /// It has too many characters.
    Unknown,
    /// Nothing is left of it.
    Nothing,
    /// The host encodes it.
    OnHost,
}

impl WordPieceText {
    /// That of components; `None` if they are not those of a BERT.
    pub(crate) fn of(pipeline: &TokenPipeline) -> Option<Self> {
        let Model::WordPiece(model) = &pipeline.model else {
            return None;
        };
        Some(Self {
            spelling: Arc::new(BertSpelling::of(pipeline)?),
            unknown: model.unknown().unwrap_or(NO_ID),
            max_chars: model.max_chars(),
        })
    }

    /// Whether each character of a text that has been normalised stays as it is,
    /// so that the text may be normalised again.
    pub(crate) fn stays(&self, text: &str) -> bool {
        let stays = |c| {
            let spelled = self.spelling.spelled(c);
            spelled.bits == 0 || spelled.symbol == BertSymbol::Space
        };
        text.chars().all(stays)
    }

    /// What a stretch becomes: the meaning, word by word. A word that is the
    /// host's becomes [`NO_ID`].
    pub(crate) fn ids(&self, pipeline: &TokenPipeline, text: &str, ids: &mut Vec<u32>) {
        let mut scratch = PipelineScratch::default();
        let mut last = BertSymbol::Space;
        for (at, c) in text.char_indices() {
            let symbol = self.spelling.spelled(c).symbol;
            if at == 0 || symbol.begins_word(last) {
                match self.word(text, at) {
                    DeviceWord::Nothing => {}
                    DeviceWord::Unknown => ids.push(self.unknown),
                    DeviceWord::OnHost => ids.push(NO_ID),
                    DeviceWord::Pieces(word) => {
                        let word = text.get(word).unwrap_or_default();
                        encode(pipeline, word, &mut scratch, ids);
                    }
                }
            }
            last = symbol.or_last(last);
        }
    }

    /// The word that begins at a place.
    fn word(&self, text: &str, begin: usize) -> DeviceWord {
        let mut end = begin;
        let (mut n_chars, mut n_ordered) = (0, 0);
        let mut last = BertSymbol::Space;
        for c in text.get(begin..).unwrap_or_default().chars() {
            let spelled = self.spelling.spelled(c);
            let is_next = end > begin && spelled.symbol.begins_word(last);
            if is_next || spelled.symbol == BertSymbol::Space {
                break;
            }
            end += c.len_utf8();
            if end - begin > LONG {
                return DeviceWord::OnHost;
            }
            n_chars += spelled.n_chars() as usize;
            if n_chars > self.max_chars {
                return DeviceWord::Unknown;
            }
            n_ordered += u32::from(spelled.is_ordered());
            last = spelled.symbol.or_last(last);
        }
        match (n_chars, n_ordered) {
            (0, _) => DeviceWord::Nothing,
            (_, 0 | 1) => DeviceWord::Pieces(begin..end),
            _ => DeviceWord::OnHost,
        }
    }

    /// The structs and all tables behind them.
    pub(crate) fn tables(&self, model: &WordPiece) -> Vec<u32> {
        let pages = self.spelling.pages();
        let symbols = pages.values().map(|it| it.symbol as u32);
        let transducer = BertSpelling::transducer();
        let mut tables = DeviceTables::new::<PieceConstants>(&transducer, pages.numbers(), symbols);
        let spelled: Vec<u32> = pages.values().map(|it| it.bits).collect();
        let mut bytes: Vec<u32> = words_of(self.spelling.bytes()).collect();
        // A device binds no empty table.
        bytes.push(0);
        let (words, words_mask) = word_table(&whole_words(model));
        let trie: Vec<u32> = model.trie().words().collect();
        let constants = PieceConstants {
            words: tables.add(&words),
            words_mask,
            spelled: tables.add(&spelled),
            spelled_bytes: tables.add(&bytes),
            trie: tables.add(&trie),
            inside: model.continuing().unwrap_or(NO_ID),
            unknown: self.unknown,
            max_chars: u32::try_from(self.max_chars).unwrap_or(u32::MAX),
        };
        tables.finish(constants)
    }
}

/// Appends the ids of a word, or [`NO_ID`] where it has none.
fn encode(pipeline: &TokenPipeline, word: &str, scratch: &mut PipelineScratch, ids: &mut Vec<u32>) {
    let before = ids.len();
    if pipeline.encode_inside(word, scratch, ids).is_err() {
        ids.truncate(before);
        ids.push(NO_ID);
    }
}

/// Tokens that are words of up to [`KEY`] bytes, and what they become.
fn whole_words(model: &WordPiece) -> Vec<(&[u8], Vec<u32>)> {
    let tokens = model.tokens();
    // A text that is there twice means the last.
    let tokens = tokens
        .iter()
        .filter(|(id, text)| tokens.id(text) == Some(*id));
    let mut found = Vec::new();
    let mut pieces = Vec::new();
    for (_, text) in tokens.filter(|(_, text)| (1..=KEY).contains(&text.len())) {
        pieces.clear();
        if model.encode(text, &mut pieces).is_ok() && pieces.len() <= WORD_IDS {
            let ids = pieces.iter().map(|token| token.id).collect();
            found.push((text.as_bytes(), ids));
        }
    }
    found
}
