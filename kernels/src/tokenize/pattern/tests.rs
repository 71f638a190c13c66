//! Regular expressions against another engine, and at their limits. Oniguruma
//! itself is asked in `tests/python/test_cut_patterns.py`.

use std::ops::Range;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Pattern, PatternSteps};
use crate::tokenize::error::{EncodeError, TokenizerError};

fn found(pattern: &str, text: &str) -> Vec<Range<usize>> {
    matches(&Pattern::regex(pattern, "place").unwrap(), text)
}

fn matches(pattern: &Pattern, text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut steps = PatternSteps::on(text.len());
    pattern
        .find(text, &mut steps, |range| found.push(range))
        .unwrap();
    found
}

/// Parts that `fancy-regex` reads as Oniguruma does.
fn part() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec![
        "a",
        "b",
        " ",
        r"\s",
        r"\S",
        r"\p{L}",
        r"\p{N}",
        r"[^\s\p{L}]",
        r"[ab]",
        "é",
        r"\n",
    ]);
    let times = prop::sample::select(vec![
        "", "*", "+", "?", "+?", "*?", "++", "?+", "{2}", "{1,2}",
    ]);
    (atom, times).prop_map(|(atom, times)| format!("(?:{atom}){times}"))
}

fn pattern() -> impl Strategy<Value = String> {
    part().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}{b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(?:{a}|{b})")),
            (inner.clone(), prop::sample::select(vec!["=", "!"]))
                .prop_map(|(a, look)| format!("(?{look}{a})")),
            inner.clone().prop_map(|a| format!("(?>{a})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("{a}|{b}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn matches_are_those_of_another_engine(pattern in pattern(), text in r"[ab é1\n!]{0,24}") {
        let other = fancy_regex::Regex::new(&pattern).unwrap();
        // Empty matches are not looked for in the same way.
        let first = other.find(&text).unwrap().map(|found| found.range());
        prop_assert_eq!(found(&pattern, &text).first().cloned(), first.filter(|_| !text.is_empty()));
    }
}

/// Parts as `fancy-regex` spells them, which Oniguruma reads otherwise or not at
/// all.
fn part_of_tiktoken() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec![
        "a",
        "[ab]",
        r"\s",
        r"\w",
        r"\W",
        r"\d",
        r"\pL",
        r"\PL",
        r"\p{^Lu}",
        ".",
        "[]a]",
        r"[^]\w]",
        r"[\w--[a-c]]",
        r"[\p{L}&&[^a-cß]]",
        r"[[:alpha:]é]",
        r"[a\-\b\h]",
        r"[^\S\n]",
        "(?i:[S-T]|é)",
        r"(?i:\p{Lu}|ß)",
        "(?i:[^k-s])",
        "(?s:.)",
        "(?-i:S)",
        r"\R",
        r"\h",
        r"\N",
        r"\u{e9}",
        r"\x{131}",
        "(?P<name>s)",
        "(?#no)a",
        "]",
        "{",
    ]);
    let times = prop::sample::select(vec![
        "", "*", "+", "?", "+?", "*+", "{2}", "{2}?", "{1,2}", "{1,2}+", "{,2}", "{,}", "{2}+",
    ]);
    (atom, times).prop_map(|(atom, times)| format!("(?:{atom}){times}"))
}

fn pattern_of_tiktoken() -> impl Strategy<Value = String> {
    part_of_tiktoken().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}{b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(?:{a}|{b})")),
            (inner.clone(), prop::sample::select(vec!["=", "!"]))
                .prop_map(|(a, look)| format!("(?{look}{a})")),
            (
                inner.clone(),
                prop::sample::select(vec!["^", "$", r"\b", r"\z", r"\A"])
            )
                .prop_map(|(a, at)| format!("{at}{a}{at}")),
            inner.clone().prop_map(|a| format!("(?>{a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(?i){a}|{b}")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("{a}|{b}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn matches_are_those_of_tiktokens_engine(
        pattern in pattern_of_tiktoken(), text in r"[ab sSkKéÉßẞıſ\u{212a}1½\u{200d}\r\n!\]{-]{0,24}",
    ) {
        let ours = match Pattern::of_tiktoken(&pattern, "place") {
            Ok(ours) => ours,
            Err(TokenizerError::Unsupported { found, .. }) => {
                let named = ["options amid a group", "a condition that is repeated"];
                prop_assert!(named.iter().any(|name| found.starts_with(name)), "{}", found);
                return Ok(());
            }
            Err(error) => panic!("{error}"),
        };
        let Ok(other) = fancy_regex::Regex::new(&pattern) else {
            return Ok(());
        };
        let theirs: Result<Vec<_>, _> =
            other.find_iter(&text).map(|found| found.map(|found| found.range())).collect();
        let Ok(theirs) = theirs else {
            return Ok(());
        };
        let is_word = |range: &Range<usize>| !range.is_empty();
        prop_assert_eq!(
            matches(&ours, &text).into_iter().filter(is_word).collect::<Vec<_>>(),
            theirs.into_iter().filter(is_word).collect::<Vec<_>>(),
            "{}", pattern
        );
    }
}

#[test]
fn tiktokens_syntax_that_is_not_supported_is_refused_by_name() {
    for (pattern, named) in [
        (r"(a)\1", "`\\1`"),
        (r"a\K", "`\\K`"),
        (r"\Za", "`\\Z`"),
        (r"\<a", "`\\<`"),
        (r"\b{start}a", "`\\b{`"),
        ("a(?i)b", "options amid a group"),
        ("(?x)a", "a group of an uncommon kind"),
        ("(?m)^a", "a group of an uncommon kind"),
        ("(?~a)", "a group of an uncommon kind"),
        ("(?(1)a)", "a group of an uncommon kind"),
        ("a{2}{3}", "a repetition that is repeated"),
        ("a++*", "a repetition that is repeated"),
        (r"\p{Foo}", "the class `\\p{Foo}`"),
        ("[a-\\d]", "the class `[a-\\d]`"),
        ("[a", "a class without end"),
        (r"[\R]", "`\\R` in a class"),
        ("(?<!a*)b", "a look behind over more than 255 characters"),
    ] {
        let Err(TokenizerError::Unsupported { found, .. }) = Pattern::of_tiktoken(pattern, "place")
        else {
            panic!("{pattern} is read");
        };
        assert_eq!(found, format!("{named} in the pattern {pattern}"));
    }
}

#[test]
fn empty_matches_come_between_others() {
    assert_eq!(found("a*", "baac"), [0..0, 1..3, 4..4]);
    assert_eq!(found("", "é"), [0..0, 2..2]);
    assert!(found("x*", "").is_empty());
}

/// A match that fails at the start of a run may be found further on in it.
#[test]
fn a_lazy_run_on_its_own_ends_at_its_first_character() {
    let text = "\n\n\na\n\n\na";
    assert_eq!(found(r"(?>\s+?)a", text), [2..4, 6..8]);
    assert_eq!(found(r"(?>\s{2,}?)a", text), [1..4, 5..8]);
    assert_eq!(found(r"\s+?a", text), [0..4, 4..8]);
    assert_eq!(found(r"(?>\s+)a", text), [0..4, 4..8]);
}

#[test]
fn lines_end_at_newlines_as_in_ruby() {
    assert_eq!(found("^", "a\nb\n"), [0..0, 2..2]);
    assert_eq!(found("$", "a\nb"), [1..1, 3..3]);
    assert_eq!(found(r"\Z", "a\n"), [1..1, 2..2]);
    assert_eq!(found(r"a(?i)b|c", "aBcaC"), [0..2, 3..5]);
}

#[test]
fn syntax_that_is_not_supported_is_refused_by_name() {
    for (pattern, named) in [
        (r"(a)\1", "`\\1`"),
        (r"\Ga", "`\\G`"),
        (r"a\K", "`\\K`"),
        (r"\X", "`\\X`"),
        (r"(?x)a", "a group of an uncommon kind"),
        (r"(?~a)", "a group of an uncommon kind"),
        (r"\p{Foo}", "the property `Foo`"),
        (r"\xff", "a byte that is no character"),
        (r"(?<!a*)b", "a look behind over more than 255 characters"),
        (r"(?i)ß", "a letter that folds to several, in any case"),
        (r"(?i:ss)", "letters that one letter folds to, in any case"),
        (
            r"(?i:masſe)",
            "letters that one letter folds to, in any case",
        ),
        (r"[]a]", "`]` at the start of a class"),
        (r"[a-\d]", "a range to a class"),
        (r"[z-a]", "a range from 'z' down to 'a'"),
        (r"[[:foo:]]", "`[:foo:]`"),
        ("[a", "a class without end"),
        ("(a", "a group without end"),
        ("a)", "a `)` too many"),
        ("*a", "a `*` that repeats nothing"),
        (r"^*", "a condition that is repeated"),
        (r"a\", "a lone backslash"),
        (r"a{3,2}", "an interval from 3 down"),
        (r"a{1000000}", "a repetition 1000000 times, limit 100000"),
        (r"(?:ab){60000}", "more than 65536 instructions"),
        ("(?:(?:(?:){9999}){9999}){9999}", "more than 1048576 parts"),
    ] {
        let Err(TokenizerError::Unsupported { field, found, .. }) =
            Pattern::regex(pattern, "place")
        else {
            panic!("{pattern} is read");
        };
        assert_eq!(
            (field.as_str(), found),
            ("place", format!("{named} in the pattern {pattern}"))
        );
    }
}

#[test]
fn deep_and_long_patterns_are_refused() {
    for pattern in [
        "(".repeat(50_000),
        "[".repeat(50_000),
        "(?:a|".repeat(3_000),
        format!("a{}", "{1}".repeat(5_000)),
        format!("a{}", "?*+".repeat(3_000)),
        "a".repeat(1 << 15),
    ] {
        assert!(Pattern::regex(&pattern, "place").is_err());
    }
}

#[test]
fn long_runs_take_linear_time() {
    let n = 200_000;
    for pattern in [
        r"\s+(?!\S)|\s+|x",
        r"\s+$",
        r"\s*[\r\n]+|\s+(?!\S)|\s+",
        r"(?:\s|\t)+y",
        r"\s+?z",
        r"(?>\s+)(?=a)",
    ] {
        for tail in ["", "x"] {
            let text = " ".repeat(n) + tail;
            let started = Instant::now();
            let regex = Pattern::regex(pattern, "place").unwrap();
            let mut n_found = 0;
            let mut steps = PatternSteps::on(text.len());
            let done = regex.find(&text, &mut steps, |_| n_found += 1);
            assert!(done.is_ok() && n_found <= 3, "{pattern} {tail:?}: {done:?}");
            assert!(started.elapsed() < Duration::from_secs(20), "{pattern}");
        }
    }
}

#[test]
fn patterns_that_go_back_without_end_find_or_give_up() {
    let text = "a".repeat(200);
    assert!(found("(?:a|aa)+b", &text).is_empty());
    assert_eq!(
        found("(?:a?){100}a{100}c|(?:a+)+$", &text),
        [0..200, 200..200][..1]
    );
    let pattern = Pattern::regex("(?>(?:a|aa)+b)", "place").unwrap();
    let mut steps = PatternSteps::on(text.len());
    let error = pattern.find(&text, &mut steps, |_| {}).unwrap_err();
    assert!(matches!(error, EncodeError::Pattern { len_bytes: 200, .. }));
}
