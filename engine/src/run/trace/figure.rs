//! A picture on the page: enlarged or made smaller, with what is drawn over it.

use super::encode::{base64, for_page, png_of};
use super::marks::marks;
use super::markup::Markup;
use super::picture::{PictureShown, TracePicture};
use super::said::shown;
use super::told::TracedCoordinates;
use crate::error::Result;

/// Pixels of the page that a small picture is enlarged to, at most.
const ENLARGED: u32 = 256;
/// Pixels of the page that a picture is wide and high, at most.
const WIDEST: u32 = 480;
const HIGHEST: u32 = 720;

/// A window of a picture, which a step keeps; it may reach beyond it.
pub(super) struct KeptWindow {
    /// The step, from 1.
    pub(super) step: usize,
    pub(super) top: i64,
    pub(super) left: i64,
    pub(super) height: u32,
    pub(super) width: u32,
}

/// What is drawn over a picture.
#[derive(Default)]
pub(super) struct Over<'a> {
    /// What the next step keeps.
    pub(super) window: Option<KeptWindow>,
    pub(super) coordinates: &'a [TracedCoordinates],
}

/// A picture with its caption, and what is drawn over it.
pub(super) fn figure(
    picture: &TracePicture,
    (alt, caption): (&str, Option<&str>),
    over: Over<'_>,
) -> Result<Markup> {
    let is_image = !matches!(picture.shown, PictureShown::Channels(_));
    let window = over.window.filter(|_| is_image);
    let coordinates = if is_image { over.coordinates } else { &[] };
    let (on_page, smaller) = for_page(picture);
    let longer = picture.height.max(picture.width).max(1);
    let larger = (ENLARGED / longer).max(1);
    let width = picture.width.saturating_mul(larger).min(WIDEST);
    let as_high = u64::from(HIGHEST) * u64::from(picture.width) / u64::from(picture.height.max(1));
    let width = width.min(u32::try_from(as_high).unwrap_or(WIDEST)).max(1);
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
    marks(&mut html, picture, coordinates);
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
fn overhang(html: &mut Markup, picture: &TracePicture, (window, width): (&KeptWindow, u32)) {
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
fn outline(html: &mut Markup, picture: &TracePicture, window: &KeptWindow) {
    let KeptWindow {
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
