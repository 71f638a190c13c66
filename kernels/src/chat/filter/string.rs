//! Filters on texts; what is no text is printed first.

use super::super::args::{CallArgs, flag, int, required};
use super::super::error::Exception;
use super::super::machine::Runtime;
use super::super::python::percent::percent;
use super::super::python::repr::to_text;
use super::super::python::unicode::{is_alpha, is_number};
use super::super::text;
use super::super::value::{Datum, Key};

pub(super) fn apply(
    machine: &mut Runtime,
    name: &str,
    value: &Datum,
    call: &CallArgs,
) -> Result<Datum, Exception> {
    match name {
        "indent" => return indent(machine, value, call),
        "replace" => return replace(machine, value, call),
        "format" => return format(machine, value, call),
        "trim" => return trim(machine, value, call),
        "center" => return center(machine, value, call),
        _ => {}
    }
    let [] = call.bind(name, [])?;
    let allowance = &machine.allowance;
    if let (Datum::Safe(_), "string" | "safe" | "e" | "escape") = (value, name) {
        return Ok(value.clone());
    }
    let text = to_text(value, allowance)?;
    allowance.text(text.len())?;
    Ok(match name {
        "string" => Datum::Str(text),
        "safe" => Datum::Safe(text),
        "e" | "escape" | "forceescape" => {
            allowance.text(text.len().saturating_mul(5))?;
            Datum::Safe(escaped(&text).into())
        }
        "upper" => Datum::str(text.to_uppercase()),
        "lower" => Datum::str(text.to_lowercase()),
        "capitalize" => Datum::str(text::capitalize(&text)),
        "title" => Datum::str(text::title_words(&text)),
        "wordcount" => {
            let word = |c: char| c == '_' || is_alpha(c) || is_number(c);
            let words = text.split(|c| !word(c)).filter(|word| !word.is_empty());
            Datum::Int(words.count() as i128)
        }
        _ => return Err(Exception::python(format!("No filter named '{name}'."))),
    })
}

/// What HTML gives a meaning to, as entities.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            _ => out.push(c),
        }
    }
    out
}

fn trim(machine: &Runtime, value: &Datum, call: &CallArgs) -> Result<Datum, Exception> {
    let [chars] = call.bind("trim", ["chars"])?;
    let text = to_text(value, &machine.allowance)?;
    let strip = CallArgs {
        args: chars.into_iter().collect(),
        kwargs: Vec::new(),
    };
    text::call(&text, "strip", &strip, &machine.allowance)
}

fn center(machine: &Runtime, value: &Datum, call: &CallArgs) -> Result<Datum, Exception> {
    let [width] = call.bind("center", ["width"])?;
    let width = int(width, 80, "center")?;
    let text = to_text(value, &machine.allowance)?;
    text::aligned(
        &text,
        width,
        ' ',
        text::Alignment::Center,
        &machine.allowance,
    )
    .map(Datum::str)
}

fn replace(machine: &Runtime, value: &Datum, call: &CallArgs) -> Result<Datum, Exception> {
    let allowance = &machine.allowance;
    let [old, new, count] = call.bind("replace", ["old", "new", "count"])?;
    let old = to_text(&required(old, "replace")?, allowance)?;
    let new = to_text(&required(new, "replace")?, allowance)?;
    let count = count.filter(|count| !matches!(count, Datum::None));
    let text = to_text(value, allowance)?;
    let replace = CallArgs {
        args: vec![
            Datum::Str(old),
            Datum::Str(new),
            Datum::Int(int(count, -1, "replace")?),
        ],
        kwargs: Vec::new(),
    };
    text::call(&text, "replace", &replace, allowance)
}

fn format(machine: &Runtime, value: &Datum, call: &CallArgs) -> Result<Datum, Exception> {
    let text = to_text(value, &machine.allowance)?;
    let values = match (&call.args[..], &call.kwargs[..]) {
        (args, []) => Datum::tuple(args.to_vec())?,
        ([], kwargs) => {
            let map = kwargs.iter();
            Datum::dict(
                map.map(|(name, value)| (Key::str(name.clone()), value.clone()))
                    .collect(),
            )?
        }
        _ => {
            return Err(Exception::python(
                "can't handle positional and keyword arguments at the same time",
            ));
        }
    };
    percent(&text, &values, &machine.allowance)
}

fn indent(machine: &Runtime, value: &Datum, call: &CallArgs) -> Result<Datum, Exception> {
    let allowance = &machine.allowance;
    let [width, first, blank] = call.bind("indent", ["width", "first", "blank"])?;
    let Datum::Str(text) = value else {
        return Err(Exception::python(format!(
            "indent expects a str, got {}",
            value.type_name()
        )));
    };
    let indent = match width {
        Some(Datum::Str(indent)) => indent,
        width => {
            let width = usize::try_from(int(width, 4, "indent")?).unwrap_or(0);
            allowance.text(width)?;
            " ".repeat(width).into()
        }
    };
    let ended = std::format!("{text}\n");
    let lines = text::lines(&ended, text::Ends::Dropped);
    allowance.text(
        text.len()
            .saturating_add(lines.len().saturating_mul(indent.len() + 1)),
    )?;
    let blank = flag(blank);
    let mut out = String::new();
    for (at, line) in lines.into_iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let indented = if at == 0 {
            flag(first.clone())
        } else {
            blank || !line.is_empty()
        };
        if indented {
            out.push_str(&indent);
        }
        out.push_str(line);
    }
    Ok(Datum::str(out))
}
