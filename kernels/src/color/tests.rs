//! Every level against the scalar reference, and the reference against Pillow's
//! formulas in floating point.

use proptest::prelude::*;

use super::{Adjustment, Color, ColorError, ColorRow, hue};
use crate::Level;
use crate::normalize::Layout::{self, Chw, Hwc};

const LAYOUTS: [Layout; 2] = [Hwc, Chw];

/// Pillow's `rgb2hsv` with its types: binary32, where C does not make it binary64.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as in C"
)]
fn hsv([r, g, b]: [u8; 3]) -> [u8; 3] {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    if most == least {
        return [0, 0, most];
    }
    let chroma = f32::from(most - least);
    let saturation = chroma / f32::from(most);
    let [red, green, blue] = [r, g, b].map(|sample| f32::from(most - sample) / chroma);
    let hue = if r == most {
        blue - green
    } else if g == most {
        (2.0 + f64::from(red) - f64::from(blue)) as f32
    } else {
        (4.0 + f64::from(green) - f64::from(red)) as f32
    };
    let hue = ((f64::from(hue) / 6.0 + 1.0) % 1.0) as f32;
    [
        (f64::from(hue) * 255.0) as u8,
        (f64::from(saturation) * 255.0) as u8,
        most,
    ]
}

/// Pillow's `hsv2rgb`, in the same way.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as in C"
)]
fn rgb([hue, saturation, value]: [u8; 3]) -> [u8; 3] {
    if saturation == 0 {
        return [value; 3];
    }
    let sixths = f64::from(hue) * 6.0 / 255.0;
    let sector = sixths.floor();
    let within = (sixths - sector) as f32;
    let saturation = (f64::from(saturation) / 255.0) as f32;
    let of = |less: f64| (f64::from(value) * (1.0 - less)).round() as u8;
    let p = of(f64::from(saturation));
    let q = of(f64::from(saturation * within));
    let t = of(f64::from(saturation) * (1.0 - f64::from(within)));
    match sector as u32 % 6 {
        0 => [value, t, p],
        1 => [q, value, p],
        2 => [p, value, t],
        3 => [p, q, value],
        4 => [t, p, value],
        _ => [value, p, q],
    }
}

fn moved_as_pillow_does(pixel: [u8; 3], by: u8) -> [u8; 3] {
    let [hue, saturation, value] = hsv(pixel);
    rgb([hue.wrapping_add(by), saturation, value])
}

fn samples() -> impl Iterator<Item = [u8; 3]> {
    let all = || 0..=u8::MAX;
    all().flat_map(move |r| all().flat_map(move |g| all().map(move |b| [r, g, b])))
}

/// Of all triples of bytes, each with a move of its own; any move meets every hue, with
/// all saturations and values.
#[test]
fn integers_give_what_floating_point_does() {
    for pixel @ [r, g, b] in samples() {
        let by = r.wrapping_mul(7) ^ g.wrapping_mul(13) ^ b;
        let want = moved_as_pillow_does(pixel, by);
        assert_eq!(hue::moved(pixel, by), want, "{pixel:?} by {by}");
        assert_eq!(
            hue::moved(pixel, 0),
            moved_as_pillow_does(pixel, 0),
            "{pixel:?}"
        );
        let mut lanes = pixel.map(|sample| [sample]);
        hue::move_lanes(&mut lanes, by);
        assert_eq!(lanes.map(|[sample]| sample), want, "{pixel:?} by {by}");
    }
}

fn run(color: Color, level: Level, src: &[u8], adjustments: &[Adjustment]) -> Vec<u8> {
    let row = ColorRow::new(adjustments).unwrap();
    let mut dst = vec![0xa5; src.len()];
    color.run(level, src, &row, &mut dst).unwrap();
    dst
}

/// Every triple of bytes at once, at every level.
#[test]
fn levels_move_the_hue_of_every_pixel() {
    let color = Color::new(3, Hwc).unwrap();
    let src: Vec<u8> = samples().flatten().collect();
    for by in [1, 85, 200] {
        let want: Vec<u8> = samples().flat_map(|pixel| hue::moved(pixel, by)).collect();
        for level in Level::available() {
            assert!(
                run(color, level, &src, &[Adjustment::Hue(by)]) == want,
                "{by} at {level}"
            );
        }
    }
}

fn adjustment() -> impl Strategy<Value = Adjustment> {
    let factor = || prop_oneof![Just(0.0_f32), Just(1.0), 0.0..2.5_f32, -3.0..300.0_f32];
    prop_oneof![
        factor().prop_map(Adjustment::Brightness),
        factor().prop_map(Adjustment::Contrast),
        factor().prop_map(Adjustment::Saturation),
        any::<u8>().prop_map(Adjustment::Hue),
    ]
}

fn n_contrasts(adjustments: &[Adjustment]) -> usize {
    let is_contrast = |it: &&Adjustment| matches!(it, Adjustment::Contrast(_));
    adjustments.iter().filter(is_contrast).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn levels_have_the_meaning(
        pixels in prop::collection::vec(any::<[u8; 4]>(), 0..300),
        adjustments in prop::collection::vec(adjustment(), 0..5)
            .prop_filter("one mean", |all| n_contrasts(all) < 2),
    ) {
        for channels in [1, 3, 4] {
            for layout in LAYOUTS {
                let color = Color::new(channels, layout).unwrap();
                let n = channels as usize;
                let src: Vec<u8> = pixels.iter().flat_map(|pixel| &pixel[..n]).copied().collect();
                let want = run(color, Level::SCALAR, &src, &adjustments);
                for level in Level::available() {
                    prop_assert_eq!(&run(color, level, &src, &adjustments), &want);
                }
            }
        }
    }

    /// One after another is all at once, as long as one has the mean.
    #[test]
    fn adjustments_follow_one_another(
        pixels in prop::collection::vec(any::<[u8; 3]>(), 0..200),
        adjustments in prop::collection::vec(adjustment(), 0..5)
            .prop_filter("one mean", |all| n_contrasts(all) < 2),
    ) {
        let color = Color::new(3, Hwc).unwrap();
        let src = pixels.concat();
        let mut image = src.clone();
        for adjustment in &adjustments {
            image = run(color, Level::best(), &image, &[*adjustment]);
        }
        prop_assert_eq!(run(color, Level::best(), &src, &adjustments), image);
    }

    /// The axes of an image do not matter, nor that grey has one channel.
    #[test]
    fn layouts_and_grey_agree(
        pixels in prop::collection::vec(any::<[u8; 3]>(), 1..200),
        adjustments in prop::collection::vec(adjustment(), 0..4)
            .prop_filter("one mean", |all| n_contrasts(all) < 2),
    ) {
        let [hwc, chw] = LAYOUTS.map(|layout| Color::new(3, layout).unwrap());
        let planar: Vec<u8> = (0..3).flat_map(|c| pixels.iter().map(move |pixel| pixel[c])).collect();
        let of_planes = run(chw, Level::best(), &planar, &adjustments);
        let of_pixels = run(hwc, Level::best(), &pixels.concat(), &adjustments);
        let n = pixels.len();
        for (at, pixel) in of_pixels.chunks(3).enumerate() {
            prop_assert_eq!(pixel, [of_planes[at], of_planes[n + at], of_planes[2 * n + at]]);
        }
        let grey: Vec<u8> = pixels.iter().map(|pixel| pixel[0]).collect();
        let equal: Vec<u8> = grey.iter().flat_map(|sample| [*sample; 3]).collect();
        let of_one = run(Color::new(1, Hwc).unwrap(), Level::best(), &grey, &adjustments);
        let of_three = run(hwc, Level::best(), &equal, &adjustments);
        for (one, three) in of_one.iter().zip(of_three.chunks(3)) {
            prop_assert_eq!(&[*one; 3][..], three);
        }
    }
}

/// Means that are rounded half up: of 1 and 2, and of 0 and 3 times 1.
#[test]
fn the_mean_is_rounded_half_up() {
    let color = Color::new(1, Hwc).unwrap();
    for level in Level::available() {
        let flat = |src: &[u8]| run(color, level, src, &[Adjustment::Contrast(0.0)]);
        assert_eq!(flat(&[1, 2]), [2, 2]);
        assert_eq!(flat(&[0, 0, 0, 1]), [0; 4]);
        assert_eq!(flat(&[255; 70]), [255; 70]);
        assert_eq!(flat(&[]), [0; 0]);
    }
}

#[test]
fn a_fourth_channel_stays() {
    let pixels: Vec<u8> = (0..400_u32)
        .map(|at| (at * 37 % 251).to_le_bytes()[0])
        .collect();
    let adjustments = [
        Adjustment::Brightness(0.3),
        Adjustment::Contrast(2.0),
        Adjustment::Hue(9),
    ];
    for level in Level::available() {
        let of_pixels = run(Color::new(4, Hwc).unwrap(), level, &pixels, &adjustments);
        assert!(
            pixels
                .iter()
                .zip(&of_pixels)
                .skip(3)
                .step_by(4)
                .all(|(a, b)| a == b)
        );
        let of_planes = run(Color::new(4, Chw).unwrap(), level, &pixels, &adjustments);
        assert_eq!(pixels[300..], of_planes[300..]);
    }
}

#[test]
fn records_that_say_nothing_are_refused() {
    let color = Color::new(3, Hwc).unwrap();
    let row = ColorRow::new(&[Adjustment::Brightness(0.5)]).unwrap();
    let bad = |row| color.check(&row, 3).unwrap_err();
    let of = |order, first| ColorRow {
        order,
        first,
        ..row
    };
    assert_eq!(bad(of(5, 0)), ColorError::Order { order: 5 });
    assert_eq!(bad(of(0x0100, 0)), ColorError::Order { order: 0x0100 });
    assert_eq!(bad(of(4, 256)), ColorError::Order { order: 4 });
    assert_eq!(bad(of(0, 1)), ColorError::Order { order: 0 });
    assert_eq!(bad(of(0x0202, 0)), ColorError::Contrast);
    assert!(matches!(
        bad(of(1, f32::NAN.to_bits())),
        ColorError::Factor { .. }
    ));
    for factor in [65_537.0, f32::INFINITY, f32::NEG_INFINITY] {
        let got = ColorRow::new(&[Adjustment::Saturation(factor)]);
        assert_eq!(got, Err(ColorError::Factor { got: factor }));
    }
    let five = [Adjustment::Hue(1); 5];
    assert_eq!(
        ColorRow::new(&five),
        Err(ColorError::Adjustments { got: 5 })
    );
    assert!(matches!(
        color.check(&row, 4),
        Err(ColorError::Length { .. })
    ));
    let large = ColorRow::new(&[Adjustment::Contrast(0.5)]).unwrap();
    assert_eq!(
        color.check(&large, 3 << 26),
        Err(ColorError::Pixels { got: 1 << 26 })
    );
    assert_eq!(color.check(&row, 3 << 26), Ok(3 << 26));
    for channels in [0, 2, 5] {
        assert_eq!(
            Color::new(channels, Hwc),
            Err(ColorError::Channels { got: channels })
        );
    }
    let run = color.run(Level::best(), &[1, 2, 3], &row, &mut [0; 6]);
    assert!(matches!(run, Err(ColorError::Length { .. })));
}
