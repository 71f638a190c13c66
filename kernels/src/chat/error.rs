//! What can go wrong when a chat template is read and when it renders.

use thiserror::Error;

/// A chat template, or a conversation for it, that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChatError {
    /// The template is not one that Jinja2 would read.
    #[error("line {line} of the chat template: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// The template uses something of Jinja2 or Python that is not built here.
    #[error("line {line} of the chat template: {what} is not supported")]
    Unsupported {
        /// The line, from 1.
        line: usize,
        /// The construct, filter, test, method or value, by its name.
        what: String,
    },
    /// Rendering fails as it would in Python.
    #[error("line {line} of the chat template: {message}")]
    Render {
        /// The line, from 1.
        line: usize,
        /// What Python would complain of, in few words.
        message: String,
    },
    /// The template itself refuses the conversation with `raise_exception`.
    #[error("the chat template refuses the conversation: {message}")]
    Raised {
        /// What the template says.
        message: String,
    },
    /// Rendering would take more steps, memory or depth than is allowed.
    #[error("line {line} of the chat template: {message}")]
    Limit {
        /// The line, from 1.
        line: usize,
        /// Which limit is met, and its value.
        message: String,
    },
    /// The conversation, or what is asked of it, cannot be rendered.
    #[error("{message}")]
    Conversation {
        /// What was expected and what came.
        message: String,
    },
    /// The assistant's turns cannot be told apart in the rendered text.
    #[error("the assistant's text cannot be found for message {message_index}: {reason}")]
    Spans {
        /// Which message, from 0.
        message_index: usize,
        /// Why it cannot.
        reason: String,
    },
    /// A JSON text or file is not of the expected layout.
    #[error("{message}")]
    Json {
        /// What was expected and what came, with its place.
        message: String,
    },
}

impl ChatError {
    /// What one can do about it, where one thing helps.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Spans { .. } => Some(
                "put the assistant's text between {% generation %} and {% endgeneration %} in the template",
            ),
            _ => None,
        }
    }

    pub(super) fn conversation(message: impl Into<String>) -> Self {
        Self::Conversation {
            message: message.into(),
        }
    }
}

/// An error of an operation on values, which does not know its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exception {
    /// Python would raise an exception.
    Python(String),
    /// Python would go on, and what it does is not built here.
    Unsupported(String),
    /// A limit is met.
    Limit(String),
    /// `raise_exception`.
    Raised(String),
}

impl Exception {
    pub(super) fn python(message: impl Into<String>) -> Self {
        Self::Python(message.into())
    }

    pub(super) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }

    /// The same error, with its line.
    pub(super) fn at(self, line: usize) -> ChatError {
        match self {
            Self::Python(message) => ChatError::Render { line, message },
            Self::Unsupported(what) => ChatError::Unsupported { line, what },
            Self::Limit(message) => ChatError::Limit { line, message },
            Self::Raised(message) => ChatError::Raised { message },
        }
    }
}
