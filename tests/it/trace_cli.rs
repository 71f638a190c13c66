//! The story of one row, as the program tells it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use fuelrail::feed::{Feed, FeedOptions, Shards, Shuffle};
use fuelrail::kernels::decode::{DecodeLimits, DecodeOptions, Exif, ImageDecoder, PixelMode};
use fuelrail::plan::operators::Steps;
use fuelrail::run::{PictureShown, TracePicture, TraceRequest, png_of, trace};
use fuelrail_tests::cli::{Ran, fuelrail};
use insta::assert_snapshot;
use serde_json::Value;
use tempfile::TempDir;

const PIPELINE: &str = "[source]\nuri = \"photos\"\n[sink]\nuri = \"shards\"\n";

const STEPS: &str = r#"
[[step]]
op = "decode"
column = "image"
exif = "apply"
[[step]]
op = "random_crop"
column = "image"
height = 12
width = 10
padding = 2
border = "reflect"
[[step]]
op = "random_flip"
column = "image"
vertical = 0.5
[[step]]
op = "invert"
column = "image"
"#;

const NORMALIZE: &str =
    "[[step]]\nop = \"normalize\"\ncolumn = \"image\"\nmean = \"imagenet\"\ndtype = \"float16\"\n";

/// A bitmap of 24 bits with other colours for each seed.
fn bitmap([height, width]: [u32; 2], seed: u32) -> Vec<u8> {
    let line = (3 * width).next_multiple_of(4);
    let mut out = b"BM".to_vec();
    let words = [54 + line * height, 0, 54, 40, width, height, 1 | 24 << 16];
    out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    out.extend([0; 24]);
    for at in 0..line * height {
        let byte = (at * 7 + seed * 31) ^ (at / line * 13);
        out.push(byte.to_le_bytes()[0]);
    }
    out
}

/// A dataset of a folder of images, whose names are odd.
fn workplace() -> TempDir {
    let dir = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("photos/cat/<b>\u{202e}\u{7}.bmp", &bitmap([14, 13], 1));
    write("photos/cat/it's.bmp", &bitmap([20, 17], 2));
    write("photos/dog/cut.bmp", &bitmap([20, 17], 3)[..400]);
    write("p.toml", PIPELINE.as_bytes());
    write("steps.toml", STEPS.as_bytes());
    write("floats.toml", format!("{STEPS}{NORMALIZE}").as_bytes());
    let ran = run(&dir, &["shard", "p.toml"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    dir
}

fn run(dir: &TempDir, args: &[&str]) -> Ran {
    fuelrail(dir.path(), args, b"")
}

fn traced(dir: &TempDir, args: &[&str]) -> Ran {
    run(dir, &[&["trace", "shards"], args].concat())
}

#[test]
fn a_row_is_told_in_words() {
    let dir = workplace();
    let mut text = String::new();
    for args in [
        &["--row", "0", "--steps", "floats.toml", "--epoch", "1"][..],
        &["--row", "1"],
        &["--row", "2", "--steps", "steps.toml"],
    ] {
        let ran = traced(&dir, args);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        text.push_str(&ran.out);
    }
    assert_snapshot!(text);
    let explained = run(
        &dir,
        &["explain", "shards", "--steps", "steps.toml", "--row", "0"],
    );
    assert_snapshot!("a_file_is_explained", explained.out);
}

/// The pixels of a picture, through its file.
fn through_file(picture: &TracePicture) -> Vec<u8> {
    let options = DecodeOptions {
        mode: PixelMode::Rgb,
        exif: Exif::Ignore,
        limits: DecodeLimits::default(),
    };
    let mut pixels = Vec::new();
    let file = png_of(picture).unwrap();
    let decoded = ImageDecoder::new().decode(&file, &options, None, &mut pixels);
    let decoded = decoded.unwrap();
    assert_eq!(
        [decoded.height, decoded.width],
        [picture.height, picture.width]
    );
    pixels
}

#[test]
fn the_last_picture_is_what_a_loader_gives() {
    let dir = workplace();
    let root = dir.path().join("shards");
    let steps = Steps::from_toml(STEPS, None).unwrap();
    for seed in 0..20 {
        let shards = Arc::new(Shards::open(&root).unwrap());
        let mut options = FeedOptions::new(2);
        options.steps = steps.clone();
        options.shuffle = Shuffle::Off;
        options.seed = seed;
        let batch = Feed::open(shards, options).unwrap().next_batch().unwrap();
        let loaded = batch.unwrap().tensor("image").unwrap();
        let loaded = loaded.bytes().unwrap();
        for (row, loaded) in (0..).zip(loaded.chunks(12 * 10 * 3)) {
            let request = TraceRequest {
                row,
                seed,
                steps: steps.clone(),
                ..TraceRequest::default()
            };
            let told = trace(&root, &request).unwrap();
            let last = told.columns[0].steps.last().unwrap();
            let picture = last.picture.as_ref().unwrap();
            assert_eq!(picture.shown, PictureShown::Bytes);
            assert_eq!(through_file(picture), loaded, "row {row}, seed {seed}");
        }
    }
}

#[test]
fn a_page_and_its_pictures_are_written() {
    let dir = workplace();
    let args = [
        "--row",
        "0",
        "--steps",
        "floats.toml",
        "--out",
        "a/story",
        "--json",
    ];
    let ran = traced(&dir, &args);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let files = told["files"].as_array().unwrap();
    assert_eq!(files.len(), 6);
    for file in files {
        assert!(dir.path().join(file.as_str().unwrap()).is_file());
    }
    let steps = told["columns"][0]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 5);
    for step in steps {
        let name = step["picture"].as_str().unwrap();
        assert!(dir.path().join("a/story").join(name).is_file());
    }
    let page = fs::read_to_string(dir.path().join("a/story/index.html")).unwrap();
    assert!(page.contains("&lt;b&gt;\\u{202e}\\u{7}.bmp"));
    assert!(!page.contains("<b>") && !page.contains('\u{202e}'));
    // Nothing but what lies in it: no address stands in it at all.
    let has = |what: &str| page.contains(what);
    assert!(!has("://") && !has("<script") && !has("url("), "{page}");
    // The same again is the same, in the same place.
    assert_eq!(traced(&dir, &args).out, ran.out);
    let again = fs::read_to_string(dir.path().join("a/story/index.html")).unwrap();
    assert_eq!(again, page);
}

#[test]
fn what_cannot_be_told_is_an_error() {
    let dir = workplace();
    let mut text = String::new();
    for args in [
        &["--row", "3"][..],
        &["--row", "18446744073709551615"],
        &["--row", "0", "--steps", "none.toml"],
        &["--row", "0", "--steps", "p.toml"],
        &["--row", "0", "--out", "shards"],
        &["--row", "0", "--out", "p.toml"],
        &["--row", "0", "--out", "p.toml/story"],
    ] {
        let ran = traced(&dir, args);
        assert_eq!(ran.out, "");
        write!(text, "{args:?}: {}\n{}", ran.code, ran.err).unwrap();
    }
    assert_snapshot!(text);
}

#[test]
fn a_damaged_shard_is_an_error() {
    let dir = workplace();
    let shards = dir.path().join("shards/shards");
    let shard = fs::read_dir(shards).unwrap().next().unwrap().unwrap();
    let mut bytes = fs::read(shard.path()).unwrap();
    bytes[4096 + 60] ^= 1;
    fs::write(shard.path(), bytes).unwrap();
    let ran = traced(&dir, &["--row", "0", "--steps", "steps.toml"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("block 1 of 64 KiB"), "{}", ran.err);
}

#[test]
fn a_dataset_of_text_has_a_page_too() {
    let dir = TempDir::new().unwrap();
    let text = "{\"text\": \"<i>one</i> two\"}\n{\"text\": null}\n";
    fs::write(dir.path().join("docs.jsonl"), text).unwrap();
    let pipeline = "[source]\nuri = \"docs.jsonl\"\n[[step]]\nop = \"tokenize\"\ncolumn = \"text\"\n\
                    tokenizer = \"gpt2\"\n[sink]\nuri = \"shards\"\n";
    fs::write(dir.path().join("p.toml"), pipeline).unwrap();
    assert_eq!(run(&dir, &["shard", "p.toml"]).code, 0);
    let ran = traced(&dir, &["--row", "0", "--out", "story"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("<i>one</i> two"), "{}", ran.out);
    let page = dir.path().join("story/index.html");
    let page = fs::read_to_string(Path::new(&page)).unwrap();
    assert!(page.contains("&lt;i&gt;one&lt;/i&gt; two"));
}
