//! Rows of a dataset changed by steps, row by row, as they are put into a batch.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use fuelrail_kernels::Level;

use super::annotated::{AnnotatedColumn, annotated};
use super::buffer::{Buffer, Buffers};
use super::columns::First;
use super::files::{DecodedImages, FileOutcomes};
use super::fill::{BatchSlot, Fill, Filled, NO_ROW, OnDevice, TensorPlace, Wanted};
use super::followers::{fill_without_image, find_images};
use super::gather::GatherFill;
use super::image_rows::change_images;
use super::on_device::{Goal, StepsOnDevice, Stored, StoredAs};
use super::options::Results;
use super::row_scratch::RowScratch;
use super::second_rows::{Mixed, SecondRows};
use super::stepped_column::{ColumnRows, RowSource, SteppedColumn, len_of};
use crate::device::{Destination, Device, Kept};
use crate::error::{Error, Result};
use crate::format::to_usize;
use crate::plan::operators::{ColumnSteps, Draw};

/// Fills slots with rows that steps have changed.
#[derive(Debug)]
pub(super) struct Stepped {
    gather: GatherFill,
    columns: Vec<SteppedColumn>,
    /// Boxes and keypoints of their images.
    annotated: Vec<AnnotatedColumn>,
    /// The rows that others are mixed with, where a step names some.
    seconds: Option<SecondRows>,
    /// Why no device runs the steps, where any was to.
    passed_over: Vec<String>,
    /// What runs the steps, if that is not the CPU.
    device: Option<StepsOnDevice>,
    level: Level,
    /// Memory for what is between the kernels of a row that nobody works with.
    idle: Mutex<Vec<RowScratch>>,
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
        let n_columns = steps.len();
        let mut columns = Vec::with_capacity(n_columns);
        for (index, steps) in steps.into_iter().enumerate() {
            // Behind a buffer for each tensor, one for each column that is changed and one
            // for the statuses of its files.
            let buffer = outputs.len() + index;
            let second = seconds.as_ref().and_then(|it| it.tensor(&steps.column));
            let buffers = [buffer, buffer + n_columns];
            columns.push(SteppedColumn::new(steps, outputs, buffers, second)?);
        }
        find_images(&mut columns)?;
        let all = columns.iter().map(|column| &column.steps);
        Ok(Self {
            device: StepsOnDevice::new((device, results), all)?,
            passed_over: device.notes().to_vec(),
            annotated: annotated(&columns, outputs, outputs.len() + 2 * n_columns)?,
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
        let Some(device) = &self.device else {
            return Some(on_cpu());
        };
        let mut columns = self.columns.iter();
        let decodes = columns.any(|column| column.steps.decoding.is_some());
        let place = device.place();
        let mut place = match device.lost() {
            None if decodes => format!("{place}; files are decoded on the CPU before"),
            None | Some(_) => place,
        };
        if device.lost().is_none() && !self.annotated.is_empty() {
            place.push_str("; boxes and keypoints are moved on the CPU");
        }
        Some(place)
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

/// What has become of the rows of a batch.
#[derive(Debug)]
struct Changed {
    stays: Stays,
    on_device: OnDevice,
    /// What became of files, by the index of their column.
    files: Vec<(usize, FileOutcomes)>,
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
        let stays = self.change((memory, mixed), (&nulls, buffers), (&filled.rows, draw));
        let both = self.columns.iter().zip(stored.into_iter().zip(changed));
        for (column, (stored, changed)) in both {
            buffers.put_back(column.tensor, stored);
            buffers.put_back(column.buffer, changed);
        }
        let Changed {
            stays,
            on_device,
            files,
        } = stays?;
        filled.on_device = on_device;
        let mut coordinates = Vec::with_capacity(self.annotated.len());
        let known = (&self.columns[..], &files[..]);
        for column in &self.annotated {
            let shards = self.gather.shards();
            let read = column.read(known, (&*buffers, &mut *filled), shards)?;
            coordinates.push(read);
        }
        let mut lost = self.tell((buffers, filled), files)?;
        for (column, read) in self.annotated.iter().zip(&coordinates) {
            lost.extend(column.lost(read));
        }
        self.lose(&lost, (buffers, filled))?;
        let n_rows = filled.rows.len() as u64;
        for (index, column) in self.columns.iter().enumerate() {
            let tensor = &mut filled.tensors[column.tensor];
            tensor.shape.clear();
            tensor.shape.push(n_rows);
            tensor.shape.extend_from_slice(&column.shape);
            tensor.dtype = column.dtype;
            tensor.place = match stays {
                Stays::OnDevice => TensorPlace::Device(index),
                Stays::OnHost => TensorPlace::Slot(column.buffer),
            };
        }
        self.exchange_tensors(filled);
        for (column, read) in self.annotated.iter().zip(coordinates) {
            column.deliver(read, (&self.columns, draw), (buffers, filled))?;
        }
        Ok(())
    }

    /// Tells a batch what became of the files of its columns; gives the rows that are to
    /// be skipped.
    fn tell(
        &self,
        (buffers, filled): (&mut Buffers, &mut Filled),
        files: Vec<(usize, FileOutcomes)>,
    ) -> Result<Vec<usize>> {
        let mut lost = Vec::new();
        for (index, decoded) in files {
            if let RowSource::Files(column) = &self.columns[index].source {
                let shards = self.gather.shards();
                lost.extend(decoded.tell(column, (buffers, filled), shards)?);
            }
        }
        Ok(lost)
    }

    /// Leaves nothing of rows that are skipped.
    fn lose(&self, lost: &[usize], (buffers, filled): (&mut Buffers, &mut Filled)) -> Result<()> {
        for &at in lost {
            filled.rows[at] = NO_ROW;
            filled.valid[at] = 0;
            for (index, output) in self.gather.outputs().iter().enumerate() {
                let elements = output.inner.iter().product::<u64>();
                let len = to_usize(elements * output.dtype.len_bytes())?;
                if output.first == First::Rows {
                    let all = buffers.buffer(index).room(len * filled.rows.len())?;
                    all[len * at..][..len].fill(0);
                }
            }
            for column in &self.columns {
                let len = len_of(column.image, 1)?;
                let all = buffers
                    .buffer(column.buffer)
                    .room(len * filled.rows.len())?;
                all[len * at..][..len].fill(0);
            }
        }
        Ok(())
    }

    /// Puts statuses in the place of the offsets of files.
    fn exchange_tensors(&self, filled: &mut Filled) {
        let n_rows = filled.rows.len();
        for column in &self.columns {
            if let RowSource::Files(files) = &column.source {
                filled.tensors[files.offsets] = files.placed(&column.steps.column, n_rows);
            }
        }
    }

    /// Changes the rows of all columns.
    fn change(
        &self,
        (memory, mixed): (Memory<'_>, Option<&Mixed>),
        (nulls, buffers): (&[HashSet<usize>], &Buffers),
        (rows, draw): (&[u64], Draw),
    ) -> Result<Changed> {
        let Memory {
            stored,
            changed,
            kept,
        } = memory;
        let mut columns = Vec::with_capacity(stored.len());
        for ((column, stored), nulls) in self.columns.iter().zip(stored).zip(nulls) {
            columns.push(column.rows((stored, buffers), mixed, (rows.len(), nulls))?);
        }
        if let Some(device) = &self.device {
            let memory = (&mut *changed, &mut *kept);
            if let Some(done) = self.on_device(device, &columns, memory, (rows, nulls, draw))? {
                return Ok(done);
            }
        }
        let mut files = Vec::new();
        let mut goals = self.on_host(changed, (rows, nulls))?;
        for (index, (goal, column)) in goals.iter_mut().zip(&columns).enumerate() {
            if let Destination::Host(dst) = &mut goal.to {
                let sides = self.columns[index].sides_wanted(&self.columns, outcome_of(&files));
                let decoded = self.on_cpu(column.with_sides(sides), (rows, draw), dst)?;
                files.extend(decoded.map(|decoded| (index, decoded)));
            }
        }
        let to = (&self.columns[..], &mut goals[..]);
        fill_without_image(to, outcome_of(&files), (rows, nulls), self.level)?;
        for goal in &mut goals {
            goal.to.zero(&goal.empty)?;
        }
        let device = self.device.as_ref();
        let is_sent = match device {
            Some(device) => device.send(goals, kept)?,
            None => false,
        };
        Ok(Changed {
            stays: if is_sent {
                Stays::OnDevice
            } else {
                Stays::OnHost
            },
            on_device: OnDevice {
                n_too_large: 0,
                lost: device.and_then(|device| device.lost().cloned()),
            },
            files,
        })
    }

    /// Changes the rows of all columns on the device, files after they were decoded
    /// here; `None` where the CPU has to do it: the device is lost, or there is no image
    /// in the batch.
    fn on_device(
        &self,
        device: &StepsOnDevice,
        columns: &[ColumnRows<'_>],
        (changed, kept): (&mut [Buffer], &mut Vec<Box<dyn Kept>>),
        (rows, nulls, draw): (&[u64], &[HashSet<usize>], Draw),
    ) -> Result<Option<Changed>> {
        if device.lost().is_some() {
            return Ok(None);
        }
        let Some(decoded) = self.decode_all(columns, (rows, draw))? else {
            return Ok(None);
        };
        let stored = columns.iter().zip(&self.columns).zip(&decoded);
        let stored: Option<Vec<Stored<'_>>> = stored
            .map(|((rows, column), decoded)| match (rows, decoded) {
                (ColumnRows::Images(images), _) => Some(*images),
                (ColumnRows::Files(files), Some(decoded)) => Some(Stored {
                    steps: files.steps,
                    before: StoredAs::Decoded(decoded),
                    after: column.image,
                    bytes: &decoded.bytes,
                    second: None,
                }),
                (ColumnRows::Files(_), None) => None,
            })
            .collect();
        let stored = stored.ok_or_else(|| Error::internal("files that were not decoded"))?;
        let (stays, mut goals) = self.goals(device, (changed, kept), (rows, nulls))?;
        let Some(n_too_large) = device.run(&stored, &mut goals, (rows, draw))? else {
            return Ok(None);
        };
        drop(stored);
        let mut files = Vec::new();
        let of_files = columns.iter().zip(&mut goals).zip(decoded).enumerate();
        for (index, ((rows, goal), decoded)) in of_files {
            let (ColumnRows::Files(column), Some(DecodedImages { decoded, .. })) = (rows, decoded)
            else {
                continue;
            };
            let len = len_of(self.columns[index].image, 1)?;
            for at in decoded.bad() {
                let image = column.in_place_of_bad(self.level, len)?;
                goal.to.write(len * at..len * (at + 1), &image)?;
            }
            files.push((index, decoded));
        }
        let to = (&self.columns[..], &mut goals[..]);
        fill_without_image(to, outcome_of(&files), (rows, nulls), self.level)?;
        Ok(Some(Changed {
            stays,
            on_device: OnDevice {
                n_too_large,
                lost: None,
            },
            files,
        }))
    }

    /// The images of all columns of files; `None` where one of them has none.
    fn decode_all(
        &self,
        columns: &[ColumnRows<'_>],
        drawn: (&[u64], Draw),
    ) -> Result<Option<Vec<Option<DecodedImages>>>> {
        let mut decoded: Vec<Option<DecodedImages>> = Vec::with_capacity(columns.len());
        for (index, column) in columns.iter().enumerate() {
            let outcome = |at: usize| decoded.get(at)?.as_ref().map(|it| &it.decoded);
            let sides = self.columns[index].sides_wanted(&self.columns, outcome);
            let rows_of_column = match column.with_sides(sides) {
                ColumnRows::Images(_) => None,
                ColumnRows::Files(files) => {
                    let rows = self.with_scratch(|scratch| {
                        files.decode_rows(drawn, scratch, self.gather.shards())
                    })?;
                    let Some(rows) = rows else {
                        return Ok(None);
                    };
                    Some(rows)
                }
            };
            decoded.push(rows_of_column);
        }
        Ok(Some(decoded))
    }

    /// Where the device puts the rows of each column.
    fn goals<'a>(
        &self,
        device: &StepsOnDevice,
        (changed, kept): (&'a mut [Buffer], &'a mut Vec<Box<dyn Kept>>),
        (rows, nulls): (&[u64], &[HashSet<usize>]),
    ) -> Result<(Stays, Vec<Goal<'a>>)> {
        if !device.keep(kept, self.columns.len()) {
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
            let len = len_of(column.image, rows.len())?;
            Ok(Goal {
                to: Destination::Host(changed.room(len)?),
                empty: column.empty(rows, nulls)?,
            })
        });
        goals.collect()
    }

    /// Changes all rows of a column, each by what is drawn for it; tells what became
    /// of files.
    fn on_cpu(
        &self,
        column: ColumnRows<'_>,
        drawn: (&[u64], Draw),
        dst: &mut [u8],
    ) -> Result<Option<FileOutcomes>> {
        self.with_scratch(|scratch| match column {
            ColumnRows::Images(images) => {
                change_images(self.level, (images, drawn), scratch, dst)?;
                Ok(None)
            }
            ColumnRows::Files(files) => {
                let into = (dst, self.gather.shards());
                files.decode(self.level, drawn, scratch, into).map(Some)
            }
        })
    }

    /// Runs `work` with memory that no other thread works with.
    fn with_scratch<T>(&self, work: impl FnOnce(&mut RowScratch) -> Result<T>) -> Result<T> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = idle().pop().unwrap_or_default();
        let done = work(&mut scratch);
        idle().push(scratch);
        done
    }
}

/// What became of the files of each column.
fn outcome_of<'a>(
    files: &'a [(usize, FileOutcomes)],
) -> impl Fn(usize) -> Option<&'a FileOutcomes> {
    move |column| {
        let mut files = files.iter();
        files
            .find(|(index, _)| *index == column)
            .map(|(_, files)| files)
    }
}
