//! Every level against the scalar reference, and the reference against its
//! definition.

use proptest::prelude::*;

use super::{Lut, LutError};
use crate::element::Element::{self, BF16, F16, F32, U8};
use crate::normalize::{Layout, Table};
use crate::{Kernel, Level};

const ELEMENTS: [Element; 4] = [U8, F16, BF16, F32];
const LAYOUTS: [Layout; 2] = [Layout::Hwc, Layout::Chw];
/// Samples a channel, around the widths of vectors.
const LENS: [usize; 13] = [0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1000];

/// Final bits without a pattern that an error could hide behind.
fn entry(to: Element, table: u32, byte: u8) -> u32 {
    let bits = (table * 256 + u32::from(byte) + 1).wrapping_mul(0x9e37_79b9);
    bits >> (32 - 8 * to.len_bytes())
}

fn of_column(to: Element, channels: u32, layout: Layout, n_tables: u32) -> Lut {
    Lut::of_fn(to, channels, layout, n_tables, |table, byte| {
        entry(to, table, byte)
    })
    .unwrap()
}

/// The same tables as the record of a row.
fn record(to: Element, n_tables: u32) -> Vec<u8> {
    let entries = (0..n_tables).flat_map(|table| (0..=u8::MAX).map(move |byte| (table, byte)));
    let bytes = entries.map(|(table, byte)| entry(to, table, byte).to_le_bytes());
    bytes
        .flat_map(|bytes| bytes[..to.len_bytes()].to_vec())
        .collect()
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| (at * at / 3 + at * 7).to_le_bytes()[0])
        .collect()
}

/// What is meant: channel by channel, each sample where it was.
fn meaning(lut: &Lut, src: &[u8]) -> Vec<u8> {
    let (channels, len) = (lut.channels() as usize, lut.to().len_bytes());
    let n = src.len() / channels;
    let mut out = vec![0; src.len() * len];
    for c in 0..channels {
        for i in 0..n {
            let at = match lut.layout() {
                Layout::Hwc => i * channels + c,
                Layout::Chw => c * n + i,
            };
            let table = u32::try_from(c).unwrap().min(lut.n_tables() - 1);
            let bits = entry(lut.to(), table, src[at]);
            out[at * len..][..len].copy_from_slice(&bits.to_le_bytes()[..len]);
        }
    }
    out
}

/// All that may be looked up.
fn all() -> impl Iterator<Item = (Element, u32, Layout, u32)> {
    let cases = ELEMENTS
        .into_iter()
        .flat_map(|to| (1..=4).map(move |n| (to, n)));
    let cases = cases.flat_map(|(to, n)| LAYOUTS.map(|layout| (to, n, layout)));
    cases.flat_map(|(to, n, layout)| [(to, n, layout, 1), (to, n, layout, n)])
}

#[test]
fn every_level_looks_up_what_is_meant() {
    for (to, channels, layout, n_tables) in all() {
        let column = of_column(to, channels, layout, n_tables);
        let row = Lut::of_rows(to, channels, layout, n_tables).unwrap();
        let record = record(to, n_tables);
        for (len, shift) in LENS.into_iter().zip((0..4).cycle()) {
            let src = bytes(len * channels as usize);
            let want = meaning(&column, &src);
            for level in Level::available() {
                for (lut, record) in [(&column, &[][..]), (&row, &record)] {
                    let mut dst = vec![0xa5; want.len() + 2 * shift];
                    let inside = shift..shift + want.len();
                    lut.run(level, &src, record, &mut dst[inside.clone()])
                        .unwrap();
                    assert!(dst[inside] == want, "{lut:?} at {level}");
                    let mut around = dst[..shift].iter().chain(&dst[shift + want.len()..]);
                    assert!(around.all(|&byte| byte == 0xa5), "{level}");
                }
            }
        }
    }
}

/// What `normalize` looks up is the same.
#[test]
fn tables_of_normalize_are_tables_of_a_column() {
    use crate::normalize::{Flip, Geometry, Images};

    let table = Table::new(F16, 3, (&[0.485, 0.456, 0.406], &[0.229]), 255.0).unwrap();
    let tables = table.bits().as_chunks::<256>().0;
    let lut = Lut::of_column(F16, 3, Layout::Hwc, tables).unwrap();
    let geometry = Geometry {
        height: 5,
        width: 7,
        channels: 3,
        from: Layout::Hwc,
        to: Layout::Hwc,
        crop: [0, 0, 5, 7],
        flip: Flip::None,
    };
    let images = Images::new(geometry, table).unwrap();
    let src = bytes(5 * 7 * 3);
    let (mut got, mut want) = ([0; 5 * 7 * 3 * 2], [0; 5 * 7 * 3 * 2]);
    let kernel = Kernel::NormalizeImages(images.into());
    kernel.run(Level::SCALAR, &src, &mut want).unwrap();
    lut.run(Level::best(), &src, &[], &mut got).unwrap();
    assert_eq!(got, want);
}

#[test]
fn what_cannot_be_looked_up_is_refused() {
    let tables = [[0; 256]; 5];
    let of = |to, channels, n: usize| Lut::of_column(to, channels, Layout::Hwc, &tables[..n]);
    for to in Element::ALL {
        let is_known = ELEMENTS.contains(&to);
        assert_eq!(of(to, 3, 3).is_ok(), is_known, "{to}");
        assert_eq!(Lut::of_rows(to, 3, Layout::Chw, 1).is_ok(), is_known);
    }
    for channels in [0, 5, u32::MAX] {
        assert_eq!(
            of(U8, channels, 1),
            Err(LutError::Channels { got: channels })
        );
    }
    for got in [0, 2, 4, 5] {
        assert_eq!(of(U8, 3, got), Err(LutError::Tables { channels: 3, got }));
    }
    assert!(Lut::of_rows(U8, 3, Layout::Hwc, u32::MAX).is_err());
    let mut tables = [[0; 256]; 2];
    tables[1][7] = 0x1_0000;
    let error = Lut::of_column(BF16, 2, Layout::Hwc, &tables).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected the bits of one bfloat16, got 0x10000 for byte 7 in table 1"
    );
    assert!(Lut::of_column(F32, 2, Layout::Hwc, &tables).is_ok());
}

#[test]
fn lengths_are_checked() {
    let column = of_column(F16, 3, Layout::Hwc, 3);
    let row = Lut::of_rows(F16, 3, Layout::Hwc, 3).unwrap();
    assert_eq!([column.record_len(), row.record_len()], [0, 3 * 256 * 2]);
    assert_eq!(column.check(6, 0), Ok(12));
    assert_eq!(row.check(6, 1536), Ok(12));
    let most = (1 << 30) / 3 * 3;
    assert_eq!(column.check(most, 0), Ok(2 * most));
    for (src, record) in [
        (7, 0),
        (6, 1536),
        (most + 3, 0),
        (usize::MAX, 0),
        (usize::MAX - 2, 0),
    ] {
        assert!(column.check(src, record).is_err(), "{src} {record}");
    }
    for (src, record) in [(7, 1536), (6, 0), (6, 1535), (6, 1537)] {
        assert!(row.check(src, record).is_err(), "{src} {record}");
    }
    for level in Level::available() {
        for len in [0, 11, 13] {
            let error = column.run(level, &[0; 6], &[], &mut vec![0; len]);
            assert!(matches!(error, Err(LutError::Length { .. })));
        }
    }
}

#[test]
fn constants_say_what_is_looked_up() {
    let column = of_column(F16, 3, Layout::Hwc, 1).constants();
    assert_eq!(
        [column.to, column.channels, column.n_tables],
        [F16.code(), 3, 1]
    );
    assert_eq!([column.is_chw, column.from_row, column.record_len], [0; 3]);
    let row = Lut::of_rows(F32, 4, Layout::Chw, 4).unwrap().constants();
    assert_eq!([row.to, row.channels, row.n_tables], [F32.code(), 4, 4]);
    assert_eq!([row.is_chw, row.from_row, row.record_len], [1, 1, 4096]);
}

proptest! {
    /// Any bytes as the record of a row: all bits are taken as they are.
    #[test]
    fn any_record_is_looked_up_in(
        record in prop::collection::vec(any::<u8>(), 3 * 256 * 4),
        src in prop::collection::vec(any::<u8>(), 0..200),
        to in prop::sample::select(&ELEMENTS[..]),
        layout in prop::sample::select(&LAYOUTS[..]),
    ) {
        let src = &src[..src.len() / 3 * 3];
        let record = &record[..3 * 256 * to.len_bytes()];
        let lut = Lut::of_rows(to, 3, layout, 3).unwrap();
        let mut want = vec![0; src.len() * to.len_bytes()];
        lut.run(Level::SCALAR, src, record, &mut want).unwrap();
        for level in Level::available() {
            let mut got = vec![0; want.len()];
            lut.run(level, src, record, &mut got).unwrap();
            prop_assert_eq!(&got, &want);
        }
    }
}
