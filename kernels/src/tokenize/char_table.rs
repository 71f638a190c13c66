//! Something for each of some characters, such as the id of a token.

const PAGE_BITS: u32 = 7;
const PAGE: usize = 1 << PAGE_BITS;

/// A two-level table by codepoint; pages without anything are one.
pub(crate) struct CharTable<T> {
    page_of: Vec<u16>,
    pages: Vec<[T; PAGE]>,
}

impl<T: Copy> CharTable<T> {
    /// A table that has `nothing` for every character.
    pub(crate) fn new(nothing: T) -> Self {
        Self {
            page_of: vec![0; 0x11_0000 / PAGE],
            pages: vec![[nothing; PAGE]],
        }
    }

    pub(crate) fn insert(&mut self, c: char, value: T) {
        let code = u32::from(c);
        let page = &mut self.page_of[(code >> PAGE_BITS) as usize];
        if *page == 0 {
            // There are 8,704 pages at most.
            *page = self.pages.len() as u16;
            self.pages.push(self.pages[0]);
        }
        self.pages[usize::from(*page)][code as usize % PAGE] = value;
    }

    #[inline]
    pub(crate) fn get(&self, c: char) -> T {
        self.at(u32::from(c))
    }

    /// What there is for the character of a code.
    #[inline]
    pub(crate) fn at(&self, code: u32) -> T {
        let page = self.page_of.get((code >> PAGE_BITS) as usize);
        self.pages[page.map_or(0, |page| usize::from(*page))][code as usize % PAGE]
    }
}
