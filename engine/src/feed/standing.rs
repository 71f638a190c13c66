//! Where a feed stands and how it came there: what moves it, and what does not.

use super::options::Epochs;
use super::state::State;
use crate::error::{Error, ErrorKind, Result};

/// Whether the position is one that somebody has loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Loaded {
    /// The feed came here by itself, or was reset.
    #[default]
    No,
    /// And no batch of it has been handed out.
    Unused,
    /// And batches have been handed out since.
    Used,
}

/// Where a feed stands, and how it came there. Feeds of one dataset that share
/// a position pass this on, and not the state alone.
///
/// A state that was loaded is what the caller wants, while the epochs of
/// `set_epoch` may come from a wrapper that counts its passes from 0
/// again. So nothing but `reset` leads back behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    state: State,
    loaded: Loaded,
    n_passes: u64,
}

impl Standing {
    /// At a state, as a new feed.
    pub(super) fn new(state: State) -> Self {
        Self {
            state,
            loaded: Loaded::No,
            n_passes: 0,
        }
    }

    /// The position.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// How often an epoch has come to its end.
    #[must_use]
    pub fn n_passes(&self) -> u64 {
        self.n_passes
    }

    /// Goes on from a state.
    pub(super) fn load(&mut self, state: State) {
        self.state = state;
        self.loaded = Loaded::Unused;
    }

    /// Goes to another position, as one who has read ahead goes back.
    pub(super) fn seek(&mut self, state: State) {
        self.state = state;
    }

    /// Goes to the beginning of an epoch, unless it stands in it. A state that
    /// was loaded stays until a batch of it has been had, and after that the
    /// epoch never falls. Repeated epochs have no number that a loop counts.
    pub(super) fn set_epoch(&mut self, epoch: u32, epochs: Epochs) {
        let stays = match (epochs, self.loaded) {
            (Epochs::Repeated, _) | (_, Loaded::Unused) => true,
            (_, Loaded::Used) => epoch <= self.state.epoch,
            (_, Loaded::No) => epoch == self.state.epoch,
        };
        if !stays {
            self.go_to_epoch(epoch);
        }
    }

    /// Goes to the beginning of an epoch, of the current one without a number,
    /// wherever it stands.
    pub(super) fn reset(&mut self, epoch: Option<u32>) {
        self.loaded = Loaded::No;
        self.go_to_epoch(epoch.unwrap_or(self.state.epoch));
    }

    /// Begins a pass: where epochs are repeated, at the first row, unless a state
    /// was loaded and not used.
    pub(super) fn begin_pass(&mut self, epochs: Epochs) {
        if epochs == Epochs::Repeated && self.loaded != Loaded::Unused {
            self.go_to_epoch(self.state.epoch);
        }
    }

    /// A batch has been handed out, with this state after it.
    pub(super) fn advance(&mut self, state: State) {
        self.state = state;
        if self.loaded == Loaded::Unused {
            self.loaded = Loaded::Used;
        }
    }

    /// That batch was the last of its epoch.
    pub(super) fn end_pass(&mut self) {
        self.n_passes += 1;
    }

    /// The epoch is at its end without another batch.
    ///
    /// # Errors
    /// `Usage` if there are no more epochs.
    pub(super) fn end_epoch(&mut self, epochs: Epochs) -> Result<()> {
        let next = epochs.after(self.state.epoch);
        self.go_to_epoch(next.ok_or_else(no_epoch)?);
        self.end_pass();
        Ok(())
    }

    fn go_to_epoch(&mut self, epoch: u32) {
        self.state.epoch = epoch;
        self.state.position = 0;
    }
}

/// The error where there are no more epochs.
pub(super) fn no_epoch() -> Error {
    Error::new(
        ErrorKind::Usage,
        format!("expected an epoch up to {}, got more", u32::MAX - 1),
    )
}
