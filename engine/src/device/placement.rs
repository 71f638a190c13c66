//! Where the steps of a plan run, in words.

use super::Device;
use super::segment::{Segment, segments};
use crate::error::Result;
use crate::plan::Plan;

impl Device {
    /// Where the steps of `plan` run: a line for the device, and one for each
    /// column that it leaves to the processor, with the reason; `not needed`
    /// where no step runs on devices.
    ///
    /// # Errors
    /// `Internal` for a plan that was not checked.
    pub fn placement(&self, plan: &Plan) -> Result<Vec<String>> {
        let segments = segments(plan)?;
        if segments.is_empty() {
            return Ok(vec!["not needed".to_owned()]);
        }
        let report = self.report();
        let mut lines = vec![format!("{}, {}", report.id, report.name)];
        if self.backend().is_some() {
            let steps: Vec<String> = segments
                .iter()
                .filter(|segment| self.runs_some(segment))
                .flat_map(|segment| segment.steps.clone())
                .map(|step| (step + 1).to_string())
                .collect();
            lines[0].push_str(&match &steps[..] {
                [] => ": no step of this plan".to_owned(),
                [one] => format!(": step {one}"),
                many => format!(": steps {}", many.join(", ")),
            });
        }
        for segment in &segments {
            for (column, chain) in segment.columns.iter().zip(&segment.program.chains) {
                if let Some(reason) = self.refuses(chain) {
                    lines.push(format!(
                        "cpu:{}: {} in step {} ({reason})",
                        self.level(),
                        column.output.name,
                        column.kernels[0].step + 1,
                    ));
                }
            }
        }
        lines.extend(self.notes().iter().map(|note| format!("not {note}")));
        Ok(lines)
    }

    fn runs_some(&self, segment: &Segment) -> bool {
        let mut chains = segment.program.chains.iter();
        chains.any(|chain| self.refuses(chain).is_none())
    }
}
