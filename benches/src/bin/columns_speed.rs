//! Times `normalize`, `cast` and searches on columns, on the core it is pinned to.
//!
//! - `columns_speed copy ROUNDS`: kernels beside `memcpy` in interleaved
//!   rounds, far beyond the caches, and in cache; prints medians of CPU time as
//!   JSON.
//!   Results are compared with the scalar reference first.
//! - `columns_speed serve KERNEL SRC DST [MEAN STD]...`: for scripts under
//!   `peers/`; reads one column after another from the file SRC, whose columns
//!   are of equal length, then for each line on standard input runs the kernel
//!   and prints the seconds of CPU time it took; writes the results to DST in the end.
//!   KERNEL is `normalize:FROM:TO`, `cast:FROM:TO` or, to count edges, 0 and so on
//!   in steps of STD and MEAN of them, `search:FROM:TO`.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "numbers to compute with are made up; bytes are far below 2^53"
)]

use std::error::Error;
use std::hint::black_box;
use std::io::Write as _;

use fuelrail_kernels::cast::Cast;
use fuelrail_kernels::map::{Edge, Map, Side};
use fuelrail_kernels::normalize::Numbers;
use fuelrail_kernels::{Element, Kernel, Level};
use serde_json::{Value, json};

/// Bytes read, or written if those are more, far beyond the caches.
const LARGE: usize = 128 << 20;

/// The same within the second level of caches.
const SMALL: usize = 256 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["copy", rounds] => copy(rounds.parse()?),
        ["serve", kernel, src, dst, constants @ ..] => serve(kernel, (src, dst), constants),
        _ => Err("expected `copy ROUNDS` or `serve KERNEL SRC DST [MEAN STD]...`".into()),
    }
}

/// The kernel of a name such as `normalize:float32:float16`.
fn kernel(name: &str, constants: (f64, f64)) -> Result<Kernel, Box<dyn Error>> {
    let element = |name: &str| {
        let found = Element::ALL.into_iter().find(|of| of.name() == name);
        found.ok_or_else(|| format!("expected a type of number, got {name}"))
    };
    let parts: Vec<&str> = name.split(':').collect();
    let [op, from, to] = parts.as_slice() else {
        return Err(format!("expected OP:FROM:TO, got {name}").into());
    };
    let (from, to) = (element(from)?, element(to)?);
    match *op {
        "cast" => Ok(Kernel::Cast(Cast { from, to })),
        "normalize" => {
            let numbers = Numbers::new((from, to), constants, None)?;
            Ok(Kernel::NormalizeNumbers(numbers))
        }
        "search" => {
            let (n, step) = constants;
            let edges = (0..n as u32).map(|edge| Edge::Real(f64::from(edge) * step));
            let edges: Vec<Edge> = edges.collect();
            let map = Map::read(from).search(&edges, Side::Right)?.write(to)?;
            Ok(Kernel::Map(map.into()))
        }
        other => Err(format!("expected normalize, cast or search, got {other}").into()),
    }
}

fn copy(rounds: usize) -> Result<(), Box<dyn Error>> {
    let names = [
        "normalize:float32:float32",
        "normalize:float64:float64",
        "normalize:float32:float16",
        "normalize:float16:float16",
        "normalize:int32:float32",
        "cast:uint16:int32",
        "cast:uint16:int64",
        "cast:int64:int32",
        "cast:float32:float16",
        "cast:float32:bfloat16",
        "cast:float16:float32",
        "cast:float32:int32",
        "cast:float32:uint8",
    ];
    let mut out = Vec::new();
    for name in names {
        let kernel = kernel(name, (0.5, 0.25))?;
        for (place, len_bytes, repeats) in [("memory", LARGE, 1), ("cache", SMALL, 200)] {
            let row = beside_copy(&kernel, len_bytes, repeats, rounds)?;
            let mut row = row.as_object().cloned().unwrap_or_default();
            row.insert("kernel".to_owned(), json!(name));
            row.insert("place".to_owned(), json!(place));
            out.push(Value::Object(row));
        }
    }
    println!(
        "{}",
        json!({"level": Level::best().name(), "rounds": rounds, "rows": out})
    );
    Ok(())
}

/// Gigabytes a second, read and written, of the kernel and of `memcpy`.
fn beside_copy(
    kernel: &Kernel,
    len_bytes: usize,
    repeats: usize,
    rounds: usize,
) -> Result<Value, Box<dyn Error>> {
    let (from, to) = (kernel.src_item_bytes(), kernel.dst_item_bytes());
    let n = len_bytes / from.max(to);
    let src = column(kernel, n);
    let mut dst = vec![1u8; n * to];
    check(kernel, &src[..src.len().min(from << 20)])?;
    // A copy of as many bytes, half of them read and half written.
    let half = n * (from + to) / 2;
    let plain = vec![2u8; half];
    let mut copied = vec![3u8; half];
    let [mut ours, mut theirs] = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        let start = cpu_seconds()?;
        for _ in 0..repeats {
            black_box(kernel.run(Level::best(), black_box(&src), &mut dst)?);
        }
        ours.push(cpu_seconds()? - start);
        black_box(&dst);
        let start = cpu_seconds()?;
        for _ in 0..repeats {
            copied.copy_from_slice(black_box(&plain));
            black_box(&copied);
        }
        theirs.push(cpu_seconds()? - start);
    }
    let mut ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(a, b)| b / a).collect();
    let ratio = median(&mut ratios);
    let speed = |times: &mut Vec<f64>| (2 * half * repeats) as f64 / median(times) / 1e9;
    let (ours, theirs) = (speed(&mut ours), speed(&mut theirs));
    Ok(json!({"gb_s": ours, "copy_gb_s": theirs, "ratio": ratio}))
}

/// Numbers that are neither all alike nor beyond small types.
fn column(kernel: &Kernel, n: usize) -> Vec<u8> {
    let from = match kernel {
        Kernel::Cast(cast) => cast.from,
        Kernel::NormalizeNumbers(numbers) => numbers.from,
        Kernel::Map(map) => map.from(),
        Kernel::NormalizeImages(_) | Kernel::FixedRow(_) => Element::U8,
    };
    let small = (0..n).map(|index| (index as u32).wrapping_mul(2_654_435_761) >> 25);
    match from {
        Element::F16 => small
            .flat_map(|x| (0x3c00 + x as u16).to_le_bytes())
            .collect(),
        Element::F32 => small.flat_map(|x| (x as f32).to_le_bytes()).collect(),
        Element::F64 => small.flat_map(|x| f64::from(x).to_le_bytes()).collect(),
        _ => {
            let bytes = small.map(|x| u64::from(x).to_le_bytes());
            bytes
                .flat_map(|x| x.into_iter().take(from.len_bytes()))
                .collect()
        }
    }
}

/// The level that is timed gives what the scalar reference gives.
fn check(kernel: &Kernel, src: &[u8]) -> Result<(), Box<dyn Error>> {
    let len_bytes = src.len() / kernel.src_item_bytes() * kernel.dst_item_bytes();
    let [mut want, mut got] = [vec![0; len_bytes], vec![1; len_bytes]];
    kernel.run(Level::SCALAR, src, &mut want)?;
    kernel.run(Level::best(), src, &mut got)?;
    if want == got {
        Ok(())
    } else {
        Err("expected the bits of the scalar reference".into())
    }
}

/// Seconds this thread has had a core: on a machine that does nothing else,
/// the time that passes.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    // Without a change of task, the count lags by a tick.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split_whitespace().next().ok_or("expected a count")?;
    Ok(nanoseconds.parse::<u64>()? as f64 / 1e9)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn serve(name: &str, (src, dst): (&str, &str), rest: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut kernels = Vec::new();
    for pair in rest.chunks(2) {
        let [mean, std] = pair else {
            return Err("expected a standard deviation after each mean".into());
        };
        kernels.push(kernel(name, (mean.parse()?, std.parse()?))?);
    }
    if kernels.is_empty() {
        kernels.push(kernel(name, (0.0, 1.0))?);
    }
    let data = std::fs::read(src)?;
    let column = data.len() / kernels.len();
    let n = column / kernels[0].src_item_bytes();
    let mut out = vec![vec![0u8; n * kernels[0].dst_item_bytes()]; kernels.len()];
    for line in std::io::stdin().lines() {
        line?;
        let start = cpu_seconds()?;
        for ((kernel, src), dst) in kernels.iter().zip(data.chunks(column)).zip(&mut out) {
            black_box(kernel.run(Level::best(), src, dst)?);
        }
        println!("{}", cpu_seconds()? - start);
        std::io::stdout().flush()?;
    }
    std::fs::write(dst, out.concat())?;
    Ok(())
}
