//! Looks at JSON lines before the plan is made: which keys they have, and
//! which types hold their values.
//!
//! What comes out does not depend on threads: places are the least, and keys
//! stand in the order of their first appearance.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use arrow::datatypes::{Field, Schema, SchemaRef};

use super::Meter;
use super::broken;
use super::input::{self, ReadFault};
use super::jsonl::{Observer, Selection};
use super::records::{BlockSize, Delimiter, MAX_RECORD, Records, StreamChunk};
use super::stretch::{self, Stretch};
use super::walk::FoundFile as Input;
use crate::error::{Error, Result};
use crate::plan::{
    Conflict, Found, Int96Unit, KeyTypes, Looked, Place, Proposed, SeenKeys, Selected, leaf,
};

/// All is looked at up to so many bytes on disk.
const ALL_ON_DISK: u64 = 256 << 20;

/// All is looked at up to so many bytes of lines.
const ALL_DECODED: u64 = 1 << 30;

/// Bad lines that are named, at most.
const MOST_NAMED: usize = 10;

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All where that is quick, else samples.
    Quick,
    /// All, however much that is.
    All,
}

/// What to look for in lines, and how to see what other files hold.
#[derive(Debug, Clone)]
pub struct LookSpec {
    /// The keys that are used.
    pub selected: Selected,
    /// Those whose types are known.
    pub declared: KeyTypes,
    /// Whether `NaN` and infinities are numbers.
    pub allow_nan: bool,
    /// The unit of timestamps of INT96 in Parquet files.
    pub int96: Int96Unit,
    /// How much is looked at.
    pub extent: Extent,
    /// Told of the bytes that will be read, once they are known.
    pub expected: Meter,
    /// Told of the bytes that are read.
    pub read: Meter,
}

impl Default for LookSpec {
    fn default() -> Self {
        Self {
            selected: Selected {
                names: Vec::new(),
                all: true,
                as_json: Vec::new(),
            },
            declared: KeyTypes::default(),
            allow_nan: false,
            int96: Int96Unit::default(),
            extent: Extent::Quick,
            expected: Meter::default(),
            read: Meter::default(),
        }
    }
}

impl LookSpec {
    /// Whether the lines tell nothing that is not known: neither a type, nor
    /// what a name with dots means.
    fn is_known(&self) -> bool {
        let is_known = |name: &String| !name.contains('.') && self.declared.get(name).is_some();
        self.extent == Extent::Quick
            && !self.selected.all
            && self.selected.names.iter().all(is_known)
    }

    /// The declared keys below others, as their names have it.
    fn declared_paths(&self) -> Vec<String> {
        let names = self.declared.0.iter().map(|(name, _)| name);
        names.filter(|name| name.contains('.')).cloned().collect()
    }

    /// Whether nothing is known without a row that can be read.
    fn needs_rows(&self) -> bool {
        let is_unknown = |name: &String| self.declared.get(name).is_none();
        let is_untyped = if self.selected.all {
            self.declared.is_empty()
        } else {
            self.selected.names.iter().any(is_unknown)
        };
        is_untyped && self.extent == Extent::Quick
    }
}

/// Looks at the lines of `found` on so many threads. The files are those of
/// `indices` in the catalog.
///
/// # Errors
/// `Io` if a file cannot be read, `Data` if no line can and no type is declared.
pub(super) fn look(
    found: &[Input],
    indices: &[usize],
    threads: usize,
    spec: &LookSpec,
) -> Result<SeenKeys> {
    if spec.is_known() {
        return Ok(SeenKeys::default());
    }
    let selection = if spec.selected.all {
        Selection::AllWith(spec.declared_paths())
    } else {
        Selection::Names(spec.selected.names.clone())
    };
    let lengths = stretch::lengths(found)?;
    let on_disk = lengths
        .iter()
        .fold(0, |sum: u64, len| sum.saturating_add(*len));
    let mut job = LookJob {
        found,
        indices,
        threads,
        spec,
        selection,
        stretches: Vec::new(),
        most: u64::MAX,
    };
    let mut all = None;
    if spec.extent == Extent::All || on_disk <= ALL_ON_DISK {
        spec.expected.add(on_disk);
        job.stretches = stretch::whole(found, &lengths)?;
        if spec.extent == Extent::Quick {
            job.most = ALL_DECODED;
        }
        all = job.run()?;
    }
    let sight = if let Some(sight) = all {
        Sight {
            is_all: true,
            ..sight
        }
    } else {
        job.most = u64::MAX;
        job.stretches = stretch::sample(found, &lengths)?;
        job.run()?.unwrap_or_else(|| Sight::new(&job))
    };
    let seen = job.seen(sight)?;
    match seen.bad.first() {
        Some(bad) if spec.needs_rows() && seen.is_empty() => Err(job.unreadable(bad, &seen)),
        _ => Ok(seen),
    }
}

/// The columns of one file, of those keys whose values go together.
///
/// # Errors
/// As [`look`].
pub(super) fn look_at_one(path: &Path) -> Result<SchemaRef> {
    let found = Input {
        path: path.to_owned(),
        name: String::new(),
        is_linked: false,
        id: None,
    };
    let seen = look(&[found], &[0], 1, &LookSpec::default())?;
    let field = |key: &Proposed| match &key.found {
        Found::Type(data_type) => Some(Field::new(&key.name, data_type.clone(), true)),
        _ => None,
    };
    let fields: Vec<Field> = seen.keys.iter().filter_map(field).collect();
    Ok(SchemaRef::new(Schema::new(fields)))
}

/// What is looked at, and for what.
struct LookJob<'a> {
    found: &'a [Input],
    indices: &'a [usize],
    threads: usize,
    spec: &'a LookSpec,
    selection: Selection,
    stretches: Vec<Stretch>,
    /// Bytes of lines after which it ends in vain.
    most: u64,
}

/// What one thread has seen; the file of a place is a stretch.
struct Sight {
    observer: Observer,
    /// Bad lines that the observer was not shown.
    n_bad: u64,
    bad: Vec<(Place, String)>,
    /// Lines of each stretch.
    n_lines: Vec<(usize, u64)>,
    /// Whether it is of all lines.
    is_all: bool,
}

impl Sight {
    fn new(job: &LookJob<'_>) -> Self {
        Self {
            observer: Observer::new(&job.selection, job.spec.allow_nan.into()),
            n_bad: 0,
            bad: Vec::new(),
            n_lines: Vec::new(),
            is_all: false,
        }
    }

    fn line(&mut self, job: &LookJob<'_>, line: &[u8], place: Place) {
        let before = self.observer.n_bad();
        self.observer.line(line, place);
        if self.observer.n_bad() > before && self.bad.len() < MOST_NAMED {
            let none = Selection::Names(Vec::new());
            let mut alone = Observer::new(&none, job.spec.allow_nan.into());
            alone.line(line, place);
            let first = alone.first_bad().or_else(|| self.observer.first_bad());
            let reason = first.map_or(String::new(), |(_, reason)| reason.to_owned());
            self.bad.push((place, reason));
        }
    }

    fn bad(&mut self, place: Place, reason: String) {
        self.n_bad += 1;
        if self.bad.len() < MOST_NAMED {
            self.bad.push((place, reason));
        }
    }

    fn merge(&mut self, other: Self) {
        self.observer.merge(other.observer);
        self.n_bad += other.n_bad;
        self.bad.extend(other.bad);
        self.n_lines.extend(other.n_lines);
    }
}

impl LookJob<'_> {
    /// Looks at all stretches; nothing if there are too many bytes in them.
    fn run(&self) -> Result<Option<Sight>> {
        let next = AtomicUsize::new(0);
        let decoded = AtomicU64::new(0);
        let run = || -> Result<Sight> {
            let mut sight = Sight::new(self);
            while decoded.load(Ordering::Relaxed) <= self.most {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(stretch) = self.stretches.get(index) else {
                    break;
                };
                self.look_at(index, stretch, (&mut sight, &decoded))?;
            }
            Ok(sight)
        };
        let sight = thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads.clamp(1, self.stretches.len().max(1)))
                // Where no thread is to be had, fewer do the same.
                .map_while(|_| thread::Builder::new().spawn_scoped(scope, run).ok())
                .collect();
            let mut sight = run();
            for other in others {
                let joined = other.join();
                let other =
                    joined.map_err(|_| Error::internal("a thread of discovery panicked"))?;
                sight = match (sight, other) {
                    (Ok(mut sight), Ok(other)) => {
                        sight.merge(other);
                        Ok(sight)
                    }
                    (Err(error), _) | (_, Err(error)) => Err(error),
                };
            }
            sight
        })?;
        Ok((decoded.load(Ordering::Relaxed) <= self.most).then_some(sight))
    }

    fn records(&self, stretch: &Stretch) -> Result<Records> {
        let path = &self.found[stretch.file].path;
        let io = |e| Error::io("open input", path, e);
        let mut file = File::open(path).map_err(io)?;
        file.seek(SeekFrom::Start(stretch.from)).map_err(io)?;
        let len = stretch.to - stretch.from;
        let content = input::peek_content(file, path, len, self.spec.read.clone())?;
        Ok(if stretch.from == 0 {
            Records::new(content, Delimiter::Newline)
        } else {
            Records::within(content, Delimiter::Newline)
        })
    }

    /// Looks at one stretch. What cannot be decompressed ends it: reading sets
    /// it aside or fails.
    fn look_at(
        &self,
        index: usize,
        stretch: &Stretch,
        (sight, decoded): (&mut Sight, &AtomicU64),
    ) -> Result<()> {
        let path = &self.found[stretch.file].path;
        let mut records = self.records(stretch)?;
        let file = u32::try_from(index).map_err(|_| Error::internal("too many stretches"))?;
        let place = |line| Place { file, line };
        let size = BlockSize {
            len_bytes: 256 << 10,
            n_records: usize::MAX,
        };
        let (mut lines, mut bytes_seen) = (0, 0_u64);
        while let Some(chunk) = records.next_chunk(size) {
            match chunk {
                StreamChunk::Records {
                    first,
                    bytes,
                    spans,
                } => {
                    for (line, span) in (first..).zip(spans) {
                        sight.line(self, &bytes[span.clone()], place(line));
                        bytes_seen += span.len() as u64 + 1;
                    }
                    lines = first + spans.len() as u64;
                    let n_bytes = bytes.len() as u64;
                    let total = decoded.fetch_add(n_bytes, Ordering::Relaxed) + n_bytes;
                    let is_enough = stretch.most.is_some_and(|most| bytes_seen >= most);
                    if is_enough || total > self.most {
                        break;
                    }
                }
                StreamChunk::TooLong { record, .. } => {
                    let reason = format!("expected at most {MAX_RECORD} bytes, got more");
                    sight.bad(place(record), reason);
                    lines = record + 1;
                }
                StreamChunk::Fault { record, error, .. } => match input::fault(path, error) {
                    ReadFault::System(error) => return Err(error),
                    ReadFault::Content(broken) => sight.bad(place(record), broken.reason),
                },
            }
        }
        sight.n_lines.push((index, lines));
        Ok(())
    }

    /// No line can be read, and this is the first.
    fn unreadable(&self, (place, reason): &(Place, String), seen: &SeenKeys) -> Error {
        // Of what was looked at whole, no line comes later.
        let hint = if seen.looked.is_some_and(|looked| looked.is_all) {
            "no line of the inputs can be read: a line is to hold one JSON object, in UTF-8"
        } else {
            "no line that was looked at can be read; where later ones can, declare the types of \
             their keys in [source.schema]"
        };
        let mut file = self.indices.iter();
        let file = file.position(|&index| index == place.file as usize);
        let error = Error::data(reason.clone())
            .with_row(place.line)
            .with_line(place.line + 1);
        match file.and_then(|file| self.found.get(file)) {
            Some(file) => error
                .with_hint(broken::remedy(&file.path, reason).unwrap_or_else(|| hint.to_owned()))
                .with_path(&file.path),
            None => error.with_hint(hint),
        }
    }

    /// What was seen, with places in files.
    fn seen(&self, mut sight: Sight) -> Result<SeenKeys> {
        let looked = Looked {
            n_rows: sight.observer.n_rows(),
            n_bad: sight.observer.n_bad() + sight.n_bad,
            is_all: sight.is_all,
        };
        let places = Places::new(self, &sight);
        sight.bad.sort();
        sight.bad.truncate(MOST_NAMED);
        for (place, _) in &mut sight.bad {
            *place = places.of(*place)?;
        }
        let mut keys = sight.observer.propose()?;
        for key in &mut keys {
            places.resolve(key)?;
        }
        let is_absent = |key: &Proposed| {
            key.found == Found::Absent && self.spec.declared.get(&key.name).is_none()
        };
        let others = if keys.iter().any(is_absent) {
            self.others()?
        } else {
            Vec::new()
        };
        Ok(SeenKeys {
            keys,
            others,
            looked: Some(looked),
            bad: sight.bad,
        })
    }

    /// Names of all keys, and paths of what objects hold.
    fn others(&self) -> Result<Vec<String>> {
        let all = LookJob {
            selection: Selection::All,
            found: self.found,
            indices: self.indices,
            threads: self.threads,
            spec: self.spec,
            stretches: self.stretches.clone(),
            most: u64::MAX,
        };
        let mut names = Vec::new();
        if let Some(sight) = all.run()? {
            for key in sight.observer.propose()? {
                if let Found::Type(data_type) = &key.found {
                    names.extend(leaf::paths(&key.name, data_type));
                }
                names.push(key.name);
            }
        }
        Ok(names)
    }
}

/// Turns places in stretches into places in files.
struct Places<'a> {
    job: &'a LookJob<'a>,
    /// The first line of each stretch, where all lines have been counted.
    first_lines: Option<Vec<u64>>,
}

impl<'a> Places<'a> {
    fn new(job: &'a LookJob<'a>, sight: &Sight) -> Self {
        let mut counts = vec![0; job.stretches.len()];
        for &(index, n) in &sight.n_lines {
            counts[index] = n;
        }
        let mut line = 0;
        let first_line = |(stretch, n): (&Stretch, u64)| {
            if stretch.from == 0 {
                line = 0;
            }
            let first = line;
            line += n;
            first
        };
        let first_lines = sight.is_all.then(|| {
            let counted = job.stretches.iter().zip(counts);
            counted.map(first_line).collect()
        });
        Self { job, first_lines }
    }

    fn of(&self, place: Place) -> Result<Place> {
        let index = place.file as usize;
        let stretch = &self.job.stretches[index];
        let first = match &self.first_lines {
            Some(first_lines) => first_lines[index],
            None => stretch::first_line(&self.job.found[stretch.file].path, stretch)?,
        };
        Ok(Place {
            file: u32::try_from(self.job.indices[stretch.file]).unwrap_or(u32::MAX),
            line: first + place.line,
        })
    }

    fn resolve(&self, key: &mut Proposed) -> Result<()> {
        if let Some((_, place)) = &mut key.misfit {
            *place = self.of(*place)?;
        }
        if let Some(holes) = &mut key.holes {
            holes.first = self.of(holes.first)?;
        }
        match &mut key.found {
            Found::Type(_) | Found::Absent => {}
            Found::Untyped { place, .. } => *place = self.of(*place)?,
            Found::Conflict(Conflict { first, second, .. }) => {
                first.1 = self.of(first.1)?;
                if let Some(second) = second {
                    second.1 = self.of(second.1)?;
                }
            }
        }
        Ok(())
    }
}
