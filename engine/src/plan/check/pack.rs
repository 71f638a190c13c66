//! Checks `pack`.

use arrow::datatypes::DataType;

use crate::error::{Error, Result, name_in_backticks};
use crate::plan::columns::{CU_SEQLENS, LABELS, LOSS_MASK, POSITION_IDS, TOKENS, packed};
use crate::plan::made_tokens::{MadeTokens, TokensOf};
use crate::plan::pipeline::{MOST_TOKENS, MOST_WINDOW, PackSpec};
use crate::plan::spelling::TokenName;
use crate::plan::steps::{AlignedColumn, Overlong, PackLabels, PackMethod, PackStep, Step};
use crate::plan::type_names::{column_type_name, type_name};

use super::encoded::{special_hint, token_id};
use super::lists;
use super::live::{LiveColumns, Made};
use crate::plan::step_result::StepResult;

const WINDOW: u32 = 10_000;

/// The tokens must be those of a `tokenize` or `chat`, or lists of whole numbers, and
/// what is packed along lists of numbers; nothing else is kept.
pub(super) fn check(
    spec: &PackSpec,
    columns: &mut LiveColumns<'_>,
    steps: &[Step],
) -> StepResult<PackStep> {
    let at = |key: &str| {
        let key = key.to_owned();
        move |error| (error, key)
    };
    let tokens = tokens(spec, columns, steps)?;
    let aligned = aligned(spec, &tokens, columns)?;
    check_range("length", spec.length, MOST_TOKENS).map_err(at("length"))?;
    check_range("window", spec.window.unwrap_or(WINDOW), MOST_WINDOW).map_err(at("window"))?;
    let most = spec.max_documents.unwrap_or(1);
    check_range("max_documents", most, MOST_TOKENS).map_err(at("max_documents"))?;
    check_method(spec)?;
    // A conversation is not cut unasked, and what has values for its tokens is one.
    let overlong = match aligned.as_slice() {
        [] if !tokens.is_conversation() => Overlong::default(),
        _ => Overlong::Refuse,
    };
    let step = PackStep {
        labels: labels(spec, &tokens, &aligned)?,
        column: tokens.column.clone(),
        length: spec.length,
        method: spec.method,
        overlong: spec.overlong.unwrap_or(overlong),
        pad: pad(spec, &tokens).map_err(at("pad"))?,
        pad_segment: spec.pad_segment,
        window: spec.window.unwrap_or(WINDOW),
        id_type: tokens.id_type,
        aligned,
        max_documents: spec.max_documents,
        position_ids: spec.position_ids,
    };
    let made = packed(&step).into_iter().map(|column| Made {
        column,
        tokens_of: None,
    });
    columns.reset(made.collect());
    Ok(step)
}

/// The column of tokens.
struct Tokens<'a> {
    column: String,
    id_type: DataType,
    /// What a step made them of, if one did.
    made: Option<MadeTokens<'a>>,
}

impl<'a> Tokens<'a> {
    fn made(column: String, step: Option<&'a Step>) -> Result<Self> {
        let made = step
            .and_then(Step::made_tokens)
            .ok_or_else(|| Error::internal("the step that made the token column is not there"))?;
        Ok(Self {
            column,
            id_type: made.id_type.clone(),
            made: Some(made),
        })
    }

    fn is_conversation(&self) -> bool {
        let of = self.made.map(|made| made.of);
        matches!(of, Some(TokensOf::Conversation(_)))
    }

    /// The loss mask that was made with them.
    fn loss_mask(&self) -> Option<&'a str> {
        match self.made?.of {
            TokensOf::Conversation(mask) => mask,
            TokensOf::Text => None,
        }
    }
}

/// The token column, by its name or as the only one that `tokenize` made.
fn tokens<'a>(
    spec: &PackSpec,
    columns: &mut LiveColumns<'_>,
    steps: &'a [Step],
) -> StepResult<Tokens<'a>> {
    let (name, key) = match (&spec.column, spec.columns.as_deref()) {
        (Some(_), Some(_)) => {
            let error = Error::pipeline("expected one of `column` and `columns`, got both")
                .with_hint("name the token column first in `columns`");
            return Err((error, "columns".to_owned()));
        }
        (None, Some([])) => {
            let error = Error::pipeline("columns: expected at least the token column, got none");
            return Err((error, "columns".to_owned()));
        }
        (None, Some([name, ..])) => (Some(name), "columns[0]"),
        (name, None) => (name.as_ref(), "column"),
    };
    let found = match name {
        Some(name) => named(name, columns, steps),
        None => only(columns, steps),
    };
    found.map_err(|error| (error, key.to_owned()))
}

fn only<'a>(columns: &LiveColumns<'_>, steps: &'a [Step]) -> Result<Tokens<'a>> {
    match columns.tokens().as_slice() {
        [(only, index)] => Tokens::made((*only).to_owned(), steps.get(*index)),
        [] => {
            Err(Error::pipeline("expected a token column, got none")
                .with_hint(without_tokens(steps)))
        }
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|(name, _)| name_in_backticks(name))
                .collect();
            Err(Error::pipeline("expected one token column, got several")
                .with_hint(format!("name one with `column`: {}", names.join(", "))))
        }
    }
}

fn named<'a>(name: &str, columns: &mut LiveColumns<'_>, steps: &'a [Step]) -> Result<Tokens<'a>> {
    let made = columns.tokens();
    if let Some((_, index)) = made.iter().find(|(column, _)| *column == name) {
        return Tokens::made(name.to_owned(), steps.get(*index));
    }
    let others: Vec<String> = made
        .iter()
        .map(|(name, _)| name_in_backticks(name))
        .collect();
    let column = columns.column(name)?;
    if let Some(id_type) = lists::element(&column.data_type).filter(|element| is_id(element)) {
        return Ok(Tokens {
            column: name.to_owned(),
            id_type: id_type.clone(),
            made: None,
        });
    }
    let error = Error::pipeline(format!(
        "expected token ids, lists of whole numbers of at most 63 bits, got {}",
        column_type_name(&column)
    ))
    .with_column(name);
    Err(match others.as_slice() {
        [] => error.with_hint(without_tokens(steps)),
        others => error.with_hint(format!("token columns here: {}", others.join(", "))),
    })
}

/// Whether token ids can have this type: labels are signed and hold each of them.
fn is_id(element: &DataType) -> bool {
    element.is_integer() && *element != DataType::UInt64
}

/// The columns packed along: lists of numbers with names that `pack` has no other
/// use for. Where none are named, the loss mask of a conversation goes with it.
fn aligned(
    spec: &PackSpec,
    tokens: &Tokens<'_>,
    columns: &mut LiveColumns<'_>,
) -> StepResult<Vec<AlignedColumn>> {
    let mask = tokens.loss_mask().filter(|mask| columns.contains(mask));
    let made = [tokens.column.clone()].into_iter();
    let made: Vec<String> = made.chain(mask.map(str::to_owned)).collect();
    let names = spec.columns.as_deref().unwrap_or(&made);
    let column = |(index, name): (usize, &String)| {
        aligned_column(names.get(..index).unwrap_or_default(), name, columns)
            .map_err(|error| (error.with_column(name), format!("columns[{index}]")))
    };
    names.iter().enumerate().skip(1).map(column).collect()
}

fn aligned_column(
    before: &[String],
    name: &String,
    columns: &mut LiveColumns<'_>,
) -> Result<AlignedColumn> {
    if before.contains(name) {
        return Err(Error::pipeline("expected each column once, got one twice"));
    }
    if [TOKENS, CU_SEQLENS, POSITION_IDS, LABELS].contains(&name.as_str()) {
        return Err(Error::pipeline(
            "expected a column with a name of its own, got one that `pack` gives to another",
        ));
    }
    lists::of_numbers(name, columns)
}

/// What labels are made of, by the loss mask that is named or is called so.
fn labels(
    spec: &PackSpec,
    tokens: &Tokens<'_>,
    aligned: &[AlignedColumn],
) -> StepResult<PackLabels> {
    let refused = |error: Error| Err((error, "loss_mask".to_owned()));
    if let (false, Some(_)) = (spec.labels, &spec.loss_mask) {
        let error =
            Error::pipeline("`loss_mask` says what `labels` leave out, got it without them");
        return refused(error.with_hint("set labels = true, or leave `loss_mask` out"));
    }
    if !spec.labels {
        return Ok(PackLabels::None);
    }
    let name = spec.loss_mask.as_deref();
    let mask = name.or(tokens.loss_mask()).unwrap_or(LOSS_MASK);
    let is_mask = |column: &&AlignedColumn| column.name == mask;
    let Some(mask) = aligned.iter().find(is_mask) else {
        return match name {
            None => Ok(PackLabels::All),
            Some(name) => refused(
                Error::pipeline("expected the loss mask among the columns that are packed")
                    .with_column(name)
                    .with_hint("name it in `columns`, behind the token column"),
            ),
        };
    };
    if mask.element.is_integer() || mask.element == DataType::Boolean {
        return Ok(PackLabels::Masked(mask.name.clone()));
    }
    let error = Error::pipeline(format!(
        "expected a loss mask of whole numbers or booleans, got {}",
        type_name(&mask.element)
    ));
    refused(error.with_column(&mask.name))
}

/// What to do where no column is as `tokenize` made it.
fn without_tokens(steps: &[Step]) -> String {
    let maker = |name: &String| {
        let made = |step: &&Step| step.made_tokens().is_some_and(|it| it.column == *name);
        steps.iter().find(made).map(Step::op)
    };
    let changed = steps.iter().find_map(|step| {
        let mut columns = step.as_map()?.columns.iter();
        columns.find_map(|it| Some((step.op(), &it.output.name, maker(&it.output.name)?)))
    });
    match changed {
        Some((op, name, maker)) => {
            let name = name_in_backticks(name);
            format!("`pack` takes ids as `{maker}` makes them: leave the `{op}` of {name} out")
        }
        None => "put a `tokenize` or a `chat` step before `pack`".to_owned(),
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
fn pad(spec: &PackSpec, tokens: &Tokens<'_>) -> Result<u32> {
    let Some(made) = tokens.made else {
        return pad_of_ids(spec, tokens);
    };
    if let Some(name) = &spec.pad {
        return token_id(made.tokenizer, name);
    }
    if let Some(known) = made.pad {
        return Ok(known);
    }
    let error = Error::pipeline("missing key `pad`: no token is known to fill rows with");
    Err(match (special_hint(made.tokenizer, ""), made.of) {
        (Some(special), TokensOf::Text) => error.with_hint(format!(
            "name it with `pad`, or give `tokenize` an `end_of_document` ({special})"
        )),
        (Some(special), TokensOf::Conversation(_)) => {
            error.with_hint(format!("name it with `pad` ({special})"))
        }
        (None, _) => error.with_hint("name it with `pad`, by its text or id"),
    })
}

/// The pad of ids that no step has made: an id, of their type.
fn pad_of_ids(spec: &PackSpec, tokens: &Tokens<'_>) -> Result<u32> {
    let most: u32 = match tokens.id_type {
        DataType::Int8 => 0x7f,
        DataType::UInt8 => 0xff,
        DataType::Int16 => 0x7fff,
        DataType::UInt16 => 0xffff,
        DataType::Int32 => 0x7fff_ffff,
        _ => u32::MAX,
    };
    match &spec.pad {
        Some(TokenName::Id(id)) if *id <= most => Ok(*id),
        Some(TokenName::Id(id)) => Err(Error::pipeline(format!(
            "pad: expected an id of the type {}, got {id}",
            type_name(&tokens.id_type)
        ))),
        Some(TokenName::Text(text)) => Err(Error::pipeline(format!(
            "pad: expected an id, since no tokenizer made the tokens here, got {text:?}"
        ))),
        None => Err(
            Error::pipeline("missing key `pad`: no token is known to fill rows with")
                .with_hint("name it with `pad`, by its id"),
        ),
    }
}
