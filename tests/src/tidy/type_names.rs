//! One type name, one thing: a name that other files can see is defined once.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, code_only};

/// The folders whose names must not meet: what one hands on, the other uses.
const FOLDERS: &[&str] = &["engine/src/", "kernels/src/"];

/// Words that a type's name follows.
const KEYWORDS: &[&str] = &["struct", "enum", "trait", "union", "type"];

/// A name that may stand for several types.
#[derive(Debug, Clone, Copy)]
pub struct SharedName {
    /// The name.
    pub name: &'static str,
    /// Why it is not one type's.
    pub reason: &'static str,
}

/// Objections to names of types that several of `files` define, each visible
/// beyond its file; and to `shared` names that one file defines, or none.
#[must_use]
pub fn type_names(files: &[File], shared: &[SharedName]) -> Vec<String> {
    let mut places: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
    for file in files.iter().filter(|file| is_held(file)) {
        for (line, name) in visible_types(&file.text) {
            let of_name = places.entry(name).or_default();
            of_name.entry(&file.path).or_insert(line);
        }
    }
    places.retain(|_, of_name| of_name.len() > 1);
    let allowed: BTreeSet<&str> = shared.iter().map(|shared| shared.name).collect();
    let twice = places
        .iter()
        .filter(|(name, _)| !allowed.contains(name.as_str()))
        .map(|(name, of_name)| objection(name, of_name));
    let idle = shared
        .iter()
        .filter(|shared| !places.contains_key(shared.name))
        .map(|shared| format!("`{}`: listed as shared, and is not", shared.name));
    twice.chain(idle).collect()
}

fn is_held(file: &File) -> bool {
    file.is_rust() && FOLDERS.iter().any(|folder| file.path.starts_with(folder))
}

fn objection(name: &str, of_name: &BTreeMap<&str, usize>) -> String {
    let at: Vec<String> = of_name
        .iter()
        .map(|(path, line)| format!("{path}:{line}"))
        .collect();
    format!(
        "{}: expected one type of the name `{name}`, got {}",
        at.join(", "),
        at.len()
    )
}

/// The lines, from 1, and names of the types that other files can see.
fn visible_types(text: &str) -> Vec<(usize, String)> {
    code_only(text)
        .lines()
        .enumerate()
        .filter_map(|(at, line)| Some((at + 1, visible_type(line)?.to_owned())))
        .collect()
}

/// The name of the type whose definition begins in `line`, unless only its own
/// file sees it.
fn visible_type(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let rest = match rest.strip_prefix('(') {
        Some(inside) => {
            let (scope, rest) = inside.split_once(')')?;
            (scope != "self").then_some(rest)?
        }
        None => rest,
    };
    let rest = rest.strip_prefix(' ')?;
    let rest = rest.strip_prefix("unsafe ").unwrap_or(rest);
    let (keyword, rest) = rest.split_once(' ')?;
    let end = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    let name = rest.get(..end).filter(|name| !name.is_empty());
    name.filter(|_| KEYWORDS.contains(&keyword))
}

#[cfg(test)]
mod tests {
    use super::{File, SharedName, type_names};

    const SHARED: &[SharedName] = &[SharedName {
        name: "Batch",
        reason: "both are what users call so",
    }];

    fn objections(files: &[(&str, &str)], shared: &[SharedName]) -> Vec<String> {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File::new(*path, *text))
            .collect();
        type_names(&files, shared)
    }

    #[test]
    fn a_name_of_two_types_is_refused() {
        let first = ("engine/src/feed/fill.rs", "\npub(crate) struct Slot<'a> {");
        for second in [
            "pub struct Slot;",
            "pub enum Slot {",
            "    pub(super) unsafe trait Slot: Send {",
            "pub(in crate::source) type Slot = u8;",
            "pub union Slot {",
        ] {
            let got = objections(&[first, ("kernels/src/a.rs", second)], &[]);
            let expected = "engine/src/feed/fill.rs:2, kernels/src/a.rs:1: \
                            expected one type of the name `Slot`, got 2";
            assert_eq!(got, [expected], "{second}");
        }
    }

    #[test]
    fn what_no_other_file_sees_is_let_be() {
        let first = ("engine/src/a.rs", "pub struct Slot;");
        for second in [
            "struct Slot;",
            "pub(self) struct Slot;",
            "// pub struct Slot;",
            "pub struct SlotOfBatch;",
            "pub fn Slot() {}",
            "    type Slot = u8;",
            "pub use super::Slot;",
        ] {
            let got = objections(&[first, ("engine/src/b.rs", second)], &[]);
            assert!(got.is_empty(), "{second}: {got:?}");
        }
    }

    #[test]
    fn other_crates_and_the_same_file_are_let_be() {
        let twice = "#[cfg(unix)]\npub struct Slot;\n#[cfg(windows)]\npub struct Slot;";
        let files = [
            ("engine/src/a.rs", twice),
            ("python/src/a.rs", "pub(crate) struct Slot;"),
            ("engine/src/a.md", "pub struct Slot;"),
        ];
        assert!(objections(&files, &[]).is_empty());
    }

    #[test]
    fn shared_names_are_let_be_and_idle_ones_refused() {
        let first = ("engine/src/batch.rs", "pub struct Batch;");
        let second = ("engine/src/feed/batch.rs", "pub struct Batch;");
        assert!(objections(&[first, second], SHARED).is_empty());
        assert_eq!(
            objections(&[first], SHARED),
            ["`Batch`: listed as shared, and is not"]
        );
    }
}
