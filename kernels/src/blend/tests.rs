//! Every level against the scalar reference, and the reference against integers and
//! exact fractions.

use proptest::prelude::*;

use super::{Blend, BlendError, BlendRow};
use crate::Level;
use crate::normalize::Layout::{self, Chw, Hwc};

const LAYOUTS: [Layout; 2] = [Hwc, Chw];

/// Alphas at which something happens: none, all, ties, beyond both images, the least
/// normal number and its neighbours, and what rounds.
const ALPHAS: [f32; 17] = [
    0.0,
    -0.0,
    1.0,
    0.5,
    0.2,
    1.0 / 3.0,
    0.999_999_94,
    -0.7,
    1.9,
    255.0,
    65_536.0,
    -65_536.0,
    f32::MIN_POSITIVE,
    -f32::MIN_POSITIVE,
    1e-45,
    -1e-40,
    1e-30,
];

fn bytes(len: usize, seed: usize) -> Vec<u8> {
    (0..len)
        .map(|at| (at * at / 3 + at * 7 + seed * 91).to_le_bytes()[0])
        .collect()
}

/// Samples of two images that hold every pair of bytes.
fn all_pairs() -> Vec<u8> {
    let a = (0..=u8::MAX).flat_map(|a| std::iter::repeat_n(a, 256));
    let b = (0..256).flat_map(|_| 0..=u8::MAX);
    a.chain(b).collect()
}

fn whole(level: Level, alpha: f32, src: &[u8]) -> Vec<u8> {
    let mut dst = vec![0xa5; src.len() / 2];
    let blend = Blend::new(1, Hwc).unwrap();
    let row = BlendRow::whole([1, u32::try_from(dst.len()).unwrap()], alpha);
    blend.run(level, src, &row, &mut dst).unwrap();
    dst
}

/// A sample by binary64, in which the exact product of any alpha and a difference has
/// room; binary64 is rounded to binary32 where the contract rounds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sum within 0 to 255 is cut off"
)]
fn meaning(a: u8, b: u8, alpha: f32) -> u8 {
    let product = (f64::from(alpha) * (f64::from(b) - f64::from(a))) as f32;
    // A sum of two binary32 that is rounded to binary64 first is rounded twice, but
    // 53 bits are more than twice 24 and two, so that changes nothing.
    let sum = (f64::from(a) + f64::from(product)) as f32;
    sum.clamp(0.0, 255.0).floor() as u8
}

#[test]
fn every_level_blends_every_pair_of_samples() {
    let src = all_pairs();
    let (a, b) = src.split_at(src.len() / 2);
    for alpha in ALPHAS {
        let want = a.iter().zip(b).map(|(a, b)| meaning(*a, *b, alpha));
        let want: Vec<u8> = want.collect();
        for level in Level::available() {
            assert!(whole(level, alpha, &src) == want, "{alpha} at {level}");
        }
    }
}

/// The shares that `mixup` draws are multiples of 2^-15: products and sums have at most
/// 23 bits then, so nothing is rounded before the fraction is cut off.
#[test]
fn shares_of_two_to_the_fifteenth_are_exact() {
    let src = all_pairs();
    let (a, b) = src.split_at(src.len() / 2);
    for parts in [0, 1, 3, 1000, 16_383, 16_384, 20_001, 32_767, 32_768_u16] {
        let got = whole(Level::best(), f32::from(parts) / 32_768.0, &src);
        for ((a, b), got) in a.iter().zip(b).zip(got) {
            let [a, b, parts] = [i32::from(*a), i32::from(*b), i32::from(parts)];
            assert_eq!(i32::from(got), ((a << 15) + parts * (b - a)) >> 15);
        }
    }
}

#[test]
fn the_ends_are_the_images() {
    let src = all_pairs();
    let (a, b) = src.split_at(src.len() / 2);
    for level in Level::available() {
        assert!(whole(level, 0.0, &src) == a);
        assert!(whole(level, 1.0, &src) == b);
    }
}

#[test]
fn only_the_rectangle_is_blended() {
    for layout in LAYOUTS {
        for channels in 1..=4 {
            let blend = Blend::new(channels, layout).unwrap();
            for rectangle in [
                [0, 0, 5, 7],
                [1, 2, 3, 4],
                [4, 6, 1, 1],
                [2, 0, 0, 7],
                [5, 7, 0, 0],
            ] {
                check_rectangle(blend, rectangle);
            }
        }
    }
}

fn check_rectangle(blend: Blend, rectangle: [u32; 4]) {
    let [height, width, channels] = [5, 7, blend.channels() as usize];
    let len = height * width * channels;
    let src = [bytes(len, 1), bytes(len, 2)].concat();
    let row = BlendRow::whole([5, 7], 0.3).within(rectangle);
    let [top, left, rows, cols] = rectangle.map(|n| n as usize);
    let mut want = src[..len].to_vec();
    for y in top..top + rows {
        for x in left..left + cols {
            for c in 0..channels {
                let at = match blend.layout() {
                    Hwc => (y * width + x) * channels + c,
                    Chw => (c * height + y) * width + x,
                };
                want[at] = meaning(src[at], src[len + at], 0.3);
            }
        }
    }
    for level in Level::available() {
        let mut dst = vec![0xa5; len + 6];
        blend.run(level, &src, &row, &mut dst[3..len + 3]).unwrap();
        assert!(dst[3..len + 3] == want, "{blend:?} {rectangle:?} {level}");
        assert_eq!([&dst[..3], &dst[len + 3..]].concat(), [0xa5; 6]);
    }
}

#[test]
fn what_cannot_be_blended_is_refused() {
    for got in [0, 5, u32::MAX] {
        assert_eq!(Blend::new(got, Hwc), Err(BlendError::Channels { got }));
    }
    let blend = Blend::new(3, Chw).unwrap();
    let row = BlendRow::whole([4, 5], 0.5);
    assert_eq!(blend.check(&row, 120), Ok(60));
    for len in [0, 60, 119, 121] {
        assert!(matches!(
            blend.check(&row, len),
            Err(BlendError::Length { .. })
        ));
    }
    for rectangle in [
        [1, 0, 4, 5],
        [0, 1, 4, 5],
        [u32::MAX, 0, 1, 1],
        [0, 6, 0, 0],
    ] {
        let refused = blend.check(&row.within(rectangle), 120);
        assert!(
            matches!(refused, Err(BlendError::Rectangle { .. })),
            "{rectangle:?}"
        );
    }
    for alpha in [f32::NAN, f32::INFINITY, 65_537.0, -65_537.0] {
        let refused = blend.check(&BlendRow { alpha, ..row }, 120);
        assert!(matches!(refused, Err(BlendError::Alpha { .. })), "{alpha}");
    }
    for sides in [[u32::MAX; 2], [1 << 15, 1 << 15], [1 << 31, 1]] {
        let refused = blend.check(&BlendRow::whole(sides, 0.5), 120);
        assert!(matches!(refused, Err(BlendError::Size { .. })), "{sides:?}");
    }
    for level in Level::available() {
        for len in [0, 59, 61, 120] {
            let error = blend.run(level, &[0; 120], &row, &mut vec![0; len]);
            assert!(matches!(error, Err(BlendError::Length { .. })));
        }
    }
}

/// The product of `shaders/blend.wgsl`, word for word, in Rust.
fn product_of_integers(alpha: f32, times: i32) -> f32 {
    let bits = alpha.to_bits();
    let value = bits & 0x7fff_ffff;
    if value < 0x0080_0000 || times == 0 {
        return 0.0;
    }
    let whole = ((value & 0x7f_ffff) | 0x80_0000) * times.unsigned_abs();
    let n_zeros = whole.leading_zeros();
    let shifted = whole << n_zeros;
    let (kept, rest) = (shifted >> 8, shifted & 0xff);
    let is_up = rest > 0x80 || (rest == 0x80 && kept & 1 == 1);
    let rounded = ((157 - n_zeros) << 23) + kept + u32::from(is_up);
    let sign = (bits & 0x8000_0000) ^ if times < 0 { 0x8000_0000 } else { 0 };
    let exponent = (value & 0x7f80_0000).wrapping_sub(150 << 23);
    f32::from_bits(sign | rounded.wrapping_add(exponent))
}

proptest! {
    /// What the shader computes without floats is the product that is rounded.
    #[test]
    fn products_of_integers_are_those_of_floats(bits in any::<u32>()) {
        let alpha = f32::from_bits(bits);
        let alpha = if alpha.abs() <= 65_536.0 { alpha } else { alpha.fract() };
        prop_assume!(alpha == 0.0 || alpha.is_normal());
        for times in -255..=255_i16 {
            let want = alpha * f32::from(times);
            let got = product_of_integers(alpha, times.into());
            prop_assert!(got.to_bits() == want.to_bits() || (got == 0.0 && want == 0.0));
        }
    }

    #[test]
    fn every_level_has_the_bits_of_the_reference(
        src in prop::collection::vec(any::<u8>(), 0..400),
        bits in any::<u32>(),
    ) {
        let alpha = f32::from_bits(bits);
        prop_assume!(alpha.abs() <= 65_536.0);
        let src = &src[..src.len() / 2 * 2];
        let want = whole(Level::SCALAR, alpha, src);
        for level in Level::available() {
            prop_assert_eq!(&whole(level, alpha, src), &want);
        }
    }
}
