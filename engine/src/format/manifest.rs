//! `dataset.json`: what a dataset holds, and the digest of all it says.
//!
//! The text is canonical (fixed keys in a fixed order, two spaces of indent),
//! so equal datasets have equal manifests. Its last value is its own digest,
//! taken over the text with that value blanked to zeros.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use twox_hash::XxHash3_128;

use super::account::Account;
use super::entries::{
    AssetEntry, QuarantineEntry, ShardEntry, SourceEntry, asset_file, index_file, parse_shard_name,
    quarantine_file,
};
use super::index;
use super::place::MANIFEST;
use super::small_file::{small_file, too_long};
use crate::batch::Stats;
use crate::error::{Error, Result};
use crate::plan::{Column, Digest, FORMAT_VERSION, OriginKind, OutputColumn, stored_columns};

/// Bytes a manifest may have; a longer one is refused before it is read.
const MAX_BYTES: u64 = 1 << 30;

/// Shards the manifest lists itself; more go to the index beside it.
pub(super) const MAX_LISTED: usize = 1000;

/// Bytes an index may have: 48 a shard, so over twenty million shards.
const MAX_INDEX_BYTES: u64 = 1 << 30;

/// What the text ends with after the digest's 32 digits.
const TAIL: &str = "\"\n}\n";

/// What a dataset holds. Made by the sink, or read from a file.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Manifest {
    /// Rows in all shards.
    pub n_rows: u64,
    /// The columns.
    pub schema: Vec<Column>,
    /// What the origins say.
    pub origins: OriginKind,
    /// Digest of the plan that made it.
    pub plan_digest: Digest,
    /// That plan's canonical text.
    pub plan: Value,
    /// The inputs, in source order.
    pub sources: Vec<SourceEntry>,
    /// Files that travel with it.
    pub assets: Vec<AssetEntry>,
    /// What was done to make it.
    pub stats: Stats,
    /// What became of every row of the inputs; nothing where a version that
    /// kept no account did part of the work.
    pub account: Option<Account>,
    /// What was set aside, if anything was.
    pub quarantine: Option<QuarantineEntry>,
    /// The shards, in row order.
    pub shards: Vec<ShardEntry>,
    /// Digest of the manifest's text.
    pub digest: Digest,
    /// The path of the index, where one is used.
    pub index: Option<String>,
}

/// A manifest as text: the fields of [`Manifest`] in the order they stand in.
#[derive(Serialize, Deserialize)]
struct Stored {
    format: String,
    version: u32,
    n_rows: u64,
    schema: Vec<Column>,
    origins: OriginKind,
    plan_digest: Digest,
    plan: Value,
    sources: Vec<SourceEntry>,
    assets: Vec<AssetEntry>,
    stats: Stats,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<Account>,
    quarantine: Option<QuarantineEntry>,
    shards: StoredShards,
    digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredShards {
    Listed(Vec<StoredShard>),
    Indexed {
        file: String,
        n_shards: u64,
        len_bytes: u64,
        digest: Digest,
    },
}

#[derive(Serialize, Deserialize)]
struct StoredShard {
    name: String,
    len_bytes: u64,
    n_rows: u64,
    first_row: u64,
    digest: Digest,
}

/// A manifest ready to be written: its text, and its index where it has one.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) text: Vec<u8>,
    pub(crate) index: Option<(String, Vec<u8>)>,
}

impl Manifest {
    /// Bytes of all shards, as the manifest has them: it may lie until they are
    /// looked at.
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        let lengths = self.shards.iter().map(|shard| shard.len_bytes);
        lengths.fold(0, u64::saturating_add)
    }

    /// Fills in what follows from the shards, and the digest.
    ///
    /// # Errors
    /// `Internal` if it cannot be written as JSON.
    pub(crate) fn seal(&mut self) -> Result<Sealed> {
        self.n_rows = 0;
        for shard in &mut self.shards {
            shard.first_row = self.n_rows;
            self.n_rows += shard.n_rows;
        }
        let index = (self.shards.len() > MAX_LISTED).then(|| {
            let bytes = index::encode(&self.shards);
            let digest = Digest(XxHash3_128::oneshot(&bytes));
            (index_file(digest), digest, bytes)
        });
        self.index = index.as_ref().map(|(file, ..)| file.clone());
        let shards = match &index {
            None => StoredShards::Listed(self.shards.iter().map(StoredShard::new).collect()),
            Some((file, digest, bytes)) => StoredShards::Indexed {
                file: file.clone(),
                n_shards: self.shards.len() as u64,
                len_bytes: bytes.len() as u64,
                digest: *digest,
            },
        };
        let mut text = self.text(shards)?;
        self.digest = Digest(XxHash3_128::oneshot(&text));
        let at = text.len() - TAIL.len() - 32;
        text[at..at + 32].copy_from_slice(self.digest.to_string().as_bytes());
        Ok(Sealed {
            text,
            index: index.map(|(file, _, bytes)| (file, bytes)),
        })
    }

    /// The canonical text with a blank digest.
    fn text(&self, shards: StoredShards) -> Result<Vec<u8>> {
        let stored = Stored {
            format: "fuelrail".to_owned(),
            version: FORMAT_VERSION,
            n_rows: self.n_rows,
            schema: self.schema.clone(),
            origins: self.origins,
            plan_digest: self.plan_digest,
            plan: self.plan.clone(),
            sources: self.sources.clone(),
            assets: self.assets.clone(),
            stats: self.stats.clone(),
            account: self.account.clone(),
            quarantine: self.quarantine.clone(),
            shards,
            digest: Digest(0),
        };
        let mut text = serde_json::to_vec_pretty(&stored)
            .map_err(|e| Error::internal("cannot write the manifest").with_source(e))?;
        text.push(b'\n');
        Ok(text)
    }

    /// Reads the manifest of the dataset at `root`.
    ///
    /// # Errors
    /// `Io` if there is none or it cannot be read, `Damage` if it is not what
    /// was written.
    pub fn read(root: &Path) -> Result<Self> {
        let read = |file: &str, max: u64| small_file(root, file, max);
        let text = read(MANIFEST, MAX_BYTES)?;
        Self::parse(&text, &|file| read(file, MAX_INDEX_BYTES))
            .map_err(|error| error.with_path(root.join(MANIFEST)))
    }

    /// Reads a manifest from its text; `load` reads the index beside it.
    ///
    /// # Errors
    /// `Damage` if it is not what was written; what `load` returns.
    pub(crate) fn parse(text: &[u8], load: &dyn Fn(&str) -> Result<Vec<u8>>) -> Result<Self> {
        if text.len() as u64 > MAX_BYTES {
            return Err(too_long(MANIFEST, text.len() as u64, MAX_BYTES));
        }
        let digest = check_digest(text)?;
        let stored: Stored = serde_json::from_slice(text)
            .map_err(|e| Error::damage("expected a dataset manifest").with_source(e))?;
        if stored.format != "fuelrail" || stored.version != FORMAT_VERSION {
            return Err(Error::damage(format!(
                "expected a fuelrail dataset of version {FORMAT_VERSION}, got {:?} of version {}",
                stored.format, stored.version
            ))
            .with_hint("it may have been written by a later fuelrail"));
        }
        let mut file = None;
        let shards = match stored.shards {
            StoredShards::Listed(shards) => shards
                .into_iter()
                .map(StoredShard::check)
                .collect::<Result<Vec<_>>>()?,
            StoredShards::Indexed {
                file: name,
                n_shards,
                digest,
                ..
            } => {
                if name != index_file(digest) {
                    return Err(Error::damage("expected an index named by its digest"));
                }
                let bytes = load(&name)?;
                file = Some(name);
                index::decode(&bytes, digest, n_shards)?
            }
        };
        let manifest = Self {
            n_rows: stored.n_rows,
            schema: stored.schema,
            origins: stored.origins,
            plan_digest: stored.plan_digest,
            plan: stored.plan,
            sources: stored.sources,
            assets: stored.assets,
            stats: stored.stats,
            account: stored.account,
            quarantine: stored.quarantine,
            shards,
            digest,
            index: file,
        };
        manifest.check()?;
        Ok(manifest)
    }

    /// Checks what a digest cannot: that the entries fit one another, and that
    /// no name leads out of the dataset.
    fn check(&self) -> Result<()> {
        let outputs = self.schema.iter().map(|column| {
            Ok(OutputColumn {
                meaning: column.meaning(),
                name: column.name.clone(),
                data_type: column.data_type()?,
                nullable: column.nullable,
            })
        });
        let outputs = outputs.collect::<Result<Vec<_>>>()?;
        let not_ours = |e| Error::damage("expected columns of this format").with_source(e);
        let columns = stored_columns(&outputs).map_err(not_ours)?;
        for (ours, column) in columns.iter().zip(&self.schema) {
            if ours != column {
                return Err(
                    Error::damage("expected a column of this format").with_column(&column.name)
                );
            }
        }
        let mut next = 0u64;
        let mut last = None;
        for shard in &self.shards {
            let key = Some((shard.part, shard.seq));
            if shard.first_row != next || shard.n_rows == 0 || key <= last {
                return Err(Error::damage(format!(
                    "expected shards in row order that leave no gap, got {} at row {next}",
                    shard.name()
                )));
            }
            last = key;
            next = next
                .checked_add(shard.n_rows)
                .ok_or_else(|| Error::damage("expected fewer rows"))?;
        }
        if next != self.n_rows {
            return Err(Error::damage(format!(
                "expected {} rows in all shards, got {next}",
                self.n_rows
            )));
        }
        for asset in &self.assets {
            if !is_plain_name(&asset.name) || asset.file != asset_file(&asset.name, asset.digest) {
                return Err(Error::damage(format!(
                    "expected an asset that lies in the dataset, got {:?}",
                    asset.file
                )));
            }
        }
        if !self.account.iter().all(Account::adds_up) {
            return Err(Error::damage("expected an account that adds up"));
        }
        match &self.quarantine {
            Some(list) if list.file != quarantine_file(list.digest) => Err(Error::damage(
                "expected a quarantine list named by its digest",
            )),
            _ => Ok(()),
        }
    }
}

/// Whether a name is that of a file in its directory, on any system.
pub(crate) fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && name != "."
        && name != ".."
        && name
            .chars()
            .all(|c| !c.is_control() && !r#"/\:*?"<>|"#.contains(c))
}

/// The digest at the end of the text, if it is that of the text.
fn check_digest(text: &[u8]) -> Result<Digest> {
    let damaged = || Error::damage("expected a manifest that ends with its digest");
    let at = text
        .len()
        .checked_sub(TAIL.len() + 32)
        .ok_or_else(damaged)?;
    let (digits, tail) = text[at..].split_at(32);
    let digits = std::str::from_utf8(digits).map_err(|_| damaged())?;
    let written: Digest =
        serde_json::from_value(Value::String(digits.to_owned())).map_err(|_| damaged())?;
    if tail != TAIL.as_bytes() {
        return Err(damaged());
    }
    let mut hasher = XxHash3_128::new();
    hasher.write(&text[..at]);
    hasher.write(&[b'0'; 32]);
    hasher.write(tail);
    let found = Digest(hasher.finish_128());
    if found != written {
        return Err(Error::damage(format!(
            "expected a manifest with the digest {written} that it names, got {found}"
        )));
    }
    Ok(written)
}

impl StoredShard {
    fn new(entry: &ShardEntry) -> Self {
        Self {
            name: entry.name(),
            len_bytes: entry.len_bytes,
            n_rows: entry.n_rows,
            first_row: entry.first_row,
            digest: entry.digest,
        }
    }

    /// The entry, if the name is exactly the one that follows from it.
    fn check(self) -> Result<ShardEntry> {
        let numbers = parse_shard_name(&self.name);
        let entry = numbers.map(|(part, seq, _)| ShardEntry {
            part,
            seq,
            len_bytes: self.len_bytes,
            n_rows: self.n_rows,
            first_row: self.first_row,
            digest: self.digest,
        });
        entry
            .filter(|entry| entry.name() == self.name)
            .ok_or_else(|| {
                Error::damage(format!("expected the name of a shard, got {:?}", self.name))
            })
    }
}
