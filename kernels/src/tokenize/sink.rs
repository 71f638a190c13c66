//! Where ids go: a list, a list of small ids, or a count.

/// Takes the ids of a text in order.
pub(crate) trait IdSink {
    /// How many ids it has.
    fn n_ids(&self) -> usize;

    /// Takes more.
    fn put(&mut self, ids: &[u32]);

    /// Forgets all but the first `n_ids`.
    fn truncate(&mut self, n_ids: usize);
}

impl IdSink for Vec<u32> {
    fn n_ids(&self) -> usize {
        self.len()
    }

    #[inline]
    fn put(&mut self, ids: &[u32]) {
        self.extend_from_slice(ids);
    }

    fn truncate(&mut self, n_ids: usize) {
        self.truncate(n_ids);
    }
}

/// For a vocabulary whose ids fit; the encoder sees to that.
impl IdSink for Vec<u16> {
    fn n_ids(&self) -> usize {
        self.len()
    }

    #[inline]
    fn put(&mut self, ids: &[u32]) {
        self.extend(ids.iter().map(|&id| id as u16));
    }

    fn truncate(&mut self, n_ids: usize) {
        self.truncate(n_ids);
    }
}

/// Counts ids.
impl IdSink for usize {
    fn n_ids(&self) -> usize {
        *self
    }

    #[inline]
    fn put(&mut self, ids: &[u32]) {
        *self += ids.len();
    }

    fn truncate(&mut self, n_ids: usize) {
        *self = n_ids;
    }
}
