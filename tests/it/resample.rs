//! `resample` gives what Pillow 12 gives, on images drawn by chance. The fixture has
//! the hashes of what Pillow made of the same images: `tests/python/resample_cases.py`
//! writes it, and a test beside it holds it against Pillow.

use fuelrail_kernels::Level;
use fuelrail_kernels::normalize::Layout;
use fuelrail_kernels::resample::{
    Resample, ResampleError, ResampleFilter, ResampleImages, ResampleScratch, ResampleTables,
    ResampleWindow, WeightsCache,
};
use twox_hash::XxHash3_64;

const HASHES: &str = include_str!("../fixtures/resample/pillow12.txt");

/// Sebastiano Vigna's splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u32) -> u32 {
        u32::try_from(self.next() % u64::from(n)).unwrap_or(u32::MAX)
    }

    fn side(&mut self) -> u32 {
        let most = match self.below(20) {
            0 => 700,
            1..6 => 12,
            _ => 100,
        };
        1 + self.below(most)
    }
}

/// An image, its window and what it becomes.
struct Case {
    channels: u32,
    filter: ResampleFilter,
    window: ResampleWindow,
    to: [u32; 2],
    image: Vec<u8>,
}

fn case(index: u64) -> Case {
    let mut dice = Dice(index);
    let channels = 1 + dice.below(4);
    let filter = ResampleFilter::ALL[dice.below(6) as usize];
    let sides @ [height, width] = [dice.side(), dice.side()];
    let (top, left) = (dice.below(height), dice.below(width));
    let [rows, cols] = [height - top, width - left].map(|len| 1 + dice.below(len));
    let window = if dice.below(2) == 0 {
        ResampleWindow::whole(sides)
    } else {
        let window = [top, left, rows, cols];
        ResampleWindow { sides, window }
    };
    let mut to = [dice.side(), dice.side()];
    match dice.below(8) {
        0 => to[0] = window.window[2],
        1 => to[1] = window.window[3],
        _ => {}
    }
    let len = height * width * channels;
    let image = (0..len).map(|_| dice.next().to_le_bytes()[0]).collect();
    Case {
        channels,
        filter,
        window,
        to,
        image,
    }
}

impl Case {
    fn at_once(
        &self,
        level: Level,
        scratch: &mut ResampleScratch,
    ) -> Result<Vec<u8>, ResampleError> {
        let images = ResampleImages::new(self.channels, Layout::Hwc, self.filter)?;
        let mut dst = vec![0; (self.to[0] * self.to[1] * self.channels) as usize];
        let src = (&self.image[..], &self.window);
        images.run(level, src, (&mut dst, self.to), scratch)?;
        Ok(dst)
    }

    fn by_kernels(&self, level: Level) -> Result<Vec<u8>, ResampleError> {
        let mut tables = ResampleTables::default();
        let mut cache = WeightsCache::default();
        let rows = tables.rows(&mut cache, (&self.window, self.to), self.filter)?;
        let mut image = self.image.clone();
        let kernel = Resample::new(self.channels, Layout::Hwc)?;
        for row in rows {
            let len = kernel.check(&row, tables.words(), image.len())?;
            let mut dst = vec![0; len];
            let src = (&image[..], &row, tables.words());
            kernel.run(level, src, &mut dst)?;
            image = dst;
        }
        Ok(image)
    }
}

/// In hexadecimal, as the fixture has it.
fn hashed(image: Result<Vec<u8>, ResampleError>) -> Result<String, ResampleError> {
    Ok(format!("{:016x}", XxHash3_64::oneshot(&image?)))
}

#[test]
fn thousands_of_images_are_what_pillow_gives() {
    let mut scratch = ResampleScratch::default();
    let hashes: Vec<&str> = HASHES.split_whitespace().collect();
    assert_eq!(hashes.len(), 3000);
    for (index, expected) in (0..).zip(hashes) {
        let case = case(index);
        let told = || format!("case {index}: {:?} {:?}", case.filter, case.window);
        let expected = Ok(expected.to_owned());
        for level in [Level::SCALAR, Level::best()] {
            let got = hashed(case.at_once(level, &mut scratch));
            assert_eq!(got, expected, "{} at {level}", told());
        }
        let got = hashed(case.by_kernels(Level::best()));
        assert_eq!(got, expected, "{} by kernels", told());
    }
}
