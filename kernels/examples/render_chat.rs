//! Renders conversations by chat templates: one JSON object a line from
//! standard input, one a line to standard output.
//!
//! A line has `template` and `messages`, and may have `tools`, `documents`,
//! `variables` (a dict), `prompt` (a boolean), `continue` (a field), `now`
//! (seconds), `spans` (a boolean) and `offsets` of tokens (pairs of bytes). The
//! answer has `text` and perhaps `spans` and `mask`, or `error` and its `kind`.

use std::collections::HashMap;
use std::io::{BufRead, Write};

use fuelrail_kernels::chat::{
    ChatClock, ChatEnding, ChatError, ChatLimits, ChatTemplate, ChatValue, Conversation,
};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut templates = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let answer = match answer(&line?, &mut templates) {
            Ok(answer) => answer,
            Err(error) => serde_json::json!({"error": error.to_string(), "kind": kind(&error)}),
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn kind(error: &ChatError) -> String {
    let debug = format!("{error:?}");
    debug.split([' ', '{', '(']).next().unwrap_or("").into()
}

/// Templates that were read, by their text.
type Templates = HashMap<String, ChatTemplate>;

fn answer(line: &str, templates: &mut Templates) -> Result<serde_json::Value, ChatError> {
    let case = ChatValue::from_json(line)?;
    let plain: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
    let source = plain["template"].as_str().unwrap_or("");
    let template = match templates.get(source) {
        Some(template) => template.clone(),
        None => ChatTemplate::new(source)?,
    };
    templates.insert(source.into(), template.clone());
    let mut conversation = Conversation::new(case.get("messages").unwrap_or_else(ChatValue::none));
    if let Some(tools) = case.get("tools") {
        conversation = conversation.tools(tools);
    }
    if let Some(documents) = case.get("documents") {
        conversation = conversation.documents(documents);
    }
    let variables = plain["variables"].as_object();
    for name in variables.into_iter().flat_map(|map| map.keys()) {
        if let Some(value) = case.get("variables").and_then(|map| map.get(name)) {
            conversation = conversation.variable(name, value);
        }
    }
    if plain["prompt"] == true {
        conversation = conversation.ending(ChatEnding::GenerationPrompt);
    }
    if let Some(field) = plain["continue"].as_str() {
        conversation = conversation.ending(ChatEnding::ContinueFinal(field.into()));
    }
    if let Some(now) = plain["now"].as_i64() {
        conversation = conversation.clock(ChatClock::Seconds(now));
    }
    if let Some(steps) = plain["steps"].as_u64() {
        conversation = conversation.limits(ChatLimits {
            steps,
            ..ChatLimits::default()
        });
    }
    if plain["spans"] == true {
        let rendered = template.render_marked(&conversation)?;
        let spans = rendered.spans.iter().map(|span| [span.start, span.end]);
        let spans: Vec<_> = spans.collect();
        let mask = rendered.token_mask(offsets(&plain["offsets"]));
        return Ok(serde_json::json!({"text": rendered.text, "spans": spans, "mask": mask}));
    }
    let text = template.render(&conversation)?;
    Ok(serde_json::json!({"text": text}))
}

fn offsets(pairs: &serde_json::Value) -> Vec<std::ops::Range<usize>> {
    let bound = |bound: &serde_json::Value| {
        let bound = bound.as_u64().unwrap_or(0);
        usize::try_from(bound).unwrap_or(usize::MAX)
    };
    let pairs = pairs.as_array().map(Vec::as_slice).unwrap_or_default();
    pairs
        .iter()
        .map(|pair| bound(&pair[0])..bound(&pair[1]))
        .collect()
}
