//! fuelrail's resize and fast_image_resize's, a turn at a time as `peers.py` beside
//! this package asks for it.
//!
//! A request is a line of standard input: the peer (`fast_image_resize`, or a level of
//! fuelrail: `scalar`, `sse4.1`, `avx2`, `avx512`), the filter, height, width and
//! channels of the image, height and width it becomes, how often, and the file to
//! write the result to, or `-`. The answer is the seconds that all took together.

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use fuelrail_kernels::Level;
use fuelrail_kernels::normalize::Layout;
use fuelrail_kernels::resample::{ResampleFilter, ResampleImages, ResampleScratch, ResampleWindow};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What is to be done.
struct Request<'a> {
    peer: &'a str,
    filter: ResampleFilter,
    sides: [u32; 2],
    channels: u32,
    to: [u32; 2],
    times: u32,
    file: &'a str,
}

fn main() -> Outcome<()> {
    let mut image = Vec::new();
    for line in stdin().lock().lines() {
        let line = line?;
        let request = Request::of(&line)?;
        let [height, width] = request.sides;
        let len = (height * width * request.channels) as usize;
        if image.len() != len {
            image = picture(request.sides, request.channels);
        }
        let (seconds, result) = match request.peer {
            "fast_image_resize" => request.of_peer(&image)?,
            level => request.of_fuelrail(level, &image)?,
        };
        if request.file != "-" {
            std::fs::write(request.file, result)?;
        }
        writeln!(stdout(), "{seconds}")?;
    }
    Ok(())
}

impl<'a> Request<'a> {
    fn of(line: &'a str) -> Outcome<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let [peer, filter, numbers @ .., file] = &words[..] else {
            return Err("a request of too few words".into());
        };
        let numbers: Vec<u32> = numbers
            .iter()
            .map(|number| number.parse())
            .collect::<Result<_, _>>()?;
        let [height, width, channels, to_height, to_width, times] = numbers[..] else {
            return Err("a request of other numbers".into());
        };
        let filter = ResampleFilter::ALL
            .into_iter()
            .find(|known| known.name() == *filter)
            .ok_or("an unknown filter")?;
        Ok(Self {
            peer,
            filter,
            sides: [height, width],
            channels,
            to: [to_height, to_width],
            times,
            file,
        })
    }

    fn of_fuelrail(&self, level: &str, image: &[u8]) -> Outcome<(f64, Vec<u8>)> {
        let level = Level::named(level).ok_or("a level that is not there")?;
        let images = ResampleImages::new(self.channels, Layout::Hwc, self.filter)?;
        let window = ResampleWindow::whole(self.sides);
        let mut result = vec![0; (self.to[0] * self.to[1] * self.channels) as usize];
        let mut scratch = ResampleScratch::default();
        let mut once = || {
            images.run(
                level,
                (image, &window),
                (&mut result, self.to),
                &mut scratch,
            )
        };
        once()?;
        let begin = Instant::now();
        for _ in 0..self.times {
            once()?;
        }
        Ok((begin.elapsed().as_secs_f64(), result))
    }

    fn of_peer(&self, image: &[u8]) -> Outcome<(f64, Vec<u8>)> {
        let pixels = match self.channels {
            1 => PixelType::U8,
            2 => PixelType::U8x2,
            3 => PixelType::U8x3,
            _ => PixelType::U8x4,
        };
        let convolution = |filter| ResizeAlg::Convolution(filter);
        let algorithm = match self.filter {
            ResampleFilter::Nearest => ResizeAlg::Nearest,
            ResampleFilter::Box => convolution(FilterType::Box),
            ResampleFilter::Bilinear => convolution(FilterType::Bilinear),
            ResampleFilter::Hamming => convolution(FilterType::Hamming),
            ResampleFilter::Bicubic => convolution(FilterType::CatmullRom),
            ResampleFilter::Lanczos => convolution(FilterType::Lanczos3),
        };
        let options = ResizeOptions::new().resize_alg(algorithm).use_alpha(false);
        let [height, width] = self.sides;
        let read = Image::from_vec_u8(width, height, image.to_vec(), pixels)?;
        let mut result = Image::new(self.to[1], self.to[0], pixels);
        let mut resizer = Resizer::new();
        resizer.resize(&read, &mut result, &options)?;
        let begin = Instant::now();
        for _ in 0..self.times {
            resizer.resize(&read, &mut result, &options)?;
        }
        Ok((begin.elapsed().as_secs_f64(), result.into_vec()))
    }
}

/// Waves with noise, the same in `peers.py`.
fn picture([height, width]: [u32; 2], channels: u32) -> Vec<u8> {
    let samples = (0..height * width * channels).map(|at| {
        let (y, x) = (at / channels / width, at / channels % width);
        let noise = at.wrapping_mul(2_654_435_761) >> 27;
        ((x * 3 + y * 5) / 7 + (at % channels) * 40 + noise).to_le_bytes()[0]
    });
    samples.collect()
}
