//! A process for tests of what happens at a SIGBUS: `sigbus MODE DATASET`.
//!
//! - `read`: reads all rows and prints a digest of them;
//! - `sent`: reads, then is sent SIGBUS;
//! - `foreign`: reads, then reads a map of its own whose file was cut off;
//! - `before`: the same, with a handler of its own that was there before;
//! - `after`: the same, with one that came after and passes on what it does
//!   not know; meanwhile the dataset's last shard is cut off and read.
#![expect(
    unsafe_code,
    clippy::print_stdout,
    reason = "signal handlers and a map of its own"
)]

use std::error::Error;
use std::ffi::{c_int, c_void};
use std::fs::File;
use std::process::Command;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fuelrail::ErrorKind;
use fuelrail::feed::{ReadOptions, Reader, Shards};
use twox_hash::XxHash3_128;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The handler that was there when one of ours was installed.
static BEFORE: AtomicUsize = AtomicUsize::new(0);

fn main() -> Outcome<()> {
    let mut args = std::env::args().skip(1);
    let mode = args.next().ok_or("expected a mode")?;
    let root = args.next().ok_or("expected a dataset")?;
    if mode == "before" {
        install(on_fault_exit)?;
    }
    let shards = Arc::new(Shards::open(&root)?);
    let reader = Reader::new(shards.clone(), &ReadOptions::default())?;
    let rows: Vec<u64> = (0..shards.n_rows()).collect();
    let mut hasher = XxHash3_128::new();
    for rows in rows.chunks(64) {
        let read = reader.read(rows)?;
        read.tensors().for_each(|tensor| hasher.write(tensor.bytes));
    }
    println!("{:032x}", hasher.finish_128());
    match mode.as_str() {
        "read" => {}
        "sent" => {
            let id = std::process::id().to_string();
            // The handler of Rust's own lets one pass that nobody's fault was.
            for _ in 0..2 {
                Command::new("kill").args(["-BUS", &id]).status()?;
            }
        }
        "foreign" | "before" => fault()?,
        "after" => {
            install(on_fault_pass_on)?;
            let last = shards.dataset().manifest().shards.last();
            let last = last.ok_or("expected a shard")?;
            let path = shards.dataset().root().join("shards").join(last.name());
            File::options().write(true).open(path)?.set_len(8192)?;
            let error = reader.read(&rows).err().ok_or("expected an error")?;
            if error.kind() != ErrorKind::Damage {
                return Err(error.into());
            }
            println!("damage");
            fault()?;
        }
        other => return Err(format!("expected a mode, got {other}").into()),
    }
    Ok(())
}

/// Reads a page that its file no longer has.
fn fault() -> Outcome<()> {
    let file = tempfile::tempfile()?;
    file.set_len(4096)?;
    // SAFETY: a new map anywhere, of a file that stays open.
    let map = unsafe {
        libc::mmap(
            ptr::null_mut(),
            4096,
            libc::PROT_READ,
            libc::MAP_SHARED,
            std::os::fd::AsRawFd::as_raw_fd(&file),
            0,
        )
    };
    if map == libc::MAP_FAILED {
        return Err("cannot map".into());
    }
    file.set_len(0)?;
    // SAFETY: the page is mapped; that reading it is a SIGBUS is the point.
    let byte = unsafe { map.cast::<u8>().read_volatile() };
    Err(format!("read {byte} from a page that is gone").into())
}

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

fn install(handler: Handler) -> Outcome<()> {
    // SAFETY: all zeros are the default action.
    let mut ours: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: as before.
    let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
    ours.sa_sigaction = handler as *const () as usize;
    ours.sa_flags = libc::SA_SIGINFO;
    // SAFETY: both actions are there.
    let code = unsafe { libc::sigaction(libc::SIGBUS, &raw const ours, &raw mut before) };
    BEFORE.store(before.sa_sigaction, Ordering::SeqCst);
    if code == 0 {
        Ok(())
    } else {
        Err("cannot install a handler".into())
    }
}

extern "C" fn on_fault_exit(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: ends the process, as a handler may.
    unsafe { libc::_exit(42) };
}

extern "C" fn on_fault_pass_on(signal: c_int, about: *mut libc::siginfo_t, context: *mut c_void) {
    let before = BEFORE.load(Ordering::SeqCst);
    // SAFETY: the handler that was there takes three arguments.
    let before = unsafe { std::mem::transmute::<usize, Handler>(before) };
    before(signal, about, context);
}
