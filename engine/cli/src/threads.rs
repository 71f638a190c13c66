//! `--threads`, which several verbs take.

use std::num::NonZeroUsize;

/// Threads beyond this are a slip of the finger on any machine.
const MAX_THREADS: usize = 1024;

/// Reads `--threads`.
pub(crate) fn parse(text: &str) -> Result<NonZeroUsize, String> {
    let n = text.parse().ok();
    n.filter(|n: &NonZeroUsize| n.get() <= MAX_THREADS)
        .ok_or_else(|| format!("expected a whole number from 1 to {MAX_THREADS}"))
}
