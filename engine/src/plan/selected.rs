//! The columns of the source that a pipeline names, before it is known what
//! the inputs hold.

use std::collections::HashSet;

use super::columns::places_of;
use super::pipeline::{JsonType, KeyTypes, Pipeline, StepSpec};
use super::steps::OtherColumns;

/// The columns of the source that a pipeline uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// Those that steps, filters and the split name, in the order in which
    /// they do.
    pub names: Vec<String>,
    /// Whether the columns that nothing names are stored too.
    pub all: bool,
    /// Those that steps take as JSON, where the source is of that.
    pub as_json: Vec<String>,
}

impl Selected {
    /// The columns that `pipeline` uses. Those that nothing names are stored
    /// unless a `select` or a `pack` leaves them out.
    #[must_use]
    pub fn of(pipeline: &Pipeline) -> Self {
        let mut walk = Walk::default();
        if let Some(split) = &pipeline.source.split {
            walk.name(&split.key);
        }
        for step in &pipeline.step {
            walk.step(step);
        }
        Self {
            names: walk.names,
            all: !walk.leaves_out,
            as_json: walk.as_json,
        }
    }

    /// The types of keys of JSON lines: those that are `declared`, and of others the
    /// text of values that steps take as JSON, for a type would tell a key that is
    /// null from one that is not there no more.
    #[must_use]
    pub fn key_types(&self, declared: &KeyTypes) -> KeyTypes {
        let mut types = declared.clone();
        for name in &self.as_json {
            if types.get(name).is_none() {
                types.0.push((name.clone(), JsonType::Json));
            }
        }
        types
    }
}

#[derive(Default)]
struct Walk {
    names: Vec<String>,
    /// Columns that a step has made: they hide those of the source.
    made: HashSet<String>,
    as_json: Vec<String>,
    leaves_out: bool,
}

impl Walk {
    fn step(&mut self, step: &StepSpec) {
        match step {
            StepSpec::Select(step) => {
                self.all(&step.columns);
                self.leaves_out = true;
            }
            StepSpec::Filter(step) => self.name(&step.column),
            StepSpec::Tokenize(step) => {
                self.name(&step.column);
                self.made.insert(step.output.clone());
                if step.offsets.is_some() {
                    self.made.extend(places_of(&step.output));
                }
                self.made.extend(step.count.clone());
            }
            StepSpec::Chat(step) => {
                for name in step.inputs() {
                    self.name(name);
                    if !self.made.contains(name) && !self.as_json.contains(name) {
                        self.as_json.push(name.clone());
                    }
                }
                self.made.insert(step.output.clone());
                self.made.extend(step.loss_mask.column().cloned());
            }
            StepSpec::Map(step) => self.all(&step.operator().columns().0),
            StepSpec::Pack(step) => {
                self.all(step.column.as_slice());
                self.all(step.columns.as_deref().unwrap_or_default());
                self.leaves_out = true;
            }
            StepSpec::Chunk(step) => {
                self.all(&step.column.0);
                self.leaves_out |= step.others == OtherColumns::Drop;
            }
        }
    }

    fn all(&mut self, names: &[String]) {
        for name in names {
            self.name(name);
        }
    }

    fn name(&mut self, name: &str) {
        if !self.made.contains(name) && !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn selected(steps: &str) -> (Vec<String>, bool) {
        let text = format!("[source]\nuri = 'x'\n{steps}\n[sink]\nuri = 'o'\n");
        let pipeline = Pipeline::from_toml(&text, Path::new("p.toml")).unwrap();
        let Selected { names, all, .. } = Selected::of(&pipeline);
        (names, all)
    }

    #[test]
    fn steps_name_columns_of_the_source() {
        assert_eq!(selected(""), (vec![], true));
        let steps = "split = { take = 'train', validation = 0.1, key = 'id' }\n\
            [[step]]\nop = 'filter'\ncolumn = 'meta.lang'\n\
            [[step]]\nop = 'tokenize'\ncolumn = 'text'\ntokenizer = 'gpt2'\n";
        let names = ["id", "meta.lang", "text"].map(str::to_owned).to_vec();
        assert_eq!(selected(steps), (names.clone(), true));
        let packed = format!("{steps}[[step]]\nop = 'pack'\ncolumn = 'tokens'\nlength = 8\n");
        assert_eq!(selected(&packed), (names, false));
    }

    #[test]
    fn a_column_that_a_step_made_is_none_of_the_source() {
        let steps = "[[step]]\nop = 'tokenize'\ncolumn = 'text'\noutput = 'ids'\ntokenizer = 'gpt2'\n\
            [[step]]\nop = 'cast'\ncolumn = ['ids', 'n']\ndtype = 'int64'\n\
            [[step]]\nop = 'select'\ncolumns = ['ids', 'n', 'text']\n";
        let names = ["text", "n"].map(str::to_owned).to_vec();
        assert_eq!(selected(steps), (names, false));
    }
}
