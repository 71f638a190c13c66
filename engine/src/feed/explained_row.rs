//! What becomes of one row, for the explanation of steps.

use std::fmt::Write as _;
use std::sync::Arc;

use super::one_row::{SteppedCoordinates, SteppedRow};
use super::shards::Shards;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::operators::{ColumnSteps, Draw, ExplainedRow, together};

/// Boxes or points that are written out.
const SHOWN: usize = 8;

impl Shards {
    /// A row as the explanation of the steps of a column wants it, one of `all`. What
    /// belongs to an image is told as a loader gives it.
    ///
    /// # Errors
    /// As [`Shards::stored_image`] and [`Shards::stepped_row`].
    pub fn explained_row(
        self: &Arc<Self>,
        (all, column): (&[ColumnSteps], &str),
        (draw, row): (Draw, u64),
    ) -> Result<ExplainedRow> {
        let group = together(all, column);
        let at = group.iter().position(|steps| steps.column == column);
        let (Some(first), Some(at)) = (group.first(), at) else {
            return Err(Error::internal("a column without its steps"));
        };
        let explained = |stored, given| ExplainedRow {
            draw,
            row,
            stored,
            given,
        };
        if group.len() == 1 && first.ties.coordinates.is_empty() {
            return Ok(explained(self.stored_image(first, row)?, Vec::new()));
        }
        // Of a bad file nothing is known here; what it becomes is said below.
        let image = |steps| match self.stored_image(steps, row) {
            Err(error) if error.kind() == ErrorKind::Data => Ok(None),
            image => image,
        };
        let (stored, of_first) = (image(group[at])?, image(first)?);
        let steps = group.iter().map(|steps| (*steps).clone()).collect();
        let SteppedRow {
            images,
            coordinates,
        } = self.stepped_row(steps, (draw, row), of_first)?;
        let mut given = Vec::new();
        let mut stored = stored;
        if let Some(message) = images.get(at).and_then(|it| it.damage.as_ref()) {
            let becomes = if images[at].is_skipped {
                "the row is skipped"
            } else {
                "a substitute takes its place"
            };
            given.push(format!("{message}: {becomes}"));
            // What is done to a good image was not done to it.
            stored = None;
        }
        if at == 0 {
            given.extend(coordinates.iter().map(in_words));
        }
        Ok(explained(stored, given))
    }
}

/// How many boxes or points are left, and where they are.
fn in_words(it: &SteppedCoordinates) -> String {
    let size = it.of.kind.size();
    let n_kept = it.kept.iter().filter(|kept| **kept).count();
    let mut text = format!("{}: {n_kept} of {} kept", it.of.column, it.kept.len());
    let kept = it.numbers.chunks(size).zip(&it.kept);
    let kept = kept.filter(|(_, is_kept)| **is_kept);
    for (at, (numbers, _)) in kept.take(SHOWN).enumerate() {
        let mark = if at == 0 { ':' } else { ',' };
        // Writing to a string cannot fail.
        _ = write!(text, "{mark} {numbers:?}");
    }
    if n_kept > SHOWN {
        text.push_str(", ...");
    }
    text
}
