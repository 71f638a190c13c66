//! What is to be known of every codepoint, in two levels: pages of which equal
//! ones are stored once.

use std::hash::Hash;

use rustc_hash::FxHashMap;

/// Codepoints of a page.
pub(crate) const PAGE: usize = 128;

/// Something for each codepoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodepointPages<T> {
    /// For each [`PAGE`] of codepoints, which of the pages is theirs.
    page_of: Vec<u16>,
    pages: Vec<[T; PAGE]>,
}

impl<T: Copy + Eq + Hash> CodepointPages<T> {
    /// What `of` gives for the characters of each page. No text holds a surrogate, so
    /// it may have anything: what the character 0 has.
    pub(crate) fn new(mut of: impl FnMut([char; PAGE]) -> [T; PAGE]) -> Self {
        let mut found = Self {
            page_of: Vec::new(),
            pages: Vec::new(),
        };
        let mut seen = FxHashMap::default();
        for first in (0..=u32::from(char::MAX)).step_by(PAGE) {
            let page = of(std::array::from_fn(|at| {
                char::from_u32(first + at as u32).unwrap_or_default()
            }));
            let number = *seen.entry(page).or_insert_with(|| {
                found.pages.push(page);
                (found.pages.len() - 1) as u16
            });
            found.page_of.push(number);
        }
        found
    }

    /// That of a codepoint.
    pub(crate) fn of(&self, codepoint: u32) -> T {
        let codepoint = codepoint as usize;
        let page = self.page_of[codepoint / PAGE];
        self.pages[usize::from(page)][codepoint % PAGE]
    }

    /// The number of the page of every [`PAGE`] codepoints.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.page_of.iter().map(|&page| u32::from(page))
    }

    /// What pages hold, one behind another.
    pub(crate) fn values(&self) -> impl Iterator<Item = T> {
        self.pages.as_flattened().iter().copied()
    }
}
