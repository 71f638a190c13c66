//! What reading a stretch of text does to an automaton of few states.

/// For each state the one it becomes, four bits each, that of state 0 lowest.
///
/// Reading one stretch and then another is [`StateMap::then`], which is
/// associative as composition of functions is, with [`StateMap::IDENTITY`] as
/// its neutral element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct StateMap(pub(crate) u64);

impl StateMap {
    /// States that an automaton may have.
    pub(crate) const STATES: usize = 16;

    /// Reading nothing.
    pub(crate) const IDENTITY: Self = Self(0xfedc_ba98_7654_3210);

    /// Ending in `state`, whatever was before.
    pub(crate) const fn always(state: u8) -> Self {
        Self(0x1111_1111_1111_1111 * (state & 15) as u64)
    }

    /// What `state` becomes.
    #[cfg(test)]
    pub(crate) const fn of(self, state: u8) -> u8 {
        (self.0 >> (4 * (state & 15) as u32) & 15) as u8
    }

    /// This map, but `state` becomes `next`.
    pub(crate) const fn with(self, state: u8, next: u8) -> Self {
        let shift = 4 * (state & 15) as u32;
        Self(self.0 & !(15 << shift) | ((next & 15) as u64) << shift)
    }

    /// This map and then `next`.
    #[cfg(test)]
    pub(crate) fn then(self, next: Self) -> Self {
        (0..16).fold(self, |map, state| map.with(state, next.of(self.of(state))))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn maps_compose_as_functions_do(a: u64, b: u64, c: u64, state in 0..16_u8) {
            let [a, b, c] = [a, b, c].map(StateMap);
            prop_assert_eq!(a.then(b).of(state), b.of(a.of(state)));
            prop_assert_eq!(a.then(b).then(c), a.then(b.then(c)));
            prop_assert_eq!(a.then(StateMap::IDENTITY), a);
            prop_assert_eq!(StateMap::IDENTITY.then(a), a);
            prop_assert_eq!(a.then(StateMap::always(state)), StateMap::always(state));
        }
    }
}
