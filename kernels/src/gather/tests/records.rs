//! Records from anywhere, and what is told to devices.

use proptest::prelude::*;

use super::{BORDERS, LAYOUTS, bytes, gather};
use crate::Level;
use crate::gather::{Border, ChannelMap, Gather, GatherError, GatherRow};
use crate::normalize::Layout;

fn usual() -> GatherRow {
    GatherRow::whole(4, 5).unwrap()
}

#[test]
fn channels_that_are_not_there_are_refused() {
    let of = |n_in, n_out, first, step| {
        let map = ChannelMap {
            n_in,
            n_out,
            first,
            step,
        };
        Gather::new(map, Layout::Hwc, Layout::Chw, Border::Edge)
    };
    for (n_in, n_out, first, step) in [(3, 3, 2, -1), (3, 4, 1, 0), (4, 2, 1, 2), (1, 1, 0, 7)] {
        assert!(of(n_in, n_out, first, step).is_ok());
    }
    for (n_in, n_out, first, step) in [
        (0, 1, 0, 0),
        (5, 1, 0, 0),
        (3, 0, 0, 0),
        (3, 5, 0, 0),
        (3, 1, 3, 0),
        (3, 4, 0, 1),
        (3, 2, 0, -1),
        (3, 3, 1, 1),
        (4, 4, u32::MAX, i32::MIN),
        (4, 4, 0, i32::MAX),
    ] {
        let error = of(n_in, n_out, first, step).unwrap_err();
        assert!(matches!(error, GatherError::Channels { .. }), "{error}");
    }
}

#[test]
fn crops_beyond_the_image_are_refused() {
    for crop in [
        [0, 0, 5, 5],
        [0, 0, 4, 6],
        [1, 0, 4, 5],
        [0, u32::MAX, 4, 5],
        [u32::MAX; 4],
    ] {
        assert!(usual().crop(crop).is_err(), "{crop:?}");
    }
    let padded = usual().pad(Border::Edge, [1, 2, 3, 4]).unwrap();
    assert!(padded.crop([0, 0, 8, 11]).is_ok());
    assert!(padded.crop([0, 0, 8, 12]).is_err());
}

#[test]
fn pads_that_are_no_one_gather_are_refused() {
    for border in BORDERS {
        let padded = usual().pad(border, [1, 1, 1, 1]).unwrap();
        let composes = matches!(border, Border::Constant(_) | Border::Edge);
        assert_eq!(padded.pad(border, [0, 1, 0, 0]).is_ok(), composes);
        // The other axis, and one that shows nothing of the padding.
        let rows = usual().pad(border, [1, 0, 1, 0]).unwrap();
        assert!(rows.pad(border, [0, 1, 0, 1]).is_ok());
        assert!(rows.pad(border, [1, 0, 0, 0]).is_ok() == composes);
        let inner = padded.crop([1, 1, 3, 4]).unwrap();
        assert!(inner.pad(border, [9; 4]).is_ok());
        assert!(padded.pad(border, [0; 4]).is_ok());
        // Nothing left to pad from.
        let nothing = usual().crop([0, 0, 0, 5]).unwrap();
        let is_constant = matches!(border, Border::Constant(_));
        assert_eq!(nothing.pad(border, [1, 0, 0, 0]).is_ok(), is_constant);
    }
}

#[test]
fn sides_and_coordinates_are_limited() {
    let most = (1 << 30) - 1;
    assert!(GatherRow::whole(1 << 30, 0).is_err());
    assert!(GatherRow::whole(0, u32::MAX).is_err());
    let large = GatherRow::whole(1, most).unwrap();
    let border = Border::Edge;
    assert!(large.pad(border, [0, 1, 0, 0]).is_err());
    assert!(usual().pad(border, [u32::MAX; 4]).is_err());
    // Far away, though small: crops may go on until coordinates are too large.
    let mut row = usual();
    for _ in 0..3 {
        let Ok(padded) = row.pad(border, [0, most - 5, 0, 0]) else {
            return;
        };
        row = padded.crop([0, 0, 4, 5]).unwrap();
        assert!(row.left > -(1 << 30));
    }
    panic!("expected coordinates to be limited, got {row:?}");
}

#[test]
fn hostile_records_are_refused() {
    let gather = gather(3, [Layout::Hwc; 2], Border::Wrap);
    assert_eq!(gather.check(&usual(), 60), Ok(60));
    let hostile = |change: fn(&mut GatherRow)| {
        let mut row = usual();
        change(&mut row);
        for border in BORDERS {
            let gather = Gather::new(gather.channels(), Layout::Hwc, Layout::Chw, border).unwrap();
            assert!(gather.check(&row, 60).is_err(), "{row:?}");
            let src = bytes(60);
            for level in Level::available() {
                assert!(gather.run(level, &src, &row, &mut [0; 60]).is_err());
            }
        }
    };
    hostile(|row| row.src_height = 5);
    hostile(|row| row.src_height = u32::MAX);
    hostile(|row| (row.src_height, row.src_width) = (0x8000_0005, 0x8000_0004));
    hostile(|row| row.dst_height = u32::MAX);
    hostile(|row| (row.dst_height, row.dst_width) = (1 << 20, 1 << 20));
    hostile(|row| row.top = i32::MIN);
    hostile(|row| row.left = i32::MAX);
    hostile(|row| row.row_down = 0);
    hostile(|row| row.row_down = 2);
    hostile(|row| row.row_right = 1);
    hostile(|row| row.col_right = i32::MIN);
    hostile(|row| (row.row_down, row.row_right) = (0, 1));
    hostile(|row| row.col_down = -1);
    hostile(|row| row.window_top = -1);
    hostile(|row| row.window_top = 1);
    hostile(|row| row.window_left = i32::MIN);
    hostile(|row| row.window_height = u32::MAX);
    hostile(|row| row.window_width = 6);
}

#[test]
fn empty_windows_are_for_constant_borders() {
    let row = GatherRow {
        window_width: 0,
        ..usual()
    };
    for border in BORDERS {
        let gather = gather(1, [Layout::Hwc; 2], border);
        match border {
            Border::Constant(fill) => {
                assert_eq!(super::run(&gather, &bytes(20), &row), [fill[0]; 20]);
            }
            _ => assert!(gather.check(&row, 20).is_err()),
        }
    }
}

#[test]
fn lengths_are_checked() {
    let gather = gather(3, LAYOUTS, Border::Edge);
    for (src, dst) in [(59, 60), (61, 60), (60, 59), (60, 61), (0, 0)] {
        for level in Level::available() {
            let error = gather.run(level, &vec![0; src], &usual(), &mut vec![0; dst]);
            assert!(matches!(error, Err(GatherError::Length { .. })));
        }
    }
}

#[test]
fn constants_say_what_is_gathered() {
    let map = ChannelMap {
        n_in: 4,
        n_out: 3,
        first: 2,
        step: -1,
    };
    let border = Border::Constant([1, 2, 3, 4]);
    let constants = Gather::new(map, Layout::Chw, Layout::Hwc, border)
        .unwrap()
        .constants();
    assert_eq!([constants.channels_in, constants.channels_out], [4, 3]);
    assert_eq!([constants.from_chw, constants.to_chw], [1, 0]);
    assert_eq!((constants.first_channel, constants.channel_step), (2, -1));
    assert_eq!([constants.border, constants.fill], [0, 0x0403_0201]);
    assert_eq!(BORDERS.map(Border::code), [0, 1, 2, 3, 4]);
}

/// Any word, often one that is nearly right.
fn word() -> impl Strategy<Value = u32> {
    prop_oneof![
        90 => 0..4u32,
        9 => Just(u32::MAX),
        1 => any::<u32>(),
        1 => Just(1 << 30),
        1 => Just(1 << 31),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Whatever the record says: it is refused or every level follows it.
    #[test]
    fn any_record_is_followed_or_refused(
        words in prop::array::uniform16(word()),
        turned in any::<[bool; 3]>(),
        border in 0..5usize,
    ) {
        let mut row: GatherRow = bytemuck::cast(words);
        let direction = |negative: bool| if negative { -1 } else { 1 };
        let [down, right] = [direction(turned[0]), direction(turned[1])];
        if words[15] < 4 {
            [row.row_down, row.row_right, row.col_down, row.col_right] = if turned[2] {
                [0, right, down, 0]
            } else {
                [down, 0, 0, right]
            };
        }
        let changed = row.flip_horizontal().rotate90(1).transpose().flip_vertical();
        for row in [row, changed] {
            let gather = gather(1, LAYOUTS, BORDERS[border]);
            let len = row.src_height.wrapping_mul(row.src_width).min(1000) as usize;
            if gather.check(&row, len).is_ok_and(|len| len <= 1000) {
                super::run(&gather, &bytes(len), &row);
                let _ = row.pad(BORDERS[border], [1, 2, 3, 4]);
            }
            let _ = row.crop(words.map(|word| word % 8)[..4].try_into().unwrap());
            let _ = row.pad(BORDERS[border], words[4..8].try_into().unwrap());
        }
    }
}
