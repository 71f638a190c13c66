//! What two observers have seen, as if one had seen it all.

use super::seen::{Members, Seen, SeenValue};
use super::{Observer, Place};

impl Observer {
    /// Adds what another has seen, which was asked for the same keys.
    pub fn merge(&mut self, other: Self) {
        self.n_rows += other.n_rows;
        self.n_bad += other.n_bad;
        let is_first = |mine: &(Place, String), theirs: &(Place, String)| mine.0 <= theirs.0;
        self.first_bad = match (self.first_bad.take(), other.first_bad) {
            (Some(mine), Some(theirs)) if !is_first(&mine, &theirs) => Some(theirs),
            (mine, theirs) => mine.or(theirs),
        };
        self.seen.absorb(&other.seen);
    }
}

impl Seen {
    fn absorb(&mut self, other: &Self) {
        self.absorb_object(Members::TOP, other, Members::TOP);
        if other.is_full() {
            self.fill();
        }
        self.keep();
    }

    fn absorb_object(&mut self, mine: Members, other: &Self, theirs: Members) {
        for (name, their) in other.asked(theirs) {
            if let Some(my) = self.require(mine, name) {
                self.absorb_value(my, other, their);
            }
        }
    }

    /// As deep as values are noted.
    fn absorb_value(&mut self, mine: SeenValue, other: &Self, theirs: SeenValue) {
        self.absorb_places(mine, other, theirs);
        if let Some(theirs) = other.items_of(theirs)
            && let Some(mine) = self.items(mine)
        {
            self.absorb_value(mine, other, theirs);
        }
        if let Some(theirs) = other.members_of(theirs)
            && let Some(mine) = self.members(mine)
        {
            self.absorb_object(mine, other, theirs);
        }
    }
}
