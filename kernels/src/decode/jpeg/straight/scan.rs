//! One scan: its coded units row by row.

use std::cell::RefCell;
use std::ops::Range;

use crate::body::Body;
use crate::level::Level;
use crate::vector;

use super::bits::Bits;
use super::coefficients::{BLOCK, GROUP, LANES, Transform};
use super::huffman::{BlockCodes, BlockSteps, CodeTable};
use super::plane::{MARGIN, Plane};

/// Groups that hold so many blocks.
pub(super) fn n_groups(n_blocks: usize) -> usize {
    n_blocks.div_ceil(LANES)
}

/// A component while it is decoded.
#[derive(Debug)]
pub(super) struct Component<'a> {
    codes: BlockCodes<'a>,
    /// Blocks across and down in a unit.
    n_blocks: [usize; 2],
    n_groups: usize,
    /// Of the block before.
    mean: i16,
    /// Of one row of units: groups of blocks, line by line.
    coefficients: &'a mut Vec<i16>,
}

impl<'a> Component<'a> {
    /// A component of `n_across` blocks across what is wanted.
    pub(super) fn new(
        (dc, ac, steps): (&'a CodeTable, &'a CodeTable, &'a BlockSteps),
        n_blocks: [u32; 2],
        n_across: usize,
        coefficients: &'a mut Vec<i16>,
    ) -> Self {
        Self {
            codes: BlockCodes { dc, ac, steps },
            n_blocks: n_blocks.map(|n| n as usize),
            n_groups: n_groups(n_across),
            mean: 0,
            coefficients,
        }
    }

    fn clear(&mut self) {
        let len = self.n_blocks[1] * self.n_groups * GROUP;
        self.coefficients.clear();
        self.coefficients.resize(len, 0);
    }

    /// Decodes the blocks of a unit, counted from the first that is wanted.
    #[inline(always)]
    fn read(&mut self, bits: &mut Bits<'_>, unit: usize) -> Option<()> {
        let [n_across, n_down] = self.n_blocks;
        for down in 0..n_down {
            for across in 0..n_across {
                let block = unit * n_across + across;
                let group = down * self.n_groups + block / LANES;
                let first = group * GROUP + block % LANES;
                let block = self.coefficients[first..].first_chunk_mut::<BLOCK>()?;
                self.codes.decode(bits, &mut self.mean, block)?;
            }
        }
        Some(())
    }

    #[inline(always)]
    fn skip(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        for _ in 0..self.n_blocks[0] * self.n_blocks[1] {
            self.codes.skip(bits, &mut self.mean)?;
        }
        Some(())
    }

    /// Makes samples of a row of units; `None` where coefficients are larger than in
    /// pictures.
    pub(super) fn transform(&self, level: Level, row: usize, plane: &mut Plane) -> Option<()> {
        let lines = self.coefficients.chunks_exact(self.n_groups * GROUP);
        for (down, coefficients) in lines.enumerate() {
            let transform = Transform {
                coefficients,
                stride: plane.stride(),
                margin: MARGIN,
            };
            let samples = plane.block_row(row * self.n_blocks[1] + down);
            vector::at(level.kind(), &transform, &[], samples).then_some(())?;
        }
        Some(())
    }
}

/// A scan while it is decoded.
#[derive(Debug)]
pub(super) struct ScanReader<'a, P> {
    bits: Bits<'a>,
    /// What comes behind the next restarts.
    parts: P,
    components: Vec<Component<'a>>,
    /// Units between restarts, and how many there are before the next.
    restarts: (u32, u32),
}

impl<'a, P: Iterator<Item = Bits<'a>>> ScanReader<'a, P> {
    pub(super) fn new(interval: u32, mut parts: P, components: Vec<Component<'a>>) -> Option<Self> {
        Some(Self {
            bits: parts.next()?,
            parts,
            components,
            restarts: (interval, interval),
        })
    }

    pub(super) fn components(&self) -> impl Iterator<Item = &Component<'a>> {
        self.components.iter()
    }

    /// Whether all data are decoded.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.bits.is_at_end() && self.parts.next().is_none()
    }

    /// Decodes those units of a row of `n` that are wanted, and goes past the others;
    /// `None` where the data are not as an encoder writes them.
    pub(super) fn read_row(&mut self, level: Level, n: usize, wanted: Range<usize>) -> Option<()> {
        if !wanted.is_empty() {
            self.components.iter_mut().for_each(Component::clear);
        }
        let row = Row {
            scan: RefCell::new(self),
            n,
            wanted,
        };
        vector::at(level.kind(), &row, &[], &mut []).then_some(())
    }

    /// Decodes the units of a row.
    #[inline(always)]
    fn read_units(&mut self, n: usize, wanted: &Range<usize>) -> Option<()> {
        for unit in 0..n {
            self.begin_unit()?;
            for component in &mut self.components {
                if wanted.contains(&unit) {
                    component.read(&mut self.bits, unit - wanted.start)?;
                } else {
                    component.skip(&mut self.bits)?;
                }
            }
        }
        (!self.bits.is_short()).then_some(())
    }

    /// Restarts where it is time.
    #[inline(always)]
    fn begin_unit(&mut self) -> Option<()> {
        let (interval, left) = &mut self.restarts;
        if *interval == 0 {
            return Some(());
        }
        if *left == 0 {
            if !self.bits.is_at_end() {
                return None;
            }
            self.bits = self.parts.next()?;
            for component in &mut self.components {
                component.mean = 0;
            }
            *left = *interval;
        }
        *left -= 1;
        Some(())
    }
}

/// A row of units that is to be read: bits are taken faster with the instructions of
/// a level, too.
struct Row<'s, 'a, P> {
    scan: RefCell<&'s mut ScanReader<'a, P>>,
    n: usize,
    wanted: Range<usize>,
}

impl<'a, P: Iterator<Item = Bits<'a>>> Body for Row<'_, 'a, P> {
    #[inline(always)]
    fn run(&self, _: &[u8], _: &mut [u8]) -> bool {
        let mut scan = self.scan.borrow_mut();
        scan.read_units(self.n, &self.wanted).is_some()
    }
}
