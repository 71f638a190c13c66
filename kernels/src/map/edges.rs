//! Edges of a search, exact in any type, and the keys by which numbers compare.

use std::cmp::Ordering;
use std::fmt;

use crate::element::Element;

/// Between which bins a number changes: as it was written, whatever type the
/// numbers have that are compared with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Edge {
    /// A whole number.
    Whole(i128),
    /// A finite number.
    Real(f64),
}

impl Edge {
    /// Which of two is the lesser; `None` if one is NaN.
    pub(super) fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(&b)),
            (Self::Real(a), Self::Real(b)) => a.partial_cmp(&b),
            (Self::Real(a), Self::Whole(b)) => real_to_whole(a, b),
            (Self::Whole(a), Self::Real(b)) => real_to_whole(b, a).map(Ordering::reverse),
        }
    }
}

impl From<f64> for Edge {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<i64> for Edge {
    fn from(number: i64) -> Self {
        Self::Whole(number.into())
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
        }
    }
}

/// Which edges count for a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Those below it: a bin holds its upper edge.
    Left,
    /// Those below or equal to it: a bin holds its lower edge.
    Right,
}

/// How a float lies to a whole number, without rounding.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole number; one beyond 127 bits becomes the nearest bound, on the same side"
)]
fn real_to_whole(real: f64, whole: i128) -> Option<Ordering> {
    if real.is_nan() {
        return None;
    }
    let floor = real.floor();
    let order = (floor as i128).cmp(&whole);
    Some(if order == Ordering::Equal && real > floor {
        Ordering::Greater
    } else {
        order
    })
}

/// The key of the least number of type `register` for which `edge` counts; `None`
/// where it counts for none.
pub(super) fn threshold(register: Element, edge: Edge, side: Side) -> Option<u64> {
    match register {
        Element::U64 => whole(edge, side, [0, u64::MAX.into()]),
        Element::I64 => whole(edge, side, [i64::MIN.into(), i64::MAX.into()]),
        Element::I32 => whole(edge, side, [i32::MIN.into(), i32::MAX.into()]),
        Element::F32 => Some(key_f32(single(edge, side)).into()),
        Element::F64 => Some(key_f64(double(edge, side))),
        _ => whole(edge, side, [0, u32::MAX.into()]),
    }
}

/// Among whole numbers of this range; their keys begin at 0 with the least.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole numbers; what is beyond any range is compared with its bounds, and a key is \
              below 2^64"
)]
fn whole(edge: Edge, side: Side, [least, most]: [i128; 2]) -> Option<u64> {
    let first = match (edge, side) {
        (Edge::Whole(edge), Side::Right) => edge,
        (Edge::Whole(edge), Side::Left) => edge.saturating_add(1),
        (Edge::Real(edge), Side::Right) => edge.ceil() as i128,
        (Edge::Real(edge), Side::Left) => (edge.floor() as i128).saturating_add(1),
    };
    (first <= most).then(|| (first.max(least) - least) as u64)
}

macro_rules! least_float {
    ($(#[$lints:meta])* $name:ident, $float:ty) => {
        /// The least float for which `edge` counts; NaN, which lies above all
        /// others, where none does.
        $(#[$lints])*
        fn $name(edge: Edge, side: Side) -> $float {
            let nearest = match edge {
                Edge::Whole(edge) => edge as $float,
                Edge::Real(edge) => edge as $float,
            };
            let order = Edge::Real(f64::from(nearest)).order(edge);
            let is_reached = match side {
                Side::Left => order == Some(Ordering::Greater),
                Side::Right => order != Some(Ordering::Less),
            };
            if is_reached {
                nearest
            } else if nearest == <$float>::INFINITY {
                <$float>::NAN
            } else {
                nearest.next_up()
            }
        }
    };
}

least_float!(
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "the nearest is asked for; what it is too small by is found out"
    )]
    single,
    f32
);
least_float!(
    #[expect(
        clippy::cast_precision_loss,
        reason = "the nearest is asked for; what it is too small by is found out"
    )]
    double,
    f64
);

/// A key that ascends as the numbers do: -0 has that of 0, NaN the greatest.
pub(super) fn key_f32(number: f32) -> u32 {
    let bits = number.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    if magnitude > 0x7f80_0000 {
        u32::MAX
    } else if bits > 0x8000_0000 {
        !bits
    } else {
        magnitude | 0x8000_0000
    }
}

/// The same for binary64.
pub(super) fn key_f64(number: f64) -> u64 {
    let bits = number.to_bits();
    let magnitude = bits & 0x7fff_ffff_ffff_ffff;
    if magnitude > 0x7ff0_0000_0000_0000 {
        u64::MAX
    } else if bits > 0x8000_0000_0000_0000 {
        !bits
    } else {
        magnitude | 0x8000_0000_0000_0000
    }
}

/// The same for integers with a sign.
pub(super) fn key_i32(number: i32) -> u32 {
    number.cast_unsigned() ^ 0x8000_0000
}

/// The same for those of 64 bits.
pub(super) fn key_i64(number: i64) -> u64 {
    number.cast_unsigned() ^ 0x8000_0000_0000_0000
}
