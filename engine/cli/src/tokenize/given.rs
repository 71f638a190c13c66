//! The texts that the command is given.

use std::io::{self, Read as _};

use fuelrail::plan::Utf8Mode;
use fuelrail::{Error, ErrorKind};

use super::args::Args;

/// A text, or bytes that are none and are encoded all the same.
pub(super) enum Given {
    Text(String),
    Bytes(Vec<u8>),
}

impl Given {
    /// The text.
    ///
    /// # Errors
    /// `Usage` for bytes.
    pub(super) fn text(&self) -> Result<&str, Error> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Bytes(_) => {
                let error = Error::new(ErrorKind::Usage, "tokens of bytes have no place in a text");
                Err(error.with_hint("--invalid-utf8 replace makes a text of them"))
            }
        }
    }
}

/// The texts given, else standard input as one.
///
/// # Errors
/// `Data` where standard input is not UTF-8, unless it may be.
pub(super) fn given(args: &Args) -> Result<Vec<Given>, Error> {
    let from_input = args.texts.is_empty() || args.texts == ["-"];
    if !from_input {
        return Ok(args.texts.iter().cloned().map(Given::Text).collect());
    }
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| Error::io("read", "standard input", error))?;
    let given = match (String::from_utf8(bytes), args.invalid_utf8.into()) {
        (Ok(text), _) => Given::Text(text),
        (Err(error), Utf8Mode::Replace) => {
            Given::Text(String::from_utf8_lossy(error.as_bytes()).into_owned())
        }
        (Err(error), Utf8Mode::Bytes) => Given::Bytes(error.into_bytes()),
        (Err(error), Utf8Mode::Error) => {
            return Err(not_utf8(&error).with_path("standard input"));
        }
    };
    Ok(vec![given])
}

fn not_utf8(error: &std::string::FromUtf8Error) -> Error {
    let at = error.utf8_error().valid_up_to();
    let byte = error.as_bytes().get(at).copied().unwrap_or_default();
    Error::data(format!("expected UTF-8, got byte {byte:#04x} at {at}"))
}
