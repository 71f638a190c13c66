//! Texts to ids alone, or to how many there are.

use std::num::NonZeroUsize;
use std::ops::Range;

use fuelrail::Error;
use fuelrail::kernels::large_pages;
use fuelrail::kernels::tokenize::{EncodeError, Encoder, Special};

use crate::encode::Encoders;
use crate::errors::Result;
use crate::numbers::Element;
use crate::parallel::for_each;
use crate::texts::AnyText;

/// How a text is encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    pub(crate) special: Special,
    pub(crate) around: Around,
}

/// What is put before and after a text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Around {
    Nothing,
    /// What the tokenizer's file says.
    Template,
}

/// A number that ids are given as.
pub(crate) trait Id: Element + Copy + Default {
    /// Appends the ids of a text.
    fn append(
        how: How,
        encoder: &mut Encoder,
        text: &AnyText<'_>,
        ids: &mut Vec<Self>,
    ) -> Result<(), EncodeError>;
}

impl Id for u32 {
    fn append(
        how: How,
        encoder: &mut Encoder,
        text: &AnyText<'_>,
        ids: &mut Vec<Self>,
    ) -> Result<(), EncodeError> {
        let bytes = match text {
            AnyText::Text(text) => {
                return match how.around {
                    Around::Nothing => encoder.encode(text, how.special, ids),
                    Around::Template => encoder.encode_with_template(text, how.special, ids),
                };
            }
            AnyText::Bytes(bytes) => bytes,
        };
        let (begin, end) = how.around(encoder)?;
        ids.extend(begin);
        encoder.encode_bytes(bytes, how.special, ids)?;
        ids.extend(end);
        Ok(())
    }
}

impl Id for u16 {
    fn append(
        how: How,
        encoder: &mut Encoder,
        text: &AnyText<'_>,
        ids: &mut Vec<Self>,
    ) -> Result<(), EncodeError> {
        let (begin, end) = how.around(encoder)?;
        let vocab_size = encoder.tokenizer().vocab_size();
        let narrow = |wide: &[u32]| {
            let narrow = wide.iter().map(|id| Self::try_from(*id));
            let narrow: Result<Vec<Self>, _> = narrow.collect();
            narrow.map_err(|_| EncodeError::WideIds { vocab_size })
        };
        ids.extend(narrow(&begin)?);
        match text {
            AnyText::Text(text) => encoder.encode_u16(text, how.special, ids)?,
            AnyText::Bytes(bytes) => {
                let mut wide = Vec::new();
                encoder.encode_bytes(bytes, how.special, &mut wide)?;
                ids.extend(narrow(&wide)?);
            }
        }
        ids.extend(narrow(&end)?);
        Ok(())
    }
}

/// A text that cannot be encoded, in the words of this package.
pub(crate) fn refusal(error: &EncodeError) -> Error {
    let refusal = Error::data(error.to_string());
    match error {
        EncodeError::WideIds { .. } => refusal.with_hint("dtype=\"uint32\" holds every id"),
        EncodeError::Grown { .. } => refusal.with_hint(
            "look in the tokenizer's file for a normalizer that puts long text in place of short",
        ),
        EncodeError::Special { .. } => {
            refusal.with_hint("special=\"text\" takes it as text, special=\"parse\" as the token")
        }
        _ => refusal,
    }
}

impl How {
    /// The tokens that are put before and after a text.
    fn around(self, encoder: &Encoder) -> Result<(Vec<u32>, Vec<u32>), EncodeError> {
        match self.around {
            Around::Nothing => Ok((Vec::new(), Vec::new())),
            Around::Template => {
                let template = encoder.tokenizer().template();
                let template = template.map_err(|error| EncodeError::Template(error.clone()))?;
                Ok((template.begin.clone(), template.end.clone()))
            }
        }
    }

    /// The ids of a text.
    ///
    /// # Errors
    /// `Data` if it cannot be encoded.
    pub(crate) fn ids<T: Id>(
        self,
        encoder: &mut Encoder,
        text: &AnyText<'_>,
    ) -> Result<Vec<T>, Error> {
        let mut ids = Vec::new();
        T::append(self, encoder, text, &mut ids).map_err(|error| refusal(&error))?;
        Ok(ids)
    }

    /// How many ids a text has.
    ///
    /// # Errors
    /// `Data` if it cannot be encoded.
    pub(crate) fn count(self, encoder: &mut Encoder, text: &AnyText<'_>) -> Result<usize, Error> {
        let text = match text {
            AnyText::Text(text) => text,
            AnyText::Bytes(_) => return Ok(self.ids::<u32>(encoder, text)?.len()),
        };
        self.around(encoder)
            .and_then(|(begin, end)| {
                Ok(begin.len() + end.len() + encoder.count(text, self.special)?)
            })
            .map_err(|error| refusal(&error))
    }
}

/// The ids of texts one after another, and where those of each text begin and
/// the last end.
///
/// # Errors
/// `Data` with the row of a text that cannot be encoded; what Python raises.
pub(crate) fn ids_of<T: Id>(
    encoders: &Encoders,
    texts: &[AnyText<'_>],
    how: How,
    threads: Option<NonZeroUsize>,
) -> Result<(Vec<T>, Vec<i64>)> {
    let begin = |n_bytes: usize| {
        let mut ids = Vec::with_capacity(n_bytes / BYTES_AN_ID);
        large_pages::ask_for(&mut ids);
        ids
    };
    let gathered = encoders.gather(texts, threads, begin, |encoder, ids: &mut Vec<T>, rows| {
        let start = ids.len();
        let mut counts = Vec::with_capacity(rows.len());
        for row in rows {
            let before = ids.len();
            T::append(how, encoder, &texts[row], ids)
                .map_err(|error| refusal(&error).with_row(row as u64))?;
            counts.push(ids.len() - before);
        }
        Ok((start..ids.len(), counts))
    })?;
    let mut offsets = Vec::with_capacity(texts.len() + 1);
    let mut end = 0;
    offsets.push(0);
    for count in gathered.runs.iter().flat_map(|(_, (_, counts))| counts) {
        end += count;
        offsets.push(number(end));
    }
    let runs = gathered.runs.into_iter();
    let runs: Vec<_> = runs.map(|(thread, (ids, _))| (thread, ids)).collect();
    Ok((joined(gathered.threads, &runs), offsets))
}

/// Bytes of text for which room for an id is made before it is encoded. Nearly all
/// text has fewer ids; room that is not written costs nothing.
const BYTES_AN_ID: usize = 2;

/// Ids that one thread copies before it is worth while to begin another.
const COPIED_ALONE: usize = 1 << 17;

/// The `runs` of what threads have made, one after another; each comes with the
/// number of its thread.
fn joined<T: Id>(mut made: Vec<Vec<T>>, runs: &[(usize, Range<usize>)]) -> Vec<T> {
    if made.len() == 1 {
        return made.pop().unwrap_or_default();
    }
    let n_ids = runs.iter().map(|(_, ids)| ids.len()).sum();
    let mut ids = vec![T::default(); n_ids];
    large_pages::ask_for(&mut ids);
    let share = n_ids.div_ceil(made.len()).max(COPIED_ALONE);
    let mut shares = Vec::with_capacity(made.len());
    let (mut to, mut from) = (ids.as_mut_slice(), runs);
    while !from.is_empty() {
        let mut n_taken = 0;
        let is_enough = |(_, ids): &(usize, Range<usize>)| {
            n_taken += ids.len();
            n_taken >= share
        };
        let last = from.iter().position(is_enough).unwrap_or(from.len() - 1);
        let (share, rest) = from.split_at(last + 1);
        let (room, left) = to.split_at_mut(n_taken);
        shares.push((share, room));
        (to, from) = (left, rest);
    }
    for_each(shares, made.len(), |(runs, room)| copy(&made, runs, room));
    ids
}

fn copy<T: Copy>(made: &[Vec<T>], runs: &[(usize, Range<usize>)], mut to: &mut [T]) {
    for (thread, ids) in runs {
        let (run, rest) = std::mem::take(&mut to).split_at_mut(ids.len());
        run.copy_from_slice(&made[*thread][ids.clone()]);
        to = rest;
    }
}

/// How many ids each text has.
///
/// # Errors
/// As [`ids_of`].
pub(crate) fn counts_of(
    encoders: &Encoders,
    texts: &[AnyText<'_>],
    how: How,
    threads: Option<NonZeroUsize>,
) -> Result<Vec<i64>> {
    let runs = encoders.runs(texts, threads, |encoder, rows| {
        rows.map(|row| {
            let count = how.count(encoder, &texts[row]);
            count.map_err(|error| error.with_row(row as u64))
        })
        .collect::<Result<Vec<_>, Error>>()
    })?;
    Ok(runs.into_iter().flatten().map(number).collect())
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
