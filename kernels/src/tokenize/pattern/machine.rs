//! Runs a regular expression on a text, going back where a choice was wrong.
//!
//! Runs of one set, which is what split patterns are made of, go back a
//! character at a time without a record for each, so that a million spaces
//! take no memory. A search that goes back often remembers which choices have
//! failed where, so that it makes none of them again: what follows a choice
//! depends on nothing but its place in the pattern and in the text. Work is
//! counted and has a limit.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::node::{Anchor, RepeatKind, Times};
use super::program::{Inst, Negated, PatternProgram};
use crate::tokenize::text::tables::CharSet;

/// Choices that are open at once.
const CHOICES_MAX: usize = 1 << 22;
/// Steps of one search after which choices are remembered.
const STEPS_FORGETFUL: u64 = 1 << 12;
/// Pages of choices that are remembered, 64 MiB.
const PAGES_MAX: usize = 1 << 17;
/// A bit for each of as many places in the text.
type Page = [u64; 64];
const PAGE_LEN: usize = 64 * 64;

/// The pattern took too many steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

/// A choice that is open.
#[derive(Debug, Clone, Copy)]
enum Choice {
    Go {
        at: usize,
        place: usize,
    },
    /// A run that may end earlier, at a character's start from `min` on.
    Shorter {
        at: usize,
        min: usize,
        place: usize,
    },
    /// A run that may go on, for `left` characters at most.
    Longer {
        at: usize,
        left: u32,
        place: usize,
    },
    /// The value that a slot had.
    Restore {
        slot: usize,
        value: usize,
    },
}

/// A regular expression on a text.
pub(super) struct PatternMachine<'p, 't> {
    program: &'p PatternProgram,
    text: &'t str,
    choices: Vec<Choice>,
    slots: Vec<usize>,
    /// Where the look behind under work must end.
    behind: usize,
    steps_left: u64,
    /// What `steps_left` must be below for choices to be remembered.
    forgetful_until: u64,
    /// Choices of the pattern itself, not of a part that is matched on its
    /// own, which have led to no match in this search.
    failed: FxHashMap<(usize, usize), Box<Page>>,
    /// How many parts that are matched on their own are under work.
    depth: usize,
}

impl<'p, 't> PatternMachine<'p, 't> {
    pub(super) fn new(program: &'p PatternProgram, text: &'t str, steps: u64) -> Self {
        Self {
            program,
            text,
            choices: Vec::new(),
            slots: vec![usize::MAX; program.n_slots],
            behind: 0,
            forgetful_until: 0,
            failed: FxHashMap::default(),
            depth: 0,
            steps_left: steps,
        }
    }

    /// The steps that may still be taken.
    pub(super) fn steps_left(&self) -> u64 {
        self.steps_left
    }

    /// The first match that starts at `start` or after it.
    pub(super) fn find(&mut self, start: usize) -> Result<Option<Range<usize>>, Exhausted> {
        let mut at = start;
        self.failed.clear();
        self.forgetful_until = self.steps_left.saturating_sub(STEPS_FORGETFUL);
        while let Some(next) = self.candidate(at) {
            if let Some(end) = self.run(0, next)? {
                return Ok(Some(next..end));
            }
            let set = self.program.run.map(|set| &self.program.sets[set as usize]);
            at = match self.char_at(next) {
                None => return Ok(None),
                // The match that failed tried every end of this run.
                Some(c) if set.is_some_and(|set| set.contains(c)) => {
                    self.run_end(set, next, u32::MAX)
                }
                Some(c) => next + c.len_utf8(),
            };
        }
        Ok(None)
    }

    /// The next place at which a match can start.
    fn candidate(&self, at: usize) -> Option<usize> {
        let Some(first) = self.program.first else {
            return (at <= self.text.len()).then_some(at);
        };
        let first = &self.program.sets[first as usize];
        let rest = self.text.get(at..)?;
        rest.find(|c| first.contains(c)).map(|skipped| at + skipped)
    }

    /// Where the match of the instructions at `place` ends that starts at
    /// `start`.
    fn run(&mut self, place: usize, start: usize) -> Result<Option<usize>, Exhausted> {
        let open = self.choices.len();
        let mut next = Some((place, start));
        loop {
            let Some((place, at)) = next else {
                match self.back(open) {
                    Some(other) => next = Some(other),
                    None => return Ok(None),
                }
                continue;
            };
            if self.steps_left == 0 || self.choices.len() > CHOICES_MAX {
                return Err(Exhausted);
            }
            self.steps_left -= 1;
            if self.steps_left < self.forgetful_until && self.has_failed(place, at) {
                next = None;
                continue;
            }
            if matches!(self.program.insts[place], Inst::Match) {
                self.close(open);
                return Ok(Some(at));
            }
            next = self.step(place, at)?;
        }
    }

    /// Whether the choice at `place` has been made at `at` in this search; from
    /// now on it has.
    fn has_failed(&mut self, place: usize, at: usize) -> bool {
        let is_choice = matches!(
            self.program.insts[place],
            Inst::Try { .. } | Inst::TryLast { .. } | Inst::Run { .. }
        );
        // Loops that check for progress depend on where they were entered.
        if !is_choice || self.depth > 0 || self.program.n_slots > 0 {
            return false;
        }
        let key = (place, at / PAGE_LEN);
        if self.failed.len() >= PAGES_MAX && !self.failed.contains_key(&key) {
            return false;
        }
        let page = self.failed.entry(key).or_insert_with(|| Box::new([0; 64]));
        let word = &mut page[at % PAGE_LEN / 64];
        let bit = 1 << (at % 64);
        let has_failed = *word & bit != 0;
        *word |= bit;
        has_failed
    }

    /// Matches a part of the pattern on its own.
    fn run_part(&mut self, place: usize, at: usize) -> Result<Option<usize>, Exhausted> {
        self.depth += 1;
        let end = self.run(place, at)?;
        self.depth -= 1;
        Ok(end)
    }

    /// Drops the choices above `open`; slots get back what they had, which
    /// nothing after a match looks at but a loop around it.
    fn close(&mut self, open: usize) {
        while self.choices.len() > open {
            if let Some(Choice::Restore { slot, value }) = self.choices.pop() {
                self.slots[slot] = value;
            }
        }
    }

    /// The latest choice above `open`.
    fn back(&mut self, open: usize) -> Option<(usize, usize)> {
        while self.choices.len() > open {
            match self.choices.pop()? {
                Choice::Go { at, place } => return Some((place, at)),
                Choice::Restore { slot, value } => self.slots[slot] = value,
                Choice::Shorter { at, min, place } => {
                    let at = self.text.floor_char_boundary(at - 1);
                    if at > min {
                        self.choices.push(Choice::Shorter { at, min, place });
                    }
                    return Some((place + 1, at));
                }
                Choice::Longer { at, left, place } => {
                    if let Some(found) = self.longer(at, left, place) {
                        return Some(found);
                    }
                }
            }
        }
        None
    }

    fn longer(&mut self, at: usize, left: u32, place: usize) -> Option<(usize, usize)> {
        let Inst::Run { set, .. } = self.program.insts[place] else {
            return None;
        };
        let c = self.char_at(at)?;
        if !self.program.sets[set as usize].contains(c) {
            return None;
        }
        let at = at + c.len_utf8();
        if left > 1 {
            let left = if left == u32::MAX { left } else { left - 1 };
            self.choices.push(Choice::Longer { at, left, place });
        }
        Some((place + 1, at))
    }

    /// The place after an instruction, and where it leaves the text; `None` if
    /// it does not match.
    fn step(&mut self, place: usize, at: usize) -> Result<Option<(usize, usize)>, Exhausted> {
        let program = self.program;
        Ok(match &program.insts[place] {
            Inst::Set(set) => {
                let set = &program.sets[*set as usize];
                let c = self.char_at(at).filter(|&c| set.contains(c));
                c.map(|c| (place + 1, at + c.len_utf8()))
            }
            Inst::Run { set, times, kind } => {
                self.start_run(&program.sets[*set as usize], *times, *kind, (place, at))
            }
            Inst::Try { guard, other } => {
                let guard = guard.map(|set| &program.sets[set as usize]);
                let is_open =
                    guard.is_none_or(|set| self.char_at(at).is_some_and(|c| set.contains(c)));
                if is_open {
                    let place = *other as usize;
                    self.choices.push(Choice::Go { at, place });
                }
                Some((if is_open { place + 1 } else { *other as usize }, at))
            }
            Inst::TryLast { other } => {
                self.choices.push(Choice::Go {
                    at,
                    place: place + 1,
                });
                Some((*other as usize, at))
            }
            Inst::Jump(other) => Some((*other as usize, at)),
            Inst::Enter(slot) => {
                let value = std::mem::replace(&mut self.slots[*slot], at);
                self.choices.push(Choice::Restore { slot: *slot, value });
                Some((place + 1, at))
            }
            Inst::Leave { slot, out } => {
                let is_stuck = self.slots[*slot] == at;
                Some((if is_stuck { *out as usize } else { place + 1 }, at))
            }
            Inst::Ahead { is_negated, end } => {
                let is_found = self.run_part(place + 1, at)?.is_some();
                (is_found != (*is_negated == Negated::Yes)).then_some((*end as usize, at))
            }
            Inst::Behind {
                is_negated,
                min,
                max,
                end,
            } => {
                let is_found = self.looks_behind(place + 1, at, *min..=*max)?;
                (is_found != (*is_negated == Negated::Yes)).then_some((*end as usize, at))
            }
            Inst::EndOfBehind => (at == self.behind).then_some((place + 1, at)),
            Inst::Atomic { end } => self.run_part(place + 1, at)?.map(|at| (*end as usize, at)),
            Inst::At(anchor) => self.is_at(*anchor, at).then_some((place + 1, at)),
            Inst::Match => None,
        })
    }

    fn start_run(
        &mut self,
        set: &CharSet,
        times: Times,
        kind: RepeatKind,
        (place, at): (usize, usize),
    ) -> Option<(usize, usize)> {
        let most = times.max.unwrap_or(u32::MAX);
        let mut min = at;
        for _ in 0..times.min {
            let c = self.char_at(min).filter(|&c| set.contains(c))?;
            min += c.len_utf8();
        }
        let left = if times.max.is_some() {
            most - times.min
        } else {
            most
        };
        if kind == RepeatKind::Lazy {
            if left > 0 {
                self.choices.push(Choice::Longer {
                    at: min,
                    left,
                    place,
                });
            }
            return Some((place + 1, min));
        }
        let end = self.run_end(Some(set), min, left);
        if kind == RepeatKind::Greedy && end > min {
            self.choices.push(Choice::Shorter {
                at: end,
                min,
                place,
            });
        }
        Some((place + 1, end))
    }

    /// Where a run of a set from `at` on ends, after `most` characters at most.
    fn run_end(&mut self, set: Option<&CharSet>, at: usize, most: u32) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let mut left = most;
        let end = rest.find(|c| {
            let goes_on = left > 0 && set.is_some_and(|set| set.contains(c));
            left = left.saturating_sub(u32::from(most != u32::MAX));
            !goes_on
        });
        let len = end.unwrap_or(rest.len());
        // A run costs what it reads.
        self.steps_left = self.steps_left.saturating_sub(len as u64 / 8);
        at + len
    }

    /// Whether the instructions at `place` match what ends at `at` and has one
    /// of these lengths.
    fn looks_behind(
        &mut self,
        place: usize,
        at: usize,
        lens: std::ops::RangeInclusive<u32>,
    ) -> Result<bool, Exhausted> {
        let outer = std::mem::replace(&mut self.behind, at);
        let before = self.text.get(..at).unwrap_or_default();
        let (min, max) = (*lens.start() as usize, *lens.end() as usize);
        let starts = before.char_indices().rev().map(|(start, _)| start);
        let starts = std::iter::once(at).chain(starts).take(max + 1).skip(min);
        let mut is_found = false;
        for start in starts {
            if self.run_part(place, start)?.is_some() {
                is_found = true;
                break;
            }
        }
        self.behind = outer;
        Ok(is_found)
    }

    fn is_at(&self, anchor: Anchor, at: usize) -> bool {
        let text = self.text.as_bytes();
        let is_newline = |at: usize| text.get(at) == Some(&b'\n');
        match anchor {
            Anchor::TextStart => at == 0,
            Anchor::TextEnd => at == text.len(),
            Anchor::LastLineEnd => at == text.len() || (at + 1 == text.len() && is_newline(at)),
            Anchor::LineStart => at == 0 || (at < text.len() && is_newline(at - 1)),
            Anchor::LineEnd => at == text.len() || is_newline(at),
            Anchor::WordBoundary => self.is_word_before(at) != self.is_word(self.char_at(at)),
            Anchor::NotWordBoundary => self.is_word_before(at) == self.is_word(self.char_at(at)),
        }
    }

    fn is_word_before(&self, at: usize) -> bool {
        let before = self.text.get(..at).unwrap_or_default();
        self.is_word(before.chars().next_back())
    }

    fn is_word(&self, c: Option<char>) -> bool {
        let word = self
            .program
            .word
            .map(|set| &self.program.sets[set as usize]);
        word.zip(c).is_some_and(|(word, c)| word.contains(c))
    }

    #[inline]
    fn char_at(&self, at: usize) -> Option<char> {
        let byte = *self.text.as_bytes().get(at)?;
        if byte < 0x80 {
            return Some(char::from(byte));
        }
        self.text.get(at..)?.chars().next()
    }
}
