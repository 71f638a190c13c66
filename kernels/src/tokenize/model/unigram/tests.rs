//! Both ways of encoding against Hugging Face's own loops.

use proptest::prelude::*;

use super::model::{Unigram, UnigramOptions};
use super::{PartFit, UnigramScratch};
use crate::tokenize::model::{ByteFallback, TokenTable};

/// Hugging Face's `encode_optimized` and `tokenize`, word for word, on the
/// whole text at once.
fn meaning(vocab: &[(String, f64)], unk: usize, fallback: ByteFallback, text: &str) -> Vec<u32> {
    let find = |token: &str| vocab.iter().rposition(|(other, _)| other == token);
    let least = vocab
        .iter()
        .map(|(_, score)| *score)
        .fold(f64::INFINITY, f64::min);
    let mut best: Vec<Option<(f64, usize, usize)>> = vec![None; text.len() + 1];
    for (start, c) in text.char_indices() {
        let here = best[start].map_or(0.0, |(score, ..)| score);
        let mut offers = Vec::new();
        for end in (start + 1..=text.len()).filter(|&end| text.is_char_boundary(end)) {
            if let Some(id) = find(text.get(start..end).unwrap()) {
                offers.push((end, vocab[id].1 + here, id));
            }
        }
        let single = start + c.len_utf8();
        if !offers.iter().any(|(end, ..)| *end == single) {
            offers.push((single, least - 10.0 + here, unk));
        }
        for (end, score, id) in offers {
            if best[end].is_none_or(|(other, ..)| score > other) {
                best[end] = Some((score, start, id));
            }
        }
    }
    let mut pieces: Vec<(usize, usize, bool)> = Vec::new();
    let mut end = text.len();
    while end > 0 {
        let (_, start, id) = best[end].unwrap();
        match pieces.last_mut() {
            Some(last) if last.2 && id == unk => last.0 = start,
            _ => pieces.push((start, end, id == unk)),
        }
        end = start;
    }
    let mut ids = Vec::new();
    for (start, end, _) in pieces.into_iter().rev() {
        let piece = text.get(start..end).unwrap();
        let bytes: Option<Vec<usize>> = piece
            .bytes()
            .map(|byte| find(&format!("<0x{byte:02X}>")))
            .collect();
        match (find(piece), bytes) {
            (Some(id), _) => ids.push(id as u32),
            (None, Some(bytes)) if fallback == ByteFallback::Yes => {
                ids.extend(bytes.into_iter().map(|id| id as u32));
            }
            _ => ids.push(unk as u32),
        }
    }
    ids
}

fn model(vocab: &[(String, f64)], unk_id: Option<u32>, byte_fallback: ByteFallback) -> Unigram {
    let tokens = (0..).zip(vocab.iter().map(|(token, _)| token.as_str()));
    let table = TokenTable::new(tokens).unwrap();
    let scores = vocab.iter().map(|(_, score)| *score).collect();
    Unigram::new(
        table,
        scores,
        UnigramOptions {
            unk_id,
            byte_fallback,
        },
    )
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn equals_the_meaning(
        vocab in prop::collection::vec(
            ("[abé]{0,4}|<0xC3>|<0xA9>|<0x61>", (-6..6_i8).prop_map(|n| f64::from(n) * 0.7)),
            1..30,
        ),
        unk in 0..30_usize,
        fallback in prop::sample::select(vec![ByteFallback::Yes, ByteFallback::No]),
        texts in prop::collection::vec("[abcé]{0,16}", 20),
    ) {
        let unk = unk % vocab.len();
        let model = model(&vocab, Some(unk as u32), fallback);
        let mut scratch = UnigramScratch::default();
        for text in texts {
            let mut tokens = Vec::new();
            model.encode(&text, &mut scratch, |token| tokens.push(token)).unwrap();
            let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
            prop_assert_eq!(&ids, &meaning(&vocab, unk, fallback, &text), "{}", text);
            let mut short = Vec::new();
            model.encode_ids(text.as_bytes(), &mut scratch, &mut short).unwrap();
            prop_assert_eq!(short, ids, "{}", text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn parts_that_fit_have_the_ids_of_the_word(
        vocab in prop::collection::vec(
            ("[ab.]{1,3}|[.,]{1,3}|<unk>|é", (-9..2_i8).prop_map(|n| f64::from(n) * 0.7)),
            1..30,
        ),
        unk in 0..30_usize,
        words in prop::collection::vec("([ab]{1,4}[.,]{1,4}(<unk>|é)?){1,4}", 20),
    ) {
        let model = model(&vocab, Some((unk % vocab.len()) as u32), ByteFallback::No);
        let known: Vec<char> = model.known_chars().collect();
        let joined: Vec<(char, char)> = model.joined().collect();
        let mut scratch = UnigramScratch::default();
        for word in words {
            let (mut whole, mut parts) = (Vec::new(), Vec::new());
            model.encode_ids(word.as_bytes(), &mut scratch, &mut whole).unwrap();
            let mut fits = true;
            let mut start = 0;
            let pairs = word.char_indices().skip(1).zip(word.chars());
            let cuts = pairs.filter(|&((_, y), x)| {
                known.contains(&x) && known.contains(&y) && !joined.contains(&(x, y))
            });
            for end in cuts.map(|((at, _), _)| at).chain([word.len()]) {
                let part = word.get(start..end).unwrap();
                let fit = model.encode_part(part.as_bytes(), &mut scratch, &mut parts).unwrap();
                fits &= start == 0 || fit == PartFit::Exact;
                start = end;
            }
            prop_assert!(!fits || parts == whole, "{word}: {parts:?} and {whole:?}");
        }
    }
}

#[test]
fn buffers_do_not_grow_with_the_text() {
    let vocab = [
        ("<unk>", 0.0),
        ("\u{2581}a", -1.0),
        ("b", -2.0),
        ("ab", -2.5),
    ];
    let vocab = vocab.map(|(token, score)| (token.to_owned(), score));
    let model = model(&vocab, Some(0), ByteFallback::No);
    let text = "\u{2581}abab".repeat(50_000);
    let (mut scratch, mut tokens) = (UnigramScratch::default(), Vec::new());
    model
        .encode(&text, &mut scratch, |token| tokens.push(token))
        .unwrap();
    assert_eq!(tokens.len(), 150_000);
    assert!(scratch.ways.capacity() < 64);
}

#[test]
fn an_unknown_character_needs_its_token() {
    let vocab = [("a".to_owned(), -1.0)];
    let model = model(&vocab, None, ByteFallback::No);
    let (mut scratch, mut tokens) = (UnigramScratch::default(), Vec::new());
    model
        .encode("aa", &mut scratch, |token| tokens.push(token))
        .unwrap();
    assert_eq!(tokens.len(), 2);
    let error = model.encode("ab", &mut scratch, |_| {}).unwrap_err();
    let mut ids = Vec::new();
    model.encode_ids(b"aa", &mut scratch, &mut ids).unwrap();
    assert_eq!(ids, [0, 0]);
    let same = model.encode_ids(b"ab", &mut scratch, &mut ids);
    assert_eq!(same.unwrap_err(), error);
    assert_eq!(
        error.to_string(),
        "expected a text that tokens cover, got \"b\": the model has no token for what is \
         unknown, which should be \"unk_id\""
    );
}
