//! Kernels on rows of any length, with random parameters: images of different
//! sizes that are cropped, padded, mirrored and turned each in its own way; pairs of
//! images that are blended; tables of columns and of rows; text with and without anything to leave out.
#![expect(
    clippy::cast_possible_truncation,
    reason = "random bits are cut to what is wanted"
)]

use bytemuck::bytes_of;
use fuelrail_kernels::blend::{Blend, BlendRow};
use fuelrail_kernels::gather::{Border, ChannelMap, Gather, GatherRow};
use fuelrail_kernels::lut::Lut;
use fuelrail_kernels::normalize::Layout;
use fuelrail_kernels::squeeze::{Class, Squeeze};
use fuelrail_kernels::{Element, RowKernel};
use std::sync::Arc;

use super::color::adjustments;
use super::resample::resizes;
use super::sample::{Dice, next};
use super::trial::{SampleRows, Subject, SuiteReport, Trial, try_one};
use super::warp::warps;
use crate::device::items::offsets_of;
use crate::device::program::RowChain;

const LAYOUTS: [Layout; 2] = [Layout::Hwc, Layout::Chw];

const BORDERS: [Border; 5] = [
    Border::Constant([7, 250, 0, 99]),
    Border::Edge,
    Border::Reflect,
    Border::Symmetric,
    Border::Wrap,
];

/// Runs a program of each kernel that a loader's steps have; gives what went wrong.
pub(crate) fn row_trial(subject: Subject<'_>) -> Vec<String> {
    let mut report = SuiteReport::default();
    for trials in [
        gathers(),
        luts(),
        blends(),
        adjustments(),
        resizes(),
        warps(),
    ] {
        if let Some(trial) = trials.first() {
            try_one(subject, trial, 0, &mut report);
        }
    }
    report.wrong
}

/// Images side by side: every layout, border and number of channels.
pub(super) fn gathers() -> Vec<Trial> {
    let mut dice = Dice(11);
    let mut columns = Vec::new();
    for border in BORDERS {
        for (index, n_channels) in (1..=4).enumerate() {
            let from = LAYOUTS[index % 2];
            let to = LAYOUTS[(index / 2 + border.code() as usize) % 2];
            let map = channels(n_channels, &mut dice);
            if let Ok(gather) = Gather::new(map, from, to, border) {
                columns.extend(gathered(gather, 9, &mut dice));
            }
        }
    }
    let n = columns.len();
    let more = [0, 1, 300].map(|n_rows| {
        let gather = Gather::new(
            ChannelMap::all(3),
            Layout::Hwc,
            Layout::Chw,
            Border::Reflect,
        );
        gather
            .ok()
            .and_then(|gather| gathered(gather, n_rows, &mut dice))
    });
    let alone = more
        .into_iter()
        .flatten()
        .map(|column| Trial::of_rows([column]));
    debug_assert_eq!(n, 20, "every border with every number of channels");
    std::iter::once(Trial::of_rows(columns))
        .chain(alone)
        .collect()
}

/// All channels, reversed, or one of them again and again.
fn channels(n: u32, dice: &mut Dice) -> ChannelMap {
    match dice.below(3) {
        0 => ChannelMap::all(n),
        1 => ChannelMap {
            first: n - 1,
            step: -1,
            ..ChannelMap::all(n)
        },
        _ => ChannelMap {
            n_in: n,
            n_out: 1 + dice.below(4),
            first: dice.below(n),
            step: 0,
        },
    }
}

/// A column of images, each of its own size and changed in its own way.
fn gathered(gather: Gather, n_rows: u32, dice: &mut Dice) -> Option<(RowChain, SampleRows)> {
    let mut bytes = Vec::new();
    let (mut lens, mut records) = (Vec::new(), Vec::new());
    while (lens.len() as u32) < n_rows {
        let (height, width) = (1 + dice.below(9), 1 + dice.below(40));
        let Some(row) = changed(gather.border(), [height, width], dice) else {
            continue;
        };
        let len = height * width * gather.channels().n_in;
        // What cannot be padded so is left out.
        if gather.check(&row, len as usize).is_err() {
            continue;
        }
        bytes.extend(dice.bytes(len as usize));
        lens.push(len);
        records.extend_from_slice(bytes_of(&row));
    }
    let rows = SampleRows {
        bytes,
        offsets: offsets_of(&lens).ok()?,
        records: vec![records],
        tables: Vec::new(),
    };
    let chain = RowChain::new(vec![RowKernel::Gather(gather)]).ok()?;
    Some((chain, rows))
}

/// A record made of up to four steps.
fn changed(border: Border, [height, width]: [u32; 2], dice: &mut Dice) -> Option<GatherRow> {
    let mut row = GatherRow::whole(height, width).ok()?;
    for _ in 0..dice.below(5) {
        let (height, width) = (row.dst_height, row.dst_width);
        row = match dice.below(5) {
            0 => {
                let (top, left) = (dice.below(height), dice.below(width));
                let rest = [height - top, width - left].map(|len| 1 + dice.below(len));
                row.crop([top, left, rest[0], rest[1]]).ok()?
            }
            1 => row.pad(border, [0; 4].map(|_: u32| dice.below(12))).ok()?,
            2 => row.flip_horizontal(),
            3 => row.flip_vertical(),
            _ => row.rotate90(dice.below(4).cast_signed()),
        };
    }
    Some(row)
}

/// Every type, with tables of the column and of each row.
pub(super) fn luts() -> Vec<Trial> {
    let mut dice = Dice(12);
    let mut columns = Vec::new();
    for to in [Element::U8, Element::F16, Element::BF16, Element::F32] {
        for n_channels in 1..=4 {
            let layout = LAYOUTS[n_channels as usize % 2];
            let n_tables = [1, n_channels][dice.below(2) as usize];
            let mask = u32::MAX >> (32 - 8 * to.len_bytes() as u32);
            let bits = |_: u32, _: u8| next(&mut dice.0) as u32 & mask;
            let of_column = Lut::of_fn(to, n_channels, layout, n_tables, bits);
            let of_rows = Lut::of_rows(to, n_channels, layout, n_tables);
            for lut in [of_column, of_rows].into_iter().flatten() {
                columns.extend(looked_up(lut, 13, &mut dice));
            }
        }
    }
    let lut = Lut::of_rows(Element::F16, 3, Layout::Hwc, 3).ok();
    let none = lut.and_then(|lut| looked_up(lut, 0, &mut dice));
    let none = none.map(|column| Trial::of_rows([column]));
    std::iter::once(Trial::of_rows(columns))
        .chain(none)
        .collect()
}

fn looked_up(lut: Lut, n_rows: u32, dice: &mut Dice) -> Option<(RowChain, SampleRows)> {
    let lens: Vec<u32> = (0..n_rows)
        .map(|_| [0, 1, dice.below(300)][dice.below(3) as usize] * lut.channels())
        .collect();
    let len: u32 = lens.iter().sum();
    let rows = SampleRows {
        bytes: dice.bytes(len as usize),
        offsets: offsets_of(&lens).ok()?,
        records: vec![dice.bytes(n_rows as usize * lut.record_len())],
        tables: Vec::new(),
    };
    let chain = RowChain::new(vec![RowKernel::Lut(lut)]).ok()?;
    Some((chain, rows))
}

/// Pairs of images side by side, in every layout and number of channels: all of them
/// blended or a rectangle, within both images or beyond.
pub(super) fn blends() -> Vec<Trial> {
    let mut dice = Dice(15);
    let mut columns = Vec::new();
    for (n_channels, layout) in (1..=4).flat_map(|n| LAYOUTS.map(|layout| (n, layout))) {
        if let Ok(blend) = Blend::new(n_channels, layout) {
            columns.extend(blended(blend, 11, &mut dice));
        }
    }
    let blend = Blend::new(3, Layout::Hwc).ok();
    let more = [0, 1, 300].map(|n_rows| blend.and_then(|blend| blended(blend, n_rows, &mut dice)));
    let alone = more.into_iter().flatten();
    std::iter::once(Trial::of_rows(columns))
        .chain(alone.map(|column| Trial::of_rows([column])))
        .collect()
}

/// A column of pairs of images, each of its own size.
fn blended(blend: Blend, n_rows: u32, dice: &mut Dice) -> Option<(RowChain, SampleRows)> {
    let (mut lens, mut records) = (Vec::new(), Vec::new());
    for _ in 0..n_rows {
        let sides @ [height, width] = [1 + dice.below(9), 1 + dice.below(40)];
        lens.push(2 * height * width * blend.channels());
        let row = BlendRow::whole(sides, alpha(dice));
        let row = if dice.below(2) == 0 {
            row
        } else {
            let (top, left) = (dice.below(height), dice.below(width));
            let rest = [height - top, width - left].map(|len| dice.below(len + 1));
            row.within([top, left, rest[0], rest[1]])
        };
        records.extend_from_slice(bytes_of(&row));
    }
    let len: u32 = lens.iter().sum();
    let rows = SampleRows {
        bytes: dice.bytes(len as usize),
        offsets: offsets_of(&lens).ok()?,
        records: vec![records],
        tables: Vec::new(),
    };
    let chain = RowChain::new(vec![RowKernel::Blend(blend)]).ok()?;
    Some((chain, rows))
}

/// A share, a factor of an enhancement, or any bits that a record may have.
fn alpha(dice: &mut Dice) -> f32 {
    let bits = f32::from_bits(next(&mut dice.0) as u32);
    let share = f32::from(dice.below(1 << 16) as u16) / 65_536.0;
    match dice.below(4) {
        0 => share,
        1 => 4.0 * share - 1.5,
        2 => [0.0, 1.0, -1e-40, f32::MIN_POSITIVE][dice.below(4) as usize],
        _ if bits.abs() <= 65_536.0 => bits,
        _ => 1.0 / 3.0,
    }
}

/// Rows of 0 bytes to 16 MiB in one batch, and many that end anywhere.
pub(super) fn squeezes() -> Vec<Trial> {
    let mut dice = Dice(13);
    let white = Squeeze::white_space();
    let columns = [
        squeezed(&white, &lens(400, 30, &mut dice), Text::Words, &mut dice),
        squeezed(&white, &lens(90, 5000, &mut dice), Text::Random, &mut dice),
        squeezed(&white, &[0; 700], Text::Words, &mut dice),
        squeezed(&white, &[], Text::Words, &mut dice),
        squeezed(
            &white,
            &[2048, 0, 4096, 2047, 1, 1, 2049],
            Text::Blank,
            &mut dice,
        ),
        squeezed(&white, &[5000, 3, 9000, 0], Text::Dropped, &mut dice),
        squeezed(
            &odd_classes(),
            &lens(60, 900, &mut dice),
            Text::Random,
            &mut dice,
        ),
    ];
    let few = [1, 2, 3, 4, 5].map(|n| squeezed(&white, &[n, 0, 9 - n], Text::Words, &mut dice));
    let columns = columns.into_iter().chain(few);
    let mut trials = vec![Trial::of_rows(columns.flatten())];
    let large = [0, 16 << 20, 1, 0, 77, 3 << 20];
    let large = squeezed(&white, &large, Text::Words, &mut dice);
    trials.extend(large.map(|column| Trial::of_rows([column])));
    trials
}

/// What a text consists of.
#[derive(Clone, Copy)]
enum Text {
    Words,
    Random,
    Blank,
    Dropped,
}

/// Bytes that are squeezed and dropped anywhere, to one that is kept.
fn odd_classes() -> Squeeze {
    let classes = std::array::from_fn(|byte| match byte % 5 {
        0 => Class::Squeeze,
        1 => Class::Drop,
        _ => Class::Keep,
    });
    Squeeze::new(classes, b'~')
}

fn lens(n: u32, most: u32, dice: &mut Dice) -> Vec<u32> {
    (0..n).map(|_| dice.below(most)).collect()
}

fn squeezed(
    squeeze: &Squeeze,
    lens: &[u32],
    text: Text,
    dice: &mut Dice,
) -> Option<(RowChain, SampleRows)> {
    let len: u32 = lens.iter().sum();
    let words = b"the  quick\tbrown\r\n\r\nfox\x00 \x07 jumps \xc3\xa9 ";
    let bytes = match text {
        Text::Words => words.iter().copied().cycle().take(len as usize).collect(),
        Text::Random => dice.bytes(len as usize),
        Text::Blank => vec![b' '; len as usize],
        Text::Dropped => vec![0; len as usize],
    };
    let rows = SampleRows {
        bytes,
        offsets: offsets_of(lens).ok()?,
        records: vec![Vec::new()],
        tables: Vec::new(),
    };
    let chain = RowChain::new(vec![RowKernel::Squeeze(Arc::new(squeeze.clone()))]).ok()?;
    Some((chain, rows))
}

/// Kernels one after another, beside columns of all kinds.
pub(super) fn chains() -> Vec<Trial> {
    let mut dice = Dice(14);
    let gather = Gather::new(ChannelMap::all(3), Layout::Hwc, Layout::Chw, Border::Edge).ok();
    let lut = Lut::of_rows(Element::F32, 3, Layout::Chw, 3).ok();
    let bright = Lut::of_fn(Element::U8, 1, Layout::Hwc, 1, |_, byte| {
        255 - u32::from(byte)
    })
    .ok();
    let white = RowKernel::Squeeze(Arc::new(Squeeze::white_space()));
    let mut trials = Vec::new();
    for n_rows in [0, 1, 2, 3, 7, 25] {
        let Some((_, mut images)) = gather.and_then(|it| gathered(it, n_rows, &mut dice)) else {
            continue;
        };
        let (Some(gather), Some(lut), Some(bright)) = (gather, lut.clone(), bright.clone()) else {
            continue;
        };
        images.records.push(Vec::new());
        images
            .records
            .push(dice.bytes(n_rows as usize * lut.record_len()));
        let all = [
            RowKernel::Gather(gather),
            RowKernel::Lut(bright.clone()),
            RowKernel::Lut(lut),
        ];
        let text_lens = lens(n_rows * 9, 200, &mut dice);
        let text = squeezed(&Squeeze::white_space(), &text_lens, Text::Random, &mut dice);
        let text = text.map(|(_, mut rows)| {
            rows.records = vec![Vec::new(); 3];
            rows
        });
        let twice = vec![white.clone(), RowKernel::Lut(bright.clone()), white.clone()];
        let columns = [
            RowChain::new(all.into()).ok().map(|chain| (chain, images)),
            RowChain::new(twice).ok().zip(text),
        ];
        trials.push(Trial::of_rows(columns.into_iter().flatten()));
        trials.extend(mixed(n_rows, bright, &mut dice));
    }
    trials
}

/// Pairs of images that are blended and then changed further, as `mixup` among other
/// steps has it.
fn mixed(n_rows: u32, bright: Lut, dice: &mut Dice) -> Option<Trial> {
    let blend = Blend::new(3, Layout::Chw).ok()?;
    let gather = Gather::new(ChannelMap::all(3), Layout::Chw, Layout::Hwc, Border::Wrap).ok()?;
    let (_, mut rows) = blended(blend, n_rows, dice)?;
    let records = rows.records[0].chunks_exact(size_of::<BlendRow>());
    let turned = records.map(|record| {
        let row: BlendRow = bytemuck::pod_read_unaligned(record);
        let turned = GatherRow::whole(row.height, row.width).ok()?.rotate90(1);
        Some(bytes_of(&turned).to_vec())
    });
    let turned = turned.collect::<Option<Vec<_>>>()?.concat();
    rows.records.extend([Vec::new(), turned]);
    let kernels = [
        RowKernel::Blend(blend),
        RowKernel::Lut(bright),
        RowKernel::Gather(gather),
    ];
    let chain = RowChain::new(kernels.into()).ok()?;
    Some(Trial::of_rows([(chain, rows)]))
}
