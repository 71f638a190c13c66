//! The texts of the shaders, each behind all that is shared; and how WGSL
//! spells the entries in them.

use crate::device::schedule::Entry;

/// A shader behind all files of `shaders/shared/`, in the order of their names.
macro_rules! behind_shared {
    ($file:literal) => {
        concat!(
            include_str!("../../../../shaders/shared/elements.wgsl"),
            include_str!("../../../../shaders/shared/floats.wgsl"),
            include_str!("../../../../shaders/shared/numbers.wgsl"),
            include_str!("../../../../shaders/shared/slot.wgsl"),
            include_str!(concat!("../../../../shaders/", $file)),
        )
    };
}

const NORMALIZE: &str = behind_shared!("normalize.wgsl");
const CAST: &str = behind_shared!("cast.wgsl");

/// The text that holds an entry and the entry's name in it; `None` for what
/// WGSL has no numbers for.
pub(super) fn source(entry: Entry) -> Option<(&'static str, &'static str)> {
    match entry {
        Entry::NormalizeImages | Entry::NormalizeNumbers => Some((NORMALIZE, entry.name())),
        // WGSL reserves the word.
        Entry::Cast => Some((CAST, "cast_")),
        Entry::NormalizeWide => None,
    }
}

/// Whether an entry has a fourth binding, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    None,
    /// The tables of images.
    Tables,
    /// A word a column that tells of misfits.
    Flags,
}

/// The fourth binding of an entry.
pub(super) fn extra(entry: Entry) -> Extra {
    match entry {
        Entry::NormalizeImages => Extra::Tables,
        Entry::Cast => Extra::Flags,
        Entry::NormalizeNumbers | Entry::NormalizeWide => Extra::None,
    }
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
                continue;
            };
            let op = entry.name().split('_').next().unwrap();
            let own = read(&folder.join(format!("{op}.wgsl")));
            assert!(text == format!("{shared}{own}"), "{name}");
            assert!(own.contains(&format!("fn {name}(")), "{name}");
        }
    }
}
