//! Removes what no dataset and no journal speaks of.
//!
//! Only files with names that fuelrail gives are ever removed; what else lies
//! in the directory is someone's.

use std::collections::HashSet;

use twox_hash::XxHash3_128;

use super::workplace::Workplace;
use crate::error::Result;
use crate::format::{Manifest, is_asset_name, is_list_name, is_shard_name};
use crate::plan::Digest;

/// The files, relative to the root, that must stay.
#[derive(Debug, Default)]
pub(super) struct KeptFiles {
    files: HashSet<String>,
    /// Everything stays: there is a dataset whose manifest cannot be read.
    everything: bool,
}

impl KeptFiles {
    /// Keeps all, because it cannot be told what is needed.
    pub(super) fn everything() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    /// Keeps the files of a dataset.
    pub(super) fn dataset(manifest: &Manifest) -> Self {
        let mut kept = Self::default();
        manifest
            .shards
            .iter()
            .for_each(|shard| kept.shard(&shard.name()));
        kept.files
            .extend(manifest.assets.iter().map(|asset| asset.file.clone()));
        kept.files
            .extend(manifest.quarantine.iter().map(|list| list.file.clone()));
        kept.files.extend(manifest.index.clone());
        kept
    }

    /// Keeps a shard.
    pub(super) fn shard(&mut self, name: &str) {
        self.files.insert(format!("shards/{name}"));
    }

    fn holds(&self, file: &str) -> bool {
        self.everything || self.files.contains(file)
    }
}

impl Workplace {
    /// Removes temporary files, and files of datasets that are not `kept`.
    pub(super) fn remove_strays(&self, kept: &KeptFiles) -> Result<()> {
        for name in self.list(&self.temporary())? {
            self.remove(&self.temporary().join(name))?;
        }
        self.remove_where("", &is_list_name, kept)?;
        self.remove_where("shards/", &is_shard_name, kept)?;
        // Others name files so too, but not by our digest of what they hold.
        let assets = self.assets();
        let is_proven = |name: &str| {
            let hex = name.split_once('-').map(|(hex, _)| hex);
            let hex = hex.filter(|_| is_asset_name(name));
            let Some((hex, bytes)) = hex.zip(self.read(&assets.join(name)).ok().flatten()) else {
                return false;
            };
            let digest = Digest(XxHash3_128::oneshot(&bytes)).to_string();
            digest.starts_with(hex)
        };
        self.remove_where("assets/", &is_proven, kept)
    }

    /// Removes files of the directory `prefix` that are ours and not kept.
    fn remove_where(
        &self,
        prefix: &str,
        ours: &dyn Fn(&str) -> bool,
        kept: &KeptFiles,
    ) -> Result<()> {
        let dir = self.root.join(prefix);
        for name in self.list(&dir)? {
            if !kept.holds(&format!("{prefix}{name}")) && ours(&name) {
                self.remove(&dir.join(name))?;
            }
        }
        Ok(())
    }

    /// Removes all traces of work on a dataset that is complete, but not the
    /// lock, which is held, and not the run log, which is for people.
    pub(super) fn remove_work(&self, manifest: &Manifest) -> Result<()> {
        let leftovers = self.list(&self.work())?;
        if leftovers.iter().any(|name| name == "plan.json") {
            // The manifest may have been renamed by a run that could not sync
            // it; without its work it is all there is.
            self.sync_dir(&self.root)?;
        }
        self.remove_strays(&KeptFiles::dataset(manifest))?;
        for name in self.list(&self.journals())? {
            self.remove(&self.journals().join(name))?;
        }
        self.remove(&self.plan())?;
        let empty = (manifest.assets.is_empty()).then(|| self.assets());
        for dir in [self.journals(), self.temporary()].into_iter().chain(empty) {
            // It may not be there, or hold what is not ours.
            let _ = self.fs.remove_dir(&dir);
        }
        Ok(())
    }
}
