//! Steps on a device: rows go up with their records, and what they become stays in
//! memory of the device, or is downloaded into the batch. Where they mix rows, the
//! steps before that are a program of its own, which runs on the rows and on their
//! second ones.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::files::DecodedImages;
use super::options::Results;
use super::second_images::SecondImages;
use crate::device::{
    ColumnItems, Destination, Device, Items, Kept, Landing, OnLane, Program, RowChain, RowItems,
};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::operators::{
    ColumnSteps, DeviceRows, Draw, Image, Link, Parameters, Weight, device_kernels,
};

/// The steps of a feed, made ready on a device.
#[derive(Debug)]
pub(super) struct StepsOnDevice {
    name: String,
    /// What runs before rows are mixed, if anything does.
    before: Option<OnLane>,
    on_lane: OnLane,
    /// Whether what rows become stays on the device.
    keeps: bool,
    /// Why the CPU does it now, if it does.
    lost: OnceLock<Arc<str>>,
}

/// The rows of one column as they are stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored<'a> {
    pub(super) steps: &'a ColumnSteps,
    /// What they are before the steps.
    pub(super) before: StoredAs<'a>,
    /// An image behind the steps.
    pub(super) after: Image,
    /// One image after another.
    pub(super) bytes: &'a [u8],
    /// What they are mixed with, if they are.
    pub(super) second: Option<SecondImages<'a>>,
}

/// What the rows of a column are before the steps.
#[derive(Debug, Clone, Copy)]
pub(super) enum StoredAs<'a> {
    /// Images of one shape.
    Same(Image),
    /// Images of any size, out of their files, and what is drawn for each.
    Decoded(&'a DecodedImages),
}

/// Where the rows of one column go.
#[derive(Debug)]
pub(super) struct Goal<'a> {
    pub(super) to: Destination<'a>,
    /// The bytes in there of what holds no row, or none that is not null: zeros.
    pub(super) empty: Vec<Range<usize>>,
}

/// Images that a program reads, column by column, and how many rows were too much for the
/// device before.
type ImagesRead<'a> = (Vec<Cow<'a, [u8]>>, usize);

impl StepsOnDevice {
    /// Makes `columns` ready on `device`; `None` where that is the CPU.
    ///
    /// # Errors
    /// `Device` where it cannot be made ready.
    pub(super) fn new<'a>(
        (device, results): (&Device, Results),
        columns: impl Iterator<Item = &'a ColumnSteps>,
    ) -> Result<Option<Self>> {
        let Some(backend) = device.backend() else {
            return Ok(None);
        };
        let (mut before, mut last) = (Vec::new(), Vec::new());
        for steps in columns {
            let (first, behind) = steps.links.split_at(begin_of_last(steps));
            if !first.is_empty() {
                before.push(chain(first)?);
            }
            last.push(chain(behind)?);
        }
        let on_lane = |row_chains: Vec<RowChain>| -> Result<OnLane> {
            let program = Program {
                chains: Vec::new(),
                row_chains,
            };
            Ok(OnLane {
                lane: backend.lane(&program)?,
                program,
                level: device.level(),
            })
        };
        let report = device.report();
        let last = on_lane(last)?;
        Ok(Some(Self {
            name: format!("{} ({})", report.id, report.name),
            keeps: results == Results::OnDevice && last.lane.keep().is_some(),
            before: if before.is_empty() {
                None
            } else {
                Some(on_lane(before)?)
            },
            on_lane: last,
            lost: OnceLock::new(),
        }))
    }

    /// Where the steps run, in words.
    pub(super) fn place(&self) -> String {
        if let Some(why) = self.lost() {
            return format!("on the CPU, since {why}");
        }
        let from_there = match self.before {
            Some(_) => ", before `blend` and from there on, downloaded between the two",
            None => "",
        };
        let end = match (self.keeps, &self.before) {
            (true, None) => ", where the rows of a batch stay",
            (true, Some(_)) => "; there the rows of a batch stay",
            (false, None) => ", downloaded into the batch",
            (false, Some(_)) => " and into the batch",
        };
        format!("on {}{from_there}{end}", self.name)
    }

    /// Why the CPU does it now, if it does.
    pub(super) fn lost(&self) -> Option<&Arc<str>> {
        self.lost.get()
    }

    /// Whether rows stay on the device; then there is memory for so many columns, which
    /// has no room yet.
    pub(super) fn keep(&self, kept: &mut Vec<Box<dyn Kept>>, n_columns: usize) -> bool {
        if !self.keeps || self.lost().is_some() {
            return false;
        }
        let missing = n_columns.saturating_sub(kept.len());
        kept.extend((0..missing).map_while(|_| self.on_lane.lane.keep()));
        kept.len() >= n_columns
    }

    /// Sends what the CPU has made of a batch to where the rows of others stay; whether
    /// they do.
    ///
    /// # Errors
    /// Those of the memory but for `Device`.
    pub(super) fn send(&self, goals: Vec<Goal<'_>>, kept: &mut Vec<Box<dyn Kept>>) -> Result<bool> {
        if !self.keep(kept, goals.len()) {
            return Ok(false);
        }
        let sent = self.attempt(|| {
            // The thread may be a caller's that has devices of its own.
            let _visit = self.on_lane.lane.visit()?;
            for (goal, kept) in goals.into_iter().zip(kept) {
                if let Destination::Host(bytes) = goal.to {
                    kept.begin(bytes.len())?;
                    kept.write(0, bytes)?;
                }
            }
            Ok(())
        })?;
        Ok(sent.is_some())
    }

    /// Puts what the rows of all columns become where they go, each with what is
    /// drawn for it. Returns how many rows are too much for the device; `None` where
    /// the device has failed, now or before: the CPU gives the same bits.
    ///
    /// # Errors
    /// `Internal` where the rows are no such images.
    pub(super) fn run(
        &self,
        columns: &[Stored<'_>],
        goals: &mut [Goal<'_>],
        (rows, draw): (&[u64], Draw),
    ) -> Result<Option<u64>> {
        self.attempt(|| self.run_on_lane(columns, goals, (rows, draw)))
    }

    /// Does something with the device; `None` where it has failed, now or before.
    ///
    /// # Errors
    /// Those of `work` but for `Device`.
    pub(super) fn attempt<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        if self.lost().is_some() {
            return Ok(None);
        }
        match work() {
            Ok(done) => Ok(Some(done)),
            Err(error) if error.kind() == ErrorKind::Device => {
                let why = || format!("{} failed: {error}", self.name).into();
                self.lost.get_or_init(why);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn run_on_lane(
        &self,
        columns: &[Stored<'_>],
        goals: &mut [Goal<'_>],
        (rows, draw): (&[u64], Draw),
    ) -> Result<u64> {
        // The thread may be a caller's that has devices of its own.
        let _visit = self.on_lane.lane.visit()?;
        let (images, n_before) = self.images(columns, (rows, draw))?;
        let (mut told, mut expected) = (Vec::new(), Vec::new());
        for column in columns {
            let steps = column.steps;
            let links = begin_of_last(steps)..steps.links.len();
            told.push((column.read(rows.len())?, column.told(links, rows, draw)?));
            let len = column.after.len_bytes();
            expected.push(offsets(&steps.column, len, rows.len())?);
        }
        let tables: Vec<_> = told.iter().map(|(_, rows)| rows.tables()).collect();
        let sources = images.iter().zip(&told).zip(&tables);
        let sources = sources.map(|((bytes, (offsets, rows)), tables)| ColumnItems {
            bytes,
            items: Items::Rows(RowItems {
                offsets,
                records: &rows.records,
                tables,
            }),
        });
        let sources: Vec<ColumnItems<'_>> = sources.collect();
        let landings = goals.iter_mut().zip(&expected);
        let landings = landings.map(|(goal, offsets)| Landing {
            offsets,
            to: goal.to.reborrow(),
        });
        let mut landings: Vec<Landing<'_>> = landings.collect();
        let n_too_large = self.on_lane.run_into(&sources, &mut landings)?;
        for goal in goals {
            goal.to.zero(&goal.empty)?;
        }
        Ok((n_before + n_too_large.iter().sum::<usize>()) as u64)
    }

    /// What the last program reads: the rows of each column as they are stored, or
    /// pairs of rows that are to be blended; and how many rows were too much for the
    /// device on the way there.
    fn images<'a>(&self, columns: &[Stored<'a>], drawn: (&[u64], Draw)) -> Result<ImagesRead<'a>> {
        let (changed, n_too_large) = match &self.before {
            Some(on_lane) => run_before(on_lane, columns, drawn)?,
            None => (Vec::new(), 0),
        };
        let mut changed = changed.iter();
        let images = columns.iter().map(|column| {
            let (Some(second), (before, Some(blending), _)) =
                (column.second, column.steps.around_blend())
            else {
                return Ok(Cow::Borrowed(column.bytes));
            };
            let len = blending.image.len_bytes();
            let len =
                usize::try_from(len).map_err(|_| Error::internal("an image beyond memory"))?;
            if before.is_empty() {
                return Ok(Cow::Owned(second.pairs(column.bytes, second.bytes, len)));
            }
            let changed = changed.next().map(Vec::as_slice);
            let changed = changed.and_then(|bytes| bytes.split_at_checked(drawn.0.len() * len));
            let (own, others) =
                changed.ok_or_else(|| Error::internal("a device wrote fewer images"))?;
            Ok(Cow::Owned(second.pairs(own, others, len)))
        });
        let images = images.collect::<Result<_>>()?;
        Ok((images, n_too_large))
    }
}

/// Runs the steps before rows are mixed, on all rows and behind them on their second
/// ones; gives the images of each column that is mixed, and how many rows were too much
/// for the device.
fn run_before(
    on_lane: &OnLane,
    columns: &[Stored<'_>],
    (rows, draw): (&[u64], Draw),
) -> Result<(Vec<Vec<u8>>, usize)> {
    let (mut told, mut expected) = (Vec::new(), Vec::new());
    for column in columns {
        let steps = column.steps;
        let (Some(second), (before @ [_, ..], Some(blending), _), StoredAs::Same(image)) =
            (column.second, steps.around_blend(), column.before)
        else {
            continue;
        };
        let all = [rows, second.rows].concat();
        told.push((
            [column.bytes, second.bytes].concat(),
            offsets(&steps.column, image.len_bytes(), all.len())?,
            column.told(0..before.len(), &all, draw)?,
        ));
        expected.push(offsets(
            &steps.column,
            blending.image.len_bytes(),
            all.len(),
        )?);
    }
    let tables: Vec<_> = told.iter().map(|(_, _, rows)| rows.tables()).collect();
    let sources = told.iter().zip(&tables);
    let sources = sources.map(|((bytes, offsets, rows), tables)| ColumnItems {
        bytes,
        items: Items::Rows(RowItems {
            offsets,
            records: &rows.records,
            tables,
        }),
    });
    let ends = expected.iter().map(|offsets| offsets.last().copied());
    let mut images: Vec<Vec<u8>> = ends.map(|end| vec![0; end.unwrap_or(0) as usize]).collect();
    let landings = images.iter_mut().zip(&expected);
    let landings = landings.map(|(images, offsets)| Landing {
        offsets,
        to: Destination::Host(images),
    });
    let mut landings: Vec<Landing<'_>> = landings.collect();
    let n_too_large = on_lane.run_into(&sources.collect::<Vec<_>>(), &mut landings)?;
    drop(landings);
    Ok((images, n_too_large.iter().sum()))
}

/// The link of a column with which the last program begins.
fn begin_of_last(steps: &ColumnSteps) -> usize {
    match steps.around_blend() {
        (before, Some(_), _) => before.len(),
        (_, None, _) => 0,
    }
}

fn chain(links: &[Link]) -> Result<RowChain> {
    RowChain::new(device_kernels(links))
}

/// Where each image of so many bytes begins.
fn offsets(column: &str, len: u64, n_rows: usize) -> Result<Vec<u32>> {
    let offset = |row: usize| u32::try_from(row as u64 * len);
    let offsets: Result<Vec<u32>, _> = (0..=n_rows).map(offset).collect();
    offsets.map_err(|_| {
        let message = format!("a batch of `{column}` is 4 GiB or more");
        Error::new(ErrorKind::Usage, message).with_hint("use a smaller batch_size")
    })
}

impl Stored<'_> {
    /// Where each image that the last program reads begins.
    fn read(&self, n_rows: usize) -> Result<Cow<'_, [u32]>> {
        let column = &self.steps.column;
        let len = match (self.before, self.steps.around_blend().1) {
            (StoredAs::Decoded(rows), _) => return Ok(Cow::Borrowed(&rows.offsets)),
            (StoredAs::Same(_), Some(blending)) => 2 * blending.image.len_bytes(),
            (StoredAs::Same(image), None) => image.len_bytes(),
        };
        offsets(column, len, n_rows).map(Cow::Owned)
    }

    /// What the kernels of some links are told of all rows.
    fn told(&self, links: Range<usize>, rows: &[u64], draw: Draw) -> Result<DeviceRows> {
        let mut told = DeviceRows::default();
        let mut drawn = Parameters::new();
        for (at, row) in rows.iter().enumerate() {
            let parameters = match self.before {
                StoredAs::Decoded(rows) => &rows.parameters[at],
                StoredAs::Same(image) => {
                    self.steps
                        .draw_parameters(draw, (*row, image), &mut drawn)?;
                    &drawn
                }
            };
            let records = parameters.get(links.clone()).unwrap_or_default();
            told.push((&self.steps.links[links.clone()], records), |blending| {
                let second = self.second.and_then(|second| second.of[at]);
                let weight = second.map_or(Weight::WHOLE, |(_, weight)| weight);
                blending.record(weight)
            })?;
        }
        // No row, no record.
        let n_kernels = device_kernels(&self.steps.links[links]).len();
        told.records.resize_with(n_kernels, Vec::new);
        Ok(told)
    }
}
