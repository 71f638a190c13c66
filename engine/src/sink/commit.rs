//! The last step: everything that is not a shard, and then the manifest.

use twox_hash::XxHash3_128;

use super::target::Target;
use super::workplace::Workplace;
use crate::batch::{QuarantineUnit, Quarantined, Stats};
use crate::error::{Error, Result};
use crate::format::{
    Account, AssetEntry, MANIFEST, Manifest, QuarantineEntry, ShardEntry, SourceEntry, asset_file,
    quarantine_file,
};
use crate::plan::{Digest, Plan};

/// What the journals of all parts say together.
#[derive(Default)]
struct Sum {
    shards: Vec<ShardEntry>,
    stats: Stats,
}

impl Target {
    /// Makes the dataset appear, in the place of an older one if there is one,
    /// and then removes what is no longer needed.
    ///
    /// # Errors
    /// `Internal` if a part is not done, `Io`; the older dataset is intact
    /// then, and running again continues.
    pub fn commit(self) -> Result<Manifest> {
        let shared = &self.shared;
        let (place, plan) = (&shared.place, &*shared.plan);
        let mut list = QuarantineList::new(place);
        let sum = sum_parts(place, plan, &mut list)?;
        let quarantine = list.finish()?;
        let n_units = quarantine.as_ref().map_or(0, |list| list.n_units);
        if n_units != sum.stats.quarantined {
            return Err(Error::internal(format!(
                "expected {} units set aside, got {n_units}",
                sum.stats.quarantined
            )));
        }
        let n_rows = sum.shards.iter().map(|shard| shard.n_rows).sum();
        let mut manifest = Manifest {
            n_rows: 0,
            schema: shared.columns.clone(),
            origins: shared.origins,
            plan_digest: plan.identity.digest,
            plan: plan.identity.canonical.clone(),
            sources: sources(plan),
            assets: write_assets(place, plan)?,
            account: Account::of(plan, &sum.stats, n_rows)?,
            // What it knows beyond that is in the account.
            stats: Stats {
                tally: None,
                ..sum.stats
            },
            quarantine,
            shards: sum.shards,
            digest: Digest::default(),
            index: None,
        };
        let sealed = manifest.seal()?;
        if let Some((file, bytes)) = &sealed.index {
            place.replace(&place.root.join(file), bytes)?;
        }
        place.replace(&place.root.join(MANIFEST), &sealed.text)?;
        // The dataset is complete and durable. What cannot be removed now is
        // removed by the next start, and no reader looks at it.
        let _ = place.remove_work(&manifest);
        Ok(manifest)
    }
}

/// Adds up the parts, in order; all must be done.
fn sum_parts(place: &Workplace, plan: &Plan, list: &mut QuarantineList<'_>) -> Result<Sum> {
    let mut sum = Sum::default();
    for part in &plan.parts {
        let journal = place.usable_journal(part.index, plan.identity.digest)?;
        let stats = journal
            .done()
            .ok_or_else(|| Error::internal(format!("expected part {} to be done", part.index)))?;
        sum.stats.add(stats);
        sum.shards.extend(journal.shards().cloned());
        for unit in journal.quarantined() {
            let line = match unit.unit {
                QuarantineUnit::File => None,
                _ => plan.source.line_of(unit.at.row),
            };
            list.push(&Quarantined {
                line,
                ..unit.clone()
            })?;
        }
    }
    Ok(sum)
}

fn sources(plan: &Plan) -> Vec<SourceEntry> {
    let entry = |input: &crate::plan::Input| SourceEntry {
        name: input.name.clone(),
        len_bytes: input.len_bytes,
        digest: input.digest,
    };
    plan.inputs.iter().map(entry).collect()
}

/// Writes the assets and lists them.
fn write_assets(place: &Workplace, plan: &Plan) -> Result<Vec<AssetEntry>> {
    if !plan.assets.is_empty() {
        place.create_dir(&place.assets())?;
    }
    let write = |asset: &crate::plan::Asset| {
        let digest = Digest(XxHash3_128::oneshot(&asset.bytes));
        let file = asset_file(&asset.name, digest);
        place.replace(&place.root.join(&file), &asset.bytes)?;
        Ok(AssetEntry {
            name: asset.name.clone(),
            file,
            kind: asset.kind.clone(),
            family: asset.family.clone(),
            len_bytes: asset.bytes.len() as u64,
            digest,
        })
    };
    plan.assets.iter().map(write).collect()
}

/// The list of what was set aside, written as it is read from the journals.
struct QuarantineList<'a> {
    place: &'a Workplace,
    file: Option<Box<dyn super::fs::FsFile>>,
    hasher: XxHash3_128,
    n_units: u64,
    len_bytes: u64,
}

impl<'a> QuarantineList<'a> {
    fn new(place: &'a Workplace) -> Self {
        Self {
            place,
            file: None,
            hasher: XxHash3_128::new(),
            n_units: 0,
            len_bytes: 0,
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.place.temporary().join("quarantine.jsonl")
    }

    fn push(&mut self, unit: &Quarantined) -> Result<()> {
        let path = self.path();
        let io = |e| Error::io("write the quarantine list", &path, e);
        let mut line = serde_json::to_vec(unit)
            .map_err(|e| Error::internal("cannot write the quarantine list").with_source(e))?;
        line.push(b'\n');
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.place.fs.create(&path).map_err(io)?),
        };
        file.write_all_at(&line, self.len_bytes).map_err(io)?;
        self.hasher.write(&line);
        self.n_units += 1;
        self.len_bytes += line.len() as u64;
        Ok(())
    }

    /// Puts the list in its place; nothing if it is empty.
    fn finish(mut self) -> Result<Option<QuarantineEntry>> {
        let path = self.path();
        let Some(mut file) = self.file.take() else {
            return Ok(None);
        };
        file.sync()
            .map_err(|e| Error::io("write the quarantine list", &path, e))?;
        let digest = Digest(self.hasher.finish_128());
        let file = quarantine_file(digest);
        self.place.publish(&path, &self.place.root.join(&file))?;
        Ok(Some(QuarantineEntry {
            file,
            n_units: self.n_units,
            len_bytes: self.len_bytes,
            digest,
        }))
    }
}
