//! How the bytes of a file are wrapped.

/// How the bytes of a file are wrapped, by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// Its name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Splits a file name into what is wrapped and how.
    pub(super) fn split(name: &str) -> (&str, Self) {
        let wrapped = |end: &str| {
            let at = name.len().checked_sub(end.len())?;
            let tail = name.get(at..)?;
            tail.eq_ignore_ascii_case(end).then(|| name.get(..at))?
        };
        if let Some(stem) = wrapped(".gz") {
            (stem, Self::Gzip)
        } else if let Some(stem) = wrapped(".zst") {
            (stem, Self::Zstd)
        } else {
            (name, Self::None)
        }
    }
}
