//! Where a feed stands, and how it is led elsewhere.

use std::time::Duration;

use super::super::course::EpochPosition;
use super::super::mix::MixProgress;
use super::super::saved::{MixedWith, SavedState};
use super::super::standing::Standing;
use super::super::state::State;
use super::Feed;
use crate::error::Result;

impl Feed {
    /// Where it stands: after the batch handed out last.
    #[must_use]
    pub fn state(&self) -> State {
        *self.standing.state()
    }

    /// The same, and how it came there.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Stands where another feed of the dataset does.
    ///
    /// # Errors
    /// As [`Feed::load`].
    pub fn stand(&mut self, standing: Standing) -> Result<()> {
        self.process.check()?;
        standing.state().check(&self.state(), self.n_rows)?;
        self.go(standing);
        Ok(())
    }

    /// Goes on from a state, whatever the batch size and the ranks were when it
    /// was saved. Epoch, seed and position are the state's from now on.
    ///
    /// # Errors
    /// `Changed` if it was saved with another dataset; `Usage` if it was saved
    /// with another way of shuffling. The feed stays where it is.
    pub fn load(&mut self, state: &State) -> Result<()> {
        let mut standing = self.standing;
        standing.load(*state);
        self.stand(standing)
    }

    /// Where it stands, with the datasets of a mixture: what is saved.
    #[must_use]
    pub fn saved(&self) -> SavedState {
        SavedState {
            state: self.state(),
            mixture: self.mixed_with(),
        }
    }

    /// The same as [`Feed::load`], after a look at the datasets of a mixture: what
    /// has changed is told by its number.
    ///
    /// # Errors
    /// As [`Feed::load`].
    pub fn load_saved(&mut self, saved: &SavedState) -> Result<()> {
        saved.check_mixture(&self.mixed_with())?;
        self.load(&saved.state)
    }

    /// How far it has come with each dataset of a mixture; nothing where there is
    /// one dataset only.
    #[must_use]
    pub fn progress(&self) -> Vec<MixProgress> {
        let mixture = self.fed.mixture();
        mixture.map_or_else(Vec::new, |mixture| mixture.progress(&self.state()))
    }

    pub(super) fn mixed_with(&self) -> Vec<MixedWith> {
        let mixture = self.fed.mixture();
        mixture.map_or_else(Vec::new, |mixture| mixture.mixed_with())
    }

    /// Goes to a state for one that has read ahead and goes back to what was
    /// used: unlike [`Feed::load`], it says nothing of what the caller wants.
    ///
    /// # Errors
    /// As [`Feed::load`].
    pub fn seek(&mut self, state: &State) -> Result<()> {
        let mut standing = self.standing;
        standing.seek(*state);
        self.stand(standing)
    }

    /// Goes to the beginning of an epoch; stays where it is if it stands in
    /// that epoch. So a loop that calls this before every epoch goes on where a
    /// state has put it.
    ///
    /// It never leads back behind a state that was loaded: until a batch has
    /// been had of that, it does nothing, and then it goes forward only. With
    /// [`Epochs::Repeated`](crate::feed::Epochs::Repeated) it does nothing at all.
    ///
    /// # Errors
    /// `Usage` if this is another process than the one that made the feed.
    pub fn set_epoch(&mut self, epoch: u32) -> Result<()> {
        self.process.check()?;
        self.begin();
        let mut standing = self.standing;
        standing.set_epoch(epoch, self.options.epochs);
        self.go(standing);
        Ok(())
    }

    /// Goes to the beginning of an epoch, of the current one without a number,
    /// wherever it stands and whatever was loaded.
    ///
    /// # Errors
    /// `Usage` if this is another process than the one that made the feed.
    pub fn reset(&mut self, epoch: Option<u32>) -> Result<()> {
        self.process.check()?;
        let mut standing = self.standing;
        standing.reset(epoch);
        self.go(standing);
        Ok(())
    }

    /// Begins a pass. With [`Epochs::Repeated`](crate::feed::Epochs::Repeated) that is
    /// the first row, wherever the last pass was left, unless a state was loaded
    /// and not used; else the feed stays where it is.
    ///
    /// # Errors
    /// `Usage` if this is another process than the one that made the feed.
    pub fn begin_pass(&mut self) -> Result<()> {
        self.process.check()?;
        self.begin();
        let mut standing = self.standing;
        standing.begin_pass(self.options.epochs);
        self.go(standing);
        Ok(())
    }

    /// Begins what is left of the epoch. An end of an epoch that is still to be
    /// told is not: who has counted the batches need not ask for one more.
    pub fn begin(&mut self) {
        self.ended = false;
    }

    /// The epoch of the next batch.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.state().epoch
    }

    /// Batches of a whole epoch, the same for every rank.
    #[must_use]
    pub fn n_batches(&self) -> u64 {
        self.schedule.n_batches()
    }

    /// Batches that are left of the epoch it stands in.
    #[must_use]
    pub fn n_batches_left(&self) -> u64 {
        if self.ended {
            return 0;
        }
        self.schedule.n_batches_from(self.state().position)
    }

    pub(super) fn go(&mut self, standing: Standing) {
        self.ended = false;
        self.stalled = Duration::ZERO;
        let (here, there) = (self.state(), *standing.state());
        self.standing = standing;
        // What was read ahead is what is wanted.
        if here == there {
            return;
        }
        if here.epoch != there.epoch || there.position < here.position {
            self.losses.begin();
        }
        self.ring.go(there.seed, self.place());
    }

    pub(super) fn place(&self) -> EpochPosition {
        let State {
            epoch, position, ..
        } = self.state();
        EpochPosition { epoch, position }
    }
}
