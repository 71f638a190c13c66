//! Letters in any case, `(?i)`.
//!
//! Oniguruma folds a letter to others one by one, and some to two or three: to
//! it `ß` is `ss`, and `ﬁ` is `fi`. The first is done here; what could meet
//! the second is refused. `fancy-regex` does the first alone.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::cursor::Folding;
use super::node::PatternNode;

/// Letters that fold to several.
const TO_SEVERAL: &[(char, char)] = &[
    ('\u{df}', '\u{df}'),
    ('\u{130}', '\u{130}'),
    ('\u{149}', '\u{149}'),
    ('\u{1f0}', '\u{1f0}'),
    ('\u{390}', '\u{390}'),
    ('\u{3b0}', '\u{3b0}'),
    ('\u{587}', '\u{587}'),
    ('\u{1e96}', '\u{1e9a}'),
    ('\u{1e9e}', '\u{1e9e}'),
    ('\u{1f50}', '\u{1fff}'),
    ('\u{fb00}', '\u{fb17}'),
];

/// What they fold to starts so, and goes on so.
const SEVERAL: &[(&str, &str)] = &[
    ("s", "s"),
    ("f", "fil"),
    ("s", "t"),
    ("i", "\u{307}"),
    ("\u{2bc}", "n"),
    ("j", "\u{30c}"),
    ("h", "\u{331}"),
    ("t", "\u{308}"),
    ("wy", "\u{30a}"),
    ("a", "\u{2be}"),
    ("αηιρυω", "ι\u{301}\u{308}\u{313}\u{342}"),
    ("եմվ", "ւնեիխ"),
];

/// Adds to a set the letters that its letters fold to.
///
/// # Errors
/// If one folds to several.
pub(super) fn fold(set: &mut ClassUnicode, folding: Folding) -> Result<(), String> {
    match folding {
        Folding::Off => return Ok(()),
        Folding::Simple => {
            set.case_fold_simple();
            return Ok(());
        }
        Folding::Full => {}
    }
    let several = ClassUnicode::new(
        TO_SEVERAL
            .iter()
            .map(|&(start, end)| ClassUnicodeRange::new(start, end)),
    );
    // The complement of a class is folded before it is taken.
    let mut met = set.clone();
    met.intersect(&several);
    if met.ranges().is_empty() {
        set.case_fold_simple();
        Ok(())
    } else {
        Err("a letter that folds to several, in any case".to_owned())
    }
}

/// Refuses two things after one another which some letter might fold to.
pub(super) fn check_neighbours(before: &PatternNode, after: &PatternNode) -> Result<(), String> {
    let (Some(before), Some(after)) = (last_set(before), first_set(after)) else {
        return Ok(());
    };
    for (starts, follows) in SEVERAL {
        if holds_any(before, starts) && holds_any(after, follows) {
            return Err("letters that one letter folds to, in any case".to_owned());
        }
    }
    Ok(())
}

fn first_set(node: &PatternNode) -> Option<&ClassUnicode> {
    match node {
        PatternNode::Set(set) => Some(set),
        PatternNode::Repeat { node, .. } | PatternNode::Atomic(node) => first_set(node),
        PatternNode::Concat(nodes) => first_set(nodes.first()?),
        PatternNode::Alternate(_) | PatternNode::Look { .. } | PatternNode::At(_) => None,
    }
}

fn last_set(node: &PatternNode) -> Option<&ClassUnicode> {
    match node {
        PatternNode::Set(set) => Some(set),
        PatternNode::Repeat { node, .. } | PatternNode::Atomic(node) => last_set(node),
        PatternNode::Concat(nodes) => last_set(nodes.last()?),
        PatternNode::Alternate(_) | PatternNode::Look { .. } | PatternNode::At(_) => None,
    }
}

fn holds_any(set: &ClassUnicode, chars: &str) -> bool {
    let holds = |c: char| {
        set.iter()
            .any(|range| (range.start()..=range.end()).contains(&c))
    };
    chars.chars().any(holds)
}
