//! What steps put in the place of values, and null keys of a split, are counted
//! the same however a run goes.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use fuelrail::format::Account;
use fuelrail::run::ShardOptions;
use fuelrail_tests::fault::{Fault, MemFs};
use fuelrail_tests::output::dataset_files;
use fuelrail_tests::prose::Random;
use fuelrail_tests::runs;

const STEPS: &str = "[[step]]\nop = \"normalize\"\ncolumn = [\"x\", \"l\"]\nmean = 0\nstd = 1\nfill = 7\n\
    [[step]]\nop = \"cast\"\ncolumn = [\"n\", \"l\"]\ndtype = \"uint8\"\noverflow = \"saturate\"\n\
    [[step]]\nop = \"cast\"\ncolumn = [\"m\"]\ndtype = \"int8\"\n";

/// What the account should say of the changes, by column, and of null keys.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    x_filled: u64,
    n_saturated: u64,
    l_filled: u64,
    l_saturated: u64,
    null_keys: u64,
}

fn number(random: &mut Random) -> Option<i64> {
    let value = i64::try_from(random.below(600)).unwrap() - 150;
    (random.below(4) > 0).then_some(value)
}

fn shown(number: Option<i64>) -> String {
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}

/// Lines, and what becomes of those on the side that null keys are on.
fn lines(random: &mut Random) -> (String, Counts) {
    let mut text = "{\"k\":\"k\",\"x\":1.5,\"n\":1,\"l\":[1],\"m\":1}\n".to_owned();
    let mut counts = Counts::default();
    for _ in 0..700 {
        let [x, n] = [(); 2].map(|()| number(random));
        let list: Vec<_> = (0..random.below(4)).map(|_| number(random)).collect();
        let is_bad = random.below(10) == 0;
        let m = if is_bad { 1000 } else { 5 };
        let items: Vec<String> = list.iter().copied().map(shown).collect();
        let items = items.join(",");
        _ = writeln!(
            text,
            "{{\"k\":null,\"x\":{},\"n\":{},\"l\":[{items}],\"m\":{m}}}",
            shown(x),
            shown(n)
        );
        counts.null_keys += 1;
        // All numeric steps are one segment: a row that a later one refuses is
        // changed by none.
        if is_bad {
            continue;
        }
        let misfits = |number: &Option<i64>| number.is_some_and(|n| !(0..256).contains(&n));
        let count = |all: &[Option<i64>], which: &dyn Fn(&Option<i64>) -> bool| {
            all.iter().filter(|number| which(number)).count() as u64
        };
        counts.x_filled += u64::from(x.is_none());
        counts.n_saturated += count(&[n], &misfits);
        counts.l_filled += count(&list, &Option::is_none);
        counts.l_saturated += count(&list, &misfits);
    }
    (text, counts)
}

fn counts(account: &Account) -> Counts {
    let of = |column: &str, what: &str| {
        let mut all = account.converted.iter();
        all.find(|one| one.column == column && one.what == what)
            .map_or(0, |one| one.values)
    };
    let filled = "null filled (step 1, normalize)";
    let nearest = "nearest that fits (step 2, cast)";
    Counts {
        x_filled: of("x", filled),
        n_saturated: of("n", nearest),
        l_filled: of("l", filled),
        l_saturated: of("l", nearest),
        null_keys: account.null_split_keys,
    }
}

fn options(random: &mut Random, fs: &MemFs) -> ShardOptions {
    ShardOptions {
        batch_bytes: [1, 300, 5000, 1 << 20][random.below(4)],
        fs: Arc::new(fs.clone()),
        ..ShardOptions::new([1, 2, 3, 17][random.below(4)])
    }
}

#[test]
fn changes_are_counted_by_step_however_the_run_goes() {
    let root = Path::new("/out");
    let mut random = Random::new(7);
    let base = tempfile::tempdir().unwrap();
    let (text, expected) = lines(&mut random);
    assert!(expected.n_saturated > 50 && expected.l_filled > 50);
    fs::write(base.path().join("x.jsonl"), text).unwrap();
    let sides = ["train", "validation"].map(|side| {
        let pipeline = format!(
            "[source]\nuri = \"x.jsonl\"\non_error = \"quarantine\"\npart_size = \"4KiB\"\n\
             split = {{ take = \"{side}\", validation = 0.5, key = \"k\" }}\n{STEPS}\
             [sink]\nuri = \"unused\"\nshard_size = \"64KiB\"\n"
        );
        let whole = MemFs::default();
        let options_of_whole = options(&mut random, &whole);
        let manifest = runs::shard_with(base.path(), &pipeline, root, &options_of_whole).unwrap();
        let account = manifest.account.unwrap();
        let files = dataset_files(&whole, root);
        for seed in 0..6 {
            let op = random.below(usize::try_from(whole.n_ops()).unwrap()) as u64;
            let fs = MemFs::new(Fault::PowerCut { op }, seed);
            let first = options(&mut random, &fs);
            // It may fail, or be done but for what is removed at the end.
            let _ = runs::shard_with(base.path(), &pipeline, root, &first);
            let fs = fs.reboot();
            let second = options(&mut random, &fs);
            let again = runs::shard_with(base.path(), &pipeline, root, &second).unwrap();
            assert_eq!(
                again.account.as_ref(),
                Some(&account),
                "{side}, cut at {op}"
            );
            assert_eq!(dataset_files(&fs, root), files, "{side}, cut at {op}");
        }
        account
    });
    // Null keys are all on one side, and both say so.
    let [with, without] = {
        let [train, validation] = &sides;
        if train.rows_kept > validation.rows_kept {
            [train, validation]
        } else {
            [validation, train]
        }
    };
    assert_eq!(counts(with), expected);
    assert_eq!(without.null_split_keys, expected.null_keys);
    assert!(without.converted.is_empty(), "{:?}", without.converted);
}
