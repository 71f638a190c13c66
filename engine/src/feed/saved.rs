//! A state with what else is saved of a mixture: its datasets, so that a change of
//! one of them is refused by its number.

use std::fmt;

use serde_json::{Value, json};

use super::state::{State, digest, number, wrong};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Digest;

/// One dataset of a mixture, as a state names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MixedWith {
    /// Its weight, without what the weights have in common.
    pub weight: u64,
    /// Digest of its manifest.
    pub dataset: Digest,
}

/// What a loader saves. As text it is a [`State`], with a key `mixture` where
/// several datasets are mixed: 40 bytes or so for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedState {
    /// Where it stands.
    pub state: State,
    /// The datasets of a mixture; none otherwise.
    pub mixture: Vec<MixedWith>,
}

impl SavedState {
    /// Reads one from its text.
    ///
    /// # Errors
    /// As [`State::from_json`].
    pub fn from_json(text: &str) -> Result<Self> {
        let (state, mixture) = State::found(text)?;
        let mixture = match &mixture {
            None => Vec::new(),
            Some(value) => read(value)?,
        };
        Ok(Self { state, mixture })
    }

    /// Checks that the datasets here are those of the state.
    ///
    /// # Errors
    /// `Changed` with the first difference.
    pub(crate) fn check_mixture(&self, here: &[MixedWith]) -> Result<()> {
        if self.mixture == here {
            return Ok(());
        }
        let changed =
            |message: String| Err(Error::new(ErrorKind::Changed, message).with_hint(HINT));
        let of = |n: usize| match n {
            0 => "one dataset alone".to_owned(),
            n => format!("a mixture of {n}"),
        };
        if self.mixture.len() != here.len() {
            return changed(format!(
                "expected {}, which the state was saved with, got {}",
                of(self.mixture.len()),
                of(here.len())
            ));
        }
        let mut pairs = self.mixture.iter().zip(here).enumerate();
        match pairs.find(|(_, (saved, here))| saved != here) {
            Some((index, (saved, here))) if saved.dataset != here.dataset => changed(format!(
                "expected dataset {index} of the mixture to be the one that the state was saved \
                 with, {}, got {}",
                saved.dataset, here.dataset
            )),
            Some((index, (saved, here))) => changed(format!(
                "expected dataset {index} of the mixture to have the weight that the state was \
                 saved with, {}, got {}",
                saved.weight, here.weight
            )),
            None => Ok(()),
        }
    }
}

const HINT: &str =
    "mix the same datasets with the same weights and in the same order, or begin without a state";

impl fmt::Display for SavedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.state.to_string();
        let Some(open) = text.strip_suffix('}').filter(|_| !self.mixture.is_empty()) else {
            return f.write_str(&text);
        };
        let of = |it: &MixedWith| json!([it.weight, it.dataset]);
        let mixture: Value = self.mixture.iter().map(of).collect();
        write!(f, "{open},\"mixture\":{mixture}}}")
    }
}

fn read(value: &Value) -> Result<Vec<MixedWith>> {
    let refused = || wrong("mixture", "a list of weights and digests", value);
    let of = |it: &Value| match it.as_array().map(Vec::as_slice) {
        Some([weight, dataset]) => Ok(MixedWith {
            weight: number("mixture", weight)?,
            dataset: digest("mixture", dataset)?,
        }),
        _ => Err(refused()),
    };
    let list = value.as_array().filter(|list| !list.is_empty());
    list.ok_or_else(refused)?.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Shuffle;

    fn saved(n: u128) -> SavedState {
        let state = State {
            epoch: 2,
            seed: u64::MAX,
            shuffle: Shuffle::Blocks,
            position: 640,
            dataset: Digest(7),
            plan: Digest(9),
        };
        let of = |index| MixedWith {
            weight: 7,
            dataset: Digest(u128::MAX - index),
        };
        SavedState {
            state,
            mixture: (0..n).map(of).collect(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for n in [0, 1, 2, 5] {
            let saved = saved(n);
            let text = saved.to_string();
            assert_eq!(SavedState::from_json(&text).unwrap(), saved);
            assert!(n > 2 || text.len() < 300, "{} bytes", text.len());
            assert_eq!(State::from_json(&text).is_ok(), n == 0);
        }
    }

    #[test]
    fn lies_are_refused() {
        let text = saved(1).to_string();
        let whole = format!("[7,\"{}\"]", Digest(u128::MAX));
        for lie in ["7", "[]", "[7]", "[[7]", "[-1,\"\"]", "{}", "null", "\"\""] {
            let lie = text.replace(&whole, lie);
            assert!(SavedState::from_json(&lie).is_err(), "{lie}");
        }
        let empty = text.replace(&format!("[{whole}]"), "[]");
        assert!(SavedState::from_json(&empty).is_err());
    }

    #[test]
    fn differences_are_named() {
        let refused =
            |one: &SavedState, here: &[MixedWith]| one.check_mixture(here).unwrap_err().to_string();
        let (none, two) = (saved(0), saved(2));
        two.check_mixture(&two.mixture).unwrap();
        assert!(refused(&none, &two.mixture).contains("one dataset alone"));
        assert!(refused(&two, &[]).contains("a mixture of 2"));
        let mut other = two.mixture.clone();
        other[1].weight = 8;
        assert!(refused(&two, &other).contains("dataset 1 of the mixture to have the weight"));
        other.swap(0, 1);
        assert!(refused(&two, &other).contains("dataset 0 of the mixture to be the one"));
    }
}
