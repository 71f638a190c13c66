//! The story as text.

use std::fmt::Write as _;

use super::super::harmless::harmless;
use super::said::{
    beginning, key, left, numbers, outcome, place, second, shown, size, source, stored,
};
use super::told::{MovesWith, Trace, TracedColumn, TracedStep};

/// Characters of a value that are shown.
const SHOWN: usize = 160;
/// Boxes or keypoints that are shown.
const PLACES: usize = 8;

/// The story as text for a terminal: what would steer it is escaped.
#[must_use]
pub fn trace_text(trace: &Trace) -> String {
    let Trace {
        dataset,
        row,
        epoch,
        seed,
        n_rows,
        shard,
        shard_row,
        ..
    } = trace;
    let mut text = format!(
        "row {row} (of {n_rows}, from 0), epoch {epoch}, seed {seed}\n  {:<9}{}\n  {:<9}{shard}, row {shard_row}\n",
        "dataset",
        harmless(dataset),
        "shard",
    );
    for document in &trace.documents {
        // Writing to a string cannot fail, here and below.
        _ = writeln!(text, "  {:<9}{}", "source", harmless(&source(document)));
        if let Some(decoded) = &document.text {
            _ = writeln!(text, "  {:<9}{}", "text", one_line(decoded));
        }
    }
    for (name, value) in &trace.values {
        _ = writeln!(text, "  {:<9}{}", harmless(name), one_line(value));
    }
    for column in &trace.columns {
        text.push_str(&of_column(column));
    }
    text
}

fn of_column(column: &TracedColumn) -> String {
    let mut text = format!(
        "{}\n  stored   {}\n",
        harmless(&column.column),
        harmless(&stored(&column.stored))
    );
    if let Some(MovesWith { image, what }) = &column.moves_with {
        // Writing to a string cannot fail.
        _ = writeln!(text, "  moves    as the {what} of {}", harmless(image));
    }
    for step in &column.steps {
        text.push_str(&of_step(step));
    }
    text
}

fn of_step(step: &TracedStep) -> String {
    let keys: Vec<String> = step.keys.iter().map(key).collect();
    let told = format!("{}  {}", step.op, harmless(&keys.join(", ")));
    let mut text = format!("  step {:<4}{}\n", step.step, told.trim_end());
    let mut line = |said: &str| _ = writeln!(text, "           {}", harmless(said));
    for effect in &step.effects {
        let how = if effect.drawn { "drawn: " } else { "" };
        line(&format!("{how}{effect}"));
    }
    if let Some(said) = outcome(&step.outcome) {
        line(&said);
    }
    if let Some(said) = step.second.as_ref().filter(|it| !it.is_mixed).map(second) {
        line(&said);
    }
    if let Some(image) = &step.image {
        let numbers = step.numbers.as_ref().map(numbers);
        let said = [Some(size(image)), numbers];
        let said: Vec<String> = said.into_iter().flatten().collect();
        line(&format!("-> {}", said.join(", ")));
    }
    if let Some(said) = step.picture.as_ref().and_then(shown) {
        line(&said);
    }
    for it in &step.coordinates {
        line(&format!("{}: {}", it.column, left(it)));
        for one in it.left().take(PLACES) {
            line(&format!("  {}", place(one)));
        }
        if it.left().nth(PLACES).is_some() {
            line("  ...");
        }
    }
    text
}

/// The beginning of a text on one line.
fn one_line(text: &str) -> String {
    let (begin, n_more) = beginning(text, SHOWN);
    let more = if n_more > 0 { "…" } else { "" };
    format!("{}{more}", harmless(begin))
}
