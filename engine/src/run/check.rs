//! One thing that `fuelrail doctor` looks at, and how it is.

use serde::Serialize;

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// How it is.
    pub state: CheckState,
    /// What was found, in words.
    pub found: String,
    /// What to do about it, where something is to be done.
    pub hint: Option<String>,
}

/// How a [`Check`] came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// It works, but may not always.
    Warning,
    /// It does not work.
    Failed,
}

impl Check {
    /// As it should be.
    pub(super) fn ok(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            state: CheckState::Ok,
            found: found.into(),
            hint: None,
        }
    }

    /// The same, with what can be done.
    pub(super) fn with_hint(self, hint: &str) -> Self {
        Self {
            hint: Some(hint.to_owned()),
            ..self
        }
    }

    /// The same, but not as it should be, with what to do about it.
    pub(super) fn not_ok(self, state: CheckState, hint: &str) -> Self {
        Self {
            state,
            hint: Some(hint.to_owned()),
            ..self
        }
    }
}
