//! Text that reads a little like prose, made from a seed.

use std::fmt::Write;

const WORDS: &[&str] = &[
    "the",
    "a",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "it",
    "was",
    "for",
    "on",
    "are",
    "as",
    "with",
    "his",
    "they",
    "at",
    "be",
    "this",
    "from",
    "have",
    "or",
    "by",
    "one",
    "had",
    "not",
    "but",
    "what",
    "all",
    "were",
    "when",
    "we",
    "there",
    "can",
    "an",
    "your",
    "which",
    "their",
    "if",
    "do",
    "will",
    "each",
    "about",
    "how",
    "up",
    "out",
    "them",
    "then",
    "she",
    "many",
    "fuel",
    "rail",
    "shard",
    "tensor",
    "gradient",
    "kernel",
    "training",
    "checkpoint",
    "tokenizer",
    "Reproducibility",
    "naïve",
    "Übergröße",
    "данные",
    "数据",
    "🙂",
    "don't",
    "they're",
    "3.14159",
    "2026",
    "x_i+1",
    "fn main()",
    "https",
    "\t",
    "\"quoted\"",
];

/// A small generator of numbers: `SplitMix64`, the same for the same seed.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The generator of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is at least 1.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next_u64() % n.max(1) as u64).unwrap_or(0)
    }
}

/// One document of about `n_words` words.
#[must_use]
pub fn document(random: &mut Random, n_words: usize) -> String {
    let mut text = String::new();
    for i in 0..n_words {
        let word = WORDS[random.below(WORDS.len())];
        let gap = match random.below(17) {
            _ if i == 0 => "",
            0 => ". ",
            1 => ",\n",
            2 => "\n\n",
            _ => " ",
        };
        text.push_str(gap);
        text.push_str(word);
    }
    text
}

/// `n` documents as JSONL with the columns `id` and `text`.
#[must_use]
pub fn jsonl(random: &mut Random, n: usize, longest: usize) -> String {
    let mut lines = String::new();
    for id in 0..n {
        let n_words = random.below(longest);
        let text = serde_json::Value::from(document(random, n_words));
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{{\"id\":{id},\"text\":{text}}}");
    }
    lines
}
