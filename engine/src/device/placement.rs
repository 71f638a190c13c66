//! Where the steps of a plan run, in words.

use std::collections::BTreeMap;

use fuelrail_kernels::tokenize::DeviceTokenizer;

use super::Device;
use crate::plan::{Plan, SegmentColumn, TokenizeStep};

impl Device {
    /// Where the steps of `plan` run: a line for the device, one for what it
    /// leaves to the processor and why, and one for each device that was passed
    /// over; `not needed` where no step runs on devices.
    #[must_use]
    pub fn placement(&self, plan: &Plan) -> Vec<String> {
        let texts = self.texts(plan);
        if plan.stages.segments().next().is_none() && !self.does_text() {
            return vec!["not needed".to_owned()];
        }
        let mut here = Vec::new();
        let mut left: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for segment in plan.stages.segments() {
            let files = segment.files.iter();
            let files = files.map(|files| files.output.name.clone());
            for name in files.filter(|_| self.backend().is_some()) {
                left.entry("image files are decoded there")
                    .or_default()
                    .push(name);
            }
            for (column, chain) in segment.columns.iter().zip(&segment.program.chains) {
                match self.refuses(chain) {
                    None => here.push(named(column)),
                    Some(reason) => left.entry(reason).or_default().push(named(column)),
                }
            }
        }
        let report = self.report();
        let mut first = format!("{} ({})", report.id, report.name);
        if !left.is_empty() {
            let here = match &here[..] {
                [] => "nothing".to_owned(),
                some => some.join(", "),
            };
            first = format!("{first} does {here}");
        }
        let mut lines = vec![first];
        for (reason, columns) in left {
            let level = self.level();
            lines.push(format!("cpu:{level} does {}: {reason}", columns.join(", ")));
        }
        lines.extend(texts);
        lines.extend(self.notes().iter().map(|note| format!("not {note}")));
        lines
    }

    /// Where a device that was named leaves text to the processor: all of it, or
    /// what is found to be too much when it runs.
    fn texts(&self, plan: &Plan) -> Vec<String> {
        let stages = plan.stages.0.iter().filter(|_| self.does_text());
        let steps = stages.filter_map(|stage| Some((stage.steps.start + 1, stage.tokenize()?)));
        let line = |(number, step): (usize, &TokenizeStep)| {
            let (id, level) = (&self.report().id, self.level());
            let column = &step.column;
            if step.offsets.is_some() {
                return format!(
                    "cpu:{level} encodes {column} (step {number}): devices do not tell the places of tokens"
                );
            }
            match DeviceTokenizer::refuses(&step.tokenizer) {
                None => format!(
                    "{id} encodes {column} (step {number}); cpu:{level} documents with words beyond 1,024 bytes"
                ),
                Some(reason) => format!("cpu:{level} encodes {column} (step {number}): {reason}"),
            }
        };
        steps.map(line).collect()
    }
}

/// A column and the steps that change it.
fn named(column: &SegmentColumn) -> String {
    let steps = column.kernels.iter().map(|kernel| kernel.step + 1);
    let steps: Vec<String> = steps.map(|step| step.to_string()).collect();
    let word = if steps.len() == 1 { "step" } else { "steps" };
    format!("{} ({word} {})", column.output.name, steps.join(", "))
}
