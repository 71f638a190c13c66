//! Huffman codes of a scan: what a coefficient is, and where it belongs.

use super::bits::Bits;
use super::coefficients::{Block, DUMP, LANES, NATURAL_ORDER};

/// Bits of a code that are looked up at once.
const SHORT: u32 = 10;

/// The largest category of a difference between means, and of a coefficient, in
/// pictures of 8 bits.
const MAX_SIZES: [u8; 2] = [11, 10];

/// A jump beyond all coefficients of a block: its end.
const END: u8 = 128;

/// A jump beyond that: no code.
const NONE: u8 = 192;

/// What a code stands for: from the lowest byte on, the bits of the code and the
/// value behind it, the bits of the code, those of the value, and how many
/// coefficients of 0 there are before the one it is about. 0 is a longer code, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Code(u32);

/// What the codes of a table are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeClass {
    /// The difference of a block's mean from that of the block before.
    Dc,
    /// The coefficients behind it.
    Ac,
}

/// The codes of one length.
#[derive(Debug, Clone, Copy, Default)]
struct Long {
    /// The first beyond them, brought to 16 bits.
    end: u32,
    first: u32,
    /// The place of the first among all codes.
    at: usize,
}

/// The codes of a table, to be looked up.
#[derive(Debug, Clone)]
pub(super) struct CodeTable {
    /// By the next bits.
    short: [Code; 1 << SHORT],
    /// By length, of codes that are longer.
    long: [Long; 17],
    codes: Vec<Code>,
    /// What it was made of: how many codes there are of each length, and symbols.
    pub(super) spec: Vec<u8>,
}

impl CodeTable {
    /// The table of the counts by length and symbols of a file; `None` if they are
    /// not as an encoder writes them.
    pub(super) fn new(class: CodeClass, spec: &[u8]) -> Option<Self> {
        let (counts, symbols) = spec.split_first_chunk::<16>()?;
        let mut table = Self {
            short: [Code::default(); 1 << SHORT],
            long: [Long::default(); 17],
            codes: Vec::with_capacity(symbols.len()),
            spec: spec.to_vec(),
        };
        let mut symbols = symbols.iter();
        let mut next = 0u32;
        for (len, count) in (1u32..).zip(counts) {
            let (first, at) = (next, table.codes.len());
            for _ in 0..*count {
                let code = code(class, *symbols.next()?, len)?;
                if next >= 1 << len {
                    return None;
                }
                if len <= SHORT {
                    let first = (next << (SHORT - len)) as usize;
                    table.short[first..][..1 << (SHORT - len)].fill(code);
                }
                table.codes.push(code);
                next += 1;
            }
            let end = next << (16 - len);
            table.long[len as usize] = Long { end, first, at };
            next <<= 1;
        }
        symbols.next().is_none().then_some(table)
    }

    /// What the next bits stand for.
    #[inline(always)]
    fn find(&self, bits: u64) -> Code {
        let code = self.short[(bits >> (64 - SHORT)) as usize];
        if code == Code::default() {
            return self.find_long(bits);
        }
        code
    }

    #[cold]
    #[inline(never)]
    fn find_long(&self, bits: u64) -> Code {
        let next = (bits >> 48) as u32;
        let len = (SHORT + 1..=16).find(|len| next < self.long[*len as usize].end);
        let code = len.and_then(|len| {
            let Long { first, at, .. } = self.long[len as usize];
            let nth = (next >> (16 - len)).wrapping_sub(first) as usize;
            self.codes.get(at.wrapping_add(nth))
        });
        code.copied().unwrap_or(Code::new(1, NONE, 0))
    }
}

/// What a symbol of a code of `len` bits says.
fn code(class: CodeClass, symbol: u8, len: u32) -> Option<Code> {
    let (run, size) = match class {
        CodeClass::Dc => (0, symbol),
        CodeClass::Ac => (symbol >> 4, symbol & 15),
    };
    let run = match (class, symbol) {
        (CodeClass::Ac, 0) => END,
        _ => run,
    };
    let is_known = match (class, size, run) {
        (CodeClass::Ac, 0, run) => matches!(run, 15 | END),
        (CodeClass::Ac, size, _) => size <= MAX_SIZES[1],
        (CodeClass::Dc, size, _) => size <= MAX_SIZES[0],
    };
    is_known.then_some(Code::new(len, run, size))
}

impl Code {
    fn new(len: u32, run: u8, size: u8) -> Self {
        let len_of_all = len + u32::from(size);
        Self(len_of_all | len << 8 | u32::from(size) << 16 | u32::from(run) << 24)
    }

    /// Bits of the code and the value behind it.
    #[inline(always)]
    fn len(self) -> u32 {
        self.0 & 0xff
    }

    #[inline(always)]
    fn run(self) -> usize {
        (self.0 >> 24) as usize
    }

    /// The value behind the code, of the bits from the code on.
    #[inline(always)]
    fn value(self, bits: u64) -> i32 {
        let bits = (bits << (self.0 >> 8 & 0x3f)).cast_signed();
        let size = self.0 >> 16 & 0x3f;
        // Values whose first bit is 0 are negative, and written as what is missing of
        // the largest of their size.
        let flipped = !(bits >> 63);
        let value = ((bits ^ flipped).cast_unsigned() >> 1) >> (63 - size);
        ((value.cast_signed() ^ flipped) - flipped) as i32
    }
}

/// The two tables and the quantization of a component.
#[derive(Debug)]
pub(super) struct BlockCodes<'a> {
    pub dc: &'a CodeTable,
    pub ac: &'a CodeTable,
    /// By coefficient in the order of the file.
    pub steps: &'a BlockSteps,
}

/// By coefficient in the order of the file, and behind them by what is beyond:
/// what it is to be multiplied by, and where it belongs.
pub(super) type BlockSteps = [(u16, u16); 256];

/// The steps of a table of quantization, in the order of the file.
pub(super) fn steps(quantization: &[u16; 64]) -> Box<BlockSteps> {
    let mut steps = Box::new([(0, (DUMP * LANES) as u16); 256]);
    for ((step, by), place) in steps.iter_mut().zip(quantization).zip(NATURAL_ORDER) {
        *step = (*by, u16::from(place) * LANES as u16);
    }
    steps
}

impl BlockCodes<'_> {
    /// Decodes a block into its lane of a group of coefficients, which are 0 so far.
    ///
    /// `None` where the data are not as an encoder writes them.
    #[inline(always)]
    pub(super) fn decode(
        &self,
        bits: &mut Bits<'_>,
        mean: &mut i16,
        block: &mut Block,
    ) -> Option<()> {
        let mut ahead = *bits;
        *mean = self.next_mean(&mut ahead, *mean)?;
        let mut put = |k: usize, value: i32| {
            let (by, place) = self.steps[k % 256];
            // Beyond 16 bits libjpeg-turbo's vectors wrap.
            block[usize::from(place)] = value.wrapping_mul(i32::from(by)) as i16;
        };
        put(0, i32::from(*mean));
        self.coefficients(&mut ahead, put)?;
        *bits = ahead;
        Some(())
    }

    /// Goes past a block.
    #[inline(always)]
    pub(super) fn skip(&self, bits: &mut Bits<'_>, mean: &mut i16) -> Option<()> {
        let mut ahead = *bits;
        *mean = self.next_mean(&mut ahead, *mean)?;
        self.coefficients(&mut ahead, |_, _| {})?;
        *bits = ahead;
        Some(())
    }

    #[inline(always)]
    fn next_mean(&self, bits: &mut Bits<'_>, mean: i16) -> Option<i16> {
        bits.fill();
        let code = self.dc.find(bits.peek());
        let difference = code.value(bits.peek()) as i16;
        bits.skip(code.len());
        (code.run() == 0).then_some(mean.wrapping_add(difference))
    }

    #[inline(always)]
    fn coefficients(&self, bits: &mut Bits<'_>, mut put: impl FnMut(usize, i32)) -> Option<()> {
        let mut k = 1;
        loop {
            // Enough for two codes, each with a value.
            bits.fill();
            for _ in 0..2 {
                let code = self.ac.find(bits.peek());
                k += code.run();
                put(k, code.value(bits.peek()));
                bits.skip(code.len());
                k += 1;
                if k >= 64 {
                    // The last coefficient, or the end; not one beyond, nor no code.
                    let is_end = (usize::from(END)..usize::from(NONE)).contains(&(k - 1));
                    return (k == 64 || is_end).then_some(());
                }
            }
        }
    }
}
