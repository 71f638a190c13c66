//! Texts to try tokenizers on.
#![expect(
    clippy::cast_possible_truncation,
    reason = "random bits are cut to what is wanted, and texts are short"
)]

use fuelrail_kernels::RowKernel;
use fuelrail_kernels::tokenize::DeviceTokenizer;

use super::super::sample::next;
use super::super::trial::{SampleRows, Trial};
use crate::device::items::offsets_of;
use crate::device::program::RowChain;

/// Bytes that a group of threads looks at.
const CHUNK: usize = 2_048;

/// Texts as rows of one batch.
pub(super) fn rows_of_text(device: &DeviceTokenizer, texts: &[String]) -> Option<Trial> {
    let lens: Vec<u32> = texts.iter().map(|text| text.len() as u32).collect();
    let rows = SampleRows {
        bytes: texts.concat().into_bytes(),
        offsets: offsets_of(&lens).ok()?,
        records: vec![Vec::new()],
        tables: Vec::new(),
    };
    let chain = RowChain::new(vec![RowKernel::Tokenize(device.clone())]).ok()?;
    Some(Trial::of_rows([(chain, rows)]))
}

/// A text of none to many of these parts.
pub(super) fn text(parts: &[&str], seed: &mut u64) -> String {
    let n_parts = [0, 1, 2, 20, 500][below(seed, 5)];
    let parts = (0..n_parts).map(|_| parts[below(seed, parts.len())]);
    parts.collect()
}

/// A text of half a mebibyte between short ones.
pub(super) fn mixed(parts: &[&str], seed: &mut u64) -> Vec<String> {
    let mut long = String::new();
    while long.len() < 1 << 19 {
        long.push_str(parts[below(seed, parts.len())]);
    }
    let short = ["", "a", "", " ", "the end"].map(str::to_owned);
    [&short[..3], &[long], &short[3..]].concat()
}

/// A random number.
pub(super) fn below(seed: &mut u64, n: usize) -> usize {
    (next(seed) % n as u64) as usize
}

/// A row for each pair of these strings, the second of which begins where a chunk
/// does, or a byte or two before.
pub(super) fn at_borders(classes: &[&str]) -> Vec<String> {
    let mut len = 0;
    let pairs = classes
        .iter()
        .flat_map(|one| classes.iter().map(move |two| (one, two)));
    let row = |(n, (one, two)): (usize, (&&str, &&str))| {
        let wanted = (len + one.len() + n % 3).next_multiple_of(CHUNK) - n % 3 - one.len();
        let fill = "ab ".chars().cycle().take(wanted - len);
        let row = fill
            .chain(one.chars())
            .chain(two.chars())
            .collect::<String>();
        len += row.len();
        row
    };
    pairs.enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_of_a_pair_begins_at_a_border_or_shortly_before() {
        let rows = at_borders(&["a", "語", "\u{300}"]);
        assert_eq!(rows.len(), 9);
        let mut at = 0;
        for (n, row) in rows.iter().enumerate() {
            at += row.len();
            let second = at - row.chars().last().map_or(0, char::len_utf8);
            assert_eq!((second + n % 3) % CHUNK, 0, "{n}");
        }
    }
}
