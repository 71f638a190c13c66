//! The story of one column on the page: a card for what is stored and for each step, with
//! its picture.

use super::encode::{base64, for_page, png_of};
use super::markup::Markup;
use super::picture::{PictureShown, TracePicture};
use super::said::{key, numbers, outcome, second, shown, size, stored};
use super::told::{SecondImage, StepOutcome, TracedColumn, TracedStep};
use crate::error::Result;
use crate::plan::operators::{Effect, StepEffect};

/// Pixels of the page that a small picture is enlarged to, at most.
const ENLARGED: u32 = 256;
/// Pixels of the page that a picture has at most.
const WIDEST: u32 = 480;

/// A window of a picture, which a step keeps; it may reach beyond it.
struct Window {
    /// The step, from 1.
    step: usize,
    top: i64,
    left: i64,
    height: u32,
    width: u32,
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

/// The cards of a column, the `number`th of a page.
///
/// # Errors
/// `Internal` for a picture that cannot be encoded.
pub(super) fn column_cards(row: u64, number: usize, column: &TracedColumn) -> Result<Markup> {
    let mut html = Markup::default();
    let id = format!("column-{number}");
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
    if let Some(told) = &column.numbers {
        numbers_line(&mut html, &numbers(told));
    }
    html.raw("</div>\n");
    let mut next = column.steps.iter();
    if let Some(picture) = &column.picture {
        let window = next.next().and_then(window_of);
        let alt = format!("{of}, as stored");
        html.piece(&figure(picture, (&alt, None), window)?);
    } else {
        // What a step keeps of a file is shown behind the step that decodes it.
        next.next();
    }
    html.raw("</article>\n</li>\n");
    for step in &column.steps {
        let window = next.next().and_then(window_of);
        html.piece(&step_card(&of, step, window)?);
    }
    html.raw("</ol>\n</section>\n");
    Ok(html)
}

/// The card of a step; `window` is what the step behind it keeps.
fn step_card(of: &str, step: &TracedStep, window: Option<Window>) -> Result<Markup> {
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
    if let Some(it) = &step.second {
        html.piece(&second_figure(it, step.step)?);
    }
    if let Some(picture) = &step.picture {
        let alt = format!("{of}, behind step {}, {}", step.step, step.op);
        html.piece(&figure(picture, (&alt, None), window)?);
    }
    html.raw("</div>\n</article>\n</li>\n");
    Ok(html)
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
    figure(picture, (&alt, Some(&caption)), None)
}

fn numbers_line(html: &mut Markup, said: &str) {
    html.raw("<p class=\"numbers\">samples ")
        .text(said)
        .raw("</p>\n");
}

/// A picture with its caption, and what the next step keeps of it.
fn figure(
    picture: &TracePicture,
    (alt, caption): (&str, Option<&str>),
    window: Option<Window>,
) -> Result<Markup> {
    let window = window.filter(|_| !matches!(picture.shown, PictureShown::Channels(_)));
    let (on_page, smaller) = for_page(picture);
    let longer = picture.height.max(picture.width).max(1);
    let larger = (ENLARGED / longer).max(1);
    let width = picture.width.saturating_mul(larger).min(WIDEST);
    let mut html = Markup::default();
    html.raw("<figure>\n<div class=\"frame")
        .raw(if larger > 1 { " enlarged" } else { "" })
        .raw("\" style=\"width:")
        .text(&width.to_string())
        .raw("px");
    if let Some(window) = &window {
        overhang(&mut html, picture, (window, width));
    }
    html.raw("\">\n<img src=\"data:image/png;base64,")
        .text(&base64(&png_of(&on_page)?))
        .raw("\" width=\"")
        .text(&on_page.width.to_string())
        .raw("\" height=\"")
        .text(&on_page.height.to_string())
        .raw("\" alt=\"")
        .text(&format!(
            "{alt}: {} by {} pixels",
            picture.height, picture.width
        ))
        .raw("\">\n");
    if let Some(window) = &window {
        outline(&mut html, picture, window);
    }
    html.raw("</div>\n");
    let mut said: Vec<String> = caption.map(ToOwned::to_owned).into_iter().collect();
    said.extend(shown(picture));
    if let Some(window) = &window {
        said.push(format!("outlined: what step {} keeps", window.step));
    }
    if larger > 1 {
        said.push(format!("{larger} times as large"));
    }
    if smaller > 1 {
        said.push(format!(
            "one pixel for {smaller} by {smaller}; {} has them all",
            picture.file
        ));
    }
    if !said.is_empty() {
        html.raw("<figcaption>")
            .text(&said.join("; "))
            .raw("</figcaption>\n");
    }
    html.raw("</figure>\n");
    Ok(html)
}

/// Room around a picture for a window that reaches beyond it.
fn overhang(html: &mut Markup, picture: &TracePicture, (window, width): (&Window, u32)) {
    let beyond = |end: i64, side: u32| (end - i64::from(side)).max(0);
    let pixels = [
        (-window.top).max(0),
        beyond(window.left + i64::from(window.width), picture.width),
        beyond(window.top + i64::from(window.height), picture.height),
        (-window.left).max(0),
    ];
    let on_page = |n: i64| n * i64::from(width) / i64::from(picture.width.max(1));
    html.raw(";margin:");
    for n in pixels {
        html.text(&format!("{}px ", on_page(n)));
    }
}

/// The outline of a window over a picture.
fn outline(html: &mut Markup, picture: &TracePicture, window: &Window) {
    let Window {
        top,
        left,
        height,
        width,
        ..
    } = window;
    let (whole_height, whole_width) = (picture.height, picture.width);
    html.raw("<svg class=\"window\" aria-hidden=\"true\" preserveAspectRatio=\"none\" viewBox=\"")
        .text(&format!("0 0 {whole_width} {whole_height}"))
        .raw("\"><path class=\"shade\" fill-rule=\"evenodd\" d=\"")
        .text(&format!(
            "M0 0H{whole_width}V{whole_height}H0Z M{left} {top}h{width}v{height}h-{width}Z"
        ))
        .raw("\"/>");
    let area = format!("M{left} {top}h{width}v{height}h-{width}Z");
    html.raw("<path class=\"halo\" d=\"").text(&area);
    html.raw("\"/><path class=\"line\" d=\"")
        .text(&area)
        .raw("\"/></svg>\n");
}

/// What a step keeps of the image before it, if it cuts a window out of that; rows and
/// columns that the step itself adds come before.
fn window_of(step: &TracedStep) -> Option<Window> {
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
                return Some(Window {
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
