//! One function for each parser of untrusted bytes.
//!
//! A target takes any bytes and returns nothing: it must neither panic nor
//! allocate what the bytes lie into existence, and what it reads it must read
//! the same way again. The bins in `src/bin` hand these functions to
//! libFuzzer; the test below runs them over the committed seeds, so that a
//! plain `cargo test` holds what fuzzing has found.
#![forbid(unsafe_code)]

/// Digests as a manifest spells them.
///
/// # Panics
/// If a digest is written otherwise than it was read.
pub fn digest(data: &[u8]) {
    if let Ok(digest) = serde_json::from_slice::<fuelrail::plan::Digest>(data) {
        let text = serde_json::to_string(&digest).unwrap_or_default();
        assert_eq!(serde_json::from_str(&text).ok(), Some(digest));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Runs `target` over its committed seeds.
    fn replay(name: &str, target: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("seeds")
            .join(name);
        let seeds: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
        assert!(!seeds.is_empty(), "no seeds in {}", folder.display());
        for seed in seeds {
            target(&std::fs::read(seed.unwrap().path()).unwrap());
        }
    }

    #[test]
    fn seeds_of_digest() {
        replay("digest", super::digest);
    }
}
