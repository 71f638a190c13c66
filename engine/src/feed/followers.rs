//! Images that move with others: masks and pictures beside them.

use std::collections::HashSet;

use fuelrail_kernels::Level;

use super::files::FileOutcomes;
use super::fill::NO_ROW;
use super::on_device::Goal;
use super::stepped_column::{SteppedColumn, len_of};
use crate::error::{Error, Result};
use crate::plan::operators::FollowerKind;

/// Gives each column the index of the images that it moves with.
///
/// # Errors
/// `Internal` where those are not changed too.
pub(super) fn find_images(columns: &mut [SteppedColumn]) -> Result<()> {
    for at in 0..columns.len() {
        let Some(follows) = &columns[at].steps.ties.follows else {
            continue;
        };
        let image = columns
            .iter()
            .position(|it| it.steps.column == follows.image);
        let image = image.filter(|image| *image < at);
        let image =
            image.ok_or_else(|| Error::internal("images before those that they move with"))?;
        columns[at].follows = Some(image);
    }
    Ok(())
}

/// Fills what moves with images in rows in which there is none: masks with what a
/// constant border has, pictures with zeros.
pub(super) fn fill_without_image<'a>(
    (columns, goals): (&[SteppedColumn], &mut [Goal<'_>]),
    files: impl Fn(usize) -> Option<&'a FileOutcomes>,
    (rows, nulls): (&[u64], &[HashSet<usize>]),
    level: Level,
) -> Result<()> {
    for ((column, goal), nulls) in columns.iter().zip(goals).zip(nulls) {
        let Some(follows) = &column.steps.ties.follows else {
            continue;
        };
        let fill = match follows.kind {
            FollowerKind::Mask(fill) => fill,
            FollowerKind::Picture => 0,
        };
        let sides = column.sides_wanted(columns, &files);
        let is_without =
            |at: &usize| rows[*at] != NO_ROW && !nulls.contains(at) && sides.is_without(*at);
        let without: Vec<usize> = (0..rows.len()).filter(is_without).collect();
        if without.is_empty() {
            continue;
        }
        let len = len_of(column.image, 1)?;
        let mut image = vec![0; len];
        column.steps.substitute(fill, level, &mut image)?;
        for at in without {
            goal.to.write(len * at..len * (at + 1), &image)?;
        }
    }
    Ok(())
}
