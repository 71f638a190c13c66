//! Whole numbers of a pipeline file that have bounds. One that its type cannot
//! hold is refused here, in the words of the check that refuses all others.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{self, Unexpected, Visitor};

/// Rows longer than this would make one row a dataset of its own.
pub(in crate::plan) const MOST_TOKENS: u32 = 1 << 24;

/// Documents of a window are in memory at once.
pub(in crate::plan) const MOST_WINDOW: u32 = 1_000_000;

/// A whole number from 1 on, where there is one.
pub(super) fn some_rows<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    from.deserialize_u64(Bounded::new(None)).map(Some)
}

/// A length of rows.
pub(super) fn length<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    from.deserialize_u32(Bounded::new(Some(MOST_TOKENS)))
}

/// A window, where there is one.
pub(super) fn window<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let window = from.deserialize_u32(Bounded::new(Some(MOST_WINDOW)))?;
    Ok(Some(window))
}

/// How many tokens, or documents of a row, which has no more, where that is bounded.
pub(super) fn some_length<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    length(from).map(Some)
}

/// Takes what a `T` holds and says what is allowed of it.
struct Bounded<T> {
    most: Option<u32>,
    number: PhantomData<T>,
}

impl<T> Bounded<T> {
    fn new(most: Option<u32>) -> Self {
        let number = PhantomData;
        Self { most, number }
    }
}

impl<T: TryFrom<u64>> Visitor<'_> for Bounded<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.most {
            None => f.write_str("a whole number, 1 or more"),
            Some(most) => write!(f, "a whole number from 1 to {most}"),
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        T::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
}
