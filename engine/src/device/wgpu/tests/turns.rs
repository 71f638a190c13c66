//! Loops that go around more often than a driver on the processor lets them: the host
//! does those rows, and they are counted.

use bytemuck::bytes_of;
use fuelrail_kernels::RowKernel;
use fuelrail_kernels::color::{Adjustment, Color, ColorRow};
use fuelrail_kernels::normalize::Layout;
use fuelrail_kernels::resample::{
    Resample, ResampleFilter, ResampleTables, ResampleWindow, WeightsCache,
};

use super::*;
use crate::device::items::{Items, RowItems, offsets_of};
use crate::device::on_lane::{ColumnItems, OnLane};
use crate::device::program::RowChain;
use crate::device::{Destination, Landing};

/// Rows of a column, with what its kernels are told of them.
struct Column {
    kernels: Vec<RowKernel>,
    lens: Vec<u32>,
    records: Vec<Vec<u8>>,
    tables: Vec<Vec<u32>>,
}

/// On every adapter as on the host; drivers on the processor leave so many to the host.
fn check_left(column: Column, n_left: usize) {
    let n_bytes: u32 = column.lens.iter().sum();
    let bytes = Random(7).bytes(n_bytes as usize);
    let offsets = offsets_of(&column.lens).unwrap();
    let rows = RowItems {
        offsets: &offsets,
        records: &column.records,
        tables: &column.tables,
    };
    let chain = RowChain::new(column.kernels).unwrap();
    let expected = chain.run_rows(Level::best(), &bytes, &rows).unwrap();
    let program = Program {
        chains: Vec::new(),
        row_chains: vec![chain],
    };
    let sources = [ColumnItems {
        bytes: &bytes,
        items: Items::Rows(rows),
    }];
    for backend in adapters() {
        let on_lane = OnLane {
            lane: backend.lane(&program).unwrap(),
            program: program.clone(),
            level: Level::best(),
        };
        let mut landed = vec![0xa5; expected.bytes.len()];
        let mut landings = [Landing {
            offsets: &expected.offsets,
            to: Destination::Host(&mut landed),
        }];
        let n_too_large = on_lane.run_into(&sources, &mut landings).unwrap();
        assert!(landed == expected.bytes, "{:?}", column.lens);
        if backend.report().is_software {
            assert_eq!(n_too_large, [n_left], "{:?}", column.lens);
        }
    }
}

/// Images of one channel and so many pixels each, changed alike.
fn colors(lens: &[u32], adjustments: &[Adjustment]) -> Column {
    let record = ColorRow::new(adjustments).unwrap();
    Column {
        kernels: vec![RowKernel::Color(Color::new(1, Layout::Hwc).unwrap())],
        lens: lens.to_vec(),
        records: vec![bytes_of(&record).repeat(lens.len())],
        tables: Vec::new(),
    }
}

#[test]
fn a_mean_over_many_pixels_is_right() {
    let contrast = Adjustment::Contrast(1.5);
    let before = [
        Adjustment::Brightness(0.7),
        Adjustment::Saturation(1.5),
        Adjustment::Hue(3),
        contrast,
    ];
    check_left(colors(&[1 << 20, 3], &before), 0);
    check_left(colors(&[(1 << 23) + 5], &before), 1);
    check_left(colors(&[(1 << 24) + 5], &[contrast]), 1);
    // What is not summed is never too much.
    check_left(colors(&[(1 << 24) + 5], &before[..3]), 0);
    // All rows of a slot are the host's, as nothing tells which were cut short.
    check_left(colors(&[7, (1 << 24) + 5, 9], &[contrast]), 3);
}

/// Images of these sides, resized to one line of as many columns.
fn lines(sides: &[[u32; 2]]) -> Column {
    let (mut cache, mut tables) = (WeightsCache::default(), ResampleTables::default());
    let mut records = [Vec::new(), Vec::new()];
    for &[height, width] in sides {
        let window = ResampleWindow::whole([height, width]);
        let rows = tables.rows(&mut cache, (&window, [1, width]), ResampleFilter::Bilinear);
        for (records, row) in records.iter_mut().zip(&rows.unwrap()) {
            records.extend_from_slice(bytes_of(row));
        }
    }
    let kernel = RowKernel::Resample(Resample::new(1, Layout::Hwc).unwrap());
    Column {
        kernels: vec![kernel.clone(), kernel],
        lens: sides.iter().map(|[height, width]| height * width).collect(),
        records: records.into(),
        tables: vec![tables.words().to_vec(); 2],
    }
}

#[test]
fn a_sum_of_many_taps_is_right() {
    check_left(lines(&[[3_000, 16]]), 0);
    check_left(lines(&[[60_000, 1]]), 0);
    check_left(lines(&[[70_000, 1]]), 1);
    // An invocation makes sixteen samples.
    check_left(lines(&[[5_000, 16]]), 1);
    check_left(lines(&[[40, 30], [300_000, 2]]), 2);
}
