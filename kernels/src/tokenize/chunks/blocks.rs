//! Cuts a text into chunks a block of 64 bytes at a time.

/// Bytes of a block: one for each bit of a mask.
pub(super) const BLOCK: usize = 64;

/// Finds where chunks start.
pub(super) trait BlockCuts {
    /// A bit for each byte of `block`, which is the text from `at` on, with zeros
    /// behind it: whether a chunk starts there. Bits behind the text, and the
    /// first one where a chunk is known to start, do not count. `text` is UTF-8.
    fn starts(&self, text: &[u8], at: usize, block: &[u8; BLOCK]) -> u64;
}

/// Writes where the chunks from `from` on end and returns their number: at
/// least one, unless the text ends there. `ends` has room for more than a block.
#[inline]
pub(super) fn fill(cuts: &impl BlockCuts, text: &[u8], from: usize, ends: &mut [u32]) -> usize {
    let mut n_chunks = 0;
    let mut at = from;
    while at < text.len()
        && let Some(room) = ends.get_mut(n_chunks..).filter(|room| room.len() > BLOCK)
    {
        let mut starts = block_starts(cuts, text, at, from);
        for end in room {
            if starts == 0 {
                break;
            }
            *end = at as u32 + starts.trailing_zeros();
            starts &= starts - 1;
            n_chunks += 1;
        }
        at += BLOCK;
        if at >= text.len()
            && let Some(end) = ends.get_mut(n_chunks)
        {
            *end = text.len() as u32;
            n_chunks += 1;
        }
    }
    n_chunks
}

/// Where the chunk ends that starts at `from`.
pub(super) fn next(cuts: &impl BlockCuts, text: &[u8], from: usize) -> usize {
    let mut blocks = (from..text.len()).step_by(BLOCK);
    let end = blocks.find_map(|at| {
        let starts = block_starts(cuts, text, at, from);
        (starts != 0).then(|| at + starts.trailing_zeros() as usize)
    });
    end.unwrap_or(text.len())
}

/// The starts in the block at `at`, but for that of the chunk at `from`.
#[inline]
fn block_starts(cuts: &impl BlockCuts, text: &[u8], at: usize, from: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    let starts = if let Some(block) = rest.first_chunk() {
        cuts.starts(text, at, block)
    } else {
        let mut block = [0; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        cuts.starts(text, at, &block) & ((1 << rest.len()) - 1)
    };
    starts & !u64::from(at == from)
}

/// A bit for each byte that `holds`, which has to be inlined: only then are many
/// bytes looked at at once.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call for each byte costs more")]
pub(super) fn mask(block: &[u8; BLOCK], holds: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0; BLOCK];
    let mut at = 0;
    while at < BLOCK {
        flags[at] = u8::from(holds(block[at]));
        at += 1;
    }
    let (words, _) = flags.as_chunks::<8>();
    let mut mask = 0;
    for (at, word) in words.iter().enumerate() {
        // The lowest bits of eight bytes, gathered in the highest byte.
        let gathered = u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080);
        mask |= gathered >> 56 << (8 * at);
    }
    mask
}

/// The byte before `at`; 0 at the start.
#[inline]
pub(super) fn byte_before(text: &[u8], at: usize) -> u8 {
    at.checked_sub(1)
        .and_then(|last| text.get(last))
        .copied()
        .unwrap_or_default()
}

/// Where the character starts whose last byte is before `at`, or of which bytes
/// are on both sides of it.
#[inline]
pub(super) fn char_start(text: &[u8], at: usize) -> usize {
    let is_first = |back: &usize| {
        let byte = at.checked_sub(*back).and_then(|at| text.get(at));
        byte.is_none_or(|byte| byte & 0xc0 != 0x80)
    };
    at.saturating_sub((1..4).find(is_first).unwrap_or(4))
}
