//! The targets over their committed seeds, and over seeds that are damaged.

use std::path::Path;
use std::time::{Duration, Instant};

/// How often each seed of a tokenizer's file is damaged.
const N_DAMAGED: usize = 150;
/// What one input may take on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(20);

type Target = fn(&[u8]);

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(name);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|seed| seed.unwrap().path())
        .collect();
    assert!(!paths.is_empty(), "no seeds in {}", folder.display());
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

#[test]
fn seeds_of_every_target() {
    let targets: [(&str, Target); 15] = [
        ("chat_template", super::chat_template),
        ("gpt2_files", super::gpt2_files),
        ("jsonl", super::jsonl),
        ("manifest", super::manifest),
        ("model_settings", super::model_settings),
        ("pattern", super::pattern),
        ("pipeline", super::pipeline),
        ("sentencepiece", super::sentencepiece),
        ("shard", super::shard),
        ("state", super::state),
        ("tar", super::tar),
        ("tiktoken", super::tiktoken),
        ("tiktoken_json", super::tiktoken_json),
        ("tokenizer_json", super::tokenizer_json),
        ("vocab_txt", super::vocab_txt),
    ];
    for (name, target) in targets {
        for seed in seeds(name) {
            target(&seed);
        }
    }
}

/// Numbers by chance, the same ones in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n.max(1)
    }

    /// Takes out, doubles, moves or overwrites some of a file.
    fn damage(&mut self, file: &mut Vec<u8>) {
        const ODD: [&[u8]; 12] = [
            b"\0",
            b"\xff",
            b"\xed\xa0\x80",
            b"{",
            b"[[",
            b"\"",
            b"-1",
            b"1e999",
            b"4294967295",
            b"null",
            b"{1,99999}",
            b"\n",
        ];
        let start = self.below(file.len() + 1);
        let end = (start + self.below(20)).min(file.len());
        match self.below(6) {
            0 => file.truncate(start),
            1 => drop(file.drain(start..end)),
            2 => {
                let again = file[start..end].to_vec();
                file.splice(start..start, again);
            }
            3 => {
                let moved: Vec<u8> = file.drain(start..end).collect();
                let to = self.below(file.len() + 1);
                file.splice(to..to, moved);
            }
            4 => {
                let odd = ODD[self.below(ODD.len())];
                file.splice(start..end, odd.iter().copied());
            }
            _ => {
                if let Some(byte) = file.get_mut(start) {
                    *byte ^= 1 << self.below(8);
                }
            }
        }
    }
}

#[test]
fn damaged_files_of_tokenizers_do_no_harm() {
    let targets: [(&str, Target); 9] = [
        ("chat_template", super::chat_template),
        ("gpt2_files", super::gpt2_files),
        ("model_settings", super::model_settings),
        ("pattern", super::pattern),
        ("sentencepiece", super::sentencepiece),
        ("tiktoken", super::tiktoken),
        ("tiktoken_json", super::tiktoken_json),
        ("tokenizer_json", super::tokenizer_json),
        ("vocab_txt", super::vocab_txt),
    ];
    let mut chance = Chance(12);
    for (name, target) in targets {
        for seed in seeds(name) {
            for _ in 0..N_DAMAGED {
                let mut file = seed.clone();
                for _ in 0..=chance.below(3) {
                    chance.damage(&mut file);
                }
                let started = Instant::now();
                target(&file);
                let took = started.elapsed();
                let shown = String::from_utf8_lossy(&file);
                assert!(took < TIME_MAX, "{name} took {took:?} for {shown}");
            }
        }
    }
}
