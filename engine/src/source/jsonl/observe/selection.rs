//! Which keys of lines are noted.

/// Which keys an observer notes.
#[derive(Debug, Clone)]
pub enum Selection {
    /// All of them.
    All,
    /// All of them, and these paths of keys: no key comes twice in an object that
    /// one leads through.
    AllWith(Vec<String>),
    /// These. A name with dots is looked for as a key of the top object and as
    /// a path of keys.
    Names(Vec<String>),
}
