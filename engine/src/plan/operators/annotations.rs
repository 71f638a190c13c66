//! Ties masks, boxes and keypoints to their images, and keeps them together.

use fuelrail_kernels::gather::Border;
use fuelrail_kernels::resample::ResampleFilter;

use super::changes::{Change, Move};
use super::known::{KnownTensor, is_new, numbers_of};
use super::lowered::{ColumnSteps, Link};
use super::table::Refusal;
use super::ties::{Annotations, Coordinates, MaskOf, Ties, kept_name};
use crate::error::name_in_quotes;

impl Annotations {
    /// Refuses an image that something is tied to which cannot move with it.
    pub(super) fn check_image(&self, image: &ColumnSteps) -> Result<(), Refusal> {
        if let Some(MaskOf { image, .. }) = &image.ties.mask_of {
            let message = format!(
                "expected images, got the masks of {}",
                name_in_quotes(image)
            );
            return Err(Refusal::new("column", message));
        }
        still(image, "column")
    }

    /// Ties a mask to its image; both are among `lowered`.
    pub(super) fn tie_mask(
        &self,
        [image, mask]: [usize; 2],
        lowered: &mut [ColumnSteps],
    ) -> Result<(), Refusal> {
        let refused = |message: String| Err(Refusal::new("masks", message));
        let of = &lowered[mask];
        if image == mask || of.ties != Ties::default() {
            let name = name_in_quotes(&of.column);
            return refused(format!("expected {name} in one place of all `annotate`"));
        }
        still(of, "masks")?;
        match (lowered[image].before.sides, of.before.sides) {
            (Some(of_image), Some(of_mask)) if of_image != of_mask => {
                let (image, mask) = (lowered[image].before, of.before);
                return refused(format!(
                    "expected masks of the images' size, {image}, got {mask}"
                ));
            }
            (None, Some(of_mask)) => {
                let before = lowered[image].ties.sides.replace(of_mask);
                if before.is_some_and(|before| before != of_mask) {
                    return refused("expected masks of one size, got two".to_owned());
                }
            }
            (Some(_) | None, _) => {}
        }
        lowered[mask].ties.mask_of = Some(MaskOf {
            image: lowered[image].column.clone(),
            fill: self.mask_fill,
        });
        Ok(())
    }

    /// Ties boxes and keypoints to their image.
    pub(super) fn tie_coordinates(
        &self,
        image: usize,
        known: &[KnownTensor<'_>],
        lowered: &mut [ColumnSteps],
    ) -> Result<(), Refusal> {
        for (key, kind, column) in &self.coordinates {
            if is_tied(lowered, column) || lowered.iter().any(|it| it.column == *column) {
                let name = name_in_quotes(column);
                let message = format!("expected {name} in one place of all steps");
                return Err(Refusal::new(key, message));
            }
            is_new(known, &kept_name(column), key)?;
            let dtype = numbers_of(column, known, (key, kind.size()))?;
            lowered[image].ties.coordinates.push(Coordinates {
                column: column.clone(),
                kind: *kind,
                dtype,
                on_error: self.on_error,
            });
        }
        Ok(())
    }
}

/// Whether a column is one of boxes or keypoints.
pub(super) fn is_tied(lowered: &[ColumnSteps], column: &str) -> bool {
    let mut all = lowered.iter().flat_map(|steps| &steps.ties.coordinates);
    all.any(|coordinates| coordinates.column == column)
}

/// Refuses changes that would part images from what is tied to them.
pub(super) fn stay_together(
    steps: &ColumnSteps,
    changes: &[Change],
    lowered: &[ColumnSteps],
) -> Result<(), Refusal> {
    let is_mixed = changes.iter().any(|it| matches!(it, Change::Mix(_)));
    if let Some(MaskOf { image, fill }) = &steps.ties.mask_of {
        if is_mixed || changes.iter().any(|it| followed(it, *fill).is_some()) {
            let image = name_in_quotes(image);
            let message = "expected no step that moves or mixes masks";
            let hint = format!("name {image} alone: its masks move with it");
            return Err(Refusal::new("column", message).with_hint(hint));
        }
    }
    let has_mask = lowered.iter().any(|it| {
        let of = it.ties.mask_of.as_ref();
        of.is_some_and(|of| of.image == steps.column)
    });
    if is_mixed && (has_mask || !steps.ties.coordinates.is_empty()) {
        let message = "expected images without annotations, got images with some";
        let hint = "masks, boxes and keypoints of two images cannot be mixed: leave one of the \
                    steps out";
        return Err(Refusal::new("column", message).with_hint(hint));
    }
    Ok(())
}

/// Refuses a column of boxes or keypoints in a step of its own.
pub(super) fn no_coordinates(lowered: &[ColumnSteps], column: &str) -> Result<(), Refusal> {
    if !is_tied(lowered, column) {
        return Ok(());
    }
    let message = "expected images, got boxes or keypoints of `annotate`";
    let hint = "name the column of the images alone: they move with it";
    Err(Refusal::new("column", message).with_hint(hint))
}

/// What a change of an image does to its masks; `None` for one that moves nothing.
pub(super) fn followed(change: &Change, fill: u8) -> Option<Change> {
    match change {
        Change::Move(Move::Pad(Border::Constant(_), sides)) => {
            Some(Change::Move(Move::Pad(Border::Constant([fill; 4]), *sides)))
        }
        Change::Move(what) => Some(Change::Move(*what)),
        Change::Resize(to, _) => Some(Change::Resize(*to, ResampleFilter::Nearest)),
        Change::Color(_)
        | Change::FirstChannel
        | Change::Table(_)
        | Change::Mix(_)
        | Change::Values(..) => None,
    }
}

/// Refuses images whose pixels have been moved already.
fn still(steps: &ColumnSteps, key: &'static str) -> Result<(), Refusal> {
    let moves = |link: &Link| match link {
        Link::Gather { moves, .. } => !moves.is_empty(),
        Link::Resample(_) => true,
        Link::Color(_) | Link::Lut(_) | Link::Blend(_) => false,
    };
    if !steps.links.iter().any(moves) {
        return Ok(());
    }
    let name = name_in_quotes(&steps.column);
    let message = format!("expected `annotate` before all steps that move pixels of {name}");
    Err(Refusal::new(key, message))
}
