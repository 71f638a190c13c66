//! The ids of characters that are tokens.

const PAGE_BITS: u32 = 7;
const PAGE: usize = 1 << PAGE_BITS;
/// Not a token.
const NONE: u32 = u32::MAX;

/// A two-level table by codepoint; pages without any token are one.
pub(super) struct CharIds {
    page_of: Vec<u16>,
    pages: Vec<[u32; PAGE]>,
}

impl CharIds {
    /// A table of tokens, of which those that are not one character are left
    /// out. Of equal characters the last counts.
    pub(super) fn new<'a>(tokens: impl Iterator<Item = (u32, &'a str)>) -> Self {
        let mut table = Self {
            page_of: vec![0; 0x11_0000 / PAGE],
            pages: vec![[NONE; PAGE]],
        };
        for (id, token) in tokens {
            let mut chars = token.chars();
            if let (Some(c), None) = (chars.next(), chars.next()) {
                table.insert(c, id);
            }
        }
        table
    }

    fn insert(&mut self, c: char, id: u32) {
        let code = u32::from(c);
        let page = &mut self.page_of[(code >> PAGE_BITS) as usize];
        if *page == 0 {
            // There are 8,704 pages at most.
            *page = self.pages.len() as u16;
            self.pages.push([NONE; PAGE]);
        }
        self.pages[usize::from(*page)][code as usize % PAGE] = id;
    }

    /// The id of a character.
    #[inline]
    pub(super) fn get(&self, c: char) -> Option<u32> {
        let code = u32::from(c);
        let page = self.page_of[(code >> PAGE_BITS) as usize];
        match self.pages[usize::from(page)][code as usize % PAGE] {
            NONE => None,
            id => Some(id),
        }
    }
}
