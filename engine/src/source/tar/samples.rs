//! Samples: files of one key that stand one behind another.
//!
//! The key is the path up to the first dot of the file's name, and what follows
//! that dot is the name of the value, as `WebDataset` has it.

use std::collections::HashSet;

use twox_hash::XxHash3_128;

use super::bytes::ArchiveFault;
use super::entries::{ArchiveEntries, ArchiveEntry};
use crate::plan::SAMPLE_KEY;

/// One sample, with the contents that were wanted.
#[derive(Debug)]
pub(super) struct TarSample {
    pub(super) key: String,
    /// Its values by their extensions, in the order of the archive; those that were
    /// not wanted are `None`.
    pub(super) values: Vec<(String, Option<Vec<u8>>)>,
    /// What is wrong with it, where the archive can be read on.
    pub(super) fault: Option<String>,
}

/// See the module text.
pub(super) struct TarSamples {
    entries: ArchiveEntries,
    /// A file that belongs to the next sample.
    ahead: Option<(Member, ArchiveEntry)>,
    /// Digests of the keys that came before.
    keys: HashSet<u128>,
    /// Where the sample that comes next begins.
    at: u64,
}

/// What the name of a file says.
struct Member {
    key: String,
    extension: String,
}

/// What is to be read of a file in the archive.
pub(super) enum Wants<'a> {
    /// Nothing: the sample is passed over.
    Nothing,
    /// Contents of these extensions up to so many bytes; larger ones are faults.
    These(&'a dyn Fn(&str) -> bool, u64),
    /// Contents of these extensions that have at most so many bytes.
    Short(&'a dyn Fn(&str) -> bool, u64),
}

impl TarSamples {
    pub(super) fn new(entries: ArchiveEntries) -> Self {
        Self {
            entries,
            ahead: None,
            keys: HashSet::new(),
            at: 0,
        }
    }

    /// Where the sample begins that comes next, once the one before it was read.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Whether what is not wanted is skipped and costs nothing.
    pub(super) fn is_plain(&self) -> bool {
        self.entries.is_plain()
    }

    /// The next sample; nothing at the end of the archive.
    pub(super) fn next(&mut self, wants: &Wants<'_>) -> Result<Option<TarSample>, ArchiveFault> {
        let Some((member, entry)) = self.member()? else {
            return Ok(None);
        };
        let is_new = self
            .keys
            .insert(XxHash3_128::oneshot(member.key.as_bytes()));
        let mut sample = TarSample {
            fault: (!is_new).then(|| "its key comes a second time, after other samples".to_owned()),
            key: member.key,
            values: Vec::new(),
        };
        self.add(&mut sample, (member.extension, &entry), wants)?;
        loop {
            let Some((member, entry)) = self.member()? else {
                self.at = self.entries.at();
                return Ok(Some(sample));
            };
            if member.key != sample.key {
                self.at = entry.at;
                self.ahead = Some((member, entry));
                return Ok(Some(sample));
            }
            self.add(&mut sample, (member.extension, &entry), wants)?;
        }
    }

    fn add(
        &mut self,
        sample: &mut TarSample,
        (extension, entry): (String, &ArchiveEntry),
        wants: &Wants<'_>,
    ) -> Result<(), ArchiveFault> {
        if sample.values.iter().any(|(known, _)| *known == extension) {
            let fault = format!("{:?} gives {extension:?} a second time", entry.name);
            sample.fault.get_or_insert(fault);
            return Ok(());
        }
        let is_read = match wants {
            Wants::Nothing => false,
            Wants::These(wanted, most) if wanted(&extension) && entry.size > *most => {
                let fault = format!("{:?} has {} bytes, and {most} fit", entry.name, entry.size);
                sample.fault.get_or_insert(fault);
                false
            }
            Wants::These(wanted, _) => wanted(&extension),
            Wants::Short(wanted, most) => wanted(&extension) && entry.size <= *most,
        };
        let content = if is_read {
            Some(self.entries.content(entry)?)
        } else {
            None
        };
        sample.values.push((extension, content));
        Ok(())
    }

    /// The next file that belongs to a sample.
    fn member(&mut self) -> Result<Option<(Member, ArchiveEntry)>, ArchiveFault> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        while let Some(entry) = self.entries.next()? {
            let start = entry.name.rfind('/').map_or(0, |slash| slash + 1);
            let (folder, file) = entry.name.split_at(start);
            if file.starts_with('.') {
                continue;
            }
            let member = match file.split_once('.') {
                Some((stem, extension)) if !extension.is_empty() => Member {
                    key: format!("{folder}{stem}"),
                    extension: extension.to_ascii_lowercase(),
                },
                _ => {
                    return Err(ArchiveFault::Content(format!(
                        "expected files called KEY.EXTENSION, got {:?}",
                        entry.name
                    )));
                }
            };
            if member.extension == SAMPLE_KEY {
                let reason = format!("the name of {:?} is that of the column of keys", entry.name);
                return Err(reason.into());
            }
            return Ok(Some((member, entry)));
        }
        Ok(None)
    }
}
