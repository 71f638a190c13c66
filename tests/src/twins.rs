//! Writes the twins of structs that devices are handed, in CUDA and in WGSL.

use std::fmt::Write as _;

use fuelrail_kernels::{Member, Twin};

/// What generated files begin with, behind the mark of a comment.
const ABOUT: &str = "Structs that devices are handed, as Rust lays them out. Written by\n// scripts/twins.sh from the structs of the same names in kernels/src; do not edit.";

/// A generated file: its path in the repository, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// Relative to the root.
    pub path: &'static str,
    /// What it should hold.
    pub text: String,
}

/// The files for these twins.
#[must_use]
pub fn generated(twins: &[Twin]) -> [Generated; 2] {
    [
        Generated {
            path: "kernels/cuda/twins.cuh",
            text: cuda(twins),
        },
        Generated {
            path: "shaders/shared/twins.wgsl",
            text: wgsl(twins),
        },
    ]
}

fn cuda(twins: &[Twin]) -> String {
    let mut out = format!("// {ABOUT}\n#pragma once\n#include \"number.cuh\"\n");
    for twin in twins {
        let Twin {
            name, len_bytes, ..
        } = twin;
        _ = write!(out, "\nstruct {name} {{\n");
        for member in twin.members {
            _ = writeln!(out, "    {} {};", member.type_name, member.name);
        }
        _ = write!(
            out,
            "}};\nstatic_assert(sizeof({name}) == {len_bytes}, \"as in Rust\");\n"
        );
    }
    out
}

/// A struct of words each, and a function that reads it out of the tables or
/// the records of items. The jobs have a binding of their own.
fn wgsl(twins: &[Twin]) -> String {
    let mut out = format!("// {ABOUT}\n");
    for twin in twins.iter().filter(|twin| !twin.is_wide()) {
        let name = twin.name;
        _ = write!(out, "\nstruct {name} {{\n");
        for member in twin.members {
            _ = writeln!(out, "    {}: {},", wgsl_name(member.name), member.type_name);
        }
        out.push_str("}\n");
        let Some((function, buffer)) = reader(name) else {
            continue;
        };
        _ = write!(
            out,
            "\nconst {}_WORDS: u32 = {}u;\n",
            function.to_uppercase(),
            twin.len_bytes / 4
        );
        _ = write!(
            out,
            "\nfn {function}(at: u32) -> {name} {{\n    return {name}(\n"
        );
        for member in twin.members {
            _ = writeln!(out, "        {},", word(buffer, member));
        }
        out.push_str("    );\n}\n");
    }
    out
}

/// The function that reads a struct, and the buffer it lies in, by its name.
fn reader(name: &str) -> Option<(String, &'static str)> {
    let named = |rest: &str, word: &str| format!("{}_{word}", rest.to_lowercase());
    let constants = name.strip_suffix("Constants");
    let instruction = name.strip_suffix("Instruction");
    let row = name.strip_suffix("Row");
    constants
        .map(|rest| (named(rest, "constants"), "tables"))
        .or_else(|| instruction.map(|rest| (named(rest, "instruction"), "tables")))
        .or_else(|| row.map(|rest| (named(rest, "row"), "params")))
}

/// The expression that reads a member.
fn word(buffer: &str, member: &Member) -> String {
    let index = member.offset / 4;
    let word = match index {
        0 => format!("{buffer}[at]"),
        _ => format!("{buffer}[at + {index}u]"),
    };
    match member.type_name {
        "u32" => word,
        other => format!("bitcast<{other}>({word})"),
    }
}

/// What WGSL reserves has `_` behind it there.
fn wgsl_name(name: &str) -> String {
    if naga::keywords::wgsl::RESERVED.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}
