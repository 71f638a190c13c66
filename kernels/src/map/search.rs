//! Counts the keys that numbers reach, many numbers at once.
//!
//! A few keys are all compared, which vectors do best. More are halved: keys are
//! filled up with the greatest to one less than a power of two, and one, so that each
//! halving looks at one of a known place, and a block of numbers goes through each
//! halving together, so that loads need not wait for one another. Neither branches on
//! a number. Up to 4,096 keys the length is known to the compiler, which then leaves
//! out checks of bounds.
#![expect(
    clippy::inline_always,
    reason = "loops are compiled anew for each level"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "there are at most 2^20 keys"
)]

use std::array;
use std::marker::PhantomData;

use super::Search;
use crate::body::Body;
use crate::level::Dispatch;
use crate::vector;

/// So many keys are all compared with each number.
const FEW: usize = 16;

/// Numbers that are halved together: so many that loops over them stay loops, which
/// become vectors.
const BLOCK: usize = 128;

/// Keys of a search, made ready.
pub(super) struct SearchKeys<Key> {
    /// As many as there are, if few; else a power of two.
    keys: Vec<Key>,
    n: u32,
}

/// A key in memory.
pub(super) trait SearchKey: Copy + Ord + Default {
    /// Its bytes.
    type Bytes: Copy + Default + bytemuck::Pod;
    /// The key of these bytes.
    fn of(bytes: Self::Bytes) -> Self;
}

impl SearchKey for u32 {
    type Bytes = [u8; 4];

    #[inline(always)]
    fn of(bytes: [u8; 4]) -> Self {
        Self::from_le_bytes(bytes)
    }
}

impl SearchKey for u64 {
    type Bytes = [u8; 8];

    #[inline(always)]
    fn of(bytes: [u8; 8]) -> Self {
        Self::from_le_bytes(bytes)
    }
}

impl<K: SearchKey> SearchKeys<K> {
    pub(super) fn new(search: &Search, key: impl Fn(u64) -> K) -> Self {
        let mut keys: Vec<K> = search.keys().iter().map(|it| key(*it)).collect();
        let n = keys.len();
        if n > FEW {
            keys.resize((n + 1).next_power_of_two(), key(u64::MAX));
        }
        Self { keys, n: n as u32 }
    }

    /// How many keys are at most each of those in `src`.
    pub(super) fn count(&self, kind: Dispatch, src: &[u8], dst: &mut [u8]) {
        let (keys, n) = (self.keys.as_slice(), self.n);
        macro_rules! halved {
            ($($len:literal)*) => {
                match keys.len() {
                    0..=FEW => vector::at(kind, &All(keys), src, dst),
                    $($len => {
                        let (keys, _) = keys.as_chunks::<$len>();
                        vector::at(kind, &Halved::<K, _>::new(&keys[0], n), src, dst)
                    })*
                    _ => vector::at(kind, &Halved::<K, _>::new(keys, n), src, dst),
                }
            };
        }
        halved!(32 64 128 256 512 1024 2048 4096);
    }
}

/// Compares all keys.
struct All<'a, K>(&'a [K]);

impl<K: SearchKey> Body for All<'_, K> {
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        blocks::<K>(src, dst, |numbers| {
            let mut counts = [0; BLOCK];
            for key in self.0 {
                for (count, number) in counts.iter_mut().zip(numbers) {
                    *count += u32::from(*key <= number);
                }
            }
            counts
        });
        true
    }
}

/// Keys, of which there is a power of two.
trait Power<K> {
    fn size(&self) -> usize;
    fn at(&self, index: usize) -> K;
}

impl<K: SearchKey, const LEN: usize> Power<K> for [K; LEN] {
    #[inline(always)]
    fn size(&self) -> usize {
        LEN
    }

    #[inline(always)]
    fn at(&self, index: usize) -> K {
        self[index & (LEN - 1)]
    }
}

impl<K: SearchKey> Power<K> for [K] {
    #[inline(always)]
    fn size(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn at(&self, index: usize) -> K {
        self[index]
    }
}

/// Halves the keys.
struct Halved<'a, K, Keys: ?Sized> {
    keys: &'a Keys,
    /// How many of them are of edges.
    n: u32,
    of: PhantomData<K>,
}

impl<'a, K, Keys: ?Sized> Halved<'a, K, Keys> {
    fn new(keys: &'a Keys, n: u32) -> Self {
        Self {
            keys,
            n,
            of: PhantomData,
        }
    }
}

impl<K: SearchKey, Keys: Power<K> + ?Sized> Body for Halved<'_, K, Keys> {
    #[inline(always)]
    fn run(&self, src: &[u8], dst: &mut [u8]) -> bool {
        blocks::<K>(src, dst, |numbers| {
            let mut at = [0u32; BLOCK];
            for bit in (0..self.keys.size().ilog2()).rev() {
                let last = (1 << bit) - 1;
                for (at, number) in at.iter_mut().zip(&numbers) {
                    // A sum and no choice: a branch would be guessed wrong half the time.
                    let is_reached = self.keys.at((*at + last) as usize) <= *number;
                    *at += u32::from(is_reached) << bit;
                }
            }
            // What they were filled up with is no edge.
            at.map(|at| at.min(self.n))
        });
        true
    }
}

/// Hands `each` the keys of [`BLOCK`] numbers, the last of them filled up.
#[inline(always)]
fn blocks<K: SearchKey>(src: &[u8], dst: &mut [u8], each: impl Fn([K; BLOCK]) -> [u32; BLOCK]) {
    let src: &[K::Bytes] = bytemuck::cast_slice(src);
    let dst: &mut [[u8; 4]] = bytemuck::cast_slice_mut(dst);
    let (src, src_rest) = src.as_chunks::<BLOCK>();
    let (dst, dst_rest) = dst.as_chunks_mut::<BLOCK>();
    for (numbers, counts) in src.iter().zip(dst) {
        *counts = each(numbers.map(K::of)).map(u32::to_le_bytes);
    }
    if !src_rest.is_empty() {
        let numbers = array::from_fn(|i| K::of(src_rest.get(i).copied().unwrap_or_default()));
        for (to, count) in dst_rest.iter_mut().zip(each(numbers)) {
            *to = count.to_le_bytes();
        }
    }
}
