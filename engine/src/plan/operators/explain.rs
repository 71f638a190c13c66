//! What steps do, in words and for machines: the kernels of each column, and what
//! they are told of one row.

use std::fmt::Write as _;

use fuelrail_kernels::Element;
use fuelrail_kernels::decode::Exif;
use fuelrail_kernels::gather::GatherRow;
use fuelrail_kernels::lut::Lut;
use serde_json::{Value, json};

use super::changes::in_words;
use super::color_change::row_in_words;
use super::decoding::{Decoding, OnBadImage};
use super::draw::Draw;
use super::image::Image;
use super::lowered::{Blending, ColumnSteps, Link, Resizing, Warping};
use super::mix::Weight;
use super::row_record::{Parameters, RowRecord};
use super::ties::{CoordinateKind, FollowerKind, Ties};
use crate::error::Result;

/// A row of the dataset that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedRow {
    /// What is drawn for it.
    pub draw: Draw,
    /// Its number.
    pub row: u64,
    /// Its image before the steps; `None` where it is null.
    pub stored: Option<Image>,
    /// What a loader gives of it, in words, where other columns have a part in that.
    pub given: Vec<String>,
}

impl ColumnSteps {
    /// What is done, on one line.
    pub(super) fn in_words(&self) -> String {
        let mut said: Vec<String> = self.decoding.iter().map(|_| "decoded".to_owned()).collect();
        for link in &self.links {
            match link {
                Link::Gather { moves, .. } => {
                    said.extend(moves.iter().map(|drawing| drawing.what.to_string()));
                }
                Link::Resample(resizing) => said.push(resize_in_words(resizing)),
                Link::Warp(warping) => said.push(warp_in_words(warping)),
                Link::Color(coloring) => {
                    said.push(format!("colours: {}", coloring.change.what));
                }
                Link::Lut(lut) => said.push(format!("bytes by {}", tables(lut))),
                Link::Blend(_) => said.push("mixed with a second row".to_owned()),
            }
        }
        format!("{} -> {}, {}", self.before, self.after, said.join(", "))
    }

    /// Its kernels; with what is drawn for a row of the dataset, if one is asked
    /// for.
    ///
    /// # Errors
    /// `Data` where a step cannot be done to the image of the row.
    pub fn explain(&self, row: Option<&ExplainedRow>) -> Result<String> {
        let mut text = format!("{}: {} -> {}", self.column, self.before, self.after);
        if let Some(decoding) = &self.decoding {
            _ = write!(text, "\n  {}", decode_in_words(decoding));
            let stored = row.map(|row| row.stored.map(|image| image.to_string()));
            if let Some(image) = stored {
                let is_given = row.is_some_and(|row| !row.given.is_empty());
                let none = if is_given { "no image" } else { "null" };
                let image = image.unwrap_or_else(|| none.to_owned());
                _ = write!(text, "\n    this row: {image}");
            }
        }
        for words in self.ties_in_words() {
            _ = write!(text, "\n  {words}");
        }
        for words in row.iter().flat_map(|row| &row.given) {
            _ = write!(text, "\n    this row: {words}");
        }
        let records = self.records(row)?;
        for (at, link) in self.links.iter().enumerate() {
            let record = records.get(at);
            match link {
                Link::Gather { moves, .. } => {
                    text.push_str("\n  gather");
                    for drawing in moves {
                        _ = write!(text, "\n    step {}: {}", drawing.step + 1, drawing.what);
                    }
                    if let Some(RowRecord::Gather(record)) = record {
                        text.push_str(&places_in_words(record));
                    }
                }
                Link::Resample(resizing) => {
                    let (step, words) = (resizing.step + 1, resize_in_words(resizing));
                    _ = write!(text, "\n  resample\n    step {step}: {words}");
                    if let Some(RowRecord::Resample([[rows, cols], [high, wide]])) = record {
                        _ = write!(text, "\n    this row: {rows}x{cols} becomes {high}x{wide}");
                    }
                }
                Link::Warp(warping) => text.push_str(&warp_told(warping, row, record)),
                Link::Color(coloring) => {
                    let (step, what) = (coloring.change.step + 1, &coloring.change.what);
                    _ = write!(text, "\n  color\n    step {step}: {what}");
                    if let Some(RowRecord::Color(record)) = record {
                        _ = write!(text, "\n    this row: {}", row_in_words(record));
                    }
                }
                Link::Lut(lut) => {
                    _ = write!(text, "\n  lut, {}", tables(lut));
                }
                Link::Blend(Blending { mix, .. }) => {
                    let (step, what) = (mix.step + 1, &mix.what);
                    _ = write!(text, "\n  blend\n    step {step}: {what}");
                    if let Some(ExplainedRow { draw, row, .. }) = row {
                        text.push_str(&self.mix_in_words(*draw, *row));
                    }
                }
            }
        }
        _ = write!(text, "\n  {}", self.passes_in_words());
        Ok(text)
    }

    /// The same for machines.
    ///
    /// # Errors
    /// As [`ColumnSteps::explain`].
    pub fn to_json(&self, row: Option<&ExplainedRow>) -> Result<Value> {
        let records = self.records(row)?;
        let link = |(at, link): (usize, &Link)| match link {
            Link::Gather { kernel, moves, .. } => {
                let moves = moves.iter().map(
                    |drawing| json!({ "step": drawing.step + 1, "does": drawing.what.to_string() }),
                );
                json!({
                    "kernel": "gather",
                    "border": in_words(kernel.border()),
                    "moves": moves.collect::<Vec<_>>(),
                    "row": records.get(at).and_then(places_in_json),
                })
            }
            Link::Resample(resizing) => json!({
                "kernel": "resample",
                "step": resizing.step + 1,
                "does": resize_in_words(resizing),
                "row": records.get(at).and_then(sides_in_json),
            }),
            Link::Warp(warping) => json!({
                "kernel": "warp",
                "step": warping.change.step + 1,
                "does": warp_in_words(warping),
                "row": corners_in_words(warping, row, records.get(at)),
            }),
            Link::Color(coloring) => json!({
                "kernel": "color",
                "step": coloring.change.step + 1,
                "does": coloring.change.what.to_string(),
                "row": records.get(at).and_then(colors_in_words),
            }),
            Link::Lut(_) => json!({ "kernel": "lut" }),
            Link::Blend(Blending { mix, .. }) => {
                let of_row = row.map(|ExplainedRow { draw, row, .. }| {
                    let second = self.second_row(*draw, *row);
                    let weight = second.map_or(Weight::WHOLE, |second| second.weight);
                    json!({ "second": second.map(|it| it.row), "weight": weight.as_f32() })
                });
                json!({
                    "kernel": "blend",
                    "step": mix.step + 1,
                    "does": mix.what.to_string(),
                    "row": of_row,
                })
            }
        };
        let links: Vec<Value> = self.links.iter().enumerate().map(link).collect();
        Ok(json!({
            "column": self.column,
            "decode": self.decoding.as_ref().map(decode_in_words),
            "ties": self.ties_in_words(),
            "given": row.map(|row| &row.given),
            "before": self.before.to_string(),
            "after": self.after.to_string(),
            "kernels": links,
            "passes": self.passes_in_json(),
        }))
    }

    /// What moves with its images, or what it moves with.
    fn ties_in_words(&self) -> Vec<String> {
        let Ties {
            follows,
            coordinates,
            ..
        } = &self.ties;
        let follows = follows.iter().map(|of| match of.kind {
            FollowerKind::Mask(_) => format!("the masks of {}: they move with it", of.image),
            FollowerKind::Picture => format!("beside {}: they move with it", of.image),
        });
        let coordinates = coordinates.iter();
        let coordinates = coordinates.map(|it| match it.kind {
            CoordinateKind::Boxes { .. } => format!("{}: boxes that move with it", it.column),
            CoordinateKind::Points { .. } => {
                format!("{}: keypoints that move with it", it.column)
            }
        });
        follows.chain(coordinates).collect()
    }

    /// What is drawn for a row, if one is asked for that is not null.
    fn records(&self, row: Option<&ExplainedRow>) -> Result<Parameters> {
        match row {
            Some(ExplainedRow {
                draw,
                row,
                stored: Some(image),
                ..
            }) => self.parameters(*draw, (*row, *image)),
            _ => Ok(Vec::new()),
        }
    }

    /// Which row a row is mixed with.
    fn mix_in_words(&self, draw: Draw, row: u64) -> String {
        match self.second_row(draw, row) {
            Some(second) => format!(
                "\n    this row: {} of it, the rest of row {}, unless either is null",
                second.weight, second.row
            ),
            None => "\n    this row: stays as it is".to_owned(),
        }
    }
}

/// The sides of an image before and behind a resize.
fn sides_in_json(record: &RowRecord) -> Option<Value> {
    match record {
        RowRecord::Resample([before, behind]) => Some(json!({ "from": before, "to": behind })),
        RowRecord::Shared | RowRecord::Gather(_) | RowRecord::Warp(_) | RowRecord::Color(_) => None,
    }
}

/// How images are decoded, in words.
fn decode_in_words(decoding: &Decoding) -> String {
    let exif = match decoding.options.exif {
        Exif::Apply => "turned as EXIF says",
        Exif::Ignore => "not turned",
    };
    let bad = match decoding.on_error {
        OnBadImage::Raise => "an error".to_owned(),
        OnBadImage::Skip => "skipped".to_owned(),
        OnBadImage::Substitute => format!("substituted by {}", decoding.fill),
    };
    format!("decode, {exif}; what cannot be is {bad}")
}

/// Where a row's samples come from, in words.
fn places_in_words(record: &GatherRow) -> String {
    format!(
        "\n    this row: begins at row {}, column {} of the image; one row down is {:+},{:+}, one \
         column right is {:+},{:+}",
        record.top,
        record.left,
        record.row_down,
        record.col_down,
        record.row_right,
        record.col_right
    )
}

/// The same for machines.
fn places_in_json(record: &RowRecord) -> Option<Value> {
    match record {
        RowRecord::Gather(it) => Some(json!({
            "top": it.top, "left": it.left,
            "row_down": it.row_down, "row_right": it.row_right,
            "col_down": it.col_down, "col_right": it.col_right,
            "height": it.dst_height, "width": it.dst_width,
        })),
        RowRecord::Shared | RowRecord::Color(_) | RowRecord::Warp(_) | RowRecord::Resample(_) => {
            None
        }
    }
}

/// What a resize does, in words.
fn resize_in_words(resizing: &Resizing) -> String {
    format!("resize {} ({})", resizing.to, resizing.filter.name())
}

/// How the colours of a row change, in words.
fn colors_in_words(record: &RowRecord) -> Option<String> {
    match record {
        RowRecord::Color(it) => Some(row_in_words(it)),
        RowRecord::Shared | RowRecord::Gather(_) | RowRecord::Warp(_) | RowRecord::Resample(_) => {
            None
        }
    }
}

/// What a change of perspective does, in words.
fn warp_in_words(warping: &Warping) -> String {
    let (kernel, fill) = (&warping.kernel, warping.kernel.fill());
    let fill = &fill[..kernel.channels() as usize];
    let outside = match fill {
        [first, rest @ ..] if rest.iter().all(|byte| byte == first) => first.to_string(),
        all => format!("{all:?}"),
    };
    let (what, filter) = (warping.change.what, kernel.filter().name());
    format!("{what}, {filter}, outside {outside}")
}

/// What a warp does, and what to a row if one is asked for.
fn warp_told(warping: &Warping, row: Option<&ExplainedRow>, record: Option<&RowRecord>) -> String {
    let (step, words) = (warping.change.step + 1, warp_in_words(warping));
    let of_row = corners_in_words(warping, row, record);
    let of_row = of_row.map(|words| format!("\n    this row: {words}"));
    format!(
        "\n  warp\n    step {step}: {words}{}",
        of_row.unwrap_or_default()
    )
}

/// Where the corners of a row's image go, in words, if one is asked for.
fn corners_in_words(
    warping: &Warping,
    row: Option<&ExplainedRow>,
    record: Option<&RowRecord>,
) -> Option<String> {
    let (ExplainedRow { draw, row, .. }, Some(RowRecord::Warp(record))) = (row?, record) else {
        return None;
    };
    let sides = [record.src_height, record.src_width];
    let drawn = &mut draw.of(warping.change.stream, *row);
    Some(match warping.change.what.draw(drawn, sides) {
        Some(quad) => format!("its corners go to {quad}"),
        None => "stays as it is".to_owned(),
    })
}

/// The tables of a lut, in words.
fn tables(lut: &Lut) -> String {
    match (lut.to(), lut.n_tables()) {
        (Element::U8, 1) => "one table for all rows".to_owned(),
        (to, 1) => format!("one table of {} for all rows", to.name()),
        (to, n) => format!("{n} tables of {} for all rows, one a channel", to.name()),
    }
}
