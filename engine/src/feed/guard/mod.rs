//! Turns the signal for a page that a file no longer has into a flag.
//!
//! Reading a mapped page behind the end of a file, or one that the disk cannot
//! give, raises SIGBUS. The handler here looks for the address among the
//! watched maps. If it is in one, it sets that map's flag, puts a page of
//! zeros where the missing one is, and lets the read go on; whoever has read
//! looks at the flag before it uses what it got. The flag is set before the
//! page is there, so nobody can read its zeros and find the flag unset. Every
//! other SIGBUS goes to the handler that was there before, or ends the process
//! as it would have.
//!
//! The handler takes no lock and allocates nothing. Its table has a fixed
//! size; an entry is read twice around, so that one that changes hands is
//! never taken for a map it does not hold.
//!
//! Nobody else takes a lock either that a thread could leave locked in a forked
//! child, which does not have that thread: the child maps shards of its own.
#![expect(unsafe_code, reason = "signal handlers, and a page mapped by one")]
#![expect(
    clippy::cast_possible_truncation,
    reason = "the number of a thread is compared, never counted with; those of entries are small"
)]

use std::ffi::{c_int, c_void};
use std::io;
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
use std::thread;

/// Maps that can be watched at a time.
pub(super) const MAX_WATCHED: usize = 32 * 1024;

/// Threads that can be in another handler at a time and still be told apart.
const MAX_CHAINING: usize = 64;

/// A watched range of addresses.
struct Entry {
    /// Odd while the entry is in use; changes whenever that does.
    turn: AtomicUsize,
    start: AtomicUsize,
    end: AtomicUsize,
    poisoned: AtomicBool,
    /// While the entry is free: one more than the next that is, 0 for none.
    next: AtomicU32,
}

static TABLE: [Entry; MAX_WATCHED] = [const {
    Entry {
        turn: AtomicUsize::new(0),
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        poisoned: AtomicBool::new(false),
        next: AtomicU32::new(0),
    }
}; MAX_WATCHED];

/// Entries from here on were never used.
static N_USED: AtomicUsize = AtomicUsize::new(0);

/// The first of the entries that were given back, in the lower half: one more
/// than its index, 0 for none. The upper half changes each time, so that who
/// has read the first and its next notices that both have changed hands.
static FREE: AtomicU64 = AtomicU64::new(0);

/// Entries that are in use.
static N_WATCHED: AtomicUsize = AtomicUsize::new(0);

/// Bytes of a page; 0 before the handler is there.
static PAGE_BYTES: AtomicUsize = AtomicUsize::new(0);

/// The action there was before the handler came first, never freed.
static FIRST: AtomicPtr<libc::sigaction> = AtomicPtr::new(ptr::null_mut());

/// The action there was before it came last, never freed.
static LATEST: AtomicPtr<libc::sigaction> = AtomicPtr::new(ptr::null_mut());

/// The threads that are in a handler that this one has called.
static CHAINING: [AtomicUsize; MAX_CHAINING] = [const { AtomicUsize::new(0) }; MAX_CHAINING];

/// The process of the thread that installs; 0 for none. Of two that did so at
/// once, one could undo what a foreign handler has put in place between them.
static INSTALLING: AtomicU32 = AtomicU32::new(0);

/// A range of addresses that is watched as long as this lives.
#[derive(Debug)]
pub(super) struct Watch {
    index: usize,
}

impl Watch {
    /// Watches `len` bytes from the address `start`, the whole pages of a map.
    /// `None` if too many are watched already.
    pub(super) fn new(start: usize, len: usize) -> Option<Self> {
        let index = take_free().or_else(|| {
            let one_more = |n| (n < MAX_WATCHED).then_some(n + 1);
            N_USED
                .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more)
                .ok()
        })?;
        N_WATCHED.fetch_add(1, Ordering::Relaxed);
        let entry = &TABLE[index];
        entry.start.store(start, Ordering::Relaxed);
        entry
            .end
            .store(start.saturating_add(len), Ordering::Relaxed);
        entry.poisoned.store(false, Ordering::Relaxed);
        entry.turn.fetch_add(1, Ordering::Release);
        Some(Self { index })
    }

    /// Whether a page of the range was missing. What was read before this is
    /// called is right if this gives false.
    pub(super) fn is_poisoned(&self) -> bool {
        // The reads come first, then the flag.
        fence(Ordering::SeqCst);
        TABLE[self.index].poisoned.load(Ordering::SeqCst)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Even from here on, before anything of the entry changes.
        TABLE[self.index].turn.fetch_add(1, Ordering::SeqCst);
        N_WATCHED.fetch_sub(1, Ordering::Relaxed);
        put_free(self.index);
    }
}

/// Maps that are watched now.
pub(super) fn n_watched() -> usize {
    N_WATCHED.load(Ordering::Relaxed)
}

/// Takes the first of the free entries.
fn take_free() -> Option<usize> {
    let after = |free: u64| {
        let index = first(free)?;
        let next = TABLE[index].next.load(Ordering::Relaxed);
        Some(changed(free, next))
    };
    let before = FREE.fetch_update(Ordering::AcqRel, Ordering::Acquire, after);
    first(before.ok()?)
}

/// Makes an entry the first of the free ones.
fn put_free(index: usize) {
    let after = |free: u64| {
        TABLE[index].next.store(free as u32, Ordering::Relaxed);
        Some(changed(free, index as u32 + 1))
    };
    // It is given a value each time, so it never fails.
    _ = FREE.fetch_update(Ordering::AcqRel, Ordering::Acquire, after);
}

/// The index of the first free entry.
fn first(free: u64) -> Option<usize> {
    (free as u32).checked_sub(1).map(|index| index as usize)
}

/// The free entries when the first is another.
fn changed(free: u64, first: u32) -> u64 {
    let turn = (free >> 32).wrapping_add(1);
    turn << 32 | u64::from(first)
}

/// The right to install, which one thread of a process has at a time.
struct Installing;

impl Installing {
    fn begin() -> Self {
        let me = std::process::id();
        let mut holder = 0;
        // Who holds it in another process has not come along into this one.
        while let Err(now) =
            INSTALLING.compare_exchange(holder, me, Ordering::Acquire, Ordering::Relaxed)
        {
            holder = if now == me { 0 } else { now };
            thread::yield_now();
        }
        Self
    }
}

impl Drop for Installing {
    fn drop(&mut self) {
        INSTALLING.store(0, Ordering::Release);
    }
}

/// Installs the handler where it is not the one in place, which it need not
/// be even if it was before: others install theirs too.
///
/// # Errors
/// What the system says.
pub(super) fn install() -> io::Result<()> {
    if is_ours(&current()?) {
        return Ok(());
    }
    let _one = Installing::begin();
    let before = current()?;
    if is_ours(&before) {
        return Ok(());
    }
    // SAFETY: asks for a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    PAGE_BYTES.store(usize::try_from(page).unwrap_or(4096), Ordering::SeqCst);
    remember(before);
    // SAFETY: all zeros are an action: the default one, with an empty mask.
    let mut ours: libc::sigaction = unsafe { mem::zeroed() };
    ours.sa_sigaction = on_sigbus as *const () as libc::sighandler_t;
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: both pointers are right for the call, and the handler does only
    // what a handler may.
    match unsafe { libc::sigaction(libc::SIGBUS, &raw const ours, ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The action for SIGBUS that is in place.
fn current() -> io::Result<libc::sigaction> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks only, and writes to an action that is there.
    let code = unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), action.as_mut_ptr()) };
    if code != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was written, and zeros are an action too.
    Ok(unsafe { action.assume_init() })
}

fn is_ours(action: &libc::sigaction) -> bool {
    action.sa_sigaction == on_sigbus as *const () as libc::sighandler_t
}

/// Keeps the action that was in place, for ever: the handler may be using it.
/// One that comes back again and again is kept once.
fn remember(before: libc::sigaction) {
    let latest = LATEST.load(Ordering::SeqCst);
    // SAFETY: actions that were kept are never freed nor written to.
    let known = unsafe { latest.as_ref() }.is_some_and(|latest| {
        latest.sa_sigaction == before.sa_sigaction && latest.sa_flags == before.sa_flags
    });
    if !known {
        let kept: *mut libc::sigaction = Box::leak(Box::new(before));
        let null = ptr::null_mut();
        _ = FIRST.compare_exchange(null, kept, Ordering::SeqCst, Ordering::SeqCst);
        LATEST.store(kept, Ordering::SeqCst);
    }
}

/// The handler.
extern "C" fn on_sigbus(signal: c_int, about: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the system hands a handler with SA_SIGINFO what it is about.
    let known = unsafe { about.as_ref() };
    let code = known.map_or(0, |about| about.si_code);
    // Codes of the system's own are positive; others were sent by someone.
    if let Some(about) = known.filter(|_| code > 0) {
        // SAFETY: a fault of the system's has an address.
        let address = unsafe { about.si_addr() } as usize;
        if cover(address) {
            return;
        }
    }
    pass_on(signal, about, context, code);
}

/// Puts zeros in the place of a missing page of a watched map; whether the
/// address is in one.
fn cover(address: usize) -> bool {
    let n_used = N_USED.load(Ordering::Acquire);
    let Some(entry) = TABLE[..n_used].iter().find(|entry| entry.holds(address)) else {
        return false;
    };
    entry.poisoned.store(true, Ordering::SeqCst);
    let page = PAGE_BYTES.load(Ordering::SeqCst);
    let start = address - address % page.max(1);
    let flags = libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let place = ptr::without_provenance_mut(start);
    // SAFETY: the page is one of a map of ours for reading only, that its
    // owner holds while it is read; nothing but zeros for what cannot be read
    // changes about it.
    let mapped = unsafe { libc::mmap(place, page, libc::PROT_READ, flags, -1, 0) };
    mapped != libc::MAP_FAILED
}

impl Entry {
    /// Whether the entry is in use and has this address.
    fn holds(&self, address: usize) -> bool {
        let turn = self.turn.load(Ordering::Acquire);
        let start = self.start.load(Ordering::Relaxed);
        let end = self.end.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        turn % 2 == 1
            && (start..end).contains(&address)
            && self.turn.load(Ordering::Relaxed) == turn
    }
}

/// Does with a signal that is not ours what would have been done without us.
fn pass_on(signal: c_int, about: *mut libc::siginfo_t, context: *mut c_void, code: c_int) {
    // SAFETY: nothing but the name of the thread is asked for.
    let me = unsafe { libc::pthread_self() };
    // A number or a pointer, as the system likes; either fits an address.
    let me = me as usize;
    // A handler that came after us may pass on to us what we pass on to it.
    let again = CHAINING.iter().any(|by| by.load(Ordering::SeqCst) == me);
    let mine = CHAINING.iter().find(|by| {
        let free = by.compare_exchange(0, me, Ordering::SeqCst, Ordering::SeqCst);
        free.is_ok()
    });
    let action = match mine {
        Some(_) if !again => LATEST.load(Ordering::SeqCst),
        _ => FIRST.load(Ordering::SeqCst),
    };
    // SAFETY: actions that were kept are never freed nor written to.
    let handler = unsafe { action.as_ref() };
    let default = (libc::SIG_DFL, 0);
    let (handler, flags) = handler.map_or(default, |a| (a.sa_sigaction, a.sa_flags));
    match handler {
        // A fault of its own a thread cannot ignore.
        libc::SIG_IGN if code <= 0 => {}
        libc::SIG_DFL | libc::SIG_IGN => end(signal, code),
        _ if flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: whoever installed it with SA_SIGINFO gave a function of
            // three arguments.
            let handler = unsafe { mem::transmute::<usize, WithInfo>(handler) };
            handler(signal, about, context);
        }
        _ => {
            // SAFETY: whoever installed it without SA_SIGINFO gave a function
            // of one argument.
            let handler = unsafe { mem::transmute::<usize, Plain>(handler) };
            handler(signal);
        }
    }
    if let Some(mine) = mine {
        mine.store(0, Ordering::SeqCst);
    }
}

type WithInfo = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);
type Plain = extern "C" fn(c_int);

/// Lets the signal end the process: as soon as the handler is left, the fault
/// comes again, or the signal that is raised here does.
fn end(signal: c_int, code: c_int) {
    // SAFETY: all zeros are the default action.
    let action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: both pointers are right for the call.
    unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
    if code <= 0 {
        // SAFETY: sends a signal to this thread.
        unsafe { libc::raise(signal) };
    }
}

#[cfg(test)]
mod tests;
