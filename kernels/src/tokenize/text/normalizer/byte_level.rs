//! `ByteLevel`: each byte becomes the character that spells it.

use super::super::aligned::AlignedText;
use crate::tokenize::byte_level::char_of;
use crate::tokenize::error::EncodeError;

/// Spells the bytes of each piece in the alphabet of GPT-2.
pub(crate) fn to_byte_level(text: &mut AlignedText<'_>) -> Result<(), EncodeError> {
    // Printable ASCII spells itself.
    if text.stays(|text| text.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Ok(());
    }
    text.rewrite(|piece, out| {
        let spelled = piece.text().bytes().map(|byte| {
            // The bytes of a character after its first are put in after it.
            (char_of(byte), isize::from(byte & 0xc0 == 0x80))
        });
        out.transform(piece, spelled, 0)
    })
}
