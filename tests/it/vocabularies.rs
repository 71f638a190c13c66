//! The vocabularies of tiktoken's encodings that the kernels carry are those of
//! the crate `tiktoken-rs`. They lie in `kernels/vocab/`, so that who builds
//! fuelrail builds none of that crate.
//!
//! A file holds one record a token, in rank order: `len: u8`, `left: u24`,
//! `right: u24` (little endian), then the token's bytes. `left` and `right`
//! are the two tokens whose merge makes it, `0xff_ffff` where there are none.
//!
//! `FUELRAIL_WRITE_VOCABULARIES=1` writes the files anew.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use tiktoken_rs::CoreBPE;

const NO_TOKEN: u32 = 0xff_ffff;

/// The bytes of a vocabulary.
fn vocabulary(bpe: &CoreBPE) -> Result<Vec<u8>, Box<dyn Error>> {
    let specials = bpe.special_tokens();
    let is_special = |bytes: &[u8]| specials.iter().any(|name| name.as_bytes() == bytes);
    let tokens: Vec<Vec<u8>> = (0..NO_TOKEN)
        .map_while(|id| bpe.decode_bytes(&[id]).ok())
        .take_while(|bytes| !is_special(bytes))
        .collect();

    let mut ids: HashMap<&[u8], u32> = HashMap::new();
    let mut pairs: HashMap<(u32, u32), u32> = HashMap::new();
    let mut file = Vec::new();
    for (id, token) in (0u32..).zip(&tokens) {
        let (left, right) = match merged(token, &ids, &pairs)?.as_slice() {
            &[left, right] => (left, right),
            _ => (NO_TOKEN, NO_TOKEN),
        };
        if left != NO_TOKEN {
            pairs.insert((left, right), id);
        }
        ids.insert(token, id);
        file.push(u8::try_from(token.len())?);
        file.extend_from_slice(&left.to_le_bytes()[..3]);
        file.extend_from_slice(&right.to_le_bytes()[..3]);
        file.extend_from_slice(token);
    }
    Ok(file)
}

/// The tokens that `token` is made of by merges of lower rank; empty for a
/// single byte, whose rank need not be lower than that of the merges.
fn merged(
    token: &[u8],
    ids: &HashMap<&[u8], u32>,
    pairs: &HashMap<(u32, u32), u32>,
) -> Result<Vec<u32>, Box<dyn Error>> {
    if token.len() < 2 {
        return Ok(Vec::new());
    }
    let mut parts = token
        .chunks(1)
        .map(|byte| ids.get(byte).copied().ok_or("a byte ranks after a merge"))
        .collect::<Result<Vec<u32>, _>>()?;
    loop {
        let best = (0..parts.len() - 1)
            .filter_map(|at| Some((*pairs.get(&(parts[at], parts[at + 1]))?, at)))
            .min();
        let Some((id, at)) = best else {
            return Ok(parts);
        };
        parts[at] = id;
        parts.remove(at + 1);
    }
}

#[test]
fn the_vocabularies_carried_along_are_those_of_tiktoken() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernels/vocab");
    let encodings = [
        ("r50k_base", tiktoken_rs::r50k_base()?),
        ("cl100k_base", tiktoken_rs::cl100k_base()?),
        ("o200k_base", tiktoken_rs::o200k_base()?),
    ];
    for (name, bpe) in &encodings {
        let path = folder.join(format!("{name}.vocab"));
        let made = vocabulary(bpe)?;
        if std::env::var_os("FUELRAIL_WRITE_VOCABULARIES").is_some() {
            std::fs::write(&path, &made)?;
        }
        assert!(std::fs::read(&path)? == made, "{name} differs");
    }
    Ok(())
}
