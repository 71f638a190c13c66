//! The story of one column on the page: a card for what is stored and for each step, with
//! its picture.

use super::figure::{KeptWindow, Over, figure};
use super::marks::{colour, in_colours};
use super::markup::Markup;
use super::picture::TracePicture;
use super::said::{key, left, numbers, outcome, place, second, size, stored};
use super::told::{
    MovesWith, SecondImage, StepOutcome, TracedColumn, TracedCoordinates, TracedStep,
};
use crate::error::Result;
use crate::plan::operators::{Effect, StepEffect};

/// Boxes or keypoints of which the numbers stand on the page.
const PLACES: usize = 12;

/// What moves with the images of a column, for their cards.
#[derive(Clone, Copy)]
struct Beside<'a> {
    image: &'a str,
    all: &'a [TracedColumn],
}

/// A name and a value; a long one has more room.
pub(super) fn fact(page: &mut Markup, name: &str, value: &str) {
    let is_long = value.chars().count() > 24;
    page.raw(if is_long {
        "<div class=\"long\">"
    } else {
        "<div>"
    })
    .raw("<dt>")
    .text(name)
    .raw("</dt><dd>")
    .text(value)
    .raw("</dd></div>\n");
}

/// The cards of a column of a page, by its index among `all`.
///
/// # Errors
/// `Internal` for a picture that cannot be encoded.
pub(super) fn column_cards(row: u64, index: usize, all: &[TracedColumn]) -> Result<Markup> {
    let column = &all[index];
    let mut html = Markup::default();
    let id = format!("column-{}", index + 1);
    html.raw("<section aria-labelledby=\"")
        .text(&id)
        .raw("\">\n<h2 id=\"")
        .text(&id)
        .raw("\">Column ")
        .raw("<span class=\"name\">")
        .text(&column.column)
        .raw("</span></h2>\n<ol class=\"timeline\">\n");
    let of = format!("row {row}, column {}", column.column);
    html.raw("<li class=\"step\">\n<div class=\"marker\" aria-hidden=\"true\"></div>\n")
        .raw("<article class=\"card\">\n<div class=\"told\">\n<h3>stored</h3>\n<p>")
        .text(&stored(&column.stored))
        .raw("</p>\n");
    if let Some(MovesWith { image, what }) = &column.moves_with {
        html.raw("<p>Moves as the ")
            .text(what)
            .raw(" of <span class=\"name\">")
            .text(image)
            .raw("</span>.</p>\n");
    }
    if let Some(told) = &column.numbers {
        numbers_line(&mut html, &numbers(told));
    }
    html.raw("</div>\n");
    let mut next = column.steps.iter();
    if let Some(picture) = &column.picture {
        let window = next.next().and_then(window_of);
        let alt = format!("{of}, as stored");
        let over = Over {
            window,
            coordinates: &[],
        };
        html.piece(&figure(picture, (&alt, None), over)?);
    } else {
        // What a step keeps of a file is shown behind the step that decodes it.
        next.next();
    }
    html.raw("</article>\n</li>\n");
    let beside = Beside {
        image: &column.column,
        all,
    };
    for step in &column.steps {
        let window = next.next().and_then(window_of);
        html.piece(&step_card((&of, beside), step, window)?);
    }
    html.raw("</ol>\n</section>\n");
    Ok(html)
}

/// The card of a step; `window` is what the step behind it keeps.
fn step_card(
    (of, beside): (&str, Beside<'_>),
    step: &TracedStep,
    window: Option<KeptWindow>,
) -> Result<Markup> {
    let mut html = Markup::default();
    let is_bad = !matches!(
        step.outcome,
        StepOutcome::Done | StepOutcome::NotReached | StepOutcome::Null
    );
    html.raw("<li class=\"step\">\n<div class=\"marker\" aria-hidden=\"true\">")
        .text(&step.step.to_string())
        .raw("</div>\n<article class=\"card")
        .raw(if is_bad { " bad" } else { "" })
        .raw("\">\n<div class=\"told\">\n<h3><span class=\"unseen\">Step ")
        .text(&step.step.to_string())
        .raw(": </span>")
        .text(step.op)
        .raw("</h3>\n");
    effects(&mut html, step);
    if let Some(said) = outcome(&step.outcome) {
        html.raw(if is_bad {
            "<p class=\"trouble\">"
        } else {
            "<p>"
        });
        html.text(&said).raw("</p>\n");
    }
    if let Some(image) = &step.image {
        html.raw("<p class=\"size\">")
            .text(&times(&size(image)))
            .raw("</p>\n");
    }
    if let Some(told) = &step.numbers {
        numbers_line(&mut html, &numbers(told));
    }
    for (index, it) in step.coordinates.iter().enumerate() {
        places(&mut html, index, it);
    }
    if !step.keys.is_empty() {
        html.raw("<ul class=\"keys\" aria-label=\"keys\">\n");
        for pair in &step.keys {
            html.raw("<li><code>")
                .text(&key(pair))
                .raw("</code></li>\n");
        }
        html.raw("</ul>\n");
    }
    html.raw("</div>\n<div class=\"pictures\">\n");
    pictures(&mut html, (of, beside), step, window)?;
    html.raw("</div>\n</article>\n</li>\n");
    Ok(html)
}

/// The pictures of a card.
fn pictures(
    html: &mut Markup,
    (of, beside): (&str, Beside<'_>),
    step: &TracedStep,
    window: Option<KeptWindow>,
) -> Result<()> {
    if let Some(it) = &step.second {
        html.piece(&second_figure(it, step.step)?);
    }
    if let Some(picture) = &step.picture {
        let alt = format!("{of}, behind step {}, {}", step.step, step.op);
        let own = beside.all.iter().find(|it| it.column == beside.image);
        let is_mask = own.is_some_and(TracedColumn::is_mask);
        let coordinates = &step.coordinates[..];
        let over = Over {
            window,
            coordinates,
        };
        if is_mask {
            html.piece(&mask_figure(picture, &alt, over)?);
        } else {
            html.piece(&figure(picture, (&alt, None), over)?);
        }
    }
    for it in beside.all {
        html.piece(&beside_figure(beside.image, it, step)?);
    }
    Ok(())
}

/// How many boxes or keypoints are left, and where.
fn places(html: &mut Markup, index: usize, it: &TracedCoordinates) {
    html.raw("<div class=\"places\"><p><span class=\"swatch ")
        .text(colour(index))
        .raw("\" aria-hidden=\"true\"></span><span class=\"name\">")
        .text(&it.column)
        .raw("</span>: ")
        .text(&left(it))
        .raw("</p>\n");
    let mut all = it.left();
    let shown: Vec<_> = all.by_ref().take(PLACES).collect();
    if !shown.is_empty() {
        html.raw("<ul>\n");
        for one in shown {
            html.raw("<li>").text(&place(one)).raw("</li>\n");
        }
        html.raw("</ul>\n");
    }
    match all.count() {
        0 => {}
        n => {
            html.raw("<p>and ").text(&n.to_string()).raw(" more</p>\n");
        }
    }
    html.raw("</div>\n");
}

/// A mask, its labels in colours.
fn mask_figure(picture: &TracePicture, alt: &str, over: Over<'_>) -> Result<Markup> {
    let mask = in_colours(picture);
    let caption = (mask.colour != picture.colour)
        .then(|| format!("a colour for each label; {} has the labels", picture.file));
    figure(&mask, (alt, caption.as_deref()), over)
}

/// What a column that moves with these images is behind the same step.
fn beside_figure(image: &str, column: &TracedColumn, step: &TracedStep) -> Result<Markup> {
    let moves = column.moves_with.as_ref().filter(|it| it.image == image);
    let mut same = column.steps.iter().filter(|it| it.step == step.step);
    let picture = same.next().and_then(|it| it.picture.as_ref());
    let (Some(moves), Some(picture)) = (moves, picture) else {
        return Ok(Markup::default());
    };
    let caption = format!("{}: the {} that moves with it", column.column, moves.what);
    let alt = format!("{caption}, behind step {}", step.step);
    let picture = if column.is_mask() {
        &in_colours(picture)
    } else {
        picture
    };
    figure(picture, (&alt, Some(&caption)), Over::default())
}

/// What the step did to the row.
fn effects(html: &mut Markup, step: &TracedStep) {
    if step.effects.is_empty() {
        return;
    }
    html.raw("<ul class=\"effects\">\n");
    for effect in &step.effects {
        html.raw(if effect.drawn {
            "<li class=\"drawn\"><span class=\"tag\">drawn</span> "
        } else {
            "<li>"
        });
        html.text(&effect.to_string()).raw("</li>\n");
    }
    html.raw("</ul>\n");
}

fn second_figure(it: &SecondImage, step: usize) -> Result<Markup> {
    let Some(picture) = &it.picture else {
        return Ok(Markup::default());
    };
    let caption = second(it);
    let alt = format!("{caption}, step {step}");
    figure(picture, (&alt, Some(&caption)), Over::default())
}

fn numbers_line(html: &mut Markup, said: &str) {
    html.raw("<p class=\"numbers\">samples ")
        .text(said)
        .raw("</p>\n");
}

/// What a step keeps of the image before it, if it cuts a window out of that; rows and
/// columns that the step itself adds come before.
fn window_of(step: &TracedStep) -> Option<KeptWindow> {
    let mut added = [0u32; 2];
    for StepEffect { effect, .. } in &step.effects {
        match *effect {
            Effect::Padded { top, left, .. } => added = [top, left],
            Effect::Kept {
                top,
                left,
                height,
                width,
            } => {
                return Some(KeptWindow {
                    step: step.step,
                    top: i64::from(top) - i64::from(added[0]),
                    left: i64::from(left) - i64::from(added[1]),
                    height,
                    width,
                });
            }
            Effect::FlippedHorizontally { .. }
            | Effect::FlippedVertically { .. }
            | Effect::Projected { .. }
            | Effect::Resized { .. }
            | Effect::Recolored { .. }
            | Effect::Mixed { .. } => return None,
        }
    }
    None
}

/// A size with the sign of multiplication.
fn times(size: &str) -> String {
    size.replace('x', "\u{d7}")
}
