//! Runs decoders of other crates so that their panics become values.
//!
//! It contains unwinding panics only; an allocation that fails aborts the
//! process, so lengths are checked before a decoder sees them.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether this thread runs a decoder whose panic will be caught and reported
/// as bad content; a panic hook stays silent then.
#[must_use]
pub fn is_contained() -> bool {
    DEPTH.get() > 0
}

/// Runs `decode`; a panic comes back as its message.
///
/// Whatever `decode` borrowed may be half changed after a panic and is not to
/// be used again.
pub(super) fn contain<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    let _guard = Guard::enter();
    catch_unwind(AssertUnwindSafe(decode)).map_err(|payload| message(payload.as_ref()))
}

/// Counts nesting, also while unwinding.
struct Guard;

impl Guard {
    fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    format!("the decoder panicked: {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let caught = contain(|| {
            assert!(is_contained());
            panic!("at {}", 7)
        });
        std::panic::set_hook(hook);
        let none: Result<(), String> = caught;
        assert_eq!(none.unwrap_err(), "the decoder panicked: at 7");
        assert!(!is_contained());
    }
}
