//! The place a dataset is written to, from the first lock to the manifest.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::changed::changed;
use super::fs::Fs;
use super::journal::Journal;
use super::part::{PartState, PartSummary, PartWriter};
use super::shared::Shared;
use super::tidy::KeptFiles;
use super::workplace::Workplace;
use crate::error::{Error, ErrorKind, Result};
use crate::format::{
    FrameError, MANIFEST, Manifest, OriginKind, ShardEntry, ShardLayout, is_plain_name, read_frame,
};
use crate::plan::{Digest, Plan, stored_columns};

/// What to do about a dataset of another plan at the same place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnExisting {
    /// Refuse, saying what differs.
    #[default]
    Refuse,
    /// Build the new one beside it, and put it in its place when it is
    /// complete. Unfinished work of another plan is given up.
    Replace,
}

/// What a target turned out to be.
#[derive(Debug)]
pub enum Opened {
    /// The dataset of this very plan, complete: nothing is to be done.
    Complete(Box<Manifest>),
    /// To be written.
    Writing(Target),
}

/// A dataset being written, held against other writers until it drops.
#[derive(Debug)]
pub struct Target {
    pub(super) shared: Arc<Shared>,
}

/// `plan.json`: the plan that unfinished work belongs to.
#[derive(Serialize, Deserialize)]
struct WorkPlan {
    plan_digest: Digest,
    plan: Value,
}

impl Target {
    /// Takes the plan's target for this process and brings it into a state
    /// from which work can go on: the leftovers of earlier runs are gone, and
    /// every journal speaks only of shards that are there and whole.
    ///
    /// # Errors
    /// `Pipeline` if the format has no place for an output column, `Locked` if
    /// another writer is at work, `Changed` if the target holds a dataset or
    /// unfinished work of another plan and `on_existing` is `Refuse`, `Damage`
    /// if its manifest cannot be read and `on_existing` is `Refuse`, `Io`.
    pub fn open(fs: Arc<dyn Fs>, plan: &Arc<Plan>, on_existing: OnExisting) -> Result<Opened> {
        let columns = stored_columns(&plan.output)?;
        check_assets(plan)?;
        let origins = OriginKind::of(plan);
        let layout = Arc::new(ShardLayout::new(&columns, origins)?);
        let place = Workplace {
            fs,
            root: plan.sink.root.clone(),
        };

        place.create_dir(&place.work())?;
        let lock = take_lock(&place)?;
        let mut kept = KeptFiles::default();
        match place.existing(plan, on_existing)? {
            Existing::Nothing => {}
            Existing::Unreadable => kept = KeptFiles::everything(),
            Existing::Other(manifest) => kept = KeptFiles::dataset(&manifest),
            Existing::Same(manifest) => {
                place.remove_work(&manifest)?;
                return Ok(Opened::Complete(manifest));
            }
        }
        for dir in [place.journals(), place.temporary(), place.shards()] {
            place.create_dir(&dir)?;
        }
        place.begin_work(plan, on_existing)?;
        place.check_journals(plan, &mut kept)?;
        place.remove_strays(&kept)?;
        Ok(Opened::Writing(Self {
            shared: Arc::new(Shared {
                place,
                plan: plan.clone(),
                columns,
                origins,
                layout,
                taken: Mutex::default(),
                _lock: lock,
            }),
        }))
    }

    /// Adds a line to the run log, which lies in the work directory and is no
    /// part of the dataset. It is not synced: a power cut may take it.
    ///
    /// # Errors
    /// `Io`.
    pub fn log(&self, line: &str) -> Result<()> {
        self.shared.place.append_to_log(line)
    }

    /// What is to be done about part `part` of the plan. Safe to call from
    /// several threads; each part has one writer at a time.
    ///
    /// # Errors
    /// `Internal` if there is no such part or it has a writer, `Io`.
    pub fn part(&self, part: u32) -> Result<PartState> {
        let shared = &self.shared;
        if part as usize >= shared.plan.parts.len() {
            return Err(Error::internal(format!(
                "expected a part below {}, got {part}",
                shared.plan.parts.len()
            )));
        }
        if !shared.taken().insert(part) {
            return Err(Error::internal(format!(
                "expected one writer of part {part}, got a second"
            )));
        }
        let digest = shared.plan.identity.digest;
        let journal = shared.place.usable_journal(part, digest);
        let state = journal.map(|journal| match PartSummary::of(part, &journal) {
            Some(summary) => PartState::Done(summary),
            None => PartState::Todo(Box::new(PartWriter::new(shared.clone(), part, &journal))),
        });
        if !matches!(state, Ok(PartState::Todo(_))) {
            shared.give_back(part);
        }
        state
    }
}

fn check_assets(plan: &Plan) -> Result<()> {
    let names: BTreeSet<&str> = plan
        .assets
        .iter()
        .map(|asset| asset.name.as_str())
        .collect();
    if names.len() < plan.assets.len() {
        return Err(Error::internal("expected assets with different names"));
    }
    match names.into_iter().find(|name| !is_plain_name(name)) {
        Some(name) => Err(Error::pipeline(format!(
            "expected a plain file name, got {name:?}"
        ))),
        None => Ok(()),
    }
}

fn take_lock(place: &Workplace) -> Result<Box<dyn Send + Sync + fmt::Debug>> {
    let path = place.lock();
    let lock = place
        .fs
        .lock(&path)
        .map_err(|e| Error::io("lock the target", &path, e))?;
    lock.ok_or_else(|| {
        Error::new(
            ErrorKind::Locked,
            "expected a target that no other process writes to",
        )
        .with_path(&place.root)
        .with_hint("wait for the other run to end, or choose another target")
    })
}

/// A dataset that is there already.
enum Existing {
    Nothing,
    /// Of this plan, with all its files.
    Same(Box<Manifest>),
    /// To be replaced.
    Other(Box<Manifest>),
    /// To be replaced, but nobody can say what belongs to it.
    Unreadable,
}

impl Workplace {
    /// What dataset there is, if the caller may go on.
    fn existing(&self, plan: &Plan, on_existing: OnExisting) -> Result<Existing> {
        let path = self.root.join(MANIFEST);
        let Some(text) = self.read(&path)? else {
            return Ok(Existing::Nothing);
        };
        let load = |file: &str| {
            let path = self.root.join(file);
            self.fs.read(&path).map_err(|e| Error::io("read", &path, e))
        };
        let whole = Manifest::parse(&text, &load).and_then(|manifest| {
            let same = manifest.plan_digest == plan.identity.digest;
            if same {
                self.check_files(&manifest)?;
            }
            Ok((same, Box::new(manifest)))
        });
        let hint = "use `--replace` to write it again";
        match (whole, on_existing) {
            (Ok((true, manifest)), _) => Ok(Existing::Same(manifest)),
            (Ok((false, manifest)), OnExisting::Replace) => Ok(Existing::Other(manifest)),
            (Ok((false, manifest)), OnExisting::Refuse) => {
                let new = &plan.identity.canonical;
                Err(changed("a dataset", &manifest.plan, new).with_path(&self.root))
            }
            (Err(_), OnExisting::Replace) => Ok(Existing::Unreadable),
            (Err(error), OnExisting::Refuse) => Err(error.with_path(&path).with_hint(hint)),
        }
    }

    /// Checks that the files of a dataset are there, by their length.
    fn check_files(&self, manifest: &Manifest) -> Result<()> {
        let shards = manifest.shards.iter();
        let shards = shards.map(|shard| (self.shards().join(shard.name()), shard.len_bytes));
        let assets = manifest.assets.iter();
        let assets = assets.map(|asset| (self.root.join(&asset.file), asset.len_bytes));
        let list = manifest.quarantine.iter();
        let list = list.map(|list| (self.root.join(&list.file), list.len_bytes));
        for (path, len) in shards.chain(assets).chain(list) {
            let found = self.len(&path)?;
            if found != Some(len) {
                let found = found.map_or("none".to_owned(), |len| format!("{len} bytes"));
                return Err(
                    Error::damage(format!("expected a file of {len} bytes, got {found}"))
                        .with_path(path),
                );
            }
        }
        Ok(())
    }

    /// Notes the plan that the work is for; work of another plan is refused or
    /// given up.
    fn begin_work(&self, plan: &Plan, on_existing: OnExisting) -> Result<()> {
        let text = self.read(&self.plan())?;
        // A file that is no plan is damage to work, which can be done again.
        let old = text.and_then(|text| serde_json::from_slice::<WorkPlan>(&text).ok());
        if old
            .as_ref()
            .is_some_and(|old| old.plan_digest == plan.identity.digest)
        {
            return Ok(());
        }
        let journals = self.list(&self.journals())?;
        if let (Some(old), OnExisting::Refuse, false) = (&old, on_existing, journals.is_empty()) {
            let new = &plan.identity.canonical;
            return Err(changed("unfinished work", &old.plan, new).with_path(&self.root));
        }
        for name in journals {
            self.remove(&self.journals().join(name))?;
        }
        self.sync_dir(&self.journals())?;
        let new = WorkPlan {
            plan_digest: plan.identity.digest,
            plan: plan.identity.canonical.clone(),
        };
        let text = serde_json::to_vec(&new)
            .map_err(|e| Error::internal("cannot write the plan").with_source(e))?;
        self.replace(&self.plan(), &text)
    }

    /// Cuts each journal back to what holds, and keeps the shards it names.
    fn check_journals(&self, plan: &Plan, kept: &mut KeptFiles) -> Result<()> {
        for index in 0..plan.parts.len() {
            let part = u32::try_from(index).map_err(|_| {
                let n_parts = plan.parts.len();
                Error::pipeline(format!("too many parts: {n_parts}, limit {}", u32::MAX))
            })?;
            let Some(text) = self.read(&self.journal(part))? else {
                continue;
            };
            let mut journal = Journal::parse(&text, plan.identity.digest);
            let n_good = self.n_good_lines(&journal)?;
            journal.truncate(n_good);
            let len = usize::try_from(journal.len()).unwrap_or(0);
            if len < text.len() {
                self.replace(&self.journal(part), &text[..len])?;
            }
            journal.shards().for_each(|shard| kept.shard(&shard.name()));
        }
        Ok(())
    }

    /// How many lines come before the first whose shard is not there or not
    /// whole.
    fn n_good_lines(&self, journal: &Journal) -> Result<usize> {
        for (index, line) in journal.lines.iter().enumerate() {
            if let Some(shard) = &line.shard
                && !self.has_shard(shard)?
            {
                return Ok(index);
            }
        }
        Ok(journal.lines.len())
    }

    /// Whether a shard is there, with the header and the checksums it was
    /// written with.
    fn has_shard(&self, shard: &ShardEntry) -> Result<bool> {
        let path = self.shards().join(shard.name());
        if self.len(&path)? != Some(shard.len_bytes) {
            return Ok(false);
        }
        let io = |e| Error::io("read a shard", &path, e);
        let mut file = self.fs.open(&path).map_err(io)?;
        match read_frame(shard.len_bytes, &mut |buf, at| file.read_exact_at(buf, at)) {
            Ok(frame) => Ok(frame.digest == shard.digest),
            Err(FrameError::Damage(_)) => Ok(false),
            Err(FrameError::Io(e)) => Err(io(e)),
        }
    }

    /// The lines of a part's journal that a writer goes on behind. Bytes after
    /// them, which a writer that failed may have left, are cut off first.
    pub(super) fn usable_journal(&self, part: u32, plan: Digest) -> Result<Journal> {
        let text = self.read(&self.journal(part))?.unwrap_or_default();
        let journal = Journal::parse(&text, plan);
        let len = usize::try_from(journal.len()).unwrap_or(0);
        if len < text.len() {
            self.replace(&self.journal(part), &text[..len])?;
        }
        Ok(journal)
    }
}
