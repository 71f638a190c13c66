//! How tables of bytes are added to the kernels of a column: two, one after another, are one.

use std::sync::Arc;

use fuelrail_kernels::Element;
use fuelrail_kernels::gather::Border;
use fuelrail_kernels::lut::{Lut, LutError};
use fuelrail_kernels::normalize::{ImageValues, Layout, Table};

use super::image::KnownImages;
use super::lowered::{ColumnSteps, Link, gather, rewritten, small_enough};

impl ColumnSteps {
    /// Looks bytes up in one table, together with the table before it if there is one.
    ///
    /// # Errors
    /// Where images are not those of a kernel.
    pub(super) fn add_table(&mut self, table: &[u8; 256]) -> Result<(), String> {
        let before = match self.links.last() {
            Some(Link::Lut(lut)) => Some(lut.clone()),
            Some(
                Link::Gather { .. }
                | Link::Resample(_)
                | Link::Warp(_)
                | Link::Color(_)
                | Link::Blend(_),
            )
            | None => None,
        };
        let byte = |byte: u8| match &before {
            // Two tables, one after another, are one.
            Some(lut) => lut.byte(byte),
            None => byte,
        };
        let bits = |_: u32, value: u8| u32::from(table[usize::from(byte(value))]);
        // Whose channel a byte is does not count where there is one table.
        let lut = Lut::of_fn(Element::U8, 1, self.after.layout, 1, bits);
        let lut = lut.map_err(|error| error.to_string())?;
        if before.is_some() {
            self.links.pop();
        }
        self.links.push(Link::Lut(lut));
        Ok(())
    }

    /// Puts the axes in order, in the last gather if there is one, and then looks
    /// floats up.
    ///
    /// # Errors
    /// As [`ColumnSteps::add_table`], and where images become too large.
    pub(super) fn add_values(&mut self, table: &Table, layout: Layout) -> Result<(), String> {
        let images = self.after;
        let said = |error: LutError| error.to_string();
        let before = match self.links.last() {
            Some(Link::Lut(lut)) => Some(lut.clone()),
            Some(
                Link::Gather { .. }
                | Link::Resample(_)
                | Link::Warp(_)
                | Link::Color(_)
                | Link::Blend(_),
            )
            | None => None,
        };
        let bits = |channel: u32, value: u8| {
            let value = before.as_ref().map_or(value, |lut| lut.byte(value));
            table.bits()[channel as usize * 256 + usize::from(value)]
        };
        let n_tables = images.channels;
        let lut = match &before {
            Some(_) => Lut::of_fn(table.element(), n_tables, layout, n_tables, bits),
            None => Lut::of_values(&Arc::new(ImageValues::new(table.clone())), layout),
        };
        let lut = lut.map_err(said)?;
        if before.is_some() {
            self.links.pop();
        }
        self.after = small_enough(KnownImages {
            layout,
            element: table.element(),
            ..images
        })?;
        if images.layout != layout && images.channels > 1 {
            match self.links.last_mut() {
                Some(Link::Gather { kernel, .. }) => {
                    *kernel = rewritten(kernel, (layout, kernel.border()))?;
                }
                Some(
                    Link::Resample(_)
                    | Link::Warp(_)
                    | Link::Color(_)
                    | Link::Lut(_)
                    | Link::Blend(_),
                )
                | None => {
                    self.links.push(Link::Gather {
                        kernel: gather(images, (layout, Border::Edge))?,
                        moves: Vec::new(),
                    });
                }
            }
        }
        self.links.push(Link::Lut(lut));
        Ok(())
    }
}
