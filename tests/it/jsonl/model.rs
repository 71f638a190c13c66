//! Values, and lines that they are written as in many ways.

use std::fmt::Write;

use proptest::collection::vec;
use proptest::prelude::*;

/// Characters, and whether they are to be written as `\u`.
pub(super) type Text = Vec<(char, bool)>;

/// A key and its value.
pub(super) type Member = (Text, Json);

/// A value as it is written, and what it is.
#[derive(Debug, Clone)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(Text),
    List(Vec<Json>),
    Object(Vec<Member>),
}

pub(super) fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        (-100..100_i32).prop_map(|n| n.to_string()),
        any::<f64>().prop_filter_map("JSON", |n| n.is_finite().then(|| format!("{n:e}"))),
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,24})?([eE][+-]?[0-9]{1,2})?",
    ]
}

/// Any characters.
pub(super) fn text() -> impl Strategy<Value = Text> {
    let one = prop_oneof![
        4 => proptest::char::range(' ', '~'),
        1 => proptest::char::range('\0', '\u{20}'),
        1 => any::<char>(),
    ];
    vec((one, proptest::bool::weighted(0.1)), 0..40)
}

pub(super) fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        number().prop_map(Json::Number),
        text().prop_map(Json::Text),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Json::List),
            object(inner).prop_map(Json::Object),
        ]
    })
}

fn object(value: impl Strategy<Value = Json>) -> impl Strategy<Value = Vec<Member>> {
    let key = prop_oneof![
        "[a-e]".prop_map(|key| key.chars().map(|c| (c, false)).collect()),
        "[a-e]".prop_map(|key| key.chars().map(|c| (c, true)).collect()),
        text(),
    ];
    vec((key, value), 0..6)
}

fn write_text(text: &[(char, bool)], out: &mut String) {
    out.push('"');
    for (character, escaped) in text {
        let must = *character < ' ' || *character == '"' || *character == '\\';
        match character {
            '\n' if !escaped => out.push_str("\\n"),
            '"' | '\\' if !escaped => out.extend(['\\', *character]),
            _ if *escaped || must => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    _ = write!(out, "\\u{unit:04x}");
                }
            }
            _ => out.push(*character),
        }
    }
    out.push('"');
}

pub(super) fn write(value: &Json, space: &str, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(&value.to_string()),
        Json::Number(text) => out.push_str(text),
        Json::Text(text) => write_text(text, out),
        Json::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                out.push_str(space);
                write(item, space, out);
            }
            out.push_str(space);
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (at, (key, item)) in members.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                out.push_str(space);
                write_text(key, out);
                out.push_str(space);
                out.push(':');
                write(item, space, out);
            }
            out.push_str(space);
            out.push('}');
        }
    }
}

pub(super) fn line() -> impl Strategy<Value = String> {
    (
        object(json()),
        prop_oneof![Just(""), Just(" "), Just("\t \r")],
    )
        .prop_map(|(object, space)| {
            let mut out = space.to_owned();
            write(&Json::Object(object), space, &mut out);
            out
        })
}
