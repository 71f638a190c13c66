//! What steps do to the image of one row: each by itself, with what it draws, in the
//! words of a person who looks on.
//!
//! Kernels are told less: several moves are one record of a gather, which says where
//! samples come from and no longer how that came about. Here each move is made on an
//! image of its own, with the same draws.

use std::fmt;

use fuelrail_kernels::color::{Adjustment, ColorRow};
use fuelrail_kernels::gather::{Border, GatherError, GatherRow};
use serde::Serialize;

use super::changes::Move;
use super::draw::{Draw, Drawn};
use super::image::Image;
use super::lowered::{Coloring, ColumnSteps, Drawing, Link, Warping};
use crate::error::Result;

/// What moves around the circle of colours.
const HUE: &str = "hue";

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
        /// Brightness, contrast and saturation by a factor, and hue by parts of 256 of the
        /// circle, in this order; none where it stays as it is.
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

/// A row on its way through the changes of its column.
struct OnItsWay {
    draw: Draw,
    row: u64,
    /// Rows and columns of its image so far.
    sides: [u32; 2],
    /// The draws of the step that drew last, by its index.
    drawn: Option<(usize, Drawn)>,
    effects: Vec<StepEffect>,
}

impl ColumnSteps {
    /// What is done to the image of a row of the dataset that is stored so, in order.
    /// Tables of bytes are no part of it: they do the same to every row.
    ///
    /// # Errors
    /// As [`ColumnSteps::draw_parameters`].
    pub fn effects(&self, draw: Draw, (row, stored): (u64, Image)) -> Result<Vec<StepEffect>> {
        let mut on_its_way = OnItsWay {
            draw,
            row,
            sides: stored.sides(),
            drawn: None,
            effects: Vec::new(),
        };
        for link in &self.links {
            match link {
                Link::Gather { kernel, moves } => {
                    for drawing in moves {
                        let moved = on_its_way.moved(kernel.border(), *drawing);
                        moved.map_err(|error| self.cannot(&error))?;
                    }
                }
                Link::Resample(resizing) => {
                    let [height, width] = self.resized(on_its_way.sides, resizing)?;
                    let effect = Effect::Resized { height, width };
                    on_its_way.has((resizing.step, false), effect, [height, width]);
                }
                Link::Warp(Warping { change, .. }) => {
                    let drawn = &mut draw.of(change.stream, row);
                    let quad = change.what.draw(drawn, on_its_way.sides);
                    let corners = quad.map(|quad| quad.corners());
                    let effect = Effect::Projected { corners };
                    on_its_way.has((change.step, true), effect, on_its_way.sides);
                }
                Link::Blend(blending) => {
                    let second = self.second_row(draw, row);
                    let effect = Effect::Mixed {
                        second: second.map(|second| second.row),
                        weight: second.map_or(1.0, |second| second.weight.as_f32()),
                    };
                    on_its_way.has((blending.mix.step, true), effect, on_its_way.sides);
                }
                Link::Color(Coloring { change, .. }) => {
                    let row = change.what.draw(&mut draw.of(change.stream, row));
                    let row = row.map_err(|error| self.cannot(&error))?;
                    let drawn = change.what.is_drawn();
                    on_its_way.has((change.step, drawn), recolored(&row), on_its_way.sides);
                }
                Link::Lut(_) => {}
            }
        }
        Ok(on_its_way.effects)
    }
}

impl OnItsWay {
    /// A move, by itself.
    fn moved(&mut self, border: Border, drawing: Drawing) -> Result<(), GatherError> {
        let Drawing { step, stream, what } = drawing;
        let of_step = match self.drawn.take() {
            // A step goes on drawing where it was.
            Some((at, drawn)) if at == step => drawn,
            _ => self.draw.of(stream, self.row),
        };
        let (_, drawn) = self.drawn.insert((step, of_step));
        let whole = GatherRow::whole(self.sides[0], self.sides[1])?;
        let moved = what.apply(border, whole, drawn)?;
        let sides = [moved.dst_height, moved.dst_width];
        if !is_never(&what) {
            self.has((step, draws(&what)), effect_of(&what, &moved), sides);
        }
        Ok(())
    }

    /// Notes what a step does, whether it is drawn, and the sides behind it.
    fn has(&mut self, (step, drawn): (usize, bool), effect: Effect, sides: [u32; 2]) {
        self.effects.push(StepEffect {
            step,
            drawn,
            of: self.sides,
            effect,
        });
        self.sides = sides;
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
        Adjustment::Hue(by) => (HUE, by.into()),
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
                    let of = if *name == HUE { " of 256" } else { "" };
                    write!(f, "{comma}{name} by {by:.4}{of}")?;
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
