//! A place in a pattern that is read.

/// Whether letters match in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folding {
    Off,
    /// One letter by one.
    Simple,
    /// As Oniguruma does, to which one letter may be several.
    Full,
}

/// What is left of a pattern.
#[derive(Debug, Clone)]
pub(super) struct PatternCursor<'p> {
    rest: &'p str,
}

impl<'p> PatternCursor<'p> {
    pub(super) fn new(pattern: &'p str) -> Self {
        Self { rest: pattern }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// Goes past `c` if it is next.
    pub(super) fn eat(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        if is_next {
            self.next();
        }
        is_next
    }

    /// Goes past `text` if it is next.
    pub(super) fn eat_text(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Whether `text` is next.
    pub(super) fn is_at(&self, text: &str) -> bool {
        self.rest.starts_with(text)
    }

    /// Goes past the characters that `holds` for.
    pub(super) fn take_while(&mut self, holds: impl Fn(char) -> bool) -> &'p str {
        let end = self.rest.find(|c| !holds(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest;
        taken
    }
}
