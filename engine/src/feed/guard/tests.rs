//! Pages that go missing, and processes that are forked meanwhile.

#![expect(unsafe_code, reason = "processes that are forked")]

use std::fs::File;
use std::io::Write as _;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use super::*;
use crate::feed::map::{MappedFile, PageSize};

const PAGE: usize = 4096;
const N_PAGES: usize = 64;

fn pages() -> (File, MappedFile) {
    let file = tempfile::tempfile().unwrap();
    let bytes = vec![7; N_PAGES * PAGE];
    (&file).write_all(&bytes).unwrap();
    let map = MappedFile::new(&file, bytes.len(), PageSize::Usual)
        .unwrap()
        .unwrap();
    (file, map)
}

/// Reads a byte of every page.
fn sum(map: &MappedFile) -> u32 {
    let bytes = (0..N_PAGES).map(|page| {
        let mut byte = [0];
        map.copy(page * PAGE + 9, &mut byte).unwrap();
        u32::from(byte[0])
    });
    bytes.sum()
}

#[test]
fn missing_pages_read_as_zeros_and_are_told_of() {
    install().unwrap();
    let (file, map) = pages();
    let (_other_file, other) = pages();
    assert_eq!(sum(&map), 7 * 64);
    assert!(map.is_whole());
    file.set_len(10 * PAGE as u64).unwrap();
    assert_eq!(sum(&map), 7 * 10);
    assert!(!map.is_whole());
    assert_eq!(sum(&other), 7 * 64);
    assert!(other.is_whole());
}

/// Reads all pages again and again: never zeros without the flag.
fn read_on(map: &MappedFile) {
    for _ in 0..20 {
        let sum = sum(map);
        assert!(sum == 7 * 64 || !map.is_whole(), "{sum}");
    }
}

#[test]
fn whoever_reads_zeros_finds_the_flag() {
    install().unwrap();
    for _ in 0..50 {
        let (file, map) = pages();
        let map = Arc::new(map);
        let barrier = Arc::new(Barrier::new(5));
        let run = || {
            let (map, barrier) = (map.clone(), barrier.clone());
            thread::spawn(move || {
                barrier.wait();
                read_on(&map);
            })
        };
        let threads: Vec<_> = (0..4).map(|_| run()).collect();
        barrier.wait();
        file.set_len(PAGE as u64).unwrap();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(sum(&map), 7);
        assert!(!map.is_whole());
    }
}

#[test]
fn entries_are_used_again_and_come_unmarked() {
    install().unwrap();
    for _ in 0..3 {
        let maps: Vec<_> = (0..40).map(|_| pages()).collect();
        for (file, map) in maps.iter().step_by(2) {
            file.set_len(0).unwrap();
            assert_eq!(sum(map), 0);
        }
        for (index, (_, map)) in maps.iter().enumerate() {
            assert_eq!(map.is_whole(), index % 2 == 1);
        }
    }
    assert!(n_watched() < MAX_WATCHED);
}

/// What becomes of a process that `act` is done in, forked from this one:
/// its exit status, `None` if it does not end in time.
fn forked(act: impl FnOnce()) -> Option<c_int> {
    // SAFETY: the child does what `act` does, with its own copy of all
    // there is, and ends without returning to the tests.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", io::Error::last_os_error());
    if child == 0 {
        act();
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(0) };
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut status = 0;
    loop {
        // SAFETY: waits for a child of ours, and writes to a status.
        let ended = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
        match ended {
            0 if Instant::now() < deadline => thread::sleep(Duration::from_micros(200)),
            0 => break,
            _ => return Some(status),
        }
    }
    // SAFETY: ends a child of ours, which is waited for.
    unsafe { libc::kill(child, libc::SIGKILL) };
    // SAFETY: as above.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    None
}

#[test]
fn children_forked_while_threads_map_and_unmap_do_so_too() {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let watches = [0, 1, 2].map(|_| Watch::new(0, 0).unwrap());
                    drop(watches);
                }
            });
        }
        let ends = [(); 200].map(|()| {
            forked(|| {
                let watches = [0, 1, 2].map(|_| Watch::new(0, 0));
                drop(watches);
                n_watched();
            })
        });
        over.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(|end| *end == Some(0)), "{ends:?}");
    });
}

#[test]
fn a_child_of_a_process_that_was_installing_installs() {
    let end = forked(|| {
        // As it is where another thread of the parent was at it.
        INSTALLING.store(std::process::id() - 1, Ordering::SeqCst);
        // SAFETY: all zeros are the default action.
        let default: libc::sigaction = unsafe { mem::zeroed() };
        // SAFETY: both pointers are right for the call; the process is
        // this test's own.
        unsafe { libc::sigaction(libc::SIGBUS, &raw const default, ptr::null_mut()) };
        let done = install().is_ok() && current().is_ok_and(|action| is_ours(&action));
        if !done || INSTALLING.load(Ordering::SeqCst) != 0 {
            // SAFETY: ends the process at once.
            unsafe { libc::_exit(1) };
        }
    });
    assert_eq!(end, Some(0));
}

/// Takes two entries again and again, and finds nobody else with them.
fn take_turns(in_use: &[AtomicBool]) {
    for _ in 0..20_000 {
        let watches = [0, 1].map(|_| Watch::new(0, 0).unwrap());
        for used in [true, false] {
            let was = |watch: &Watch| in_use[watch.index].swap(used, Ordering::Relaxed);
            assert!(watches.iter().all(|watch| was(watch) != used));
        }
    }
}

#[test]
fn entries_are_one_threads_at_a_time() {
    let in_use: Vec<AtomicBool> = (0..MAX_WATCHED).map(|_| AtomicBool::new(false)).collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| take_turns(&in_use));
        }
    });
}
