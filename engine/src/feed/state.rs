//! Where a loader stands, as text.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::options::Shuffle;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Digest;

/// The version of what a state means, the order of rows included.
const VERSION: u64 = 1;

/// Longer texts are no states; a state has less than 200 bytes, and JSON may
/// have been indented.
const MAX_BYTES: usize = 4096;

/// A position in an endless row of epochs, at the border of a global batch:
/// all that a loader is. It fits any later batch size and any number of ranks.
///
/// As text it is compact JSON of less than 200 bytes:
///
/// ```
/// use fuelrail::feed::State;
///
/// let text = r#"{"version":1,"epoch":2,"seed":7,"shuffle":"rows","position":640,"dataset":"00112233445566778899aabbccddeeff","plan":"ffeeddccbbaa99887766554433221100"}"#;
/// let state = State::from_json(text)?;
/// assert_eq!((state.epoch, state.position), (2, 640));
/// assert_eq!(state.to_string(), text);
/// # Ok::<(), fuelrail::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    /// The epoch, from 0.
    pub epoch: u32,
    /// What the order is drawn from.
    pub seed: u64,
    /// How rows are put in order.
    pub shuffle: Shuffle,
    /// Rows of the epoch, of all ranks together, that have been had.
    pub position: u64,
    /// Digest of the dataset's manifest.
    pub dataset: Digest,
    /// Digest of the plan that made the dataset.
    pub plan: Digest,
}

/// A state as it is written, its keys in this order.
#[derive(Serialize)]
struct Written<'a> {
    version: u64,
    epoch: u32,
    seed: u64,
    shuffle: &'a str,
    position: u64,
    dataset: Digest,
    plan: Digest,
}

/// A state as it is found, nothing believed yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    #[serde(rename = "version")]
    _version: Value,
    epoch: Value,
    seed: Value,
    shuffle: Value,
    position: Value,
    dataset: Value,
    plan: Value,
    #[serde(default)]
    mixture: Option<Value>,
}

#[derive(Deserialize)]
struct FoundVersion {
    version: Value,
}

impl State {
    /// Reads a state from its text.
    ///
    /// # Errors
    /// `Usage` if it is none, or one of another version or of a mixture; the text
    /// says which key is wrong, and what came.
    pub fn from_json(text: &str) -> Result<Self> {
        match Self::found(text)? {
            (state, None) => Ok(state),
            (_, Some(_)) => Err(refused("got one of a mixture")),
        }
    }

    /// The same, and what it says of a mixture.
    pub(super) fn found(text: &str) -> Result<(Self, Option<Value>)> {
        if text.len() > MAX_BYTES {
            return Err(refused(format!("got {} bytes", text.len())));
        }
        let not_ours = |e| refused("got other text").with_source(e);
        let FoundVersion { version } = serde_json::from_str(text).map_err(not_ours)?;
        if version.as_u64() != Some(VERSION) {
            return Err(refused(format!("got version {}", excerpt(&version)))
                .with_hint("it may have been saved by another version of fuelrail"));
        }
        let found: Found = serde_json::from_str(text).map_err(not_ours)?;
        let state = Self {
            epoch: number("epoch", &found.epoch)?,
            seed: number("seed", &found.seed)?,
            shuffle: shuffle(&found.shuffle)?,
            position: number("position", &found.position)?,
            dataset: digest("dataset", &found.dataset)?,
            plan: digest("plan", &found.plan)?,
        };
        Ok((state, found.mixture))
    }

    /// Checks that a loader of the dataset of `here`, shuffled as `here` is,
    /// can go on from this state.
    ///
    /// # Errors
    /// `Changed` for another dataset or plan, `Usage` for another way of
    /// shuffling and for a position beyond `n_rows`.
    pub(crate) fn check(&self, here: &Self, n_rows: u64) -> Result<()> {
        let changed = |what: &str, saved: Digest, found: Digest| {
            Error::new(
                ErrorKind::Changed,
                format!("expected the {what} that the state was saved with, {saved}, got {found}"),
            )
        };
        if self.plan != here.plan {
            return Err(changed("plan", self.plan, here.plan)
                .with_hint("the dataset was made by another pipeline; open the one it was saved with, or begin without a state"));
        }
        if self.dataset != here.dataset {
            return Err(changed("dataset", self.dataset, here.dataset).with_hint(
                "open the dataset that the state was saved with, or begin without a state",
            ));
        }
        if self.shuffle != here.shuffle {
            return Err(Error::new(
                ErrorKind::Usage,
                format!(
                    "expected a state saved with the shuffle \"{}\", got \"{}\"",
                    here.shuffle.as_str(),
                    self.shuffle.as_str()
                ),
            )
            .with_hint("give the loader the shuffle that the state was saved with"));
        }
        if self.position > n_rows {
            return Err(Error::new(
                ErrorKind::Usage,
                format!(
                    "expected a state with a position within the {n_rows} rows of the dataset, got {}",
                    self.position
                ),
            )
            .with_hint("the state was not saved by a loader; begin without one"));
        }
        Ok(())
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = Written {
            version: VERSION,
            epoch: self.epoch,
            seed: self.seed,
            shuffle: self.shuffle.as_str(),
            position: self.position,
            dataset: self.dataset,
            plan: self.plan,
        };
        let text = serde_json::to_string(&written).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

fn refused(what: impl fmt::Display) -> Error {
    Error::new(
        ErrorKind::Usage,
        format!("expected a loader's state of version {VERSION}, {what}"),
    )
}

/// A whole number that fits its type.
///
/// # Errors
/// `Usage` for what is none.
pub(super) fn number<T: TryFrom<u64>>(key: &str, value: &Value) -> Result<T> {
    let number = value.as_u64().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| {
        let bits = 8 * size_of::<T>();
        wrong(key, &format!("a whole number below 2^{bits}"), value)
    })
}

fn shuffle(value: &Value) -> Result<Shuffle> {
    let name = value.as_str();
    [Shuffle::Off, Shuffle::Rows, Shuffle::Blocks]
        .into_iter()
        .find(|shuffle| Some(shuffle.as_str()) == name)
        .ok_or_else(|| wrong("shuffle", "\"off\", \"rows\" or \"blocks\"", value))
}

pub(super) fn digest(key: &str, value: &Value) -> Result<Digest> {
    serde_json::from_value(value.clone())
        .map_err(|_| wrong(key, "32 lower-case hexadecimal digits", value))
}

pub(super) fn wrong(key: &str, expected: &str, value: &Value) -> Error {
    Error::new(
        ErrorKind::Usage,
        format!(
            "expected a state whose \"{key}\" is {expected}, got {}",
            excerpt(value)
        ),
    )
}

/// The beginning of a value's text.
fn excerpt(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"version":1,"epoch":2,"seed":7,"shuffle":"rows","position":640,"dataset":"00112233445566778899aabbccddeeff","plan":"ffeeddccbbaa99887766554433221100"}"#;

    fn state(epoch: u32, seed: u64, position: u64) -> State {
        State {
            epoch,
            seed,
            shuffle: Shuffle::Blocks,
            position,
            dataset: Digest(u128::MAX),
            plan: Digest(0),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let extreme = state(u32::MAX, u64::MAX, u64::MAX);
        for state in [state(0, 0, 0), extreme] {
            let text = state.to_string();
            assert!(text.len() < 200, "{} bytes", text.len());
            assert_eq!(State::from_json(&text).unwrap(), state);
        }
        assert_eq!(State::from_json(TEXT).unwrap().to_string(), TEXT);
        // Space and order of keys do not matter.
        let spaced = TEXT.replace(':', ": ").replace(',', ",\n  ");
        assert_eq!(State::from_json(&spaced).unwrap().to_string(), TEXT);
    }

    #[test]
    fn lies_are_refused_with_the_key() {
        let cases = [
            ("\"epoch\":2", "\"epoch\":-1"),
            ("\"epoch\":2", "\"epoch\":4294967296"),
            ("\"seed\":7", "\"seed\":7.0"),
            ("\"seed\":7", "\"seed\":1e3"),
            ("\"seed\":7", "\"seed\":\"7\""),
            ("\"seed\":7", "\"seed\":18446744073709551616"),
            ("\"seed\":7", "\"seed\":true"),
            ("\"position\":640", "\"position\":null"),
            ("\"position\":640", "\"position\":[640]"),
            ("\"shuffle\":\"rows\"", "\"shuffle\":\"Rows\""),
            ("\"shuffle\":\"rows\"", "\"shuffle\":null"),
            ("\"dataset\":\"00", "\"dataset\":\"0"),
            ("\"dataset\":\"00", "\"dataset\":\"0G"),
            ("\"plan\":\"ff", "\"plan\":\"FF"),
        ];
        for (was, lie) in cases {
            let text = TEXT.replace(was, lie);
            assert_ne!(text, TEXT);
            let error = State::from_json(&text).unwrap_err();
            let key = was.split('"').nth(1).unwrap();
            assert_eq!(error.kind(), ErrorKind::Usage);
            assert!(error.message().contains(&format!("\"{key}\"")), "{error}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let long = format!("{TEXT}{}", " ".repeat(5000));
        let huge = format!("{}1{}", "[".repeat(2000), "]".repeat(2000));
        let cases = [
            "",
            "{}",
            "null",
            "[1]",
            "{\"version\":1}",
            &TEXT.replace("\"version\":1", "\"version\":2"),
            &TEXT.replace("\"version\":1", "\"version\":\"1\""),
            &TEXT.replace("\"version\":1,", ""),
            &TEXT.replace("\"seed\":7", "\"seed\":7,\"seed\":8"),
            &TEXT.replace("\"seed\":7", "\"seed\":7,\"more\":8"),
            &TEXT.replace("\"seed\":7,", ""),
            &TEXT.replace('}', ""),
            &format!("{TEXT}{TEXT}"),
            &long,
            &huge,
        ];
        for text in cases {
            let error = State::from_json(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Usage, "{text}");
            assert!(error.to_string().len() < 400, "{error}");
        }
        let later = TEXT.replace("\"version\":1", "\"version\":2,\"mixture\":[]");
        assert!(State::from_json(&later).unwrap_err().hint().is_some());
    }
}
