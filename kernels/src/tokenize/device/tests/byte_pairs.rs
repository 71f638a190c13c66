//! The transducer against its scanner, and the passes against the encoder.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::super::super::scan::{Contractions, Digits, Scanner, TextEnd};
use super::super::super::tokenizer::Tokenizer;
use super::super::oracle;
use super::super::tokenizer::DeviceTokenizer;
use super::super::transducer::Transducer;
use super::check_passes;

fn scanners() -> Vec<(&'static str, Scanner)> {
    let cl100k = Scanner::cl100k;
    vec![
        ("gpt2", Scanner::gpt2()),
        ("cl100k", cl100k(Digits::Three, TextEnd::AfterNewline)),
        ("cl100k whole", cl100k(Digits::Three, TextEnd::Whole)),
        ("qwen2", cl100k(Digits::One, TextEnd::AfterNewline)),
        ("o200k", Scanner::o200k(Digits::Three, Contractions::Joined)),
        ("tekken", Scanner::o200k(Digits::One, Contractions::None)),
    ]
}

/// Where the words of a text begin, as the transducer has it.
fn starts(transducer: &Transducer, text: &str) -> Vec<usize> {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let symbol = |at: &usize| usize::from(transducer.symbol(text.as_bytes(), *at));
    let symbols: Vec<usize> = places.iter().map(symbol).collect();
    let mut behind = vec![0; symbols.len() + 1];
    for (at, symbol) in symbols.iter().enumerate().rev() {
        behind[at] = transducer.backward[*symbol].of(behind[at + 1]);
    }
    let mut before = 0;
    let mut starts = Vec::new();
    for (at, symbol) in symbols.iter().enumerate() {
        if at == 0 || transducer.begins(before, behind[at]) {
            starts.push(places[at]);
        }
        before = transducer.forward[*symbol].of(before);
    }
    starts
}

fn check(name: &str, scanner: &Scanner, transducer: &Transducer, text: &str) {
    let mut expected = Vec::new();
    oracle::each_word(scanner, text.as_bytes(), |word| expected.push(word.start));
    assert_eq!(starts(transducer, text), expected, "{name}: {text:?}");
}

/// Every string of up to `len` of these characters.
fn strings(chars: &[char], len: u32) -> impl Iterator<Item = String> {
    let n = chars.len();
    (1..=len).flat_map(move |len| {
        (0..n.pow(len)).map(move |number| {
            let digit = |place| chars[number / n.pow(place) % n];
            (0..len).map(digit).collect()
        })
    })
}

#[test]
fn every_short_text_is_cut_as_its_scanner_cuts_it() {
    let all = [
        '!', '\'', '/', '\u{300}', 'B', 'b', '語', '0', ' ', '\n', '\t', 's', 'S', 'r', 'e', 'E',
        'l', 'L',
    ];
    for (name, scanner) in scanners() {
        let transducer = Transducer::of(&scanner).unwrap();
        for text in strings(&all, 4) {
            check(name, &scanner, &transducer, &text);
        }
    }
}

#[test]
fn longer_texts_of_few_characters_are_too() {
    let sets = [
        "! \n\t/",
        "'sr e",
        "Bb語\u{300} ",
        "0 \nb'",
        "'reLlB",
        "!'/\n\u{300}b",
    ];
    for (name, scanner) in scanners() {
        let transducer = Transducer::of(&scanner).unwrap();
        for set in sets {
            let chars: Vec<char> = set.chars().collect();
            for text in strings(&chars, 6) {
                check(name, &scanner, &transducer, &text);
            }
        }
    }
}

proptest! {
    #[test]
    fn random_texts_are_too(
        texts in prop::collection::vec(
            prop_oneof![
                "[ \t\r\n\u{a0}\u{2028}]{0,5}",
                "['’][sStTmMdDrRvVlLeE\u{17f}\u{212a}]{0,3}",
                "[a-cA-C\u{c0}-\u{ff}\u{1c4}-\u{1cc}\u{2b0}\u{300}\u{5d0}\u{4e00}]{0,6}",
                "[0-9\u{660}\u{b2}\u{2160}]{0,5}",
                "[!-/:-@/\u{1f600}\u{200d}]{0,4}",
                any::<char>().prop_map(String::from),
            ],
            0..40,
        ),
    ) {
        let text = texts.concat();
        for (name, scanner) in scanners() {
            let transducer = Transducer::of(&scanner).unwrap();
            check(name, &scanner, &transducer, &text);
        }
    }
}

#[test]
fn every_character_is_what_its_symbol_says() {
    for (name, scanner) in scanners() {
        let transducer = Transducer::of(&scanner).unwrap();
        for c in '\0'..=char::MAX {
            let text = format!("b{c}b {c}0{c} {c}{c}\n{c}'{c}e!{c}");
            check(name, &scanner, &transducer, &text);
        }
    }
}

fn devices() -> Vec<DeviceTokenizer> {
    let names = ["cl100k_base", "gpt2", "o200k_base"];
    let there = names.iter().filter_map(|name| Tokenizer::builtin(name));
    let devices = there.map(|it| DeviceTokenizer::new(&Arc::new(it)).unwrap());
    devices.collect()
}

#[test]
fn all_passes_give_what_the_encoder_gives() {
    let devices = devices();
    assert!(!devices.is_empty());
    let words = [
        "the",
        " quick",
        "\n\n",
        "  ",
        "   \t",
        "isn't",
        " Straße",
        "語学校",
        "12345",
        " ==",
        "\r\n",
        "internationalization",
        " antidisestablishmentarianism",
        "👩‍👩‍👧‍👦",
        "e\u{301}",
        "'",
        "X'LL",
        "://",
        "____________________________________________",
        " пересматривать",
        "\u{a0}",
        "zzzzqqqqjjjjx",
    ];
    let mut state = 1_u64;
    let mut below = |n: usize| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 33) as usize % n
    };
    for device in &devices {
        check_passes(device, &[]);
        check_passes(device, &[String::new(), String::new()]);
        for _ in 0..20 {
            let n_rows = below(6);
            let rows = (0..n_rows).map(|_| {
                let len = [0, 1, 3, 40, 400, 2000][below(6)];
                (0..len)
                    .map(|_| words[below(words.len())])
                    .collect::<String>()
            });
            let rows: Vec<String> = rows.collect();
            check_passes(device, &rows);
        }
    }
}

#[test]
fn words_of_every_length_are_merged_or_left_to_the_host() {
    for device in devices() {
        for len in [
            1, 2, 15, 16, 31, 32, 33, 63, 255, 256, 1023, 1024, 1025, 2047, 2048, 5000,
        ] {
            let of = |text: &str| text.chars().cycle().take(len).collect::<String>();
            let texts = ["a", "ab", "=-", "^", "xqzjkw", " ", "ACGTTGCA", "\n"].map(of);
            check_passes(&device, &texts);
            check_passes(&device, &[format!("a {} b", texts.join(" "))]);
        }
    }
}

proptest! {
    #[test]
    fn random_rows_are_what_the_encoder_gives(rows in prop::collection::vec(".{0,60}", 0..30)) {
        static DEVICES: LazyLock<Vec<DeviceTokenizer>> = LazyLock::new(devices);
        for device in &*DEVICES {
            check_passes(device, &rows);
        }
    }
}
