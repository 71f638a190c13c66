//! What counts of a chunk for all that follows it.

use super::{Class, Squeeze};

/// A chunk of an item as the function it is; see [In chunks](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Summary {
    /// Bytes written if a run goes on when the chunk begins.
    pub n_in_run: usize,
    /// Bytes written if none does, as at the beginning of an item.
    pub n_otherwise: usize,
    /// Whether a run goes on at the end of the chunk; `None` if that is as at
    /// its beginning.
    pub ends_in_run: Option<bool>,
}

impl Summary {
    /// That of no bytes.
    pub const EMPTY: Self = Self {
        n_in_run: 0,
        n_otherwise: 0,
        ends_in_run: None,
    };

    /// That of these bytes.
    #[must_use]
    pub fn of(squeeze: &Squeeze, chunk: &[u8]) -> Self {
        let one = |byte: &u8| Self::of_class(squeeze.classes()[usize::from(*byte)]);
        chunk.iter().map(one).fold(Self::EMPTY, Self::then)
    }

    /// That of this chunk and then `other`.
    #[must_use]
    pub fn then(self, other: Self) -> Self {
        let entered = |in_run: bool| {
            if self.ends_in_run.unwrap_or(in_run) {
                other.n_in_run
            } else {
                other.n_otherwise
            }
        };
        Self {
            n_in_run: self.n_in_run + entered(true),
            n_otherwise: self.n_otherwise + entered(false),
            ends_in_run: other.ends_in_run.or(self.ends_in_run),
        }
    }

    /// That of one byte.
    fn of_class(class: Class) -> Self {
        let (n_in_run, n_otherwise, ends_in_run) = match class {
            Class::Keep => (1, 1, Some(false)),
            Class::Squeeze => (0, 1, Some(true)),
            Class::Drop => (0, 0, None),
        };
        Self {
            n_in_run,
            n_otherwise,
            ends_in_run,
        }
    }
}
