//! How characters stand to those beside them.

/// What may stand beside a character so that each becomes what it becomes by
/// itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CharStanding {
    /// Anything.
    Open,
    /// Anything but a mark behind it.
    NoMarks,
    /// It is a mark: what is before it must be open, or a mark behind such a one.
    Mark,
    /// A mark that no other may follow.
    LoneMark,
}

impl CharStanding {
    /// What meets both.
    pub(super) fn with(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Open, one) | (one, Self::Open) => Some(one),
            (Self::NoMarks, Self::NoMarks) => Some(Self::NoMarks),
            // What takes no marks is none.
            (Self::NoMarks, _) | (_, Self::NoMarks) => None,
            (Self::Mark, Self::Mark) => Some(Self::Mark),
            (Self::LoneMark, _) | (_, Self::LoneMark) => Some(Self::LoneMark),
        }
    }
}
