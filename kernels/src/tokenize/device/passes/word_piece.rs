//! The passes that `WordPiece` has of its own.

use super::super::super::scan::class::decode;
use super::super::constants::{KEY, LONG, NO_ID, PieceConstants, key_of};
use super::super::spelling::BertSymbol;
use super::shared::Passes;

/// `WordPiece` behind the passes that find words.
pub(super) struct WordPiecePasses<'a, 'b> {
    passes: &'b mut Passes<'a>,
    constants: PieceConstants,
}

/// A character of a text, and what is left of it.
#[derive(Clone, Copy)]
struct Spelled {
    /// Where the next one begins.
    next: usize,
    symbol: usize,
    /// Where its bytes begin: in the text, or in the table of those.
    begin: usize,
    is_in_table: bool,
    len: usize,
    n_chars: u32,
    n_ordered: u32,
}

/// A byte of what is left of a word: one of those of a character, or behind them.
#[derive(Clone, Copy)]
struct SpelledPlace {
    spelled: Spelled,
    byte: usize,
}

impl SpelledPlace {
    fn is_behind(self) -> bool {
        self.byte == self.spelled.len
    }
}

impl<'a, 'b> WordPiecePasses<'a, 'b> {
    pub(super) fn new(passes: &'b mut Passes<'a>) -> Self {
        Self {
            constants: passes.model(),
            passes,
        }
    }

    /// All of them.
    pub(super) fn run(&mut self) {
        for at in 0..self.passes.src.len() {
            if self.passes.begins[at] {
                self.whole(at);
            }
        }
        for at in 0..self.passes.src.len() {
            if self.passes.unmerged[at] {
                self.cover(at);
            }
        }
    }

    fn spelled(&self, at: usize) -> Spelled {
        let (codepoint, len) = decode(self.passes.src, at);
        let place = self.passes.place_in_pages(codepoint);
        let bits = self.passes.table(self.constants.spelled, place);
        let as_it_is = Spelled {
            next: at + len,
            symbol: self.passes.symbol_of(codepoint),
            begin: at,
            is_in_table: false,
            len,
            n_chars: 1,
            n_ordered: 0,
        };
        if bits == 0 {
            return as_it_is;
        }
        Spelled {
            begin: (bits & 0xf_ffff) as usize,
            is_in_table: true,
            len: (bits >> 20 & 63) as usize,
            n_chars: bits >> 26 & 15,
            n_ordered: bits >> 30 & 1,
            ..as_it_is
        }
    }

    fn byte(&self, place: SpelledPlace) -> u8 {
        let at = place.spelled.begin + place.byte;
        if place.spelled.is_in_table {
            let word = self.passes.table(self.constants.spelled_bytes, at / 4);
            (word >> (at % 4 * 8)) as u8
        } else {
            self.passes.src[at]
        }
    }

    /// Looks a word up as a whole, and counts its characters.
    fn whole(&mut self, begin: usize) {
        let end = self.passes.word_end(begin);
        let mut word = Vec::new();
        let (mut n_chars, mut n_ordered) = (0, 0);
        let mut at = begin;
        while at < end {
            let spelled = self.spelled(at);
            if spelled.symbol == BertSymbol::Space as usize {
                break;
            }
            at = spelled.next;
            if at - begin > LONG {
                return self.passes.put(begin, NO_ID);
            }
            n_chars += spelled.n_chars;
            if n_chars > self.constants.max_chars {
                return self.passes.put(begin, self.constants.unknown);
            }
            n_ordered += spelled.n_ordered;
            word.extend((0..spelled.len).map(|byte| self.byte(SpelledPlace { spelled, byte })));
        }
        if n_chars == 0 {
            return;
        }
        if n_ordered > 1 {
            return self.passes.put(begin, NO_ID);
        }
        let table = (self.constants.words, self.constants.words_mask);
        let known = (word.len() <= KEY).then(|| self.passes.known(table, key_of(&word)));
        match known.flatten() {
            Some(ids) => self.passes.put_known(begin, ids),
            None => self.passes.unmerged[begin] = true,
        }
    }

    /// The next byte of a word from a place on, if there is one before `end`.
    fn settled(&self, mut place: SpelledPlace, end: usize) -> SpelledPlace {
        while place.is_behind() && place.spelled.next < end {
            let spelled = self.spelled(place.spelled.next);
            if spelled.symbol == BertSymbol::Space as usize {
                break;
            }
            place = SpelledPlace { spelled, byte: 0 };
        }
        place
    }

    /// Covers a word with tokens from the left on, each the longest that there is.
    fn cover(&mut self, begin: usize) {
        let end = self.passes.word_end(begin);
        let first = SpelledPlace {
            spelled: self.spelled(begin),
            byte: 0,
        };
        let mut place = self.settled(first, end);
        let mut node = 0;
        let mut found = (NO_ID, place);
        let mut ids = Vec::new();
        loop {
            if let Some(child) = self.child(node, place) {
                node = child;
                place.byte += 1;
                let id = self
                    .passes
                    .table(self.constants.trie, 3 * child as usize + 2);
                if id != NO_ID {
                    found = (id, place);
                }
                place = self.settled(place, end);
                continue;
            }
            if found.0 == NO_ID {
                return self.passes.put(begin, self.constants.unknown);
            }
            ids.push(found.0);
            place = self.settled(found.1, end);
            if place.is_behind() {
                break;
            }
            node = self.constants.inside;
            found.0 = NO_ID;
        }
        for (i, id) in ids.into_iter().enumerate() {
            self.passes.put(begin + i, id);
        }
    }

    /// The node that the byte at a place leads to.
    fn child(&self, node: u32, place: SpelledPlace) -> Option<u32> {
        if node == NO_ID || place.is_behind() {
            return None;
        }
        let slot = |node: u32, i: usize| {
            self.passes
                .table(self.constants.trie, 3 * node as usize + i)
        };
        let child = slot(node, 0) ^ u32::from(self.byte(place));
        (slot(child, 1) == node).then_some(child)
    }
}
