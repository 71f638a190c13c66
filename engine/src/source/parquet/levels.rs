//! Runs of levels and of dictionary indices, walked to see how many there are.
//!
//! Format: the hybrid of run lengths and bit packing of the Parquet encodings
//! document. Nothing is allocated; a run takes a byte at least, so a walk ends
//! with its bytes.

use parquet::basic::Repetition;
use parquet::schema::types::{ColumnDescriptor, Type};

use super::thrift::Compact;

/// Bits that numbers up to `max` take.
pub(super) fn width_of(max: i16) -> u32 {
    16 - max.max(0).unsigned_abs().leading_zeros()
}

/// How many of the first `n` levels are `max`, or `None` if `bytes` end before
/// or one is beyond.
pub(super) fn count_max(bytes: &[u8], max: i16, n: u64) -> Option<u64> {
    let width = width_of(max);
    let max = u64::from(max.max(0).unsigned_abs());
    let (mut n_max, mut is_beyond) = (0, false);
    walk(bytes, width, n, |run, n_items| match run {
        Run::Of(value) => {
            n_max += if value == max { n_items } else { 0 };
            is_beyond |= value > max && n_items > 0;
        }
        Run::Packed(packed) => {
            let (found, beyond) = count_packed(packed, width, max, n_items);
            n_max += found;
            is_beyond |= beyond;
        }
    })?;
    (!is_beyond).then_some(n_max)
}

/// How many bytes `n` numbers of `width` bits take at the start of `bytes`, or
/// `None` if those end before.
pub(super) fn len_of(bytes: &[u8], width: u32, n: u64) -> Option<usize> {
    walk(bytes, width, n, |_, _| ())
}

enum Run<'a> {
    /// The same number again and again.
    Of(u64),
    /// Numbers side by side, the lowest bit first.
    Packed(&'a [u8]),
}

/// Gives the runs of the first `n` numbers to `take`, with how many each has.
fn walk<'a>(
    bytes: &'a [u8],
    width: u32,
    n: u64,
    mut take: impl FnMut(Run<'a>, u64),
) -> Option<usize> {
    let mut rest = Compact { bytes };
    let mut left = n;
    while left > 0 {
        let (run, n_items) = next_run(&mut rest, width)?;
        let n_items = n_items.min(left);
        take(run, n_items);
        left -= n_items;
    }
    Some(bytes.len() - rest.bytes.len())
}

/// The run at the start of `rest`, and how many numbers it has.
fn next_run<'a>(rest: &mut Compact<'a>, width: u32) -> Option<(Run<'a>, u64)> {
    let head = rest.varint()?;
    let count = head >> 1;
    if head & 1 == 0 {
        let (value, after) = rest.bytes.split_at_checked(width.div_ceil(8) as usize)?;
        rest.bytes = after;
        let bytes = value.iter().rev();
        let value = bytes.fold(0, |value, byte| value << 8 | u64::from(*byte));
        return Some((Run::Of(value), count));
    }
    // Groups of eight; of the last run, only as many as there are.
    let len = count.checked_mul(u64::from(width))?;
    let n_items = count.checked_mul(8)?;
    let (packed, after) = rest.bytes.split_at_checked(usize::try_from(len).ok()?)?;
    rest.bytes = after;
    Some((Run::Packed(packed), n_items))
}

/// Repetition and definition levels of a column within lists, side by side, as
/// the pages of a chunk come.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    /// For each list that the column is in, from the outermost, the definition
    /// level from which on it has an item.
    items: Vec<u64>,
    /// The definition level of the entry before.
    before: Option<u64>,
}

impl Nesting {
    /// That of `column` below `root`, flat if its path is another there.
    pub(super) fn of(root: &Type, column: &ColumnDescriptor) -> Self {
        let mut node = root;
        let (mut level, mut items) = (0, Vec::new());
        for part in column.path().parts() {
            let fields = if node.is_group() {
                node.get_fields()
            } else {
                &[]
            };
            let Some(field) = fields.iter().find(|field| field.name() == part) else {
                return Self::default();
            };
            node = field;
            let repetition = node.get_basic_info().repetition();
            level += u64::from(repetition != Repetition::REQUIRED);
            if repetition == Repetition::REPEATED {
                items.push(level);
            }
        }
        // Of two with one name this may be the other.
        let is_it = level == u64::from(column.max_def_level().unsigned_abs())
            && items.len() == usize::from(column.max_rep_level().unsigned_abs());
        if is_it {
            Self::new(items)
        } else {
            Self::default()
        }
    }

    fn new(items: Vec<u64>) -> Self {
        Self {
            items,
            before: None,
        }
    }

    pub(super) fn is_flat(&self) -> bool {
        self.items.is_empty()
    }

    /// Goes over the `n` levels of a page up to `max`, of repetition and of
    /// definition; whether all can be. An entry that goes on with a list is an
    /// item of it, and the entry before is one too.
    pub(super) fn go_on(&mut self, [repetition, definition]: [&[u8]; 2], max: i16, n: u64) -> bool {
        let depth = i16::try_from(self.items.len()).unwrap_or(i16::MAX);
        let mut repetition = Runs::new(repetition, width_of(depth));
        let mut definition = Runs::new(definition, width_of(max));
        // Whether no number of their bits is beyond the levels of repetition.
        let all_can_be = (depth.unsigned_abs() + 1).is_power_of_two();
        let mut left = n;
        while left > 0 {
            let (Some(repeated), Some(defined)) = (repetition.peek(), definition.peek()) else {
                return false;
            };
            let is_like_before = self.before == Some(defined.0);
            // Among items of the innermost list, all levels that are there can be.
            let is_innermost = self.items.last().is_none_or(|item| defined.0 >= *item);
            let n = if is_like_before && is_innermost && all_can_be {
                repetition.left
            } else {
                repeated.1
            };
            let n = n.min(defined.1).min(left);
            // The first of a run stands behind another entry than the rest.
            let n = if is_like_before { n } else { 1 };
            let (repeated, defined) = (repeated.0, defined.0);
            let goes_on = repeated.checked_sub(1).map(usize::try_from);
            let item = match goes_on {
                None => Some(0),
                Some(list) => list.ok().and_then(|list| self.items.get(list).copied()),
            };
            let can_be = item.is_some_and(|item| {
                repeated == 0 || (defined >= item && self.before.is_some_and(|it| it >= item))
            });
            if !can_be {
                return false;
            }
            self.before = Some(defined);
            repetition.skip(n);
            definition.skip(n);
            left -= n;
        }
        true
    }
}

/// Numbers of a hybrid, run by run.
struct Runs<'a> {
    rest: Compact<'a>,
    width: u32,
    /// Of the run that is begun.
    run: Option<Run<'a>>,
    left: u64,
    /// Numbers of a group that are done.
    done: u64,
}

impl<'a> Runs<'a> {
    fn new(bytes: &'a [u8], width: u32) -> Self {
        Self {
            rest: Compact { bytes },
            width,
            run: None,
            left: 0,
            done: 0,
        }
    }

    /// The next number, and how often it comes at least; `None` at the end.
    fn peek(&mut self) -> Option<(u64, u64)> {
        while self.left == 0 {
            let (run, n_items) = next_run(&mut self.rest, self.width)?;
            (self.run, self.left, self.done) = (Some(run), n_items, 0);
        }
        match self.run.as_ref()? {
            Run::Of(value) => Some((*value, self.left)),
            Run::Packed(packed) => {
                let first = self.done.checked_mul(u64::from(self.width))?;
                let bits = (first..first + u64::from(self.width)).rev();
                let bit = |at: u64| {
                    let byte = usize::try_from(at / 8).ok().and_then(|at| packed.get(at));
                    byte.map(|byte| u64::from(byte >> (at % 8) & 1))
                };
                let value = bits
                    .map(bit)
                    .try_fold(0, |value, bit| Some(value << 1 | bit?));
                Some((value?, 1))
            }
        }
    }

    /// Goes over `n` numbers that [`Runs::peek`] has told of.
    fn skip(&mut self, n: u64) {
        self.left -= n;
        self.done += n;
    }
}

/// How many are `max`, and whether one is beyond.
fn count_packed(packed: &[u8], width: u32, max: u64, n: u64) -> (u64, bool) {
    if width == 1 {
        let whole = usize::try_from(n / 8).unwrap_or(usize::MAX);
        let (whole, last) = packed.split_at(whole.min(packed.len()));
        let ones: u64 = whole.iter().map(|byte| u64::from(byte.count_ones())).sum();
        let mask = (1_u8 << (n % 8)) - 1;
        let last = last.first().map_or(0, |byte| (byte & mask).count_ones());
        return (ones + u64::from(last), false);
    }
    let (mut bits, mut n_bits) = (0_u64, 0);
    let mut bytes = packed.iter();
    let mask = (1_u64 << width) - 1;
    let (mut n_max, mut is_beyond) = (0, false);
    for _ in 0..n {
        while n_bits < width {
            bits |= u64::from(bytes.next().copied().unwrap_or(0)) << n_bits;
            n_bits += 8;
        }
        n_max += u64::from(bits & mask == max);
        is_beyond |= bits & mask > max;
        bits >>= width;
        n_bits -= width;
    }
    (n_max, is_beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_counted_in_runs_and_in_groups() {
        // Five of 1, then eight packed, of which three are looked at.
        let bytes = [10, 1, 3, 0b0000_0101];
        assert_eq!(count_max(&bytes, 1, 5), Some(5));
        assert_eq!(count_max(&bytes, 1, 8), Some(7));
        assert_eq!(count_max(&bytes, 1, 13), Some(7));
        assert_eq!(count_max(&bytes, 1, 14), None);
        // Two bits each: 3, 0, 3, 2, 0, 0, 0, 0.
        let bytes = [3, 0b1011_0011, 0];
        assert_eq!(count_max(&bytes, 3, 8), Some(2));
        assert_eq!(count_max(&bytes, 3, 2), Some(1));
        assert_eq!(count_max(&bytes[..2], 3, 8), None);
        assert_eq!(count_max(&[], 3, 0), Some(0));
        // None is beyond what the schema has.
        assert_eq!(count_max(&bytes, 2, 8), None);
        assert_eq!(count_max(&[6, 3], 2, 3), None);
    }

    #[test]
    fn what_goes_on_with_a_list_is_an_item_of_it() {
        // A list of items that may be null: 0 null, 1 empty, 2 a null, 3 a value.
        let pack = |levels: &[u8], width: usize| {
            let n_groups = levels.len().div_ceil(8);
            let mut bytes = vec![u8::try_from(n_groups << 1 | 1).unwrap()];
            bytes.resize(1 + n_groups * width, 0);
            for (at, level) in levels.iter().enumerate() {
                for bit in 0..width {
                    let to = at * width + bit;
                    bytes[1 + to / 8] |= (level >> bit & 1) << (to % 8);
                }
            }
            bytes
        };
        let runs = |levels: &[u8]| {
            let each = levels.iter().flat_map(|level| [2, *level]);
            each.collect::<Vec<u8>>()
        };
        let check = |repetition: &[u8], definition: &[u8]| {
            let n = definition.len() as u64;
            let go_on = |levels| Nesting::new(vec![2]).go_on(levels, 3, n);
            let packed = [&pack(repetition, 1)[..], &pack(definition, 2)[..]];
            let run = [&runs(repetition)[..], &runs(definition)[..]];
            let can_be = go_on(packed);
            assert_eq!(go_on(run), can_be);
            assert_eq!(go_on([packed[0], run[1]]), can_be);
            assert_eq!(go_on([run[0], packed[1]]), can_be);
            can_be
        };
        assert!(check(&[0, 1, 1, 0, 0, 0, 1], &[3, 2, 3, 0, 1, 3, 3]));
        assert!(!check(&[1, 1], &[3, 3]), "nothing is there to go on with");
        assert!(!check(&[0, 1], &[3, 1]), "an empty list is no item");
        assert!(!check(&[0, 1], &[1, 3]), "nor has it any");
        assert!(!check(&[0, 1, 1, 1], &[3, 3, 1, 3]), "nor in the midst");
        // Many of one definition, among groups of repetitions.
        let rows = pack(&[0, 1, 1, 0, 1, 1, 1, 1], 1);
        assert!(Nesting::new(vec![2]).go_on([&rows, &[16, 3]], 3, 8));
        assert!(!Nesting::new(vec![2]).go_on([&rows, &[16, 1]], 3, 8));
        assert!(!Nesting::new(vec![2]).go_on([&rows, &[4, 3, 2, 1, 10, 3]], 3, 8));
        // A run of many, and the same over two pages.
        let mut nesting = Nesting::new(vec![2]);
        let long = [
            [&[2, 0, 198, 1, 1][..], &[200, 1, 3][..]],
            [&[2, 1], &[2, 3]],
        ];
        assert!(nesting.go_on(long[0], 3, 100));
        assert!(nesting.go_on(long[1], 3, 1));
        assert!(!nesting.go_on(long[1], 3, 2), "levels are missing");
        // Lists in lists: an item of the inner one from 4 on.
        let mut nested = Nesting::new(vec![2, 4]);
        assert!(nested.go_on([&[2, 0, 2, 1, 2, 2], &[2, 2, 2, 4, 2, 5]], 5, 3));
        assert!(!nested.go_on([&[2, 2], &[2, 3]], 5, 1));
        assert!(!nested.go_on([&[2, 3], &[2, 5]], 5, 1), "not so deep");
        let deep = |levels: &[u8]| {
            let n = levels.len() as u64;
            Nesting::new(vec![2, 4]).go_on([&pack(levels, 2), &[100, 5]], 5, n)
        };
        assert!(deep(&[0, 2, 1, 2, 2, 0, 1]));
        assert!(!deep(&[0, 2, 1, 3, 2, 0, 1]), "nor in a group");
    }

    #[test]
    fn runs_have_a_length_whatever_they_claim() {
        assert_eq!(len_of(&[20, 7, 99], 3, 10), Some(2));
        assert_eq!(len_of(&[20, 7], 3, 11), None);
        assert_eq!(len_of(&[20, 7, 0], 9, 10), Some(3));
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(len_of(&huge, 8, 10), None);
        // Numbers without bits take none.
        assert_eq!(len_of(&[20], 0, 10), Some(1));
    }
}
