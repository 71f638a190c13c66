//! What there is to say about the inputs of a plan beyond which they are.
//!
//! It is for people and the run log. Nothing here enters a plan's digest or a
//! dataset: a file that was passed over is no part of either.

use std::fmt;

use serde::Serialize;

/// Names kept of each kind and reason; more are counted.
const MAX_NAMED: usize = 100;

/// Names that are shown to people of each.
const MAX_SHOWN: usize = 3;

/// What a walk through folders and globs passed over, and what is odd about
/// what it took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Discovery {
    /// Entries that are no inputs, by reason.
    pub passed_over: Vec<PassedOver>,
    /// What the user may not expect of the inputs.
    pub notes: Vec<String>,
}

/// Entries that were passed over for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// The reason, to branch on.
    pub kind: PassedOverKind,
    /// The reason in words, and what would have them read.
    pub reason: String,
    /// How many there are.
    pub count: u64,
    /// Their paths, the first hundred of them.
    pub names: Vec<String>,
}

/// Why an entry of a folder is no input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PassedOverKind {
    /// fuelrail wrote it.
    Output,
    /// Its ending is none that is read.
    Ending,
    /// Its ending is of another format than `format` asks for.
    Format,
    /// Its name begins with `.` or `_`.
    Hidden,
    /// A pipe, a socket or a device.
    Special,
    /// A directory that a glob matches.
    Directory,
    /// Read already under another name, or a link back to a folder above.
    Again,
}

impl Discovery {
    /// Notes that `name` is passed over.
    pub fn pass_over(&mut self, kind: PassedOverKind, reason: &str, name: impl FnOnce() -> String) {
        let same = |known: &PassedOver| known.kind == kind && known.reason == reason;
        if !self.passed_over.iter().any(same) {
            self.passed_over.push(PassedOver {
                kind,
                reason: reason.to_owned(),
                count: 0,
                names: Vec::new(),
            });
        }
        let Some(known) = self.passed_over.iter_mut().find(|known| same(known)) else {
            return;
        };
        known.count += 1;
        if known.names.len() < MAX_NAMED {
            known.names.push(name());
        }
    }

    /// Adds what another walk found out.
    pub fn extend(&mut self, other: Self) {
        for PassedOver {
            kind,
            reason,
            count,
            names,
        } in other.passed_over
        {
            let unnamed = count - names.len() as u64;
            let mut n_left = 0;
            for name in names {
                self.pass_over(kind, &reason, || name);
                n_left = unnamed;
            }
            let same = |known: &&mut PassedOver| known.kind == kind && known.reason == reason;
            if let Some(known) = self.passed_over.iter_mut().find(same) {
                known.count += n_left;
            }
        }
        self.notes.extend(other.notes);
    }

    /// A line for each reason and note, for people.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let passed_over = self.passed_over.iter().map(ToString::to_string);
        passed_over.chain(self.notes.iter().cloned()).collect()
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<&str> = self
            .names
            .iter()
            .take(MAX_SHOWN)
            .map(String::as_str)
            .collect();
        f.write_str(&shown.join(", "))?;
        let more = self.count - shown.len() as u64;
        if more > 0 {
            write!(f, " and {more} more")?;
        }
        write!(f, ": {}", self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_by_reason_and_the_first_are_kept() {
        let mut discovery = Discovery::default();
        for n in 0..250 {
            discovery.pass_over(PassedOverKind::Ending, "not read", || format!("{n}.csv"));
        }
        discovery.pass_over(PassedOverKind::Output, "ours", || "out".to_owned());
        assert_eq!(discovery.passed_over[0].names.len(), MAX_NAMED);
        assert_eq!(
            discovery.lines(),
            ["0.csv, 1.csv, 2.csv and 247 more: not read", "out: ours"]
        );
        let mut sum = discovery.clone();
        sum.extend(discovery);
        let counts: Vec<u64> = sum.passed_over.iter().map(|over| over.count).collect();
        assert_eq!(counts, [500, 2]);
    }
}
