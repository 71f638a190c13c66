//! Images of one shape, changed row by row on the host.

use fuelrail_kernels::Level;

use super::fill::NO_ROW;
use super::on_device::{Stored, StoredAs};
use super::row_scratch::RowScratch;
use super::stepped_column::len_of;
use crate::error::{Error, Result};
use crate::plan::operators::{Draw, RowImages};

/// Changes all rows of a column of images of one shape, each by what is drawn for it.
///
/// # Errors
/// Those of the steps; `Internal` for images of any size.
pub(super) fn change_images(
    level: Level,
    (column, (rows, draw)): (Stored<'_>, (&[u64], Draw)),
    scratch: &mut RowScratch,
    dst: &mut [u8],
) -> Result<()> {
    let RowScratch {
        between,
        parameters: [own, others],
    } = scratch;
    let StoredAs::Same(before) = column.before else {
        return Err(Error::internal("images of any size"));
    };
    let len = len_of(before, 1)?;
    let images = column.bytes.chunks_exact(len);
    let changed = dst.chunks_exact_mut(len_of(column.after, 1)?);
    for (at, ((src, dst), row)) in images.zip(changed).zip(rows).enumerate() {
        if *row == NO_ROW {
            continue;
        }
        let steps = column.steps;
        steps.draw_parameters(draw, (*row, before), own)?;
        let second = column.second.and_then(|seconds| seconds.of(at, len));
        if let Some((_, second, _)) = second {
            // It looks as it does where it is read for itself.
            steps.draw_parameters(draw, (second, before), others)?;
        }
        let images = RowImages {
            own: (src, own),
            second: second.map(|(src, _, weight)| ((src, &others[..]), weight)),
        };
        steps.run(level, images, between, dst)?;
    }
    Ok(())
}
