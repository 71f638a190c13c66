//! What a reader makes of the file of a tokenizer.

use super::after::AfterTokens;
use super::route::Route;
use super::special::AddedToken;

/// The parts a reader makes of a file.
pub(crate) struct Parts {
    pub(crate) route: Route,
    pub(crate) added: Vec<AddedToken>,
    pub(crate) after: AfterTokens,
    pub(crate) notes: Vec<String>,
}
