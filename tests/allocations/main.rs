//! What a training step and a lying image allocate: a program of its own, since
//! it counts every allocation.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy takes for library code"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fuelrail::feed::{ColumnOptions, Feed, FeedOptions, OverlongRow, Ragged, Shards};
use fuelrail::plan::Dtype;
use fuelrail_kernels::decode::{DecodeLimits, DecodeOptions, Exif, ImageDecoder, PixelMode};
use fuelrail_tests::columns::all_types;
use fuelrail_tests::feed::write_tokens;
use fuelrail_tests::output::write_batches;

/// Runs two epochs on this thread, then counts in the third; allocations for a
/// batch, and bytes of them.
fn count(shards: Arc<Shards>, options: FeedOptions) -> (u64, u64) {
    let mut feed = Feed::open(
        shards,
        FeedOptions {
            threads: 0,
            ..options
        },
    )
    .unwrap();
    for _ in 0..2 {
        while feed.next_batch().unwrap().is_some() {}
    }
    let n_batches = feed.n_batches();
    let counted = allocation_counter::measure(|| while feed.next_batch().unwrap().is_some() {});
    // The order of an epoch is one more, once.
    let n_most = counted.count_total - 1;
    assert_eq!(n_most % n_batches, 0, "{counted:?}");
    (n_most / n_batches, counted.bytes_total / n_batches)
}

#[test]
fn a_step_allocates_nothing_but_the_handle_of_its_batch() {
    let dir = tempfile::tempdir().unwrap();
    write_tokens(dir.path(), 2000, 512, 300_000).unwrap();
    let shards = Arc::new(Shards::open(dir.path()).unwrap());
    let mut options = FeedOptions::new(32);
    let (n, bytes) = count(shards.clone(), options.clone());
    assert!(n == 1 && bytes < 400, "{n} allocations, {bytes} bytes");
    let wider = ColumnOptions {
        dtype: Some(Dtype::I64),
        ..ColumnOptions::default()
    };
    options.read.options = vec![("tokens".to_owned(), wider)];
    assert_eq!(count(shards, options).0, 1);
}

#[test]
fn ragged_rows_allocate_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<Option<u32>> = (0..600).map(|n| (n % 9 != 4).then_some(n * 31)).collect();
    write_batches(dir.path(), 150_000, &[all_types(&rows, 0)]).unwrap();
    let shards = Arc::new(Shards::open(dir.path()).unwrap());
    let padded = |name: &str| {
        let ragged = Ragged::Pad {
            length: 9,
            overlong: OverlongRow::Truncate,
        };
        let dtype = None;
        (name.to_owned(), ColumnOptions { dtype, ragged })
    };
    let mut options = FeedOptions::new(25);
    assert_eq!(count(shards.clone(), options.clone()).0, 1);
    options.read.options = vec![padded("list"), padded("utf8")];
    assert_eq!(count(shards, options).0, 1);
}

/// Images of every format, whose headers say that they are as large as the format
/// allows.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/images");
    let lie = |name: &'static str, at: usize, sides: &[u8]| {
        let mut bytes = std::fs::read(folder.join(name)).unwrap();
        bytes[at..at + sides.len()].copy_from_slice(sides);
        (name, bytes)
    };
    let frame = |name: &str, mark: &[u8]| {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        bytes.windows(mark.len()).position(|at| at == mark).unwrap() + mark.len()
    };
    vec![
        lie(
            "420.jpg",
            frame("420.jpg", b"\xff\xc0\0\x11\x08"),
            &[0xff; 4],
        ),
        lie(
            "progressive-2.jpg",
            frame("progressive-2.jpg", b"\xff\xc2\0\x11\x08"),
            &[0xff; 4],
        ),
        lie(
            "6-8.png",
            16,
            &[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff],
        ),
        lie(
            "lossy-alpha.webp",
            frame("lossy-alpha.webp", b"VP8X") + 8,
            &[0xff; 6],
        ),
        lie(
            "plain-24.bmp",
            18,
            &[0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f],
        ),
        lie("global-whole.gif", 6, &[0xff; 4]),
    ]
}

#[test]
fn an_image_bomb_is_refused_without_room_for_it() {
    for (name, bytes) in bombs() {
        for exif in [Exif::Apply, Exif::Ignore] {
            let options = DecodeOptions {
                mode: PixelMode::Rgb,
                exif,
                limits: DecodeLimits::default(),
            };
            let begin = Instant::now();
            let counted = allocation_counter::measure(|| {
                let mut dst = Vec::new();
                let decoded = ImageDecoder::new().decode(&bytes, &options, None, &mut dst);
                assert!(decoded.is_err(), "{name}");
            });
            assert!(counted.bytes_max < 1 << 16, "{name}: {counted:?}");
            assert!(begin.elapsed() < Duration::from_millis(100), "{name}");
        }
    }
}
