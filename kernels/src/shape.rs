//! Buffers that do not fit one another.

/// The lengths of two buffers are not those of as many whole items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected as many items of {src_item} bytes as of {dst_item} bytes, got {src} and {dst} bytes"
)]
pub struct ShapeError {
    src_item: usize,
    dst_item: usize,
    src: usize,
    dst: usize,
}

impl ShapeError {
    /// Whether `src` and `dst` bytes are as many whole items of `src_item` and
    /// `dst_item` bytes.
    pub(crate) fn check(
        (src_item, dst_item): (usize, usize),
        (src, dst): (usize, usize),
    ) -> Result<(), Self> {
        let n_items = src / src_item;
        if n_items * src_item == src && n_items.checked_mul(dst_item) == Some(dst) {
            return Ok(());
        }
        Err(Self::of((src_item, dst_item), (src, dst)))
    }

    /// That `src` and `dst` bytes are no such items.
    pub(crate) fn of((src_item, dst_item): (usize, usize), (src, dst): (usize, usize)) -> Self {
        Self {
            src_item,
            dst_item,
            src,
            dst,
        }
    }
}
