//! Where words start, computed on masks: what families share.

#![expect(clippy::inline_always, reason = "it is compiled for each level")]

use super::classes::BlockClasses;

/// Bits at the character after each of `chars`, which are first bytes.
#[inline(always)]
pub(super) fn after(chars: u64, first: u64) -> u64 {
    // The bytes that continue a character are a run of ones that carries.
    (chars << 1).wrapping_add(!first) & first
}

/// First bits of runs of ones.
#[inline(always)]
pub(super) fn run_starts(runs: u64) -> u64 {
    runs & !(runs << 1)
}

/// The runs of `runs` from the bits `from` in them on; each run has one.
#[inline(always)]
pub(super) fn runs_from(from: u64, runs: u64) -> u64 {
    runs & !runs.wrapping_add(from)
}

/// Every third digit of each run, from its first.
#[inline(always)]
pub(super) fn thirds(number: u64) -> u64 {
    let fourth = number & number << 1 & number << 2 & number << 3;
    let mut starts = run_starts(number);
    let mut found = starts;
    loop {
        found = found << 3 & fourth;
        if found == 0 {
            return starts;
        }
        starts |= found;
    }
}

/// Word starts in and right after white space, for `\s*[\r\n]+|\s+(?!\S)|\s+`
/// once the newlines `taken` by the words before are gone: at the start of a
/// run, after its last newline, and before its last character if that is no
/// newline. Does not decide about a run that ends the known bytes.
#[inline(always)]
pub(super) fn space_starts(classes: &BlockClasses, taken: u64) -> u64 {
    let space = classes.space & !taken;
    let newline = classes.newline & !taken;
    let other_space = classes.space & !classes.newline;
    let last = other_space & !(classes.space >> 1);
    run_starts(space) | last | after_last_newline(newline, other_space)
}

/// Where white space goes on after the last newline of a run.
#[inline(always)]
fn after_last_newline(newline: u64, other_space: u64) -> u64 {
    let mut starts = newline << 1 & other_space;
    let ends = other_space.wrapping_add(starts) & !other_space;
    // Few: blanks before the end of a line, after another line's end.
    let mut not_last = ends & newline;
    while not_last != 0 {
        let end = not_last.trailing_zeros();
        not_last &= not_last - 1;
        let before = !other_space & ((1 << end) - 1);
        starts &= !(1 << (u64::BITS - before.leading_zeros()));
    }
    starts
}

/// How the first characters of words of letters and others go together, for
/// `[^\r\n\p{L}\p{N}]?\p{L}+` and ` ?[^\s\p{L}\p{N}]+`.
pub(super) struct Leads {
    /// Others at which a word starts.
    pub(super) other: u64,
    /// Letters that a single other leads.
    pub(super) led: u64,
    /// Letters at which a word starts.
    pub(super) letter: u64,
}

impl Leads {
    /// `other` are the others that no word before has taken.
    #[inline(always)]
    pub(super) fn new(classes: &BlockClasses, other: u64) -> Self {
        let free = run_starts(other) & !(classes.blank << 1);
        let letter = run_starts(classes.letter);
        let led = after(free & classes.first, classes.first) & letter;
        let other_space = classes.space & !classes.newline;
        Self {
            other: free,
            led,
            letter: letter & !led & !(other_space << 1),
        }
    }
}
