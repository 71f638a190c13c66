//! What a run will do that one may not expect, a sentence each: said before it
//! begins, by `plan` and by the run itself.

use super::types::Plan;

/// The notes on a plan: on its inputs, then in the order of its steps.
#[must_use]
pub fn notes(plan: &Plan) -> Vec<String> {
    let mut notes = plan.discovery.notes.clone();
    for (index, step) in plan.steps.iter().enumerate() {
        let Some(tokenize) = step.as_tokenize() else {
            continue;
        };
        for note in tokenize.tokenizer.notes() {
            let step = index + 1;
            notes.push(format!(
                "step {step} (tokenize), {}: {note}",
                tokenize.asset
            ));
        }
    }
    notes
}
