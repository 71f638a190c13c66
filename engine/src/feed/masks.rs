//! Masks in rows that have no image.

use std::collections::HashSet;

use fuelrail_kernels::Level;

use super::files::FileOutcomes;
use super::fill::NO_ROW;
use super::on_device::Goal;
use super::stepped_column::{SteppedColumn, len_of};
use crate::error::{Error, Result};

/// Gives each column the index of the images that it is the masks of.
///
/// # Errors
/// `Internal` where those are not changed too.
pub(super) fn find_images(columns: &mut [SteppedColumn]) -> Result<()> {
    for at in 0..columns.len() {
        let Some(mask_of) = &columns[at].steps.ties.mask_of else {
            continue;
        };
        let image = columns
            .iter()
            .position(|it| it.steps.column == mask_of.image);
        let image = image.filter(|image| *image < at);
        let image = image.ok_or_else(|| Error::internal("masks before their images"))?;
        columns[at].mask_of = Some(image);
    }
    Ok(())
}

/// Fills the masks of rows whose image could not be decoded with what a border has.
pub(super) fn fill_without_image<'a>(
    (columns, goals): (&[SteppedColumn], &mut [Goal<'_>]),
    files: impl Fn(usize) -> Option<&'a FileOutcomes>,
    (rows, nulls): (&[u64], &[HashSet<usize>]),
    level: Level,
) -> Result<()> {
    for ((column, goal), nulls) in columns.iter().zip(goals).zip(nulls) {
        let Some(mask_of) = &column.steps.ties.mask_of else {
            continue;
        };
        let sides = column.sides_wanted(columns, &files);
        let is_without =
            |at: &usize| rows[*at] != NO_ROW && !nulls.contains(at) && sides.is_without(*at);
        let without: Vec<usize> = (0..rows.len()).filter(is_without).collect();
        if without.is_empty() {
            continue;
        }
        let len = len_of(column.image, 1)?;
        let mut mask = vec![0; len];
        column.steps.substitute(mask_of.fill, level, &mut mask)?;
        for at in without {
            goal.to.write(len * at..len * (at + 1), &mask)?;
        }
    }
    Ok(())
}
