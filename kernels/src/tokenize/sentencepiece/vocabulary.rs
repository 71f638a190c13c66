//! The pieces of a model by their text and by their ids.

use rustc_hash::FxHashMap;

use super::proto::{ModelPiece, PieceType};
use crate::tokenize::error::TokenizerError;

/// Pieces, looked up as the library does.
pub(super) struct ModelPieces {
    by_id: Vec<ModelPiece>,
    /// Control, unknown and byte pieces, which no text is made of.
    reserved: FxHashMap<String, u32>,
    /// The others.
    ordinary: FxHashMap<String, u32>,
    unknown: u32,
    /// The ids of the byte pieces, if all of them are there.
    bytes: Option<Box<[u32; 256]>>,
}

impl ModelPieces {
    /// # Errors
    /// `Inconsistent` if a piece repeats, or there is not exactly one for what
    /// is unknown, or a byte piece is none or missing while the model has some.
    pub(super) fn new(pieces: Vec<ModelPiece>) -> Result<Self, TokenizerError> {
        let mut all = Self {
            by_id: Vec::new(),
            reserved: FxHashMap::default(),
            ordinary: FxHashMap::default(),
            unknown: 0,
            bytes: None,
        };
        let mut unknown = None;
        let mut bytes: Box<[Option<u32>; 256]> = Box::new([None; 256]);
        for (id, piece) in (0..).zip(&pieces) {
            let known =
                all.reserved.contains_key(&piece.text) || all.ordinary.contains_key(&piece.text);
            if known {
                return Err(refusal(id, piece, "is there twice"));
            }
            match piece.kind {
                PieceType::Normal | PieceType::UserDefined | PieceType::Unused => {
                    all.ordinary.insert(piece.text.clone(), id);
                    continue;
                }
                PieceType::Unknown if unknown.is_some() => {
                    return Err(refusal(id, piece, "is a second one for what is unknown"));
                }
                PieceType::Unknown => unknown = Some(id),
                PieceType::Control => {}
                PieceType::Byte => {
                    let byte =
                        byte_of(&piece.text).ok_or_else(|| refusal(id, piece, "names no byte"))?;
                    bytes[usize::from(byte)] = Some(id);
                }
            }
            all.reserved.insert(piece.text.clone(), id);
        }
        all.unknown = unknown.ok_or_else(|| {
            TokenizerError::inconsistent("pieces", "there is none for what is unknown")
        })?;
        if bytes.iter().any(Option::is_some) {
            let ids: Vec<u32> = bytes.iter().flatten().copied().collect();
            all.bytes = ids.try_into().ok().map(Box::new);
            if all.bytes.is_none() {
                return Err(TokenizerError::inconsistent(
                    "pieces",
                    "there are pieces for some bytes only",
                ));
            }
        }
        all.by_id = pieces;
        Ok(all)
    }

    /// The id of a piece by its text, or that of what is unknown.
    pub(super) fn id(&self, text: &str) -> u32 {
        let id = self.reserved.get(text).or_else(|| self.ordinary.get(text));
        id.copied().unwrap_or(self.unknown)
    }

    /// The id of a piece that texts are made of.
    pub(super) fn ordinary(&self, text: &str) -> Option<u32> {
        self.ordinary.get(text).copied()
    }

    pub(super) fn get(&self, id: u32) -> Option<&ModelPiece> {
        self.by_id.get(id as usize)
    }

    pub(super) fn unknown(&self) -> u32 {
        self.unknown
    }

    pub(super) fn bytes(&self) -> Option<&[u32; 256]> {
        self.bytes.as_deref()
    }

    /// All pieces with their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &ModelPiece)> + Clone {
        (0..).zip(&self.by_id)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}

/// The byte that a piece such as `<0x0A>` stands for.
pub(super) fn byte_of(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    let is_hex = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex
        .then(|| u8::from_str_radix(digits, 16).ok())
        .flatten()
}

fn refusal(id: u32, piece: &ModelPiece, what: &str) -> TokenizerError {
    TokenizerError::inconsistent("pieces", format!("\"{}\" with id {id} {what}", piece.text))
}
