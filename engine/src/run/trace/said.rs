//! Parts of the story in words, for the text and for the page.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::sample::SampleDocument;
use super::picture::{PictureShown, SampleNumbers, TracePicture};
use super::told::{SecondImage, StepOutcome, TracedCoordinates, TracedImage, TracedStored};

/// Rows, columns and channels, and the type unless it is the usual one.
pub(super) fn size(image: &TracedImage) -> String {
    let TracedImage {
        height,
        width,
        channels,
        layout,
        dtype,
    } = image;
    match *dtype {
        "uint8" => format!("{height}x{width}x{channels}"),
        dtype => format!("{height}x{width}x{channels} {dtype}, {layout}"),
    }
}

/// What is stored.
pub(super) fn stored(stored: &TracedStored) -> String {
    match stored {
        TracedStored::Null => "null".to_owned(),
        TracedStored::Image(image) => format!("image of {}", size(image)),
        TracedStored::BadFile { len_bytes, message } => {
            format!("a file of {len_bytes} bytes that cannot be decoded: {message}")
        }
        TracedStored::File {
            format,
            len_bytes,
            height,
            width,
            channels,
            bits,
            orientation,
            has_icc,
            is_animated,
        } => {
            let mut text = format!(
                "{format} file of {len_bytes} bytes: {height}x{width}x{channels}, {bits} bits"
            );
            if *orientation != 1 {
                // Writing to a string cannot fail, here and below.
                _ = write!(text, ", EXIF orientation {orientation}");
            }
            if *has_icc {
                text.push_str(", with a colour profile, which is not applied");
            }
            if *is_animated {
                text.push_str(", several frames, of which the first is decoded");
            }
            text
        }
    }
}

/// What came of a step, where that is not what it is for.
pub(super) fn outcome(outcome: &StepOutcome) -> Option<String> {
    Some(match outcome {
        StepOutcome::Done => return None,
        StepOutcome::Damaged => {
            "the file is damaged, and is decoded as far as it goes (status 1)".to_owned()
        }
        StepOutcome::Substituted(why) => {
            format!("no image ({why}): a substitute takes its place (status 2)")
        }
        StepOutcome::Skipped(why) => format!("no image ({why}): the row is skipped (status 2)"),
        StepOutcome::Failed(why) => format!("error: {why}"),
        StepOutcome::NotReached => "not reached".to_owned(),
        StepOutcome::Null => "the row is null and stays so".to_owned(),
    })
}

/// What is to be said of a second row.
pub(super) fn second(second: &SecondImage) -> String {
    if second.is_mixed {
        format!("row {}, which is mixed in", second.row)
    } else {
        format!("row {} is not mixed in: one of the two is null", second.row)
    }
}

/// How many boxes or keypoints are left.
pub(super) fn left(it: &TracedCoordinates) -> String {
    let mut text = format!("{} of {} kept", it.left().count(), it.kept.len());
    if let Some(why) = &it.message {
        // Writing to a string cannot fail.
        _ = write!(text, " ({why})");
    }
    text
}

/// The place of a box or keypoint among all, from 0, and its numbers.
pub(super) fn place((at, numbers): (usize, &[f32])) -> String {
    let numbers: Vec<String> = numbers.iter().map(|it| short((*it).into())).collect();
    format!("{at}: {}", numbers.join(", "))
}

/// The range and the mean of samples.
pub(super) fn numbers(numbers: &SampleNumbers) -> String {
    let SampleNumbers {
        min,
        max,
        mean,
        n_not_finite,
    } = *numbers;
    let mut text = format!(
        "from {} to {}, mean {}",
        short(min.into()),
        short(max.into()),
        short(mean)
    );
    if n_not_finite > 0 {
        _ = write!(text, ", {n_not_finite} not finite");
    }
    text
}

/// How a picture comes out of samples, where it is not just them.
pub(super) fn shown(picture: &TracePicture) -> Option<String> {
    let scale = |[black, white]: [f32; 2]| {
        format!(
            "floats, scaled to be seen: {} is black, {} is white",
            short(black.into()),
            short(white.into())
        )
    };
    match picture.shown {
        PictureShown::Bytes => None,
        PictureShown::Scaled(range) => Some(scale(range)),
        PictureShown::Channels(None) => Some("one channel beside the other".to_owned()),
        PictureShown::Channels(Some(range)) => {
            Some(format!("one channel beside the other; {}", scale(range)))
        }
    }
}

/// A key of a step with its value, as it is written in TOML.
pub(super) fn key((key, value): (&String, &Value)) -> String {
    format!("{key} = {}", in_toml(value))
}

/// A value as it is written in TOML.
fn in_toml(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(in_toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(keys) => {
            let pairs: Vec<String> = keys.iter().map(key).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

/// Where a document came from: the line or row counts from 1, as in errors.
pub(super) fn source(document: &SampleDocument) -> String {
    match document.source_line {
        Some(line) => format!("{}:{line}", document.source),
        None => format!(
            "row {} of {}",
            document.source_row.saturating_add(1),
            document.source
        ),
    }
}

/// The beginning of a text, and how many characters it has more.
pub(super) fn beginning(text: &str, n_chars: usize) -> (&str, usize) {
    match text.char_indices().nth(n_chars) {
        Some((at, _)) => {
            let (begin, rest) = text.split_at(at);
            (begin, rest.chars().count())
        }
        None => (text, 0),
    }
}

/// A number with as many digits as people read.
fn short(number: f64) -> String {
    let text = format!("{number:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(short(-2.117_9), "-2.1179");
        assert_eq!(short(255.0), "255");
        assert_eq!(short(-0.000_01), "0");
        assert_eq!(short(10.0), "10");
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(beginning("äöü", 2), ("äö", 1));
        assert_eq!(beginning("äöü", 3), ("äöü", 0));
        assert_eq!(beginning("", 3), ("", 0));
    }
}
