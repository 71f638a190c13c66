//! Boxes and keypoints drawn over a picture, and masks in colours that people tell apart.

use super::markup::Markup;
use super::picture::{PictureColour, PictureShown, TracePicture};
use super::told::TracedCoordinates;
use crate::plan::operators::{CoordinateKind, corners_of};

/// Boxes and points of a column that are drawn.
const DRAWN: usize = 200;
/// How many have their numbers beside them.
const NUMBERED: usize = 40;
/// Colours of columns, each by its class in the style.
const COLOURS: [&str; 4] = ["mark-a", "mark-b", "mark-c", "mark-d"];

/// The class of the colour of the `index`th column of an image.
pub(super) fn colour(index: usize) -> &'static str {
    COLOURS[index % COLOURS.len()]
}

/// Draws what is left of boxes and points over a picture of pixels.
pub(super) fn marks(html: &mut Markup, picture: &TracePicture, all: &[TracedCoordinates]) {
    if all.iter().all(|it| it.left().next().is_none()) {
        return;
    }
    let (height, width) = (f64::from(picture.height), f64::from(picture.width));
    html.raw("<svg class=\"marks\" aria-hidden=\"true\" preserveAspectRatio=\"none\" viewBox=\"")
        .text(&format!("0 0 {width} {height}"))
        .raw("\">");
    for (index, it) in all.iter().enumerate() {
        let paths = it
            .left()
            .take(DRAWN)
            .filter_map(|(_, numbers)| path(it.kind, numbers));
        let paths: String = paths.collect();
        let shape = match it.kind {
            CoordinateKind::Boxes { .. } => "box",
            CoordinateKind::Points { .. } => "point",
        };
        for layer in ["halo", "line"] {
            html.raw("<path class=\"")
                .text(&format!("{shape} {layer} {}", colour(index)))
                .raw("\" d=\"")
                .text(&paths)
                .raw("\"/>");
        }
    }
    html.raw("</svg>\n");
    for (index, it) in all.iter().enumerate() {
        for (at, numbers) in it.left().take(NUMBERED) {
            let Some([x, y]) = place(it.kind, numbers) else {
                continue;
            };
            let percent = |number: f64, side: f64| (number / side * 100.0).clamp(0.0, 100.0);
            let dot = match it.kind {
                CoordinateKind::Boxes { .. } => "",
                CoordinateKind::Points { .. } => " dot",
            };
            html.raw("<span class=\"number ")
                .text(&format!("{}{dot}", colour(index)))
                .raw("\" aria-hidden=\"true\" style=\"left:")
                .text(&format!(
                    "{:.3}%;top:{:.3}%",
                    percent(x, width),
                    percent(y, height)
                ))
                .raw("\">")
                .text(&at.to_string())
                .raw("</span>");
        }
    }
    html.raw("\n");
}

/// The outline of a box, or a dot.
fn path(kind: CoordinateKind, numbers: &[f32]) -> Option<String> {
    Some(match kind {
        CoordinateKind::Boxes { .. } => {
            let [left, top, right, bottom] = corners(kind, numbers)?;
            format!("M{left} {top}H{right}V{bottom}H{left}Z")
        }
        CoordinateKind::Points { .. } => {
            let [x, y] = place(kind, numbers)?;
            format!("M{x} {y}h0")
        }
    })
}

/// Left, top, right and bottom of a box.
fn corners(kind: CoordinateKind, numbers: &[f32]) -> Option<[f64; 4]> {
    let numbers: [f32; 4] = numbers.try_into().ok()?;
    match kind {
        CoordinateKind::Boxes { format, .. } => Some(corners_of(format, numbers.map(f64::from))),
        CoordinateKind::Points { .. } => None,
    }
}

/// Where the number of a box stands, or a point: a whole number is the middle of a pixel.
fn place(kind: CoordinateKind, numbers: &[f32]) -> Option<[f64; 2]> {
    match (kind, numbers) {
        (CoordinateKind::Boxes { .. }, _) => {
            let [left, top, ..] = corners(kind, numbers)?;
            Some([left, top])
        }
        (CoordinateKind::Points { .. }, [x, y, ..]) => {
            Some([x, y].map(|number| f64::from(*number) + 0.5))
        }
        (CoordinateKind::Points { .. }, _) => None,
    }
}

/// A mask of bytes in colours, one for each label; other pictures stay as they are.
pub(super) fn in_colours(mask: &TracePicture) -> TracePicture {
    let is_mask = mask.colour == PictureColour::Grey && mask.shown == PictureShown::Bytes;
    if !is_mask {
        return mask.clone();
    }
    TracePicture {
        file: mask.file.clone(),
        colour: PictureColour::Rgb,
        pixels: mask
            .pixels
            .iter()
            .flat_map(|label| label_colour(*label))
            .collect(),
        ..*mask
    }
}

/// The colour of a label: nearly black for 0, white for 255, and around the circle of
/// colours by the golden angle between, so that labels that are close look different.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to 255"
)]
fn label_colour(label: u8) -> [u8; 3] {
    match label {
        0 => [34, 34, 38],
        255 => [255; 3],
        label => {
            let turn = f64::from(label) * 0.618_034;
            // Of red, green and blue, each is a third of the circle further.
            [0.0, 2.0 / 3.0, 1.0 / 3.0].map(|third| {
                let part = (turn + third).fract() * 6.0;
                let share = ((part - 3.0).abs() - 1.0).clamp(0.0, 1.0);
                (70.0 + 175.0 * share).round() as u8
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::operators::BoxFormat;

    #[test]
    fn boxes_of_all_formats_have_the_same_outline() {
        let of = |format, numbers: [f32; 4]| {
            let kind = CoordinateKind::Boxes {
                format,
                min_size: 1.0,
            };
            path(kind, &numbers).unwrap()
        };
        let expected = "M2 3H6V9H2Z";
        assert_eq!(of(BoxFormat::Xyxy, [2.0, 3.0, 6.0, 9.0]), expected);
        assert_eq!(of(BoxFormat::Xywh, [2.0, 3.0, 4.0, 6.0]), expected);
        assert_eq!(of(BoxFormat::Cxcywh, [4.0, 6.0, 4.0, 6.0]), expected);
    }

    #[test]
    fn labels_have_colours_of_their_own() {
        let mut all: Vec<[u8; 3]> = (0..=255).map(label_colour).collect();
        all.sort_unstable();
        all.dedup();
        assert!(all.len() > 250, "{}", all.len());
        assert_eq!(label_colour(255), [255; 3]);
    }
}
