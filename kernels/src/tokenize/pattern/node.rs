//! A regular expression as a tree.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

/// Part of a regular expression. Groups that capture are like others, since
/// only whole matches are asked for.
#[derive(Debug, Clone)]
pub(super) enum PatternNode {
    /// One character of a set.
    Set(ClassUnicode),
    /// All, one after another; none match nothing.
    Concat(Vec<PatternNode>),
    /// The first that leads to a match.
    Alternate(Vec<PatternNode>),
    Repeat {
        node: Box<PatternNode>,
        times: Times,
        kind: RepeatKind,
    },
    /// `(?>…)`
    Atomic(Box<PatternNode>),
    Look {
        look: Look,
        node: Box<PatternNode>,
    },
    At(Anchor),
}

/// How often something is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) min: u32,
    /// `None`: any number of times.
    pub(super) max: Option<u32>,
}

/// Which number of times is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RepeatKind {
    /// The most.
    Greedy,
    /// The fewest.
    Lazy,
    /// The most, and no other.
    Possessive,
}

/// A condition on the text before or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Ahead,
    NotAhead,
    Behind,
    NotBehind,
}

/// A condition on a place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// `\A`
    TextStart,
    /// `\z`
    TextEnd,
    /// `\Z`: also before a newline that ends the text.
    LastLineEnd,
    /// `^`
    LineStart,
    /// `$`
    LineEnd,
    /// `\b`
    WordBoundary,
    /// `\B`
    NotWordBoundary,
}

impl PatternNode {
    pub(super) fn empty() -> Self {
        Self::Concat(Vec::new())
    }

    pub(super) fn char(c: char) -> Self {
        Self::Set(ClassUnicode::new([ClassUnicodeRange::new(c, c)]))
    }

    /// The fewest and the most characters it matches; `None`: any number.
    pub(super) fn len_chars(&self) -> (u32, Option<u32>) {
        match self {
            Self::Set(_) => (1, Some(1)),
            Self::Concat(nodes) => nodes.iter().fold((0, Some(0)), |(min, max), node| {
                let (more_min, more_max) = node.len_chars();
                let max = max.zip(more_max).map(|(a, b)| a.saturating_add(b));
                (min.saturating_add(more_min), max)
            }),
            Self::Alternate(nodes) => {
                let lens = nodes.iter().map(Self::len_chars);
                lens.reduce(|(min, max), (other_min, other_max)| {
                    (
                        min.min(other_min),
                        max.zip(other_max).map(|(a, b)| a.max(b)),
                    )
                })
                .unwrap_or((0, Some(0)))
            }
            Self::Repeat { node, times, .. } => {
                let (min, max) = node.len_chars();
                let max = max.zip(times.max).map(|(a, b)| a.saturating_mul(b));
                (min.saturating_mul(times.min), max)
            }
            Self::Atomic(node) => node.len_chars(),
            Self::Look { .. } | Self::At(_) => (0, Some(0)),
        }
    }

    /// The characters that a match may start with, or `None` if it may be
    /// empty.
    pub(super) fn first(&self) -> Option<ClassUnicode> {
        match self {
            Self::Set(set) => Some(set.clone()),
            Self::Concat(nodes) => {
                let mut first = ClassUnicode::empty();
                for node in nodes {
                    match node {
                        // What must hold here as well narrows nothing.
                        Self::Look { .. } | Self::At(_) => {}
                        _ if node.len_chars().0 > 0 => {
                            first.union(&node.first()?);
                            return Some(first);
                        }
                        _ => first.union(&node.first_if_any()?),
                    }
                }
                None
            }
            Self::Alternate(nodes) => {
                let mut first = ClassUnicode::empty();
                for node in nodes {
                    first.union(&node.first()?);
                }
                Some(first)
            }
            Self::Repeat { node, times, .. } if times.min > 0 => node.first(),
            Self::Repeat { .. } | Self::Look { .. } | Self::At(_) => None,
            Self::Atomic(node) => node.first(),
        }
    }

    /// The characters that a match which is not empty may start with, where
    /// that is simple to tell.
    fn first_if_any(&self) -> Option<ClassUnicode> {
        match self {
            Self::Repeat { node, .. } => node.first(),
            _ => None,
        }
    }

    /// Whether it holds something that keeps what it took, `(?>…)` or the like.
    pub(super) fn is_atomic_somewhere(&self) -> bool {
        match self {
            Self::Atomic(_) => true,
            Self::Repeat { node, kind, .. } => {
                *kind == RepeatKind::Possessive || node.is_atomic_somewhere()
            }
            Self::Concat(nodes) | Self::Alternate(nodes) => {
                nodes.iter().any(Self::is_atomic_somewhere)
            }
            Self::Look { node, .. } => node.is_atomic_somewhere(),
            Self::Set(_) | Self::At(_) => false,
        }
    }
}
