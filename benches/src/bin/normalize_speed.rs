//! Times `normalize` on images beside a copy and a plain table loop, and for
//! the peers under `peers/`.
//!
//! - `normalize_speed images ROUNDS`: 3 x 224 x 224 from HWC bytes to CHW
//!   numbers on one thread, in interleaved rounds, many images beyond the
//!   caches and one within them, at every level but the scalar reference;
//!   prints the medians as JSON.
//! - `normalize_speed image-file ELEMENT SRC DST`: the images of a file of HWC
//!   bytes, written to another as ELEMENT for a peer to compare.
//! - `normalize_speed image-time ELEMENT SRC REPEATS`: prints the CPU seconds an
//!   image takes, all to one output (`batch`), and each written over the one
//!   before (`image`).

#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![expect(clippy::cast_precision_loss, reason = "figures")]

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use fuelrail_kernels::normalize::{Flip, Geometry, Images, Layout, Table};
use fuelrail_kernels::{Element, Kernel, Level};
use serde_json::{Value, json};

const SIDE: u32 = 224;
const MEAN: [f64; 3] = [0.485, 0.456, 0.406];
const STD: [f64; 3] = [0.229, 0.224, 0.225];

/// Images whose numbers are beyond the caches of most processors: 77 MB of
/// bytes, 308 MB of binary32.
const MANY: usize = 512;

/// So often is one image done in a round, and many.
const REPEATS: usize = 1000;
const PASSES: usize = 3;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["images", rounds] => {
            let rounds = rounds.parse()?;
            let mut report = Vec::new();
            for element in [Element::F32, Element::F16, Element::BF16] {
                report.push(beyond_caches(&images(element)?, rounds)?);
                report.push(one_image(&images(element)?, rounds)?);
            }
            println!("{}", serde_json::to_string_pretty(&report)?);
        }
        ["image-file", element, src, dst] => {
            let images = images(named(element)?)?;
            let src = std::fs::read(src)?;
            let n_images = src.len() / images.src_len_bytes();
            let mut out = vec![0; n_images * images.dst_len_bytes()];
            kernel_of(&images).run(Level::best(), &src, &mut out)?;
            std::fs::write(dst, out)?;
        }
        ["image-time", element, src, repeats] => {
            let images = images(named(element)?)?;
            println!(
                "{}",
                of_file(&images, &std::fs::read(src)?, repeats.parse()?)?
            );
        }
        _ => {
            let usage = "expected `images ROUNDS`, `image-file ELEMENT SRC DST` or \
                         `image-time ELEMENT SRC REPEATS`";
            return Err(usage.into());
        }
    }
    Ok(())
}

fn named(name: &str) -> Outcome<Element> {
    let found = Element::ALL.into_iter().find(|it| it.name() == name);
    Ok(found.ok_or("expected the name of an element")?)
}

fn images(element: Element) -> Outcome<Images> {
    let table = Table::new(element, 3, (&MEAN, &STD), 255.0)?;
    let geometry = Geometry {
        height: SIDE,
        width: SIDE,
        channels: 3,
        from: Layout::Hwc,
        to: Layout::Chw,
        crop: [0, 0, SIDE, SIDE],
        flip: Flip::None,
    };
    Ok(Images::new(geometry, table)?)
}

/// Bytes without a pattern.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// The loop that one writes first: a table, and a loop for each axis.
fn plain<T: bytemuck::Pod>(table: &[T], src: &[u8], dst: &mut [u8]) {
    let side = SIDE as usize;
    let dst: &mut [T] = bytemuck::cast_slice_mut(dst);
    let images = src.chunks_exact(side * side * 3);
    for (src, dst) in images.zip(dst.chunks_exact_mut(side * side * 3)) {
        for c in 0..3 {
            for y in 0..side {
                for x in 0..side {
                    let byte = src[(y * side + x) * 3 + c];
                    dst[(c * side + y) * side + x] = table[c * 256 + usize::from(byte)];
                }
            }
        }
    }
}

/// From bytes to numbers.
type Loop = Box<dyn Fn(&[u8], &mut [u8])>;

/// `plain` with the table of `images`.
#[expect(clippy::cast_possible_truncation, reason = "the upper half is empty")]
fn plain_loop(images: &Images) -> Loop {
    let bits = images.table().bits().to_vec();
    if images.table().element().len_bytes() == 4 {
        return Box::new(move |src, dst| plain(&bits, src, dst));
    }
    let bits: Vec<u16> = bits.iter().map(|&bits| bits as u16).collect();
    Box::new(move |src, dst| plain(&bits, src, dst))
}

/// What Arrow aligns its buffers to.
const ALIGNMENT: usize = 64;

/// `len` bytes of `room`, aligned as the engine's are.
fn aligned(room: &mut Vec<u8>, len: usize) -> &mut [u8] {
    room.resize(len + ALIGNMENT, 1);
    let at = room.as_ptr().align_offset(ALIGNMENT);
    &mut room[at..at + len]
}

fn kernel_of(images: &Images) -> Kernel {
    Kernel::NormalizeImages(Arc::new(images.clone()))
}

/// Seconds that this thread was on a processor for `work`, which other
/// processes blur less than they do the clock's (Linux).
fn timed(work: impl FnOnce()) -> f64 {
    let start = cpu_seconds();
    work();
    cpu_seconds() - start
}

/// Seconds of one of several passes: the kernel counts in ticks.
fn passes(mut work: impl FnMut()) -> f64 {
    timed(|| (0..PASSES).for_each(|_| work())) / PASSES as f64
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds: Option<f64> = stat.split(' ').next().and_then(|text| text.parse().ok());
    nanoseconds.map_or(f64::NAN, |nanoseconds| nanoseconds * 1e-9)
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// The median over rounds of `a / b` in the same round.
fn ratio(a: &[f64], b: &[f64]) -> f64 {
    median(a.iter().zip(b).map(|(a, b)| a / b).collect())
}

fn beyond_caches(images: &Images, rounds: usize) -> Outcome<Value> {
    let kernel = kernel_of(images);
    let src = noise(MANY * images.src_len_bytes());
    let len = MANY * images.dst_len_bytes();
    let mut rooms = [Vec::new(), Vec::new()];
    let [dst, want] = rooms.each_mut().map(|room| aligned(room, len));
    let plain = plain_loop(images);
    plain(&src, want);
    let levels = Level::available();
    for &level in &levels {
        kernel.run(level, &src, dst)?;
        if dst != want {
            return Err(format!("{level} differs from the plain loop").into());
        }
    }
    let levels = &levels[1..];
    let mut seconds = vec![Vec::new(); levels.len()];
    let [mut copy, mut plain_seconds] = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        copy.push(passes(|| dst.copy_from_slice(black_box(want))));
        plain_seconds.push(passes(|| plain(black_box(&src), dst)));
        for (&level, seconds) in levels.iter().zip(&mut seconds) {
            let mut done = Ok(None);
            seconds.push(passes(|| done = kernel.run(level, black_box(&src), dst)));
            done?;
        }
    }
    // Bytes read and written a second, over those of the copy.
    let moved = (src.len() + len) as f64 / (2 * len) as f64;
    let part = |seconds: &[f64]| ratio(&copy, seconds) * moved;
    let by_level = levels.iter().zip(&seconds).map(|(level, seconds)| {
        json!({
            "level": level.name(),
            "of_copy": part(seconds),
            "over_plain": ratio(&plain_seconds, seconds),
            "gb_per_s": (src.len() + len) as f64 / median(seconds.clone()) / 1e9,
        })
    });
    Ok(json!({
        "element": images.table().element().name(),
        "images": MANY,
        "copy_gb_per_s": 2.0 * len as f64 / median(copy.clone()) / 1e9,
        "plain_of_copy": part(&plain_seconds),
        "levels": by_level.collect::<Vec<_>>(),
    }))
}

fn one_image(images: &Images, rounds: usize) -> Outcome<Value> {
    let kernel = kernel_of(images);
    let src = noise(images.src_len_bytes());
    let len = images.dst_len_bytes();
    let mut room = Vec::new();
    let dst = aligned(&mut room, len);
    let plain = plain_loop(images);
    let levels = &Level::available()[1..];
    let mut seconds = vec![Vec::new(); levels.len()];
    let mut plain_seconds = Vec::new();
    for _ in 0..rounds {
        plain_seconds.push(timed(|| {
            for _ in 0..REPEATS {
                plain(black_box(&src), dst);
            }
        }));
        for (&level, seconds) in levels.iter().zip(&mut seconds) {
            let mut done = Ok(None);
            seconds.push(timed(|| {
                for _ in 0..REPEATS {
                    done = kernel.run(level, black_box(&src), dst);
                }
            }));
            done?;
        }
    }
    let by_level = levels.iter().zip(&seconds).map(|(level, seconds)| {
        json!({
            "level": level.name(),
            "over_plain": ratio(&plain_seconds, seconds),
            "us_per_image": median(seconds.clone()) / REPEATS as f64 * 1e6,
        })
    });
    Ok(json!({
        "element": images.table().element().name(),
        "images": 1,
        "plain_us_per_image": median(plain_seconds.clone()) / REPEATS as f64 * 1e6,
        "levels": by_level.collect::<Vec<_>>(),
    }))
}

fn of_file(images: &Images, src: &[u8], repeats: usize) -> Outcome<Value> {
    let kernel = kernel_of(images);
    let (src_len, dst_len) = (images.src_len_bytes(), images.dst_len_bytes());
    let n_images = src.len() / src_len;
    let mut room = Vec::new();
    let dst = aligned(&mut room, n_images * dst_len);
    let mut done = Ok(None);
    let batch = timed(|| {
        for _ in 0..repeats {
            done = kernel.run(Level::best(), black_box(src), dst);
        }
    });
    done?;
    let mut done = Ok(None);
    let image = timed(|| {
        for _ in 0..repeats {
            for src in black_box(src).chunks_exact(src_len) {
                done = kernel.run(Level::best(), src, &mut dst[..dst_len]);
            }
        }
    });
    done?;
    let n = (repeats * n_images) as f64;
    Ok(json!({ "batch": batch / n, "image": image / n }))
}
