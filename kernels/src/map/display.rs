//! Maps in words.

use std::fmt;

use super::{Instruction, Map};

/// `map float32 -> uint32: search 1000 edges`.
impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "map {} -> {}", self.from, self.to)?;
        for (index, instruction) in self.instructions.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { ", " })?;
            instruction.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ToF32 => f.write_str("to float32"),
            Self::ToF64 => f.write_str("to float64"),
            Self::Subtract(constant) => write!(f, "subtract {constant}"),
            Self::Multiply(constant) => write!(f, "multiply {constant}"),
            Self::Clamp { low, high } => write!(f, "clamp {low} to {high}"),
            Self::Search(search) => {
                let n = search.n_edges();
                let edges = if n == 1 { "edge" } else { "edges" };
                write!(f, "search {n} {edges}")
            }
            Self::Lookup(table) => {
                let n = table.n_entries();
                let entries = if n == 1 { "entry" } else { "entries" };
                write!(f, "look up {n} {entries} of {}", table.register())
            }
        }
    }
}
