//! Tests of chat templates: limits, spans, clock, files, and JSON. What
//! transformers renders is held against in `tests/python_frameworks`.

use super::{
    ChatClock, ChatEnding, ChatError, ChatLimits, ChatTemplate, ChatTemplates, ChatValue,
    Conversation, Tools,
};

fn messages(json: &str) -> Conversation {
    Conversation::new(ChatValue::from_json(json).expect("JSON"))
}

fn one() -> Conversation {
    messages(r#"[{"role": "user", "content": "x"}]"#)
}

fn render(template: &str, conversation: &Conversation) -> Result<String, ChatError> {
    ChatTemplate::new(template)?.render(conversation)
}

const TURNS: &str = r#"[{"role": "user", "content": "a"}, {"role": "assistant", "content": "é"},
    {"role": "user", "content": "b"}, {"role": "assistant", "content": "dd"}]"#;

#[test]
fn templates_that_would_run_for_ever_meet_a_limit() {
    let hostile = [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(s='x') %}{% for a in range(999) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{{ 'x' * 10 ** 12 }}",
        "{{ ['x'] * 10 ** 12 }}",
        "{{ '' * 10 ** 18 ~ 'a'.center(10 ** 12) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ 'a' * 9999999 }}{{ ('a' * 9999999)|replace('a', 'a' * 99999) }}",
        "{{ ('a\n' * 99999)|indent(9999) }}",
        "{{ [1]|tojson(indent=10 ** 9) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% set ns = namespace(l=[]) %}{% for a in range(9999) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l == ns.l }}",
        "{% set ns = namespace(l=[]) %}{% for a in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[]) %}{% for a in range(99999) %}{% set ns.l = ns.l + [range(99999)|list] %}{% endfor %}",
        "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% for a in range(99999) %}{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' * 999 }}{% endfor %}",
        "{% set x = 'ab' * 999999 %}{% for a in range(99999) %}{% if 'zz' in x %}{% endif %}{% endfor %}",
        "{% for a in range(99999) %}{% set x = ('ab' * 9999).strip('ba' * 9999) %}{% endfor %}",
    ];
    let conversation = one().limits(ChatLimits {
        steps: 3_000_000,
        ..ChatLimits::default()
    });
    for template in hostile {
        let outcome = render(template, &conversation).map(|text| text.len());
        assert!(
            matches!(outcome, Err(ChatError::Limit { .. })),
            "{template}: {outcome:?}"
        );
    }
}

#[test]
fn deep_or_long_templates_are_read_or_refused_without_overflow() {
    let wraps = [
        ("{{ ", "(", "1", ")", " }}"),
        ("{{ ", "[", "1", "]", " }}"),
        ("{{ ", "not ", "1", "", " }}"),
        ("{{ ", "-", "1", "", " }}"),
        ("{{ 1", "|abs", "", "", " }}"),
        ("{{ 1", " + 1", "", "", " }}"),
        ("{{ 1", " if 1 else 1", "", "", " }}"),
        ("{{ a", ".a", "", "", " }}"),
        ("{{ 1", " < 1", "", "", " }}"),
        ("", "{% if 1 %}", "", "{% endif %}", ""),
        ("", "{% for a in b %}", "", "{% endfor %}", ""),
        ("{% if 1 %}", "{% elif 1 %}", "", "", "{% endif %}"),
        ("{{ 1", " and 1", "", "", " }}"),
        ("", "{% macro a() %}", "", "{% endmacro %}", ""),
        ("{% set ", "(", "a", ")", " = 1 %}"),
        ("", "{{ a }}", "", "", ""),
        ("{# ", "{#", "", "", " #}"),
    ];
    for (start, open, middle, close, end) in wraps {
        for times in [20, 150, 30_000] {
            let template = [
                start,
                &open.repeat(times),
                middle,
                &close.repeat(times),
                end,
            ]
            .concat();
            // It may be too deep, or it may render; it must come back.
            let _ = render(&template, &one());
        }
    }
    assert_eq!(
        render(
            &format!("{{{{ {}1{} }}}}", "(".repeat(50), ")".repeat(50)),
            &one()
        ),
        Ok("1".into())
    );
}

#[test]
fn deep_json_is_refused_and_errors_tell_their_place() {
    for (json, place) in [
        ("[1, 2", "byte 5"),
        ("{\"a\" 1}", "byte 5"),
        ("[\"\\ud800\"]", "byte"),
        ("[1e]", "byte 2"),
        ("[01]", "byte 2"),
        ("{a: 1}", "byte 1"),
        ("", "byte 0"),
        ("[1]]", "byte 3"),
    ] {
        let error = ChatValue::from_json(json).expect_err(json);
        assert!(error.to_string().contains(place), "{json}: {error}");
    }
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(ChatValue::from_json(&deep).is_err());
    assert!(
        ChatValue::from_json(&"1".repeat(60)).is_err(),
        "an integer beyond 128 bits"
    );
}

#[test]
fn what_is_not_supported_is_refused_by_name_and_line() {
    for (template, name) in [
        ("\n{% include 'x' %}", "the tag `include`"),
        ("{{ a }}\n{{ a|urlize }}", "the filter `urlize`"),
        ("\n{{ cycler(1) }}", "the function `cycler`"),
        ("\n{{ 'a'.encode() }}", "the method `encode` of str"),
        ("\n{{ namespace(a=1) }}", "printing a Namespace"),
        (
            "\n{{ strftime_now('%Y') }}",
            "`strftime_now` without a clock",
        ),
    ] {
        let error = render(template, &one()).expect_err(template);
        assert_eq!(
            error.to_string(),
            format!("line 2 of the chat template: {name} is not supported")
        );
    }
}

#[test]
fn generation_blocks_give_their_spans_and_tokens_count_by_overlap() {
    let template = "{% for m in messages %}[{{ m.role }}]{% if m.role == 'assistant' %}\
        {% generation %}{{ m.content }}.{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}";
    let rendered = ChatTemplate::new(template)
        .and_then(|t| t.render_marked(&messages(TURNS)))
        .expect("spans");
    assert_eq!(rendered.text, "[user]a[assistant]é.[user]b[assistant]dd.");
    let spoken: Vec<&str> = rendered
        .spans
        .iter()
        .filter_map(|span| rendered.text.get(span.clone()))
        .collect();
    assert_eq!(spoken, ["é.", "dd."]);
    let first = rendered.spans[0].clone();
    // Before, half over the start, within, half over the end, after.
    let tokens = [
        0..3,
        first.start - 1..first.start + 1,
        first.start + 1..first.start + 2,
        first.end - 1..first.end + 2,
        first.end + 2..first.end + 3,
    ];
    assert_eq!(
        rendered.token_mask(tokens),
        [false, true, true, true, false]
    );
}

#[test]
fn without_generation_blocks_spans_are_what_true_prefixes_tell() {
    let template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>\n{% endfor %}\
        {% if add_generation_prompt %}<assistant>{% endif %}";
    let marked = |template: &str, json: &str| {
        ChatTemplate::new(template).and_then(|t| t.render_marked(&messages(json)))
    };
    let rendered = marked(template, TURNS).expect("spans");
    let spoken: Vec<&str> = rendered
        .spans
        .iter()
        .filter_map(|span| rendered.text.get(span.clone()))
        .collect();
    assert_eq!(spoken, ["é</>\n", "dd</>\n"]);

    // The last turn alone carries a mark, so earlier turns are no prefixes.
    let changing = "{% for m in messages %}{{ m.role }}{{ m.content }}{% if loop.last %}!{% endif %}{% endfor %}";
    let error = marked(changing, TURNS).expect_err("no prefix");
    assert!(
        matches!(
            error,
            ChatError::Spans {
                message_index: 1,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("{% generation %}"))
    );
    let first = r#"[{"role": "assistant", "content": "a"}]"#;
    assert!(matches!(
        marked(template, first),
        Err(ChatError::Spans {
            message_index: 0,
            ..
        })
    ));
    let alone = marked(template, r#"[{"role": "user", "content": "a"}]"#).expect("none");
    assert!(alone.spans.is_empty());
}

#[test]
fn what_mutated_templates_showed_is_as_in_jinja2() {
    for (template, outcome) in [
        ("{% for k, in [(1,)] %}{{ k }}{% endfor %}", None),
        ("{% set k, = (1,) %}{{ k }}", None),
        ("{% set (k,) = (1,) %}{{ k }}", Some("1")),
        ("{% for () in [()] %}x{% endfor %}", Some("x")),
        (
            "{% for (a, b), d in [((1, 2), 3)] %}{{ a }}{{ d }}{% endfor %}",
            Some("13"),
        ),
        ("{{ 1, }}", Some("(1,)")),
        ("{{ dict(nothing, a=1) }}", None),
        ("{{ dict([('a', 1)], b=2) }}", Some("{'a': 1, 'b': 2}")),
    ] {
        let rendered = render(template, &one()).ok();
        assert_eq!(rendered.as_deref(), outcome, "{template}");
    }
}

#[test]
fn times_are_read_from_text() {
    let seconds = |text| match ChatClock::from_text(text) {
        Some(ChatClock::Seconds(seconds)) => Some(seconds),
        Some(ChatClock::Unset) | None => None,
    };
    for (text, expected) in [
        ("1970-01-01", 0),
        ("2024-02-29", 1_709_164_800),
        ("2024-12-31 23:59:59", 1_735_689_599),
        ("2024-12-31T23:59", 1_735_689_540),
        ("0001-01-01", -62_135_596_800),
        ("9999-12-31 23:59:59", 253_402_300_799),
    ] {
        assert_eq!(seconds(text), Some(expected), "{text}");
    }
    for text in [
        "",
        "today",
        "2024",
        "2024-02",
        "2023-02-29",
        "2024-13-01",
        "2024-00-01",
        "2024-04-31",
        "2024-01-00",
        "0000-01-01",
        "10000-01-01",
        "2024-01-01 24:00",
        "2024-01-01 00:60",
        "2024-01-01 00:00:60",
        "2024-01-01 00",
        "2024-01-01T00:00:00Z",
        "+024-01-01",
        "2024-1-",
        "2024-01-01  00:00",
    ] {
        assert_eq!(ChatClock::from_text(text), None, "{text}");
    }
    assert!(ChatClock::from_seconds(253_402_300_800).is_none());
}

#[test]
fn the_clock_is_the_callers() {
    let at = |seconds| one().clock(ChatClock::Seconds(seconds));
    let all = "{{ strftime_now('%Y-%m-%d %H:%M:%S %B %b %A %a %y %j %I %p %e %-d %-I %w %u %U %W %F %T %R %D %%') }}";
    // As CPython prints them; 2024-02-29 03:04:05 and 1999-12-31 23:59:59.
    assert_eq!(
        render(all, &at(1_709_175_845)).as_deref(),
        Ok(
            "2024-02-29 03:04:05 February Feb Thursday Thu 24 060 03 AM 29 29 3 4 4 08 09 2024-02-29 03:04:05 03:04 02/29/24 %"
        )
    );
    assert_eq!(
        render(all, &at(946_684_799)).as_deref(),
        Ok(
            "1999-12-31 23:59:59 December Dec Friday Fri 99 365 11 PM 31 31 11 5 5 52 52 1999-12-31 23:59:59 23:59 12/31/99 %"
        )
    );
    assert!(render("{{ strftime_now('%c') }}", &at(0)).is_err());
}

#[test]
fn the_templates_of_a_model_are_chosen_by_name_and_tools() {
    let config = r#"{"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null,
        "chat_template": [{"name": "default", "template": "d{{ eos_token }}"}, {"name": "tool_use", "template": "t"}]}"#;
    let templates = ChatTemplates::from_tokenizer_config(config).expect("config");
    let source = |name, tools| {
        templates
            .choose(name, tools)
            .map(|t| t.source().to_string())
    };
    assert_eq!(
        source(None, Tools::Absent).as_deref(),
        Ok("d{{ eos_token }}")
    );
    assert_eq!(source(None, Tools::Given).as_deref(), Ok("t"));
    assert_eq!(
        source(Some("default"), Tools::Given).as_deref(),
        Ok("d{{ eos_token }}")
    );
    assert!(
        source(Some("rag"), Tools::Absent)
            .is_err_and(|error| error.to_string().contains("tool_use"))
    );
    let tokens: Vec<(&str, Option<&str>)> = templates
        .special_tokens()
        .iter()
        .map(|(name, token)| (name.as_str(), token.as_str()))
        .collect();
    assert_eq!(
        tokens,
        [("bos_token", Some("<s>")), ("eos_token", Some("</s>"))]
    );
    let files = templates.with_files([("default", "file")]);
    assert_eq!(files.names().collect::<Vec<_>>(), ["default"]);
    assert!(ChatTemplates::from_tokenizer_config(r#"{"chat_template": 1}"#).is_err());
}

#[test]
fn a_final_message_goes_on_where_its_text_ends() {
    let template = "{% for m in messages %}[{{ m.role }}]{{ m.content }}</s>{% endfor %}";
    let on = |template: &str, json: &str| {
        render(
            template,
            &messages(json).ending(ChatEnding::ContinueFinal("content".into())),
        )
    };
    assert_eq!(
        on(template, TURNS).as_deref(),
        Ok("[user]a</s>[assistant]é</s>[user]b</s>[assistant]dd")
    );
    let trimming = template.replace("m.content", "m.content|trim");
    assert_eq!(
        on(&trimming, r#"[{"role": "a", "content": "x  "}]"#).as_deref(),
        Ok("[a]x")
    );
    let error = on("{{ messages[0].role }} content", TURNS).expect_err("dropped");
    assert!(error.to_string().contains("drops or changes it"), "{error}");
}
