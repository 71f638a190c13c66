//! What a rendering keeps beside its variables: what is left of its limits,
//! and the objects that change.

use std::sync::Arc;

use indexmap::IndexMap;

use super::budget::Allowance;
use super::clock::ChatClock;
use super::error::Exception;
use super::value::{Datum, Dict, Handle, Key, ViewKind};

/// The objects that change, and the limits.
#[derive(Debug)]
pub(super) struct Runtime {
    pub(super) allowance: Allowance,
    pub(super) clock: ChatClock,
    pub(super) namespaces: Vec<IndexMap<Arc<str>, Datum>>,
    generators: Vec<Generator>,
}

/// An iterator that can be run through once.
#[derive(Debug)]
struct Generator {
    items: std::vec::IntoIter<Datum>,
    /// What running further than the items raises.
    fault: Option<Exception>,
}

impl Runtime {
    pub(super) fn new(allowance: Allowance, clock: ChatClock) -> Self {
        Self {
            allowance,
            clock,
            namespaces: Vec::new(),
            generators: Vec::new(),
        }
    }

    /// A generator of `items`, which ends with a fault where there is one.
    pub(super) fn generator(
        &mut self,
        items: Vec<Datum>,
        fault: Option<Exception>,
    ) -> Result<Datum, Exception> {
        // Limits are limits, whether what is made is ever asked for or not.
        if let Some(Exception::Limit(_)) = fault {
            return fault.map_or(Ok(Datum::None), Err);
        }
        self.allowance.items(items.len() + 2)?;
        self.generators.push(Generator {
            items: items.into_iter(),
            fault,
        });
        Ok(Datum::Handle(Handle::Generator(self.generators.len() - 1)))
    }

    /// The next item of a generator.
    pub(super) fn next(&mut self, generator: usize) -> Result<Option<Datum>, Exception> {
        self.allowance.spend(1)?;
        let Some(generator) = self.generators.get_mut(generator) else {
            return Ok(None);
        };
        match generator.items.next() {
            Some(item) => Ok(Some(item)),
            None => generator.fault.take().map_or(Ok(None), Err),
        }
    }

    /// All items of what can be iterated over.
    pub(super) fn iterate(&mut self, datum: &Datum) -> Result<Vec<Datum>, Exception> {
        if let Datum::Handle(Handle::Generator(generator)) = datum {
            let mut items = Vec::new();
            while let Some(item) = self.next(*generator)? {
                items.push(item);
            }
            return Ok(items);
        }
        self.allowance.items(datum.shallow_len())?;
        Ok(match datum {
            Datum::Undefined(_) => Vec::new(),
            Datum::Str(text) | Datum::Safe(text) => text
                .chars()
                .map(|c| Datum::str(c.encode_utf8(&mut [0; 4]) as &str))
                .collect(),
            Datum::List(seq) | Datum::Tuple(seq) => seq.items.clone(),
            Datum::Dict(dict) => dict.map.keys().map(|key| key.datum().clone()).collect(),
            Datum::View(kind, dict) => view_items(*kind, dict)?,
            Datum::Range(range) => (0..range.len()).map(|at| range.at(at)).collect(),
            other => {
                return Err(Exception::python(format!(
                    "'{}' object is not iterable",
                    other.type_name()
                )));
            }
        })
    }

    /// `dict(mapping_or_pairs)`, into `map`.
    pub(super) fn update(
        &mut self,
        map: &mut IndexMap<Key, Datum>,
        source: &Datum,
    ) -> Result<(), Exception> {
        if let Datum::Dict(dict) = source {
            self.allowance.items(dict.map.len())?;
            map.extend(
                dict.map
                    .iter()
                    .map(|(key, datum)| (key.clone(), datum.clone())),
            );
            return Ok(());
        }
        if let Datum::Undefined(why) = source {
            return Err(Exception::python(&**why));
        }
        for pair in self.iterate(source)? {
            let items = self.iterate(&pair)?;
            let [key, datum] = &items[..] else {
                return Err(Exception::python(format!(
                    "dictionary update sequence element has length {}; 2 is required",
                    items.len()
                )));
            };
            map.insert(Key::new(key.clone())?, datum.clone());
        }
        Ok(())
    }
}

fn view_items(kind: ViewKind, dict: &Dict) -> Result<Vec<Datum>, Exception> {
    let map = dict.map.iter();
    match kind {
        ViewKind::Keys => Ok(map.map(|(key, _)| key.datum().clone()).collect()),
        ViewKind::Values => Ok(map.map(|(_, datum)| datum.clone()).collect()),
        ViewKind::Items => map
            .map(|(key, datum)| Datum::tuple(vec![key.datum().clone(), datum.clone()]))
            .collect(),
    }
}
