//! A stable sort whose comparisons may fail, or contradict one another: NaN
//! has no order, and the sort of the standard library may panic then.

use super::super::error::Exception;

/// The items in order, where `less` tells what stands before what.
pub(crate) fn sorted<T>(
    items: Vec<T>,
    mut less: impl FnMut(&T, &T) -> Result<bool, Exception>,
) -> Result<Vec<T>, Exception> {
    let mut runs: Vec<Vec<T>> = items.into_iter().map(|item| vec![item]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut rest = runs.into_iter();
        while let Some(left) = rest.next() {
            merged.push(match rest.next() {
                Some(right) => merge(left, right, &mut less)?,
                None => left,
            });
        }
        runs = merged;
    }
    Ok(runs.pop().unwrap_or_default())
}

fn merge<T>(
    left: Vec<T>,
    right: Vec<T>,
    less: &mut impl FnMut(&T, &T) -> Result<bool, Exception>,
) -> Result<Vec<T>, Exception> {
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        // Of equals, the one that came first stays first.
        let from_right = less(b, a)?;
        out.extend(if from_right {
            right.next()
        } else {
            left.next()
        });
    }
    out.extend(left);
    out.extend(right);
    Ok(out)
}
