//! Chat templates: reading one, and rendering a conversation by it.

use std::sync::LazyLock;

use fuelrail_kernels::chat::{
    ChatClock, ChatEnding, ChatLimits, ChatTemplate, ChatTemplates, ChatValue, Conversation, Tools,
};

/// Messages of every role, with what models' templates look at.
const MESSAGES: &str = r#"[
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": " 2 + 2? \n"}, {"type": "image"}]},
    {"role": "assistant", "content": "na\u00efve \ud83d\ude80", "reasoning_content": "hm",
     "tool_calls": [{"id": "c1", "type": "function",
        "function": {"name": "add", "arguments": {"a": 2, "b": [2.5, null, true]}}}]},
    {"role": "tool", "tool_call_id": "c1", "name": "add", "content": "4"},
    {"role": "assistant", "content": "4"}
]"#;
const TOOLS: &str = r#"[{"type": "function", "function": {"name": "add", "description": "adds",
    "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}}]"#;

/// What a rendering may take: a small part of what it may in use.
const LIMITS: ChatLimits = ChatLimits {
    steps: 1_000_000,
    text_bytes: 1 << 20,
    total_bytes: 16 << 20,
};

static GIVEN: LazyLock<(ChatValue, ChatValue)> = LazyLock::new(|| {
    let value = |text| ChatValue::from_json(text).unwrap_or_else(|_| ChatValue::none());
    (value(MESSAGES), value(TOOLS))
});

/// A chat template; behind a line `config`, the `tokenizer_config.json` that holds
/// one.
///
/// # Panics
/// If a rendering contradicts itself, or an error has no text.
pub fn chat_template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let template = match text.split_once('\n') {
        Some(("config", config)) => ChatTemplates::from_tokenizer_config(config)
            .and_then(|templates| templates.choose(None, Tools::Given)),
        _ => ChatTemplate::new(text),
    };
    match template {
        Ok(template) => render(&template),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn render(template: &ChatTemplate) {
    let (messages, tools) = &*GIVEN;
    for ending in [ChatEnding::Complete, ChatEnding::GenerationPrompt] {
        let conversation = Conversation::new(messages.clone())
            .tools(tools.clone())
            .variable("bos_token", "<s>")
            .variable("eos_token", "</s>")
            .ending(ending)
            .clock(ChatClock::Seconds(1_709_175_845))
            .limits(LIMITS);
        let text = template.render(&conversation);
        match template.render_marked(&conversation) {
            Ok(marked) => {
                for span in &marked.spans {
                    assert!(marked.text.get(span.clone()).is_some(), "{span:?}");
                }
                assert_eq!(text.ok(), Some(marked.text));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
