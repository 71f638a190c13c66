//! Turns bytes in the order they are written into numbers.
#![expect(clippy::inline_always, reason = "vectors stay in registers only so")]

use half::{bf16, f16};

use super::super::table::Table;
use super::simd::{Divisor, Simd, vectorized};
use crate::element::Element;

/// Bytes that a processor writes to memory at once.
pub(super) const LINE: usize = 64;

/// Numbers in a pattern of constants: what any vector needs that begins with
/// any channel.
const PATTERN: usize = 64;

/// How bytes become the values of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Values {
    /// Computed: all entries of the table come out of it.
    Computed(Box<Constants>),
    /// Looked up.
    Table,
}

/// What the values are computed with.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Constants {
    /// The inverse of the scale.
    factor: f32,
    /// Of channel 0, 1, … and so on again.
    mean: [f32; PATTERN],
    std: Divisor<[f32; PATTERN]>,
}

/// The channels of a run of numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Channels {
    /// All are of this one.
    One(usize),
    /// All channels in turn, beginning with this one.
    Turn(usize),
}

/// How numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stores {
    /// They stay in the caches.
    Cached,
    /// They go around them.
    Streamed,
}

impl Values {
    /// The way to the values of `table`.
    pub(in super::super) fn of(table: &Table) -> Self {
        let of = |index: usize| table.constants()[index % table.channels()];
        let constants = Constants {
            factor: 1.0 / table.scale(),
            mean: std::array::from_fn(|index| of(index)[0]),
            std: Divisor {
                value: std::array::from_fn(|index| of(index)[1]),
                inverse: std::array::from_fn(|index| divisor(of(index)[1]).inverse),
                rest: std::array::from_fn(|index| divisor(of(index)[1]).rest),
            },
        };
        let entries = table.bits().chunks_exact(256).enumerate();
        let all = entries
            .flat_map(|(channel, bits)| (0..=u8::MAX).zip(bits).map(move |it| (channel, it)));
        let mut all = all;
        if all.all(|(channel, (byte, &bits))| constants.make(table.element(), channel, byte, bits))
        {
            Self::Computed(Box::new(constants))
        } else {
            Self::Table
        }
    }
}

impl Constants {
    /// The inverse of the scale.
    pub(super) fn factor(&self) -> f32 {
        self.factor
    }

    /// Whether both ways to divide make `bits` of `byte`.
    fn make(&self, element: Element, channel: usize, byte: u8, bits: u32) -> bool {
        let shifted = f32::from(byte) * self.factor - self.mean[channel];
        let Divisor {
            value,
            inverse,
            rest,
        } = self.std.at(channel);
        let fused = shifted.mul_add(inverse, shifted * rest);
        let divided = shifted / value;
        [fused, divided].map(|value| as_bits(element, value)) == [bits; 2]
    }
}

impl Divisor<[f32; PATTERN]> {
    fn at(&self, index: usize) -> Divisor<f32> {
        Divisor {
            value: self.value[index],
            inverse: self.inverse[index],
            rest: self.rest[index],
        }
    }
}

/// The inverse to twice the digits of binary32.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what is rounded is checked"
)]
fn divisor(value: f32) -> Divisor<f32> {
    let exact = 1.0 / f64::from(value);
    let inverse = exact as f32;
    Divisor {
        value,
        inverse,
        rest: (exact - f64::from(inverse)) as f32,
    }
}

fn as_bits(element: Element, value: f32) -> u32 {
    match element {
        Element::F16 => u32::from(f16::from_f32(value).to_bits()),
        Element::BF16 => u32::from(bf16::from_f32(value).to_bits()),
        _ => value.to_bits(),
    }
}

/// The constants of as many numbers as a vector has.
#[derive(Clone, Copy)]
pub(super) struct Held<F> {
    mean: F,
    std: Divisor<F>,
}

impl<F: Copy> Held<F> {
    #[inline(always)]
    pub(super) fn of<S: Simd<Floats = F>>(
        simd: S,
        constants: &Constants,
        channels: Channels,
        ahead: usize,
    ) -> Self {
        Self {
            mean: vector(simd, &constants.mean, channels, ahead),
            std: Divisor {
                value: vector(simd, &constants.std.value, channels, ahead),
                inverse: vector(simd, &constants.std.inverse, channels, ahead),
                rest: vector(simd, &constants.std.rest, channels, ahead),
            },
        }
    }
}

impl<F: Copy> Held<F> {
    /// The values of bytes.
    #[inline(always)]
    pub(super) fn values<S: Simd<Floats = F>>(&self, simd: S, bytes: F, factor: F) -> F {
        let shifted = simd.subtract(simd.multiply(bytes, factor), self.mean);
        simd.divide(shifted, &self.std)
    }
}

/// The part of a pattern that begins `ahead` numbers into a run.
#[inline(always)]
fn vector<S: Simd>(
    simd: S,
    pattern: &[f32; PATTERN],
    channels: Channels,
    ahead: usize,
) -> S::Floats {
    match channels {
        Channels::One(channel) => simd.floats(&[pattern[channel]; 16]),
        Channels::Turn(first) => simd.floats(&pattern[first + ahead..]),
    }
}

impl Stores {
    /// A vector to the first bytes of `dst`.
    #[inline(always)]
    pub(super) fn put<S: Simd>(self, simd: S, bytes: S::Bytes, dst: &mut [u8]) {
        match self {
            Self::Cached => simd.store(bytes, dst),
            Self::Streamed => simd.stream(bytes, dst),
        }
    }

    /// The number of `dst` at which writing may stop and go on later: `at`, or
    /// where the line that holds it begins. A line that is not streamed whole
    /// is first read, and holds up what follows.
    pub(super) fn stop(self, dst: &[u8], at: usize, len_bytes: usize) -> usize {
        match dst.get(at * len_bytes..) {
            Some(rest) if self == Self::Streamed && !rest.is_empty() => {
                let in_line = rest.as_ptr().addr() % LINE / len_bytes;
                at - in_line.min(at)
            }
            _ => at,
        }
    }
}

/// What a run of numbers is made with.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) table: &'a Table,
    pub(super) values: &'a Values,
    pub(super) channels: Channels,
    pub(super) stores: Stores,
}

/// Numbers of `src` to `dst`.
pub(super) fn convert<S: Simd>(simd: S, mut run: Run<'_>, src: &[u8], dst: &mut [u8]) {
    let Values::Computed(constants) = run.values else {
        return look_up(run, src, dst);
    };
    let len_bytes = run.table.element().len_bytes();
    let (mut src, mut dst) = (src, dst);
    if run.stores == Stores::Streamed {
        let ahead = dst.as_ptr().align_offset(LINE).min(dst.len()) / len_bytes;
        let (src_ahead, src_left) = src.split_at(ahead);
        let (dst_ahead, dst_left) = dst.split_at_mut(ahead * len_bytes);
        look_up(run, src_ahead, dst_ahead);
        run = run.after(ahead);
        (src, dst) = (src_left, dst_left);
    }
    // Vectors in which the channels take turns are alike again after three of
    // them where there are three channels, else at once.
    let done = match (run.channels, run.table.channels()) {
        (Channels::Turn(_), 3) => {
            vectorized!(simd, whole_lines::<S, 3>(simd, (run, constants), src, dst))
        }
        _ => vectorized!(simd, whole_lines::<S, 1>(simd, (run, constants), src, dst)),
    };
    look_up(run.after(done), &src[done..], &mut dst[done * len_bytes..]);
}

impl Run<'_> {
    /// The run without its first `n` numbers.
    fn after(mut self, n: usize) -> Self {
        if let Channels::Turn(first) = self.channels {
            self.channels = Channels::Turn((first + n) % self.table.channels());
        }
        self
    }
}

/// Numbers that fill whole lines, and how many they are.
#[inline(always)]
fn whole_lines<S: Simd, const TURN: usize>(
    simd: S,
    (run, constants): (Run<'_>, &Constants),
    src: &[u8],
    dst: &mut [u8],
) -> usize {
    match run.table.element() {
        Element::F32 => lines::<S, 1, TURN>(
            simd,
            (run, constants),
            (src, dst),
            #[inline(always)]
            |[v]| simd.singles(v),
        ),
        Element::F16 => lines::<S, 2, TURN>(
            simd,
            (run, constants),
            (src, dst),
            #[inline(always)]
            |v| simd.halves(v),
        ),
        _ => lines::<S, 2, TURN>(
            simd,
            (run, constants),
            (src, dst),
            #[inline(always)]
            |v| simd.brains(v),
        ),
    }
}

/// The same, for numbers of which `N` vectors make a vector of bytes.
#[expect(
    clippy::needless_range_loop,
    reason = "iterators keep arrays out of registers"
)]
#[inline(always)]
fn lines<S: Simd, const N: usize, const TURN: usize>(
    simd: S,
    (run, constants): (Run<'_>, &Constants),
    (src, dst): (&[u8], &mut [u8]),
    round: impl Fn([S::Floats; N]) -> S::Bytes,
) -> usize {
    let width = 4 * S::LANES;
    let factor = simd.floats(&[constants.factor; 16]);
    let mut held = [Held::of(simd, constants, run.channels, 0); TURN];
    for index in 1..TURN {
        held[index] = Held::of(simd, constants, run.channels, index * width);
    }
    let mut turn = 0;
    let n_vectors = (src.len() / (N * width)).min(dst.len() / (16 * S::LANES));
    let pairs = src
        .chunks_exact(N * width)
        .zip(dst.chunks_exact_mut(16 * S::LANES));
    for (src, dst) in pairs {
        let mut floats = [factor; N];
        for (index, floats) in floats.iter_mut().enumerate() {
            let bytes = simd.widen(&src[index * width..]);
            *floats = held[turn].values(simd, bytes, factor);
            turn = if turn + 1 == TURN { 0 } else { turn + 1 };
        }
        run.stores.put(simd, round(floats), dst);
    }
    n_vectors * N * width
}

/// Numbers of `src` to `dst`, one by one.
fn look_up(run: Run<'_>, src: &[u8], dst: &mut [u8]) {
    let bits = run.table.bits();
    let len_bytes = run.table.element().len_bytes();
    let (mut channel, step) = match run.channels {
        Channels::One(channel) => (channel, 0),
        Channels::Turn(first) => (first, 1),
    };
    for (&byte, number) in src.iter().zip(dst.chunks_exact_mut(len_bytes)) {
        let value = bits[channel * 256 + usize::from(byte)].to_le_bytes();
        number.copy_from_slice(&value[..len_bytes]);
        channel += step;
        if channel == run.table.channels() {
            channel = 0;
        }
    }
}
