//! Best-fit decreasing in O(1) a piece: rows stand in stacks by the room they
//! have left, and a bitmap tree finds the smallest room that suffices.

use super::{DocumentPiece, PackedRows, RowLimit, index};

/// No row, at the end of a stack.
const NONE: u32 = u32::MAX;

/// Lays `pieces` (each of 1 to `length` tokens) into rows within `limit`.
/// See the module text for the order. Pieces of other lengths are left out.
///
/// ```
/// use fuelrail_kernels::pack::{CutRule, best_fit, cut};
/// let rows = best_fit(&cut(&[6, 3, 4, 7], 10, CutRule::Split), 10);
/// let docs: Vec<Vec<u32>> =
///     (0..rows.n_rows()).map(|r| rows.row(r).iter().map(|p| p.doc).collect()).collect();
/// assert_eq!(docs, [[0, 2], [1, 3]]);
/// ```
#[must_use]
pub fn best_fit(pieces: &[DocumentPiece], limit: impl Into<RowLimit>) -> PackedRows {
    let limit = limit.into();
    let order = longest_first(pieces, limit.length);
    let mut stacks = Stacks::new(limit);
    let mut row_of = vec![NONE; pieces.len()];
    for &piece in &order {
        row_of[piece as usize] = stacks.place(pieces[piece as usize].len);
    }
    in_source_order(pieces, &row_of, stacks.next.len())
}

/// Indices of the pieces from long to short, by a stable counting sort.
fn longest_first(pieces: &[DocumentPiece], length: u32) -> Vec<u32> {
    let fits = |piece: &DocumentPiece| (1..=length).contains(&piece.len);
    let mut starts = vec![0_u32; length as usize + 1];
    for piece in pieces.iter().filter(|piece| fits(piece)) {
        starts[(length - piece.len) as usize + 1] += 1;
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut order = vec![0; sum as usize];
    for (i, piece) in (0..).zip(pieces) {
        if fits(piece) {
            let slot = &mut starts[(length - piece.len) as usize];
            order[*slot as usize] = i;
            *slot += 1;
        }
    }
    order
}

/// Open rows by the room they have left.
struct Stacks {
    limit: RowLimit,
    /// The row on top of the stack for each room.
    top: Vec<u32>,
    /// The row below each row in its stack.
    next: Vec<u32>,
    /// Pieces in each row.
    n_pieces: Vec<u32>,
    /// Which stacks hold a row.
    rooms: BitTree,
}

impl Stacks {
    fn new(limit: RowLimit) -> Self {
        let n_rooms = limit.length as usize + 1;
        Self {
            limit,
            top: vec![NONE; n_rooms],
            next: Vec::new(),
            n_pieces: Vec::new(),
            rooms: BitTree::new(n_rooms),
        }
    }

    /// Puts a piece of `len` into the fullest row that holds it and returns
    /// the row.
    fn place(&mut self, len: u32) -> u32 {
        let (row, room) = if let Some(room) = self.rooms.first_from(len as usize) {
            (self.pop(room), room)
        } else {
            self.next.push(NONE);
            self.n_pieces.push(0);
            (index(self.next.len() - 1), self.limit.length as usize)
        };
        let n_pieces = &mut self.n_pieces[row as usize];
        *n_pieces += 1;
        let takes_more = *n_pieces < self.limit.documents;
        let left = room - len as usize;
        if left > 0 && takes_more {
            self.push(row, left);
        }
        row
    }

    fn pop(&mut self, room: usize) -> u32 {
        let row = self.top[room];
        self.top[room] = self.next[row as usize];
        if self.top[room] == NONE {
            self.rooms.clear(room);
        }
        row
    }

    fn push(&mut self, row: u32, room: usize) {
        if self.top[room] == NONE {
            self.rooms.set(room);
        }
        self.next[row as usize] = self.top[room];
        self.top[room] = row;
    }
}

/// A set of small integers as a tree of 64-bit words: each bit of a level says
/// whether a word of the level below has any.
struct BitTree {
    levels: Vec<Vec<u64>>,
}

impl BitTree {
    fn new(len: usize) -> Self {
        let mut levels = Vec::new();
        let mut n = len;
        loop {
            n = n.div_ceil(64);
            levels.push(vec![0_u64; n]);
            if n <= 1 {
                return Self { levels };
            }
        }
    }

    fn set(&mut self, mut i: usize) {
        for level in &mut self.levels {
            level[i / 64] |= 1 << (i % 64);
            i /= 64;
        }
    }

    fn clear(&mut self, mut i: usize) {
        for level in &mut self.levels {
            level[i / 64] &= !(1 << (i % 64));
            if level[i / 64] != 0 {
                return;
            }
            i /= 64;
        }
    }

    /// The least member that is at least `from`.
    fn first_from(&self, from: usize) -> Option<usize> {
        let mut i = from;
        for (height, level) in self.levels.iter().enumerate() {
            let word = level.get(i / 64)? & (u64::MAX << (i % 64));
            if word != 0 {
                let found = i / 64 * 64 + word.trailing_zeros() as usize;
                return Some(self.descend(height, found));
            }
            i = i / 64 + 1;
        }
        None
    }

    /// The least member below bit `i` of level `height`.
    fn descend(&self, height: usize, i: usize) -> usize {
        self.levels[..height]
            .iter()
            .rev()
            .fold(i, |i, level| i * 64 + level[i].trailing_zeros() as usize)
    }
}

/// Numbers the rows by their first piece and lists each row's pieces in source
/// order.
fn in_source_order(pieces: &[DocumentPiece], row_of: &[u32], n_rows: usize) -> PackedRows {
    let mut rank = vec![NONE; n_rows];
    let mut offsets = vec![0_u32; n_rows + 1];
    let mut n_seen = 0;
    for &row in row_of.iter().filter(|&&row| row != NONE) {
        let rank = &mut rank[row as usize];
        if *rank == NONE {
            *rank = n_seen;
            n_seen += 1;
        }
        offsets[*rank as usize + 1] += 1;
    }
    for row in 0..n_rows {
        offsets[row + 1] += offsets[row];
    }
    let mut cursor = offsets.clone();
    let empty = DocumentPiece {
        doc: 0,
        start: 0,
        len: 0,
    };
    let mut sorted = vec![empty; offsets[n_rows] as usize];
    for (piece, &row) in pieces.iter().zip(row_of) {
        if row != NONE {
            let slot = &mut cursor[rank[row as usize] as usize];
            sorted[*slot as usize] = *piece;
            *slot += 1;
        }
    }
    PackedRows {
        pieces: sorted,
        offsets,
    }
}
