//! Reads all JSON lines of a pipeline's inputs, and says which types hold every
//! row.

use std::fmt::Write as _;
use std::path::Path;

use arrow::datatypes::DataType;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::load::load_tokenizers;
use super::prepare::{discover_inputs, look_for};
use crate::error::{Error, ErrorKind, Result, name_in_text};
use crate::plan::{
    Catalog, Conflict, Found, JsonType, KeyTypes, LoadedTokenizers, Pipeline, Place, Plan,
    Proposed, Step, check, counted, declared_notes,
};
use crate::source::{Extent, Meter};

/// What a scan of all lines found.
#[derive(Debug)]
pub struct Scan {
    /// The type of each key that is used, which holds its value in every row.
    pub schema: KeyTypes,
    /// Keys whose type is `json` because nothing narrower holds their values, or
    /// because a dataset has no place for it; and why.
    pub reasons: Vec<(String, String)>,
    /// Rows.
    pub n_rows: u64,
    /// Lines that cannot be read.
    pub n_bad: u64,
    /// The first of them.
    pub bad: Vec<ScannedLine>,
    /// Keys whose lists hold a null in rows that a dataset has no place for.
    pub holes: Vec<ScannedHoles>,
    /// What is odd about the types that the pipeline declares.
    pub notes: Vec<String>,
    /// Why the pipeline does not fit its inputs whatever the types.
    pub misfit: Option<Error>,
}

/// A line that cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScannedLine {
    /// The file, by its name in the dataset.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// Rows in which a list of one key holds a null that no step fills. A run
/// refuses them or sets them aside, unless something before drops them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScannedHoles {
    /// The key.
    pub key: String,
    /// How many rows.
    pub n_rows: u64,
    /// The file of the first, by its name in the dataset.
    pub file: String,
    /// The line of the first, from 1.
    pub line: u64,
}

impl Scan {
    /// The table to paste into the pipeline file, with the rest as comments.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.schema.block());
        // Writing to a `String` cannot fail.
        for (key, why) in &self.reasons {
            _ = writeln!(text, "# {} is json: {why}", name_in_text(key));
        }
        _ = write!(text, "# {}", counted(self.n_rows, "row"));
        if self.n_bad > 0 {
            _ = write!(
                text,
                "; {} that cannot be read",
                counted(self.n_bad, "line")
            );
            let named = self.bad.len() as u64;
            if named < self.n_bad {
                _ = write!(text, ", the first {named}");
            }
            text.push(':');
        }
        text.push('\n');
        for ScannedLine { file, line, reason } in &self.bad {
            _ = writeln!(text, "#   {file}:{line}: {reason}");
        }
        for holes in &self.holes {
            let key = name_in_text(&holes.key);
            let n_rows = counted(holes.n_rows, "row");
            let ScannedHoles { file, line, .. } = holes;
            _ = writeln!(
                text,
                "# {n_rows} with a null in a list of {key}, which a tensor has no place for; the \
                 first is {file}:{line}"
            );
        }
        for note in &self.notes {
            _ = writeln!(text, "# {note}");
        }
        text
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let reasons = self.reasons.iter();
        let reasons: Map<String, Value> = reasons
            .map(|(key, why)| (key.clone(), json!(why)))
            .collect();
        json!({
            "schema": self.schema,
            "block": self.schema.block(),
            "reasons": reasons,
            "n_rows": self.n_rows,
            "n_bad": self.n_bad,
            "bad": self.bad,
            "holes": self.holes,
            "notes": self.notes,
            "misfit": self.misfit.as_ref().map(Error::to_string),
        })
    }
}

/// How far a scan has come, in bytes on disk.
#[derive(Debug, Clone, Default)]
pub struct ScanProgress {
    /// Bytes to read, once they are known.
    pub expected: Meter,
    /// Bytes read.
    pub read: Meter,
}

/// Reads all lines of the inputs of `pipeline` on `threads` threads.
///
/// # Errors
/// `Pipeline` if the inputs are no JSON lines or the pipeline itself is wrong,
/// `Io` where a file cannot be read.
pub fn scan(
    pipeline: &Pipeline,
    base: &Path,
    threads: usize,
    progress: &ScanProgress,
) -> Result<Scan> {
    let tokenizers = load_tokenizers(pipeline, base)?;
    let mut lines = look_for(pipeline);
    lines.extent = Extent::All;
    lines.expected = progress.expected.clone();
    lines.read = progress.read.clone();
    let catalog = discover_inputs(pipeline, base, threads, lines)?;
    let Some(seen) = &catalog.seen else {
        let format = catalog.format.as_str();
        let error = Error::pipeline(format!("only JSON lines are scanned, got {format}"))
            .with_hint("the files state their types; `fuelrail plan` shows them");
        return Err(pipeline.locate(error, "source.uri"));
    };
    let looked = seen.looked;
    let mut proposals = Proposals::new(pipeline, &catalog);
    let mut notes = declared_notes(pipeline, &catalog);
    notes.extend(seen.keys.iter().filter_map(|key| no_way(key, &catalog)));
    let settled = proposals.settle(pipeline, (&catalog, &tokenizers, base));
    let (holes, misfit) = match settled {
        Ok(plan) => (holes(&plan, &catalog), None),
        Err(error) => (Vec::new(), Some(error)),
    };
    Ok(Scan {
        schema: proposals.schema,
        reasons: proposals.reasons,
        n_rows: looked.map_or(0, |looked| looked.n_rows),
        n_bad: looked.map_or(0, |looked| looked.n_bad),
        bad: seen.bad.iter().map(|bad| scanned(&catalog, bad)).collect(),
        holes,
        notes,
        misfit,
    })
}

/// Types that hold every row, as far as they are known.
struct Proposals {
    schema: KeyTypes,
    reasons: Vec<(String, String)>,
}

impl Proposals {
    fn new(pipeline: &Pipeline, catalog: &Catalog) -> Self {
        let mut proposals = Self {
            schema: KeyTypes::default(),
            reasons: Vec::new(),
        };
        for key in catalog.seen.iter().flat_map(|seen| &seen.keys) {
            let declared = pipeline.source.schema.get(&key.name);
            if leads_nowhere(key).is_some() {
                let data_type = declared.cloned().unwrap_or(JsonType::Json);
                proposals.add(&key.name, data_type, None);
                continue;
            }
            match (declared, &key.found) {
                // What is kept as text whatever it is, holds.
                (Some(JsonType::Json), _) => proposals.add(&key.name, JsonType::Json, None),
                (_, Found::Absent) => {}
                (_, Found::Type(data_type)) if key.misfit.is_none() => {
                    match JsonType::of(data_type) {
                        Some(exact) => proposals.add(&key.name, exact, None),
                        None => proposals.add(&key.name, JsonType::Json, Some("objects".into())),
                    }
                }
                _ => {
                    let why = why(key, catalog);
                    proposals.add(&key.name, JsonType::Json, Some(why));
                }
            }
        }
        proposals
    }

    fn add(&mut self, key: &str, data_type: JsonType, why: Option<String>) {
        self.schema.0.push((key.to_owned(), data_type));
        self.reasons.extend(why.map(|why| (key.to_owned(), why)));
    }

    /// Checks the pipeline with these types; a key of a type that a dataset has
    /// no place for becomes `json`. What is wrong all the same comes back.
    fn settle(
        &mut self,
        pipeline: &Pipeline,
        (catalog, tokenizers, base): (&Catalog, &LoadedTokenizers, &Path),
    ) -> Result<Plan> {
        let mut with = pipeline.clone();
        loop {
            with.source.schema = self.schema.clone();
            let error = match check(&with, catalog, tokenizers, base) {
                Ok(plan) => return Ok(plan),
                Err(error) => error,
            };
            if error.kind() != ErrorKind::Pipeline {
                return Err(error);
            }
            let column = error.location().column.clone();
            let mut types = self.schema.0.iter_mut();
            let found = types.find(|(key, data_type)| {
                Some(key) == column.as_ref() && *data_type != JsonType::Json
            });
            // A step that cannot use the column says so of text as well.
            let is_step = error.location().step.is_some();
            let Some((key, data_type)) = found.filter(|_| !is_step) else {
                return Err(error);
            };
            let why = format!("{data_type}, which a dataset has no place for");
            self.reasons.push((key.clone(), why));
            *data_type = JsonType::Json;
        }
    }
}

/// The keys whose lists hold a null where `plan` takes none.
fn holes(plan: &Plan, catalog: &Catalog) -> Vec<ScannedHoles> {
    let keys = catalog.seen.iter().flat_map(|seen| &seen.keys);
    let holed = keys.filter_map(|key| {
        let holes = key.holes.filter(|_| needs_whole_lists(plan, &key.name))?;
        let file = catalog.files.get(holes.first.file as usize);
        Some(ScannedHoles {
            key: key.name.clone(),
            n_rows: holes.n_rows,
            file: file.map_or_else(String::new, |file| file.input.name.clone()),
            line: holes.first.line + 1,
        })
    });
    holed.collect()
}

/// Whether a null in a list of `column` makes its row unusable: a step takes
/// the numbers without filling nulls, or the dataset holds the lists.
fn needs_whole_lists(plan: &Plan, column: &str) -> bool {
    for map in plan.steps.iter().filter_map(Step::as_map) {
        let mapped = map.columns.iter().find(|map| map.output.name == column);
        if let Some(mapped) = mapped {
            return mapped.fill.is_none() && is_list(&mapped.output.data_type);
        }
    }
    let mut stored = plan.output.iter();
    stored.any(|output| output.name == column && is_list(&output.data_type))
}

fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_))
}

/// The value through which the path of `key` does not lead.
fn leads_nowhere(key: &Proposed) -> Option<&Conflict> {
    match &key.found {
        Found::Conflict(conflict) if conflict.at.len() < key.path.join(".").len() => Some(conflict),
        _ => None,
    }
}

/// What to say of a path that no type lets through every row.
fn no_way(key: &Proposed, catalog: &Catalog) -> Option<String> {
    let Conflict { at, first, .. } = leads_nowhere(key)?;
    Some(format!(
        "{} leads through {}, which is {}: a row without an object there cannot be read, \
         whatever the type",
        name_in_text(&key.name),
        name_in_text(at),
        said(first, catalog)
    ))
}

/// A kind of value and its place.
fn said((kind, place): &(String, Place), catalog: &Catalog) -> String {
    let file = catalog.files.get(place.file as usize);
    let name = file.map_or("?", |file| file.input.name.as_str());
    format!("{kind} in {name}:{}", place.line + 1)
}

/// Why no type but `json` holds a key.
fn why(key: &Proposed, catalog: &Catalog) -> String {
    let said = |sighting: &(String, Place)| said(sighting, catalog);
    match &key.found {
        Found::Conflict(conflict) => {
            let kinds = [Some(&conflict.first), conflict.second.as_ref()];
            let kinds: Vec<String> = kinds.into_iter().flatten().map(said).collect();
            kinds.join(", ")
        }
        Found::Untyped { what, .. } => format!("{what} in every line"),
        Found::Type(_) | Found::Absent => key.misfit.as_ref().map_or_else(String::new, said),
    }
}

fn scanned(catalog: &Catalog, (place, reason): &(Place, String)) -> ScannedLine {
    let file = catalog.files.get(place.file as usize);
    ScannedLine {
        file: file.map_or_else(String::new, |file| file.input.name.clone()),
        line: place.line + 1,
        reason: reason.clone(),
    }
}
