//! Notes which kinds of values lines of JSON hold, for a schema to be
//! proposed.
//!
//! Lines are read by the same cursor as for columns. What comes out is the
//! same however lines were shared out among observers that are then merged.

mod merge;
mod propose;
mod seen;
mod selection;

pub use selection::Selection;

pub use crate::plan::{Conflict, Found, Place, Proposed};

use self::seen::{Members, Seen, SeenValue};
use super::cursor::{Cursor, Token};
use super::fault::{Lexed, PathPart, show};
use super::keys::ObjectKey;
use super::line;
use super::number::Size;
use crate::plan::NotFinite;
use seen::ValueKind;

/// Values nested deeper than this have no type.
const MAX_NESTING: usize = 64;

/// What has been seen of some lines.
#[derive(Debug, Clone)]
pub struct Observer {
    selection: Selection,
    not_finite: NotFinite,
    seen: Seen,
    n_rows: u64,
    n_bad: u64,
    first_bad: Option<(Place, String)>,
}

impl Observer {
    /// An observer that has seen nothing.
    #[must_use]
    pub fn new(selection: &Selection, not_finite: NotFinite) -> Self {
        Self {
            selection: selection.clone(),
            not_finite,
            seen: Seen::new(selection),
            n_rows: 0,
            n_bad: 0,
            first_bad: None,
        }
    }

    /// Checks a line, without its line end, and notes the kinds of its values.
    /// A blank line is no row; of a bad one nothing is noted but that it came.
    pub fn line(&mut self, bytes: &[u8], place: Place) {
        if line::is_blank(bytes) {
            return;
        }
        self.seen.begin(place);
        match self.note(bytes) {
            Ok(()) => {
                self.seen.keep();
                self.n_rows += 1;
            }
            Err(fault) => {
                self.seen.undo();
                self.n_bad += 1;
                if self.first_bad.as_ref().is_none_or(|(at, _)| place < *at) {
                    let reason = match fault.path().as_slice() {
                        [] => fault.reason().to_owned(),
                        path => format!("{}: {}", show(path), fault.reason()),
                    };
                    self.first_bad = Some((place, reason));
                }
            }
        }
    }

    /// Good lines seen.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// Bad lines seen.
    #[must_use]
    pub fn n_bad(&self) -> u64 {
        self.n_bad
    }

    /// The first bad line, and why it is bad.
    #[must_use]
    pub fn first_bad(&self) -> Option<(Place, &str)> {
        let (place, reason) = self.first_bad.as_ref()?;
        Some((*place, reason))
    }

    fn note(&mut self, bytes: &[u8]) -> Lexed<()> {
        let mut cursor = line::enter(line::text_of(bytes)?, self.not_finite)?;
        self.object(Members::TOP, &mut cursor, 0)?;
        cursor.end()
    }

    /// The members of the object that `cursor` has entered.
    fn object(&mut self, members: Members, cursor: &mut Cursor<'_>, nesting: usize) -> Lexed<()> {
        self.seen.keys(members).begin();
        let mut is_first = true;
        while cursor.more(&mut is_first, b'}')? {
            let key = self.seen.keys(members).take(cursor)?;
            let node = match &key {
                ObjectKey::Known(key) => self.seen.member(members, *key),
                ObjectKey::Stray(name) => self.seen.add_member(members, name),
            };
            let Some(node) = node else {
                cursor.skip_value()?;
                continue;
            };
            self.seen.come(node);
            if let Err(fault) = self.value(node, cursor, nesting) {
                let name = key.into_name(self.seen.keys(members));
                return Err(fault.within(PathPart::Key(name)));
            }
        }
        Ok(())
    }

    /// The value that begins at `cursor`.
    fn value(&mut self, node: SeenValue, cursor: &mut Cursor<'_>, nesting: usize) -> Lexed<()> {
        let kind = match cursor.token()? {
            Token::Number => return self.number(node, cursor),
            Token::List => return self.list(node, cursor, nesting),
            Token::Object => {
                self.seen.mark(node, ValueKind::Object);
                let Some(members) = self.inside(node, nesting, Seen::members) else {
                    return cursor.skip_value();
                };
                return self.inner(node, members, cursor, nesting + 1);
            }
            Token::Null => {
                cursor.take_null()?;
                self.seen.count_null(node);
                ValueKind::Null
            }
            Token::Bool => {
                cursor.take_bool()?;
                ValueKind::Bool
            }
            Token::NotFinite => {
                cursor.take_not_finite()?;
                ValueKind::Float
            }
            Token::Text => {
                cursor.skip_text()?;
                ValueKind::Text
            }
        };
        self.seen.mark(node, kind);
        Ok(())
    }

    /// The object within another that begins at `cursor`. One with a key that
    /// comes twice is no struct, and as text it stands as it is; a path does
    /// not lead through it.
    fn inner(
        &mut self,
        node: SeenValue,
        members: Members,
        cursor: &mut Cursor<'_>,
        nesting: usize,
    ) -> Lexed<()> {
        let (at, depth) = (cursor.at(), cursor.depth());
        cursor.open()?;
        match self.object(members, cursor, nesting) {
            Err(fault) if fault.is_twice() && !self.seen.is_on_path(members) => {
                self.seen.mark(node, ValueKind::Twice);
                cursor.rewind(at, depth);
                cursor.skip_value()
            }
            result => result,
        }
    }

    /// What is within the list or object at `node`, unless it is too deep or
    /// there is no room to note it.
    fn inside<T>(
        &mut self,
        node: SeenValue,
        nesting: usize,
        inside: impl FnOnce(&mut Seen, SeenValue) -> Option<T>,
    ) -> Option<T> {
        if nesting >= MAX_NESTING {
            self.seen.mark(node, ValueKind::Deep);
            return None;
        }
        inside(&mut self.seen, node)
    }

    fn list(&mut self, node: SeenValue, cursor: &mut Cursor<'_>, nesting: usize) -> Lexed<()> {
        self.seen.mark(node, ValueKind::List);
        let Some(items) = self.inside(node, nesting, Seen::items) else {
            return cursor.skip_value();
        };
        cursor.open()?;
        let mut is_first = true;
        while cursor.more(&mut is_first, b']')? {
            self.numbers(items, cursor);
            self.value(items, cursor, nesting + 1)
                .map_err(|fault| fault.within(PathPart::Item))?;
        }
        Ok(())
    }

    /// The items of a list that can be taken quickly; their kinds are noted once.
    fn numbers(&mut self, node: SeenValue, cursor: &mut Cursor<'_>) {
        let (mut small, mut negative, mut float) = (false, false, false);
        while let Some(number) = cursor.next_number() {
            small |= number.is_whole();
            negative |= number.is_below_zero();
            float |= !number.is_whole();
        }
        let came = [
            (small, ValueKind::Small),
            (negative, ValueKind::Negative),
            (float, ValueKind::Float),
        ];
        for (_, kind) in came.into_iter().filter(|(came, _)| *came) {
            self.seen.mark(node, kind);
        }
    }

    fn number(&mut self, node: SeenValue, cursor: &mut Cursor<'_>) -> Lexed<()> {
        let number = cursor.take_number()?;
        let kind = match number.size() {
            Size::Small => ValueKind::Small,
            Size::Signed => ValueKind::Signed,
            Size::Unsigned => ValueKind::Unsigned,
            Size::Big => ValueKind::Big,
            Size::Float => ValueKind::Float,
            Size::Huge => ValueKind::Huge,
        };
        self.seen.mark(node, kind);
        if number.is_below_zero() {
            self.seen.mark(node, ValueKind::Negative);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
