//! The account of rows against one that is made from the inputs alone: what
//! each line is, in order, by a walk that knows nothing of the engine.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use fuelrail::format::{Account, Dropped, Manifest, SetAside};
use fuelrail::run::ShardOptions;
use fuelrail_kernels::tokenize::{Encoder, Special, Tokenizer};
use fuelrail_tests::fault::{Fault, MemFs};
use fuelrail_tests::output::dataset_files;
use fuelrail_tests::prose::{Random, document};
use fuelrail_tests::runs;
use fuelrail_tests::source::{parquet_file, properties};
use serde_json::json;

/// What a row, or what should have been one, holds.
#[derive(Debug, Clone, PartialEq)]
enum Held {
    Text(Option<String>),
    Blank,
    Bad,
}

/// What the pipeline asks for beside reading.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    limit: Option<u64>,
    filter: Option<Filter>,
    pack: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
struct Filter {
    least: u64,
    greatest: u64,
    keep_nulls: bool,
}

/// The reasons in the order of an account.
const WHYS: [&str; 4] = ["null", "too_short", "too_long", "empty"];
const END: &str = "<|endoftext|>";
/// Tokens a packed row has.
const LENGTH: usize = 16;

fn text(random: &mut Random) -> Option<String> {
    match random.below(12) {
        0 | 1 => None,
        2 => Some(String::new()),
        3 => Some(format!("{}{END}", document(random, 3))),
        n => Some(document(random, n)),
    }
}

fn held(random: &mut Random) -> Held {
    match random.below(10) {
        0 => Held::Blank,
        1 => Held::Bad,
        _ => Held::Text(text(random)),
    }
}

/// A file of JSON lines with one line for each of `rows`.
fn lines(random: &mut Random, rows: &[Held]) -> Vec<u8> {
    let mut out = Vec::new();
    for (id, row) in rows.iter().enumerate() {
        let line = match row {
            Held::Text(Some(text)) => json!({"id": id, "text": text}).to_string().into_bytes(),
            Held::Text(None) if random.below(2) == 0 => format!("{{\"id\":{id}}}").into_bytes(),
            Held::Text(None) => json!({"id": id, "text": null}).to_string().into_bytes(),
            Held::Blank => [&b""[..], b"  ", b"\t\r"][random.below(3)].to_vec(),
            Held::Bad => {
                let bad: [&[u8]; 4] = [b"{\"id\":", b"oops", b"[1]", b"{\"text\":\"\xff\"}"];
                bad[random.below(4)].to_vec()
            }
        };
        out.extend(line);
        out.push(b'\n');
    }
    out
}

/// Writes files with rows, and gives the rows in source order.
fn inputs(base: &Path, random: &mut Random, extension: &str) -> Vec<Held> {
    let folder = base.join("in");
    fs::create_dir(&folder).unwrap();
    let mut all = Vec::new();
    for name in ["a", "b", "c"] {
        let n = 1 + random.below(250);
        let path = folder.join(format!("{name}.{extension}"));
        // The first row says what type each column has.
        let first = Held::Text(Some("first".to_owned()));
        let rows: Vec<Held> = match extension {
            "jsonl" => (0..n).map(|_| held(random)).collect(),
            _ => (0..n).map(|_| Held::Text(text(random))).collect(),
        };
        let rows: Vec<Held> = [first].into_iter().chain(rows).collect();
        match extension {
            "jsonl" => fs::write(&path, lines(random, &rows)).unwrap(),
            _ => table(&path, random, &rows),
        }
        all.extend(rows);
    }
    all
}

fn table(path: &Path, random: &mut Random, rows: &[Held]) {
    let texts: StringArray = rows
        .iter()
        .map(|row| match row {
            Held::Text(text) => text.as_deref(),
            Held::Blank | Held::Bad => None,
        })
        .collect();
    let ids = Int64Array::from_iter_values((0..).take(rows.len()));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(ids) as _, false),
        ("text", Arc::new(texts) as _, true),
    ])
    .unwrap();
    let group = 1 + random.below(60);
    let properties = properties()
        .set_max_row_group_row_count(Some(group))
        .build();
    fs::write(path, parquet_file(&batch, &properties)).unwrap();
}

fn pipeline(asked: &Asked, split: &str) -> String {
    let mut text =
        "[source]\nuri = \"in\"\non_error = \"quarantine\"\npart_size = \"4KiB\"\n".to_owned();
    text.push_str(split);
    if let Some(limit) = asked.limit {
        _ = writeln!(text, "limit = {limit}");
    }
    if let Some(filter) = asked.filter {
        let nulls = if filter.keep_nulls { "keep" } else { "drop" };
        _ = write!(
            text,
            "[[step]]\nop = \"filter\"\ncolumn = \"text\"\nmin_length = {}\nmax_length = {}\n\
             nulls = \"{nulls}\"\n",
            filter.least, filter.greatest
        );
    }
    if let Some(overlong) = asked.pack {
        _ = write!(
            text,
            "[[step]]\nop = \"select\"\ncolumns = [\"text\"]\n[[step]]\nop = \"tokenize\"\n\
             column = \"text\"\ntokenizer = \"gpt2\"\nspecial_tokens = \"refuse\"\n[[step]]\n\
             op = \"pack\"\nlength = {LENGTH}\nwindow = 20\npad = 0\noverlong = \"{overlong}\"\n"
        );
    }
    text + "[sink]\nuri = \"unused\"\nshard_size = \"64KiB\"\n"
}

/// The account as a walk over the rows gives it, but for the number of rows
/// written.
struct Oracle {
    asked: Asked,
    encoder: Encoder,
    account: Account,
    dropped: BTreeMap<(u32, &'static str), u64>,
    taken: u64,
}

impl Oracle {
    fn new(asked: Asked) -> Self {
        let tokenizer = Tokenizer::builtin("gpt2").unwrap();
        let empty = json!({
            "rows_read": 0, "rows_kept": 0, "rows_dropped": 0, "dropped": [],
            "set_aside": {"units": 0, "rows": 0, "units_of_unknown_rows": 0},
            "limit_reached": false, "truncated": {"documents": 0, "tokens": 0},
            "converted": [], "ignored_keys": {}, "other_ignored_keys": 0,
            "tokens": 0, "rows_written": 0,
        });
        Self {
            asked,
            encoder: Encoder::new(Arc::new(tokenizer)),
            account: serde_json::from_value(empty).unwrap(),
            dropped: BTreeMap::new(),
            taken: 0,
        }
    }

    fn walk(mut self, rows: &[Held]) -> Account {
        // What was set aside behind the last row of a limit is not looked at.
        let (mut waiting, mut blank) = (0, 0);
        for row in rows {
            if self.asked.limit == Some(self.taken) {
                break;
            }
            match row {
                Held::Blank => blank += 1,
                Held::Bad => waiting += 1,
                Held::Text(text) => {
                    self.set_aside(std::mem::take(&mut waiting));
                    self.account.blank_lines += std::mem::take(&mut blank);
                    self.taken += 1;
                    self.account.rows_read += 1;
                    self.step(text.as_deref());
                }
            }
        }
        self.account.limit_reached = self.asked.limit == Some(self.taken);
        if !self.account.limit_reached {
            self.set_aside(waiting);
            self.account.blank_lines += blank;
        }
        let op = |step| match (step, self.asked.filter) {
            (1, Some(_)) => "filter",
            _ => "pack",
        };
        let order = |why: &str| WHYS.iter().position(|other| *other == why);
        let mut dropped: Vec<_> = self.dropped.iter().collect();
        dropped.sort_by_key(|((step, why), _)| (*step, order(why)));
        let dropped = dropped.into_iter().map(|((step, why), rows)| Dropped {
            rows: *rows,
            step: Some(*step),
            op: op(*step).to_owned(),
            column: "text".to_owned(),
            why: (*why).to_owned(),
        });
        self.account.dropped = dropped.collect();
        self.account.rows_dropped = self.dropped.values().sum();
        self.account
    }

    fn set_aside(&mut self, n: u64) {
        let SetAside { units, rows, .. } = &mut self.account.set_aside;
        *units += n;
        *rows += n;
        self.account.rows_read += n;
    }

    fn drop_row(&mut self, step: u32, why: &'static str) {
        *self.dropped.entry((step, why)).or_default() += 1;
    }

    fn step(&mut self, text: Option<&str>) {
        if let Some(filter) = self.asked.filter {
            let why = match text.map(|text| text.len() as u64) {
                None if !filter.keep_nulls => Some("null"),
                Some(len) if len < filter.least => Some("too_short"),
                Some(len) if len > filter.greatest => Some("too_long"),
                _ => None,
            };
            if let Some(why) = why {
                return self.drop_row(1, why);
            }
        }
        if self.asked.pack.is_some() {
            self.pack(text);
        } else {
            self.account.rows_kept += 1;
        }
    }

    fn pack(&mut self, text: Option<&str>) {
        let step = if self.asked.filter.is_some() { 4 } else { 3 };
        let Some(text) = text else {
            return self.drop_row(step, "null");
        };
        if text.contains(END) {
            // It was counted as read, and is a unit of its own.
            self.account.set_aside.units += 1;
            self.account.set_aside.rows += 1;
            return;
        }
        let mut ids = Vec::new();
        self.encoder.encode(text, Special::Text, &mut ids).unwrap();
        match (ids.len(), self.asked.pack) {
            (0, _) => return self.drop_row(step, "empty"),
            (n, Some("drop")) if n > LENGTH => return self.drop_row(step, "too_long"),
            (n, Some("truncate")) if n > LENGTH => {
                self.account.truncated.documents += 1;
                self.account.truncated.tokens += (n - LENGTH) as u64;
                ids.truncate(LENGTH);
            }
            _ => {}
        }
        self.account.rows_kept += 1;
        self.account.tokens += ids.len() as u64;
    }
}

fn asked(random: &mut Random) -> Asked {
    let filter = Filter {
        least: random.below(20) as u64,
        greatest: 20 + random.below(80) as u64,
        keep_nulls: random.below(2) == 0,
    };
    Asked {
        limit: (random.below(3) == 0).then(|| 1 + random.below(400) as u64),
        filter: (random.below(2) == 0).then_some(filter),
        pack: [None, Some("split"), Some("truncate"), Some("drop")][random.below(4)],
    }
}

fn options(random: &mut Random, fs: &MemFs) -> ShardOptions {
    ShardOptions {
        batch_bytes: [1, 300, 5000, 1 << 20][random.below(4)],
        fs: Arc::new(fs.clone()),
        ..ShardOptions::new([1, 2, 3, 17][random.below(4)])
    }
}

fn account(manifest: &Manifest) -> Account {
    manifest.account.clone().unwrap()
}

#[test]
fn the_account_is_that_of_the_inputs_however_the_run_goes() {
    let root = Path::new("/out");
    let mut seen = BTreeMap::<String, u64>::new();
    for seed in 0..24 {
        let mut random = Random::new(seed);
        let base = tempfile::tempdir().unwrap();
        let extension = if seed % 3 == 2 { "parquet" } else { "jsonl" };
        let rows = inputs(base.path(), &mut random, extension);
        let asked = asked(&mut random);
        let mut expected = Oracle::new(asked).walk(&rows);
        let text = pipeline(&asked, "");

        let whole = MemFs::default();
        let options_of_whole = options(&mut random, &whole);
        let manifest = runs::shard_with(base.path(), &text, root, &options_of_whole).unwrap();
        expected.rows_written = manifest.n_rows;
        if asked.pack.is_none() {
            assert_eq!(
                manifest.n_rows, expected.rows_kept,
                "seed {seed}: {asked:?}"
            );
        }
        assert_eq!(account(&manifest), expected, "seed {seed}: {asked:?}");
        for dropped in &expected.dropped {
            *seen.entry(dropped.why.clone()).or_default() += dropped.rows;
        }
        let files = dataset_files(&whole, root);

        // Broken off at any operation, and taken up by another number of
        // threads with other batches.
        for _ in 0..3 {
            let op = random.below(usize::try_from(whole.n_ops()).unwrap()) as u64;
            let fs = MemFs::new(Fault::PowerCut { op }, seed);
            let first = options(&mut random, &fs);
            // It may fail, or be done but for what is removed at the end.
            let _ = runs::shard_with(base.path(), &text, root, &first);
            let fs = fs.reboot();
            let second = options(&mut random, &fs);
            let again = runs::shard_with(base.path(), &text, root, &second).unwrap();
            assert_eq!(account(&again), expected, "seed {seed}, cut at {op}");
            assert_eq!(dataset_files(&fs, root), files, "seed {seed}, cut at {op}");
        }
    }
    // The inputs were as dirty as they were meant to be.
    for why in WHYS {
        assert!(seen.get(why).is_some_and(|n| *n > 20), "{seen:?}");
    }
}

#[test]
fn both_sides_of_a_split_account_for_all_rows() {
    let root = Path::new("/out");
    for seed in 100..108 {
        let mut random = Random::new(seed);
        let base = tempfile::tempdir().unwrap();
        let rows = inputs(base.path(), &mut random, "jsonl");
        let asked = Asked {
            limit: None,
            ..asked(&mut random)
        };
        let all = Oracle::new(asked).walk(&rows);
        let side = |side: &str, random: &mut Random| {
            let split =
                format!("split = {{ take = \"{side}\", validation = 0.4, key = \"id\" }}\n");
            let text = pipeline(&asked, &split);
            let options = options(random, &MemFs::default());
            account(&runs::shard_with(base.path(), &text, root, &options).unwrap())
        };
        let train = side("train", &mut random);
        let validation = side("validation", &mut random);
        let sums = |account: &Account| {
            let of = |dropped: &&Dropped| dropped.op == "split";
            let left_out: u64 = account.dropped.iter().filter(of).map(|d| d.rows).sum();
            (account.rows_read, left_out)
        };
        let (train_sums, validation_sums) = (sums(&train), sums(&validation));
        assert_eq!(train_sums.0, all.rows_read, "seed {seed}");
        assert_eq!(validation_sums.0, all.rows_read, "seed {seed}");
        // Each row is on one side: what one leaves out, the other looks at.
        let bad = rows.iter().filter(|row| **row == Held::Bad).count() as u64;
        assert_eq!(train_sums.1 + validation_sums.1, all.rows_read - bad);
        assert_eq!(train.blank_lines, all.blank_lines);
        assert_eq!(validation.blank_lines, all.blank_lines);
        assert!(train_sums.1 > 0 && validation_sums.1 > 0);
        assert_eq!(train.rows_kept + validation.rows_kept, all.rows_kept);
        assert_eq!(train.tokens + validation.tokens, all.tokens);
        let whys = |account: &Account| -> u64 {
            let steps = account.dropped.iter().filter(|d| d.step.is_some());
            steps.map(|d| d.rows).sum()
        };
        assert_eq!(whys(&train) + whys(&validation), all.rows_dropped);
    }
}

#[test]
fn what_cannot_be_counted_is_said_and_not_made_up() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("in");
    fs::create_dir(&folder).unwrap();
    let mut random = Random::new(3);
    let rows: Vec<Held> = (0..4000)
        .map(|_| Held::Text(Some(document(&mut random, 9))))
        .collect();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&lines(&mut random, &rows)).unwrap();
    let whole = gz.finish().unwrap();
    fs::write(folder.join("a.jsonl.gz"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.join("b.jsonl"), lines(&mut random, &rows[..7])).unwrap();
    let text = pipeline(&Asked::default(), "");
    let options = options(&mut random, &MemFs::default());
    let manifest = runs::shard_with(base.path(), &text, Path::new("/out"), &options).unwrap();
    let account = account(&manifest);
    assert_eq!(
        account.set_aside,
        SetAside {
            units: 1,
            rows: 0,
            units_of_unknown_rows: 1,
        }
    );
    // The lines before the break are there, and those of the other file.
    assert!((1007..4000).contains(&account.rows_read), "{account:?}");
    assert_eq!(account.rows_read, account.rows_kept);
    assert_eq!(account.rows_written, manifest.n_rows);
}
