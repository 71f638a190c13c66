//! A writer of datasets that are mostly holes, made from `docs/format.md`
//! alone: rows are zero but for those that are set, and cost no disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde_json::{Value, json};
use twox_hash::{XxHash3_64, XxHash3_128};

const ALIGN: u64 = 4096;
const BLOCK: u64 = 65_536;

/// A shard of one column `x` of a byte each row.
#[derive(Debug, Clone, Default)]
pub struct SparseShard {
    /// Its rows.
    pub n_rows: u64,
    /// Those that are not zero.
    pub set: BTreeMap<u64, u8>,
}

/// A shard that was written, as a manifest lists it.
#[derive(Debug, Clone)]
pub struct Written {
    name_end: String,
    len_bytes: u64,
    n_rows: u64,
    digest: u128,
}

fn schema() -> Value {
    json!([{
        "name": "x", "type": "uint8", "layout": "fixed", "dtype": "U8",
        "shape": [], "nullable": false
    }])
}

impl SparseShard {
    /// Writes it to `path`.
    ///
    /// # Errors
    /// What the system returns.
    pub fn write(&self, path: &Path) -> io::Result<Written> {
        let n = self.n_rows;
        let mut header = serde_json::Map::new();
        header.insert(
            "__metadata__".to_owned(),
            json!({
                "format": "fuelrail-shard", "version": "1", "n_rows": n.to_string(),
                "block_bytes": BLOCK.to_string(), "schema": schema().to_string()
            }),
        );
        let mut end = 0;
        let tensors = [
            ("x", "U8", n),
            ("__origin.file", "U32", 4 * n),
            ("__origin.row", "U64", 8 * n),
        ];
        for (pad, (name, dtype, len)) in tensors.into_iter().enumerate() {
            header.insert(name.to_owned(), tensor(dtype, n, end, end + len));
            end += len;
            let start = end.next_multiple_of(ALIGN);
            if start > end {
                let name = format!("__pad.{pad}");
                header.insert(name, tensor("U8", start - end, end, start));
            }
            end = start;
        }
        let n_blocks = end.div_ceil(BLOCK);
        let table = tensor("U64", n_blocks, end, end + 8 * n_blocks);
        header.insert("__block_xxh3".to_owned(), table);
        let mut text = Value::Object(header).to_string().into_bytes();
        let data_start = (8 + text.len() as u64).next_multiple_of(ALIGN);
        text.resize(usize::try_from(data_start - 8).unwrap_or(0), b' ');
        let mut head = (data_start - 8).to_le_bytes().to_vec();
        head.extend(text);
        let table = self.table(end);
        let file = File::create_new(path)?;
        file.write_all_at(&head, 0)?;
        for (row, value) in &self.set {
            file.write_all_at(&[*value], data_start + row)?;
        }
        file.write_all_at(&table, data_start + end)?;
        let mut hasher = XxHash3_128::new();
        hasher.write(&head);
        hasher.write(&table);
        let digest = hasher.finish_128();
        Ok(Written {
            name_end: format!("{:016x}.safetensors", digest >> 64),
            len_bytes: data_start + end + table.len() as u64,
            n_rows: n,
            digest,
        })
    }

    /// The checksums of `len` bytes of data.
    fn table(&self, len: u64) -> Vec<u8> {
        let hash = |len: u64, block: u64| {
            let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
            for (row, value) in self.set.range(block * BLOCK..(block + 1) * BLOCK) {
                bytes[usize::try_from(row % BLOCK).unwrap_or(0)] = *value;
            }
            XxHash3_64::oneshot(&bytes)
        };
        let zeros = hash(BLOCK, u64::MAX / BLOCK - 1);
        let n_blocks = len.div_ceil(BLOCK);
        let is_set = |block: u64| self.set.range(block * BLOCK..(block + 1) * BLOCK).next();
        let hashes = (0..n_blocks).map(|block| {
            let len = (len - block * BLOCK).min(BLOCK);
            match is_set(block) {
                None if len == BLOCK => zeros,
                _ => hash(len, block),
            }
        });
        hashes.flat_map(u64::to_le_bytes).collect()
    }
}

fn tensor(dtype: &str, n: u64, start: u64, end: u64) -> Value {
    json!({"dtype": dtype, "shape": [n], "data_offsets": [start, end]})
}

/// Writes a dataset whose shards are `shards`, each a file made from one of
/// `kinds` by its index. Shards of a kind are links to one file.
///
/// # Errors
/// What the system returns.
pub fn write_dataset(root: &Path, kinds: &[SparseShard], shards: &[usize]) -> io::Result<()> {
    /// Links to a file that any file system grants.
    const MAX_LINKS: usize = 30_000;
    fs::create_dir_all(root.join("shards"))?;
    let mut written = Vec::new();
    for (index, kind) in kinds.iter().enumerate() {
        let path = root.join(format!("kind-{index}"));
        written.push(kind.write(&path)?);
    }
    let mut entries = Vec::new();
    let mut first_row = 0;
    let mut uses = vec![0; kinds.len()];
    for (seq, kind) in shards.iter().enumerate() {
        let shard = &written[*kind];
        let name = format!("part-00000-{seq:05}-{}", shard.name_end);
        uses[*kind] += 1;
        if uses[*kind] > MAX_LINKS {
            return Err(io::Error::other("expected fewer shards of a kind"));
        }
        let from = root.join(format!("kind-{kind}"));
        fs::hard_link(from, root.join("shards").join(&name))?;
        entries.push((name, shard.clone(), first_row));
        first_row += shard.n_rows;
    }
    for index in 0..kinds.len() {
        fs::remove_file(root.join(format!("kind-{index}")))?;
    }
    let listed = match entries.len() {
        0..=1000 => listed(&entries),
        _ => indexed(root, &entries)?,
    };
    fs::write(root.join("dataset.json"), manifest(first_row, &listed))
}

type Entry = (String, Written, u64);

fn listed(entries: &[Entry]) -> Value {
    let entry = |(name, shard, first_row): &Entry| {
        json!({
            "name": name, "len_bytes": shard.len_bytes, "n_rows": shard.n_rows,
            "first_row": first_row, "digest": format!("{:032x}", shard.digest)
        })
    };
    entries.iter().map(entry).collect()
}

fn indexed(root: &Path, entries: &[Entry]) -> io::Result<Value> {
    let mut bytes = b"FRSHARDS\x01\0\0\0\0\0\0\0".to_vec();
    bytes.extend((entries.len() as u64).to_le_bytes());
    for (seq, (_, shard, first_row)) in (0u32..).zip(entries) {
        bytes.extend(0u32.to_le_bytes());
        bytes.extend(seq.to_le_bytes());
        for number in [shard.len_bytes, shard.n_rows, *first_row] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(shard.digest.to_le_bytes());
    }
    let digest = XxHash3_128::oneshot(&bytes);
    let file = format!("shards-{:016x}.index", digest >> 64);
    fs::write(root.join(&file), &bytes)?;
    Ok(json!({
        "file": file, "n_shards": entries.len(), "len_bytes": bytes.len(),
        "digest": format!("{digest:032x}")
    }))
}

fn manifest(n_rows: u64, shards: &Value) -> String {
    let zero = "0".repeat(32);
    let stored = json!({
        "format": "fuelrail", "version": 1, "n_rows": n_rows, "schema": schema(),
        "origins": "row", "plan_digest": zero, "plan": {}, "sources": [], "assets": [],
        "stats": {"rows_read": n_rows, "dropped": [], "quarantined": 0, "documents": n_rows,
                  "tokens": 0},
        "quarantine": null, "shards": shards, "digest": zero
    });
    let text = format!("{stored:#}\n");
    let digest = XxHash3_128::oneshot(text.as_bytes());
    let head = text
        .strip_suffix(&format!("{zero}\"\n}}\n"))
        .unwrap_or(&text);
    format!("{head}{digest:032x}\"\n}}\n")
}
