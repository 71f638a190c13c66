//! The record of one item, and how steps compose into it.

use std::ops::Range;

use super::{Border, GatherError};
use crate::twin::twin;

/// Sides of images and magnitudes of coordinates are below this.
const LIMIT: i64 = 1 << 30;

twin! {
    /// Where the samples of one item come from; see the [contract](super).
    pub struct GatherRow: 64 {
        /// Rows of the image read.
        pub src_height: u32,
        /// Columns of the image read.
        pub src_width: u32,
        /// Rows of the image written.
        pub dst_height: u32,
        /// Columns of the image written.
        pub dst_width: u32,
        /// The row read for row 0, column 0.
        pub top: i32,
        /// The column read for row 0, column 0.
        pub left: i32,
        /// Rows further per row written: -1, 0 or 1.
        pub row_down: i32,
        /// Rows further per column written.
        pub row_right: i32,
        /// Columns further per row written.
        pub col_down: i32,
        /// Columns further per column written.
        pub col_right: i32,
        /// The first row that counts.
        pub window_top: i32,
        /// The first column that counts.
        pub window_left: i32,
        /// How many rows count.
        pub window_height: u32,
        /// How many columns count.
        pub window_width: u32,
        /// Not read; makes a record as long as a line of the caches.
        pub pad_low: u32,
        /// Not read.
        pub pad_high: u32,
    }
}

impl GatherRow {
    /// The whole of an image of this size, as it is.
    ///
    /// # Errors
    /// Where a side is 2^30 or more.
    pub fn whole(height: u32, width: u32) -> Result<Self, GatherError> {
        let row = Self {
            src_height: height,
            src_width: width,
            dst_height: height,
            dst_width: width,
            top: 0,
            left: 0,
            row_down: 1,
            row_right: 0,
            col_down: 0,
            col_right: 1,
            window_top: 0,
            window_left: 0,
            window_height: height,
            window_width: width,
            pad_low: 0,
            pad_high: 0,
        };
        row.check().map(|()| row)
    }

    /// Only these rows and columns of the image so far: top, left, height,
    /// width. Either may be none.
    ///
    /// # Errors
    /// Where they reach beyond the image so far, or the record is not valid.
    pub fn crop(self, [top, left, height, width]: [u32; 4]) -> Result<Self, GatherError> {
        self.check()?;
        let fits =
            |start: u32, len: u32, whole: u32| u64::from(start) + u64::from(len) <= whole.into();
        if !fits(top, height, self.dst_height) || !fits(left, width, self.dst_width) {
            return Err(GatherError::Geometry {
                expected: "a crop within the image",
                got: format!(
                    "{height} x {width} at row {top}, column {left} of {} x {}",
                    self.dst_height, self.dst_width
                ),
            });
        }
        self.moved([top.into(), left.into()], [height.into(), width.into()])
    }

    /// So many rows and columns more around the image so far: top, left,
    /// bottom, right. What they show is decided by `border`, which must be that
    /// of the [`Gather`](super::Gather) this record is for.
    ///
    /// # Errors
    /// Where one window cannot express it (see [Composition](super)), sides or
    /// coordinates become 2^30 or more, or the record is not valid.
    pub fn pad(
        mut self,
        border: Border,
        [top, left, bottom, right]: [u32; 4],
    ) -> Result<Self, GatherError> {
        self.check()?;
        let [top, left, bottom, right] = [top, left, bottom, right].map(i64::from);
        let mut added = [top + bottom, left + right];
        let sides = [
            added[0] + i64::from(self.dst_height),
            added[1] + i64::from(self.dst_width),
        ];
        if self.is_turned() {
            added.swap(0, 1);
        }
        let mut windows = self.windows();
        for ((window, view), added) in windows.iter_mut().zip(self.views()).zip(added) {
            if added > 0 {
                *window = border
                    .shrink(window, &view)
                    .ok_or_else(|| GatherError::Geometry {
                        expected: "an image that one gather can pad",
                        got: format!(
                            "{border:?} around {} to {} of a window from {} to {}",
                            view.start, view.end, window.start, window.end
                        ),
                    })?;
            }
        }
        self.set_windows(&windows);
        self.moved([-top, -left], sides)
    }

    /// Left becomes right.
    #[must_use]
    pub fn flip_horizontal(mut self) -> Self {
        let last = self.dst_width.saturating_sub(1).cast_signed();
        // Wrapping, because only a record that is not valid can overflow, and
        // that is for `Gather::check` to refuse.
        self.top = self.top.wrapping_add(self.row_right.wrapping_mul(last));
        self.left = self.left.wrapping_add(self.col_right.wrapping_mul(last));
        self.row_right = self.row_right.wrapping_neg();
        self.col_right = self.col_right.wrapping_neg();
        self
    }

    /// Top becomes bottom.
    #[must_use]
    pub fn flip_vertical(self) -> Self {
        self.transpose().flip_horizontal().transpose()
    }

    /// Turned so many quarters counter-clockwise, as `numpy.rot90` does; a
    /// negative number turns clockwise.
    #[must_use]
    pub fn rotate90(self, quarter_turns: i32) -> Self {
        match quarter_turns.rem_euclid(4) {
            0 => self,
            1 => self.flip_horizontal().transpose(),
            2 => self.flip_horizontal().flip_vertical(),
            _ => self.transpose().flip_horizontal(),
        }
    }

    /// Rows become columns.
    #[must_use]
    pub fn transpose(mut self) -> Self {
        std::mem::swap(&mut self.dst_height, &mut self.dst_width);
        std::mem::swap(&mut self.row_down, &mut self.row_right);
        std::mem::swap(&mut self.col_down, &mut self.col_right);
        self
    }

    /// Whether it is one that the [contract](super) allows for some border.
    pub(super) fn check(&self) -> Result<(), GatherError> {
        let sides = [
            self.src_height,
            self.src_width,
            self.dst_height,
            self.dst_width,
        ];
        if sides.into_iter().any(|side| i64::from(side) >= LIMIT) {
            return Err(self.refuse("sides below 2^30"));
        }
        let is_one = |direction: i32| direction == 1 || direction == -1;
        let straight = is_one(self.row_down) && is_one(self.col_right);
        let turned = is_one(self.row_right) && is_one(self.col_down);
        let is_zero = match (straight, turned) {
            (true, false) => self.row_right == 0 && self.col_down == 0,
            (false, true) => self.row_down == 0 && self.col_right == 0,
            _ => false,
        };
        if !is_zero {
            return Err(self.refuse("one direction of 1 or -1 for each axis"));
        }
        let is_near = |view: Range<i64>| view.start > -LIMIT && view.end <= LIMIT;
        if !self.views().into_iter().all(is_near) {
            return Err(self.refuse("coordinates below 2^30"));
        }
        let [rows, cols] = self.windows();
        let is_within =
            |window: Range<i64>, side: u32| window.start >= 0 && window.end <= i64::from(side);
        if !is_within(rows, self.src_height) || !is_within(cols, self.src_width) {
            return Err(self.refuse("a window within the image"));
        }
        Ok(())
    }

    /// The refusal of this record.
    pub(super) fn refuse(&self, expected: &'static str) -> GatherError {
        GatherError::Geometry {
            expected,
            got: format!("{self:?}"),
        }
    }

    /// Whether rows written run along columns read.
    pub(super) fn is_turned(&self) -> bool {
        self.row_right != 0
    }

    /// Begins at (`y`, `x`) of the image so far, with this height and width.
    fn moved(mut self, [y, x]: [i64; 2], [height, width]: [i64; 2]) -> Result<Self, GatherError> {
        let too_far = || GatherError::Geometry {
            expected: "sides and coordinates below 2^30",
            got: format!("{height} x {width} from row {y}, column {x}"),
        };
        let moved = |start: i32, down: i32, right: i32| {
            let start = i64::from(start) + y * i64::from(down) + x * i64::from(right);
            i32::try_from(start).map_err(|_| too_far())
        };
        self.top = moved(self.top, self.row_down, self.row_right)?;
        self.left = moved(self.left, self.col_down, self.col_right)?;
        self.dst_height = u32::try_from(height).map_err(|_| too_far())?;
        self.dst_width = u32::try_from(width).map_err(|_| too_far())?;
        self.check().map_err(|_| too_far())?;
        Ok(self)
    }

    /// The rows and columns read, if all lay within the window.
    fn views(&self) -> [Range<i64>; 2] {
        let (height, width) = (self.dst_height, self.dst_width);
        if self.is_turned() {
            let rows = view(self.top, self.row_right, width);
            return [rows, view(self.left, self.col_down, height)];
        }
        let rows = view(self.top, self.row_down, height);
        [rows, view(self.left, self.col_right, width)]
    }

    /// The rows and columns that count.
    fn windows(&self) -> [Range<i64>; 2] {
        let window = |start: i32, len: u32| i64::from(start)..i64::from(start) + i64::from(len);
        [
            window(self.window_top, self.window_height),
            window(self.window_left, self.window_width),
        ]
    }

    /// Sets the rows and columns that count, which lie within the image read.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a window within an image has sides below 2^30"
    )]
    fn set_windows(&mut self, [rows, cols]: &[Range<i64>; 2]) {
        self.window_top = rows.start as i32;
        self.window_left = cols.start as i32;
        self.window_height = (rows.end - rows.start) as u32;
        self.window_width = (cols.end - cols.start) as u32;
    }
}

/// The coordinates of `len` steps in this direction, from low to high.
fn view(start: i32, direction: i32, len: u32) -> Range<i64> {
    let (start, len) = (i64::from(start), i64::from(len));
    if direction < 0 {
        start + 1 - len..start + 1
    } else {
        start..start + len
    }
}
