//! Chunks for `BertNormalizer` and `BertPreTokenizer`: where they start, and the
//! words that they become.

use super::blocks::{BLOCK, BlockCuts, byte_before, char_start, mask};
use super::fates::{CharFate, CharFates};
use crate::tokenize::pipeline::TokenPipeline;
use crate::tokenize::text::{
    BertSteps, CharStanding, CutStep, NormalizerStep, is_punctuation, is_starter,
};
use crate::tokenize::utf8::{first_code, len_of_first};
use crate::tokenize::word_buffer::WordBuffer;

/// What these components make of each character.
pub(super) struct BertChars {
    steps: Option<BertSteps>,
    fates: CharFates,
    /// Whether a character that starts with a byte may be cut out.
    leads: [bool; 256],
}

impl BertChars {
    /// For these components alone.
    pub(super) fn of(pipeline: &TokenPipeline) -> Option<Self> {
        let steps = match pipeline.normalizer.steps() {
            [] => None,
            [NormalizerStep::Bert(steps)] => Some(*steps),
            _ => return None,
        };
        let [CutStep::Bert] = pipeline.cutter.steps() else {
            return None;
        };
        let mut chars = Self {
            steps,
            fates: CharFates::new(|c| fate(steps, c)),
            leads: [true; 256],
        };
        for (lead, codes) in (0xc0..0xe0_usize).zip((0..0x800).step_by(64)) {
            chars.leads[lead] = (codes..codes + 64).any(|code| chars.is_cut(code));
        }
        Some(chars)
    }

    /// Whether no word reaches across a character that is not of ASCII.
    #[inline]
    fn is_cut(&self, code: u32) -> bool {
        self.fates.is_cut(code, |c| fate(self.steps, c))
    }

    /// Calls `visit` with the words that a chunk becomes, which are written to
    /// `word` one after another. Returns `false` as [`CharFates::write`] does.
    ///
    /// # Errors
    /// The first of `visit`.
    pub(super) fn each_word<E>(
        &self,
        chunk: &[u8],
        word: &mut WordBuffer,
        mut visit: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<bool, E> {
        let of = |c| fate(self.steps, c);
        self.fates.write(chunk, of, word, |_, word| {
            let done = word.word().map_or(Ok(()), &mut visit);
            word.clear();
            done
        })
    }
}

/// What becomes of a character, if the marks that are left are in the order in
/// which NFD puts them wherever it stands.
fn fate(steps: Option<BertSteps>, c: char) -> CharFate {
    let text = match steps {
        None => c.to_string(),
        Some(steps) => steps.one(c),
    };
    let is_ordered = steps.is_some_and(|steps| steps.strip_accents);
    if is_ordered && !text.chars().all(is_starter) {
        return CharFate::Open;
    }
    let word = text.trim();
    let has_spaces = word.len() < text.len();
    let mut chars = word.chars();
    match (chars.next(), chars.next()) {
        (None, _) if has_spaces => CharFate::Space,
        (None, _) => CharFate::Nothing,
        (Some(c), None) if is_punctuation(c) || is_between_spaces(&text) => CharFate::Alone(c),
        (Some(c), None) if !has_spaces => CharFate::Char(c, CharStanding::Open),
        _ if has_spaces || word.chars().any(ends_word) => CharFate::Open,
        _ => CharFate::Text(text),
    }
}

fn is_between_spaces(text: &str) -> bool {
    text.starts_with(char::is_whitespace) && text.ends_with(char::is_whitespace)
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || is_punctuation(c)
}

/// White space that all the steps take for that.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

impl BlockCuts for BertChars {
    /// A chunk is a space, then a word or one character by itself; of more white
    /// space, all but the last character is a chunk.
    #[inline]
    fn starts(&self, text: &[u8], at: usize, block: &[u8; BLOCK]) -> u64 {
        let before = byte_before(text, at);
        let after = text.get(at + BLOCK).copied().unwrap_or_default();
        let space = mask(block, |byte| {
            byte == b' ' || byte.wrapping_sub(b'\t') < 2 || byte == b'\r'
        });
        let before_space = space << 1 | u64::from(is_space(before));
        let next_space = space >> 1 | u64::from(is_space(after)) << 63;
        let mut alone = mask(block, |byte| {
            let within = |first: u8, len: u8| byte.wrapping_sub(first) < len;
            within(b'!', 15) | within(b':', 7) | within(b'[', 6) | within(b'{', 4)
        });
        let mut behind = alone << 1 | u64::from(before.is_ascii_punctuation());
        let leads = mask(block, |byte| byte >= 0xc0);
        if leads != 0 || !before.is_ascii() {
            self.add_wide(text, at, leads, (&mut alone, &mut behind));
        }
        space & !(before_space & next_space) | alone & !before_space | behind
    }
}

impl BertChars {
    /// Adds the characters beyond ASCII that are words by themselves or none.
    #[inline]
    fn add_wide(
        &self,
        text: &[u8],
        at: usize,
        mut leads: u64,
        (alone, behind): (&mut u64, &mut u64),
    ) {
        if !byte_before(text, at).is_ascii() {
            let start = char_start(text, at);
            let rest = text.get(start..).unwrap_or_default();
            if let (Some(lead), Some((code, _))) = (rest.first(), first_code(rest))
                && self.is_cut(code)
            {
                *behind |= 1 << (start + len_of_first(*lead) - at);
            }
        }
        while leads != 0 {
            let bit = leads.trailing_zeros();
            leads &= leads - 1;
            let rest = text.get(at + bit as usize..).unwrap_or_default();
            let lead = rest.first().copied().unwrap_or_default();
            if self.leads[usize::from(lead)]
                && let Some((code, _)) = first_code(rest)
                && self.is_cut(code)
            {
                *alone |= 1 << bit;
                *behind |= 1_u64.unbounded_shl(bit + len_of_first(lead) as u32);
            }
        }
    }
}
