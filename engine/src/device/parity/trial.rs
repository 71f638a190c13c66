//! One program tried on a level or a device, beside the scalar reference.

use std::fmt::{self, Write as _};

use fuelrail_kernels::tokenize::NO_ID;
use fuelrail_kernels::{Level, RowKernel};
use serde::Serialize;

use super::super::items::RowItems;
use super::super::program::{Chain, Program, RowChain};
use super::super::{Backend, Items};
use super::sample::sample;
use crate::error::Result;

/// A program and what it is tried on.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) program: Program,
    /// How many items of each chain.
    pub(crate) n_items: Vec<usize>,
    /// The rows of each chain of rows.
    pub(super) rows: Vec<SampleRows>,
    host_rows: HostRows,
}

/// Whether a device may leave rows of text to the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HostRows {
    /// Those that it cannot do.
    Left,
    /// There are none that it cannot do: one that it leaves is wrong.
    Wrong,
}

/// Rows with their records.
#[derive(Debug, Clone)]
pub(super) struct SampleRows {
    pub(super) bytes: Vec<u8>,
    pub(super) offsets: Vec<u32>,
    /// For each kernel.
    pub(super) records: Vec<Vec<u8>>,
    /// For each kernel that has some.
    pub(super) tables: Vec<Vec<u32>>,
}

impl SampleRows {
    fn items(&self) -> RowItems<'_> {
        RowItems {
            offsets: &self.offsets,
            records: &self.records,
            tables: &self.tables,
        }
    }
}

impl Trial {
    /// A trial of chains side by side.
    pub(crate) fn new(chains: impl IntoIterator<Item = (Chain, usize)>) -> Self {
        let (chains, n_items) = chains.into_iter().unzip();
        Self {
            program: Program::of(chains),
            n_items,
            rows: Vec::new(),
            host_rows: HostRows::Left,
        }
    }

    /// A trial of chains of rows side by side.
    pub(super) fn of_rows(chains: impl IntoIterator<Item = (RowChain, SampleRows)>) -> Self {
        let (row_chains, rows) = chains.into_iter().unzip();
        Self {
            program: Program {
                chains: Vec::new(),
                row_chains,
            },
            n_items: Vec::new(),
            rows,
            host_rows: HostRows::Left,
        }
    }

    /// The same of rows of which a device has to do all: it would be right in any
    /// other way if it left them to the host.
    pub(super) fn without_host(self) -> Self {
        Self {
            host_rows: HostRows::Wrong,
            ..self
        }
    }
}

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// The processor at a level.
    Level(Level),
    /// A device.
    Backend(&'a dyn Backend),
}

/// How one operator fared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SuiteReport {
    /// The operator, or `mixed` for several in one program.
    pub suite: String,
    /// Chains of kernels that ran.
    pub n_chains: usize,
    /// Bytes compared.
    pub n_bytes: usize,
    /// Chains that the device leaves to the processor, and why.
    pub refused: Vec<String>,
    /// Chains whose bits differ, or that failed, in words; empty if all is well.
    pub wrong: Vec<String>,
}

/// Tries one program and adds to `report` how it fared.
pub(crate) fn try_one(subject: Subject<'_>, trial: &Trial, seed: u64, report: &mut SuiteReport) {
    let (kept, refused) = of_subject(subject, trial);
    report.refused.extend(refused);
    if kept.program.n_columns() == 0 {
        return;
    }
    let srcs = kept.program.chains.iter().zip(&kept.n_items);
    let srcs: Vec<Vec<u8>> = srcs
        .map(|(chain, &n_items)| sample(chain, n_items, seed))
        .collect();
    let written = match subject {
        Subject::Level(level) => on_host(level, &kept, &srcs),
        Subject::Backend(backend) => on_device(backend, &kept, &srcs),
    };
    let compared = written.and_then(|got| {
        let expected = on_host(Level::SCALAR, &kept, &srcs)?;
        Ok((expected, got))
    });
    match compared {
        Err(error) => report.wrong.push(error.to_string()),
        Ok((expected, got)) => {
            let columns = named(&kept.program).into_iter().zip(&expected).zip(&got);
            for ((column, expected), got) in columns {
                report.n_chains += 1;
                report.n_bytes += expected.bytes.len();
                report.wrong.extend(difference(&column, expected, got));
            }
            report.wrong.extend(left_to_host(trial, &got));
        }
    }
}

/// What a chain has written, and whether a number did not fit.
#[derive(Debug, PartialEq, Eq)]
struct Written {
    bytes: Vec<u8>,
    offsets: Vec<u32>,
    overflowed: bool,
}

/// The chains that the subject runs, and those it refuses, in words.
fn of_subject(subject: Subject<'_>, trial: &Trial) -> (Trial, Vec<String>) {
    let mut kept = Trial::new([]);
    kept.host_rows = trial.host_rows;
    let mut refused = Vec::new();
    for (chain, &n_items) in trial.program.chains.iter().zip(&trial.n_items) {
        let reason = match subject {
            Subject::Level(_) => None,
            Subject::Backend(backend) => chain
                .kernels()
                .find_map(|(kernel, _)| backend.leaves(kernel)),
        };
        if let Some(reason) = reason {
            refused.push(format!("{}: {reason}", Named(chain)));
            continue;
        }
        kept.program.chains.push(chain.clone());
        kept.n_items.push(n_items);
    }
    kept.program
        .row_chains
        .clone_from(&trial.program.row_chains);
    kept.rows.clone_from(&trial.rows);
    (kept, refused)
}

fn on_host(level: Level, trial: &Trial, srcs: &[Vec<u8>]) -> Result<Vec<Written>> {
    let run = |(chain, src): (&Chain, &Vec<u8>)| {
        let mut bytes = vec![0xa5; src.len() / chain.src_item_bytes() * chain.dst_item_bytes()];
        let overflowed = chain.run(level, src, &mut bytes)?;
        Ok(Written {
            bytes,
            offsets: Vec::new(),
            overflowed,
        })
    };
    let run_rows = |(chain, rows): (&RowChain, &SampleRows)| {
        let done = chain.run_rows(level, &rows.bytes, &rows.items())?;
        Ok(Written {
            bytes: done.bytes,
            offsets: done.offsets,
            overflowed: false,
        })
    };
    let fixed = trial.program.chains.iter().zip(srcs).map(run);
    let rows = trial.program.row_chains.iter().zip(&trial.rows);
    fixed.chain(rows.map(run_rows)).collect()
}

fn on_device(backend: &dyn Backend, trial: &Trial, srcs: &[Vec<u8>]) -> Result<Vec<Written>> {
    let lane = backend.lane(&trial.program)?;
    let fixed = trial.n_items.iter().map(|&n| Items::Fixed(n));
    let rows = trial.rows.iter().map(|rows| Items::Rows(rows.items()));
    let items: Vec<Items<'_>> = fixed.chain(rows).collect();
    let mut slot = lane.acquire(&items)?;
    let rows = trial.rows.iter().map(|rows| &rows.bytes);
    for (column, src) in srcs.iter().chain(rows).enumerate() {
        slot.write(column, src)?;
    }
    let outputs = slot.submit()?.wait()?;
    let written = |chain| Written {
        bytes: outputs.dst(chain).to_vec(),
        offsets: outputs.offsets(chain),
        overflowed: outputs.overflowed(chain),
    };
    Ok((0..items.len()).map(written).collect())
}

/// The first row that is left to the host though none may be, in words.
fn left_to_host(trial: &Trial, written: &[Written]) -> Option<String> {
    let has_text = |chain: &RowChain| match chain.kernels().last() {
        Some(RowKernel::Tokenize(_)) => true,
        None
        | Some(
            RowKernel::Blend(_)
            | RowKernel::Color(_)
            | RowKernel::Gather(_)
            | RowKernel::Lut(_)
            | RowKernel::Resample(_)
            | RowKernel::Squeeze(_)
            | RowKernel::Warp(_),
        ) => false,
    };
    if trial.host_rows == HostRows::Left || !trial.program.row_chains.iter().all(has_text) {
        return None;
    }
    let rows = written.iter().flat_map(|written| {
        let ends = written.offsets.windows(2);
        ends.map(|ends| written.bytes.get(ends[0] as usize..ends[1] as usize))
    });
    let is_left = |ids: Option<&[u8]>| {
        let (ids, _) = ids.unwrap_or_default().as_chunks();
        ids.contains(&NO_ID.to_ne_bytes())
    };
    let row = rows.into_iter().position(is_left)?;
    Some(format!(
        "tokenize: row {row} is left to the host, which may do none"
    ))
}

/// What is tried of a column, in few words, and the bytes of a number written.
type Column = (String, usize);

/// The columns of a program.
fn named(program: &Program) -> Vec<Column> {
    let chains = program.chains.iter();
    let fixed = chains.map(|chain| (Named(chain).to_string(), chain.dst_number_bytes()));
    let rows = program.row_chains.iter().map(|chain| {
        let names: Vec<String> = chain.kernels().iter().map(ToString::to_string).collect();
        (names.join(" | "), 1)
    });
    fixed.chain(rows).collect()
}

/// The first difference, in words.
fn difference((name, width): &Column, expected: &Written, got: &Written) -> Option<String> {
    if expected == got {
        return None;
    }
    let width = *width;
    if expected.offsets != got.offsets {
        let mut pairs = expected.offsets.iter().zip(&got.offsets);
        let row = pairs.position(|(expected, got)| expected != got);
        return Some(format!("{name}: rows begin elsewhere, from row {row:?} on"));
    }
    if expected.bytes.len() != got.bytes.len() {
        let (wanted, came) = (expected.bytes.len(), got.bytes.len());
        return Some(format!("{name}: expected {wanted} bytes, got {came}"));
    }
    let mut pairs = expected.bytes.iter().zip(&got.bytes);
    let Some(at) = pairs.position(|(expected, got)| expected != got) else {
        let (wanted, came) = (expected.overflowed, got.overflowed);
        return Some(format!("{name}: expected misfits {wanted}, got {came}"));
    };
    // The last kernel's number that the byte belongs to.
    let number = at / width;
    let hex = |bytes: &[u8]| {
        let number = &bytes[number * width..(number + 1) * width];
        let mut text = String::new();
        for byte in number.iter().rev() {
            // Writing to a string cannot fail.
            _ = write!(text, "{byte:02x}");
        }
        text
    };
    let n_wrong = expected
        .bytes
        .chunks(width)
        .zip(got.bytes.chunks(width))
        .filter(|(expected, got)| expected != got)
        .count();
    Some(format!(
        "{name}: expected 0x{} at number {number}, got 0x{} ({n_wrong} of {} numbers differ)",
        hex(&expected.bytes),
        hex(&got.bytes),
        expected.bytes.len() / width,
    ))
}

/// A chain in few words.
struct Named<'a>(&'a Chain);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (kernel, _)) in self.0.kernels().enumerate() {
            let dash = if index == 0 { "" } else { " | " };
            write!(f, "{dash}{kernel}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fuelrail_kernels::tokenize::{DeviceTokenizer, Tokenizer};

    use super::super::cast;
    use super::*;

    #[test]
    fn a_row_of_text_that_is_left_to_the_host_is_found() {
        let tokenizer = Arc::new(Tokenizer::builtin("gpt2").unwrap());
        let device = DeviceTokenizer::new(&tokenizer).unwrap();
        let chain = RowChain::new(vec![RowKernel::Tokenize(device)]).unwrap();
        let rows = SampleRows {
            bytes: vec![b'a'; 2_000],
            offsets: vec![0, 900, 2_000],
            records: vec![Vec::new()],
            tables: Vec::new(),
        };
        let trial = Trial::of_rows([(chain, rows)]);
        let mut report = SuiteReport::default();
        try_one(Subject::Level(Level::SCALAR), &trial, 0, &mut report);
        assert_eq!(report.wrong, [] as [String; 0]);
        let trial = trial.without_host();
        try_one(Subject::Level(Level::SCALAR), &trial, 0, &mut report);
        let expected = "tokenize: row 1 is left to the host, which may do none";
        assert_eq!(report.wrong, [expected]);
    }

    #[test]
    fn a_difference_is_found_and_named() {
        let trial = &cast::trials()[0];
        let chain = &trial.program.chains[1];
        let src = vec![sample(chain, 100, 1)];
        let alone = Trial::new([(chain.clone(), 100)]);
        let run = || on_host(Level::SCALAR, &alone, &src).unwrap().remove(0);
        let chain = &named(&alone.program)[0];
        let expected = run();
        assert_eq!(difference(chain, &expected, &run()), None);
        let mut wrong = run();
        wrong.bytes[7] ^= 1;
        let text = difference(chain, &expected, &wrong).unwrap();
        assert!(text.contains("1 of 100 numbers differ"), "{text}");
        let mut short = run();
        short.bytes.pop();
        assert!(difference(chain, &expected, &short).is_some());
        let mut flag = run();
        flag.overflowed = !flag.overflowed;
        assert!(difference(chain, &expected, &flag).is_some());
    }
}
