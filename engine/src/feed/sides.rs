//! The sides that the images of a batch must have because those of another column do.

/// The sides that images must have.
#[derive(Debug, Clone, Copy)]
pub(super) enum SidesWanted<'a> {
    /// Any.
    Any,
    /// All these: height and width.
    All([u32; 2]),
    /// In each row those of another column; none where that has no image.
    Rows(&'a [Option<[u32; 2]>]),
}

impl SidesWanted<'_> {
    /// Those of a row.
    pub(super) fn of(self, row: usize) -> Option<[u32; 2]> {
        match self {
            Self::Any => None,
            Self::All(sides) => Some(sides),
            Self::Rows(rows) => rows.get(row).copied().flatten(),
        }
    }

    /// Whether the other column has no image in a row.
    pub(super) fn is_without(self, row: usize) -> bool {
        match self {
            Self::Any | Self::All(_) => false,
            Self::Rows(rows) => rows.get(row).is_none_or(Option::is_none),
        }
    }
}
