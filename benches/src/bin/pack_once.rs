//! Packs documents whose lengths stand in a file, for the peers' bench: both
//! sides get the same lengths and copy their tokens into rows.
//!
//! Usage: `pack_once LENGTHS.u32 ROW_LENGTH ROUNDS`; prints one JSON object
//! with the rows, the fill and the processor seconds of each round.

use std::error::Error;
use std::io::Write;

use fuelrail_benches::thread_cpu_seconds;
use fuelrail_kernels::pack::{CutRule, Padding, PaddingExtent, best_fit, cut, gather};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(length), Some(rounds)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: pack_once LENGTHS.u32 ROW_LENGTH ROUNDS".into());
    };
    let (length, rounds): (u32, u32) = (length.parse()?, rounds.parse()?);
    let lens: Vec<u32> = std::fs::read(path)?
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
        .collect();
    let longest = lens.iter().copied().max().unwrap_or(0);
    let tokens: Vec<u32> = (0..longest).collect();
    let n_tokens: u64 = lens.iter().map(|&len| u64::from(len)).sum();
    let mut seconds = Vec::new();
    let (mut n_rows, mut checksum) = (0, 0_u64);
    for _ in 0..rounds {
        let start = thread_cpu_seconds()?;
        let rows = best_fit(&cut(&lens, length, CutRule::Split), length);
        let packed = gather(
            (0..rows.n_rows()).map(|row| rows.row(row)),
            length,
            Padding {
                token: 0,
                extent: PaddingExtent::Behind,
            },
            |doc| &tokens[..lens[doc as usize] as usize],
        );
        seconds.push(thread_cpu_seconds()? - start);
        n_rows = rows.n_rows();
        checksum = packed.tokens.iter().map(|&token| u64::from(token)).sum();
    }
    let expected: u64 = lens.iter().map(|&len| triangle(u64::from(len))).sum();
    if checksum != expected {
        return Err("packing lost or repeated tokens".into());
    }
    let report = serde_json::json!({
        "tokens": n_tokens,
        "rows": n_rows,
        "length": length,
        "cpu_seconds": seconds,
    });
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// The sum of `0..n`.
fn triangle(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}
