//! Checks `pack`.

use crate::error::{Error, Result, name_in_backticks};
use crate::plan::columns::packed;
use crate::plan::pipeline::{MOST_TOKENS, MOST_WINDOW, PackSpec};
use crate::plan::steps::{PackMethod, PackStep, Step, TokenizeStep};
use crate::plan::type_names::column_type_name;

use super::live::{LiveColumns, Made};
use super::tokenize::{special_hint, token_id};
use crate::plan::step_result::StepResult;

const WINDOW: u32 = 10_000;

/// The column must be one that `tokenize` made; nothing else is kept.
pub(super) fn check(
    spec: &PackSpec,
    columns: &mut LiveColumns<'_>,
    steps: &[Step],
) -> StepResult<PackStep> {
    let at = |key: &str| {
        let key = key.to_owned();
        move |error| (error, key)
    };
    let (column, index) = column(spec, columns, steps).map_err(at("column"))?;
    let Some(tokens) = steps.get(index).and_then(Step::as_tokenize) else {
        let error = Error::internal("the step that made the token column is not there");
        return Err((error, "column".to_owned()));
    };
    check_range("length", spec.length, MOST_TOKENS).map_err(at("length"))?;
    check_range("window", spec.window.unwrap_or(WINDOW), MOST_WINDOW).map_err(at("window"))?;
    check_method(spec)?;
    let step = PackStep {
        column,
        length: spec.length,
        method: spec.method,
        overlong: spec.overlong.unwrap_or_default(),
        pad: pad(spec, tokens).map_err(at("pad"))?,
        pad_segment: spec.pad_segment,
        window: spec.window.unwrap_or(WINDOW),
        id_type: tokens.id_type.clone(),
    };
    let made = packed(&step).into_iter().map(|column| Made {
        column,
        tokenize: None,
    });
    columns.reset(made.collect());
    Ok(step)
}

/// The token column, and the index of the step that made it.
fn column(
    spec: &PackSpec,
    columns: &mut LiveColumns<'_>,
    steps: &[Step],
) -> Result<(String, usize)> {
    let tokens = columns.tokens();
    let Some(name) = &spec.column else {
        return match tokens.as_slice() {
            [(only, index)] => Ok(((*only).to_owned(), *index)),
            [] => Err(Error::pipeline("expected a token column, got none")
                .with_hint(without_tokens(steps))),
            several => {
                let names: Vec<String> = several
                    .iter()
                    .map(|(name, _)| name_in_backticks(name))
                    .collect();
                Err(Error::pipeline("expected one token column, got several")
                    .with_hint(format!("name one with `column`: {}", names.join(", "))))
            }
        };
    };
    let found = tokens.iter().find(|(column, _)| column == name);
    if let Some((_, index)) = found {
        return Ok((name.clone(), *index));
    }
    let names: Vec<String> = tokens
        .iter()
        .map(|(name, _)| name_in_backticks(name))
        .collect();
    let column = columns.column(name)?;
    let error = Error::pipeline(format!(
        "expected a column that `tokenize` made, got {}",
        column_type_name(&column)
    ))
    .with_column(name);
    Err(match names.as_slice() {
        [] => error.with_hint(without_tokens(steps)),
        names => error.with_hint(format!("token columns here: {}", names.join(", "))),
    })
}

/// What to do where no column is as `tokenize` made it.
fn without_tokens(steps: &[Step]) -> String {
    let made = |name: &String| {
        let mut tokenize = steps.iter().filter_map(Step::as_tokenize);
        tokenize.any(|step| step.output == *name)
    };
    let changed = steps.iter().find_map(|step| {
        let map = step.as_map()?;
        let names = map.columns.iter().map(|column| &column.output.name);
        Some((step.op(), names.into_iter().find(|name| made(name))?))
    });
    match changed {
        Some((op, name)) => {
            let name = name_in_backticks(name);
            format!("`pack` takes ids as `tokenize` makes them: leave the `{op}` of {name} out")
        }
        None => "put a `tokenize` step before `pack`".to_owned(),
    }
}

fn check_range(key: &str, value: u32, most: u32) -> Result<()> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::pipeline(format!(
        "{key}: expected a whole number from 1 to {most}, got {value}"
    )))
}

/// Keys that mean something to best fit only.
fn check_method(spec: &PackSpec) -> StepResult<()> {
    if spec.method == PackMethod::BestFit {
        return Ok(());
    }
    let given = [
        ("overlong", spec.overlong.is_some()),
        ("window", spec.window.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((key, _)) => Err((
            Error::pipeline(format!(
                "`{key}` is for method \"best_fit\" only, got it with \"concat\""
            ))
            .with_hint(format!("leave `{key}` out, or set method = \"best_fit\"")),
            (*key).to_owned(),
        )),
        None => Ok(()),
    }
}

/// The token named, else the one that ends each document.
fn pad(spec: &PackSpec, tokens: &TokenizeStep) -> Result<u32> {
    if let Some(name) = &spec.pad {
        return token_id(&tokens.tokenizer, name);
    }
    if let [only] = tokens.end_of_document.as_slice() {
        return Ok(*only);
    }
    let error = Error::pipeline("missing key `pad`: no token is known to fill rows with");
    Err(match special_hint(&tokens.tokenizer, "") {
        Some(special) => error.with_hint(format!(
            "name it with `pad`, or give `tokenize` an `end_of_document` ({special})"
        )),
        None => error.with_hint("name it with `pad`, by its text or id"),
    })
}
