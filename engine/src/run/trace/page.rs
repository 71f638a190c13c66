//! The story as one page of HTML that needs nothing from outside: style and pictures lie
//! in it.

use std::fmt::Write as _;

use super::super::sample::SampleDocument;
use super::card::{column_cards, fact};
use super::markup::Markup;
use super::said::{beginning, source};
use super::told::Trace;
use crate::error::Result;

const STYLE: &str = include_str!("page.css");
/// Characters of a text that are shown.
const SHOWN: usize = 2000;
/// Characters of a value that stands on one line.
const ONE_LINE: usize = 80;

/// The story as a page; `command` makes it again.
///
/// # Errors
/// `Internal` for a picture that cannot be encoded.
pub fn trace_page(trace: &Trace, command: &str) -> Result<String> {
    let mut page = Markup::default();
    let row = trace.row.to_string();
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        // Should anything have slipped through, a browser does not follow it.
        .raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ")
        .raw("img-src data:; style-src 'unsafe-inline'\">\n")
        .raw("<meta name=\"color-scheme\" content=\"light dark\">\n")
        .raw("<link rel=\"icon\" href=\"data:,\">\n<title>Row ")
        .text(&row)
        .raw(" of ")
        .text(&trace.dataset)
        .raw("</title>\n<style>\n")
        .raw(STYLE)
        .raw("</style>\n</head>\n<body>\n<main>\n");
    header(&mut page, trace);
    origin(&mut page, trace);
    for index in 0..trace.columns.len() {
        page.piece(&column_cards(trace.row, index, &trace.columns)?);
    }
    texts(&mut page, trace);
    page.raw("<footer>\n<p>Made by fuelrail ")
        .text(env!("CARGO_PKG_VERSION"))
        .raw(
            ". Pictures have the pixels that a loader gives. The same page again:</p>\n<pre><code>",
        )
        .text(command)
        .raw("</code></pre>\n</footer>\n</main>\n</body>\n</html>\n");
    Ok(page.into_html())
}

fn header(page: &mut Markup, trace: &Trace) {
    page.raw("<header>\n<p class=\"eyebrow\">fuelrail trace</p>\n<h1>Row ")
        .text(&trace.row.to_string())
        .raw("</h1>\n<p class=\"lede\">What a loader makes of it in epoch ")
        .text(&trace.epoch.to_string())
        .raw(" with seed ")
        .text(&trace.seed.to_string())
        .raw(".</p>\n<dl class=\"facts\">\n");
    let n_rows = format!("{} of {}, from 0", trace.row, trace.n_rows);
    fact(page, "Dataset", &trace.dataset);
    fact(page, "Row", &n_rows);
    fact(page, "Epoch", &trace.epoch.to_string());
    fact(page, "Seed", &trace.seed.to_string());
    fact(
        page,
        "Shard",
        &format!("{}, row {}", trace.shard, trace.shard_row),
    );
    fact(page, "Digest", &trace.digest);
    page.raw("</dl>\n</header>\n");
}

/// Where the row came from, and what it holds besides images and long texts.
fn origin(page: &mut Markup, trace: &Trace) {
    page.raw("<section aria-labelledby=\"origin\">\n<h2 id=\"origin\">Origin</h2>\n");
    page.raw("<dl class=\"facts\">\n");
    for document in &trace.documents {
        fact(page, "Source", &with_place(document));
    }
    for (name, value) in trace.values.iter().filter(|(_, value)| is_short(value)) {
        fact(page, name, value);
    }
    page.raw("</dl>\n</section>\n");
}

fn with_place(document: &SampleDocument) -> String {
    let mut text = source(document);
    if document.start > 0 {
        // Writing to a string cannot fail, here and below.
        _ = write!(text, ", from token {}", document.start);
    }
    if let Some(n_tokens) = document.n_tokens {
        _ = write!(text, ", {n_tokens} tokens");
    }
    text
}

fn is_short(value: &str) -> bool {
    beginning(value, ONE_LINE).1 == 0 && !value.contains('\n')
}

/// The texts of the row: decoded tokens, and values that are longer than a line.
fn texts(page: &mut Markup, trace: &Trace) {
    let decoded = trace.documents.iter().filter_map(|document| {
        let text = document.text.as_ref()?;
        Some((with_place(document), text))
    });
    let values = trace.values.iter().filter(|(_, value)| !is_short(value));
    let values = values.map(|(name, value)| (name.clone(), value));
    for (index, (name, text)) in decoded.chain(values).enumerate() {
        let id = format!("text-{}", index + 1);
        page.raw("<section aria-labelledby=\"")
            .text(&id)
            .raw("\">\n<h2 id=\"")
            .text(&id)
            .raw("\">")
            .text(&name)
            .raw("</h2>\n<pre class=\"text\">");
        let (begin, n_more) = beginning(text, SHOWN);
        page.lines(begin).raw("</pre>\n");
        if n_more > 0 {
            page.raw("<p class=\"more\">and ")
                .text(&n_more.to_string())
                .raw(" characters more</p>\n");
        }
        page.raw("</section>\n");
    }
}
