//! Cuts by the scanners of known patterns.

use crate::tokenize::scan::{Scanner, SplitScan};

/// Calls `visit` with the start and end of each word of `text`, which is valid
/// UTF-8.
#[inline]
pub(crate) fn scan_words(scanner: &Scanner, text: &[u8], visit: impl FnMut(usize, usize)) {
    match scanner {
        Scanner::Gpt2(scan) => words(scan, text, visit),
        Scanner::Cl100k(scan) => words(scan, text, visit),
        Scanner::O200k(scan) => words(scan, text, visit),
    }
}

#[inline]
fn words(scan: &impl SplitScan, text: &[u8], mut visit: impl FnMut(usize, usize)) {
    let mut at = 0;
    while at < text.len() {
        let end = scan.end(text, at);
        visit(at, end);
        at = end;
    }
}
