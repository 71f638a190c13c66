//! The links of a column as kernels on rows, for devices, and what these are told of
//! each row.

use bytemuck::bytes_of;
use fuelrail_kernels::RowKernel;
use fuelrail_kernels::blend::BlendRow;
use fuelrail_kernels::resample::{ResampleTables, ResampleWindow, WeightsCache};

use super::lowered::{Blending, Link, Resizing};
use super::row_record::RowRecord;
use crate::error::{Error, Result};

/// One link, or a window and the resize behind it, which are one.
#[derive(Debug, Clone, Copy)]
enum DeviceLink<'a> {
    One(&'a Link),
    ResizedWindow(&'a Resizing),
}

/// Links put together where a device does them at once.
fn together(links: &[Link]) -> impl Iterator<Item = (usize, DeviceLink<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = at;
        let link = links.get(begin)?;
        if let (true, Some(Link::Resample(resizing))) = (link.is_window(), links.get(begin + 1)) {
            at += 2;
            return Some((begin, DeviceLink::ResizedWindow(resizing)));
        }
        at += 1;
        Some((begin, DeviceLink::One(link)))
    })
}

/// The kernels of these links.
#[must_use]
pub fn device_kernels(links: &[Link]) -> Vec<RowKernel> {
    let kernels = together(links).flat_map(|(_, link)| match link {
        DeviceLink::One(Link::Gather { kernel, .. }) => vec![RowKernel::Gather(*kernel)],
        DeviceLink::One(Link::Warp(warping)) => vec![RowKernel::Warp(warping.kernel)],
        DeviceLink::One(Link::Color(coloring)) => vec![RowKernel::Color(coloring.kernel)],
        DeviceLink::One(Link::Lut(lut)) => vec![RowKernel::Lut(lut.clone())],
        DeviceLink::One(Link::Blend(Blending { kernel, .. })) => vec![RowKernel::Blend(*kernel)],
        DeviceLink::One(Link::Resample(resizing)) | DeviceLink::ResizedWindow(resizing) => {
            // One axis after the other.
            vec![RowKernel::Resample(resizing.axis); 2]
        }
    });
    kernels.collect()
}

/// What the kernels of some links are told of all rows of a batch.
#[derive(Debug, Default)]
pub struct DeviceRows {
    /// For each kernel, the records of all rows, one behind another.
    pub records: Vec<Vec<u8>>,
    tables: Vec<ResampleTables>,
    weights: WeightsCache,
}

impl DeviceRows {
    /// Adds a row: what is drawn for it, and how it is mixed, which is asked where a
    /// link blends.
    ///
    /// # Errors
    /// `Internal` for a row without records, or with those of another.
    pub fn push(
        &mut self,
        (links, records): (&[Link], &[RowRecord]),
        blend: impl Fn(&Blending) -> BlendRow,
    ) -> Result<()> {
        let mut kernel = 0;
        for (at, link) in together(links) {
            let record = records.get(at);
            let record = record.ok_or_else(|| Error::internal("a row without its record"))?;
            match (link, record) {
                (DeviceLink::One(Link::Gather { .. }), RowRecord::Gather(record)) => {
                    self.add(&mut kernel, bytes_of(record));
                }
                (DeviceLink::One(Link::Warp(_)), RowRecord::Warp(record)) => {
                    self.add(&mut kernel, bytes_of(record));
                }
                (DeviceLink::One(Link::Color(_)), RowRecord::Color(record)) => {
                    self.add(&mut kernel, bytes_of(record));
                }
                (DeviceLink::One(Link::Lut(_)), RowRecord::Shared) => self.add(&mut kernel, &[]),
                (DeviceLink::One(Link::Blend(blending)), RowRecord::Shared) => {
                    self.add(&mut kernel, bytes_of(&blend(blending)));
                }
                (
                    DeviceLink::One(Link::Resample(resizing)),
                    RowRecord::Resample([before, behind]),
                ) => {
                    let window = ResampleWindow::whole(*before);
                    self.add_resized(&mut kernel, resizing, (window, *behind))?;
                }
                (DeviceLink::ResizedWindow(resizing), RowRecord::Gather(gather)) => {
                    let sides = [gather.src_height, gather.src_width];
                    let behind = records.get(at + 1);
                    let (Some(window), Some(RowRecord::Resample([_, behind]))) =
                        (record.window(), behind)
                    else {
                        return Err(Error::internal("a window with another's record"));
                    };
                    let window = ResampleWindow { sides, window };
                    self.add_resized(&mut kernel, resizing, (window, *behind))?;
                }
                (
                    DeviceLink::One(
                        Link::Gather { .. }
                        | Link::Warp(_)
                        | Link::Color(_)
                        | Link::Lut(_)
                        | Link::Blend(_)
                        | Link::Resample(_),
                    )
                    | DeviceLink::ResizedWindow(_),
                    _,
                ) => return Err(Error::internal("a link with another's record")),
            }
        }
        Ok(())
    }

    /// For each kernel, the tables that its records name.
    #[must_use]
    pub fn tables(&self) -> Vec<Vec<u32>> {
        let tables = self.tables.iter();
        tables.map(|tables| tables.words().to_vec()).collect()
    }

    fn add(&mut self, kernel: &mut usize, record: &[u8]) {
        if self.records.len() <= *kernel {
            self.records.resize_with(*kernel + 1, Vec::new);
            self.tables
                .resize_with(*kernel + 1, ResampleTables::default);
        }
        self.records[*kernel].extend_from_slice(record);
        *kernel += 1;
    }

    fn add_resized(
        &mut self,
        kernel: &mut usize,
        resizing: &Resizing,
        (window, to): (ResampleWindow, [u32; 2]),
    ) -> Result<()> {
        for axis in 0..2 {
            let at = *kernel;
            // Both kernels have all tables: which of them is the first to need one
            // differs from row to row.
            self.add(kernel, &[]);
            let rows = self.tables[at].rows(&mut self.weights, (&window, to), resizing.filter);
            let rows = rows.map_err(|error| Error::internal(error.to_string()))?;
            self.records[at].extend_from_slice(bytes_of(&rows[axis]));
        }
        Ok(())
    }
}
