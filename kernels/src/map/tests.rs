//! Maps against what they mean, on all levels.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "bits are cut on purpose, and numbers are small"
)]

use std::cmp::Ordering;

use super::*;
use crate::cast::Cast;
use crate::element::Element::{self, *};
use crate::exact::patterns;
use crate::level::Level;
use crate::normalize::Numbers;

/// Numbers of this type by their bits, one after another.
fn bytes_of(element: Element, numbers: &[u64]) -> Vec<u8> {
    let len = element.len_bytes();
    let bytes = numbers.iter().map(|bits| bits.to_le_bytes());
    bytes.flat_map(|bytes| bytes[..len].to_vec()).collect()
}

fn run(map: &Map, level: Level, src: &[u8]) -> (Vec<u8>, Option<usize>) {
    let n = src.len() / map.from().len_bytes();
    let mut dst = vec![0xa5; n * map.to().len_bytes()];
    let misfit = map.run(level, src, &mut dst);
    (dst, misfit)
}

/// Numbers of odd bits, several tiles of them.
fn odd_numbers(from: Element) -> Vec<u8> {
    let patterns = patterns(from);
    let n = patterns.len().max(3000);
    let numbers: Vec<u64> = patterns.into_iter().cycle().take(n).collect();
    bytes_of(from, &numbers)
}

/// What all levels make of numbers of odd bits, many tiles of them.
fn on_all_levels(map: &Map) -> (Vec<u8>, Option<usize>) {
    let src = odd_numbers(map.from());
    let want = run(map, Level::SCALAR, &src);
    for level in Level::available() {
        assert!(run(map, level, &src) == want, "{map:?} at {level}");
    }
    want
}

/// A number exactly as it is, or `None` for NaN.
fn exact(element: Element, bits: u64) -> Option<Edge> {
    let bytes = bits.to_le_bytes();
    macro_rules! whole {
        ($type:ty, $n:literal) => {
            Edge::Whole(<$type>::from_le_bytes(bytes[..$n].try_into().unwrap()).into())
        };
    }
    let real = match element {
        U8 => return Some(whole!(u8, 1)),
        I8 => return Some(whole!(i8, 1)),
        U16 => return Some(whole!(u16, 2)),
        I16 => return Some(whole!(i16, 2)),
        U32 => return Some(whole!(u32, 4)),
        I32 => return Some(whole!(i32, 4)),
        U64 => return Some(whole!(u64, 8)),
        I64 => return Some(whole!(i64, 8)),
        F16 => half::f16::from_bits(bits as u16).to_f64(),
        BF16 => half::bf16::from_bits(bits as u16).to_f64(),
        F32 => f32::from_bits(bits as u32).into(),
        F64 => f64::from_bits(bits),
    };
    (!real.is_nan()).then_some(Edge::Real(real))
}

/// Edges that are odd in every type, ascending, some of them twice.
fn edges() -> Vec<Edge> {
    let whole = [
        i128::from(i64::MIN) - 1,
        i64::MIN.into(),
        i128::from(i32::MIN) - 1,
        i32::MIN.into(),
        -129,
        -128,
        -1,
        0,
        1,
        127,
        128,
        255,
        256,
        65_535,
        65_536,
        16_777_217,
        i32::MAX.into(),
        u32::MAX.into(),
        9_007_199_254_740_993,
        i64::MAX.into(),
        u64::MAX.into(),
        i128::from(u64::MAX) + 1,
    ];
    let real = [
        -f64::MAX,
        -1e39,
        -65_505.0,
        -2.5,
        -0.1,
        -f64::from(f32::MIN_POSITIVE) / 2.0,
        -0.0,
        5e-324,
        1e-45,
        1.5e-45,
        0.1,
        f64::from(0.1f32),
        0.5,
        2.5,
        65_504.0,
        3.4e38,
        f64::from(f32::MAX),
        3.5e38,
        f64::MAX,
    ];
    let mut edges: Vec<Edge> = whole.map(Edge::Whole).into();
    edges.extend(real.map(Edge::Real));
    edges.extend([Edge::Whole(128), Edge::Real(0.1)]);
    edges.sort_by(|a, b| a.order(*b).unwrap());
    edges
}

#[test]
fn edges_are_counted_exactly_in_every_type() {
    let all = edges();
    for from in Element::ALL {
        for side in [Side::Left, Side::Right] {
            for n in [1, 2, 3, 7, 8, all.len()] {
                let edges = &all[all.len() - n..];
                let map = Map::read(from).search(edges, side).unwrap().write(U32);
                let (dst, misfit) = on_all_levels(&map.unwrap());
                assert_eq!(misfit, None);
                let numbers = patterns(from).into_iter().cycle();
                for (bits, got) in numbers.zip(dst.as_chunks().0) {
                    let counts = |edge: &&Edge| match exact(from, bits) {
                        None => true,
                        Some(x) => match edge.order(x).unwrap() {
                            Ordering::Less => true,
                            Ordering::Equal => side == Side::Right,
                            Ordering::Greater => false,
                        },
                    };
                    let want = edges.iter().filter(counts).count();
                    assert_eq!(
                        u32::from_le_bytes(*got) as usize,
                        want,
                        "{from} {bits:#x} {side:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_thousand_edges_and_their_middles() {
    let edges: Vec<Edge> = (0..1000).map(|n| Edge::Real(f64::from(n) * 0.25)).collect();
    let middles: Vec<f32> = (0..=1000).map(|n| n as f32 * 0.25 - 0.125).collect();
    let map = Map::read(F32).search(&edges, Side::Right).unwrap();
    let map = map
        .lookup(Entries::F32(middles.into()))
        .unwrap()
        .write(F32)
        .unwrap();
    let numbers: Vec<f32> = (0..5000).map(|n| n as f32 * 0.0501).collect();
    let src: &[u8] = bytemuck::cast_slice(&numbers);
    let want: Vec<f32> = numbers
        .iter()
        .map(|x| (x / 0.25).floor().min(999.0) * 0.25 + 0.125)
        .collect();
    for level in Level::available() {
        assert_eq!(
            run(&map, level, src).0,
            bytemuck::cast_slice::<f32, u8>(&want),
            "{level}"
        );
    }
}

#[test]
fn a_map_that_reads_and_writes_is_a_cast() {
    for from in Element::ALL {
        for to in Element::ALL {
            let map = Map::read(from).write(to).unwrap();
            let cast = map.as_cast().unwrap();
            assert_eq!(cast, Cast { from, to });
            let got = on_all_levels(&map);
            let src = odd_numbers(from);
            let mut want = vec![0; got.0.len()];
            let misfit = cast.run(Level::SCALAR, &src, &mut want);
            assert!(got == (want, misfit), "{cast:?}");
            assert_eq!(map.count_misfits(&src), cast.count_misfits(&src));
        }
    }
}

#[test]
fn a_map_that_shifts_and_scales_is_a_normalize() {
    let constants = [
        (0.0, 1.0),
        (1.5, 0.25),
        (-3e-38, 4.0),
        (1e-300, 1e300),
        (127.5, 57.0),
    ];
    for from in Element::ALL {
        for to in [F16, BF16, F32, F64] {
            let tried = constants.iter().flat_map(|constants| {
                let clips = [None, Some([-1.0, 2.0])];
                clips.map(|clip| Numbers::new((from, to), *constants, clip).map(|it| (it, clip)))
            });
            for (numbers, clip) in tried.flatten() {
                is_normalize(numbers, clip);
            }
        }
    }
}

/// Puts the same together instruction by instruction.
fn is_normalize(numbers: Numbers, clip: Option<[f64; 2]>) {
    let map = Map::read(numbers.from).to_float();
    let map = map.subtract(numbers.mean).unwrap();
    let map = map.multiply(numbers.factor).unwrap();
    let map = match clip {
        None => map,
        Some(bounds) => map.clamp(bounds).unwrap(),
    };
    let map = map.write(numbers.to).unwrap();
    assert_eq!(map.as_normalize(), Some(numbers));
    let (got, _) = on_all_levels(&map);
    let mut want = vec![0; got.len()];
    numbers.run(Level::SCALAR, &odd_numbers(numbers.from), &mut want);
    assert!(got == want, "{numbers:?}");
}

#[test]
fn other_maps_are_neither() {
    let float = Map::read(F32).subtract(1.0).unwrap();
    for map in [
        float.clone().write(F32),
        float.clone().multiply(-1.0).unwrap().write(F32),
        float.clone().multiply(2.0).unwrap().write(F64),
        float.clone().multiply(2.0).unwrap().write(I32),
        Map::read(F32).clamp([0.0, 1.0]).unwrap().write(F32),
    ] {
        let map = map.unwrap();
        assert_eq!((map.as_cast(), map.as_normalize()), (None, None), "{map:?}");
        on_all_levels(&map);
    }
}

#[test]
fn floats_are_bounded_and_reported_where_they_do_not_fit() {
    let map = Map::read(F32)
        .clamp([-2.0, 300.5])
        .unwrap()
        .write(U8)
        .unwrap();
    let numbers = [1.9f32, f32::NAN, -5.0, 1e9, 255.0, -0.5];
    for level in Level::available() {
        let (dst, misfit) = run(&map, level, bytemuck::cast_slice(&numbers));
        assert_eq!(
            (dst, misfit),
            (vec![1, 0, 0, 255, 255, 0], Some(1)),
            "{level}"
        );
    }
    assert_eq!(map.count_misfits(bytemuck::cast_slice(&numbers)), 3);
}

#[test]
fn what_cannot_be_is_refused() {
    let says = |map: Result<MapBuilder, MapError>| map.unwrap_err().to_string();
    let read = Map::read;
    let edge = |number: f64| [Edge::Real(number)];
    assert_eq!(
        says(read(U8).subtract(1.0)),
        "expected float32 or float64 for subtract, got uint32"
    );
    assert_eq!(
        says(read(F32).multiply(1e39)),
        "`factor` must be finite, got 1000000000000000000000000000000000000000"
    );
    assert_eq!(
        says(read(F32).clamp([2.0, 1.0])),
        "expected bounds with low <= high, got 2 and 1"
    );
    assert_eq!(
        says(read(F32).search(&edge(f64::NAN), Side::Left)),
        "`edges` must be finite, got NaN"
    );
    assert_eq!(
        says(read(F32).search(&[], Side::Left)),
        "expected 1 to 1048576 edges, got 0"
    );
    assert_eq!(
        says(read(F32).search(&[Edge::Whole(2), Edge::Real(1.5)], Side::Left)),
        "expected edges that ascend, got 2 before 1.5 at index 1"
    );
    assert_eq!(
        says(read(U8).lookup(Entries::whole(&[0; 255]))),
        "expected a table for every index up to 255, got 255 entries"
    );
    assert_eq!(
        says(read(I8).lookup(Entries::whole(&[0; 256]))),
        "expected an index: uint8, uint16 or what a search gives for lookup, got int32"
    );
    let many = (0..=MAX_INSTRUCTIONS)
        .try_fold(read(F32), |map, _| map.subtract(1.0))
        .unwrap();
    assert_eq!(
        many.write(F32).unwrap_err().to_string(),
        "expected 1 to 64 instructions, got 65"
    );
}

#[test]
fn a_map_says_what_it_does() {
    let edges: Vec<Edge> = (0..1000).map(Edge::from).collect();
    let says = |map: MapBuilder, to| map.write(to).unwrap().to_string();
    assert_eq!(says(Map::read(U8), I16), "map uint8 -> int16");
    assert_eq!(
        says(Map::read(F32).search(&edges, Side::Right).unwrap(), U32),
        "map float32 -> uint32: search 1000 edges"
    );
    let map = Map::read(I64).to_float().subtract(0.1).unwrap();
    let map = map.multiply(-2.0).unwrap().clamp([-1.0, 2.5]).unwrap();
    let map = map.search(&edges[..1], Side::Left).unwrap();
    let map = map.lookup(Entries::whole(&[-1, 1])).unwrap();
    assert_eq!(
        says(map, F16),
        "map int64 -> float16: to float64, subtract 0.1, multiply -2, clamp -1 to 2.5, \
         search 1 edge, look up 2 entries of int32"
    );
}

/// What a map says of itself holds for what it does to odd numbers.
#[test]
fn a_map_knows_whether_numbers_fit() {
    let edges: Vec<Edge> = (0..300).map(Edge::from).collect();
    let search = |n: usize| Map::read(F32).search(&edges[..n], Side::Right).unwrap();
    let whole = |a, b| search(1).lookup(Entries::whole(&[a, b])).unwrap();
    let real = |b| search(1).lookup(Entries::F64([0.0, b].into())).unwrap();
    let float = || Map::read(F32).multiply(2.0).unwrap();
    for (map, to, fits, infinite) in [
        (search(255), U8, true, false),
        (search(256), U8, false, false),
        (whole(-128, 127), I8, true, false),
        (whole(-128, 128), I8, false, false),
        (whole(-1, 65_519), F16, true, false),
        (whole(-1, 65_520), F16, true, true),
        (real(1e300), F64, true, false),
        (real(1e300), F32, true, true),
        (real(f64::INFINITY), F32, true, false),
        (real(1.5), I32, true, false),
        (real(f64::NAN), I32, false, false),
        (float(), F32, true, true),
        (float(), I32, false, false),
        (Map::read(U8), I16, true, false),
        (Map::read(U16), F16, true, true),
    ] {
        let map = map.write(to).unwrap();
        let src = odd_numbers(map.from());
        assert_eq!(map.always_fits(), fits, "{map}");
        assert_eq!(map.count_misfits(&src) == 0, fits, "{map}");
        assert_eq!(map.may_be_infinite(), infinite, "{map}");
    }
    assert!(search(1).write(F32).unwrap().has_bounds());
    assert!(!float().write(F32).unwrap().has_bounds());
}

#[test]
fn a_map_runs_as_a_kernel() {
    let map = Map::read(F32).clamp([-1e9, 1e9]).unwrap().write(I16);
    let kernel = crate::Kernel::Map(map.unwrap().into());
    assert_eq!((kernel.src_item_bytes(), kernel.dst_item_bytes()), (4, 2));
    assert_eq!((kernel.op(), kernel.is_wide()), ("map", false));
    let src = [1.5f32, -4e9, f32::NAN].map(f32::to_le_bytes).concat();
    for level in Level::available() {
        let mut dst = [0xa5; 6];
        assert_eq!(kernel.run(level, &src, &mut dst).unwrap(), Some(1));
        assert_eq!(dst, [1, 0, 0, 0x80, 0, 0]);
        assert!(kernel.run(level, &src[..6], &mut dst).is_err());
    }
}

/// As many keys as each way of counting takes, and one more or less; lengths that
/// fill no block.
#[test]
fn any_number_of_edges_is_counted_alike_at_all_levels() {
    let counts = [
        1, 15, 16, 17, 30, 31, 32, 63, 64, 511, 1024, 4095, 4096, 9000,
    ];
    for from in [U32, I32, F32, U64, I64, F64] {
        let all = odd_numbers(from);
        let len = from.len_bytes();
        for n_edges in counts {
            let edges: Vec<Edge> = (0..n_edges)
                .map(|it| Edge::from(it - n_edges / 2))
                .collect();
            let map = Map::read(from).search(&edges, Side::Right).unwrap();
            let map = map.write(U16).unwrap();
            for n in [1u16, 17, 1500] {
                // Small numbers stand among the odd ones.
                let small =
                    (0..i64::from(n) / 2).map(|it| small_number(from, it * 7 - n_edges / 2));
                let mut src: Vec<u8> = small.flatten().collect();
                src.extend_from_slice(&all[..usize::from(n) * len - src.len()]);
                let want = run(&map, Level::SCALAR, &src);
                for level in Level::available() {
                    assert!(
                        run(&map, level, &src) == want,
                        "{from}, {n_edges} edges, {n} at {level}"
                    );
                }
            }
        }
    }
}

fn small_number(of: Element, number: i64) -> Vec<u8> {
    let cast = Cast { from: I64, to: of };
    let mut dst = vec![0; of.len_bytes()];
    cast.run(Level::SCALAR, &number.to_le_bytes(), &mut dst);
    dst
}
