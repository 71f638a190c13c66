//! Decodes a folder of images each time a line comes in, for a script that times
//! it beside its peers.
//!
//! `decode_speed FOLDER [WINDOW]`: for each line on the standard input one pass
//! over all files, and its seconds of clock on the standard output. WINDOW is the
//! share of each side, in percent, that is decoded out of the middle.
#![expect(clippy::print_stdout, reason = "a program of the benches")]

use std::error::Error;
use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

use fuelrail_kernels::decode::{
    DecodeLimits, DecodeOptions, Exif, ImageDecoder, PixelMode, PixelWindow, read_header,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("expected a folder")?;
    let share: u32 = arguments.next().map_or(Ok(100), |text| text.parse())?;
    let files = files(Path::new(&folder))?;
    let options = DecodeOptions {
        mode: PixelMode::Rgb,
        exif: Exif::Ignore,
        limits: DecodeLimits::default(),
    };
    let mut decoder = ImageDecoder::new();
    let mut pixels = Vec::new();
    for line in std::io::stdin().lock().lines() {
        line?;
        let begin = Instant::now();
        for file in &files {
            let window = middle(file, &options, share)?;
            decoder.decode(file, &options, window, &mut pixels)?;
        }
        println!("{:.6}", begin.elapsed().as_secs_f64());
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths.iter().map(std::fs::read).collect::<Result<_, _>>()?)
}

/// The middle of a picture; none where all of it is wanted.
fn middle(
    file: &[u8],
    options: &DecodeOptions,
    share: u32,
) -> Result<Option<PixelWindow>, Box<dyn Error>> {
    if share >= 100 {
        return Ok(None);
    }
    let [height, width] = read_header(file, &options.limits)?.size(options.exif);
    let [rows, cols] = [height, width].map(|side| (side * share / 100).max(1));
    Ok(Some(PixelWindow {
        top: (height - rows) / 2,
        left: (width - cols) / 2,
        height: rows,
        width: cols,
    }))
}
