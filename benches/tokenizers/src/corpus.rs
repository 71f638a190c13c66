//! The documents of a corpus, as `corpora.py` writes them: for each its length
//! as a little-endian u32, then its UTF-8.

use std::fs;
use std::path::Path;

use crate::error::Failure;

/// The documents of a file in its order.
pub fn read(path: &Path) -> Result<Vec<String>, Failure> {
    let told = |what: &str| Failure(format!("{}: {what}", path.display()));
    let raw = fs::read(path).map_err(|error| told(&error.to_string()))?;
    let mut rest = raw.as_slice();
    let mut documents = Vec::new();
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        let (text, after) = after
            .split_at_checked(len)
            .ok_or_else(|| told("a document ends after the file"))?;
        let text = std::str::from_utf8(text).map_err(|error| told(&error.to_string()))?;
        documents.push(text.to_owned());
        rest = after;
    }
    Ok(documents)
}

/// Documents spread over the corpus that hold about `len_bytes`; all of them
/// where they hold less.
pub fn sample(documents: Vec<String>, len_bytes: usize) -> Vec<String> {
    let total = total_bytes(&documents);
    let every = total.div_ceil(len_bytes.max(1)).max(1);
    documents.into_iter().step_by(every).collect()
}

/// Bytes of all the texts.
pub fn total_bytes(documents: &[String]) -> usize {
    documents.iter().map(String::len).sum()
}

#[cfg(test)]
mod tests {
    use super::{sample, total_bytes};

    #[test]
    fn a_sample_is_spread_and_holds_no_more_than_asked() {
        let documents: Vec<String> = (0..100).map(|n| format!("{n:010}")).collect();
        let all = sample(documents.clone(), usize::MAX);
        assert_eq!(all, documents);
        let tenth = sample(documents.clone(), 100);
        assert_eq!(total_bytes(&tenth), 100);
        assert_eq!(tenth.last(), documents.get(90));
    }
}
