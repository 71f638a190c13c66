//! `chat`: conversations to text by a model's chat template, exactly as
//! transformers' `apply_chat_template(tokenize=False)` renders them, and where
//! in that text the assistant speaks.
//!
//! ```
//! use fuelrail_kernels::chat::{ChatTemplate, ChatValue, Conversation};
//!
//! let template = ChatTemplate::new(
//!     "{% for message in messages %}<|{{ message.role }}|>\n\
//!      {% if message.role == 'assistant' %}\
//!      {% generation %}{{ message.content }}<|end|>{% endgeneration %}\
//!      {% else %}{{ message.content }}<|end|>{% endif %}\n{% endfor %}",
//! )?;
//! let messages = ChatValue::from_json(
//!     r#"[{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]"#,
//! )?;
//! let rendered = template.render_marked(&Conversation::new(messages))?;
//! assert_eq!(rendered.text, "<|user|>\n2 + 2?<|end|><|assistant|>\n4<|end|>");
//! assert_eq!(&rendered.text[rendered.spans[0].clone()], "4<|end|>");
//! # Ok::<(), fuelrail_kernels::chat::ChatError>(())
//! ```
//!
//! # What a template may use
//! All of Jinja2 3.1 as transformers 5 sets it up (`trim_blocks`,
//! `lstrip_blocks`, `break` and `continue`, `{% generation %}`, the immutable
//! sandbox, its `tojson`, `raise_exception`, `strftime_now`, `dict` and
//! `namespace`), with Python's values: `x.items` is the method and
//! `x['items']` the entry, `None` cannot be looped over, `'a' < 1` is an error,
//! `1e16` prints as Python prints it.
//!
//! What is not built is refused by its name and line, when the template is
//! read where that can be told from the text: the tags `block`, `extends`,
//! `include`, `import`, `from`, `autoescape`; the filters `filesizeformat`,
//! `groupby`, `pprint`, `random`, `striptags`, `truncate`, `urlencode`,
//! `urlize`, `wordwrap`, `xmlattr`; names beyond ASCII and `\N{...}`. Else
//! when it is met: `cycler`, `joiner`, `lipsum`; some methods (`encode`,
//! `expandtabs`, `translate`, …); operations on what `|safe` gave; printing a
//! macro, method, generator or namespace, which shows an address in Python;
//! integers beyond 128 bits; lone surrogates.
//!
//! Letters and digits are those of the Unicode tables this crate is built
//! with; Python's may be some years older or newer.
//!
//! # Loss masks
//! [`ChatTemplate::render_marked`] gives the spans of the assistant's text in
//! bytes. With `{% generation %}` they are those of transformers'
//! `return_assistant_tokens_mask`. Without, a span is what a message of the
//! role `assistant` adds to the text of those before it with the generation
//! prompt: from there to the end of its turn, the tokens that end the turn
//! and a line end after them included. That holds only where both texts begin
//! the whole one; where they do not (templates that drop the reasoning of
//! earlier turns, say), it is refused. [`Rendered::token_mask`] takes the
//! offsets of tokens: a token counts where it shares a byte with a span.
//!
//! # Limits
//! A rendering ends with an error once it takes more steps, text or memory
//! than [`ChatLimits`] allows, or nests too deep; a template cannot loop for
//! ever, nor make a text that grows without bound.

mod args;
mod ast;
mod budget;
mod checks;
mod clock;
mod conversation;
mod error;
mod filter;
mod functions;
mod given;
mod json;
mod lex;
mod machine;
mod methods;
mod names;
mod parse;
mod prefixes;
mod python;
mod render;
mod rendered;
mod scopes;
mod set;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod value;

pub use budget::ChatLimits;
pub use clock::ChatClock;
pub use conversation::{ChatEnding, Conversation};
pub use error::ChatError;
pub use given::ChatValue;
pub use rendered::Rendered;
pub(crate) use set::SPECIAL_TOKENS;
pub use set::{ChatTemplates, Tools};
pub use template::ChatTemplate;
