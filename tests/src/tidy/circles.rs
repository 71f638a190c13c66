//! No two files of a crate know each other, directly or by way of others.
//!
//! A file knows another if it names an item that is defined there; a name handed
//! on by `pub use` is that of the file which defines it. Paths are followed as
//! far as text tells, without macros and methods.

use std::collections::{BTreeMap, BTreeSet};

use super::{File, LIBRARIES, code_only, without_tests};

/// Words that an item's name follows.
const KEYWORDS: &[&str] = &[
    "fn",
    "struct",
    "enum",
    "trait",
    "type",
    "const",
    "static",
    "union",
    "macro_rules!",
];

/// The names from a crate's root down to an item.
type Path = Vec<String>;

/// One file as a module.
struct Module {
    file: String,
    /// What it defines.
    items: BTreeSet<String>,
    /// Names brought into it, and what they stand for.
    names: BTreeMap<String, Path>,
    /// What it names, but for what it only hands on.
    uses: Vec<Path>,
}

/// The modules of one crate, by their paths.
type Modules = BTreeMap<Path, Module>;

/// Objections to circles among `files`.
#[must_use]
pub fn circles(files: &[File]) -> Vec<String> {
    LIBRARIES
        .iter()
        .flat_map(|folder| {
            let modules = modules(files, folder);
            let knows = edges(&modules);
            in_circles(&knows)
                .into_iter()
                .map(|circle| objection(&modules, &knows, &circle))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn objection(modules: &Modules, knows: &Edges, circle: &[Path]) -> String {
    let named = circle.iter().flat_map(|from| {
        let inside = knows[from].iter().filter(|(to, _)| circle.contains(to));
        inside.map(move |(to, item)| {
            let [from, to] = [from, to].map(|path| modules[path].file.as_str());
            format!("\n    {from} names `{item}` of {to}")
        })
    });
    format!(
        "{}:1: files that know each other:{}",
        modules[&circle[0]].file,
        named.collect::<String>()
    )
}

fn modules(files: &[File], folder: &str) -> Modules {
    let code = |file: &File| {
        let inside = file.path.strip_prefix(folder)?.strip_suffix(".rs")?;
        let is_test = inside.contains("tests/") || inside.ends_with("tests");
        if is_test || inside.starts_with("bin/") {
            return None;
        }
        let mut path: Path = inside.split('/').map(str::to_owned).collect();
        if matches!(path.last()?.as_str(), "mod" | "lib" | "main") {
            path.pop();
        }
        let text = code_only(&file.text);
        let text = without_tests(&text).to_owned();
        Some((path, (file.path.clone(), text)))
    };
    let code: BTreeMap<Path, (String, String)> = files.iter().filter_map(code).collect();
    let module = |path: &Path| {
        let (file, text) = &code[path];
        let mut module = Module {
            file: file.clone(),
            items: items(text),
            names: BTreeMap::new(),
            uses: Vec::new(),
        };
        let is_module = |path: &[String]| code.contains_key(path);
        let (imports, rest) = imports(text);
        for (tree, is_handed_on) in imports {
            for (named, alias) in expanded(&tree) {
                let Some(named) = absolute(&named, path, is_module) else {
                    continue;
                };
                module.names.insert(alias, named.clone());
                if !is_handed_on {
                    module.uses.push(named);
                }
            }
        }
        for named in paths(&rest) {
            let by_alias = module.names.get(&named[0]).filter(|path| is_module(path));
            let by_alias = by_alias.map(|path| [path, &named[1..]].concat());
            module
                .uses
                .extend(by_alias.or_else(|| absolute(&named, path, is_module)));
        }
        module
    };
    code.keys()
        .map(|path| (path.clone(), module(path)))
        .collect()
}

/// The names that follow a keyword.
fn items(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | '<' | '{' | ':' | ';' | '='))
        .filter(|word| !word.is_empty())
        .collect();
    let pairs = words.windows(2).filter(|pair| KEYWORDS.contains(&pair[0]));
    let names = pairs.map(|pair| pair[1].trim_end_matches(|c| !is_name(c)).to_owned());
    names.collect()
}

/// The trees of `use`, each with whether it only hands on, and the rest.
fn imports(text: &str) -> (Vec<(String, bool)>, String) {
    let (mut trees, mut rest) = (Vec::new(), String::new());
    let mut open: Option<(String, bool)> = None;
    for line in text.lines() {
        let trimmed = line.trim_start();
        let (visibility, after) = match trimmed.strip_prefix("pub") {
            Some(after) if after.starts_with('(') => (true, after.split_once(") ").map(|(_, a)| a)),
            Some(after) => (true, after.strip_prefix(' ')),
            None => (false, Some(trimmed)),
        };
        if open.is_none() {
            let Some(tree) = after.and_then(|after| after.strip_prefix("use ")) else {
                rest.push_str(line);
                rest.push('\n');
                continue;
            };
            open = Some((tree.to_owned(), visibility));
        } else if let Some((tree, _)) = &mut open {
            tree.push_str(trimmed);
        }
        if line.trim_end().ends_with(';') {
            trees.extend(
                open.take().map(|(tree, handed)| {
                    (tree.trim_end().trim_end_matches(';').to_owned(), handed)
                }),
            );
        }
    }
    (trees, rest)
}

/// The paths of a tree, each with the name it brings in.
fn expanded(tree: &str) -> Vec<(Path, String)> {
    let mut out = Vec::new();
    expand(&[], tree.trim(), &mut out);
    out
}

fn expand(before: &[String], tree: &str, out: &mut Vec<(Path, String)>) {
    if let Some((head, group)) = tree.split_once('{') {
        let before = [before, &segments(head)].concat();
        let group = group.trim_end().strip_suffix('}').unwrap_or(group);
        let (mut depth, mut start) = (0_usize, 0);
        for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    let part = group.get(start..at).unwrap_or_default().trim();
                    if !part.is_empty() {
                        expand(&before, part, out);
                    }
                    start = at + 1;
                }
                _ => {}
            }
        }
        return;
    }
    let (path, alias) = match tree.split_once(" as ") {
        Some((path, alias)) => (path, Some(alias.trim())),
        None => (tree, None),
    };
    let mut path = [before, &segments(path)].concat();
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(last) = path.last() {
        let alias = alias.unwrap_or(last).to_owned();
        out.push((path, alias));
    }
}

fn segments(path: &str) -> Path {
    let names = path.split("::").map(str::trim);
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The paths of at least two names in code.
fn paths(code: &str) -> Vec<Path> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = code.split(|c: char| !is_part(c));
    let named = words.filter(|word| word.contains("::") && !word.starts_with("::"));
    named.map(segments).filter(|path| path.len() > 1).collect()
}

/// A path from the crate's root, if it leads to a module of it.
fn absolute(path: &[String], at: &[String], is_module: impl Fn(&[String]) -> bool) -> Option<Path> {
    let first = path.first()?.as_str();
    let n_up = path.iter().take_while(|name| *name == "super").count();
    let base = match first {
        "crate" => return Some(path[1..].to_vec()),
        "self" => [at, &path[1..]].concat(),
        "super" => [at.get(..at.len().checked_sub(n_up)?)?, &path[n_up..]].concat(),
        _ => {
            let child = [at, &path[..1]].concat();
            return is_module(&child).then(|| [at, path].concat());
        }
    };
    Some(base)
}

/// What each module knows of others, with an item it names.
type Edges = BTreeMap<Path, BTreeMap<Path, String>>;

fn edges(modules: &Modules) -> Edges {
    let known = |(path, module): (&Path, &Module)| {
        let named = module.uses.iter().filter_map(|named| {
            let (home, item) = defined(modules, named, 0)?;
            (home != *path).then_some((home, item))
        });
        (path.clone(), named.collect())
    };
    modules.iter().map(known).collect()
}

/// The module that defines what `path` names, and its name there.
fn defined(modules: &Modules, path: &[String], depth: usize) -> Option<(Path, String)> {
    /// Names handed on as often are taken for a circle of their own.
    const MOST: usize = 20;
    let n = (0..=path.len())
        .rev()
        .find(|n| modules.contains_key(&path[..*n]))?;
    let item = path.get(n)?;
    let module = &modules[&path[..n]];
    if module.items.contains(item) {
        return Some((path[..n].to_vec(), item.clone()));
    }
    let handed_on = module.names.get(item).filter(|_| depth < MOST)?;
    let named = [handed_on, &path[n + 1..]].concat();
    defined(modules, &named, depth + 1)
}

/// The modules that reach themselves, together with those they meet on the way.
fn in_circles(knows: &Edges) -> Vec<Vec<Path>> {
    let reached = |from: &Path| {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&Path> = knows[from].keys().collect();
        while let Some(path) = next.pop() {
            if reached.insert(path.clone()) {
                next.extend(knows[path].keys());
            }
        }
        reached
    };
    let reach: BTreeMap<&Path, BTreeSet<Path>> =
        knows.keys().map(|path| (path, reached(path))).collect();
    let mut circles = BTreeSet::new();
    for (path, reached) in &reach {
        if reached.contains(*path) {
            let both = reached.iter().filter(|other| reach[other].contains(*path));
            circles.insert(both.cloned().collect::<Vec<_>>());
        }
    }
    circles.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> usize {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File::new(format!("engine/src/{path}"), *text))
            .collect();
        circles(&files).len()
    }

    #[test]
    fn files_that_name_each_other_are_a_circle() {
        let a = ("a.rs", "use crate::b::B;\npub struct A;");
        assert_eq!(
            found(&[a, ("b.rs", "pub struct B; fn f(_: crate::a::A) {}")]),
            1
        );
        assert_eq!(found(&[a, ("b.rs", "pub struct B; // crate::a::A")]), 0);
        let b = ("b.rs", "use super::c::{self, D};\npub struct B;");
        assert_eq!(
            found(&[a, b, ("c.rs", "pub struct D; fn f() { crate::a::A; }")]),
            1
        );
        assert_eq!(found(&[a, b, ("c.rs", "pub struct D;")]), 0);
    }

    #[test]
    fn a_name_that_is_handed_on_is_of_the_file_that_defines_it() {
        let x = ("m/x.rs", "use super::Y;\npub struct X;");
        let y = ("m/y.rs", "pub struct Y;");
        let hands_on = ("m/mod.rs", "mod x;\nmod y;\npub use x::X;\npub use y::Y;");
        assert_eq!(found(&[hands_on, x, y]), 0);
        let names = (
            "m/mod.rs",
            "mod x;\nmod y;\npub use y::Y;\nfn f() { x::X; }\nstruct Own;",
        );
        assert_eq!(found(&[names, x, y]), 0);
        let back = ("m/x.rs", "use super::Own;\npub struct X;");
        assert_eq!(found(&[names, back, y]), 1);
    }

    #[test]
    fn tests_may_know_all() {
        let a = ("a.rs", "use crate::b::B;\npub struct A;");
        let b = "pub struct B;\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}";
        assert_eq!(found(&[a, ("b.rs", b)]), 0);
        let (plain, tests) = (
            ("b.rs", "pub struct B;"),
            ("b/tests.rs", "use crate::a::A;"),
        );
        assert_eq!(found(&[a, plain, tests]), 0);
    }
}
