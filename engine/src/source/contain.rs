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

/// Runs `decode`; a panic comes back as what is wrong with the content.
///
/// Whatever `decode` borrowed may be half changed after a panic and is not to
/// be used again.
pub(super) fn contain<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    let _guard = Guard::enter();
    catch_unwind(AssertUnwindSafe(decode)).map_err(|payload| message(payload.as_ref()))
}

/// The longest text of another crate's error that is kept, in characters:
/// some quote all they have read.
const SAID: usize = 240;

/// What an error of a decoder says: its first line, without the names of the
/// error types that it has been through.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` takes"
)]
pub(super) fn said(error: impl ToString) -> String {
    const NAMES: [&str; 7] = [
        "Parquet argument error: ",
        "Parquet error: ",
        "Invalid argument error: ",
        "Parser error: ",
        "External: ",
        "Arrow: ",
        "EOF: ",
    ];
    let text = error.to_string();
    let mut rest = text.trim().lines().next().unwrap_or_default();
    while let Some(shorter) = NAMES.iter().find_map(|name| rest.strip_prefix(name)) {
        rest = shorter;
    }
    cut(rest)
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(SAID).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
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
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or_default();
    // What a decoder takes for impossible is what the bytes have made it meet.
    let text = text.lines().next().unwrap_or_default();
    let text = text.strip_prefix(UNREACHABLE).unwrap_or(text);
    match text.trim_start_matches(": ") {
        "" => NONSENSE.to_owned(),
        // Words of Rust, which say nothing of the content.
        met if met.starts_with("called `") => NONSENSE.to_owned(),
        met => format!("{NONSENSE} ({})", cut(met)),
    }
}

/// How Rust begins the message of a panic at a place that cannot be reached.
const UNREACHABLE: &str = "internal error: entered unreachable code";

/// What is wrong with content that ends a decoder.
const NONSENSE: &str = "the content contradicts itself or its schema";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_reason() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let caught = contain(|| {
            assert!(is_contained());
            panic!("at {}", 7)
        });
        std::panic::set_hook(hook);
        let none: Result<(), String> = caught;
        assert_eq!(none.unwrap_err(), format!("{NONSENSE} (at 7)"));
        assert!(!is_contained());
    }

    #[test]
    fn what_a_decoder_says_is_short_and_without_its_types() {
        assert_eq!(said("Parquet error: External: bad page"), "bad page");
        assert_eq!(said("bad EOF: page"), "bad EOF: page");
        assert_eq!(said("é".repeat(1000)), format!("{}…", "é".repeat(SAID)));
    }
}
