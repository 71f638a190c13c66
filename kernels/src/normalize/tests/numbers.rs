//! Numbers of columns.
#![expect(clippy::float_cmp, reason = "bits are what is promised")]
#![expect(
    clippy::cast_possible_truncation,
    reason = "bits of binary32 fill half a word; constants are rounded on purpose"
)]

use crate::Kernel;
use crate::element::Element::{self, BF16, F16, F32, F64, I8, I32, I64, U8, U16, U64};
use crate::exact::{Exact, bits_of, bytes_of, decode, patterns, round};
use crate::level::Level;
use crate::normalize::{NormalizeError, Numbers};

/// Lengths around the widths of vectors and tiles.
const LENS: [usize; 19] = [
    0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 3000,
];

type Constants = (f64, f64, Option<[f64; 2]>);

/// Mean, standard deviation and bounds: plain ones, those that lead to tiny
/// and to huge results, and bounds of all sorts.
const CONSTANTS: [Constants; 13] = [
    (0.0, 1.0, None),
    (127.5, 0.1, None),
    (-3.0e4, 7.3, Some([-3.0, 3.0])),
    (1.0, 1_048_576.0, None),
    (0.0, 1.5e-5, None),
    (3.0e-38, 1.0, Some([0.0, 1e9])),
    (65504.0, 0.37, Some([-0.0, 0.0])),
    (0.0, 3.3e30, Some([-1e-3, 65519.0])),
    (2.5e-3, 1e-30, Some([-1.0, -0.5])),
    // Means on both sides of where tiny numbers stop to count.
    (7.888_609_052_210_118e-31, 1e-30, None),
    (-7.888_608_6e-31, 1e-6, None),
    (-1.03e-289, 1e-290, None),
    (1.02e-289, 1e-12, None),
];

fn all() -> Vec<Numbers> {
    let mut out = Vec::new();
    for from in Element::ALL {
        for to in [F16, BF16, F32, F64] {
            for (mean, std, clip) in CONSTANTS {
                let is_narrow = to != F64 && std > 1e-37;
                if is_narrow || from.is_wide() {
                    out.push(Numbers::new((from, to), (mean, std), clip).unwrap());
                }
            }
        }
    }
    out
}

fn run(numbers: Numbers, level: Level, src: &[u8]) -> Vec<u8> {
    let n = src.len() / numbers.from.len_bytes();
    let mut dst = vec![0xa5; n * numbers.to.len_bytes()];
    let kernel = Kernel::NormalizeNumbers(numbers);
    assert_eq!(kernel.run(level, src, &mut dst), Ok(None));
    dst
}

/// Zero in place of tiny bits of `real`, the sign kept.
fn flush(real: Element, bits: u64) -> u64 {
    let sign = 1 << (real.len_bytes() * 8 - 1);
    let least = if real == F64 { 1 << 52 } else { 1 << 23 };
    if bits & !sign <= least {
        bits & sign
    } else {
        bits
    }
}

/// One operation of binary32, by binary64, which holds its exact result or
/// enough of it to round once more without harm; or of binary64.
fn operate(real: Element, [a, b]: [u64; 2], operation: fn(f64, f64) -> f64) -> u64 {
    let value = |bits| {
        if real == F64 {
            f64::from_bits(bits)
        } else {
            f64::from(f32::from_bits(bits as u32))
        }
    };
    let result = operation(value(a), value(b));
    flush(real, round(real, decode(F64, result.to_bits())))
}

/// What `normalize` means, for the number of these bits.
fn meaning(numbers: &Numbers, bits: u64) -> u64 {
    let real = if numbers.from.is_wide() { F64 } else { F32 };
    let constant = |value: f64| round(real, decode(F64, value.to_bits()));
    let x = flush(real, round(real, decode(numbers.from, bits)));
    let difference = operate(real, [x, constant(numbers.mean)], |a, b| a - b);
    let y = operate(real, [difference, constant(numbers.factor)], |a, b| a * b);
    let mut exact = decode(real, y);
    if exact != Exact::Nan {
        let value = f64::from_bits(round(F64, exact));
        if value < numbers.low {
            exact = decode(F64, numbers.low.to_bits());
        } else if value > numbers.high {
            exact = decode(F64, numbers.high.to_bits());
        }
    }
    match numbers.to {
        F16 | BF16 => round(numbers.to, decode(F32, round(F32, exact))),
        to => round(to, exact),
    }
}

#[test]
fn reference_is_what_it_means() {
    for numbers in all() {
        let src = patterns(numbers.from);
        let dst = run(numbers, Level::SCALAR, &bytes_of(numbers.from, &src));
        for (bits, got) in src.iter().zip(bits_of(numbers.to, &dst)) {
            assert_eq!(got, meaning(&numbers, *bits), "{numbers:?} of {bits:#x}");
        }
    }
}

#[test]
fn levels_agree_on_all_patterns() {
    for numbers in all() {
        let src = bytes_of(numbers.from, &patterns(numbers.from));
        let want = run(numbers, Level::SCALAR, &src);
        for level in Level::available() {
            let got = run(numbers, level, &src);
            assert!(got == want, "{numbers:?} at {level}");
        }
    }
}

#[test]
fn levels_agree_at_every_length_and_address() {
    for numbers in all().into_iter().step_by(2) {
        let from = numbers.from.len_bytes();
        let src = patterns(numbers.from).into_iter().rev().cycle();
        let src = bytes_of(numbers.from, &src.take(3000).collect::<Vec<u64>>());
        for (len, at) in LENS
            .into_iter()
            .flat_map(|len| [(len, 0), (len, 1), (len, 3)])
        {
            let mut moved = vec![0; at];
            moved.extend_from_slice(&src[..len * from]);
            let want = run(numbers, Level::SCALAR, &src[..len * from]);
            let kernel = Kernel::NormalizeNumbers(numbers);
            for level in Level::available() {
                let mut dst = vec![0xa5; want.len() + 2 * at];
                let inside = at..at + want.len();
                kernel
                    .run(level, &moved[at..], &mut dst[inside.clone()])
                    .unwrap();
                assert!(
                    dst[inside] == want,
                    "{numbers:?} at {level}, {len} from {at}"
                );
                let around = dst[..at].iter().chain(&dst[at + want.len()..]);
                assert!(around.into_iter().all(|byte| *byte == 0xa5));
            }
        }
    }
}

/// Much is written around the caches, from wherever it begins.
#[test]
fn levels_agree_on_much() {
    for (from, to) in [(F32, F32), (F64, F64), (F16, F16), (U8, BF16), (I64, F32)] {
        let numbers = Numbers::new((from, to), (0.5, 0.25), None).unwrap();
        let n = (9 << 20) / to.len_bytes() + 13;
        let src = patterns(from).into_iter().cycle().take(n);
        let src = bytes_of(from, &src.collect::<Vec<u64>>());
        let want = run(numbers, Level::SCALAR, &src);
        let kernel = Kernel::NormalizeNumbers(numbers);
        for level in Level::available().into_iter().skip(1) {
            for at in [0, 1, 4, 8, 64] {
                let mut dst = vec![0xa5; want.len() + 2 * at];
                let inside = at..at + want.len();
                kernel.run(level, &src, &mut dst[inside.clone()]).unwrap();
                assert!(dst[inside] == want, "{numbers:?} at {level} from {at}");
                let around = dst[..at].iter().chain(&dst[at + want.len()..]);
                assert!(around.into_iter().all(|byte| *byte == 0xa5));
            }
        }
    }
}

#[test]
fn tiny_values_are_zero_and_nan_is_canonical() {
    let least = f32::MIN_POSITIVE;
    let above = f32::from_bits(least.to_bits() + 1);
    let tiny = f32::from_bits(1);
    let nan = f32::from_bits(0xffc1_2345);
    let signalling = f32::from_bits(0x7f80_0001);
    let src = [
        0.0, -0.0, tiny, -tiny, least, -least, above, -above, nan, signalling,
    ];
    let canonical = f32::from_bits(0x7fc0_0000);
    let want = [
        0.0, -0.0, 0.0, -0.0, 0.0, -0.0, above, -above, canonical, canonical,
    ];
    let numbers = Numbers::new((F32, F32), (0.0, 1.0), None).unwrap();
    for level in Level::available() {
        let got = run(numbers, level, bytemuck::cast_slice(&src));
        assert_eq!(got, bytemuck::cast_slice::<f32, u8>(&want), "{level}");
    }
}

#[test]
fn a_bound_beyond_the_type_is_rounded_as_results_are() {
    let numbers = Numbers::new((F32, F16), (0.0, 1.0), Some([-1e6, 0.3])).unwrap();
    let src = [-2e6f32, -65504.0, 5.0, f32::INFINITY, f32::NAN];
    for level in Level::available() {
        let got = run(numbers, level, bytemuck::cast_slice(&src));
        let want = [0xfc00, 0xfbff, 0x34cd, 0x34cd, 0x7e00];
        assert_eq!(bits_of(F16, &got), want, "{level}");
    }
}

fn refused(from: Element, to: Element, (mean, std): (f64, f64), clip: Option<[f64; 2]>) -> String {
    Numbers::new((from, to), (mean, std), clip)
        .unwrap_err()
        .to_string()
}

#[test]
fn constants_that_mean_nothing_are_refused() {
    for from in [F32, U8, F16, F64, I64] {
        let what = |mean, std, clip| refused(from, F32, (mean, std), clip);
        assert_eq!(what(0.0, 0.0, None), "`std` must be positive, got 0");
        assert_eq!(what(0.0, -2.0, None), "`std` must be positive, got -2");
        assert_eq!(what(0.0, f64::NAN, None), "`std` must be finite, got NaN");
        assert_eq!(
            what(0.0, f64::INFINITY, None),
            "`std` must be finite, got inf"
        );
        assert_eq!(what(f64::NAN, 1.0, None), "`mean` must be finite, got NaN");
        assert_eq!(
            what(f64::NEG_INFINITY, 1.0, None),
            "`mean` must be finite, got -inf"
        );
        let clip = |low, high| what(0.0, 1.0, Some([low, high]));
        assert_eq!(
            clip(2.0, 1.0),
            "expected bounds with low <= high, got 2 and 1"
        );
        assert_eq!(clip(f64::NAN, 1.0), "`bound` must be finite, got NaN");
        assert_eq!(clip(0.0, f64::INFINITY), "`bound` must be finite, got inf");
    }
}

#[test]
fn constants_are_those_of_the_type_computed_in() {
    let narrow = |mean, std| Numbers::new((F32, F32), (mean, std), None);
    let wide = |mean, std| Numbers::new((F64, F64), (mean, std), None);
    let positive = |what| move |error: &NormalizeError| matches!(error, NormalizeError::NotPositive { what: got, .. } if *got == what);
    let finite = |error: &NormalizeError| matches!(error, NormalizeError::NotFinite { .. });
    // Beyond binary32, but not beyond binary64.
    assert!(finite(&narrow(1e39, 1.0).unwrap_err()));
    assert!(finite(&narrow(0.0, 1e39).unwrap_err()));
    assert!(positive("std")(&narrow(0.0, 1e-39).unwrap_err()));
    assert!(positive("std")(&narrow(0.0, 2f64.powi(-126)).unwrap_err()));
    assert!(positive("1 / std")(
        &narrow(0.0, 2f64.powi(126)).unwrap_err()
    ));
    for std in [1e39, 1e-39, 2f64.powi(126)] {
        assert_eq!(wide(1e39, std).unwrap().factor, 1.0 / std);
    }
    assert!(positive("std")(&wide(0.0, 1e-308).unwrap_err()));
    assert!(positive("1 / std")(&wide(0.0, f64::MAX).unwrap_err()));
    // The neighbours are taken.
    let std = f64::from(f32::from_bits(f32::MIN_POSITIVE.to_bits() + 1));
    assert_eq!(
        narrow(0.0, std).unwrap().factor,
        f64::from((1.0 / std) as f32)
    );
    let std = 2f64.powi(125);
    assert_eq!(narrow(0.0, std).unwrap().factor, 2f64.powi(-125));
    // Rounded to binary32; tiny ones are zero without a sign.
    let numbers = Numbers::new((I32, F32), (0.1, 0.3), Some([-1e-40, 0.7])).unwrap();
    let [mean, high] = [0.1f32, 0.7].map(f64::from);
    assert_eq!([numbers.mean, numbers.high], [mean, high]);
    assert_eq!(numbers.factor, f64::from((1.0 / 0.3) as f32));
    assert_eq!(numbers.low.to_bits(), 0);
    let plain = narrow(-1e-39, 1.0).unwrap();
    assert_eq!([plain.low, plain.high], [f64::NEG_INFINITY, f64::INFINITY]);
    assert_eq!(plain.mean.to_bits(), 0);
    let equal = Numbers::new((F32, F32), (0.0, 1.0), Some([0.5, 0.5])).unwrap();
    assert_eq!(equal.low, equal.high);
}

#[test]
fn types_that_are_not_made_are_refused() {
    let to = |from, to| refused(from, to, (0.0, 1.0), None);
    let narrow = "expected float32, float16 or bfloat16, got float64";
    for from in [U8, I8, U16, I32, F16, BF16, F32] {
        assert_eq!(to(from, F64), narrow);
    }
    assert_eq!(to(F64, I32), "expected a floating-point type, got int32");
    assert_eq!(
        to(F32, U8),
        "expected float32, float16 or bfloat16, got uint8"
    );
}

#[test]
fn devices_are_told_the_constants() {
    let clip = Some([-1.5, 2.5]);
    let numbers = Numbers::new((I32, F16), (0.1, 4.0), clip).unwrap();
    assert!(!numbers.is_wide());
    let told = numbers.constants();
    assert_eq!([told.from, told.to], [I32.code(), F16.code()]);
    assert_eq!(
        [told.mean, told.factor, told.low, told.high],
        [0.1, 0.25, -1.5, 2.5]
    );
    let numbers = Numbers::new((U64, F64), (0.1, 4.0), clip).unwrap();
    assert!(numbers.is_wide());
    let told = numbers.wide_constants();
    assert_eq!([told.from, told.to], [U64.code(), F64.code()]);
    assert_eq!(
        [told.mean, told.factor, told.low, told.high],
        [0.1, 0.25, -1.5, 2.5]
    );
}
