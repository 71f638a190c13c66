//! The process that a loader belongs to.
//!
//! Threads do not follow into a forked child, and a lock that one of them held
//! stays locked there for ever. So what has threads asks where it is before it
//! touches a lock.

use crate::error::{Error, ErrorKind, Result};

/// The process that made something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    id: u32,
}

impl Process {
    /// This one.
    #[must_use]
    pub fn this() -> Self {
        Self {
            id: std::process::id(),
        }
    }

    /// Whether it is still this one.
    #[must_use]
    pub fn is_this(self) -> bool {
        self == Self::this()
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
