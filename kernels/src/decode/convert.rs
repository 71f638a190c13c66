//! Converts pixels as Pillow's `Image.convert` does.

use super::options::PixelMode;
use super::pixels::Samples;

/// Converts a run of pixels. `src` and `dst` have as many pixels.
pub(super) fn convert(samples: Samples, src: &[u8], mode: PixelMode, dst: &mut [u8]) {
    match mode {
        PixelMode::Grey | PixelMode::Indices => to_grey(samples, src, dst),
        PixelMode::Rgb => to_rgb(samples, src, dst),
        PixelMode::Rgba => to_rgba(samples, src, dst),
    }
}

fn to_grey(samples: Samples, src: &[u8], dst: &mut [u8]) {
    let (dst, _) = dst.as_chunks_mut::<1>();
    match samples {
        Samples::Grey => each(src, dst, |&grey: &[u8; 1]| grey),
        Samples::GreyAlpha => each(src, dst, |&[grey, _]| [grey]),
        Samples::Rgb => each(src, dst, |&rgb| [luma(rgb)]),
        Samples::Rgba => each(src, dst, |&[r, g, b, _]| [luma([r, g, b])]),
        Samples::Cmyk => each(src, dst, |&cmyk| [luma(rgb_of_cmyk(cmyk))]),
    }
}

fn to_rgb(samples: Samples, src: &[u8], dst: &mut [u8]) {
    let (dst, _) = dst.as_chunks_mut::<3>();
    match samples {
        Samples::Grey => each(src, dst, |&[grey]| [grey; 3]),
        Samples::GreyAlpha => each(src, dst, |&[grey, _]| [grey; 3]),
        Samples::Rgb => each(src, dst, |&rgb: &[u8; 3]| rgb),
        Samples::Rgba => each(src, dst, |&[r, g, b, _]| [r, g, b]),
        Samples::Cmyk => each(src, dst, |&cmyk| rgb_of_cmyk(cmyk)),
    }
}

fn to_rgba(samples: Samples, src: &[u8], dst: &mut [u8]) {
    let (dst, _) = dst.as_chunks_mut::<4>();
    match samples {
        Samples::Grey => each(src, dst, |&[grey]| [grey, grey, grey, 255]),
        Samples::GreyAlpha => each(src, dst, |&[grey, alpha]| [grey, grey, grey, alpha]),
        Samples::Rgb => each(src, dst, |&[r, g, b]| [r, g, b, 255]),
        Samples::Rgba => each(src, dst, |&rgba: &[u8; 4]| rgba),
        Samples::Cmyk => each(src, dst, |&cmyk| {
            let [r, g, b] = rgb_of_cmyk(cmyk);
            [r, g, b, 255]
        }),
    }
}

fn each<const M: usize, const N: usize>(
    src: &[u8],
    dst: &mut [[u8; N]],
    of: impl Fn(&[u8; M]) -> [u8; N],
) {
    let (src, _) = src.as_chunks::<M>();
    for (dst, src) in dst.iter_mut().zip(src) {
        *dst = of(src);
    }
}

/// Pillow's grey of a colour: ITU-R 601-2 in 16 bits, rounded.
pub(super) fn luma([r, g, b]: [u8; 3]) -> u8 {
    let sum = 19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b) + 0x8000;
    (sum >> 16) as u8
}

/// Pillow's colour of inks: each is taken from what black leaves.
fn rgb_of_cmyk([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let left = 255 - u32::from(black);
    [cyan, magenta, yellow].map(|ink| {
        // A 255th of the product, rounded; at most `left`.
        let product = u32::from(ink) * left + 128;
        (left - (((product >> 8) + product) >> 8)) as u8
    })
}
