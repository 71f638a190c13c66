//! A panic is a fault of fuelrail, never the user's: it ends as an error like
//! any other, with a code of its own and a request to report it.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};

use fuelrail::Error;

static FIRST: Mutex<Option<String>> = Mutex::new(None);

/// Runs `body`; a panic in it becomes an `Internal` error.
///
/// Panics that the library contains on its own print nothing.
pub(crate) fn contain<T>(body: impl FnOnce() -> T) -> Result<T, Error> {
    panic::set_hook(Box::new(|fault| {
        let place = fault.location().map_or_else(String::new, |place| {
            format!(" at {}:{}", place.file(), place.line())
        });
        let said = fault.payload_as_str().unwrap_or("no message");
        FIRST
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| format!("{said}{place}"));
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(body));
    drop(panic::take_hook());
    result.map_err(|_| {
        let said = FIRST.lock().unwrap_or_else(PoisonError::into_inner).take();
        let said = said.unwrap_or_default();
        Error::internal(format!("fuelrail met a fault of its own: {said}"))
            .with_hint("please report this, with the command and what it was given")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fuelrail::ErrorKind;

    #[test]
    fn a_panic_becomes_an_error() {
        let error = contain(|| panic!("row {} is gone", 7)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.message().contains("row 7 is gone at "), "{error}");
        assert_eq!(contain(|| 3).unwrap(), 3);
    }
}
