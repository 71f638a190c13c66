//! The texts of the shaders, each behind all that is shared; and how WGSL
//! spells the entries in them.

use fuelrail_kernels::Entry;

/// A shader behind all files of `shaders/shared/`, in the order of their names.
macro_rules! behind_shared {
    ($file:literal) => {
        concat!(
            include_str!("../../../../shaders/shared/blended.wgsl"),
            include_str!("../../../../shaders/shared/elements.wgsl"),
            include_str!("../../../../shaders/shared/floats.wgsl"),
            include_str!("../../../../shaders/shared/numbers.wgsl"),
            include_str!("../../../../shaders/shared/rows.wgsl"),
            include_str!("../../../../shaders/shared/slot.wgsl"),
            include_str!("../../../../shaders/shared/text.wgsl"),
            include_str!("../../../../shaders/shared/twins.wgsl"),
            include_str!(concat!("../../../../shaders/", $file)),
        )
    };
}

/// The shaders, by [`Entry::module`].
const MODULES: &[(&str, &str)] = &[
    ("blend", behind_shared!("blend.wgsl")),
    ("cast", behind_shared!("cast.wgsl")),
    ("color", behind_shared!("color.wgsl")),
    ("gather", behind_shared!("gather.wgsl")),
    ("lut", behind_shared!("lut.wgsl")),
    ("map", behind_shared!("map.wgsl")),
    ("normalize", behind_shared!("normalize.wgsl")),
    ("resample", behind_shared!("resample.wgsl")),
    ("squeeze", behind_shared!("squeeze.wgsl")),
    ("tokenize", behind_shared!("tokenize.wgsl")),
    ("tokenize_pieces", behind_shared!("tokenize_pieces.wgsl")),
    ("tokenize_words", behind_shared!("tokenize_words.wgsl")),
    ("warp", behind_shared!("warp.wgsl")),
];

/// The text that holds an entry and the entry's name in it; `None` for what
/// WGSL has no numbers for.
pub(super) fn source(entry: Entry) -> Option<(&'static str, &'static str)> {
    let mut modules = MODULES.iter().filter(|_| entry.is_in_wgsl());
    let (_, text) = modules.find(|(name, _)| *name == entry.module())?;
    let name = match entry {
        // WGSL reserves the word.
        Entry::Cast => "cast_",
        Entry::NormalizeImages
        | Entry::NormalizeNumbers
        | Entry::NormalizeWide
        | Entry::Map
        | Entry::Blend
        | Entry::ColorMeans
        | Entry::Color
        | Entry::Gather
        | Entry::Lut
        | Entry::Resample
        | Entry::SqueezeCount
        | Entry::SqueezeScan
        | Entry::SqueezeEdges
        | Entry::SqueezeWrite
        | Entry::TokenizeMaps
        | Entry::TokenizeStates
        | Entry::TokenizeWords
        | Entry::TokenizeLookup
        | Entry::TokenizeShort
        | Entry::TokenizeLong
        | Entry::TokenizeWhole
        | Entry::TokenizePieces
        | Entry::TokenizeCount
        | Entry::TokenizePlaces
        | Entry::TokenizeWrite
        | Entry::Warp => entry.name(),
    };
    Some((text, name))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `tests/it/shaders.rs` checks the files; this, that those are compiled.
    #[test]
    fn a_shader_is_compiled_behind_all_that_is_shared() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shaders");
        let mut shared: Vec<_> = std::fs::read_dir(folder.join("shared"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        shared.sort();
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        let shared: String = shared.iter().map(|path| read(path)).collect();
        for entry in Entry::ALL {
            let Some((text, name)) = source(entry) else {
                assert!(!entry.is_in_wgsl(), "{} has no text", entry.name());
                continue;
            };
            let own = read(&folder.join(format!("{}.wgsl", entry.module())));
            assert!(text == format!("{shared}{own}"), "{name}");
            assert!(own.contains(&format!("fn {name}(")), "{name}");
        }
    }
}
