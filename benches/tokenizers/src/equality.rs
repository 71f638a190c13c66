//! Whether a peer's ids are those of the reference, document by document.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::contestant::{Contestant, PeerName};
use crate::error::Failure;
use crate::message::{Ask, Job, Output};
use crate::process::{Process, Starter};

/// How many documents have other ids, and where the first difference is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Equality {
    pub n_documents: usize,
    pub n_different: usize,
    /// The first document that differs, with the place of the first number.
    pub first: Option<(usize, usize)>,
}

/// Compares ids with those of the reference, which it keeps in files.
pub struct Referee<'a> {
    pub starter: &'a Starter,
    /// Where ids and verdicts are kept.
    pub folder: PathBuf,
    /// Whether verdicts of earlier runs on pinned peers are made again.
    pub trust: Trust,
}

/// What is taken from earlier runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Verdicts on pinned releases of peers, for the same files.
    Kept,
    /// Nothing but the reference's ids.
    Nothing,
}

/// The tokenizer that says what is right.
fn reference_of(job: &Job) -> PeerName {
    match (job.output, job.vocabulary.as_str()) {
        (Output::Ids, "cl100k" | "o200k") => PeerName::Tiktoken,
        (Output::Ids, name) if name.ends_with(".model") => PeerName::SentencePiece,
        _ => PeerName::Hf,
    }
}

impl Referee<'_> {
    /// Compares all ids of the corpus, timed or not.
    pub fn judge(
        &self,
        contestant: Contestant,
        process: &mut Process,
        job: &Job,
    ) -> Result<Equality, Failure> {
        let case = self.folder.join(case_name(job)?);
        let peer = contestant.peer;
        let kept = case.join(format!("{}-{}.json", peer.label(), peer.version()));
        if self.trust == Trust::Kept
            && !peer.is_ours()
            && let Ok(text) = fs::read_to_string(&kept)
        {
            return Ok(serde_json::from_str(&text)?);
        }
        let expected = self.reference(&case, job)?;
        let out = case.join(format!("{}.part", peer.label()));
        fs::create_dir_all(&out)?;
        process.ask(&Ask::Ids { out: out.clone() })?;
        let equality = compare(&expected, &Ids::read(&out)?);
        fs::remove_dir_all(&out)?;
        if !peer.is_ours() {
            fs::write(&kept, serde_json::to_string(&equality)?)?;
        }
        Ok(equality)
    }

    /// The reference's ids, from an earlier run if there was one.
    fn reference(&self, case: &Path, job: &Job) -> Result<Ids, Failure> {
        let folder = case.join("reference");
        if !folder.exists() {
            let part = case.join("reference.part");
            fs::create_dir_all(&part)?;
            let mut process = self.starter.start(reference_of(job), 1)?;
            process.ask(&Ask::Open(job.clone()))?;
            process.ask(&Ask::Ids { out: part.clone() })?;
            fs::rename(&part, &folder)?;
        }
        Ids::read(&folder)
    }
}

/// A name that changes with the vocabulary and the corpus.
fn case_name(job: &Job) -> Result<String, Failure> {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for path in [&job.tokenizer, &job.documents] {
        for byte in fs::read(path)? {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    let corpus = job.documents.file_stem().unwrap_or_default().display();
    let output = match job.output {
        Output::Ids => "",
        Output::Offsets => "-offsets",
    };
    let vocabulary = &job.vocabulary;
    Ok(format!("{vocabulary}-{corpus}{output}-{hash:016x}"))
}

/// Ids in a row, with the number of each document.
struct Ids {
    ids: Vec<u8>,
    lengths: Vec<u8>,
}

impl Ids {
    fn read(folder: &Path) -> Result<Self, Failure> {
        Ok(Self {
            ids: fs::read(folder.join("ids.u32"))?,
            lengths: fs::read(folder.join("lengths.u32"))?,
        })
    }

    /// The bytes of each document's ids.
    fn documents(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.ids.as_slice();
        let (lengths, _) = self.lengths.as_chunks::<4>();
        lengths.iter().map(move |len| {
            let len = 4 * u32::from_le_bytes(*len) as usize;
            let (ids, after) = rest.split_at(len.min(rest.len()));
            rest = after;
            ids
        })
    }
}

fn compare(expected: &Ids, found: &Ids) -> Equality {
    let mut theirs = found.documents();
    let mut equality = Equality {
        n_documents: 0,
        n_different: 0,
        first: None,
    };
    for (nth, ids) in expected.documents().enumerate() {
        equality.n_documents += 1;
        let their_ids = theirs.next().unwrap_or_default();
        if ids != their_ids {
            equality.n_different += 1;
            let same = ids.iter().zip(their_ids).take_while(|(a, b)| a == b);
            equality.first.get_or_insert((nth, same.count() / 4));
        }
    }
    // Documents that are too many are as wrong as those that differ.
    equality.n_different += theirs.count();
    equality
}

#[cfg(test)]
mod tests {
    use super::{Ids, compare};

    fn ids(documents: &[&[u32]]) -> Ids {
        let bytes = |numbers: &[u32]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        let lengths: Vec<u32> = documents.iter().map(|ids| ids.len() as u32).collect();
        Ids {
            ids: bytes(&documents.concat()),
            lengths: bytes(&lengths),
        }
    }

    #[test]
    fn documents_are_compared_one_by_one() {
        let expected = ids(&[&[1, 2], &[], &[3]]);
        let told = |found: &[&[u32]]| {
            let equality = compare(&expected, &ids(found));
            (equality.n_different, equality.first)
        };
        assert_eq!(told(&[&[1, 2], &[], &[3]]), (0, None));
        // The same ids in a row, cut elsewhere.
        assert_eq!(told(&[&[1], &[2], &[3]]), (2, Some((0, 1))));
        assert_eq!(told(&[&[1, 2], &[], &[4]]), (1, Some((2, 0))));
        assert_eq!(told(&[&[1, 2], &[]]), (1, Some((2, 0))));
        assert_eq!(told(&[&[1, 2], &[], &[3], &[5]]).0, 1);
    }
}
