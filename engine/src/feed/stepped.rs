//! Rows of a dataset changed by steps, row by row, as they are put into a batch.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use fuelrail_kernels::Level;

use super::buffer::{Buffer, Buffers};
use super::columns::{First, Output};
use super::fill::{Fill, NO_ROW, Place, Slot, Wanted};
use super::gather::Gather;
use super::on_device::{StepsOnDevice, Stored};
use super::options::{Access, ReadOptions};
use super::second_images::SecondImages;
use super::second_rows::{Mixed, SecondRows};
use crate::device::Device;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Dtype;
use crate::plan::operators::{
    Between, ColumnSteps, Draw, Image, KnownTensor, Parameters, RowImages, Steps,
};

/// Fills slots with rows that steps have changed.
#[derive(Debug)]
pub(super) struct Stepped {
    gather: Gather,
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
    /// The shape of a row behind the steps.
    shape: Vec<u64>,
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
    /// What `gather` reads, changed by `steps` on `device`; `seconds` reads the rows that
    /// are mixed in.
    ///
    /// # Errors
    /// `Internal` for steps of a column that is not read, `Device` where the device
    /// cannot be made ready.
    pub(super) fn new(
        (gather, seconds): (Gather, Option<SecondRows>),
        steps: Vec<ColumnSteps>,
        device: &Device,
    ) -> Result<Self> {
        let outputs = gather.outputs();
        let mut columns = Vec::new();
        for steps in steps {
            let tensor = outputs.iter().position(|it| *it.name == *steps.column);
            let tensor =
                tensor.ok_or_else(|| Error::internal("steps of a column that is not read"))?;
            columns.push(SteppedColumn {
                shape: steps.after.shape(&outputs[tensor].inner),
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
            device: StepsOnDevice::new(device, all)?,
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
    fn fill(&self, wanted: Wanted<'_>, slot: &mut Slot) -> Result<()> {
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

impl Stepped {
    /// Fills a slot with rows that are mixed with others.
    fn fill_mixed(
        &self,
        seconds: &SecondRows,
        wanted: Wanted<'_>,
        mixed: &mut Mixed,
        slot: &mut Slot,
    ) -> Result<()> {
        seconds.read(wanted, mixed)?;
        self.gather.fill_but(wanted, mixed.lost(), slot)?;
        seconds.align(&slot.filled.rows, &slot.buffers, mixed);
        self.change_all(slot, wanted.draw, Some(mixed))?;
        seconds.deliver(slot, mixed)
    }

    /// Changes all columns of a slot that holds rows as they are stored.
    fn change_all(&self, slot: &mut Slot, draw: Draw, mixed: Option<&Mixed>) -> Result<()> {
        let Slot { buffers, filled } = slot;
        let columns = self.columns.iter();
        let mut stored: Vec<Buffer> = columns.map(|it| buffers.take(it.tensor)).collect();
        let changed = self.change((&mut stored, mixed), (&filled.rows, draw), buffers);
        for (column, stored) in self.columns.iter().zip(stored) {
            buffers.put_back(column.tensor, stored);
        }
        changed?;
        for column in &self.columns {
            let tensor = &mut filled.tensors[column.tensor];
            tensor.shape.truncate(1);
            tensor.shape.extend_from_slice(&column.shape);
            tensor.place = Place::Slot(column.buffer);
        }
        Ok(())
    }

    /// Changes the rows of all columns, from `stored` to `buffers`.
    fn change(
        &self,
        (stored, mixed): (&mut [Buffer], Option<&Mixed>),
        (rows, draw): (&[u64], Draw),
        buffers: &mut Buffers,
    ) -> Result<()> {
        let mut columns = Vec::with_capacity(stored.len());
        for (column, stored) in self.columns.iter().zip(stored) {
            columns.push(Stored {
                steps: &column.steps,
                bytes: stored.room(len_of(column.steps.before, rows.len())?)?,
                second: column.second_images(mixed)?,
            });
        }
        let nulls: Vec<HashSet<usize>> = self
            .columns
            .iter()
            .map(|column| column.nulls(rows.len(), buffers))
            .collect();
        // A batch that does not fit memory is refused before anything is done.
        for column in &self.columns {
            let len = len_of(column.steps.after, rows.len())?;
            buffers.buffer(column.buffer).room(len)?;
        }
        let by_device = match &self.device {
            Some(device) => device.run(&columns, (rows, draw))?,
            None => None,
        };
        for (index, column) in columns.iter().enumerate() {
            let len = len_of(column.steps.after, rows.len())?;
            let dst = buffers.buffer(self.columns[index].buffer).room(len)?;
            match &by_device {
                // As long as its offsets say, which were compared.
                Some(changed) => dst.copy_from_slice(&changed[index].bytes),
                None => self.on_cpu(*column, (rows, draw), dst)?,
            }
            let image = len / rows.len().max(1);
            let images = dst.chunks_exact_mut(image.max(1)).enumerate();
            // What holds no row, or none that is not null, stays zeros.
            let is_empty = |at: usize| rows[at] == NO_ROW || nulls[index].contains(&at);
            let empty = images.filter(|(at, _)| is_empty(*at));
            empty.for_each(|(_, image)| image.fill(0));
        }
        Ok(())
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
        let [before, after] = [column.steps.before, column.steps.after];
        let [own, others] = parameters;
        let len = len_of(before, 1)?;
        let images = column.bytes.chunks_exact(len);
        let changed = dst.chunks_exact_mut(len_of(after, 1)?);
        for (at, ((src, dst), row)) in images.zip(changed).zip(rows).enumerate() {
            if *row == NO_ROW {
                continue;
            }
            column.steps.draw_parameters(draw, *row, own)?;
            let second = column.second.and_then(|seconds| seconds.of(at, len));
            if let Some((_, second, _)) = second {
                // It looks as it does where it is read for itself.
                column.steps.draw_parameters(draw, second, others)?;
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
        let len = len_of(self.steps.before, mixed.rows.len())?;
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
}

/// The bytes of so many images.
fn len_of(image: Image, n_images: usize) -> Result<usize> {
    let len = usize::try_from(image.len_bytes()).ok();
    let all = len.and_then(|len| len.checked_mul(n_images));
    all.ok_or_else(|| Error::internal("a batch beyond memory"))
}
