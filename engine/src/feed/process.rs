//! The process that a loader belongs to.
//!
//! Threads do not follow into a forked child, and a lock that one of them held
//! stays locked there for ever. So what has threads asks where it is before it
//! touches a lock. That is asked for every batch, and the system's answer would
//! cost a call each time; so forks are counted where they happen, in the child.
#![expect(unsafe_code, reason = "what runs in a forked child")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// Forks between the first process that asked and this one.
static N_FORKS: AtomicU32 = AtomicU32::new(0);

/// The process that made something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    id: u32,
    n_forks: u32,
}

/// The number of forks where the system does not tell of them.
const UNCOUNTED: u32 = u32::MAX;

/// Has forks counted from now on, if the system tells of them.
fn counts_forks() -> bool {
    static TOLD: OnceLock<bool> = OnceLock::new();
    // SAFETY: the function does nothing but count, which it may in a child of
    // any process, and is there as long as the process is.
    *TOLD.get_or_init(|| unsafe { libc::pthread_atfork(None, None, Some(count_fork)) } == 0)
}

unsafe extern "C" fn count_fork() {
    N_FORKS.fetch_add(1, Ordering::Relaxed);
}

impl Process {
    /// This one.
    #[must_use]
    pub fn this() -> Self {
        let counts = counts_forks();
        Self {
            id: std::process::id(),
            n_forks: if counts {
                N_FORKS.load(Ordering::Relaxed)
            } else {
                UNCOUNTED
            },
        }
    }

    /// Whether it is still this one.
    #[must_use]
    pub fn is_this(self) -> bool {
        match self.n_forks {
            UNCOUNTED => self.id == std::process::id(),
            n_forks => n_forks == N_FORKS.load(Ordering::Relaxed),
        }
    }

    /// Refuses to go on in a child of it.
    ///
    /// # Errors
    /// `Usage` if it is not this process.
    pub fn check(self) -> Result<()> {
        if self.is_this() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Usage,
            format!(
                "expected process {}, which made this loader, got process {}, forked from it",
                self.id,
                std::process::id()
            ),
        )
        .with_hint(
            "make the loader in the process that uses it; it reads with threads, so a torch \
             DataLoader around it wants num_workers=0",
        ))
    }
}
