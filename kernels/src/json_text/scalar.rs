//! Byte by byte: the meaning, and what is left behind the last block.

/// The character that a short escape stands for, by the byte behind `\`; 0 where
/// that is none.
pub(super) static SHORT_ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    escapes[b'"' as usize] = b'"';
    escapes[b'\\' as usize] = b'\\';
    escapes[b'/' as usize] = b'/';
    escapes[b'b' as usize] = 0x08;
    escapes[b'f' as usize] = 0x0c;
    escapes[b'n' as usize] = b'\n';
    escapes[b'r' as usize] = b'\r';
    escapes[b't' as usize] = b'\t';
    escapes
};

/// Whether a byte stands for itself.
fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// What begins at `at`: how many bytes of the text it takes, and the byte that it
/// stands for. Nothing where that is more than one of either.
fn one(text: &[u8], at: usize) -> Option<(usize, u8)> {
    match *text.get(at)? {
        b'\\' => {
            let escape = SHORT_ESCAPES[usize::from(*text.get(at + 1)?)];
            (escape != 0).then_some((2, escape))
        }
        byte => is_plain(byte).then_some((1, byte)),
    }
}

/// Where plain characters and short escapes from `at` on end.
pub(super) fn skip(text: &[u8], mut at: usize) -> usize {
    while let Some((len, _)) = one(text, at) {
        at += len;
    }
    at
}

/// Writes what they stand for from `n` of `room` on, while there is room: where
/// that ends in `room`, and in `text`.
pub(super) fn unescape(
    text: &[u8],
    room: &mut [u8],
    (mut n, mut at): (usize, usize),
) -> (usize, usize) {
    while let Some((len, byte)) = one(text, at)
        && let Some(to) = room.get_mut(n)
    {
        *to = byte;
        at += len;
        n += 1;
    }
    (n, at)
}
