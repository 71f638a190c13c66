//! Arguments that come as Python writes them, as the engine's types.

use std::num::NonZeroUsize;

use fuelrail::{Error, ErrorKind};

/// Threads beyond this are a slip of the finger on any machine.
const MAX_THREADS: i64 = 1024;

/// A number of threads; without one, the engine's choice.
pub(crate) fn threads(threads: Option<i64>) -> Result<Option<NonZeroUsize>, Error> {
    let Some(given) = threads else {
        return Ok(None);
    };
    let n_threads = usize::try_from(given).ok().and_then(NonZeroUsize::new);
    n_threads
        .filter(|_| given <= MAX_THREADS)
        .map(Some)
        .ok_or_else(|| {
            usage(format!(
                "threads: expected a whole number from 1 to {MAX_THREADS}, got {given}"
            ))
        })
}

/// The value that the argument `name` chooses by its `given` name.
pub(crate) fn choice<T: Copy>(name: &str, given: &str, known: &[(&str, T)]) -> Result<T, Error> {
    let found = known.iter().find(|(name, _)| *name == given);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<String> = known
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        let names = match names.as_slice() {
            [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
            names => names.concat(),
        };
        usage(format!("{name}: expected {names}, got \"{given}\""))
    })
}

fn usage(message: String) -> Error {
    Error::new(ErrorKind::Usage, message)
}
