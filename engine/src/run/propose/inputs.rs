//! What there is to read, and which of its columns a dataset can hold.

use std::path::Path;

use arrow::datatypes::DataType;

use crate::error::{ErrorKind, Result};
use crate::plan::{
    Catalog, Document, Fingerprint, Format, Found, JsonType, KeyTypes, LoadedTokenizers, OnError,
    OutputColumn, Pipeline, Plan, Proposed, SelectSpec, SinkSpec, SourceSpec, StepSpec, amount,
    check, counted,
};
use crate::source::{DiscoverSpec, LookSpec, discover};

use super::proposal::ProposeSpec;

/// The layouts, in the order in which they are chosen where a directory holds
/// as much of one as of another.
const FORMATS: [Format; 6] = [
    Format::Parquet,
    Format::Arrow,
    Format::Jsonl,
    Format::Text,
    Format::Images,
    Format::Tar,
];

/// What discovery has found.
pub(super) struct Inputs {
    uri: String,
    pub(super) catalog: Catalog,
    /// Said in the pipeline where the names do not tell it.
    pub(super) format: Option<Format>,
    /// Whether a file is not what its name says.
    pub(super) on_error: OnError,
    /// Keys of JSON lines that no one type holds: kept as their text.
    pub(super) declared: KeyTypes,
    /// What is good to know.
    pub(super) notes: Vec<String>,
}

/// The columns that a dataset can hold.
pub(super) struct Storable {
    /// A plan that stores them all.
    pub(super) plan: Plan,
    pub(super) columns: Vec<OutputColumn>,
    /// The others, each with the reason.
    refused: Vec<(String, String)>,
    /// Those that are kept as their text, each with the reason.
    declared: Vec<(String, String)>,
}

impl Storable {
    /// Why the values of a column are kept as their text, if they are.
    pub(super) fn why_declared(&self, name: &str) -> Option<&str> {
        let declared = self.declared.iter().find(|(declared, _)| declared == name);
        declared.map(|(_, reason)| reason.as_str())
    }

    /// Why a column is not stored, if it is not.
    pub(super) fn refusal(&self, name: &str) -> Option<&str> {
        let refused = self.refused.iter().find(|(refused, _)| refused == name);
        refused.map(|(_, reason)| reason.as_str())
    }
}

impl Inputs {
    /// Looks for inputs of one layout; of several, that which has most bytes.
    pub(super) fn find(spec: &ProposeSpec<'_>, base: &Path) -> Result<Self> {
        let whole = match one(spec, base, None) {
            Ok(whole) => return Ok(whole),
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            Err(error) => error,
        };
        if !base.join(spec.uri).is_dir() {
            return Err(whole);
        }
        let mut found: Vec<Self> = FORMATS
            .into_iter()
            .filter_map(|format| one(spec, base, Some(format)).ok())
            .collect();
        // The first of those that are equal, as the sort is stable.
        found.sort_by_key(|inputs| std::cmp::Reverse(inputs.len_bytes()));
        let mut found = found.into_iter();
        let Some(mut most) = found.next() else {
            return Err(whole);
        };
        for other in found {
            most.notes.push(format!(
                "the directory also holds {}, left out: a pipeline reads one format",
                other.described()
            ));
        }
        Ok(most)
    }

    /// Whether a column is kept as the text of its values.
    pub(super) fn is_declared(&self, name: &str) -> bool {
        self.declared.get(name).is_some()
    }

    pub(super) fn len_bytes(&self) -> u64 {
        let files = self.catalog.files.iter();
        files.fold(0, |sum, file| sum.saturating_add(file.input.len_bytes))
    }

    /// Such as `3 files of jsonl, 1.2 MiB`.
    pub(super) fn described(&self) -> String {
        let unit = match self.catalog.format {
            Format::Images => "folder",
            _ => "file",
        };
        format!(
            "{} of {}, {}",
            counted(self.catalog.files.len() as u64, unit),
            self.catalog.format.as_str(),
            amount(self.len_bytes())
        )
    }

    /// The columns of all files, in order of first appearance; a key of JSON
    /// lines that has no type has that of nulls.
    pub(super) fn columns(&self) -> Vec<(String, DataType)> {
        if let Some(seen) = &self.catalog.seen {
            let typed = |key: &Proposed| match &key.found {
                Found::Type(data_type) => data_type.clone(),
                _ => DataType::Null,
            };
            let keys = seen.keys.iter();
            return keys.map(|key| (key.name.clone(), typed(key))).collect();
        }
        let mut columns: Vec<(String, DataType)> = Vec::new();
        for file in &self.catalog.files {
            for field in file.schema.fields() {
                if columns.iter().all(|(name, _)| name != field.name()) {
                    columns.push((field.name().clone(), field.data_type().clone()));
                }
            }
        }
        columns
    }

    /// Asks the check which columns can be stored together. Keys of JSON lines
    /// that no one type holds are declared to be kept as their text.
    ///
    /// # Errors
    /// `Pipeline` if none can be, or the check has another objection.
    pub(super) fn storable(&mut self, base: &Path) -> Result<Storable> {
        let mut names: Vec<String> = self.columns().into_iter().map(|(name, _)| name).collect();
        let (mut refused, mut declared) = (Vec::new(), Vec::new());
        loop {
            let select = StepSpec::Select(SelectSpec {
                columns: names.clone(),
            });
            let error = match self.check(vec![select], base) {
                Ok(plan) => {
                    let columns = plan.output.clone();
                    return Ok(Storable {
                        plan,
                        columns,
                        refused,
                        declared,
                    });
                }
                Err(error) => error,
            };
            let column = error.location().column.clone();
            let at = column.and_then(|column| names.iter().position(|name| *name == column));
            match at {
                Some(at) if self.catalog.seen.is_some() && !self.is_declared(&names[at]) => {
                    self.declared.0.push((names[at].clone(), JsonType::Json));
                    declared.push((names[at].clone(), error.message().to_owned()));
                }
                Some(at) if names.len() > 1 => {
                    refused.push((names.remove(at), error.message().to_owned()));
                }
                _ => return Err(error),
            }
        }
    }

    /// Whether the check takes these steps, written as in a file.
    pub(super) fn takes(&self, steps: &str) -> bool {
        let text = format!("source.uri = \"\"\nsink.uri = \"\"\n{steps}");
        let parsed = Pipeline::from_toml(&text, Path::new(""));
        parsed.is_ok_and(|parsed| self.check(parsed.step, Path::new("")).is_ok())
    }

    fn check(&self, steps: Vec<StepSpec>, base: &Path) -> Result<Plan> {
        let source = SourceSpec {
            on_error: self.on_error,
            format: self.format,
            schema: self.declared.clone(),
            ..SourceSpec::new(self.uri.as_str())
        };
        let pipeline = Pipeline::new(source, steps, SinkSpec::new("shards"));
        check(&pipeline, &self.catalog, &LoadedTokenizers::default(), base)
    }
}

/// The inputs of one layout. A file that is not of it is set aside, unless all
/// are not.
fn one(spec: &ProposeSpec<'_>, base: &Path, format: Option<Format>) -> Result<Inputs> {
    let look = |on_error| {
        discover(&DiscoverSpec {
            uris: vec![spec.uri.to_owned()],
            base,
            sink: None,
            format,
            document: Document::default(),
            threads: spec.threads,
            fingerprint: Fingerprint::Sampled,
            on_error,
            lines: LookSpec::default(),
        })
    };
    let inputs = |catalog, on_error, notes| Inputs {
        uri: spec.uri.to_owned(),
        catalog,
        format,
        on_error,
        declared: KeyTypes::default(),
        notes,
    };
    match look(OnError::Fail) {
        Ok(catalog) => Ok(inputs(catalog, OnError::Fail, Vec::new())),
        Err(error) if error.kind() == ErrorKind::Data => {
            let catalog = look(OnError::Quarantine)?;
            let note = format!("a file cannot be read, and is set aside: {error}");
            Ok(inputs(catalog, OnError::Quarantine, vec![note]))
        }
        Err(error) => Err(error),
    }
}
