//! The `.tiktoken` format: a line a token, `<base64> <rank>`.
//!
//! The format holds no merges: two neighbours merge if their bytes together
//! are a token, and its rank is the merge's. Only one pair of tokens ever makes
//! a given token: before it stands, no merge crosses its edges, and inside it
//! merges go by rank as if it stood alone. So the merges are found by encoding
//! each token's bytes with the merges of lower rank; a token that this leaves
//! in more than two parts is never the result of a merge.

use super::error::TokenizerError;
use super::merge::Merger;
use super::pairs::{Merge, PairTable};
use super::vocab::Vocab;

/// Reads a file.
pub(crate) fn parse(file: &[u8]) -> Result<(Vocab, PairTable), TokenizerError> {
    let mut tokens = Vec::new();
    for (at, line) in file.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        tokens.push(parse_line(line).ok_or_else(|| {
            let shown = line.get(..60).unwrap_or(line);
            TokenizerError::Line {
                line: at + 1,
                found: format!("\"{}\"", String::from_utf8_lossy(shown)),
            }
        })?);
    }
    tokens.sort_unstable();
    let vocab = Vocab::new(tokens.iter().map(|(id, token)| (*id, token.as_slice())))?;
    if let Some(byte) = (0..=u8::MAX).find(|&byte| vocab.byte_id(byte).is_none()) {
        return Err(TokenizerError::inconsistent(
            "vocab",
            format!("byte 0x{byte:02x} is no token, so some texts have no encoding"),
        ));
    }
    let pairs = find_pairs(&vocab);
    Ok((vocab, pairs))
}

fn parse_line(line: &[u8]) -> Option<(u32, Vec<u8>)> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    let token = decode_base64(&line[..space])?;
    let rank = &line[space + 1..];
    if !rank.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some((str::from_utf8(rank).ok()?.parse().ok()?, token))
}

/// The pair that makes each token, by the argument above.
fn find_pairs(vocab: &Vocab) -> PairTable {
    let mut pairs = PairTable::with_capacity(vocab.len());
    let mut merger = Merger::default();
    let mut parts = Vec::new();
    for (id, token) in vocab.iter() {
        parts.clear();
        let bytes = token.iter().filter_map(|&byte| vocab.byte_id(byte));
        if token.len() > 1 {
            merger.merge(bytes, &pairs, &mut parts);
        }
        if let &[left, right] = parts.as_slice() {
            pairs.insert(left, right, Merge { rank: id, id });
        }
    }
    pairs
}

/// Writes a file that [`parse`] reads back, tokens in ascending order of rank.
pub(crate) fn render(vocab: &Vocab) -> Vec<u8> {
    let mut file = Vec::new();
    for (id, token) in vocab.iter() {
        encode_base64(token, &mut file);
        file.push(b' ');
        file.extend_from_slice(id.to_string().as_bytes());
        file.push(b'\n');
    }
    file
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn encode_base64(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .chain(&[0; 2])
            .take(3)
            .fold(0_u32, |word, &byte| word << 8 | u32::from(byte));
        for digit in 0..4 {
            let value = (word >> (18 - 6 * digit)) & 0x3f;
            out.push(if digit > chunk.len() {
                b'='
            } else {
                ALPHABET[value as usize]
            });
        }
    }
}

/// Strict: padded, and the bits that padding leaves over are zero.
pub(super) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let (chunks, rest) = text.as_chunks::<4>();
    if chunks.is_empty() || !rest.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(chunks.len() * 3);
    for (at, chunk) in chunks.iter().enumerate() {
        let n_pad = chunk.iter().rev().take_while(|&&c| c == b'=').count();
        if n_pad > 2 || (n_pad > 0 && at + 1 != chunks.len()) {
            return None;
        }
        let mut word = 0;
        for &digit in &chunk[..4 - n_pad] {
            word = word << 6 | base64_value(digit)?;
        }
        word <<= 6 * n_pad;
        let [_, decoded @ ..] = word.to_be_bytes();
        let (kept, left_over) = decoded.split_at(3 - n_pad);
        if left_over.iter().any(|&byte| byte != 0) {
            return None;
        }
        bytes.extend_from_slice(kept);
    }
    Some(bytes)
}

fn base64_value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_round_trips() {
        for len in 0..9_u8 {
            let bytes: Vec<u8> = (0..len).map(|at| at.wrapping_mul(91) ^ 0xa5).collect();
            let mut text = Vec::new();
            encode_base64(&bytes, &mut text);
            assert_eq!(decode_base64(&text), (len > 0).then_some(bytes));
        }
        assert_eq!(decode_base64(b"IQ==").as_deref(), Some(&b"!"[..]));
    }

    #[test]
    fn malformed_base64_is_refused() {
        for text in [
            "", "I", "IQ", "IQ=", "IR==", "I===", "====", "IQ==IQ==", "I?==", "IQ= ",
        ] {
            assert_eq!(decode_base64(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn malformed_lines_are_named() {
        for (file, line) in [
            ("IQ== 0\nIQ==", 2),
            ("IQ== x", 1),
            ("IQ== +1", 1),
            ("IQ== 4294967296", 1),
            ("IQ==  1", 1),
        ] {
            let error = parse(file.as_bytes()).err();
            assert!(
                matches!(error, Some(TokenizerError::Line { line: found, .. }) if found == line),
                "{file}: {error:?}"
            );
        }
    }

    #[test]
    fn a_vocabulary_without_every_byte_is_refused() {
        let error = parse(b"IQ== 0\n").err().map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some("`vocab` is inconsistent: byte 0x00 is no token, so some texts have no encoding")
        );
    }
}
