//! A regular expression as instructions for the machine.

use regex_syntax::hir::ClassUnicode;
use rustc_hash::FxHashMap;

use super::node::{Anchor, Look, PatternNode, RepeatKind, Times};
use crate::tokenize::text::tables::CharSet;

/// Instructions, which counted repetitions multiply.
const LEN_MAX: usize = 1 << 16;
/// Parts of the tree, which counted repetitions multiply as well.
const PARTS_MAX: usize = 1 << 20;
/// Sets, each of which takes some kilobytes.
const SETS_MAX: usize = 256;
/// Characters that a look behind may go back.
const BEHIND_MAX: u32 = 255;

/// The number of a set.
pub(super) type SetNumber = u32;
/// The place of an instruction.
pub(super) type PatternPlace = u32;

/// An instruction; where it is done, the next one follows.
#[derive(Debug, Clone)]
pub(super) enum Inst {
    /// One character of a set.
    Set(SetNumber),
    /// As many characters of a set.
    Run {
        set: SetNumber,
        times: Times,
        kind: RepeatKind,
    },
    /// The next instruction first, then the one at `other`. Without a
    /// character of `guard` ahead, only `other` can match.
    Try {
        guard: Option<SetNumber>,
        other: PatternPlace,
    },
    /// The one at `other` first, then the next.
    TryLast {
        other: PatternPlace,
    },
    Jump(PatternPlace),
    /// Remembers the place in the text.
    Enter(usize),
    /// Leaves a loop that went no further since it was entered: the
    /// instruction at `out` follows.
    Leave {
        slot: usize,
        out: PatternPlace,
    },
    /// What follows up to a `Match` must match ahead, or must not.
    Ahead {
        is_negated: Negated,
        end: PatternPlace,
    },
    /// What follows up to a `Match` must match what ends here.
    Behind {
        is_negated: Negated,
        min: u32,
        max: u32,
        end: PatternPlace,
    },
    /// Only the end of the look behind will do.
    EndOfBehind,
    /// The first match of what follows up to a `Match` is taken.
    Atomic {
        end: PatternPlace,
    },
    At(Anchor),
    Match,
}

/// Whether a condition must not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Negated {
    Yes,
    No,
}

/// A regular expression, ready to be run.
#[derive(Debug, Clone)]
pub(super) struct PatternProgram {
    pub(super) insts: Vec<Inst>,
    pub(super) sets: Vec<CharSet>,
    /// What matches start with, unless they may be empty.
    pub(super) first: Option<SetNumber>,
    /// A set of which all matches start with a run, with no other way in: if
    /// none starts within one run, none starts further on in it.
    pub(super) run: Option<SetNumber>,
    /// `\w`
    pub(super) word: Option<SetNumber>,
    pub(super) n_slots: usize,
}

/// Turns a regular expression into instructions; `word` is what `\b` tells from
/// other characters.
///
/// # Errors
/// If it is too large, or looks behind without bound.
pub(super) fn compile(node: &PatternNode, word: &ClassUnicode) -> Result<PatternProgram, String> {
    let mut compiler = Compiler {
        word_set: word.clone(),
        insts: Vec::new(),
        sets: Vec::new(),
        number_of: FxHashMap::default(),
        word: None,
        n_slots: 0,
        n_parts: 0,
    };
    let first = match node.first() {
        Some(set) => Some(compiler.set(&set)?),
        None => None,
    };
    compiler.node(node)?;
    compiler.push(Inst::Match)?;
    let run = match compiler.insts.as_slice() {
        [Inst::Run { set, times, .. }, ..] if times.max.is_none() => Some(*set),
        // A lazy run on its own has one end, as near as it can be.
        [
            Inst::Atomic { .. },
            Inst::Run { set, times, kind },
            Inst::Match,
            ..,
        ] if times.max.is_none() && *kind != RepeatKind::Lazy => Some(*set),
        _ => None,
    };
    Ok(PatternProgram {
        insts: compiler.insts,
        sets: compiler.sets,
        first,
        run,
        word: compiler.word,
        n_slots: compiler.n_slots,
    })
}

struct Compiler {
    /// What `\b` is between.
    word_set: ClassUnicode,
    insts: Vec<Inst>,
    sets: Vec<CharSet>,
    number_of: FxHashMap<Vec<(u32, u32)>, SetNumber>,
    word: Option<SetNumber>,
    n_slots: usize,
    n_parts: usize,
}

impl Compiler {
    fn node(&mut self, node: &PatternNode) -> Result<(), String> {
        self.n_parts += 1;
        if self.n_parts > PARTS_MAX {
            return Err(format!("more than {PARTS_MAX} parts"));
        }
        match node {
            PatternNode::Set(set) => {
                let set = self.set(set)?;
                self.push(Inst::Set(set))?;
                Ok(())
            }
            PatternNode::Concat(nodes) => nodes.iter().try_for_each(|node| self.node(node)),
            PatternNode::Alternate(nodes) => self.alternate(nodes),
            PatternNode::Repeat { node, times, kind } => self.repeat(node, *times, *kind),
            PatternNode::Atomic(node) => self.atomic(|compiler| compiler.node(node)),
            PatternNode::Look { look, node } => self.look(*look, node),
            PatternNode::At(anchor) => {
                if matches!(anchor, Anchor::WordBoundary | Anchor::NotWordBoundary) {
                    let word = self.word_set.clone();
                    self.word = Some(self.set(&word)?);
                }
                self.push(Inst::At(*anchor))?;
                Ok(())
            }
        }
    }

    fn push(&mut self, inst: Inst) -> Result<usize, String> {
        if self.insts.len() >= LEN_MAX {
            return Err(format!("more than {LEN_MAX} instructions"));
        }
        self.insts.push(inst);
        Ok(self.insts.len() - 1)
    }

    fn here(&self) -> PatternPlace {
        self.insts.len() as PatternPlace
    }

    fn set(&mut self, set: &ClassUnicode) -> Result<SetNumber, String> {
        let ranges = set
            .iter()
            .map(|range| (u32::from(range.start()), u32::from(range.end())));
        let ranges: Vec<_> = ranges.collect();
        if let Some(number) = self.number_of.get(&ranges) {
            return Ok(*number);
        }
        if self.sets.len() >= SETS_MAX {
            return Err(format!("more than {SETS_MAX} different classes"));
        }
        self.sets.push(CharSet::new(&ranges));
        let number = (self.sets.len() - 1) as SetNumber;
        self.number_of.insert(ranges, number);
        Ok(number)
    }

    /// The number of the characters that matches of `node` start with.
    fn guard(&mut self, node: &PatternNode) -> Result<Option<SetNumber>, String> {
        match node.first() {
            // A guess, which saves time; without room for it, none is made.
            Some(first) if self.sets.len() < SETS_MAX / 2 => self.set(&first).map(Some),
            _ => Ok(None),
        }
    }

    fn alternate(&mut self, nodes: &[PatternNode]) -> Result<(), String> {
        let Some((last, before)) = nodes.split_last() else {
            return Ok(());
        };
        let mut jumps = Vec::new();
        for node in before {
            let guard = self.guard(node)?;
            let choice = self.push(Inst::Try { guard, other: 0 })?;
            self.node(node)?;
            jumps.push(self.push(Inst::Jump(0))?);
            self.insts[choice] = Inst::Try {
                guard,
                other: self.here(),
            };
        }
        self.node(last)?;
        let end = self.here();
        for jump in jumps {
            self.insts[jump] = Inst::Jump(end);
        }
        Ok(())
    }

    fn repeat(&mut self, node: &PatternNode, times: Times, kind: RepeatKind) -> Result<(), String> {
        if let PatternNode::Set(set) = node {
            let set = self.set(set)?;
            self.push(Inst::Run { set, times, kind })?;
            return Ok(());
        }
        if kind == RepeatKind::Possessive {
            return self.atomic(|compiler| compiler.repeat(node, times, RepeatKind::Greedy));
        }
        for _ in 0..times.min {
            self.node(node)?;
        }
        match times.max {
            None => self.any_times(node, kind),
            Some(max) => self.up_to(node, max - times.min, kind),
        }
    }

    /// `node*`
    fn any_times(&mut self, node: &PatternNode, kind: RepeatKind) -> Result<(), String> {
        let may_be_empty = node.len_chars().0 == 0;
        let slot = self.n_slots;
        self.n_slots += usize::from(may_be_empty);
        let guard = self.guard_of(node, kind)?;
        let choice = self.choice(guard, kind)?;
        if may_be_empty {
            self.push(Inst::Enter(slot))?;
        }
        self.node(node)?;
        let leave = may_be_empty.then_some(self.here());
        if may_be_empty {
            self.push(Inst::Leave { slot, out: 0 })?;
        }
        self.push(Inst::Jump(choice as PatternPlace))?;
        let out = self.here();
        if let Some(leave) = leave {
            self.insts[leave as usize] = Inst::Leave { slot, out };
        }
        self.set_other(choice, out);
        Ok(())
    }

    /// `(node(node(…)?)?)?`, so many times.
    fn up_to(&mut self, node: &PatternNode, n: u32, kind: RepeatKind) -> Result<(), String> {
        let mut choices = Vec::new();
        let guard = self.guard_of(node, kind)?;
        for _ in 0..n {
            choices.push(self.choice(guard, kind)?);
            self.node(node)?;
        }
        let out = self.here();
        for choice in choices {
            self.set_other(choice, out);
        }
        Ok(())
    }

    /// The guard of a repetition, which one that is lazy has no use for.
    fn guard_of(
        &mut self,
        node: &PatternNode,
        kind: RepeatKind,
    ) -> Result<Option<SetNumber>, String> {
        match kind {
            RepeatKind::Lazy => Ok(None),
            RepeatKind::Greedy | RepeatKind::Possessive => self.guard(node),
        }
    }

    /// The choice between once more, which follows, and what comes after.
    fn choice(&mut self, guard: Option<SetNumber>, kind: RepeatKind) -> Result<usize, String> {
        self.push(match kind {
            RepeatKind::Lazy => Inst::TryLast { other: 0 },
            RepeatKind::Greedy | RepeatKind::Possessive => Inst::Try { guard, other: 0 },
        })
    }

    fn set_other(&mut self, choice: usize, place: PatternPlace) {
        if let Some(Inst::Try { other, .. } | Inst::TryLast { other }) = self.insts.get_mut(choice)
        {
            *other = place;
        }
    }

    fn atomic(&mut self, body: impl Fn(&mut Self) -> Result<(), String>) -> Result<(), String> {
        let at = self.push(Inst::Atomic { end: 0 })?;
        body(self)?;
        self.push(Inst::Match)?;
        self.insts[at] = Inst::Atomic { end: self.here() };
        Ok(())
    }

    fn look(&mut self, look: Look, node: &PatternNode) -> Result<(), String> {
        let at = self.push(Inst::Match)?;
        self.node(node)?;
        let is_negated = match look {
            Look::Ahead | Look::Behind => Negated::No,
            Look::NotAhead | Look::NotBehind => Negated::Yes,
        };
        if matches!(look, Look::Ahead | Look::NotAhead) {
            self.push(Inst::Match)?;
            let end = self.here();
            self.insts[at] = Inst::Ahead { is_negated, end };
            return Ok(());
        }
        let (min, max) = node.len_chars();
        let Some(max) = max.filter(|&max| max <= BEHIND_MAX) else {
            return Err(format!(
                "a look behind over more than {BEHIND_MAX} characters"
            ));
        };
        // Oniguruma gives these another end.
        if min != max && node.is_atomic_somewhere() {
            return Err("a look behind of several lengths that keeps what it took".to_owned());
        }
        self.push(Inst::EndOfBehind)?;
        self.push(Inst::Match)?;
        let end = self.here();
        self.insts[at] = Inst::Behind {
            is_negated,
            min,
            max,
            end,
        };
        Ok(())
    }
}
