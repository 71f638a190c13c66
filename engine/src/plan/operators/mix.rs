//! A second row for each row: which one of the dataset, and how much of it.
//!
//! It is drawn from all rows of the dataset and never from the batch, so that a row
//! looks the same in every batch, on every rank and after every resume.

use std::f64::consts::TAU;
use std::fmt;

use super::chance::Chance;
use super::draw::Drawn;

/// Parts of a whole row. With so few, samples are mixed exactly: products of a share
/// and a difference of bytes, and their sums with a byte, have at most 23 bits.
const PARTS: u16 = 1 << 15;

/// A second row, and what is taken from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// How often rows are mixed.
    pub chance: Chance,
    /// What the weights of the rows themselves are drawn from.
    pub weights: Beta,
    /// The columns whose values of the second row are delivered too.
    pub labels: Vec<String>,
}

/// A second row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondRow {
    /// The row of the dataset.
    pub row: u64,
    /// The weight of the row that is mixed with it.
    pub weight: Weight,
}

/// The weight of a row itself where it is mixed with a second one: a multiple of
/// 2^-15 from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(u16);

/// The symmetric Beta distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beta(f64);

impl Mix {
    /// What is drawn for a row of a dataset of `n_rows`: whether it is mixed, with
    /// which row (two words, the high one first, of which a multiplication of 64 by
    /// 64 bits makes a row), and its weight. `None` where it stays as it is.
    pub fn draw(&self, drawn: &mut Drawn, n_rows: u64) -> Option<SecondRow> {
        if !self.chance.happens(drawn) {
            return None;
        }
        let [high, low] = [drawn.word(), drawn.word()];
        let word = u64::from(high) << 32 | u64::from(low);
        let product = u128::from(word) * u128::from(n_rows);
        Some(SecondRow {
            row: (product >> 64) as u64,
            weight: self.weights.draw(drawn),
        })
    }
}

impl Weight {
    /// All of the row, nothing of a second one.
    pub const WHOLE: Self = Self(PARTS);

    /// As a number from 0 to 1; exact.
    #[must_use]
    pub fn as_f32(self) -> f32 {
        f32::from(self.0) / f32::from(PARTS)
    }

    /// How far samples go to the second row: 1 less the weight; exact.
    #[must_use]
    pub fn alpha(self) -> f32 {
        f32::from(PARTS - self.0) / f32::from(PARTS)
    }
}

impl Beta {
    /// Beta(`alpha`, `alpha`), from 0.001, where nearly all weights are 0 or 1, to
    /// 1000, where they are nearly 0.5.
    #[must_use]
    pub fn symmetric(alpha: f64) -> Option<Self> {
        (0.001..=1000.0).contains(&alpha).then_some(Self(alpha))
    }

    /// A weight, out of two words.
    ///
    /// Bailey's polar method (Mathematics of Computation 62, 1994) gives Student's t
    /// with `2 alpha` degrees of freedom as `sqrt(2 alpha (u^(-1/alpha) - 1)) cos(2 pi
    /// v)`, and `(1 + t / sqrt(2 alpha + t^2)) / 2` of that is Beta(`alpha`, `alpha`)
    /// (Devroye, Random variate generation in one line of code, 1996). With `p` for
    /// `u^(1/alpha)`, that is what is computed here: no step
    /// divides by 0 or overflows. The functions are those of a library in Rust, not
    /// the platform's, so every platform has the same bits.
    #[must_use]
    pub fn draw(self, drawn: &mut Drawn) -> Weight {
        let [u, v] = [drawn.word(), drawn.word()].map(|word| {
            // Neither 0 nor 1.
            (f64::from(word) + 0.5) / 4_294_967_296.0
        });
        let p = libm::pow(u, 1.0 / self.0);
        let cosine = libm::cos(TAU * v);
        let t = cosine * (1.0 - p).sqrt() / (p + cosine * cosine * (1.0 - p)).sqrt();
        let parts = f64::midpoint(1.0, t) * f64::from(PARTS);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to 2^15"
        )]
        Weight((parts + 0.5).floor() as u16)
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            chance,
            weights: Beta(alpha),
            ..
        } = self;
        write!(
            f,
            "mix {chance} with rows of the dataset, by weights of Beta({alpha}, {alpha})"
        )
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its shortest form as binary32 is not its value.
        write!(f, "{}", f64::from(self.as_f32()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::draw::{Draw, stream};
    use super::*;

    fn mix(alpha: f64) -> Mix {
        Mix {
            chance: Chance::of(1.0).unwrap(),
            weights: Beta::symmetric(alpha).unwrap(),
            labels: Vec::new(),
        }
    }

    fn drawn(row: u64) -> Drawn {
        Draw { seed: 7, epoch: 1 }.of(stream("mixup/0"), row)
    }

    /// `tests/python/drawn.py` computes the same with Python's functions, whose last bits
    /// may differ; a weight has 15 of them.
    #[test]
    fn answers_are_known() {
        let found = |alpha: f64, n_rows: u64| {
            [0, 1, 1 << 40].map(|row| {
                let second = mix(alpha).draw(&mut drawn(row), n_rows).unwrap();
                (second.row, second.weight.0)
            })
        };
        assert_eq!(found(1.0, 10), [(6, 18_173), (3, 9515), (4, 5320)]);
        let of_many = [
            (11_760_490_603_572_299_112, 21_152),
            (7_243_142_699_870_031_112, 3205),
            (9_074_068_033_017_007_846, 366),
        ];
        assert_eq!(found(0.2, u64::MAX), of_many);
        assert_eq!(found(8.0, 1), [(0, 16_993), (0, 13_880), (0, 11_974)]);
    }

    #[test]
    fn weights_have_the_moments_of_their_distribution() {
        for alpha in [0.001, 0.2, 0.5, 1.0, 8.0, 1000.0] {
            let n = 40_000;
            let weights = (0..n).map(|row| {
                let second = mix(alpha).draw(&mut drawn(row), 1).unwrap();
                f64::from(second.weight.as_f32())
            });
            let weights: Vec<f64> = weights.collect();
            let mean = weights.iter().sum::<f64>() / 40_000.0;
            let of_mean = weights.iter().map(|it| (it - 0.5) * (it - 0.5));
            let variance = of_mean.sum::<f64>() / 40_000.0;
            let wanted = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((mean - 0.5).abs() < 0.01, "{alpha}: {mean}");
            assert!(
                (variance / wanted - 1.0).abs() < 0.05,
                "{alpha}: {variance}"
            );
        }
    }

    /// The third and the fourth quarter of Beta(1, 1) and Beta(1/2, 1/2), which have
    /// formulas: `x` and `2 asin(sqrt(x)) / pi`.
    #[test]
    fn weights_are_spread_as_their_distribution_says() {
        let share = |alpha: f64, below: f32| {
            let is_below = |row: &u64| {
                let second = mix(alpha).draw(&mut drawn(*row), 1).unwrap();
                second.weight.as_f32() < below
            };
            (0..40_000_u64).filter(is_below).count()
        };
        for (alpha, below, wanted) in [
            (1.0, 0.75, 30_000_usize),
            (1.0, 0.1, 4000),
            (0.5, 0.75, 26_667),
            (0.5, 0.1, 8193),
        ] {
            let found = share(alpha, below);
            assert!(found.abs_diff(wanted) < 400, "{alpha} {below}: {found}");
        }
    }

    #[test]
    fn second_rows_are_of_the_dataset_and_evenly_spread() {
        let n_rows = 5 << 40;
        let mut counts = [0_u32; 5];
        for row in 0..5000 {
            let second = mix(1.0).draw(&mut drawn(row), n_rows).unwrap();
            assert!(second.row < n_rows);
            counts[usize::try_from(second.row >> 40).unwrap()] += 1;
        }
        assert!(counts.iter().all(|n| (880..1120).contains(n)), "{counts:?}");
        let only = mix(1.0).draw(&mut drawn(3), 1).unwrap();
        assert_eq!(only.row, 0);
    }

    #[test]
    fn the_ends_of_what_is_drawn_are_weights() {
        for alpha in [0.001, 0.2, 1.0, 1000.0] {
            let beta = Beta::symmetric(alpha).unwrap();
            for row in 0..2000 {
                assert!(beta.draw(&mut drawn(row)) <= Weight::WHOLE);
            }
        }
        for alpha in [0.0, -1.0, 1e-9, 1e9, f64::NAN, f64::INFINITY] {
            assert_eq!(Beta::symmetric(alpha), None, "{alpha}");
        }
        let bits = |weight: Weight| [weight.as_f32(), weight.alpha()].map(f32::to_bits);
        let least = 0.5_f32.powi(15);
        assert_eq!(bits(Weight::WHOLE), [1.0, 0.0].map(f32::to_bits));
        assert_eq!(bits(Weight(1)), [least, 1.0 - least].map(f32::to_bits));
    }

    #[test]
    fn rows_that_are_not_mixed_draw_no_more() {
        let never = Mix {
            chance: Chance::of(0.0).unwrap(),
            ..mix(1.0)
        };
        assert!((0..100).all(|row| never.draw(&mut drawn(row), 9).is_none()));
    }
}
