//! One operator, one name everywhere: each has what it declares.

use std::collections::BTreeSet;

/// What an operator with a kernel declares to have.
#[derive(Debug, Clone, Copy)]
pub struct Operator {
    /// Its one name: folder, TOML `op`, bench.
    pub name: &'static str,
    /// Why it has no twin on a device, if it has none.
    pub host_only: Option<&'static str>,
    /// Files that must be there beside those every operator has.
    pub files: &'static [&'static str],
}

/// Objections to the operators of a tree with these files.
///
/// Every folder of the kernels is declared and every declared operator has its
/// folder; each has `mod.rs`, the files it declares, and either the twins of a
/// device or a reason for having none.
#[must_use]
pub fn operators(declared: &[Operator], paths: &BTreeSet<&str>) -> Vec<String> {
    let mut out = Vec::new();
    let folders: BTreeSet<&str> = paths
        .iter()
        .filter_map(|path| Some(path.strip_prefix("kernels/src/")?.split_once('/')?.0))
        .collect();
    for folder in &folders {
        if !declared.iter().any(|operator| operator.name == *folder) {
            out.push(format!(
                "kernels/src/{folder}: not declared in tests/it/tidy.rs"
            ));
        }
    }
    for operator in declared {
        let missing = wanted(operator)
            .into_iter()
            .filter(|path| !paths.contains(path.as_str()));
        out.extend(
            missing.map(|path| format!("{path}: missing, declared for `{}`", operator.name)),
        );
    }
    out
}

/// The files of an operator.
fn wanted(operator: &Operator) -> Vec<String> {
    let name = operator.name;
    let mut out = vec![format!("kernels/src/{name}/mod.rs")];
    if operator.host_only.is_none() {
        out.push(format!("kernels/src/{name}/{name}.cu"));
        out.push(format!("shaders/{name}.wgsl"));
    }
    out.extend(operator.files.iter().map(|path| (*path).to_owned()));
    out
}

#[cfg(test)]
mod tests {
    use super::{Operator, operators};
    use std::collections::BTreeSet;

    const SCALE: Operator = Operator {
        name: "scale",
        host_only: None,
        files: &["tests/it/scale.rs"],
    };

    #[test]
    fn missing_twins_and_files_are_listed_by_path() {
        let found = operators(&[SCALE], &BTreeSet::from(["kernels/src/scale/mod.rs"]));
        let paths: Vec<&str> = found
            .iter()
            .filter_map(|line| Some(line.split_once(':')?.0))
            .collect();
        assert_eq!(
            paths,
            [
                "kernels/src/scale/scale.cu",
                "shaders/scale.wgsl",
                "tests/it/scale.rs"
            ]
        );
    }

    #[test]
    fn folders_and_declarations_match() {
        let host_only = Operator {
            host_only: Some("the reason"),
            files: &[],
            ..SCALE
        };
        let tree = BTreeSet::from(["kernels/src/scale/mod.rs", "kernels/src/other/mod.rs"]);
        assert_eq!(operators(&[host_only], &tree).len(), 1);
        assert_eq!(
            operators(&[host_only], &BTreeSet::from(["kernels/src/lib.rs"])).len(),
            1
        );
        assert!(operators(&[host_only], &BTreeSet::from(["kernels/src/scale/mod.rs"])).is_empty());
    }
}
