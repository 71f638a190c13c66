//! The signal of a file that outgrows its limit.
#![expect(unsafe_code, reason = "what the process does on a signal")]

use std::mem::MaybeUninit;
use std::ptr;

/// Has a write beyond the limit on the size of files (`ulimit -f`) fail with an
/// error like that of a full disk, instead of ending the process by SIGXFSZ.
/// A handler that the program has set stays.
///
/// It is for the whole process, so a program calls it, never this library.
pub fn fail_on_file_size_limit() {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: asks for what is set and writes it to `now`, which has room.
    let code = unsafe { libc::sigaction(libc::SIGXFSZ, ptr::null(), now.as_mut_ptr()) };
    if code != 0 {
        return;
    }
    // SAFETY: the call succeeded, so it has written all of `now`.
    let now = unsafe { now.assume_init() };
    if now.sa_sigaction == libc::SIG_DFL {
        // SAFETY: to ignore a signal calls no code.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    }
}
