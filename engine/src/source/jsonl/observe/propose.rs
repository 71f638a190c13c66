//! The types that hold what has been seen.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::seen::{MAX_NODES, Members, Seen, SeenValue, ValueKind};
use super::{Conflict, Found, MAX_NESTING, Observer, Place, Proposed, Selection};
use crate::error::{Error, Result};
use crate::plan::Holes;

impl Observer {
    /// A type for each key, in the order in which they first came; names that
    /// no line has stand last, in the order in which they were asked for. Paths
    /// beside all keys stand behind these, in that order too.
    ///
    /// # Errors
    /// `Pipeline` if there are more keys than can be noted.
    pub fn propose(&self) -> Result<Vec<Proposed>> {
        let seen = &self.seen;
        if seen.is_full() {
            return Err(Error::pipeline(format!(
                "expected at most {MAX_NODES} different keys, nested ones too, got more"
            ))
            .with_hint("name the columns you want in a `select` step"));
        }
        Ok(match &self.selection {
            Selection::All => top(seen),
            Selection::AllWith(paths) => {
                let paths = paths.iter();
                let paths = paths.filter(|path| seen.find_came(Members::TOP, path).is_none());
                let mut all = top(seen);
                all.extend(paths.map(|path| named_one(seen, path).1));
                all
            }
            Selection::Names(names) => named(seen, names),
        })
    }
}

/// The keys of the top object.
fn top(seen: &Seen) -> Vec<Proposed> {
    let came = seen.came(Members::TOP).into_iter();
    came.map(|(name, node)| proposed(seen, name, vec![name.to_owned()], node))
        .collect()
}

fn named(seen: &Seen, names: &[String]) -> Vec<Proposed> {
    let mut all: Vec<_> = names.iter().map(|name| named_one(seen, name)).collect();
    all.sort_by_key(|(first, _)| (first.is_none(), *first));
    all.into_iter().map(|(_, proposed)| proposed).collect()
}

/// What a name stands for, and where it came first.
fn named_one(seen: &Seen, name: &str) -> (Option<(Place, u32)>, Proposed) {
    let literal = vec![name.to_owned()];
    if let Some(node) = seen.find_came(Members::TOP, name) {
        return (seen.first(node), proposed(seen, name, literal, node));
    }
    let path: Vec<String> = name.split('.').map(str::to_owned).collect();
    let absent = |found| Proposed {
        name: name.to_owned(),
        path: path.clone(),
        found,
        misfit: None,
        holes: None,
    };
    let mut members = Members::TOP;
    for (at, key) in path.iter().enumerate() {
        let Some(node) = seen.find_came(members, key) else {
            break;
        };
        let first = seen.first(node);
        if at + 1 == path.len() {
            return (first, proposed(seen, name, path, node));
        }
        if let Some(other) = not_an_object(seen, node) {
            let conflict = Conflict {
                at: path[..=at].join("."),
                first: other,
                second: seen
                    .place(node, ValueKind::Object)
                    .map(|at| ("an object".to_owned(), at)),
            };
            return (first, absent(Found::Conflict(conflict)));
        }
        let Some(inner) = seen.members_of(node) else {
            break;
        };
        members = inner;
    }
    (None, absent(Found::Absent))
}

/// A value at `node` that a path does not lead through.
fn not_an_object(seen: &Seen, node: SeenValue) -> Option<(String, Place)> {
    let others = groups(seen, node)
        .into_iter()
        .filter(|(group, _)| *group != Group::Object);
    others
        .min_by_key(|(_, (_, place))| *place)
        .map(|(_, (what, place))| (what.to_owned(), place))
}

fn proposed(seen: &Seen, name: &str, path: Vec<String>, node: SeenValue) -> Proposed {
    let mut typing = Typing {
        seen,
        at: path.join("."),
        misfit: None,
    };
    let found = match typing.of(node) {
        Ok(data_type) => Found::Type(data_type),
        Err(found) => found,
    };
    Proposed {
        name: name.to_owned(),
        path,
        found,
        misfit: typing.misfit,
        holes: seen.items_of(node).and_then(|items| holes(seen, items)),
    }
}

/// The lines whose lists, with `items`, hold a null.
fn holes(seen: &Seen, items: SeenValue) -> Option<Holes> {
    Some(Holes {
        n_rows: seen.n_null_lines(items),
        first: seen.place(items, ValueKind::Null)?,
    })
}

/// Kinds that have a type in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Bool,
    Number,
    Text,
    List,
    Object,
}

/// What a value is called, and where it came first.
type Sighting = (&'static str, Place);

/// Kinds of values, and what they are called.
type Kinds = &'static [(ValueKind, &'static str)];

/// Each group that was seen, and its first value in words.
fn groups(seen: &Seen, node: SeenValue) -> Vec<(Group, Sighting)> {
    const GROUPS: [(Group, Kinds); 5] = [
        (Group::Bool, &[(ValueKind::Bool, "a boolean")]),
        (Group::Number, &NUMBERS),
        (Group::Text, &[(ValueKind::Text, "text")]),
        (Group::List, &[(ValueKind::List, "a list")]),
        (Group::Object, &[(ValueKind::Object, "an object")]),
    ];
    let first = |kinds: Kinds| {
        let places = kinds
            .iter()
            .filter_map(|(kind, what)| Some((*what, seen.place(node, *kind)?)));
        places.min_by_key(|(_, place)| *place)
    };
    GROUPS
        .into_iter()
        .filter_map(|(group, kinds)| Some((group, first(kinds)?)))
        .collect()
}

const NUMBERS: [(ValueKind, &str); 6] = [
    (ValueKind::Small, "an integer"),
    (ValueKind::Signed, "an integer beyond 2^53"),
    (ValueKind::Unsigned, "an integer beyond int64"),
    (ValueKind::Big, "an integer beyond 64 bits"),
    (ValueKind::Float, "a float"),
    (ValueKind::Huge, "a float beyond float64"),
];

/// A type, or why there is none.
type Typed = std::result::Result<DataType, Found>;

/// Finds the type of a value, from the outside in.
struct Typing<'a> {
    seen: &'a Seen,
    /// The key it has come to.
    at: String,
    /// The first value that the type does not hold.
    misfit: Option<(String, Place)>,
}

impl Typing<'_> {
    /// As deep as values are noted.
    fn of(&mut self, node: SeenValue) -> Typed {
        let mut groups = groups(self.seen, node);
        groups.sort_by_key(|(_, (_, place))| *place);
        match groups[..] {
            [] => Err(self.untyped(node, "only null")),
            [(group, _)] => self.of_group(group, node),
            [(_, first), (_, second), ..] => Err(self.conflict(first, Some(second))),
        }
    }

    fn of_group(&mut self, group: Group, node: SeenValue) -> Typed {
        if let Some(place) = self.seen.place(node, ValueKind::Deep) {
            const { assert!(MAX_NESTING == 64, "as the message says") };
            return Err(self.conflict(("values nested more than 64 deep", place), None));
        }
        if let Some(place) = self.seen.place(node, ValueKind::Twice) {
            return Err(self.conflict(("an object with a key that comes twice", place), None));
        }
        match group {
            Group::Bool => Ok(DataType::Boolean),
            Group::Text => Ok(DataType::Utf8),
            Group::Number => self.of_numbers(node),
            Group::List => self.of_lists(node),
            Group::Object => self.of_objects(node),
        }
    }

    fn of_numbers(&mut self, node: SeenValue) -> Typed {
        let sighting = |kinds: &[ValueKind]| -> Option<Sighting> {
            let all = NUMBERS.iter().filter(|(kind, _)| kinds.contains(kind));
            let places =
                all.filter_map(|(kind, what)| Some((*what, self.seen.place(node, *kind)?)));
            places.min_by_key(|(_, place)| *place)
        };
        let negative = self.seen.place(node, ValueKind::Negative);
        let float = sighting(&[ValueKind::Float, ValueKind::Huge]);
        let wide = sighting(&[ValueKind::Signed, ValueKind::Unsigned]);
        let unsigned = sighting(&[ValueKind::Unsigned]);
        if let Some(big) = sighting(&[ValueKind::Big]) {
            return Err(self.conflict(big, None));
        }
        match (float, wide, unsigned) {
            (Some(float), Some(wide), _) => Err(self.conflict(float, Some(wide))),
            (Some(_), None, _) => {
                if let Some((what, place)) = sighting(&[ValueKind::Huge]) {
                    self.note_misfit(what, place);
                }
                Ok(DataType::Float64)
            }
            (None, _, Some(unsigned)) => match negative {
                Some(place) => Err(self.conflict(unsigned, Some(("an integer below 0", place)))),
                None => Ok(DataType::UInt64),
            },
            (None, _, None) => Ok(DataType::Int64),
        }
    }

    fn of_lists(&mut self, node: SeenValue) -> Typed {
        let items = self.seen.items_of(node);
        let len = self.at.len();
        self.at.push_str("[]");
        let Some(items) = items.filter(|items| self.seen.has_values(*items)) else {
            return Err(self.untyped(node, "only empty lists"));
        };
        let item = self.of(items)?;
        self.at.truncate(len);
        Ok(DataType::List(Arc::new(Field::new_list_field(item, true))))
    }

    fn of_objects(&mut self, node: SeenValue) -> Typed {
        let members = self.seen.members_of(node);
        let came = members.map_or_else(Vec::new, |members| self.seen.came(members));
        if came.is_empty() {
            return Err(self.untyped(node, "only empty objects"));
        }
        let len = self.at.len();
        let mut fields = Vec::with_capacity(came.len());
        for (name, node) in came {
            self.at.push('.');
            self.at.push_str(name);
            fields.push(Field::new(name, self.of(node)?, true));
            self.at.truncate(len);
        }
        Ok(DataType::Struct(fields.into()))
    }

    fn note_misfit(&mut self, what: &str, place: Place) {
        if self.misfit.as_ref().is_none_or(|(_, at)| place < *at) {
            self.misfit = Some((what.to_owned(), place));
        }
    }

    fn untyped(&self, node: SeenValue, what: &'static str) -> Found {
        let kinds = [ValueKind::List, ValueKind::Object, ValueKind::Null];
        let places = kinds.iter().filter_map(|kind| self.seen.place(node, *kind));
        let place = places
            .min()
            .or(self.seen.first(node).map(|(place, _)| place));
        Found::Untyped {
            at: self.at.clone(),
            what,
            place: place.unwrap_or(Place { file: 0, line: 0 }),
        }
    }

    /// The earlier of two values comes first.
    fn conflict(&self, first: Sighting, second: Option<Sighting>) -> Found {
        let owned = |(what, place): Sighting| (what.to_owned(), place);
        let (first, second) = match second {
            Some(second) if second.1 < first.1 => (second, Some(first)),
            second => (first, second),
        };
        Found::Conflict(Conflict {
            at: self.at.clone(),
            first: owned(first),
            second: second.map(owned),
        })
    }
}
