//! Steps that compose into one record, against the same done to arrays.

use ndarray::{Array3, Axis, s};
use proptest::prelude::*;

use super::{BORDERS, LAYOUTS, bytes, gather, run};
use crate::gather::{Border, ChannelMap, Gather, GatherRow};
use crate::normalize::Layout;

/// Rows, columns, and 4 channels, not all of which count.
#[derive(Clone)]
struct Image(Array3<u8>);

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Each in so many 256ths of what is there.
    Crop([u8; 4]),
    Pad([u32; 4]),
    FlipHorizontal,
    FlipVertical,
    Rotate(i32),
    Transpose,
}

impl Image {
    /// Any image of this size, with `n_channels` that count.
    fn any(height: usize, width: usize, n_channels: usize) -> Self {
        let samples = bytes(height * width * 4);
        Self(Array3::from_shape_fn((height, width, 4), |(y, x, c)| {
            let sample = samples[(y * width + x) * 4 + c];
            if c < n_channels { sample } else { 0 }
        }))
    }

    fn height(&self) -> usize {
        self.0.len_of(Axis(0))
    }

    fn width(&self) -> usize {
        self.0.len_of(Axis(1))
    }

    fn written(&self, layout: Layout, channels: &[usize]) -> Vec<u8> {
        let chosen = self.0.select(Axis(2), channels);
        match layout {
            Layout::Hwc => chosen.iter().copied().collect(),
            Layout::Chw => chosen.permuted_axes([2, 0, 1]).iter().copied().collect(),
        }
    }

    fn crop(&self, [top, left, height, width]: [usize; 4]) -> Self {
        let window = s![top..top + height, left..left + width, ..];
        Self(self.0.slice(window).to_owned())
    }

    fn pad(&self, border: Border, [top, left, bottom, right]: [u32; 4]) -> Self {
        let [top, left, bottom, right] = [top, left, bottom, right].map(|side| side as usize);
        let constant = match border {
            Border::Constant(constant) => constant,
            _ => [0; 4],
        };
        // What was where, along each axis.
        let line = |len: usize, sides| {
            let places: Vec<Option<usize>> = (0..len).map(Some).collect();
            extended(&places, border, None, sides)
        };
        let rows = line(self.height(), [top, bottom]);
        let cols = line(self.width(), [left, right]);
        let shape = (rows.len(), cols.len(), 4);
        Self(Array3::from_shape_fn(shape, |(y, x, c)| {
            match (rows[y], cols[x]) {
                (Some(y), Some(x)) => self.0[[y, x, c]],
                _ => constant[c],
            }
        }))
    }

    fn transpose(self) -> Self {
        Self(self.0.permuted_axes([1, 0, 2]))
    }

    fn flip_horizontal(mut self) -> Self {
        self.0.invert_axis(Axis(1));
        self
    }

    fn flip_vertical(mut self) -> Self {
        self.0.invert_axis(Axis(0));
        self
    }

    fn step(self, step: Step, border: Border) -> Self {
        match step {
            Step::Crop(parts) => {
                let [top, left, height, width] = window(parts, [self.height(), self.width()]);
                self.crop([top, left, height, width])
            }
            Step::Pad(sides) => self.pad(border, sides),
            Step::FlipHorizontal => self.flip_horizontal(),
            Step::FlipVertical => self.flip_vertical(),
            // A quarter at a time: what is right comes to the top.
            Step::Rotate(quarters) => {
                (0..quarters.rem_euclid(4)).fold(self, |image, _| image.transpose().flip_vertical())
            }
            Step::Transpose => self.transpose(),
        }
    }
}

/// A line with this many more at either end, one at a time: each is found by
/// walking over the line in the border's manner.
fn extended<T: Clone>(
    line: &[T],
    border: Border,
    constant: T,
    [before, behind]: [usize; 2],
) -> Vec<T> {
    let walk = |backwards: Vec<T>| -> Box<dyn Iterator<Item = T>> {
        // `backwards` is what comes first when the end of the line is passed.
        let forwards: Vec<T> = backwards.iter().rev().cloned().collect();
        match border {
            Border::Constant(_) => Box::new(std::iter::repeat(constant.clone())),
            Border::Edge => Box::new(std::iter::repeat(backwards[0].clone())),
            Border::Wrap => Box::new(forwards.into_iter().cycle()),
            Border::Symmetric => Box::new([backwards, forwards].concat().into_iter().cycle()),
            Border::Reflect if line.len() == 1 => Box::new(std::iter::repeat(line[0].clone())),
            Border::Reflect => Box::new(
                [&backwards[1..], &forwards[1..]]
                    .concat()
                    .into_iter()
                    .cycle(),
            ),
        }
    };
    let mut out: Vec<T> = if before > 0 {
        walk(line.to_vec()).take(before).collect()
    } else {
        Vec::new()
    };
    out.reverse();
    out.extend_from_slice(line);
    if behind > 0 {
        out.extend(walk(line.iter().rev().cloned().collect()).take(behind));
    }
    out
}

/// A window of an image of this size.
fn window([top, left, height, width]: [u8; 4], whole: [usize; 2]) -> [usize; 4] {
    let part = |part: u8, whole: usize| (whole + 1) * usize::from(part) / 256;
    let [height, width] = [part(height, whole[0]), part(width, whole[1])];
    [
        part(top, whole[0] - height),
        part(left, whole[1] - width),
        height,
        width,
    ]
}

/// The record after one more step, or `None` where it is refused.
fn compose(row: GatherRow, step: Step, border: Border) -> Option<GatherRow> {
    Some(match step {
        Step::Crop(parts) => {
            let whole = [row.dst_height as usize, row.dst_width as usize];
            let crop = window(parts, whole).map(|side| u32::try_from(side).unwrap());
            row.crop(crop).unwrap()
        }
        Step::Pad(sides) => row.pad(border, sides).ok()?,
        Step::FlipHorizontal => row.flip_horizontal(),
        Step::FlipVertical => row.flip_vertical(),
        Step::Rotate(quarters) => row.rotate90(quarters),
        Step::Transpose => row.transpose(),
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let crop = prop_oneof![
        any::<[u8; 4]>(),
        // Mostly, so that something is left.
        (0..=255u8, 0..=255u8, 128..=255u8, 128..=255u8).prop_map(<[u8; 4]>::from),
    ];
    let step = prop_oneof![
        crop.prop_map(Step::Crop),
        prop::array::uniform4(0..9u32).prop_map(Step::Pad),
        prop::array::uniform4(0..2u32).prop_map(Step::Pad),
        Just(Step::FlipHorizontal),
        Just(Step::FlipVertical),
        (-5..6i32).prop_map(Step::Rotate),
        Just(Step::Transpose),
    ];
    prop::collection::vec(step, 0..6)
}

fn channel_maps() -> impl Strategy<Value = ChannelMap> {
    let any = (1..=4u32, 1..=4u32, 0..4u32, -3..4i32);
    any.prop_filter_map(
        "a channel that is not there",
        |(n_in, n_out, first, step)| {
            let map = ChannelMap {
                n_in,
                n_out,
                first,
                step,
            };
            let [from, to] = [Layout::Hwc; 2];
            Gather::new(map, from, to, Border::Edge)
                .is_ok()
                .then_some(map)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn steps_compose_into_one_record(
        (height, width) in (0..12usize, 0..40usize),
        map in prop_oneof![(1..=4u32).prop_map(ChannelMap::all), channel_maps()],
        (from, to, border) in (0..2usize, 0..2usize, 0..5usize),
        steps in steps(),
    ) {
        let (from, to, border) = (LAYOUTS[from], LAYOUTS[to], BORDERS[border]);
        let mut image = Image::any(height, width, map.n_in as usize);
        let n_in: Vec<usize> = (0..map.n_in as usize).collect();
        let src = image.written(from, &n_in);
        // The oracle's constants are those of channels read.
        let chosen: Vec<usize> = (0..i64::from(map.n_out))
            .map(|c| usize::try_from(i64::from(map.first) + c * i64::from(map.step)).unwrap())
            .collect();
        let mut fill = [9; 4];
        for (c, &channel) in chosen.iter().enumerate() {
            fill[c] = [1, 2, 3, 4][channel];
        }
        let gathered = match border {
            Border::Constant(_) => Border::Constant(fill),
            other => other,
        };
        let gather = Gather::new(map, from, to, gathered).unwrap();
        let sides = [height, width].map(|side| u32::try_from(side).unwrap());
        let mut row = GatherRow::whole(sides[0], sides[1]).unwrap();
        let mut n_pads = 0;
        for step in steps {
            let is_empty = image.0.is_empty();
            let Some(next) = compose(row, step, gathered) else {
                // Only what the contract names is refused.
                let repeats = n_pads > 0 && border != Border::Edge;
                prop_assert!(!matches!(border, Border::Constant(_)) && (repeats || is_empty));
                return Ok(());
            };
            if let Step::Pad(sides) = step {
                n_pads += 1;
                // The oracle has nothing to walk over.
                if is_empty && sides != [0; 4] && !matches!(border, Border::Constant(_)) {
                    return Ok(());
                }
            }
            row = next;
            image = image.step(step, border);
        }
        prop_assert_eq!(row.dst_height as usize, image.height());
        prop_assert_eq!(row.dst_width as usize, image.width());
        prop_assert_eq!(run(&gather, &src, &row), image.written(to, &chosen));
    }
}

#[test]
fn every_level_agrees_at_every_width_and_turn() {
    let widths = [0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65];
    for (index, width) in widths.into_iter().enumerate() {
        for n in 1..=4 {
            let image = Image::any(3, width, n);
            let channels: Vec<usize> = (0..n).collect();
            let layouts = LAYOUTS.map(|from| LAYOUTS.map(|to| [from, to]));
            for [from, to] in layouts.into_iter().flatten() {
                let border = BORDERS[index % 5];
                let gather = gather(u32::try_from(n).unwrap(), [from, to], border);
                let src = image.written(from, &channels);
                for turn in 0..4 {
                    let row = GatherRow::whole(3, u32::try_from(width).unwrap()).unwrap();
                    let turned = image.clone().step(Step::Rotate(turn), border);
                    let row = row.rotate90(turn);
                    assert_eq!(run(&gather, &src, &row), turned.written(to, &channels));
                    let flipped = turned.flip_horizontal();
                    let row = row.flip_horizontal();
                    assert_eq!(run(&gather, &src, &row), flipped.written(to, &channels));
                }
            }
        }
    }
}

#[test]
fn borders_are_those_of_numpy() {
    // numpy.pad(numpy.arange(1, 5), 6, mode)
    let cases = [
        (
            Border::Constant([0; 4]),
            [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0],
        ),
        (
            Border::Edge,
            [1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4],
        ),
        (
            Border::Reflect,
            [1, 2, 3, 4, 3, 2, 1, 2, 3, 4, 3, 2, 1, 2, 3, 4],
        ),
        (
            Border::Symmetric,
            [3, 4, 4, 3, 2, 1, 1, 2, 3, 4, 4, 3, 2, 1, 1, 2],
        ),
        (
            Border::Wrap,
            [3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2],
        ),
    ];
    for (border, want) in cases {
        let gather = gather(1, [Layout::Hwc; 2], border);
        let row = GatherRow::whole(1, 4).unwrap();
        let row = row.pad(border, [0, 6, 0, 6]).unwrap();
        assert_eq!(run(&gather, &[1, 2, 3, 4], &row), want, "{border:?}");
    }
}
