//! Cuts the items of a batch into runs that a slot of a device holds.

use std::ops::Range;

/// What a region may take beyond its items, where it is rounded up.
const ALIGN: usize = 256;

/// The items of one column by the bytes that each takes, where it takes most.
#[derive(Debug, Clone)]
pub(super) enum Widths {
    /// So many items of as many bytes each.
    Fixed {
        /// How many.
        n_items: usize,
        /// Bytes of each.
        width: usize,
    },
    /// Rows, each with bytes of its own.
    Rows(Vec<usize>),
}

impl Widths {
    /// What a column may take beyond its items: rows have offsets in a region of
    /// their own, too.
    fn slack(&self) -> usize {
        match self {
            Self::Fixed { .. } => ALIGN,
            Self::Rows(_) => 4 * ALIGN,
        }
    }

    /// How many items from `first` on fit into `room` bytes, and what they take.
    fn fit(&self, first: usize, room: usize) -> (usize, usize) {
        match self {
            Self::Fixed { n_items, width } => {
                let n = (room / width.max(&1)).min(n_items - first);
                (n, n * width)
            }
            Self::Rows(widths) => {
                let mut taken = 0;
                let fits = widths[first..].iter().take_while(|&&width| {
                    let fits = taken + width <= room;
                    taken += if fits { width } else { 0 };
                    fits
                });
                (fits.count(), taken)
            }
        }
    }

    /// How many items from `first` on are more than `limit` bytes each.
    fn too_large(&self, first: usize, limit: usize) -> usize {
        match self {
            Self::Fixed { n_items, width } if *width > limit => n_items - first,
            Self::Fixed { .. } => 0,
            Self::Rows(widths) => {
                let large = widths[first..].iter().take_while(|&&width| width > limit);
                large.count()
            }
        }
    }
}

/// A batch in pieces.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pieces {
    /// For each piece and column, its run of items.
    pub(super) list: Vec<Vec<Range<usize>>>,
    /// For each column, the runs of items of which a slot holds not one.
    pub(super) too_large: Vec<Vec<Range<usize>>>,
}

impl Pieces {
    /// Cuts all items so that no piece takes more than `limit` bytes in any
    /// buffer. Items stay in order.
    pub(super) fn new(columns: &[Widths], limit: usize) -> Self {
        let mut pieces = Self {
            list: Vec::new(),
            too_large: vec![Vec::new(); columns.len()],
        };
        let mut next = vec![0; columns.len()];
        loop {
            let mut room = limit;
            let mut piece = Vec::with_capacity(columns.len());
            for (column, widths) in columns.iter().enumerate() {
                let (begin, slack) = (next[column], widths.slack());
                let first = begin + widths.too_large(begin, limit.saturating_sub(slack));
                if first > begin {
                    pieces.too_large[column].push(begin..first);
                }
                let (n, bytes) = widths.fit(first, room.saturating_sub(slack));
                if n > 0 {
                    room = room.saturating_sub(bytes.next_multiple_of(ALIGN) + slack - ALIGN);
                }
                next[column] = first + n;
                piece.push(first..first + n);
            }
            if piece.iter().all(Range::is_empty) {
                return pieces;
            }
            pieces.list.push(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use fuelrail_kernels::philox4x32;

    use super::*;

    /// A few columns of all kinds, by chance.
    fn columns(seed: u32) -> Vec<Widths> {
        let draw = |n: u32, most: usize| philox4x32([n, seed, 0, 0], [0; 2])[0] as usize % most;
        let column = |index: u32| {
            if draw(index, 2) == 0 {
                let n_items = draw(10 + index, 3000);
                let width = 1 + draw(20 + index, 3000);
                return Widths::Fixed { n_items, width };
            }
            let n_rows = u32::try_from(draw(10 + index, 40)).unwrap();
            let most = [9, 9000][draw(30 + index, 2)];
            Widths::Rows(
                (0..n_rows)
                    .map(|row| draw(100 * index + row, most))
                    .collect(),
            )
        };
        (1..2 + u32::try_from(draw(0, 3)).unwrap())
            .map(column)
            .collect()
    }

    fn len(column: &Widths) -> usize {
        match column {
            Widths::Fixed { n_items, .. } => *n_items,
            Widths::Rows(widths) => widths.len(),
        }
    }

    fn width(column: &Widths, item: usize) -> usize {
        match column {
            Widths::Fixed { width, .. } => *width,
            Widths::Rows(widths) => widths[item],
        }
    }

    fn check(columns: &[Widths], limit: usize) {
        let pieces = Pieces::new(columns, limit);
        for (index, column) in columns.iter().enumerate() {
            let mut runs: Vec<_> = pieces
                .list
                .iter()
                .map(|piece| piece[index].clone())
                .collect();
            assert!(runs.is_sorted_by_key(|run| run.start));
            let too_large = &pieces.too_large[index];
            runs.extend(too_large.iter().cloned());
            runs.retain(|run| !run.is_empty());
            runs.sort_by_key(|run| run.start);
            assert!(
                runs.into_iter().flatten().eq(0..len(column)),
                "each item once"
            );
            let mut too_large = too_large.iter().cloned().flatten();
            assert!(too_large.all(|item| width(column, item) > limit - column.slack()));
        }
        for piece in &pieces.list {
            let all = columns.iter().zip(piece);
            let bytes = all.flat_map(|(column, run)| run.clone().map(|item| width(column, item)));
            assert!(bytes.sum::<usize>() <= limit);
            assert!(piece.iter().any(|run| !run.is_empty()));
        }
    }

    #[test]
    fn every_item_comes_once_in_order_and_no_piece_is_too_large() {
        for seed in 0..400 {
            for limit in [2048, 7000, 1 << 16] {
                check(&columns(seed), limit);
            }
        }
    }

    #[test]
    fn what_no_slot_holds_is_told() {
        let fixed = Widths::Fixed {
            n_items: 5,
            width: 4000,
        };
        let rows = Widths::Rows(vec![10, 4000, 5000, 0, 3000]);
        let pieces = Pieces::new(&[fixed, rows], 4096);
        let (all, some) = (0..5, 1..3);
        assert_eq!(pieces.too_large, [all, some].map(|run| vec![run]));
    }
}
