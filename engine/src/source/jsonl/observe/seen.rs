//! The kinds of values seen, key by key, as a tree in two lists.
//!
//! A name of a path is asked for by objects that are not open: other keys of
//! theirs are passed over.
//!
//! Whatever a line changes is kept in a journal, for a bad line to be undone.

use super::super::keys::ObjectKeys;
use super::selection::Selection;
use crate::plan::Place;

/// Keys and items of lists noted at most, at any depth.
pub(super) const MAX_NODES: usize = 1 << 18;

/// Kinds of values that types tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    Null,
    Bool,
    /// An integer within 2^53.
    Small,
    /// An integer within int64, beyond that.
    Signed,
    /// An integer within uint64, beyond that.
    Unsigned,
    /// An integer beyond that.
    Big,
    /// A whole number below 0, of any size.
    Negative,
    Float,
    /// A float beyond float64.
    Huge,
    Text,
    List,
    Object,
    /// A list or an object nested too deep to be looked into.
    Deep,
    /// An object in which a key comes twice.
    Twice,
}

impl ValueKind {
    const COUNT: usize = Self::Twice as usize + 1;
}

/// Never: behind every line.
const NEVER: Place = Place {
    file: u32::MAX,
    line: u64::MAX,
};

/// A value that has been noted: of a key, or the items of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SeenValue(u32);

/// The members of an object that has been noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Members(u32);

impl Members {
    /// Those of the top object.
    pub(super) const TOP: Self = Self(0);
}

/// See the module text.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    values: Vec<Value>,
    objects: Vec<Object>,
    /// Whether there was no room for more.
    is_full: bool,
    /// The line that is being noted, and how many keys came in it.
    now: (Place, u32),
    journal: Vec<Change>,
}

#[derive(Debug, Clone)]
struct Value {
    /// Where each kind came first.
    places: [Place; ValueKind::COUNT],
    /// Where it came first, and as which key of that line.
    first: (Place, u32),
    /// Lines in which it is null, and the last of them that was noted.
    nulls: (u64, Place),
    items: Option<SeenValue>,
    members: Option<Members>,
}

#[derive(Debug, Clone)]
struct Object {
    keys: ObjectKeys,
    /// The value of each known key; `None` if it is not asked for.
    values: Vec<Option<SeenValue>>,
    /// Whether keys that come are noted.
    is_open: bool,
    /// Whether a path that is asked for leads through it.
    is_on_path: bool,
}

#[derive(Debug, Clone)]
enum Change {
    Place(SeenValue, ValueKind, Place),
    First(SeenValue, (Place, u32)),
    Nulls(SeenValue, (u64, Place)),
    Items(SeenValue),
    Members(SeenValue),
    Key(Members),
    Full,
}

impl Seen {
    pub(super) fn new(selection: &Selection) -> Self {
        let mut seen = Self {
            values: Vec::new(),
            objects: vec![Object::open()],
            is_full: false,
            now: (NEVER, 0),
            journal: Vec::new(),
        };
        match selection {
            Selection::All => {}
            Selection::AllWith(paths) => {
                for path in paths {
                    seen.ask_path(path);
                }
            }
            Selection::Names(names) => {
                seen.objects[0].is_open = false;
                for name in names {
                    seen.ask(Members::TOP, name);
                    seen.ask_path(name);
                }
                // The others are told apart quickly, and not noted.
                for object in seen.objects.iter_mut().filter(|object| !object.is_open) {
                    object.keys = ObjectKeys::new(object.keys.names());
                }
            }
        }
        seen.journal.clear();
        seen
    }

    /// Asks for a key, all of it.
    fn ask(&mut self, members: Members, name: &str) {
        if let Some(node) = self.require(members, name)
            && let Some(inner) = self.value(node).members
        {
            self.object(inner).is_open = true;
        }
    }

    /// Asks for a path of keys, through objects of which all keys are noted if
    /// those of the top object are.
    fn ask_path(&mut self, name: &str) {
        let Some((outer, last)) = name.rsplit_once('.') else {
            return;
        };
        let is_open = self.objects[0].is_open;
        let mut members = Members::TOP;
        for key in outer.split('.') {
            let is_new = self.find(members, key).is_none();
            let Some(node) = self.require(members, key) else {
                return;
            };
            let Some(inner) = self.members(node) else {
                return;
            };
            // One that was there is on another path, or asked for whole.
            if is_new {
                self.object(inner).is_open = is_open;
            }
            self.object(inner).is_on_path = true;
            members = inner;
        }
        self.ask(members, last);
    }

    /// The value of a key, made if it is not there.
    pub(super) fn require(&mut self, members: Members, name: &str) -> Option<SeenValue> {
        match self.find(members, name) {
            Some(node) => Some(node),
            None => self.insert(members, name),
        }
    }

    /// Begins to note a line.
    pub(super) fn begin(&mut self, place: Place) {
        self.now = (place, 0);
    }

    /// Keeps what the line changed.
    pub(super) fn keep(&mut self) {
        self.journal.clear();
    }

    /// Undoes what the line changed.
    pub(super) fn undo(&mut self) {
        while let Some(change) = self.journal.pop() {
            match change {
                Change::Place(node, kind, place) => {
                    self.value_mut(node).places[kind as usize] = place;
                }
                Change::First(node, first) => self.value_mut(node).first = first,
                Change::Nulls(node, nulls) => self.value_mut(node).nulls = nulls,
                Change::Items(node) => {
                    self.value_mut(node).items = None;
                    self.values.pop();
                }
                Change::Members(node) => {
                    self.value_mut(node).members = None;
                    self.objects.pop();
                }
                Change::Key(members) => {
                    let object = self.object(members);
                    object.values.pop();
                    let len = object.values.len();
                    object.keys.forget(len);
                    self.values.pop();
                }
                Change::Full => self.is_full = false,
            }
        }
    }

    fn value(&self, node: SeenValue) -> &Value {
        &self.values[node.0 as usize]
    }

    fn value_mut(&mut self, node: SeenValue) -> &mut Value {
        &mut self.values[node.0 as usize]
    }

    fn object(&mut self, members: Members) -> &mut Object {
        &mut self.objects[members.0 as usize]
    }

    /// The keys of an object.
    #[inline]
    pub(super) fn keys(&mut self, members: Members) -> &mut ObjectKeys {
        &mut self.object(members).keys
    }

    /// Whether a path that is asked for leads through an object.
    pub(super) fn is_on_path(&self, members: Members) -> bool {
        self.objects[members.0 as usize].is_on_path
    }

    /// The value of a known key, if it is asked for.
    #[inline]
    pub(super) fn member(&self, members: Members, key: usize) -> Option<SeenValue> {
        let object = &self.objects[members.0 as usize];
        object.values.get(key).copied().flatten()
    }

    /// The value of a key that came for the first time, if it is asked for.
    pub(super) fn add_member(&mut self, members: Members, name: &str) -> Option<SeenValue> {
        if self.object(members).is_open {
            self.insert(members, name)
        } else {
            None
        }
    }

    fn find(&self, members: Members, name: &str) -> Option<SeenValue> {
        let object = &self.objects[members.0 as usize];
        let key = object.keys.find(name)?;
        object.values.get(key).copied().flatten()
    }

    fn insert(&mut self, members: Members, name: &str) -> Option<SeenValue> {
        let node = self.push()?;
        let object = self.object(members);
        let key = object.keys.learn(name);
        object.values.resize(key, None);
        object.values.push(Some(node));
        self.journal.push(Change::Key(members));
        Some(node)
    }

    fn push(&mut self) -> Option<SeenValue> {
        if self.values.len() == MAX_NODES {
            if !std::mem::replace(&mut self.is_full, true) {
                self.journal.push(Change::Full);
            }
            return None;
        }
        let node = u32::try_from(self.values.len()).ok()?;
        self.values.push(Value {
            places: [NEVER; ValueKind::COUNT],
            first: (NEVER, u32::MAX),
            nulls: (0, NEVER),
            items: None,
            members: None,
        });
        Some(SeenValue(node))
    }

    /// The items of lists at `node`.
    #[inline]
    pub(super) fn items(&mut self, node: SeenValue) -> Option<SeenValue> {
        if let Some(items) = self.value(node).items {
            return Some(items);
        }
        let items = self.push()?;
        self.value_mut(node).items = Some(items);
        self.journal.push(Change::Items(node));
        Some(items)
    }

    /// The members of objects at `node`.
    #[inline]
    pub(super) fn members(&mut self, node: SeenValue) -> Option<Members> {
        if let Some(members) = self.value(node).members {
            return Some(members);
        }
        let members = Members(u32::try_from(self.objects.len()).ok()?);
        self.objects.push(Object::open());
        self.value_mut(node).members = Some(members);
        self.journal.push(Change::Members(node));
        Some(members)
    }

    /// Notes that the key of `node` comes in this line.
    #[inline]
    pub(super) fn come(&mut self, node: SeenValue) {
        let now = self.now;
        self.now.1 = now.1.saturating_add(1);
        let first = &mut self.values[node.0 as usize].first;
        if now < *first {
            let old = std::mem::replace(first, now);
            self.journal.push(Change::First(node, old));
        }
    }

    /// Notes that a value of `kind` comes in this line.
    #[inline]
    pub(super) fn mark(&mut self, node: SeenValue, kind: ValueKind) {
        let place = &mut self.values[node.0 as usize].places[kind as usize];
        if self.now.0 < *place {
            let old = std::mem::replace(place, self.now.0);
            self.journal.push(Change::Place(node, kind, old));
        }
    }

    /// Counts this line among those in which the value is null, once.
    pub(super) fn count_null(&mut self, node: SeenValue) {
        let now = self.now.0;
        let nulls = &mut self.values[node.0 as usize].nulls;
        if nulls.1 != now {
            let old = std::mem::replace(nulls, (nulls.0 + 1, now));
            self.journal.push(Change::Nulls(node, old));
        }
    }

    /// Lines in which the value is null.
    pub(super) fn n_null_lines(&self, node: SeenValue) -> u64 {
        self.value(node).nulls.0
    }

    /// Takes what has been seen of `theirs` as seen of `mine`.
    pub(super) fn absorb_places(&mut self, mine: SeenValue, other: &Self, theirs: SeenValue) {
        let theirs = other.value(theirs);
        let mine = self.value_mut(mine);
        mine.first = mine.first.min(theirs.first);
        mine.nulls.0 += theirs.nulls.0;
        for (place, their) in mine.places.iter_mut().zip(theirs.places) {
            *place = their.min(*place);
        }
    }

    /// Notes that there was no room for a key.
    pub(super) fn fill(&mut self) {
        self.is_full = true;
    }

    /// Whether there was no room for a key.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Where a kind of value came first.
    pub(super) fn place(&self, node: SeenValue, kind: ValueKind) -> Option<Place> {
        let place = self.value(node).places[kind as usize];
        (place != NEVER).then_some(place)
    }

    /// Whether any value came, null or not.
    pub(super) fn has_values(&self, node: SeenValue) -> bool {
        self.value(node).places.iter().any(|place| *place != NEVER)
    }

    /// Where the key of `node` came first, if it came.
    pub(super) fn first(&self, node: SeenValue) -> Option<(Place, u32)> {
        let first = self.value(node).first;
        (first.0 != NEVER).then_some(first)
    }

    /// The items of lists at `node`, if any has been asked for.
    pub(super) fn items_of(&self, node: SeenValue) -> Option<SeenValue> {
        self.value(node).items
    }

    /// The members of objects at `node`, if there are any.
    pub(super) fn members_of(&self, node: SeenValue) -> Option<Members> {
        self.value(node).members
    }

    /// The keys of an object that are asked for.
    pub(super) fn asked(&self, members: Members) -> impl Iterator<Item = (&str, SeenValue)> {
        let object = &self.objects[members.0 as usize];
        let nodes = object.values.iter().enumerate();
        nodes.filter_map(|(key, node)| Some((object.keys.name(key), (*node)?)))
    }

    /// The keys of an object that came, in the order in which they did.
    pub(super) fn came(&self, members: Members) -> Vec<(&str, SeenValue)> {
        let mut came: Vec<_> = self
            .asked(members)
            .filter_map(|(name, node)| Some((self.first(node)?, name, node)))
            .collect();
        came.sort_unstable_by_key(|(first, _, _)| *first);
        came.into_iter()
            .map(|(_, name, node)| (name, node))
            .collect()
    }

    /// The value of a key that came.
    pub(super) fn find_came(&self, members: Members, name: &str) -> Option<SeenValue> {
        let node = self.find(members, name)?;
        self.first(node).map(|_| node)
    }
}

impl Object {
    /// One of which all keys are noted.
    fn open() -> Self {
        Self {
            keys: ObjectKeys::new([]).fixed(),
            values: Vec::new(),
            is_open: true,
            is_on_path: false,
        }
    }
}
