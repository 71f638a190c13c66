//! A split pattern as two automata and a table, found from its scanner.
//!
//! Two texts are the same to what follows if the words that begin behind them
//! are, whatever follows; the classes of such texts are the states of the
//! automaton that reads forwards, as Myhill and Nerode have it. Likewise two
//! texts are the same to what is before them if the words that begin up to them
//! are. Whether a word begins between a text and another then depends on their
//! classes alone.
//!
//! Classes are told apart here by what is put behind or before a text: all
//! strings of up to two symbols, and two letters with any symbol behind them,
//! which shows whether they end a contraction. That these are enough is what the
//! tests show, against every short text and long random ones: a class too few
//! would cut one of them wrong.

use rustc_hash::FxHashMap;

use super::super::scan::Scanner;
#[cfg(test)]
use super::alphabet::alphabet;
use super::alphabet::{ClassSymbol, Shortened};
use super::oracle::{Oracle, Way};
use super::state_map::StateMap;

/// Where the words of a text begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transducer {
    /// For each symbol, what reading it does to a state; state 0 has read
    /// nothing.
    pub(crate) forward: [StateMap; 16],
    /// The same from the end of a text.
    pub(crate) backward: [StateMap; 16],
    /// For each state of what is before, a bit for each state of what follows
    /// with which a word begins between them.
    pub(crate) begins: [u16; StateMap::STATES],
    pub(crate) shortened: Shortened,
}

/// One of the two automata.
struct Automaton {
    maps: [StateMap; 16],
    /// A shortest text that leads to each state.
    reached_by: Vec<Vec<u8>>,
}

impl Transducer {
    /// That of a scanner, or `None` if it needs more states than a map has.
    pub(crate) fn of(scanner: &Scanner) -> Option<Self> {
        let oracle = Oracle::new(scanner);
        let shortened = oracle.shortened();
        let symbols = ClassSymbol::ALL.iter().filter(|&&symbol| match symbol {
            ClassSymbol::OneLetter | ClassSymbol::TwoLetters => shortened != Shortened::No,
            _ => true,
        });
        let symbols: Vec<u8> = symbols.map(|&symbol| symbol as u8).collect();
        let tests = tests(&symbols);
        let forward = Automaton::find(&oracle, (Way::Forwards, &symbols), &tests)?;
        let whole: Vec<Vec<u8>> = tests.into_iter().filter(|test| is_whole(test)).collect();
        let backward = Automaton::find(&oracle, (Way::Backwards, &symbols), &whole)?;
        let mut begins = [0; StateMap::STATES];
        for (bits, before) in begins.iter_mut().zip(&forward.reached_by) {
            // Within a contraction no word begins.
            if !is_whole(before) {
                continue;
            }
            for (state, behind) in backward.reached_by.iter().enumerate() {
                let text = [&before[..], behind].concat();
                let begins = oracle.starts(Way::Backwards, &text) >> before.len() & 1;
                *bits |= (begins as u16) << state;
            }
        }
        Some(Self {
            forward: forward.maps,
            backward: backward.maps,
            begins,
            shortened,
        })
    }

    /// Whether a word begins between these states.
    #[cfg(test)]
    pub(crate) fn begins(&self, before: u8, behind: u8) -> bool {
        self.begins[usize::from(before & 15)] >> (behind & 15) & 1 == 1
    }

    /// The symbol at a boundary of a text.
    #[cfg(test)]
    pub(crate) fn symbol(&self, text: &[u8], at: usize) -> u8 {
        alphabet().at(self.shortened, text, at)
    }
}

impl Automaton {
    fn find(oracle: &Oracle<'_>, (way, symbols): (Way, &[u8]), tests: &[Vec<u8>]) -> Option<Self> {
        let mut reached_by: Vec<Vec<u8>> = vec![Vec::new()];
        let mut states = FxHashMap::default();
        states.insert(answers(oracle, way, &[], tests), 0_u8);
        let mut maps = [StateMap::always(0); 16];
        let mut state = 0;
        while let Some(text) = reached_by.get(usize::from(state)).cloned() {
            for &symbol in symbols {
                let text = match way {
                    Way::Forwards => [&text[..], &[symbol]].concat(),
                    Way::Backwards => [&[symbol], &text[..]].concat(),
                };
                let answers = answers(oracle, way, &text, tests);
                let next = states.len() as u8;
                let next = *states.entry(answers).or_insert_with(|| {
                    reached_by.push(text);
                    next
                });
                if usize::from(next) >= StateMap::STATES {
                    return None;
                }
                let map = &mut maps[usize::from(symbol) & 15];
                *map = map.with(state, next);
            }
            state += 1;
        }
        Some(Self { maps, reached_by })
    }
}

/// What tells texts apart.
fn tests(symbols: &[u8]) -> Vec<Vec<u8>> {
    let mut tests = Vec::new();
    let letters = [ClassSymbol::Upper as u8, ClassSymbol::Lower as u8];
    for &first in symbols {
        tests.push(vec![first]);
        tests.extend(symbols.iter().map(|&second| vec![first, second]));
        let behind = |pair: [u8; 2]| [pair[0], pair[1], first].to_vec();
        tests.extend(letters.map(|letter| behind([letter, letters[0]])));
        tests.extend(letters.map(|letter| behind([letter, letters[1]])));
    }
    tests
}

/// Whether a string does not end within a contraction. What follows there are
/// its letters, so nothing of it bears on what is before.
fn is_whole(string: &[u8]) -> bool {
    let ends_with = |symbol, behind: usize| {
        let at = string.len().checked_sub(1 + behind);
        at.is_some_and(|at| string[at] == symbol as u8)
    };
    !(ends_with(ClassSymbol::OneLetter, 0)
        || ends_with(ClassSymbol::TwoLetters, 0)
        || ends_with(ClassSymbol::TwoLetters, 1))
}

/// What the oracle says of `text` with each test behind or before it.
fn answers(oracle: &Oracle<'_>, way: Way, text: &[u8], tests: &[Vec<u8>]) -> Vec<u32> {
    let answer = |test: &Vec<u8>| match way {
        Way::Forwards => oracle.starts(way, &[text, test].concat()) >> text.len(),
        // That a word begins at the beginning says nothing.
        Way::Backwards => {
            let up_to = (2 << test.len()) - 2;
            oracle.starts(way, &[test, text].concat()) & up_to
        }
    };
    tests.iter().map(answer).collect()
}
