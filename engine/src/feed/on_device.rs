//! Steps on a device: rows go up with their records, and what they become is
//! downloaded into the batch.

use std::sync::OnceLock;

use crate::device::{Device, Items, OnLane, Program, RowChain, RowItems, Source, Written};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::operators::{ColumnSteps, Draw, Image, Link};

/// The steps of a feed, made ready on a device.
#[derive(Debug)]
pub(super) struct StepsOnDevice {
    name: String,
    on_lane: OnLane,
    /// Why the CPU does it now, if it does.
    lost: OnceLock<String>,
}

/// The rows of one column as they are stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored<'a> {
    pub(super) steps: &'a ColumnSteps,
    /// One image after another.
    pub(super) bytes: &'a [u8],
}

impl StepsOnDevice {
    /// Makes `columns` ready on `device`; `None` where that is the CPU.
    ///
    /// # Errors
    /// `Device` where it cannot be made ready.
    pub(super) fn new<'a>(
        device: &Device,
        columns: impl Iterator<Item = &'a ColumnSteps>,
    ) -> Result<Option<Self>> {
        let Some(backend) = device.backend() else {
            return Ok(None);
        };
        let chains = columns.map(|steps| RowChain::new(steps.kernels()));
        let program = Program {
            chains: Vec::new(),
            row_chains: chains.collect::<Result<_>>()?,
        };
        let report = device.report();
        Ok(Some(Self {
            name: format!("{} ({})", report.id, report.name),
            on_lane: OnLane {
                lane: backend.lane(&program)?,
                program,
                level: device.level(),
            },
            lost: OnceLock::new(),
        }))
    }

    /// Where the steps run, in words.
    pub(super) fn place(&self) -> String {
        match self.lost.get() {
            None => format!("on {}, downloaded into the batch", self.name),
            Some(why) => format!("on the CPU, since {} failed: {why}", self.name),
        }
    }

    /// What the rows of all columns become, each with what is drawn for it; `None`
    /// where the device has failed, now or before: the CPU gives the same bits.
    ///
    /// # Errors
    /// `Internal` where the rows are no such images.
    pub(super) fn run(
        &self,
        columns: &[Stored<'_>],
        (rows, draw): (&[u64], Draw),
    ) -> Result<Option<Vec<Written>>> {
        if self.lost.get().is_some() {
            return Ok(None);
        }
        let (mut told, mut expected) = (Vec::new(), Vec::new());
        for column in columns {
            let [read, written] = [column.steps.before, column.steps.after];
            told.push((
                offsets(&column.steps.column, read, rows.len())?,
                records(column.steps, rows, draw)?,
            ));
            expected.push(offsets(&column.steps.column, written, rows.len())?);
        }
        let sources = columns.iter().zip(&told);
        let sources = sources.map(|(column, (offsets, records))| Source {
            bytes: column.bytes,
            items: Items::Rows(RowItems { offsets, records }),
        });
        let sources: Vec<Source<'_>> = sources.collect();
        match self.on_lane.run(&sources, None) {
            Ok(written) => {
                let offsets = written.iter().map(|column| &column.offsets);
                if offsets.ne(&expected) {
                    return Err(Error::internal("a device wrote other images"));
                }
                Ok(Some(written))
            }
            Err(error) if error.kind() == ErrorKind::Device => {
                self.lost.get_or_init(|| error.to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Where each image begins.
fn offsets(column: &str, image: Image, n_rows: usize) -> Result<Vec<u32>> {
    let len = image.len_bytes();
    let offset = |row: usize| u32::try_from(row as u64 * len);
    let offsets: Result<Vec<u32>, _> = (0..=n_rows).map(offset).collect();
    offsets.map_err(|_| {
        let message = format!("a batch of `{column}` is 4 GiB or more");
        Error::new(ErrorKind::Usage, message).with_hint("use a smaller batch_size")
    })
}

/// The records of all rows, for each kernel.
fn records(steps: &ColumnSteps, rows: &[u64], draw: Draw) -> Result<Vec<Vec<u8>>> {
    let is_gather = |link: &Link| match link {
        Link::Gather { .. } => true,
        Link::Lut(_) => false,
    };
    let gathers: Vec<usize> = (0..steps.links.len())
        .filter(|&link| is_gather(&steps.links[link]))
        .collect();
    let mut records = vec![Vec::new(); steps.links.len()];
    let mut parameters = Vec::new();
    for row in rows {
        steps.draw_parameters(draw, *row, &mut parameters)?;
        for (link, record) in gathers.iter().zip(&parameters) {
            records[*link].extend_from_slice(bytemuck::bytes_of(record));
        }
    }
    Ok(records)
}
