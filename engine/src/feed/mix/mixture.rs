//! Several datasets as one sequence of rows.
//!
//! Position `k` of epoch `e` of a mixture is place `e n + k` of an endless
//! sequence, where `n` are the positions of an epoch: whole cycles of the weights.
//! [`Cycle`] says whose place that is, and its how many-th. Sample `j` of a dataset
//! of `m` rows is row `j % m` of its epoch `j / m`, in the order that a loader of
//! this dataset alone has, with the same seed. So a dataset goes on where it was
//! when an epoch of the mixture ends, and no row of it comes twice before all have
//! come once.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use twox_hash::XxHash3_128;

use super::cycle::Cycle;
use crate::error::{Error, ErrorKind, Result, name_in_backticks};
use crate::feed::fill::{Filled, NO_ROW};
use crate::feed::options::Shuffle;
use crate::feed::order::{Extent, Order};
use crate::feed::saved::MixedWith;
use crate::feed::state::State;
use crate::format::Dataset;
use crate::plan::{Column, Digest};

/// Rows of all datasets together, and positions of an epoch, at most.
const MAX_ROWS: u64 = 1 << 62;

/// Where an epoch of a mixture ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum MixStop {
    /// With the last whole cycle in which no dataset begins anew, or the first.
    #[default]
    FirstExhausted,
    /// With the first whole cycle in which the last dataset has come to its end;
    /// shorter ones have begun anew.
    AllExhausted,
}

impl MixStop {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstExhausted => "first_exhausted",
            Self::AllExhausted => "all_exhausted",
        }
    }
}

/// How far a mixture has come with one of its datasets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MixProgress {
    /// Its rows that have been had, those of every epoch and of all ranks.
    pub rows: u64,
    /// Its epoch.
    pub epoch: u64,
    /// Its rows of that epoch that have been had.
    pub position: u64,
}

/// One of the datasets.
#[derive(Debug)]
struct MixedDataset {
    extent: Extent,
    /// Rows of the datasets before it.
    first_row: u64,
    digest: Digest,
}

/// Datasets with weights.
#[derive(Debug)]
pub struct Mixture {
    datasets: Vec<MixedDataset>,
    cycle: Cycle,
    /// Positions of an epoch.
    extent: Extent,
    digest: Digest,
    plan: Digest,
}

impl Mixture {
    /// A mixture of datasets, each with its weight and how its rows lie.
    ///
    /// # Errors
    /// `Usage` for weights that cannot be, and datasets that have no rows, are the
    /// same, or do not have the same columns.
    pub(crate) fn new(datasets: &[(Arc<Dataset>, u32)], stop: MixStop) -> Result<Self> {
        let weights: Vec<u32> = datasets.iter().map(|(_, weight)| *weight).collect();
        let cycle = Cycle::new(&weights)?;
        let mut first_row = 0u64;
        let mut mixed: Vec<MixedDataset> = Vec::with_capacity(datasets.len());
        for (dataset, _) in datasets {
            let manifest = dataset.manifest();
            if manifest.n_rows == 0 {
                return Err(
                    refused("expected datasets with rows to mix, got one without")
                        .with_path(dataset.root()),
                );
            }
            if mixed.iter().any(|other| other.digest == manifest.digest) {
                return Err(refused("expected each dataset once, got one twice")
                    .with_path(dataset.root())
                    .with_hint("give it a greater weight"));
            }
            mixed.push(MixedDataset {
                extent: Extent::new(manifest.n_rows, manifest.len_bytes()),
                first_row,
                digest: manifest.digest,
            });
            first_row = first_row.saturating_add(manifest.n_rows);
        }
        if first_row > MAX_ROWS {
            return Err(refused(format!(
                "expected at most 2^62 rows to mix, got {first_row}"
            )));
        }
        check_columns(datasets)?;
        let extent = Extent {
            n_rows: n_positions(&mixed, &cycle, stop)?,
            block_rows: mixed
                .iter()
                .map(|it| it.extent.block_rows)
                .min()
                .unwrap_or(1),
        };
        let of = |digest: fn(&Dataset) -> Digest| digests(datasets, &cycle, (stop, digest));
        Ok(Self {
            digest: of(|dataset| dataset.manifest().digest),
            plan: of(|dataset| dataset.manifest().plan_digest),
            datasets: mixed,
            cycle,
            extent,
        })
    }

    /// A mixture of datasets that are nothing but their extents.
    #[cfg(test)]
    pub(super) fn of_extents(extents: &[Extent], weights: &[u32], stop: MixStop) -> Result<Self> {
        let cycle = Cycle::new(weights)?;
        let mut first_row = 0;
        let mixed = |extent: &Extent| {
            first_row += extent.n_rows;
            MixedDataset {
                extent: *extent,
                first_row: first_row - extent.n_rows,
                digest: Digest(0),
            }
        };
        let datasets: Vec<MixedDataset> = extents.iter().map(mixed).collect();
        Ok(Self {
            extent: Extent {
                n_rows: n_positions(&datasets, &cycle, stop)?,
                block_rows: 1,
            },
            datasets,
            cycle,
            digest: Digest(0),
            plan: Digest(0),
        })
    }

    /// Positions of an epoch, and rows that are read together.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// Names what is mixed and how, in place of the digest of a dataset.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The same of the plans.
    #[must_use]
    pub fn plan(&self) -> Digest {
        self.plan
    }

    /// The weights, without what they have in common, and the datasets.
    #[must_use]
    pub fn mixed_with(&self) -> Vec<MixedWith> {
        let of = |(index, it): (usize, &MixedDataset)| MixedWith {
            weight: self.cycle.weight(index),
            dataset: it.digest,
        };
        self.datasets.iter().enumerate().map(of).collect()
    }

    /// How far each dataset has come at a state.
    #[must_use]
    pub fn progress(&self, state: &State) -> Vec<MixProgress> {
        let place = self.place(state.epoch, state.position);
        let of = |(index, it): (usize, &MixedDataset)| {
            let rows = self.cycle.n_before(place, index);
            let n_rows = u128::from(it.extent.n_rows.max(1));
            MixProgress {
                rows: narrow(rows),
                epoch: narrow(rows / n_rows),
                position: narrow(rows % n_rows),
            }
        };
        self.datasets.iter().enumerate().map(of).collect()
    }

    /// Appends the rows at these positions of an epoch, counted through all
    /// datasets; positions beyond its end have none.
    pub(crate) fn rows(
        &self,
        (shuffle, seed, epoch): (Shuffle, u64, u32),
        positions: Range<u64>,
        out: &mut Vec<u64>,
    ) {
        let end = positions.end.min(self.extent.n_rows);
        let start = positions.start.min(end);
        let places = self.place(epoch, start)..self.place(epoch, end);
        let of = |(index, it): (usize, &MixedDataset)| {
            let samples =
                self.cycle.n_before(places.start, index)..self.cycle.n_before(places.end, index);
            it.rows((shuffle, seed), samples).into_iter()
        };
        let mut rows: Vec<_> = self.datasets.iter().enumerate().map(of).collect();
        out.extend(places.filter_map(|place| rows.get_mut(self.cycle.dataset(place))?.next()));
    }

    /// Makes rows counted through all datasets rows of their own, and notes whose
    /// they are.
    pub(crate) fn settle(&self, filled: &mut Filled) {
        filled.datasets.clear();
        for row in &mut filled.rows {
            let dataset = self.settle_row(row);
            let dataset = dataset.and_then(|dataset| i32::try_from(dataset).ok());
            filled.datasets.push(dataset.unwrap_or(-1));
        }
        for damage in &mut filled.damage {
            self.settle_row(&mut damage.row);
        }
    }

    fn settle_row(&self, row: &mut u64) -> Option<usize> {
        if *row == NO_ROW {
            return None;
        }
        let n_begun = self.datasets.partition_point(|it| it.first_row <= *row);
        let index = n_begun.checked_sub(1)?;
        *row -= self.datasets.get(index)?.first_row;
        Some(index)
    }

    fn place(&self, epoch: u32, position: u64) -> u128 {
        u128::from(epoch) * u128::from(self.extent.n_rows) + u128::from(position)
    }
}

impl MixedDataset {
    /// The rows of its samples, in their order.
    fn rows(&self, (shuffle, seed): (Shuffle, u64), samples: Range<u128>) -> Vec<u64> {
        let n_rows = u128::from(self.extent.n_rows.max(1));
        let mut rows = Vec::new();
        let mut start = samples.start;
        while start < samples.end {
            let (epoch, position) = (start / n_rows, start % n_rows);
            let end = samples.end.min(start - position + n_rows);
            let first = rows.len();
            // More epochs than have a number begin with the first again.
            let epoch = narrow(epoch & u128::from(u32::MAX));
            let epoch = u32::try_from(epoch).unwrap_or(u32::MAX);
            let order = Order::new(shuffle, seed, epoch, self.extent);
            order.rows(narrow(position)..narrow(position + end - start), &mut rows);
            for row in rows.iter_mut().skip(first) {
                *row += self.first_row;
            }
            start = end;
        }
        rows
    }
}

/// Positions of an epoch: a whole number of cycles.
fn n_positions(datasets: &[MixedDataset], cycle: &Cycle, stop: MixStop) -> Result<u64> {
    let cycles = datasets.iter().enumerate().map(|(index, it)| {
        let weight = cycle.weight(index).max(1);
        match stop {
            MixStop::FirstExhausted => it.extent.n_rows / weight,
            MixStop::AllExhausted => it.extent.n_rows.div_ceil(weight),
        }
    });
    let n_cycles = match stop {
        MixStop::FirstExhausted => cycles.min(),
        MixStop::AllExhausted => cycles.max(),
    };
    let n_positions = n_cycles.unwrap_or(0).max(1).checked_mul(cycle.n_places());
    n_positions
        .filter(|n_positions| *n_positions <= MAX_ROWS)
        .ok_or_else(|| refused("expected an epoch of at most 2^62 rows, got more"))
}

/// One digest of all that decides the sequence.
fn digests(
    datasets: &[(Arc<Dataset>, u32)],
    cycle: &Cycle,
    (stop, digest): (MixStop, fn(&Dataset) -> Digest),
) -> Digest {
    let mut text = format!("mixture 1 {}\n", stop.as_str());
    for (index, (dataset, _)) in datasets.iter().enumerate() {
        let line = format!("{} {}\n", cycle.weight(index), digest(dataset));
        text.push_str(&line);
    }
    Digest(XxHash3_128::oneshot(text.as_bytes()))
}

/// Checks that all datasets have the columns of the first, and origins of the same
/// kind.
fn check_columns(datasets: &[(Arc<Dataset>, u32)]) -> Result<()> {
    let Some(((first, _), others)) = datasets.split_first() else {
        return Ok(());
    };
    let expected = first.manifest();
    for (other, _) in others {
        let found = other.manifest();
        let differ = |message: String| Err(refused(message).with_path(other.root()));
        let columns = expected.schema.iter().zip(&found.schema);
        if let Some((expected, found)) = columns.into_iter().find(|(a, b)| a != b) {
            return differ(format!(
                "expected datasets with the same columns to mix: the first has {}, this one {}",
                described(expected),
                described(found)
            ));
        }
        let n_columns = (expected.schema.len(), found.schema.len());
        let extra = expected
            .schema
            .get(n_columns.1)
            .or(found.schema.get(n_columns.0));
        if let Some(extra) = extra {
            let whose = if n_columns.0 > n_columns.1 {
                "the first"
            } else {
                "this one"
            };
            return differ(format!(
                "expected datasets with the same columns to mix: only {whose} has {}",
                described(extra)
            ));
        }
        if expected.origins != found.origins {
            return differ(
                "expected all datasets to be packed, or none: rows of one hold several documents"
                    .to_owned(),
            );
        }
    }
    Ok(())
}

/// A column in words that tell it from any other.
fn described(column: &Column) -> String {
    let mut said = format!("{} of {}", name_in_backticks(&column.name), column.logical);
    if !column.shape.is_empty() {
        let shape: Vec<String> = column.shape.iter().map(u64::to_string).collect();
        _ = write!(said, "[{}]", shape.join(", "));
    }
    if column.layout == crate::plan::ColumnLayout::Ragged {
        said.push_str(", ragged");
    }
    if column.nullable {
        said.push_str(", nullable");
    }
    said
}

/// A number that is below 2^64 in every run that ends.
fn narrow(n: u128) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, message)
}
