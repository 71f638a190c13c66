//! Reads shuffled rows in batches of 64 on one thread and prints rows per
//! second, batch after batch of whole epochs:
//! `cargo run --release -p fuelrail-benches --example gather -- DATASET [EPOCHS [first|every|off]]`;
//! without a dataset, 1 GiB of tokens are written to a folder that goes again.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it prints what it measures, rounded"
)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use fuelrail::feed::{ReadOptions, Reader, Rows, Shards, Verify};
use fuelrail_benches::shards::{tokens, write};
use fuelrail_benches::thread_cpu_seconds;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let dataset = args.next();
    let n_epochs: usize = args.next().map_or(Ok(4), |n| n.parse())?;
    let verify = match args.next().as_deref() {
        None | Some("first") => Verify::First,
        Some("every") => Verify::Every,
        Some("off") => Verify::Off,
        Some(other) => return Err(format!("expected first, every or off, got {other}").into()),
    };
    let Some(root) = dataset else {
        let dir = tempfile::tempdir()?;
        write(dir.path(), &tokens()?, 256, 256 << 20)?;
        return measure(dir.path(), n_epochs, verify);
    };
    measure(Path::new(&root), n_epochs, verify)
}

fn measure(root: &Path, n_epochs: usize, verify: Verify) -> Result<(), Box<dyn Error>> {
    let shards = Arc::new(Shards::open(root)?);
    let options = ReadOptions {
        verify,
        ..ReadOptions::default()
    };
    let reader = Reader::new(shards.clone(), &options)?;
    let mut order: Vec<u64> = (0..shards.n_rows()).collect();
    // The ring of a loader: two batches ahead, two held.
    let mut ring: [Rows; 4] = Default::default();
    for epoch in 0..n_epochs {
        let mut state = epoch as u64 + 1;
        for index in (1..order.len()).rev() {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let other = usize::try_from(state >> 20)? % (index + 1);
            order.swap(index, other);
        }
        let (start, cpu) = (Instant::now(), thread_cpu_seconds()?);
        let mut len_bytes = 0;
        for (batch, rows) in order.chunks(64).enumerate() {
            let slot = &mut ring[batch % 4];
            reader.read_into(rows, slot)?;
            len_bytes += slot.tensors().map(|t| t.bytes.len()).sum::<usize>();
        }
        let seconds = start.elapsed().as_secs_f64();
        let cpu = thread_cpu_seconds()? - cpu;
        println!(
            "epoch {epoch}: {:.0} k rows/s, {:.2} GB/s; of processor time {:.0} k rows/s, {:.2} us \
             a batch",
            order.len() as f64 / seconds / 1e3,
            len_bytes as f64 / seconds / 1e9,
            order.len() as f64 / cpu / 1e3,
            cpu * 1e6 / order.len().div_ceil(64) as f64,
        );
    }
    Ok(())
}
