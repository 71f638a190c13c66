//! Steps in words.

use std::borrow::Cow;
use std::fmt::Write as _;

use fuelrail_kernels::chat::{ChatClock, ChatEnding};
use fuelrail_kernels::tokenize::Tokenizer;

use super::amounts::counted;
use crate::error::name_in_text;
use crate::plan::chat_step::ChatStep;
use crate::plan::named_types::{TextUnit, TruncationSide};
use crate::plan::steps::{
    ChunkStep, DocumentTruncation, FilterStep, MapStep, OtherColumns, Overlong, PackLabels,
    PackMethod, PackStep, SpecialTokens, Step, TokenizeStep, Utf8Mode,
};
use crate::plan::types::Plan;

/// One line about a step.
pub(super) fn describe(step: &Step, plan: &Plan) -> String {
    match step {
        Step::Select(step) => {
            let names: Vec<_> = step.columns.iter().map(|name| name_in_text(name)).collect();
            format!("select {}", names.join(", "))
        }
        Step::Filter(step) => filter(step),
        Step::Tokenize(step) => tokenize(step, plan),
        Step::Chat(step) => chat(step, plan),
        Step::Map(step) => map(step),
        Step::Pack(step) => pack(step),
        Step::Chunk(step) => chunk(step),
    }
}

fn filter(step: &FilterStep) -> String {
    let mut said = format!("filter {}", name_in_text(&step.column));
    match (step.min_length, step.max_length) {
        (Some(min), Some(max)) => _ = write!(said, ", length {min} to {max}"),
        (Some(min), None) => _ = write!(said, ", length at least {min}"),
        (None, Some(max)) => _ = write!(said, ", length at most {max}"),
        (None, None) => {}
    }
    said.push_str(if step.keep_nulls {
        ", nulls kept"
    } else {
        ", nulls dropped"
    });
    said
}

fn chat(step: &ChatStep, plan: &Plan) -> String {
    let mut said = format!(
        "chat {} with {}, {} ids, by {}",
        name_in_text(&step.column),
        tokenizer(&step.asset, plan),
        step.tokenizer.vocab_size(),
        step.template.asset,
    );
    let beside = [("tools", &step.tools), ("documents", &step.documents)];
    for (what, name) in beside
        .iter()
        .filter_map(|(what, it)| Some((what, it.as_ref()?)))
    {
        _ = write!(said, ", {what} in {}", name_in_text(name));
    }
    if let Some(template) = &step.with_tools {
        _ = write!(said, " by {}", template.asset);
    }
    if step.ending == ChatEnding::GenerationPrompt {
        said.push_str(", with the generation prompt");
    }
    let named = step
        .variables
        .iter()
        .map(|it| format!("{} = {}", it.name, it.json));
    let mut given: Vec<String> = named.collect();
    if let ChatClock::Seconds(seconds) = step.clock {
        given.push(format!("now = {seconds}"));
    }
    if !given.is_empty() {
        _ = write!(said, ", {}", given.join(", "));
    }
    if let Some(mask) = &step.loss_mask {
        let by = if step.template.template.has_generation() {
            "the generation blocks of the template"
        } else {
            "what each turn adds to the text before it"
        };
        _ = write!(said, ", {} by {by}", name_in_text(mask));
    }
    said
}

/// A tokenizer by its name.
fn tokenizer<'a>(asset: &'a str, plan: &'a Plan) -> &'a str {
    let found = plan.assets.iter().find(|it| it.name == asset);
    found.and_then(|it| it.family.as_deref()).unwrap_or(asset)
}

fn tokenize(step: &TokenizeStep, plan: &Plan) -> String {
    let mut said = format!(
        "tokenize {} with {}, {} ids, special tokens in the text {}",
        step.column,
        tokenizer(&step.asset, plan),
        step.tokenizer.vocab_size(),
        match step.special_tokens {
            SpecialTokens::Text => "are text",
            SpecialTokens::Parse => "are parsed",
            SpecialTokens::Refuse => "are refused",
        },
    );
    said.push_str(match step.invalid_utf8 {
        Utf8Mode::Error => "",
        Utf8Mode::Replace => ", what is not UTF-8 becomes U+FFFD",
        Utf8Mode::Bytes => ", what is not UTF-8 is encoded byte by byte",
    });
    let template = step.tokenizer.template().ok();
    for (what, ids, template) in [
        (
            "begin",
            &step.begin_of_document,
            template.map(|template| &template.begin),
        ),
        (
            "end",
            &step.end_of_document,
            template.map(|template| &template.end),
        ),
    ] {
        said.push_str(&around(what, ids, template, &step.tokenizer));
    }
    if let Some(DocumentTruncation { max_length, side }) = step.truncation {
        let kept = match side {
            TruncationSide::Right => "first",
            TruncationSide::Left => "last",
        };
        _ = write!(said, ", the {kept} {max_length} tokens of each");
    }
    match step.offsets {
        None => {}
        Some(TextUnit::Bytes) => said.push_str(", places in bytes"),
        Some(TextUnit::Chars) => said.push_str(", places in characters"),
    }
    if let Some(name) = &step.count {
        _ = write!(said, ", counted in {}", name_in_text(name));
    }
    said
}

/// What stands on one side of a document, and what the tokenizer's file says
/// of it.
fn around(what: &str, ids: &[u32], template: Option<&Vec<u32>>, tokenizer: &Tokenizer) -> String {
    let shown = |ids: &[u32]| {
        let token = |id: &u32| {
            let text = tokenizer.token(*id).unwrap_or_default();
            format!("{id} \"{}\"", String::from_utf8_lossy(text).escape_debug())
        };
        ids.iter().map(token).collect::<Vec<_>>().join(" ")
    };
    match template.map_or(&[][..], Vec::as_slice) {
        [] if ids.is_empty() => String::new(),
        [] => format!(", {what} {}", shown(ids)),
        file if file == ids => format!(", {what} {} (as the tokenizer's file says)", shown(ids)),
        file => {
            let ids = if ids.is_empty() { "none" } else { &shown(ids) };
            format!(", {what} {ids} (the tokenizer's file says {})", shown(file))
        }
    }
}

fn pack(step: &PackStep) -> String {
    let how = match step.method {
        PackMethod::BestFit => format!(
            "best fit in windows of {}, longer ones {}",
            counted(u64::from(step.window), "document"),
            match step.overlong {
                Overlong::Split => "split",
                Overlong::Truncate => "truncated",
                Overlong::Drop => "dropped",
                Overlong::Refuse => "refused",
            }
        ),
        PackMethod::Concat => "one after another".to_owned(),
    };
    let segment = if step.pad_segment {
        " as a last segment"
    } else {
        ""
    };
    let columns: Vec<_> = step.inputs().map(name_in_text).collect();
    let mut said = format!(
        "pack {} into rows of {}, {how}, pad {}{segment}",
        columns.join(", "),
        step.length,
        step.pad
    );
    if let Some(most) = step.max_documents {
        let documents = counted(u64::from(most), "document");
        _ = write!(said, ", at most {documents} a row");
    }
    if step.position_ids {
        said.push_str(", position_ids");
    }
    match &step.labels {
        PackLabels::None => {}
        PackLabels::All => said.push_str(", labels of all tokens"),
        PackLabels::Masked(mask) => _ = write!(said, ", labels by {}", name_in_text(mask)),
    }
    said
}

fn chunk(step: &ChunkStep) -> String {
    let columns: Vec<_> = step
        .columns
        .iter()
        .map(|it| name_in_text(&it.name))
        .collect();
    let mut said = format!(
        "chunk {} into pieces of {}",
        columns.join(", "),
        step.length
    );
    if step.overlap > 0 {
        _ = write!(said, ", each {} into the one before", step.overlap);
    }
    if step.min_length > 1 {
        _ = write!(said, ", last ones of at least {}", step.min_length);
    }
    said.push_str(match step.others {
        OtherColumns::Repeat => ", other columns repeated",
        OtherColumns::Drop => ", other columns dropped",
    });
    said
}

/// `op a, b: what is done to both; c: what is done to it`.
fn map(step: &MapStep) -> String {
    let mut groups: Vec<(&str, Vec<Cow<'_, str>>)> = Vec::new();
    for column in &step.columns {
        let said = column.words.as_str();
        let name = name_in_text(&column.output.name);
        match groups.iter_mut().find(|(known, _)| *known == said) {
            Some((_, names)) => names.push(name),
            None => groups.push((said, vec![name])),
        }
    }
    let group = |(said, names): &(&str, Vec<Cow<'_, str>>)| format!("{}: {said}", names.join(", "));
    let groups: Vec<String> = groups.iter().map(group).collect();
    format!("{} {}", step.op, groups.join("; "))
}
