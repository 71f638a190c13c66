//! What steps do to the image of one row: each by itself, with what it draws, in the
//! words of a person who looks on.

use std::fmt;

use fuelrail_kernels::color::{Adjustment, ColorRow};
use fuelrail_kernels::gather::GatherRow;
use serde::Serialize;

use super::changes::Move;
use super::color_change::hue_part;
use super::draw::Draw;
use super::image::Image;
use super::lowered::{ColumnSteps, Warping};
use super::walk::OnTheWay;
use crate::error::Result;

/// What one change of a step does to the image of a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepEffect {
    /// The step, by its index.
    #[serde(skip)]
    pub step: usize,
    /// Whether chance has a part in it.
    pub drawn: bool,
    /// Rows and columns of the image before it.
    pub of: [u32; 2],
    /// What it does.
    #[serde(flatten)]
    pub effect: Effect,
}

/// What is done to an image.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Effect {
    /// A window is kept.
    Kept {
        /// Its first row.
        top: u32,
        /// Its first column.
        left: u32,
        /// Its rows.
        height: u32,
        /// Its columns.
        width: u32,
    },
    /// Rows and columns are added.
    Padded {
        /// Rows above.
        top: u32,
        /// Columns on the left.
        left: u32,
        /// Rows below.
        bottom: u32,
        /// Columns on the right.
        right: u32,
    },
    /// Left may become right.
    FlippedHorizontally {
        /// Whether it does.
        happens: bool,
    },
    /// Top may become bottom.
    FlippedVertically {
        /// Whether it does.
        happens: bool,
    },
    /// It is seen from elsewhere.
    Projected {
        /// Where its corners go, x and y of each from top left on, as hands of a clock go;
        /// none where it stays as it is.
        corners: Option<[[i32; 2]; 4]>,
    },
    /// It becomes another size.
    Resized {
        /// Its rows then.
        height: u32,
        /// Its columns then.
        width: u32,
    },
    /// Its colours change.
    Recolored {
        /// Brightness, contrast and saturation by a factor, and hue by a part of the circle
        /// as torchvision has it, from -0.5 to 0.5, in this order; none where it stays as
        /// it is.
        adjustments: Vec<(&'static str, f32)>,
    },
    /// It is mixed with that of a second row; not where either turns out to be null.
    Mixed {
        /// The second row of the dataset, if there is one.
        second: Option<u64>,
        /// The weight of the row itself.
        weight: f32,
    },
}

impl ColumnSteps {
    /// What is done to the image of a row of the dataset that is stored so, in order.
    /// Tables of bytes are no part of it: they do the same to every row.
    ///
    /// # Errors
    /// As [`ColumnSteps::draw_parameters`].
    pub fn effects(&self, draw: Draw, (row, stored): (u64, Image)) -> Result<Vec<StepEffect>> {
        let mut effects = Vec::new();
        self.walk(
            draw,
            (row, stored.sides()),
            |change, [of, [height, width]]| {
                let (step, drawn, effect) = match change {
                    OnTheWay::Move(drawing, _) if is_never(&drawing.what) => return Ok(()),
                    OnTheWay::Move(drawing, record) => {
                        let what = &drawing.what;
                        (drawing.step, draws(what), effect_of(what, &record))
                    }
                    OnTheWay::Resize(it) => (it.step, false, Effect::Resized { height, width }),
                    OnTheWay::Warp(Warping { change, .. }) => {
                        let drawn = &mut draw.of(change.stream, row);
                        let quad = change.what.draw(drawn, of);
                        let corners = quad.map(|quad| quad.corners());
                        (change.step, true, Effect::Projected { corners })
                    }
                    OnTheWay::Color(it) => {
                        let what = &it.change.what;
                        let row = what.draw(&mut draw.of(it.change.stream, row));
                        let row = row.map_err(|error| self.cannot(&error))?;
                        (it.change.step, what.is_drawn(), recolored(&row))
                    }
                    OnTheWay::Blend(it) => {
                        let second = self.second_row(draw, row);
                        let effect = Effect::Mixed {
                            second: second.map(|second| second.row),
                            weight: second.map_or(1.0, |second| second.weight.as_f32()),
                        };
                        (it.mix.step, true, effect)
                    }
                };
                effects.push(StepEffect {
                    step,
                    drawn,
                    of,
                    effect,
                });
                Ok(())
            },
        )?;
        Ok(effects)
    }
}

/// Whether a move does nothing to any row.
fn is_never(what: &Move) -> bool {
    match what {
        Move::FlipHorizontal(chance) | Move::FlipVertical(chance) => chance.is_never(),
        Move::Pad(..) | Move::CropCenter(_) | Move::CropAnywhere(_) | Move::CropPart(_) => false,
    }
}

/// Whether a move is drawn.
fn draws(what: &Move) -> bool {
    match what {
        Move::Pad(..) | Move::CropCenter(_) => false,
        Move::CropAnywhere(_)
        | Move::CropPart(_)
        | Move::FlipHorizontal(_)
        | Move::FlipVertical(_) => true,
    }
}

/// How the colours of a row change.
fn recolored(row: &ColorRow) -> Effect {
    let adjustments = row.adjustments().unwrap_or_default();
    let named = adjustments.iter().map(|adjustment| match *adjustment {
        Adjustment::Brightness(factor) => ("brightness", factor),
        Adjustment::Contrast(factor) => ("contrast", factor),
        Adjustment::Saturation(factor) => ("saturation", factor),
        Adjustment::Hue(by) => ("hue", hue_part(by)),
    });
    Effect::Recolored {
        adjustments: named.collect(),
    }
}

/// What a move has done to a whole image.
fn effect_of(what: &Move, moved: &GatherRow) -> Effect {
    match *what {
        Move::Pad(_, [top, left, bottom, right]) => Effect::Padded {
            top,
            left,
            bottom,
            right,
        },
        Move::CropCenter(_) | Move::CropAnywhere(_) | Move::CropPart(_) => Effect::Kept {
            // A window of an image begins in it.
            top: moved.top.unsigned_abs(),
            left: moved.left.unsigned_abs(),
            height: moved.dst_height,
            width: moved.dst_width,
        },
        Move::FlipHorizontal(_) => Effect::FlippedHorizontally {
            happens: moved.col_right < 0,
        },
        Move::FlipVertical(_) => Effect::FlippedVertically {
            happens: moved.row_down < 0,
        },
    }
}

impl fmt::Display for StepEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [rows, cols] = self.of;
        match &self.effect {
            Effect::Kept {
                top,
                left,
                height,
                width,
            } => write!(
                f,
                "kept {height}x{width} of {rows}x{cols}, from row {top} and column {left}"
            ),
            Effect::Padded {
                top,
                left,
                bottom,
                right,
            } => write!(
                f,
                "added {top} rows above, {bottom} below, {left} columns on the left, {right} on \
                 the right"
            ),
            Effect::FlippedHorizontally { happens: true } => f.write_str("flipped left and right"),
            Effect::FlippedHorizontally { happens: false } => {
                f.write_str("not flipped left and right")
            }
            Effect::FlippedVertically { happens: true } => f.write_str("flipped top and bottom"),
            Effect::FlippedVertically { happens: false } => {
                f.write_str("not flipped top and bottom")
            }
            Effect::Recolored { adjustments } if adjustments.is_empty() => {
                f.write_str("colours stay as they are")
            }
            Effect::Recolored { adjustments } => {
                for (at, (name, by)) in adjustments.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", then " };
                    write!(f, "{comma}{name} by {by:.4}")?;
                }
                Ok(())
            }
            Effect::Projected { corners: None } => f.write_str("seen as before"),
            Effect::Projected {
                corners: Some(corners),
            } => {
                f.write_str("seen from elsewhere, its corners at")?;
                for [x, y] in corners {
                    write!(f, " ({x}, {y})")?;
                }
                Ok(())
            }
            Effect::Resized { height, width } => {
                write!(f, "resized from {rows}x{cols} to {height}x{width}")
            }
            Effect::Mixed { second: None, .. } => f.write_str("not mixed"),
            Effect::Mixed {
                second: Some(second),
                weight,
            } => write!(f, "mixed: {weight:.4} of it, the rest of row {second}"),
        }
    }
}
