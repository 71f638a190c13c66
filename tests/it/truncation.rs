//! Documents that `tokenize` cuts: what is kept, counted and said, however the run
//! goes.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fuelrail::format::Manifest;
use fuelrail::run::ShardOptions;
use fuelrail_kernels::tokenize::{Encoder, Special, Tokenizer};
use fuelrail_tests::fault::{Fault, MemFs};
use fuelrail_tests::output::dataset_files;
use fuelrail_tests::prose::{Random, document};
use fuelrail_tests::runs;
use serde_json::json;

use crate::plan::CONTEXT;

/// Tokens of a document, the one behind it among them.
const MAX_LENGTH: usize = 9;

fn pipeline(keys: &str, rest: &str) -> String {
    format!(
        "[source]\nuri = \"in\"\npart_size = \"24KiB\"\n[[step]]\nop = \"tokenize\"\ncolumn = \"text\"\n\
         tokenizer = \"gpt2\"\nend_of_document = \"<|endoftext|>\"\n{keys}\n{rest}\
         [sink]\nuri = \"out\"\nshard_size = \"96KiB\"\n"
    )
}

fn options(random: &mut Random, fs: &MemFs) -> ShardOptions {
    ShardOptions {
        batch_bytes: [1, 300, 5000, 1 << 20][random.below(4)],
        fs: Arc::new(fs.clone()),
        ..ShardOptions::new([1, 2, 5][random.below(3)])
    }
}

/// Documents kept, tokens kept, documents cut, and tokens lost.
fn counts(manifest: &Manifest) -> [u64; 4] {
    let account = manifest.account.as_ref().unwrap();
    let cut = account.truncated;
    [account.rows_kept, account.tokens, cut.documents, cut.tokens]
}

#[test]
fn what_is_cut_is_counted_however_the_run_goes() {
    let root = Path::new("/out");
    let mut encoder = Encoder::new(Arc::new(Tokenizer::builtin("gpt2").unwrap()));
    let pack = "[[step]]\nop = \"pack\"\nlength = 32\nwindow = 20\n";
    for (seed, (keys, rest)) in (0..).zip([
        ("max_length = 9", ""),
        ("max_length = 9\ntruncation_side = \"left\"", pack),
        ("max_length = 9\noffsets = \"bytes\"\ncount = \"n\"", ""),
        (
            "max_length = 9\noffsets = \"chars\"\nkeep_text = true",
            pack,
        ),
    ]) {
        let mut random = Random::new(seed);
        let base = tempfile::tempdir().unwrap();
        fs::create_dir(base.path().join("in")).unwrap();
        let mut expected = [0; 4];
        for file in 0..3 {
            let mut lines = String::new();
            for _ in 0..300 {
                let n_words = random.below(14);
                let text = document(&mut random, n_words);
                let n_tokens = encoder.count(&text, Special::Text).unwrap() + 1;
                let n_lost = n_tokens.saturating_sub(MAX_LENGTH);
                let cut = usize::from(n_lost > 0);
                for (sum, n) in expected.iter_mut().zip([1, n_tokens - n_lost, cut, n_lost]) {
                    *sum += n as u64;
                }
                lines += &(json!({"text": text}).to_string() + "\n");
            }
            fs::write(base.path().join(format!("in/{file}.jsonl")), lines).unwrap();
        }
        assert!(expected[2] > 200 && expected[2] < 800, "{expected:?}");
        let text = pipeline(keys, rest);
        let whole = MemFs::default();
        let all = options(&mut random, &whole);
        let manifest = runs::shard_with(base.path(), &text, root, &all).unwrap();
        assert_eq!(counts(&manifest), expected, "{keys}");
        let files = dataset_files(&whole, root);
        for _ in 0..3 {
            let op = random.below(usize::try_from(whole.n_ops()).unwrap()) as u64;
            let fs = MemFs::new(Fault::PowerCut { op }, seed);
            let first = options(&mut random, &fs);
            // It may fail, or be done but for what is removed at the end.
            let _ = runs::shard_with(base.path(), &text, root, &first);
            let fs = fs.reboot();
            let second = options(&mut random, &fs);
            let again = runs::shard_with(base.path(), &text, root, &second).unwrap();
            assert_eq!(counts(&again), expected, "{keys}, cut at {op}");
            assert_eq!(dataset_files(&fs, root), files, "{keys}, cut at {op}");
        }
    }
}

#[test]
fn plans_say_what_is_cut_and_what_is_made() {
    let base = tempfile::tempdir().unwrap();
    fs::create_dir(base.path().join("in")).unwrap();
    fs::write(base.path().join("in/a.jsonl"), "{\"text\": \"a\"}\n").unwrap();
    let said = |keys: &str| {
        let plan = runs::plan(base.path(), &pipeline(keys, ""), Path::new("/out")).unwrap();
        let text = fuelrail::plan::explain(&plan, &CONTEXT);
        let about = |line: &&str| line.starts_with("step 1") || line.starts_with("note");
        let lines: Vec<&str> = text.lines().filter(about).collect();
        let names: Vec<_> = plan
            .output
            .iter()
            .map(|column| column.name.clone())
            .collect();
        (lines.join("\n"), names, plan.identity.digest)
    };
    let (plain, names, digest) = said("");
    assert_eq!(names, ["tokens"]);
    let begin = plain.clone();
    let (line, names, other) =
        said("max_length = 9\noffsets = \"chars\"\nkeep_text = true\ncount = \"n\"");
    assert_eq!(names, ["text", "tokens", "tokens_start", "tokens_end", "n"]);
    assert_eq!(
        line,
        format!(
            "{begin}, the first 9 tokens of each, places in characters, counted in n\n\
             note     documents of more than 9 tokens lose what is beyond (step 1, tokenize)"
        )
    );
    assert_ne!(other, digest);
    let (line, _, left) = said("max_length = 9\ntruncation_side = \"left\"");
    assert!(
        line.contains("lose what is before the last 9 (step 1, tokenize)"),
        "{line}"
    );
    assert_ne!(left, said("max_length = 9\ntruncation_side = \"right\"").2);
    assert_eq!(
        said("max_length = 9").2,
        said("max_length = 9\ntruncation_side = \"right\"").2
    );
    // What holds all ids is the same type, whether it is named or not.
    assert_eq!(said("dtype = \"uint16\"").2, digest);
    assert_ne!(said("dtype = \"uint32\"").2, digest);
}
