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
