//! The transducer against its scanner.

use proptest::prelude::*;

use super::super::scan::{Contractions, Digits, Scanner, TextEnd};
use super::oracle::Oracle;
use super::*;

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
    scanner.words(text.as_bytes(), &mut |_, start, _| expected.push(start));
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
