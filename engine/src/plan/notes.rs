//! What a run will do that one may not expect, a sentence each: said before it
//! begins, by `plan` and by the run itself.

use super::steps::Step;
use super::types::Plan;

/// The notes on a plan: on its inputs, then in the order of its steps.
#[must_use]
pub fn notes(plan: &Plan) -> Vec<String> {
    let mut notes = plan.discovery.notes.clone();
    for (index, step) in plan.steps.iter().enumerate() {
        let place = format!("step {} ({})", index + 1, step.op());
        if let Some(made) = step.made_tokens() {
            let of_tokenizer = made.tokenizer.notes().iter();
            notes.extend(of_tokenizer.map(|note| format!("{place}, {}: {note}", made.asset)));
        }
        let left_out = match step {
            Step::Chat(step) => step.left_out.as_slice(),
            Step::Select(_)
            | Step::Filter(_)
            | Step::Tokenize(_)
            | Step::Map(_)
            | Step::Pack(_)
            | Step::Chunk(_) => &[],
        };
        if !left_out.is_empty() {
            notes.push(format!(
                "{place}: templates know no values of these, so it is rendered without: {}",
                left_out.join(", ")
            ));
        }
    }
    notes
}
