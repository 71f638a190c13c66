//! Rows of a dataset changed by steps, row by row, as they are put into a batch.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use fuelrail_kernels::Level;

use super::buffer::{Buffer, Buffers};
use super::columns::{First, Output};
use super::fill::{BatchSlot, Fill, NO_ROW, OnDevice, TensorPlace, Wanted};
use super::gather::GatherFill;
use super::on_device::{Goal, StepsOnDevice, Stored};
use super::options::{Access, ReadOptions, Results};
use super::second_images::SecondImages;
use super::second_rows::{Mixed, SecondRows};
use crate::device::{Destination, Device, Kept};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Dtype;
use crate::plan::operators::{
    Between, ColumnSteps, Draw, Image, KnownTensor, Parameters, RowImages, Steps,
};

/// Fills slots with rows that steps have changed.
#[derive(Debug)]
pub(super) struct Stepped {
    gather: GatherFill,
    columns: Vec<SteppedColumn>,
    /// The rows that others are mixed with, where a step names some.
    seconds: Option<SecondRows>,
    /// Why no device runs the steps, where any was to.
    passed_over: Vec<String>,
    /// What runs the steps, if that is not the CPU.
    device: Option<StepsOnDevice>,
    level: Level,
    /// Memory for what is between the kernels of a row that nobody works with.
    idle: Mutex<Vec<Scratch>>,
}

/// See [`Stepped::idle`].
#[derive(Debug, Default)]
struct Scratch {
    between: Between,
    parameters: [Parameters; 2],
}

/// A column that steps change.
#[derive(Debug)]
struct SteppedColumn {
    steps: ColumnSteps,
    /// The index of its tensor, and of the buffer that holds it as it is stored.
    tensor: usize,
    /// The buffer that holds it behind the steps.
    buffer: usize,
    /// An image as it is stored, and one behind the steps.
    images: [Image; 2],
    /// The shape of a row behind the steps.
    shape: Vec<u64>,
    /// The type of its elements.
    dtype: Dtype,
    /// The tensor that says which rows are not null, if some may be.
    valid: Option<usize>,
    /// The index of what is read of second rows, if it is mixed.
    second: Option<usize>,
}

/// The steps of each column of a feed.
///
/// # Errors
/// `Pipeline` with step, operator and column where a step cannot be done; `Usage`
/// where views are asked for.
pub(super) fn lower(
    outputs: &[Output],
    read: &ReadOptions,
    (steps, n_rows): (&Steps, u64),
) -> Result<Vec<ColumnSteps>> {
    if steps.step.is_empty() {
        return Ok(Vec::new());
    }
    if read.access == Access::View {
        let error = Error::new(
            ErrorKind::Usage,
            "expected access = \"copy\" with steps, got \"view\"",
        );
        return Err(error.with_hint("a view shows a shard as it is; steps write to memory"));
    }
    let known: Vec<KnownTensor<'_>> = outputs.iter().map(known).collect();
    steps.lower(&known, n_rows)
}

/// A tensor as steps know it.
fn known(output: &Output) -> KnownTensor<'_> {
    let is_fixed = output.first == First::Rows;
    let is_image = output.dtype == Dtype::U8 && matches!(output.inner.len(), 2 | 3);
    let rows = match output.first {
        First::Rows => format!("rows of shape {:?}", output.inner),
        First::Elements | First::Offsets => "rows of any length".to_owned(),
    };
    KnownTensor {
        name: &output.name,
        column: &output.column,
        image: if is_fixed && is_image {
            Ok(output.inner.as_slice())
        } else {
            Err(format!("{} in {rows}", output.dtype.as_str()))
        },
        is_fixed,
    }
}

impl Stepped {
    /// What `gather` reads, changed by `steps` on `device`, from where it goes as
    /// `results` says; `seconds` reads the rows that are mixed in.
    ///
    /// # Errors
    /// `Internal` for steps of a column that is not read, `Device` where the device
    /// cannot be made ready.
    pub(super) fn new(
        (gather, seconds): (GatherFill, Option<SecondRows>),
        steps: Vec<ColumnSteps>,
        (device, results): (&Device, Results),
    ) -> Result<Self> {
        let outputs = gather.outputs();
        let mut columns = Vec::new();
        for steps in steps {
            let tensor = outputs.iter().position(|it| *it.name == *steps.column);
            let tensor =
                tensor.ok_or_else(|| Error::internal("steps of a column that is not read"))?;
            let images = [steps.before, steps.after].map(|known| known.each());
            let [Some(before), Some(after)] = images else {
                return Err(Error::internal("steps of images of any size"));
            };
            columns.push(SteppedColumn {
                images: [before, after],
                shape: after.shape(&outputs[tensor].inner),
                dtype: after.element.into(),
                valid: outputs
                    .iter()
                    .position(|it| *it.name == *format!("{}.valid", steps.column)),
                tensor,
                buffer: outputs.len() + columns.len(),
                second: seconds.as_ref().and_then(|it| it.tensor(&steps.column)),
                steps,
            });
        }
        let all = columns.iter().map(|column| &column.steps);
        Ok(Self {
            device: StepsOnDevice::new((device, results), all)?,
            passed_over: device.notes().to_vec(),
            gather,
            columns,
            seconds,
            level: device.level(),
            idle: Mutex::default(),
        })
    }
}

impl Fill for Stepped {
    fn fill(&self, wanted: Wanted<'_>, slot: &mut BatchSlot) -> Result<()> {
        // The tensors of the last batch have other shapes than those that are read.
        slot.filled.tensors.clear();
        let Some(seconds) = &self.seconds else {
            self.gather.fill(wanted, slot)?;
            return self.change_all(slot, wanted.draw, None);
        };
        let mut mixed = seconds.take();
        let filled = self.fill_mixed(seconds, wanted, &mut mixed, slot);
        seconds.give_back(mixed);
        filled
    }

    fn place_of_steps(&self) -> Option<String> {
        let on_cpu = || {
            let on_cpu = "on the CPU, in the threads that read";
            match self.passed_over.join("; ") {
                none if none.is_empty() => on_cpu.to_owned(),
                why => format!("{on_cpu}, for no device will do: {why}"),
            }
        };
        let device = self.device.as_ref();
        Some(device.map_or_else(on_cpu, StepsOnDevice::place))
    }
}

/// The memory of a slot that steps work with, for each column.
struct Memory<'a> {
    stored: &'a mut [Buffer],
    /// Of the host, behind the steps.
    changed: &'a mut [Buffer],
    /// Of the device, behind the steps.
    kept: &'a mut Vec<Box<dyn Kept>>,
}

/// Where rows lie behind the steps.
#[derive(Debug, Clone, Copy)]
enum Stays {
    OnDevice,
    OnHost,
}

impl Stepped {
    /// Fills a slot with rows that are mixed with others.
    fn fill_mixed(
        &self,
        seconds: &SecondRows,
        wanted: Wanted<'_>,
        mixed: &mut Mixed,
        slot: &mut BatchSlot,
    ) -> Result<()> {
        seconds.read(wanted, mixed)?;
        self.gather.fill_but(wanted, mixed.lost(), slot)?;
        seconds.align(&slot.filled.rows, &slot.buffers, mixed);
        self.change_all(slot, wanted.draw, Some(mixed))?;
        seconds.deliver(slot, mixed)
    }

    /// Changes all columns of a slot that holds rows as they are stored.
    fn change_all(&self, slot: &mut BatchSlot, draw: Draw, mixed: Option<&Mixed>) -> Result<()> {
        let BatchSlot {
            buffers,
            kept,
            filled,
        } = slot;
        let nulls = self.columns.iter();
        let nulls = nulls.map(|column| column.nulls(filled.rows.len(), buffers));
        let nulls: Vec<HashSet<usize>> = nulls.collect();
        let mut take = |which: fn(&SteppedColumn) -> usize| -> Vec<Buffer> {
            let columns = self.columns.iter();
            columns.map(|column| buffers.take(which(column))).collect()
        };
        let (mut stored, mut changed) = (take(|it| it.tensor), take(|it| it.buffer));
        let memory = Memory {
            stored: &mut stored,
            changed: &mut changed,
            kept,
        };
        let stays = self.change((memory, mixed), &nulls, (&filled.rows, draw));
        let both = self.columns.iter().zip(stored.into_iter().zip(changed));
        for (column, (stored, changed)) in both {
            buffers.put_back(column.tensor, stored);
            buffers.put_back(column.buffer, changed);
        }
        let (stays, on_device) = stays?;
        filled.on_device = on_device;
        for (index, column) in self.columns.iter().enumerate() {
            let tensor = &mut filled.tensors[column.tensor];
            tensor.shape.truncate(1);
            tensor.shape.extend_from_slice(&column.shape);
            tensor.dtype = column.dtype;
            tensor.place = match stays {
                Stays::OnDevice => TensorPlace::Device(index),
                Stays::OnHost => TensorPlace::Slot(column.buffer),
            };
        }
        Ok(())
    }

    /// Changes the rows of all columns.
    fn change(
        &self,
        (memory, mixed): (Memory<'_>, Option<&Mixed>),
        nulls: &[HashSet<usize>],
        (rows, draw): (&[u64], Draw),
    ) -> Result<(Stays, OnDevice)> {
        let Memory {
            stored,
            changed,
            kept,
        } = memory;
        let mut columns = Vec::with_capacity(stored.len());
        for (column, stored) in self.columns.iter().zip(stored) {
            columns.push(Stored {
                steps: &column.steps,
                images: column.images,
                bytes: stored.room(len_of(column.images[0], rows.len())?)?,
                second: column.second_images(mixed)?,
            });
        }
        let mut on_device = OnDevice::default();
        if let Some(device) = &self.device {
            let (stays, mut goals) = self.goals(device, (&mut *changed, kept), (rows, nulls))?;
            if let Some(n_too_large) = device.run(&columns, &mut goals, (rows, draw))? {
                on_device.n_too_large = n_too_large;
                return Ok((stays, on_device));
            }
            on_device.lost = device.lost().cloned();
        }
        for (index, mut goal) in self
            .on_host(changed, (rows, nulls))?
            .into_iter()
            .enumerate()
        {
            if let Destination::Host(dst) = &mut goal.to {
                self.on_cpu(columns[index], (rows, draw), dst)?;
            }
            goal.to.zero(&goal.empty)?;
        }
        Ok((Stays::OnHost, on_device))
    }

    /// Where the device puts the rows of each column.
    fn goals<'a>(
        &self,
        device: &StepsOnDevice,
        (changed, kept): (&'a mut [Buffer], &'a mut Vec<Box<dyn Kept>>),
        (rows, nulls): (&[u64], &[HashSet<usize>]),
    ) -> Result<(Stays, Vec<Goal<'a>>)> {
        let missing = self.columns.len().saturating_sub(kept.len());
        kept.extend((0..missing).map_while(|_| device.keep()));
        if kept.len() < self.columns.len() {
            return Ok((Stays::OnHost, self.on_host(changed, (rows, nulls))?));
        }
        let goals = self.columns.iter().zip(kept).zip(nulls);
        let goals = goals.map(|((column, kept), nulls)| {
            Ok(Goal {
                to: Destination::Device(&mut **kept),
                empty: column.empty(rows, nulls)?,
            })
        });
        Ok((Stays::OnDevice, goals.collect::<Result<_>>()?))
    }

    /// Memory of the host for the rows of each column. A batch that does not fit is
    /// refused before anything is done.
    fn on_host<'a>(
        &self,
        changed: &'a mut [Buffer],
        (rows, nulls): (&[u64], &[HashSet<usize>]),
    ) -> Result<Vec<Goal<'a>>> {
        let goals = self.columns.iter().zip(changed).zip(nulls);
        let goals = goals.map(|((column, changed), nulls)| {
            let len = len_of(column.images[1], rows.len())?;
            Ok(Goal {
                to: Destination::Host(changed.room(len)?),
                empty: column.empty(rows, nulls)?,
            })
        });
        goals.collect()
    }

    /// Changes all rows of a column, each by what is drawn for it.
    fn on_cpu(
        &self,
        column: Stored<'_>,
        (rows, draw): (&[u64], Draw),
        dst: &mut [u8],
    ) -> Result<()> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = idle().pop().unwrap_or_default();
        let Scratch {
            between,
            parameters,
        } = &mut scratch;
        let [before, after] = column.images;
        let [own, others] = parameters;
        let len = len_of(before, 1)?;
        let images = column.bytes.chunks_exact(len);
        let changed = dst.chunks_exact_mut(len_of(after, 1)?);
        for (at, ((src, dst), row)) in images.zip(changed).zip(rows).enumerate() {
            if *row == NO_ROW {
                continue;
            }
            column.steps.draw_parameters(draw, (*row, before), own)?;
            let second = column.second.and_then(|seconds| seconds.of(at, len));
            if let Some((_, second, _)) = second {
                // It looks as it does where it is read for itself.
                column
                    .steps
                    .draw_parameters(draw, (second, before), others)?;
            }
            let images = RowImages {
                own: (src, own),
                second: second.map(|(src, _, weight)| ((src, &others[..]), weight)),
            };
            column.steps.run(self.level, images, between, dst)?;
        }
        idle().push(scratch);
        Ok(())
    }
}

impl SteppedColumn {
    /// What its rows are mixed with.
    fn second_images<'a>(&self, mixed: Option<&'a Mixed>) -> Result<Option<SecondImages<'a>>> {
        let (Some(mixed), Some(tensor)) = (mixed, self.second) else {
            return Ok(None);
        };
        let len = len_of(self.images[0], mixed.rows.len())?;
        Ok(Some(SecondImages {
            bytes: if len == 0 {
                &[]
            } else {
                mixed.bytes(tensor, len)?
            },
            rows: &mixed.rows,
            of: &mixed.of,
        }))
    }

    /// The rows of a batch that are null.
    fn nulls(&self, n_rows: usize, buffers: &Buffers) -> HashSet<usize> {
        let valid = self.valid.and_then(|tensor| buffers.bytes(tensor, n_rows));
        let rows = valid.unwrap_or_default().iter().enumerate();
        rows.filter(|(_, is_valid)| **is_valid == 0)
            .map(|(row, _)| row)
            .collect()
    }

    /// The bytes behind the steps of what holds no row, or none that is not null.
    fn empty(&self, rows: &[u64], nulls: &HashSet<usize>) -> Result<Vec<Range<usize>>> {
        let image = len_of(self.images[1], 1)?;
        let is_empty = |at: &usize| rows[*at] == NO_ROW || nulls.contains(at);
        let empty = (0..rows.len()).filter(is_empty);
        let mut runs: Vec<Range<usize>> = Vec::new();
        for at in empty {
            match runs.last_mut() {
                Some(run) if run.end == at * image => run.end += image,
                _ => runs.push(at * image..(at + 1) * image),
            }
        }
        Ok(runs)
    }
}

/// The bytes of so many images.
fn len_of(image: Image, n_images: usize) -> Result<usize> {
    let len = usize::try_from(image.len_bytes()).ok();
    let all = len.and_then(|len| len.checked_mul(n_images));
    all.ok_or_else(|| Error::internal("a batch beyond memory"))
}
