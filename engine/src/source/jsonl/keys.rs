//! Tells the keys of objects apart, and finds those that come twice.
//!
//! Lines of one file mostly have the same keys in the same order, so the key
//! that followed the last one before is looked for first, without a hash.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::cursor::Cursor;
use super::fault::{Fault, Lexed, PathPart, cut};
use super::key_text::KeyText;

/// No key.
const NONE: u32 = u32::MAX;

/// Keys that become known by themselves at most, so that lines of ever new
/// ones take no more memory than one line does.
const LEARNT: usize = 1024;

/// The longest of them, in bytes.
const SHORT: usize = 128;

/// The keys of one kind of object.
#[derive(Debug, Clone)]
pub(super) struct ObjectKeys {
    known: Vec<Known>,
    by_name: HashMap<Box<str>, u32>,
    /// Keys of this object that are not known.
    strays: HashSet<Box<str>>,
    /// How many may become known.
    limit: usize,
    /// Counts objects, from 1.
    object: u64,
    /// The key that came last in this object.
    last: u32,
    /// The key with which the last object began.
    first: u32,
}

#[derive(Debug, Clone)]
struct Known {
    name: Box<str>,
    /// How it stands before a value, if it needs no escapes.
    written: Option<KeyText>,
    /// The object in which it came last.
    object: u64,
    /// The key that followed it then.
    next: u32,
}

/// A key of an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ObjectKey<'a> {
    /// One that is known, by its number.
    Known(usize),
    /// Any other.
    Stray(Cow<'a, str>),
}

impl ObjectKey<'_> {
    /// Its name.
    pub(super) fn into_name(self, keys: &ObjectKeys) -> String {
        match self {
            Self::Known(key) => keys.name(key).to_owned(),
            Self::Stray(name) => name.into_owned(),
        }
    }
}

impl ObjectKeys {
    /// Keys that are known from the start, numbered in this order. Others
    /// become known when they are met, as long as they are few and short.
    pub(super) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut keys = Self {
            known: Vec::new(),
            by_name: HashMap::new(),
            strays: HashSet::new(),
            limit: 0,
            object: 0,
            last: NONE,
            first: NONE,
        };
        for name in names {
            keys.learn(name);
        }
        keys.limit = keys.known.len() + LEARNT;
        keys
    }

    /// The same, but no key becomes known by itself.
    pub(super) fn fixed(mut self) -> Self {
        self.limit = 0;
        self
    }

    /// How many are known.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// The names of the known keys, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.known.iter().map(|known| known.name.as_ref())
    }

    /// The name of a known key.
    pub(super) fn name(&self, key: usize) -> &str {
        &self.known[key].name
    }

    /// The number of `name`, if it is known.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).map(|key| *key as usize)
    }

    /// Makes `name` known; its number.
    pub(super) fn learn(&mut self, name: &str) -> usize {
        if let Some(key) = self.find(name) {
            return key;
        }
        let key = u32::try_from(self.known.len()).unwrap_or(NONE);
        self.by_name.insert(name.into(), key);
        self.known.push(Known {
            name: name.into(),
            written: KeyText::new(name),
            object: if self.strays.remove(name) {
                self.object
            } else {
                0
            },
            next: NONE,
        });
        key as usize
    }

    /// Forgets the keys that have become known since there were `len`.
    pub(super) fn forget(&mut self, len: usize) {
        for known in self.known.drain(len.min(self.known.len())..) {
            self.by_name.remove(&known.name);
        }
    }

    /// Begins another object.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.object += 1;
        self.last = NONE;
        if !self.strays.is_empty() {
            self.strays.clear();
        }
    }

    /// Takes the key at `cursor` and its colon.
    ///
    /// # Errors
    /// If there is none, or it has come in this object before.
    #[expect(
        clippy::inline_always,
        reason = "the place in the line stays in a register"
    )]
    #[inline(always)]
    pub(super) fn take<'a>(&mut self, cursor: &mut Cursor<'a>) -> Lexed<ObjectKey<'a>> {
        let guess = match self.known.get(self.last as usize) {
            Some(last) => last.next,
            None => self.first,
        };
        if let Some(known) = self.known.get_mut(guess as usize)
            && let Some(written) = &known.written
            && cursor.take_if(written)
        {
            if known.object == self.object {
                return Err(twice(&known.name));
            }
            known.object = self.object;
            self.last = guess;
            cursor.blank();
            return Ok(ObjectKey::Known(guess as usize));
        }
        self.look_up(cursor)
    }

    #[inline(never)]
    fn look_up<'a>(&mut self, cursor: &mut Cursor<'a>) -> Lexed<ObjectKey<'a>> {
        let name = cursor.take_key()?;
        cursor.colon()?;
        let key = match self.by_name.get(name.as_ref()) {
            Some(key) => *key,
            None if self.strays.contains(name.as_ref()) => return Err(twice(&name)),
            None if self.known.len() < self.limit && name.len() <= SHORT => {
                u32::try_from(self.learn(&name)).unwrap_or(NONE)
            }
            None => {
                self.strays.insert(name.as_ref().into());
                return Ok(ObjectKey::Stray(name));
            }
        };
        match self.known.get_mut(self.last as usize) {
            Some(last) => last.next = key,
            None => self.first = key,
        }
        let known = &mut self.known[key as usize];
        if std::mem::replace(&mut known.object, self.object) == self.object {
            return Err(twice(&name));
        }
        self.last = key;
        Ok(ObjectKey::Known(key as usize))
    }
}

#[cold]
fn twice(name: &str) -> Fault {
    let reason = format!("expected each key once, got \"{}\" twice", cut(name));
    Fault::twice(reason).within(PathPart::Key(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::NotFinite;

    /// The numbers of the keys of objects, or whether one is refused.
    fn read(keys: &mut ObjectKeys, text: &str) -> Option<Vec<Option<usize>>> {
        let mut cursor = Cursor::new(text, NotFinite::Refused);
        let mut out = Vec::new();
        let mut is_first = true;
        cursor.open().ok()?;
        keys.begin();
        while cursor.more(&mut is_first, b'}').ok()? {
            match keys.take(&mut cursor).ok()? {
                ObjectKey::Known(key) => out.push(Some(key)),
                ObjectKey::Stray(_) => out.push(None),
            }
            cursor.skip_value().ok()?;
        }
        Some(out)
    }

    #[test]
    fn keys_are_found_in_any_order_and_spelling() {
        let mut keys = ObjectKeys::new(["a", "b\"", "é"]).fixed();
        for _ in 0..2 {
            assert_eq!(
                read(&mut keys, r#"{"a":1,"x":2,"b\"":3,"\u00e9":4}"#),
                Some(vec![Some(0), None, Some(1), Some(2)])
            );
            assert_eq!(
                read(&mut keys, r#"{"é":1, "\u0061" :2}"#),
                Some(vec![Some(2), Some(0)])
            );
            assert_eq!(read(&mut keys, "{}"), Some(vec![]));
        }
    }

    #[test]
    fn a_key_that_comes_twice_is_refused_however_it_is_written() {
        let mut keys = ObjectKeys::new(["a", "b"]);
        let mut strict = ObjectKeys::new(["a", "b"]).fixed();
        for twice in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"x":1,"x":1}"#,
            r#"{"x":1,"a":1,"\u0078":1}"#,
        ] {
            for keys in [&mut keys, &mut strict] {
                assert_eq!(read(keys, twice), None, "{twice}");
                assert_eq!(read(keys, twice), None, "{twice}");
                assert!(read(keys, r#"{"a":{"b":1,"b":1},"x":1,"b":2}"#).is_some());
            }
        }
    }

    #[test]
    fn a_stray_key_that_becomes_known_still_comes_once() {
        let mut keys = ObjectKeys::new([]).fixed();
        let text = r#"{"a":1,"a":2}"#;
        let mut cursor = Cursor::new(text, NotFinite::Refused);
        cursor.open().unwrap();
        keys.begin();
        assert!(cursor.more(&mut true, b'}').unwrap());
        assert!(matches!(keys.take(&mut cursor), Ok(ObjectKey::Stray(_))));
        assert_eq!(keys.learn("a"), 0);
        cursor.skip_value().unwrap();
        assert!(cursor.more(&mut false, b'}').unwrap());
        assert!(keys.take(&mut cursor).is_err());
    }

    #[test]
    fn a_hundred_thousand_keys_are_no_more_than_so_many() {
        let members: Vec<String> = (0..100_000).map(|i| format!("\"k{i}\":0")).collect();
        let text = format!("{{{}}}", members.join(","));
        let twice = format!("{{{},\"k70000\":0}}", members.join(","));
        for mut keys in [ObjectKeys::new([]), ObjectKeys::new([]).fixed()] {
            assert_eq!(read(&mut keys, &text).map(|keys| keys.len()), Some(100_000));
            assert_eq!(read(&mut keys, &twice), None);
            assert!(keys.len() <= LEARNT);
        }
    }
}
