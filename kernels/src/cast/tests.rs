//! Every level against the scalar reference, and the reference against its
//! definition.

use super::Cast;
use crate::Kernel;
use crate::element::Element::{self, BF16, F16, F32, F64, I8, I32, I64, U8, U16, U32};
use crate::exact::{bits_of, bytes_of, decode, patterns, round, truncate};
use crate::level::Level;

/// Lengths around the widths of vectors and tiles.
const LENS: [usize; 21] = [
    0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 2049, 5000,
];

fn pairs() -> impl Iterator<Item = Cast> {
    let all = Element::ALL.into_iter();
    all.flat_map(|from| Element::ALL.map(|to| Cast { from, to }))
}

fn run(cast: Cast, level: Level, src: &[u8]) -> (Vec<u8>, Option<usize>) {
    let n = src.len() / cast.from.len_bytes();
    let mut dst = vec![0xa5; n * cast.to.len_bytes()];
    let misfit = Kernel::Cast(cast).run(level, src, &mut dst).unwrap();
    (dst, misfit)
}

/// What `cast` means, by whole-number arithmetic.
fn meaning(cast: Cast, bits: u64) -> (u64, bool) {
    let exact = decode(cast.from, bits);
    match cast.to {
        F16 | BF16 => (round(cast.to, decode(F32, round(F32, exact))), true),
        F32 | F64 => (round(cast.to, exact), true),
        to => truncate(to, exact),
    }
}

#[test]
fn reference_is_what_it_means() {
    for cast in pairs() {
        let numbers = patterns(cast.from);
        let (dst, misfit) = run(cast, Level::SCALAR, &bytes_of(cast.from, &numbers));
        let mut first = None;
        for (index, (bits, got)) in numbers.iter().zip(bits_of(cast.to, &dst)).enumerate() {
            let (want, fits) = meaning(cast, *bits);
            assert_eq!(got, want, "{cast:?} of {bits:#x}");
            if !fits && first.is_none() {
                first = Some(index);
            }
        }
        assert_eq!(misfit, first, "{cast:?}");
    }
}

#[test]
fn levels_agree_on_all_patterns() {
    for cast in pairs() {
        let src = bytes_of(cast.from, &patterns(cast.from));
        let want = run(cast, Level::SCALAR, &src);
        for level in Level::available() {
            assert!(run(cast, level, &src) == want, "{cast:?} at {level}");
        }
    }
}

#[test]
fn levels_agree_at_every_length_and_address() {
    for cast in pairs() {
        let numbers = patterns(cast.from).into_iter().rev().cycle();
        let numbers: Vec<u64> = numbers.take(5000).collect();
        let src = bytes_of(cast.from, &numbers);
        let from = cast.from.len_bytes();
        for (len, at) in LENS
            .into_iter()
            .flat_map(|len| [(len, 0), (len, 1), (len, 3)])
        {
            let mut moved = vec![0; at];
            moved.extend_from_slice(&src[..len * from]);
            let (want, misfit) = run(cast, Level::SCALAR, &src[..len * from]);
            for level in Level::available() {
                let mut dst = vec![0xa5; want.len() + 2 * at];
                let inside = at..at + want.len();
                let kernel = Kernel::Cast(cast);
                let got = kernel.run(level, &moved[at..], &mut dst[inside.clone()]);
                assert_eq!(got.unwrap(), misfit, "{cast:?} at {level}, {len} from {at}");
                assert!(dst[inside] == want, "{cast:?} at {level}, {len} from {at}");
                let around = dst[..at].iter().chain(&dst[at + want.len()..]);
                assert!(around.into_iter().all(|byte| *byte == 0xa5));
            }
        }
    }
}

#[test]
fn first_misfit_is_found_wherever_it_is() {
    let pairs = [
        (I32, U8),
        (F32, I8),
        (F16, U8),
        (I64, U32),
        (F64, I64),
        (U32, U16),
    ];
    for (from, to) in pairs {
        let cast = Cast { from, to };
        let numbers = patterns(from);
        let misfit = numbers
            .iter()
            .find(|bits| !meaning(cast, **bits).1)
            .unwrap();
        for at in [0, 1, 15, 16, 63, 64, 1023, 1024, 1025, 2047, 2999] {
            let mut numbers = vec![0; 3000];
            numbers[at] = *misfit;
            numbers[2999] = *misfit;
            let src = bytes_of(from, &numbers);
            for level in Level::available() {
                assert_eq!(run(cast, level, &src).1, Some(at), "{cast:?} at {level}");
            }
        }
    }
}

/// Much is written around the caches, from wherever it begins.
#[test]
fn levels_agree_on_much() {
    for (from, to) in [
        (U16, I32),
        (F32, F16),
        (F32, BF16),
        (F16, F32),
        (F64, I64),
        (I32, U8),
    ] {
        let cast = Cast { from, to };
        let n = (9 << 20) / to.len_bytes() + 13;
        let numbers: Vec<u64> = patterns(from).into_iter().cycle().take(n).collect();
        let src = bytes_of(from, &numbers);
        let want = run(cast, Level::SCALAR, &src);
        for level in Level::available().into_iter().skip(1) {
            for at in [0, 1, 4, 8, 64] {
                let mut dst = vec![0xa5; want.0.len() + 2 * at];
                let inside = at..at + want.0.len();
                let kernel = Kernel::Cast(cast);
                let misfit = kernel.run(level, &src, &mut dst[inside.clone()]).unwrap();
                assert_eq!(misfit, want.1, "{cast:?} at {level} from {at}");
                assert!(dst[inside] == want.0, "{cast:?} at {level} from {at}");
                let around = dst[..at].iter().chain(&dst[at + want.0.len()..]);
                assert!(around.into_iter().all(|byte| *byte == 0xa5));
            }
        }
    }
}

#[test]
fn what_may_be_infinite_is_known() {
    for from in Element::ALL {
        for to in Element::ALL {
            let cast = Cast { from, to };
            let mut largest = Vec::new();
            for bits in [0x7fff_7fff_7fff_7fff_u64, u64::MAX, 0x7fef_ffff_ffff_ffff] {
                largest.extend(&bits.to_le_bytes()[..from.len_bytes()]);
            }
            largest.extend(match from {
                F16 => 0x7bff_u16.to_le_bytes().to_vec(),
                BF16 => 0x7f7f_u16.to_le_bytes().to_vec(),
                F32 => f32::MAX.to_le_bytes().to_vec(),
                _ => vec![0; from.len_bytes()],
            });
            let n = largest.len() / from.len_bytes();
            let mut dst = vec![0; n * to.len_bytes()];
            cast.run(Level::SCALAR, &largest, &mut dst);
            let is_infinite = |number: &[u8]| match to {
                F16 => number[1] & 0x7f == 0x7c && number[0] == 0,
                BF16 => number[1] & 0x7f == 0x7f && number[0] == 0x80,
                F32 => number[3] & 0x7f == 0x7f && number[..3] == [0, 0, 0x80],
                F64 => number[7] & 0x7f == 0x7f && number[..7] == [0, 0, 0, 0, 0, 0, 0xf0],
                _ => false,
            };
            let found = dst.chunks(to.len_bytes()).any(is_infinite);
            assert_eq!(cast.may_be_infinite(), found, "{cast:?}");
        }
    }
}

#[test]
fn what_always_fits_is_known() {
    for cast in pairs() {
        let fits = patterns(cast.from)
            .iter()
            .all(|bits| meaning(cast, *bits).1);
        assert_eq!(cast.always_fits(), fits, "{cast:?}");
    }
}

#[test]
fn constants_name_what_is_cast() {
    let constants = Cast { from: U16, to: I32 }.constants();
    assert_eq!([constants.from, constants.to], [U16.code(), I32.code()]);
}
