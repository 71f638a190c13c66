//! Weights that were made before.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{ResampleError, ResampleFilter, Weights};

/// Words of all tables together, at most; all are made anew beyond it.
const MAX_WORDS: usize = 4 << 20;

/// Tables by what they are made of, so that images of equal sides share them.
#[derive(Debug, Clone, Default)]
pub struct WeightsCache {
    made: FxHashMap<(u32, u32, ResampleFilter), Arc<Weights>>,
    n_words: usize,
}

impl WeightsCache {
    /// Those for `from` samples to become `to`.
    ///
    /// # Errors
    /// As [`Weights::new`].
    pub fn get(
        &mut self,
        from: u32,
        to: u32,
        filter: ResampleFilter,
    ) -> Result<Arc<Weights>, ResampleError> {
        let key = (from, to, filter);
        if let Some(weights) = self.made.get(&key) {
            return Ok(Arc::clone(weights));
        }
        let weights = Arc::new(Weights::new(from, to, filter)?);
        let n_words = weights.words().len();
        if self.n_words + n_words > MAX_WORDS {
            self.made.clear();
            self.n_words = 0;
        }
        self.n_words += n_words;
        self.made.insert(key, Arc::clone(&weights));
        Ok(weights)
    }
}
