//! Ties masks, boxes and keypoints to their images, and keeps them together.

use fuelrail_kernels::gather::Border;
use fuelrail_kernels::resample::ResampleFilter;
use fuelrail_kernels::warp::WarpFilter;

use super::changes::{Change, Move};
use super::distortion::WarpSampling;
use super::known::{KnownTensor, is_new, numbers_of};
use super::lowered::{ColumnSteps, Link};
use super::table::Refusal;
use super::ties::{Annotations, Coordinates, FollowerKind, Follows, Ties, kept_name};
use crate::error::name_in_quotes;

impl Annotations {
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

/// Refuses images with which nothing can move.
pub(super) fn check_image(image: &ColumnSteps) -> Result<(), Refusal> {
    if let Some(Follows { image, .. }) = &image.ties.follows {
        let image = name_in_quotes(image);
        let message = format!("expected images of their own, got those that move with {image}");
        return Err(Refusal::new("column", message));
    }
    still(image, "column")
}

/// Ties images to those that they move with; both are among `lowered`.
pub(super) fn tie_images(
    [image, follower]: [usize; 2],
    (key, kind): (&'static str, FollowerKind),
    lowered: &mut [ColumnSteps],
) -> Result<(), Refusal> {
    let refused = |message: String| Err(Refusal::new(key, message));
    let of = &lowered[follower];
    if image == follower || of.ties != Ties::default() || is_followed(lowered, &of.column) {
        let name = name_in_quotes(&of.column);
        return refused(format!("expected {name} in one place of all `annotate`"));
    }
    still(of, key)?;
    match (lowered[image].before.sides, of.before.sides) {
        (Some(of_image), Some(of_follower)) if of_image != of_follower => {
            let (image, follower) = (lowered[image].before, of.before);
            return refused(format!(
                "expected {key} of the images' size, {image}, got {follower}"
            ));
        }
        (None, Some(of_follower)) => {
            let before = lowered[image].ties.sides.replace(of_follower);
            if before.is_some_and(|before| before != of_follower) {
                return refused(format!("expected {key} of one size, got two"));
            }
        }
        (Some(_) | None, _) => {}
    }
    lowered[follower].ties.follows = Some(Follows {
        image: lowered[image].column.clone(),
        kind,
    });
    Ok(())
}

/// Whether a column of images has others that move with it.
fn is_followed(lowered: &[ColumnSteps], column: &str) -> bool {
    let mut follows = lowered.iter().filter_map(|it| it.ties.follows.as_ref());
    follows.any(|it| it.image == column)
}

/// The steps of the images that a column belongs to, and behind them of those that move
/// with them; of other columns, their own alone.
#[must_use]
pub fn together<'a>(all: &'a [ColumnSteps], column: &str) -> Vec<&'a ColumnSteps> {
    let find = |column: &str| all.iter().find(|it| it.column == column);
    let of = find(column).and_then(|it| it.ties.follows.as_ref());
    let image = of.map_or(column, |follows| &follows.image);
    let follows = |it: &&ColumnSteps| it.ties.follows.as_ref().is_some_and(|it| it.image == image);
    find(image)
        .into_iter()
        .chain(all.iter().filter(follows))
        .collect()
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
    if let Some(Follows { image, kind }) = &steps.ties.follows
        && (is_mixed || changes.iter().any(|it| followed(it, *kind).is_some()))
    {
        let image = name_in_quotes(image);
        let message = format!("expected no step that moves or mixes what moves with {image}");
        let hint = format!("name {image} alone in such a step");
        return Err(Refusal::new("column", message).with_hint(hint));
    }
    let has_annotations = is_followed(lowered, &steps.column) || !steps.ties.coordinates.is_empty();
    if is_mixed && has_annotations {
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

/// What a change of an image does to one that moves with it; `None` where it moves
/// nothing.
pub(super) fn followed(change: &Change, kind: FollowerKind) -> Option<Change> {
    match (change, kind) {
        (Change::Move(Move::Pad(Border::Constant(_), sides)), FollowerKind::Mask(fill)) => {
            let pad = Move::Pad(Border::Constant([fill; 4]), *sides);
            Some(Change::Move(pad))
        }
        (Change::Resize(to, _), FollowerKind::Mask(_)) => {
            Some(Change::Resize(*to, ResampleFilter::Nearest))
        }
        (Change::Resize(to, filter), FollowerKind::Picture) => Some(Change::Resize(*to, *filter)),
        (Change::Warp(what, sampling), FollowerKind::Picture) => {
            Some(Change::Warp(*what, *sampling))
        }
        (Change::Warp(what, _), FollowerKind::Mask(fill)) => {
            let sampling = WarpSampling {
                filter: WarpFilter::Nearest,
                fill: [fill; 4],
            };
            Some(Change::Warp(*what, sampling))
        }
        (Change::Move(what), FollowerKind::Mask(_) | FollowerKind::Picture) => {
            Some(Change::Move(*what))
        }
        (
            Change::Color(_)
            | Change::FirstChannel
            | Change::Table(_)
            | Change::Mix(_)
            | Change::Values(..),
            _,
        ) => None,
    }
}

/// Refuses images whose pixels have been moved already.
fn still(steps: &ColumnSteps, key: &'static str) -> Result<(), Refusal> {
    let moves = |link: &Link| match link {
        Link::Gather { moves, .. } => !moves.is_empty(),
        Link::Resample(_) | Link::Warp(_) => true,
        Link::Color(_) | Link::Lut(_) | Link::Blend(_) => false,
    };
    if !steps.links.iter().any(moves) {
        return Ok(());
    }
    let name = name_in_quotes(&steps.column);
    let message = format!("expected `annotate` before all steps that move pixels of {name}");
    Err(Refusal::new(key, message))
}
