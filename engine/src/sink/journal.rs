//! The journal of one part: a line for each shard that is durable.
//!
//! A line is 16 hexadecimal digits, a space, JSON, a line end. The digits are
//! the xxh3-64 of the JSON, seeded by the plan's digest, so that a line of
//! another plan, a torn line or a stray byte is no line. Lines are numbered;
//! the journal ends where the next number does not follow.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::fs::FsFile;
use super::workplace::Workplace;
use crate::batch::{Checkpoint, Quarantined, Stats};
use crate::error::{Error, Result};
use crate::format::ShardEntry;
use crate::plan::Digest;

/// What is durable since the line before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct JournalLine {
    /// Its number, from 0.
    pub(super) number: u64,
    /// The shard, if one was finished; `first_row` counts in the part.
    pub(super) shard: Option<ShardEntry>,
    /// Where the rows behind the shard begin; nothing on the last line.
    pub(super) checkpoint: Option<Checkpoint>,
    /// Units set aside.
    pub(super) quarantined: Vec<Quarantined>,
    /// The counts of the whole part, on its last line.
    pub(super) done: Option<Stats>,
}

/// The lines of a journal that hold, and the bytes they take.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) lines: Vec<JournalLine>,
    /// Length of the journal after each line.
    pub(super) ends: Vec<u64>,
}

impl Journal {
    /// The lines at the start of `text` that hold.
    pub(super) fn parse(text: &[u8], plan: Digest) -> Self {
        let mut journal = Self::default();
        let mut end = 0;
        for raw in text.split_inclusive(|byte| *byte == b'\n') {
            let Some(line) = parse_line(raw, plan) else {
                break;
            };
            let follows = line.number == journal.lines.len() as u64 && !journal.is_done();
            if !follows || line.checkpoint.is_some() == line.done.is_some() {
                break;
            }
            end += raw.len() as u64;
            journal.lines.push(line);
            journal.ends.push(end);
        }
        journal
    }

    /// Keeps the first `n` lines.
    pub(super) fn truncate(&mut self, n: usize) {
        self.lines.truncate(n);
        self.ends.truncate(n);
    }

    /// The counts of the part, if it is done.
    pub(super) fn done(&self) -> Option<&Stats> {
        self.lines.last()?.done.as_ref()
    }

    fn is_done(&self) -> bool {
        self.done().is_some()
    }

    /// Bytes of the lines.
    pub(super) fn len(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The shards, in order.
    pub(super) fn shards(&self) -> impl Iterator<Item = &ShardEntry> {
        self.lines.iter().filter_map(|line| line.shard.as_ref())
    }

    /// The units set aside, in order.
    pub(super) fn quarantined(&self) -> impl Iterator<Item = &Quarantined> {
        self.lines.iter().flat_map(|line| &line.quarantined)
    }
}

fn checksum(json: &[u8], plan: Digest) -> String {
    // The low half of the digest is as good a seed as any.
    let [.., seed] = [plan.0 >> 64, plan.0 & u128::from(u64::MAX)];
    let seed = u64::try_from(seed).unwrap_or(0);
    format!("{:016x}", XxHash3_64::oneshot_with_seed(seed, json))
}

fn parse_line(raw: &[u8], plan: Digest) -> Option<JournalLine> {
    let (digits, rest) = raw.strip_suffix(b"\n")?.split_at_checked(16)?;
    let json = rest.strip_prefix(b" ")?;
    if digits != checksum(json, plan).as_bytes() {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn render(line: &JournalLine, plan: Digest) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(line)
        .map_err(|e| Error::internal("cannot write the journal").with_source(e))?;
    let mut bytes = checksum(&json, plan).into_bytes();
    bytes.push(b' ');
    bytes.extend_from_slice(&json);
    bytes.push(b'\n');
    Ok(bytes)
}

/// A journal open for appending.
#[derive(Debug)]
pub(super) struct JournalWriter {
    path: PathBuf,
    plan: Digest,
    file: Option<Box<dyn FsFile>>,
    n_lines: u64,
    len: u64,
}

impl JournalWriter {
    /// Goes on behind `journal`, which is all that the file holds.
    pub(super) fn new(path: PathBuf, plan: Digest, journal: &Journal) -> Self {
        Self {
            path,
            plan,
            file: None,
            n_lines: journal.lines.len() as u64,
            len: journal.len(),
        }
    }

    /// Adds a line, numbers it, and makes it durable.
    ///
    /// # Errors
    /// `Io`; the line may be there or not, and the next start finds out.
    pub(super) fn append(&mut self, place: &Workplace, mut line: JournalLine) -> Result<()> {
        line.number = self.n_lines;
        let bytes = render(&line, self.plan)?;
        let io = |e| Error::io("write the journal", &self.path, e);
        let is_new = self.len == 0;
        let mut file = match self.file.take() {
            Some(file) => file,
            None if is_new => place.fs.create(&self.path).map_err(io)?,
            None => place.fs.open(&self.path).map_err(io)?,
        };
        file.write_all_at(&bytes, self.len).map_err(io)?;
        file.sync().map_err(io)?;
        if is_new {
            place.sync_dir(&place.journals())?;
        }
        self.file = Some(file);
        self.len += bytes.len() as u64;
        self.n_lines += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(n: u64) -> Vec<u8> {
        let line = |number| JournalLine {
            number,
            checkpoint: Some(Checkpoint::default()),
            ..JournalLine::default()
        };
        (0..n)
            .flat_map(|n| render(&line(n), Digest(7)).unwrap())
            .collect()
    }

    #[test]
    fn a_torn_line_is_no_line() {
        let whole = text(3);
        let ends = Journal::parse(&whole, Digest(7)).ends;
        assert_eq!(ends.len(), 3);
        for cut in 0..whole.len() {
            let kept = ends.iter().filter(|end| **end <= cut as u64).count();
            assert_eq!(Journal::parse(&whole[..cut], Digest(7)).lines.len(), kept);
        }
    }

    #[test]
    fn a_flipped_byte_ends_the_journal_before_its_line() {
        let whole = text(3);
        let ends = Journal::parse(&whole, Digest(7)).ends;
        for at in 0..whole.len() {
            let mut text = whole.clone();
            text[at] ^= 1;
            let kept = ends.iter().filter(|end| **end <= at as u64).count();
            assert_eq!(
                Journal::parse(&text, Digest(7)).lines.len(),
                kept,
                "byte {at}"
            );
        }
    }

    #[test]
    fn lines_of_another_plan_are_no_lines() {
        assert!(Journal::parse(&text(3), Digest(8)).lines.is_empty());
    }
}
