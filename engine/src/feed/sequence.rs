//! The rows of an epoch, of one dataset or of several.

use std::ops::Range;
use std::sync::Arc;

use super::fill::Filled;
use super::mix::Mixture;
use super::options::Shuffle;
use super::order::{Extent, Order};

/// What is fed: the rows of a dataset, or those of a mixture.
#[derive(Debug, Clone)]
pub(crate) enum Fed {
    Dataset(Extent),
    Mixture(Arc<Mixture>),
}

impl Fed {
    /// Its positions, and rows that are read together.
    pub(super) fn extent(&self) -> Extent {
        match self {
            Self::Dataset(extent) => *extent,
            Self::Mixture(mixture) => mixture.extent(),
        }
    }

    /// The mixture, if it is one.
    pub(super) fn mixture(&self) -> Option<&Arc<Mixture>> {
        match self {
            Self::Dataset(_) => None,
            Self::Mixture(mixture) => Some(mixture),
        }
    }

    /// The rows of an epoch.
    pub(super) fn sequence(&self, shuffle: Shuffle, seed: u64, epoch: u32) -> Sequence {
        match self {
            Self::Dataset(extent) => Sequence::Dataset(Order::new(shuffle, seed, epoch, *extent)),
            Self::Mixture(mixture) => Sequence::Mixture {
                mixture: mixture.clone(),
                of: (shuffle, seed, epoch),
            },
        }
    }
}

/// The rows of one epoch, in their order.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "an epoch has one, which its readers share"
)]
pub(super) enum Sequence {
    Dataset(Order),
    Mixture {
        mixture: Arc<Mixture>,
        of: (Shuffle, u64, u32),
    },
}

impl Sequence {
    /// Appends the rows at these positions.
    pub(super) fn rows(&self, positions: Range<u64>, out: &mut Vec<u64>) {
        match self {
            Self::Dataset(order) => order.rows(positions, out),
            Self::Mixture { mixture, of } => mixture.rows(*of, positions, out),
        }
    }

    /// Says of each row of a filled slot which dataset it is of, where there are
    /// several.
    pub(super) fn settle(&self, filled: &mut Filled) {
        match self {
            Self::Dataset(_) => {}
            Self::Mixture { mixture, .. } => mixture.settle(filled),
        }
    }
}
