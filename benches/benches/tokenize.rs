//! `tokenize`: bytes of text a second on one thread, and how long tokenizers
//! take to load. The peers are in `benches/peers/encode_speed.py`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main,
};
use fuelrail_kernels::tokenize::{Encoder, Special, Tokenizer};

/// Words by falling frequency, so that a text has the few frequent and the
/// many rare ones of prose.
fn words(n_words: usize, letters: &[char]) -> Vec<String> {
    let mut random = Random(7);
    (0..n_words)
        .map(|_| {
            let len = 1 + random.below(9);
            (0..len)
                .map(|_| letters[random.below(letters.len())])
                .collect()
        })
        .collect()
}

fn text(words: &[String], len_bytes: usize) -> String {
    let mut random = Random(11);
    let mut text = String::new();
    while text.len() < len_bytes {
        // The smaller of several draws: a rough Zipf.
        let nth = (0..6).fold(words.len(), |least, _| least.min(random.below(words.len())));
        text.push_str(&words[nth]);
        text.push_str(match random.below(12) {
            0 => ", ",
            1 => ".\n\n",
            2 => " 2026 ",
            _ => " ",
        });
    }
    text
}

/// A linear congruential generator, for the same text everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }
}

fn texts() -> Vec<(&'static str, String)> {
    let latin: Vec<char> = "eeetttaaoinshrdlucmfwypvbgk".chars().collect();
    let han: Vec<char> = ('一'..='丿').collect();
    let mixed: Vec<char> = latin
        .iter()
        .copied()
        .chain('а'..='я')
        .chain('א'..='ת')
        .collect();
    vec![
        ("latin", text(&words(30_000, &latin), 1 << 20)),
        ("mixed", text(&words(30_000, &mixed), 1 << 20)),
        ("han", text(&words(30_000, &han), 1 << 20)),
        ("run", "a".repeat(1 << 20)),
    ]
}

fn encode(c: &mut Criterion) {
    for name in ["cl100k_base", "o200k_base"] {
        let Some(tokenizer) = Tokenizer::builtin(name).map(Arc::new) else {
            continue;
        };
        let mut group = c.benchmark_group(format!("tokenize/{name}"));
        group.sample_size(10);
        for (kind, text) in texts() {
            group.throughput(Throughput::Bytes(text.len() as u64));
            encode_text(&mut group, &tokenizer, kind, &text);
        }
        group.finish();
    }
}

/// Cold is an encoder that remembers nothing, warm one that met the text.
fn encode_text(
    group: &mut BenchmarkGroup<'_, WallTime>,
    tokenizer: &Arc<Tokenizer>,
    kind: &str,
    text: &str,
) {
    group.bench_function(format!("{kind}/cold"), |bench| {
        bench.iter_batched_ref(
            || (Encoder::new(Arc::clone(tokenizer)), Vec::new()),
            |(encoder, ids)| encoder.encode(black_box(text), Special::Text, ids),
            BatchSize::PerIteration,
        );
    });
    let mut encoder = Encoder::new(Arc::clone(tokenizer));
    let mut ids = Vec::new();
    group.bench_function(format!("{kind}/warm"), |bench| {
        bench.iter(|| {
            ids.clear();
            encoder.encode(black_box(text), Special::Text, &mut ids)
        });
    });
}

fn load(c: &mut Criterion) {
    let mut group = c.benchmark_group("tokenize/load");
    group.sample_size(10);
    for name in ["cl100k_base", "o200k_base"] {
        group.bench_function(format!("builtin/{name}"), |bench| {
            bench.iter(|| Tokenizer::builtin(black_box(name)));
        });
        let asset = Tokenizer::builtin(name).map(|tokenizer| tokenizer.asset());
        group.bench_function(format!("tiktoken/{name}"), |bench| {
            let bytes = asset.as_ref().map_or(&[][..], |asset| &asset.bytes);
            bench.iter(|| Tokenizer::from_tiktoken(black_box(bytes), name));
        });
    }
    group.finish();
}

criterion_group!(benches, encode, load);
criterion_main!(benches);
