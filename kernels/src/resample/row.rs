//! The records of rows, and the tables that they share.

use rustc_hash::FxHashMap;

use super::axis::Axis;
use super::taps::Taps;
use super::{ResampleError, ResampleFilter, ResampleWindow, Weights, WeightsCache};
use crate::twin::twin;

twin! {
    /// How one row is resized along an axis; see the [contract](super).
    pub struct ResampleRow: 36 {
        /// Rows of the image read.
        pub height: u32,
        /// Columns of it.
        pub width: u32,
        /// The first row of the window.
        pub top: u32,
        /// The first column of it.
        pub left: u32,
        /// Rows of the window.
        pub rows: u32,
        /// Columns of it.
        pub cols: u32,
        /// What these rows or columns become in number.
        pub to: u32,
        /// Where its table begins, in words of the tables.
        pub table: u32,
        /// 1 if the number of rows changes, 0 if that of columns.
        pub is_vertical: u32,
    }
}

impl ResampleRow {
    /// The axis along which it is resized.
    #[must_use]
    pub fn axis(&self) -> Axis {
        match self.is_vertical {
            0 => Axis::Horizontal,
            _ => Axis::Vertical,
        }
    }

    /// Rows and columns of what is written.
    #[must_use]
    pub fn sides(&self) -> [u32; 2] {
        match self.axis() {
            Axis::Horizontal => [self.rows, self.to],
            Axis::Vertical => [self.to, self.cols],
        }
    }

    /// The table among `tables`, if it is one for the window and that lies within the
    /// image.
    pub(super) fn taps<'a>(&self, tables: &'a [u32]) -> Result<Taps<'a>, ResampleError> {
        self.window().checked()?;
        let from = match self.axis() {
            Axis::Horizontal => self.cols,
            Axis::Vertical => self.rows,
        };
        let words = tables.get(self.table as usize..).unwrap_or_default();
        let taps = Taps::read(words, from, self.to);
        taps.ok_or(ResampleError::Table {
            at: self.table,
            from,
            to: self.to,
        })
    }

    /// All of what is written, as what the next kernel reads.
    fn behind(self) -> Self {
        let [height, width] = self.sides();
        Self {
            height,
            width,
            top: 0,
            left: 0,
            rows: height,
            cols: width,
            ..self
        }
    }

    /// The window that is read.
    fn window(&self) -> ResampleWindow {
        ResampleWindow {
            sides: [self.height, self.width],
            window: [self.top, self.left, self.rows, self.cols],
        }
    }
}

/// The tables of many rows, each there once.
#[derive(Debug, Clone, Default)]
pub struct ResampleTables {
    words: Vec<u32>,
    places: FxHashMap<(u32, u32, ResampleFilter), u32>,
}

impl ResampleTables {
    /// All words so far, for the kernels of both axes.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// Forgets all tables, and keeps their room.
    pub fn clear(&mut self) {
        self.words.clear();
        self.places.clear();
    }

    /// The records that resize a window to `to` rows and columns, one axis after the
    /// other in Pillow's order: that of the first kernel, then that of the second.
    /// Their tables are added.
    ///
    /// # Errors
    /// Where the window is empty, or reaches beyond the image, or there are no rows or
    /// columns to become, or too many.
    pub fn rows(
        &mut self,
        weights: &mut WeightsCache,
        (window, to): (&ResampleWindow, [u32; 2]),
        filter: ResampleFilter,
    ) -> Result<[ResampleRow; 2], ResampleError> {
        let [top, left, rows, cols] = window.checked()?;
        let down = weights.get(rows, to[0], filter)?;
        let across = weights.get(cols, to[1], filter)?;
        let [height, width] = window.sides;
        let begin = ResampleRow {
            height,
            width,
            top: top + down.reads().start,
            left: left + across.reads().start,
            rows: down.reads().end - down.reads().start,
            cols: across.reads().end - across.reads().start,
            to: 0,
            table: 0,
            is_vertical: 0,
        };
        let axes = Axis::in_order([rows, cols], to[0]).map(|axis| match axis {
            Axis::Horizontal => (self.place(&across, filter), to[1], 0),
            Axis::Vertical => (self.place(&down, filter), to[0], 1),
        });
        let along = |(table, to, is_vertical), row| ResampleRow {
            to,
            table,
            is_vertical,
            ..row
        };
        let first = along(axes[0], begin);
        Ok([first, along(axes[1], first.behind())])
    }

    /// Where the table of these weights lies.
    fn place(&mut self, weights: &Weights, filter: ResampleFilter) -> u32 {
        let words = &mut self.words;
        let key = (weights.from(), weights.to(), filter);
        *self.places.entry(key).or_insert_with(|| {
            let at = u32::try_from(words.len()).unwrap_or(u32::MAX);
            words.extend_from_slice(weights.words());
            at
        })
    }
}
