//! Whether the values of a table can be computed, and with which constants.
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use half::{bf16, f16};

use super::super::table::Table;
use crate::element::Element;

/// Numbers in a pattern of constants: what any vector needs that begins with
/// any channel.
pub(super) const PATTERN: usize = 64;

/// How bytes become the values of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Values {
    /// Computed: all entries of the table come out of it.
    Computed(Box<PixelConstants>),
    /// Looked up.
    Table,
}

/// What the values are computed with.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct PixelConstants {
    /// The inverse of the scale.
    pub(super) factor: f32,
    /// Those of channel 0, 1, … and so on again.
    pub(super) pattern: Terms<[f32; PATTERN]>,
}

/// What is subtracted from a number, and what it is then divided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Terms<T> {
    pub(super) mean: T,
    /// The divisor itself.
    pub(super) std: T,
    /// Its inverse, rounded.
    pub(super) inverse: T,
    /// What the inverse lacks, so that it has twice the digits of binary32.
    pub(super) rest: T,
}

impl Values {
    /// The way to the values of `table`.
    pub(in super::super) fn of(table: &Table) -> Self {
        let constants = PixelConstants::of(table);
        let mut entries = table.bits().chunks_exact(256).enumerate();
        let all = entries.all(|(channel, bits)| {
            let make = |(byte, &bits)| constants.make(table.element(), channel, byte) == [bits; 2];
            (0..=u8::MAX).zip(bits).all(make)
        });
        if all {
            Self::Computed(Box::new(constants))
        } else {
            Self::Table
        }
    }
}

impl PixelConstants {
    fn of(table: &Table) -> Self {
        let channels = table.constants();
        let pattern = |of: fn(Terms<f32>) -> f32| {
            std::array::from_fn(|index| of(Terms::of(channels[index % channels.len()])))
        };
        Self {
            factor: 1.0 / table.scale(),
            pattern: Terms {
                mean: pattern(|it| it.mean),
                std: pattern(|it| it.std),
                inverse: pattern(|it| it.inverse),
                rest: pattern(|it| it.rest),
            },
        }
    }

    /// What both ways to divide make of `byte`.
    fn make(&self, element: Element, channel: usize, byte: u8) -> [u32; 2] {
        let terms = self.pattern.map(|pattern| pattern[channel]);
        let shifted = f32::from(byte) * self.factor - terms.mean;
        let fused = shifted.mul_add(terms.inverse, shifted * terms.rest);
        [fused, shifted / terms.std].map(|value| match element {
            Element::F16 => u32::from(f16::from_f32(value).to_bits()),
            Element::BF16 => u32::from(bf16::from_f32(value).to_bits()),
            _ => value.to_bits(),
        })
    }
}

impl Terms<f32> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is rounded is checked"
    )]
    fn of([mean, std]: [f32; 2]) -> Self {
        let exact = 1.0 / f64::from(std);
        let inverse = exact as f32;
        let rest = (exact - f64::from(inverse)) as f32;
        Self {
            mean,
            std,
            inverse,
            rest,
        }
    }
}

impl<T> Terms<T> {
    /// Another form of each.
    #[inline(always)]
    pub(super) fn map<U>(&self, to: impl Fn(&T) -> U) -> Terms<U> {
        Terms {
            mean: to(&self.mean),
            std: to(&self.std),
            inverse: to(&self.inverse),
            rest: to(&self.rest),
        }
    }
}
