//! Finds the inputs of a pipeline and what they hold.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use arrow::datatypes::{Schema, SchemaRef};

use super::fingerprint::fingerprint;
use super::look::{LookSpec, look};
use super::sniff;
use super::uris::{Expanded, UriContext, expand};
use super::walk::{FoundFile, shown};
use super::{Description, for_format, images, metadata, parquet, tar};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::{
    Catalog, Digest, Document, Fingerprint, Format, Input, InputDescription, ListedContent, OnError,
};

/// What to look for, and how.
#[derive(Debug, Clone)]
pub struct DiscoverSpec<'a> {
    /// Files, directories and globs. A directory stands for all files below it
    /// with a known ending, hidden ones (`.` or `_` first) left out.
    pub uris: Vec<String>,
    /// Where relative ones start.
    pub base: &'a Path,
    /// Where the pipeline writes to, which is never an input.
    pub sink: Option<&'a Path>,
    /// The layout, or `None` to go by the ends of the names.
    pub format: Option<Format>,
    /// How plain text is cut.
    pub document: Document,
    /// Files looked at at once; the result does not depend on it.
    pub threads: usize,
    /// How the digests of files are taken.
    pub fingerprint: Fingerprint,
    /// With `Quarantine`, a file that cannot be described takes the schema of
    /// the first that can, for reading to set it aside.
    pub on_error: OnError,
    /// What to look for in JSON lines, and how to see other files.
    pub lines: LookSpec,
}

/// Finds, describes and fingerprints all inputs, in source order.
///
/// # Errors
/// `Pipeline` if nothing is found, names collide or layouts are mixed; `Io` if
/// a file cannot be read; `Data` if one is not of its layout and `on_error` is
/// `Fail`, or if none is.
pub fn discover(spec: &DiscoverSpec<'_>) -> Result<Catalog> {
    let Expanded {
        files: found,
        format,
        mut discovery,
    } = expand(UriContext {
        uris: &spec.uris,
        base: spec.base,
        format: spec.format,
        sink: spec.sink,
    })?;
    if format == Format::Images {
        let contents = in_parallel(&found, spec.threads, |file| content(file, spec))?;
        let labels = metadata::labels(&found)?;
        return Ok(Catalog {
            files: images::folders(&found, contents, labels.as_ref())?,
            format,
            seen: None,
            discovery,
        });
    }
    let described = in_parallel(&found, spec.threads, |file| look_at(file, format, spec))?;
    let mut described = refuse(described, spec.on_error)?;
    if format == Format::Tar {
        let sound = described.iter_mut().flatten();
        tar::unite(sound.map(|description| &mut description.schema));
    }
    let (readable, indices) = readable(&found, &described);
    let look = || look(&readable, &indices, spec.threads, &spec.lines).map(Some);
    let (digests, seen) = match format {
        Format::Jsonl => beside(spec.threads, |threads| digests(&found, threads, spec), look)?,
        _ => (digests(&found, spec.threads, spec)?, None),
    };
    let files = inputs(&found, described, digests, spec)?;
    discovery.notes.extend(empty(&files));
    Ok(Catalog {
        files,
        format,
        seen,
        discovery,
    })
}

/// The inputs. A file that cannot be described takes the schema of the first that
/// can, where it will be set aside.
fn inputs(
    found: &[FoundFile],
    described: Vec<Described>,
    digests: Vec<(Digest, u64)>,
    spec: &DiscoverSpec<'_>,
) -> Result<Vec<InputDescription>> {
    let shared = described
        .iter()
        .find_map(|description| Some(description.as_ref().ok()?.schema.clone()));
    let mut files = Vec::with_capacity(found.len());
    for ((found, description), (digest, len_bytes)) in found.iter().zip(described).zip(digests) {
        let description = match (description, &shared) {
            (Ok(description), _) => description,
            (Err(_), Some(shared)) if spec.on_error == OnError::Quarantine => Description {
                schema: shared.clone(),
                row_groups: Vec::new(),
            },
            (Err(error), _) => return Err(error),
        };
        let input = Input {
            path: found.path.clone(),
            name: found.name.clone(),
            len_bytes,
            digest,
            row_groups: description.row_groups,
            table: None,
            listing: None,
        };
        files.push(InputDescription {
            input,
            schema: description.schema,
        });
    }
    Ok(files)
}

/// The digest and the length of each file.
fn digests(
    found: &[FoundFile],
    threads: usize,
    spec: &DiscoverSpec<'_>,
) -> Result<Vec<(Digest, u64)>> {
    in_parallel(found, threads, |file| {
        fingerprint(&file.path, spec.fingerprint)
    })
}

/// What is known of the content of a file that becomes a row, and its length. A
/// file that cannot be read is an error, unless it will be set aside.
fn content(file: &FoundFile, spec: &DiscoverSpec<'_>) -> Result<(ListedContent, u64)> {
    match (fingerprint(&file.path, spec.fingerprint), spec.fingerprint) {
        (Ok((digest, len_bytes)), Fingerprint::Content) => {
            Ok((ListedContent::Whole(digest), len_bytes))
        }
        (Ok((digest, len_bytes)), Fingerprint::Sampled) => {
            Ok((ListedContent::Sampled(digest), len_bytes))
        }
        (Err(error), _) if spec.on_error == OnError::Quarantine => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let reason = format!("cannot be read: {}", cause.unwrap_or_default());
            Ok((ListedContent::Unreadable(reason), 0))
        }
        (Err(error), _) => Err(error),
    }
}

/// What two functions give, run at the same time where there is more than one
/// thread: one file is read by one thread, so most of several would wait for its
/// digest. The error of the first comes before that of the second.
fn beside<A: Send, B>(
    threads: usize,
    first: impl Fn(usize) -> Result<A> + Sync,
    second: impl FnOnce() -> Result<B>,
) -> Result<(A, B)> {
    if threads < 2 {
        return Ok((first(1)?, second()?));
    }
    let (first, second) = thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, || first(threads / 2));
        let second = second();
        let first = match other {
            Ok(other) => other.join(),
            // Where no thread is to be had, this one does the same.
            Err(_) => Ok(first(1)),
        };
        (first, second)
    });
    let first = first.map_err(|_| Error::internal("a thread of discovery panicked"))?;
    Ok((first?, second?))
}

/// The first file that is not of its layout is an error, unless such are set
/// aside and there is another.
fn refuse(described: Vec<Described>, on_error: OnError) -> Result<Vec<Described>> {
    let none = described.iter().all(Result::is_err);
    if on_error == OnError::Quarantine && !none {
        return Ok(described);
    }
    described
        .into_iter()
        .map(|description| description.map(Ok))
        .collect()
}

/// The files that are of their layout, and where each stands among all.
fn readable(found: &[FoundFile], described: &[Described]) -> (Vec<FoundFile>, Vec<usize>) {
    let files = found.iter().zip(described).enumerate();
    let readable = files.filter(|(_, (_, description))| description.is_ok());
    readable
        .map(|(index, (file, _))| (file.clone(), index))
        .unzip()
}

/// A note on inputs without content.
fn empty(files: &[InputDescription]) -> Option<String> {
    let mut empty = files.iter().filter(|file| file.input.len_bytes == 0);
    let first = shown(&empty.next()?.input.path);
    Some(match empty.count() {
        0 => format!("{first} is empty"),
        more => format!("{first} and {more} more are empty"),
    })
}

/// What a file holds, or what is wrong with its content.
type Described = Result<Description>;

/// The description of one file.
fn look_at(found: &FoundFile, format: Format, spec: &DiscoverSpec<'_>) -> Result<Described> {
    match describe(found, format, spec) {
        Err(error) if error.kind() == ErrorKind::Data => Ok(Err(error)),
        other => other.map(Ok),
    }
}

fn describe(found: &FoundFile, format: Format, spec: &DiscoverSpec<'_>) -> Result<Description> {
    let path = &found.path;
    match format {
        // Looked at over all files together.
        Format::Jsonl => sniff::check(path, format, spec.on_error).map(|()| Description {
            schema: SchemaRef::new(Schema::empty()),
            row_groups: Vec::new(),
        }),
        Format::Text => {
            sniff::check(path, format, spec.on_error)?;
            for_format(format).describe(path)
        }
        Format::Parquet => parquet::describe(path, spec.lines.int96)
            .map_err(|error| sniff::explain(path, format, error)),
        Format::Tar => {
            tar::describe(path, spec.on_error).map_err(|error| sniff::explain(path, format, error))
        }
        Format::Arrow | Format::Images | Format::Table => for_format(format)
            .describe(path)
            .map_err(|error| sniff::explain(path, format, error)),
    }
}

/// `work` on each file, on so many threads; results in the order of `files`.
/// The error of the first file that has one wins, whichever came first in time.
fn in_parallel<T: Send>(
    files: &[FoundFile],
    threads: usize,
    work: impl Fn(&FoundFile) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(index) else {
                return done;
            };
            done.push((index, work(file)));
        }
    };
    let mut all = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.clamp(1, files.len().max(1)))
            // Where no thread is to be had, fewer do the same.
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, run).ok())
            .collect();
        let mut all = run();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(_) => return Err(Error::internal("a thread of discovery panicked")),
            }
        }
        Ok(all)
    })?;
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, result)| result).collect()
}
