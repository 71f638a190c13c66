//! How many files a process may have open and mapped.
#![expect(unsafe_code, reason = "the limits of the process")]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::guard::MAX_WATCHED;

/// Shards that may be open at a time in this process: half of the files it
/// may open, a quarter of the maps it may have, so that there is room for
/// everybody else.
pub(super) fn max_open() -> usize {
    // 0 before it is found. Two threads may both find it; a child forked
    // meanwhile does not wait for either.
    static FOUND: AtomicUsize = AtomicUsize::new(0);
    let found = FOUND.load(Ordering::Relaxed);
    if found > 0 {
        return found;
    }
    let files = max_files() / 2;
    let maps = max_maps() / 4;
    let n = files.min(maps).clamp(8, MAX_WATCHED / 2);
    FOUND.store(n, Ordering::Relaxed);
    n
}

/// The soft limit on open files.
fn max_files() -> usize {
    // What POSIX grants every process.
    const LEAST: usize = 20;
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: writes to a limit that is there.
    let code = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    match code {
        0 => usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX),
        _ => LEAST,
    }
}

/// The limit on maps, where the system names it.
fn max_maps() -> usize {
    const USUAL: usize = 65_530;
    let text = std::fs::read_to_string("/proc/sys/vm/max_map_count");
    let named = text.ok().and_then(|text| text.trim().parse().ok());
    named.unwrap_or(USUAL)
}
