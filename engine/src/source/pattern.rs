//! A path with wildcards: the folder it begins at, and what matches below.
//!
//! A component that is there by its literal name is no wildcard, so a folder
//! called `data[1]` is found by its name; `[[]` and the like stand for the
//! character itself, as in Python's `glob.escape`.

use std::fs;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::error::{Error, Result};

/// What makes a component a pattern.
const WILDCARDS: &[char] = &['*', '?', '[', '{'];

/// A path with wildcards, or one that turned out to have none.
pub(super) enum PathTarget {
    /// One place, which may not be there.
    Literal(PathBuf),
    /// What matches below a folder.
    Glob(PathBuf, PathPattern),
}

/// What is matched by paths below a folder, with `/`.
pub(super) struct PathPattern {
    whole: GlobMatcher,
    /// The components, or nothing where a brace goes over several.
    parts: Option<Vec<PatternPart>>,
    n_parts: usize,
    /// Whether names that begin with `.` or `_` are looked at.
    pub(super) hidden: bool,
}

/// A component of a pattern.
enum PatternPart {
    /// `**`: any number of folders.
    Any,
    One(GlobMatcher),
}

/// What `path` stands for, of which `base` is meant literally.
///
/// # Errors
/// `Pipeline` for a pattern that is none.
pub(super) fn target(path: &Path, base: &Path) -> Result<PathTarget> {
    let (mut root, rest) = match path.strip_prefix(base) {
        Ok(rest) => (base.to_owned(), rest),
        Err(_) => (PathBuf::new(), path),
    };
    let Some(rest) = rest.to_str() else {
        return Ok(PathTarget::Literal(path.to_owned()));
    };
    if rest.starts_with('/') {
        root.push("/");
    }
    let mut parts = rest.split('/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.peek() {
        let literal = root.join(part);
        let is_plain = !part.contains(WILDCARDS);
        if is_plain || fs::symlink_metadata(&literal).is_ok() {
            root = literal;
        } else if let Some(name) = unescaped(part) {
            root.push(name);
        } else {
            let parts: Vec<&str> = parts.collect();
            if root.as_os_str().is_empty() {
                root.push(".");
            }
            return Ok(PathTarget::Glob(root, PathPattern::new(&parts)?));
        }
        parts.next();
    }
    Ok(PathTarget::Literal(root))
}

/// The name that a component stands for, if all its wildcards are escaped.
fn unescaped(part: &str) -> Option<String> {
    let mut name = String::with_capacity(part.len());
    let mut left = part;
    while let Some(at) = left.find(WILDCARDS) {
        let (before, after) = left.split_at_checked(at)?;
        name.push_str(before);
        let mut chars = after.strip_prefix('[')?.chars();
        let escaped = chars.next().filter(|c| WILDCARDS.contains(c))?;
        name.push(escaped);
        left = chars.as_str().strip_prefix(']')?;
    }
    name.push_str(left);
    Some(name)
}

/// `text` with its wildcards escaped, so that it stands for itself.
#[cfg(test)]
fn escaped(text: &str) -> String {
    let one = |c: char| {
        if WILDCARDS.contains(&c) {
            format!("[{c}]")
        } else {
            c.to_string()
        }
    };
    text.chars().map(one).collect()
}

impl PathPattern {
    fn new(components: &[&str]) -> Result<Self> {
        let pattern = components.join("/");
        let is_split = components
            .iter()
            .any(|part| part.matches('{').count() != part.matches('}').count());
        let parts = components.iter().map(|part| match *part {
            "**" => Ok(PatternPart::Any),
            part => compile(part).map(PatternPart::One),
        });
        Ok(Self {
            whole: compile(&pattern)?,
            parts: if is_split {
                None
            } else {
                parts.collect::<Result<_>>().ok()
            },
            n_parts: components.len(),
            hidden: components.iter().any(|part| part.starts_with(['.', '_'])),
        })
    }

    /// Whether an entry of this name below the root is meant.
    pub(super) fn matches(&self, name: &str) -> bool {
        self.whole.is_match(name)
    }

    /// Whether the pattern goes on below the folder of this name, which lies
    /// in folders of which the same is true.
    pub(super) fn enters(&self, name: &str) -> bool {
        let level = name.matches('/').count();
        let Some(parts) = &self.parts else {
            return level + 1 < self.n_parts || self.is_deep();
        };
        if parts
            .iter()
            .take(level + 1)
            .any(|part| matches!(part, PatternPart::Any))
        {
            return true;
        }
        let last = name.rsplit('/').next().unwrap_or(name);
        match parts.get(level) {
            Some(PatternPart::One(part)) => level + 1 < self.n_parts && part.is_match(last),
            _ => false,
        }
    }

    /// Whether it goes down to any depth.
    pub(super) fn is_deep(&self) -> bool {
        self.whole.glob().glob().contains("**")
    }
}

fn compile(pattern: &str) -> Result<GlobMatcher> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|e| Error::pipeline("expected a glob").with_source(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_stand_for_themselves() {
        for text in ["a", "data[1]", "[*]?{}", "ü[", "]x["] {
            assert_eq!(unescaped(&escaped(text)).as_deref(), Some(text));
        }
        for text in ["*", "a[12]", "[[]*", "{a,b}", "[*", "[**]"] {
            assert_eq!(unescaped(text), None, "{text}");
        }
    }

    #[test]
    fn a_pattern_enters_only_what_it_may_match_below() {
        let enters = |pattern: &str, name: &str| {
            let parts: Vec<&str> = pattern.split('/').collect();
            PathPattern::new(&parts).unwrap().enters(name)
        };
        for (pattern, name, expected) in [
            ("*.jsonl", "a", false),
            ("*/b.jsonl", "a", true),
            ("x*/b.jsonl", "a", false),
            ("a/*/c", "a", true),
            ("a/*/c", "a/b", true),
            ("a/*/c", "a/b/c", false),
            ("**/c", "a/b/c/d", true),
            ("a*/**", "b", false),
            ("a*/**/c", "ab/c/d", true),
            ("{a/x,b}/c", "a", true),
            ("{a,b}/c", "d", false),
        ] {
            assert_eq!(enters(pattern, name), expected, "{pattern} {name}");
        }
    }
}
