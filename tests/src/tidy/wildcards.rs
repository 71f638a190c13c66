//! No `match` passes over kinds of steps, operators or kernels that it does not
//! name: whoever adds one is told by the compiler where it must be thought of.

use super::{File, LIBRARIES, code_only, has_word, without_tests};

/// The types of which every kind is named wherever one is.
const CLOSED: &[&str] = &[
    "Step",
    "StepSpec",
    "ColumnOperator",
    "Stage",
    "Work",
    "Kernel",
    "RowKernel",
    "Instruction",
    "Entry",
];

/// Where a pattern is what is asked for: fused forms are patterns of kernels.
const FORMS: &[&str] = &[
    "engine/src/plan/fused.rs",
    "kernels/src/fixed_row.rs",
    "kernels/src/map/forms.rs",
];

/// Objections to arms `_` beside kinds of a closed type, and to whatever else does
/// something for one kind and passes over all others.
#[must_use]
pub fn wildcards(file: &File) -> Vec<String> {
    let is_ours = LIBRARIES.iter().any(|folder| file.path.starts_with(folder));
    let is_test = file.path.contains("tests/") || file.path.ends_with("tests.rs");
    let is_form = FORMS.contains(&file.path.as_str());
    if !is_ours || is_test || is_form || !file.is_rust() {
        return Vec::new();
    }
    let code = code_only(&file.text);
    let code = without_tests(&code);
    let mut out = Vec::new();
    for (at, _) in code.match_indices("match ") {
        let before = code.get(..at).unwrap_or_default();
        if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let Some(block) = code.get(at..).and_then(block) else {
            continue;
        };
        let arms = patterns(block);
        let named = arms.iter().find_map(|arm| closed(arm));
        let passes_over = arms.iter().any(|arm| is_wildcard(arm));
        if let (Some(named), true) = (named, passes_over) {
            let line = before.lines().count().max(1);
            out.push(format!(
                "{}:{line}: an arm `_` beside kinds of `{named}`: name them all",
                file.path
            ));
        }
    }
    out.extend(refutable(&file.path, code));
    out
}

/// Objections to `if let`, `let … else` and `matches!` that name a kind.
fn refutable(path: &str, code: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (opening, end) in [("let ", " = "), ("matches!(", ")")] {
        for (at, _) in code.match_indices(opening) {
            let rest = code.get(at + opening.len()..).unwrap_or_default();
            // `matches!` has what it looks at in front of the pattern.
            let rest = match opening {
                "let " => rest,
                _ => rest.split_once(',').map_or("", |(_, pattern)| pattern),
            };
            let pattern = rest.split(end).next().unwrap_or_default();
            let pattern = pattern.split([';', '\n']).next().unwrap_or_default();
            let names =
                |name: &&&str| pattern.contains(&format!("{name}::")) && has_word(pattern, name);
            if let Some(named) = CLOSED.iter().find(names) {
                let line = code.get(..at).unwrap_or_default().lines().count().max(1);
                out.push(format!(
                    "{path}:{line}: a pattern that passes over kinds of `{named}`: `match` them all"
                ));
            }
        }
    }
    out
}

/// What stands between the braces of the `match` at the beginning of `code`.
fn block(code: &str) -> Option<&str> {
    let (mut depth, mut begin) = (0_usize, None);
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            '{' => {
                if depth == 0 && begin.is_none() {
                    begin = Some(at + 1);
                }
                depth += 1;
            }
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return code.get(begin?..at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The patterns of a block's arms, guards included.
fn patterns(block: &str) -> Vec<String> {
    let mut patterns = Vec::new();
    let (mut depth, mut is_body, mut pattern) = (0_usize, false, String::new());
    let mut chars = block.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '}' => {
                depth = depth.saturating_sub(1);
                // A body in braces ends its arm without a comma.
                if depth == 0 && is_body {
                    is_body = false;
                    chars.next_if_eq(&',');
                    continue;
                }
            }
            ',' if depth == 0 && is_body => {
                is_body = false;
                continue;
            }
            '=' if depth == 0 && !is_body && chars.peek() == Some(&'>') => {
                chars.next();
                is_body = true;
                patterns.push(std::mem::take(&mut pattern).trim().to_owned());
                continue;
            }
            _ => {}
        }
        if !is_body {
            pattern.push(c);
        }
    }
    patterns
}

/// The closed type of which a pattern names a kind.
fn closed(pattern: &str) -> Option<&'static str> {
    let mut closed = CLOSED.iter().copied();
    closed.find(|name| has_word(pattern, name))
}

/// Whether a pattern takes any kind, with a guard or without.
fn is_wildcard(pattern: &str) -> bool {
    pattern == "_" || pattern.starts_with("_ if ") || pattern.ends_with("| _")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> usize {
        wildcards(&File::new("engine/src/run/a.rs", text)).len()
    }

    #[test]
    fn a_step_that_is_passed_over_is_found() {
        let passing = "fn f() {\n    match step {\n        Step::Map(x) if x > 1 => {\n            1\n        }\n        _ => 2,\n    }\n}";
        assert_eq!(n(passing), 1);
        assert_eq!(
            n("match &stage.work { Work::Map(s) => Some(s), _ => None }"),
            1
        );
        assert_eq!(
            n("match kernel { Kernel::Cast(c) => g(c), _ if odd() => 1, _ => 2 }"),
            1
        );
        assert_eq!(
            n("match step { Step::Map(_) | Step::Pack(_) => 1, Step::Select(_) => 2 }"),
            0
        );
    }

    #[test]
    fn what_asks_for_one_kind_is_found() {
        assert_eq!(n("let Step::Map(map) = step else { continue };"), 1);
        assert_eq!(n("if let Some(Kernel::Cast(cast)) = kernel { f(cast) }"), 1);
        assert_eq!(n("let is = matches!(kernel, Kernel::Map(_));"), 1);
        assert_eq!(
            n("let is = matches!(&row.kernel(), RowKernel::Lut(_) if odd);"),
            1
        );
        assert_eq!(n("let kernel = Kernel::Cast(cast);"), 0);
        assert_eq!(n("let chain = Chain::new(vec![Kernel::Cast(cast)]);"), 0);
        assert_eq!(
            n("let all: Vec<Step> = steps.iter().map(Step::op).collect();"),
            0
        );
        assert_eq!(n("if let Some(map) = step.as_map() { f(map) }"), 0);
        let form = "let [Kernel::Map(map)] = kernels else { return None; };";
        let in_form = File::new("engine/src/plan/fused.rs", form);
        assert_eq!((n(form), wildcards(&in_form).len()), (1, 0));
    }

    #[test]
    fn other_matches_may_pass_over_what_they_like() {
        assert_eq!(n("match path { Path::A => 1, _ => 2 }"), 0);
        assert_eq!(n("match fault { WithStep::A => 1, _ => 2 }"), 0);
        let nested =
            "match step { Step::Map(x) => match x { 1 => 2, _ => 3 }, Step::Pack(_) => 4 }";
        assert_eq!(n(nested), 0);
        let inside = "match x { Some(1) => { match step { Step::Map(_) => 1, Step::Pack(_) => 2 } } _ => 3 }";
        assert_eq!(n(inside), 0);
        assert_eq!(n("// match step { Step::Map(_) => 1, _ => 2 }"), 0);
    }
}
