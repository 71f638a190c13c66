//! The characters of strings in JSON, many at a time.
//!
//! The contract, for a place in a text that lies within a string of JSON:
//! - a plain character, which is neither `"` nor `\` nor below U+0020, stands for itself;
//! - a short escape, one of `\"`, `\\`, `\/`, `\b`, `\f`, `\n`, `\r` and `\t`, stands for one
//!   character;
//! - [`skip`] passes over both, up to the first byte that begins neither: the quote that ends
//!   the string, another escape, a control character, or the end of the text;
//! - [`unescape`] gives the characters on that way, as many as there is room for.
//!
//! Host-only: files are read before a device takes part.

mod blocks;
mod scalar;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::OnceLock;

use crate::level::Level;

/// Where plain characters and short escapes from `from` on end in `text`. It stays at
/// a place that is not between characters.
///
/// ```
/// use fuelrail_kernels::json_text::skip;
/// assert_eq!(skip(r#""a\n\u00e9""#, 1), 4);
/// ```
#[must_use]
pub fn skip(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + skip_at(best(), rest.as_bytes())
}

/// The plain characters and short escapes from `from` on in `text`, as characters
/// in `room`, and where they end in `text`: where [`skip`] does, or before the
/// first for which there is no room.
///
/// ```
/// use fuelrail_kernels::json_text::unescape;
/// let mut room = [0; 64];
/// assert_eq!(unescape(r#""a\tb""#, 1, &mut room), ("a\tb", 5));
/// ```
pub fn unescape<'r>(text: &str, from: usize, room: &'r mut [u8]) -> (&'r str, usize) {
    let rest = text.get(from..).unwrap_or_default();
    let (characters, len) =
        blocks::whole_characters(rest, room, |text, room| unescape_at(best(), text, room));
    (characters, from + len)
}

fn best() -> Level {
    static BEST: OnceLock<Level> = OnceLock::new();
    *BEST.get_or_init(Level::best)
}

/// How many bytes from the beginning of `text` on [`skip`] passes over.
fn skip_at(level: Level, text: &[u8]) -> usize {
    if level == Level::SCALAR {
        return scalar::skip(text, 0);
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(len) = x86::skip(level, text) {
        return len;
    }
    blocks::skip(text, blocks::specials)
}

/// How many bytes are written to `room` for how many of `text`; the last
/// character may be cut.
fn unescape_at(level: Level, text: &[u8], room: &mut [u8]) -> (usize, usize) {
    if level == Level::SCALAR {
        return scalar::unescape(text, room, (0, 0));
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(lens) = x86::unescape(level, text, room) {
        return lens;
    }
    blocks::unescape(text, room, blocks::specials)
}
