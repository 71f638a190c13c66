//! Each scanner against the regular expression that is its meaning.

use proptest::prelude::*;

use super::*;

type Family = (&'static str, fn() -> Scanner);

/// The patterns as tiktoken 0.14 has them, which no `tokenizer.json` carries.
const TIKTOKEN: &[Family] = &[
    (
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
        Scanner::gpt2,
    ),
    (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
        || Scanner::cl100k(Digits::Three, TextEnd::Whole),
    ),
];

fn families() -> Vec<(fancy_regex::Regex, Scanner)> {
    let known = KNOWN
        .iter()
        .map(|(pattern, _)| (*pattern, Scanner::of_pattern(pattern).unwrap()));
    let tiktoken = TIKTOKEN
        .iter()
        .map(|(pattern, scanner)| (*pattern, scanner()));
    known
        .chain(tiktoken)
        .map(|(pattern, scanner)| (fancy_regex::Regex::new(pattern).unwrap(), scanner))
        .collect()
}

fn ends(scanner: &Scanner, text: &str) -> Vec<usize> {
    let mut at = 0;
    let mut ends = Vec::new();
    while at < text.len() {
        at = match scanner {
            Scanner::Gpt2(scan) => scan.end(text.as_bytes(), at),
            Scanner::Cl100k(scan) => scan.end(text.as_bytes(), at),
            Scanner::O200k(scan) => scan.end(text.as_bytes(), at),
        };
        ends.push(at);
    }
    ends
}

/// The same by blocks.
fn block_ends(scanner: &Scanner, level: Level, text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut ends = [0; N_WORDS];
    while found.last().copied().unwrap_or(0) < text.len() {
        let at = found.last().copied().unwrap_or(0);
        let n = scanner.find_words(level, text.as_bytes(), at, &mut ends);
        assert!(n > 0, "{text:?}");
        found.extend(ends[..n].iter().map(|&end| end as usize));
    }
    found
}

fn check_blocks(families: &[(fancy_regex::Regex, Scanner)], text: &str) {
    for (regex, scanner) in families {
        let expected = ends(scanner, text);
        for level in Level::available() {
            let found = block_ends(scanner, level, text);
            assert_eq!(
                found,
                expected,
                "{text:?} with {} at {level}",
                regex.as_str()
            );
        }
    }
}

fn check(families: &[(fancy_regex::Regex, Scanner)], text: &str) {
    for (regex, scanner) in families {
        let expected: Vec<usize> = regex.find_iter(text).map(|m| m.unwrap().end()).collect();
        assert_eq!(
            ends(scanner, text),
            expected,
            "{text:?} with {}",
            regex.as_str()
        );
    }
    check_blocks(families, text);
}

/// Characters of every class, and those that patterns name.
const CHARS: &[char] = &[
    'a',
    's',
    't',
    'r',
    'e',
    'v',
    'm',
    'l',
    'd',
    'S',
    'L',
    'E',
    'A',
    'Z',
    '0',
    '9',
    ' ',
    ' ',
    '\n',
    '\r',
    '\t',
    '\u{b}',
    '\'',
    '\'',
    '"',
    '/',
    '!',
    '.',
    '_',
    '\0',
    'ſ',
    '\u{212a}',
    'é',
    'É',
    'ß',
    '\u{301}',
    '\u{93f}',
    'ǅ',
    'ʰ',
    'ª',
    '漢',
    'あ',
    '한',
    'я',
    'Я',
    '٣',
    'Ⅷ',
    '½',
    '²',
    '\u{a0}',
    '\u{2003}',
    '\u{85}',
    '\u{2028}',
    '\u{200d}',
    '’',
    '🦀',
    '\u{1d4b3}',
    '\u{1e900}',
    '\u{10ffff}',
    '\u{378}',
    '\u{e000}',
];

#[test]
fn short_texts_exhaustively() {
    // One character of each class, and all texts of up to four of them.
    let classes = [
        'a', 'A', '漢', '\u{301}', '1', ' ', '\n', '\'', '!', '/', 's',
    ];
    let families = families();
    let mut texts = vec![String::new()];
    for _ in 0..4 {
        texts = texts
            .iter()
            .flat_map(|text| classes.iter().map(move |c| format!("{text}{c}")))
            .collect();
        for text in &texts {
            check(&families, text);
        }
    }
}

#[test]
fn every_codepoint_between_others() {
    let families = families();
    let mut text = String::new();
    for c in (0..=char::MAX as u32).filter_map(char::from_u32) {
        // The planes beyond the first two are one class for long stretches.
        if u32::from(c) > 0x1_ffff && !u32::from(c).is_multiple_of(251) {
            continue;
        }
        text.extend([
            'a', c, 'A', ' ', c, '\'', c, '1', c, '\n', c, c, ' ', ' ', c,
        ]);
        if text.len() > 4_000 {
            check(&families, &text);
            text.clear();
        }
    }
    check(&families, &text);
}

/// Texts of up to three classes across the end of a block, wherever it is.
#[test]
fn classes_at_every_place_in_a_block() {
    let classes = [
        "a", "A", "漢", "\u{301}", "1", " ", "\t", "\n", "'", "'s", "!", "/", "’", "\u{a0}", "я",
        "Я", "³",
    ];
    let families = families();
    let mut texts = vec![String::new()];
    for _ in 0..3 {
        texts = texts
            .iter()
            .flat_map(|text| classes.iter().map(move |class| format!("{text}{class}")))
            .collect();
    }
    for (nth, text) in texts.iter().enumerate() {
        for before in [
            "a".repeat(56 + nth % 8),
            " ".repeat(57 + nth % 7),
            format!("{}\n", "!".repeat(56 + nth % 7)),
            "1\n".repeat(29) + &text.repeat(nth % 4),
        ] {
            check_blocks(&families, &format!("{before}{text}"));
            check_blocks(&families, &format!("{before}{text}{before}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn texts_of_all_classes(picks in prop::collection::vec(prop::sample::select(CHARS), 0..40)) {
        check(&families_once(), &picks.into_iter().collect::<String>());
    }

    #[test]
    fn long_texts_of_all_classes(picks in prop::collection::vec(prop::sample::select(CHARS), 0..400)) {
        check_blocks(&families_once(), &picks.into_iter().collect::<String>());
    }

    #[test]
    fn long_texts_of_few_classes(
        few in prop::collection::vec(prop::sample::select(CHARS), 1..5),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..400),
    ) {
        let text: String = picks.iter().map(|pick| *pick.get(&few)).collect();
        check_blocks(&families_once(), &text);
    }

    #[test]
    fn texts_of_any_characters(text in any::<String>()) {
        check(&families_once(), &text);
    }
}

fn families_once() -> std::sync::Arc<Vec<(fancy_regex::Regex, Scanner)>> {
    use std::sync::{Arc, OnceLock};
    static FAMILIES: OnceLock<Arc<Vec<(fancy_regex::Regex, Scanner)>>> = OnceLock::new();
    FAMILIES.get_or_init(|| Arc::new(families())).clone()
}

#[test]
fn a_pattern_that_is_not_known_to_the_letter_is_not_known() {
    for (pattern, _) in KNOWN {
        assert!(Scanner::of_pattern(pattern).is_some());
        assert!(Scanner::of_pattern(&format!("{pattern} ")).is_none());
    }
}
