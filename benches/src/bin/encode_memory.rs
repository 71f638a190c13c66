//! Encodes a stream of words that are all different, for `peers/` to see whether
//! memory stays flat.
//!
//! `encode_memory TOKENIZER MEGABYTES`: a built-in tokenizer or a tokenizer's
//! file. Prints a line of JSON twenty times on the way: megabytes encoded, memory
//! of the process, and what the encoder holds of it, in MiB.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::fs::read_to_string;
use std::path::Path;

use fuelrail::plan::TokenizerRef;
use fuelrail::run::load_tokenizer;
use fuelrail_kernels::tokenize::{Encoder, Special};

/// Bytes of a document.
const DOCUMENT: usize = 1_000_000;

/// Times that memory is looked at.
const LOOKS: usize = 20;

/// The first letter and the number of letters of some alphabets.
const ALPHABETS: [(u32, u32); 6] = [
    ('a' as u32, 26),
    ('a' as u32, 26),
    ('\u{430}' as u32, 32),
    ('\u{3b1}' as u32, 25),
    ('\u{4e00}' as u32, 4096),
    ('\u{ac00}' as u32, 2048),
];

/// Bits of the number of a word.
const BITS: u32 = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, megabytes] = &arguments[..] else {
        return Err("expected `TOKENIZER MEGABYTES`".into());
    };
    let named = TokenizerRef {
        name: name.clone(),
        family: None,
    };
    let mut encoder = Encoder::new(load_tokenizer(&named, Path::new(""))?);
    let each = (megabytes.parse::<usize>()? * 1_000_000).div_ceil(LOOKS);
    let (mut words, mut ids, mut n_bytes) = (Words::default(), Vec::new(), 0);
    let mut document = String::new();
    for look in 1..=LOOKS {
        while n_bytes < look * each {
            document.clear();
            words.write(&mut document);
            ids.clear();
            encoder.encode(&document, Special::Text, &mut ids)?;
            n_bytes += document.len();
        }
        let report = serde_json::json!({
            "megabytes": n_bytes / 1_000_000,
            "process_mib": process_kib()? / 1024,
            "encoder_mib": encoder.len_bytes() >> 20,
        });
        println!("{report}");
    }
    Ok(())
}

/// Words, no two of them the same.
#[derive(Default)]
struct Words {
    n: u64,
}

impl Words {
    /// Appends words up to the length of a document.
    fn write(&mut self, document: &mut String) {
        while document.len() < DOCUMENT {
            self.n += 1;
            // An odd factor tells all numbers of so many bits apart.
            let mut left = self.n.wrapping_mul(0x9e_3779_b97f) & ((1 << BITS) - 1);
            let kind = self.n % 16;
            // Every few words there is no space, so that words are long.
            if kind < 12 {
                document.push(' ');
            }
            let (first, n_letters) = ALPHABETS[(kind % 6) as usize];
            while left > 0 {
                let letter = u32::try_from(left % u64::from(n_letters)).unwrap_or_default();
                document.extend(char::from_u32(first + letter));
                left /= u64::from(n_letters);
            }
        }
    }
}

/// The memory of this process that is in use.
fn process_kib() -> Result<u64, Box<dyn Error>> {
    let status = read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("expected VmRSS in /proc/self/status")?.parse()?)
}
