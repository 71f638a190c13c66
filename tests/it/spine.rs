//! The main job, whole: files in, datasets out.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fuelrail::ErrorKind;
use fuelrail::format::{Dataset, VerifyOptions, verify};
use fuelrail::plan::{ExplainContext, Plan, explain_json};
use fuelrail::run::{Control, ShardOptions, samples, shard};
use fuelrail_kernels::tokenize::{Encoder, Special, Tokenizer};
use fuelrail_tests::fault::{Fault, MemFs};
use fuelrail_tests::output::dataset_files;
use fuelrail_tests::prose::{Random, document, jsonl};
use fuelrail_tests::runs;
use fuelrail_tests::tree::{dataset, difference};
use safetensors::SafeTensors;
use safetensors::tensor::TensorInfo;
use serde_json::Value;
use tempfile::TempDir;

const PACK: &str = r#"
[source]
uri = "corpus/*.jsonl"
part_size = "200KiB"
[[step]]
op = "filter"
column = "text"
min_length = 1
[[step]]
op = "tokenize"
column = "text"
tokenizer = "cl100k_base"
end_of_document = "<|endoftext|>"
[[step]]
op = "pack"
length = 64
window = 300
[sink]
uri = "unused"
shard_size = "128KiB"
"#;

/// A directory with three JSONL files under `corpus/`.
fn corpus() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("corpus")).unwrap();
    let mut random = Random::new(5);
    for (name, n) in [("a", 600), ("b", 1), ("c", 400)] {
        let lines = jsonl(&mut random, n, 200);
        fs::write(directory.path().join(format!("corpus/{name}.jsonl")), lines).unwrap();
    }
    directory
}

fn options(threads: usize, batch_bytes: usize) -> ShardOptions {
    ShardOptions {
        batch_bytes,
        ..ShardOptions::new(threads)
    }
}

/// The texts of the corpus by file and row.
fn texts(base: &Path, name: &str) -> Vec<String> {
    let lines = fs::read_to_string(base.join("corpus").join(name)).unwrap();
    lines
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            value["text"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn the_same_bytes_for_any_threads_and_batches() {
    let base = corpus();
    let pipelines = [
        PACK.to_owned(),
        PACK.replace("window = 300", "method = \"concat\""),
        PACK.replace("window = 300", "window = 300\noverlong = \"truncate\""),
        PACK.split("[[step]]\nop = \"pack\"")
            .next()
            .unwrap()
            .to_owned()
            + "[sink]\nuri = \"unused\"\nshard_size = \"64KiB\"\n",
    ];
    for (i, text) in pipelines.iter().enumerate() {
        let out = base.path().join(format!("{i}-expected"));
        runs::shard_with(base.path(), text, &out, &options(1, 1 << 20)).unwrap();
        let expected = dataset(&out).unwrap();
        assert!(
            expected.len() > 4,
            "expected several shards: {:?}",
            expected.keys()
        );
        for threads in [1, 2, 7, 17] {
            for batch_bytes in [1, 3000, 1 << 20] {
                let out = base.path().join(format!("{i}-{threads}-{batch_bytes}"));
                let options = options(threads, batch_bytes);
                runs::shard_with(base.path(), text, &out, &options).unwrap();
                assert_eq!(difference(&expected, &dataset(&out).unwrap()), None);
            }
        }
    }
}

#[test]
fn every_document_is_there_once_and_decodes() {
    let base = corpus();
    let out = base.path().join("out");
    runs::shard(base.path(), PACK, &out).unwrap();
    let opened = Dataset::open(&out).unwrap();
    let mut pieces = Vec::new();
    for sample in samples(&opened, 0..opened.n_rows()).unwrap() {
        for document in sample.documents {
            pieces.push((
                document.source,
                document.source_row,
                document.start,
                document.text,
            ));
        }
    }
    pieces.sort();
    let mut expected = Vec::new();
    let mut encoder = Encoder::new(Arc::new(Tokenizer::builtin("cl100k_base").unwrap()));
    for name in ["a.jsonl", "b.jsonl", "c.jsonl"] {
        for (row, text) in (0..).zip(texts(base.path(), name)) {
            if text.is_empty() {
                continue;
            }
            let mut ids = Vec::new();
            encoder.encode(&text, Special::Text, &mut ids).unwrap();
            ids.push(100_257);
            for (start, piece) in (0_u32..).step_by(64).zip(ids.chunks(64)) {
                let text = encoder.tokenizer().decode(piece).unwrap();
                let text = String::from_utf8_lossy(&text).into_owned();
                expected.push((name.to_owned(), row, start, Some(text)));
            }
        }
    }
    assert_eq!(pieces, expected);
    let report = verify(&out, &VerifyOptions { threads: 2 }, &|_| {}).unwrap();
    assert!(report.is_sound(), "{report:?}");
}

#[test]
fn a_second_run_finds_it_complete() {
    let base = corpus();
    let out = base.path().join("out");
    let first = runs::shard(base.path(), PACK, &out).unwrap();
    let bytes = dataset(&out).unwrap();
    let second = runs::shard(base.path(), PACK, &out).unwrap();
    assert_eq!(first, second);
    assert_eq!(difference(&bytes, &dataset(&out).unwrap()), None);
}

#[test]
fn a_stopped_run_goes_on_to_the_same_bytes() {
    let base = corpus();
    let expected = base.path().join("expected");
    runs::shard(base.path(), PACK, &expected).unwrap();
    let expected = dataset(&expected).unwrap();
    let out = base.path().join("out");
    let plan = runs::plan(base.path(), PACK, &out).unwrap();
    let control = Control::default();
    control.stop(2);
    let error = shard(&plan, &options(2, 1000), &control).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(Dataset::open(&out).is_err());
    shard(&plan, &options(3, 5000), &Control::default()).unwrap();
    assert_eq!(difference(&expected, &dataset(&out).unwrap()), None);
}

#[test]
fn changed_inputs_and_pipelines_are_refused_with_what_changed() {
    let base = corpus();
    let out = base.path().join("out");
    runs::shard(base.path(), PACK, &out).unwrap();
    let before = dataset(&out).unwrap();

    let changed = PACK.replace("length = 64", "length = 32");
    let error = runs::shard(base.path(), &changed, &out).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Changed);
    assert!(error.to_string().contains("length"), "{error}");

    // One byte in the middle of a file, its length unchanged.
    let path = base.path().join("corpus/a.jsonl");
    let mut lines = fs::read(&path).unwrap();
    let at = lines.len() / 2
        + lines[lines.len() / 2..]
            .iter()
            .position(|&b| b == b'e')
            .unwrap();
    lines[at] = b'E';
    fs::write(&path, lines).unwrap();
    let error = runs::shard(base.path(), PACK, &out).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Changed);
    assert!(error.to_string().contains("a.jsonl"), "{error}");
    assert_eq!(difference(&before, &dataset(&out).unwrap()), None);
}

#[test]
fn bad_content_fails_with_its_place_or_is_set_aside() {
    let base = tempfile::tempdir().unwrap();
    fs::create_dir(base.path().join("corpus")).unwrap();
    let lines =
        "{\"text\":\"one\"}\n{\"text\":\n{\"text\":\"<|endoftext|>\"}\n{\"text\":\"four\"}\n";
    fs::write(base.path().join("corpus/x.jsonl"), lines).unwrap();
    let text = PACK.replace(
        "end_of_document",
        "special_tokens = \"refuse\"\nend_of_document",
    );
    let out = base.path().join("out");
    let error = runs::shard(base.path(), &text, &out).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert_eq!(error.location().row, Some(1));
    assert!(
        error
            .location()
            .path
            .as_ref()
            .unwrap()
            .ends_with("corpus/x.jsonl")
    );

    let text = text.replace("part_size", "on_error = \"quarantine\"\npart_size");
    let out = base.path().join("set-aside");
    let manifest = runs::shard(base.path(), &text, &out).unwrap();
    assert_eq!(manifest.stats.documents, 2);
    let list = manifest.quarantine.unwrap();
    assert_eq!(list.n_units, 2);
    let listed = fs::read_to_string(out.join(list.file)).unwrap();
    let rows: Vec<u64> = listed
        .lines()
        .map(|line| {
            let unit: Value = serde_json::from_str(line).unwrap();
            unit["at"]["row"]
                .as_u64()
                .or_else(|| unit["row"].as_u64())
                .unwrap()
        })
        .collect();
    assert_eq!(rows, [1, 2]);
}

#[test]
fn limits_and_splits_are_what_they_say() {
    let base = corpus();
    let run = |extra: &str, name: &str| {
        let text = PACK.replace("part_size", &format!("{extra}\npart_size"));
        runs::shard(base.path(), &text, &base.path().join(name)).unwrap()
    };
    let all = run("", "all").stats;
    assert_eq!(run("limit = 123", "limit").stats.rows_read, 123);
    let split = |side: &str| {
        let split = format!("split = {{ take = \"{side}\", validation = 0.2, key = \"text\" }}");
        run(&split, side).stats
    };
    let (train, validation) = (split("train"), split("validation"));
    assert_eq!(train.rows_read + validation.rows_read, all.rows_read);
    assert_eq!(train.tokens + validation.tokens, all.tokens);
    assert!((100..400).contains(&validation.rows_read), "{validation:?}");
}

#[test]
fn no_rows_make_an_empty_dataset() {
    let base = tempfile::tempdir().unwrap();
    fs::create_dir(base.path().join("corpus")).unwrap();
    let line = format!("{{\"text\":{:?}}}\n", document(&mut Random::new(1), 0));
    fs::write(base.path().join("corpus/x.jsonl"), line).unwrap();
    let out = base.path().join("out");
    let manifest = runs::shard(base.path(), PACK, &out).unwrap();
    assert_eq!((manifest.n_rows, manifest.shards.len()), (0, 0));
    assert_eq!(manifest.stats.dropped.iter().sum::<u64>(), 1);
    let opened = Dataset::open(&out).unwrap();
    assert_eq!(samples(&opened, 0..0).unwrap(), []);
}

/// What `fuelrail plan` lists, and what a shard's header says: name, dtype and
/// dimensions, `None` where the number depends on the rows.
type Listed = Vec<(String, String, Vec<Option<u64>>)>;

fn explained(plan: &Plan) -> Listed {
    let context = ExplainContext {
        threads: 1,
        device: &[],
        memory_bound: None,
    };
    let json = explain_json(plan, &context);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tensor = |tensor: &Value| {
        let shape = text(&tensor["shape"]);
        let dims = shape.trim_matches(['[', ']']).split(", ");
        let dims = dims.map(|dim| dim.parse().ok()).collect();
        (text(&tensor["name"]), text(&tensor["dtype"]), dims)
    };
    json["tensors"]
        .as_array()
        .unwrap()
        .iter()
        .map(tensor)
        .collect()
}

/// The tensors of a shard but pads, in the order they lie in.
fn held(shard: &[u8]) -> Listed {
    let (_, header) = SafeTensors::read_metadata(shard).unwrap();
    let mut tensors: Vec<_> = header.tensors().into_iter().collect();
    tensors.retain(|(name, _)| !name.starts_with("__pad."));
    tensors.sort_by_key(|(_, tensor)| tensor.data_offsets);
    let tensor = |(name, tensor): (String, &TensorInfo)| {
        let behind = tensor.shape.iter().skip(1).map(|&dim| Some(dim as u64));
        let dims = [None].into_iter().chain(behind).collect();
        (name, format!("{:?}", tensor.dtype), dims)
    };
    tensors.into_iter().map(tensor).collect()
}

#[test]
fn a_plan_lists_the_tensors_that_its_shards_hold() {
    let base = corpus();
    let text = PACK.split("[[step]]").next().unwrap().to_owned();
    let plain = text + "[sink]\nuri = \"unused\"\n";
    for (i, text) in [PACK, &plain].into_iter().enumerate() {
        let out = base.path().join(i.to_string());
        runs::shard(base.path(), text, &out).unwrap();
        let plan = runs::plan(base.path(), text, &out).unwrap();
        let listed = explained(&plan);
        assert!(listed.iter().any(|(name, ..)| name == "__origin.file"));
        for (path, bytes) in dataset(&out).unwrap() {
            if path.starts_with("shards/") {
                assert_eq!(held(&bytes), listed, "{path}");
            }
        }
    }
}

#[test]
fn a_panic_while_writing_is_an_error_and_loses_nothing() {
    let base = corpus();
    let root = Path::new("/out");
    let run = |fs: &MemFs, threads| {
        let options = ShardOptions {
            fs: Arc::new(fs.clone()),
            ..ShardOptions::new(threads)
        };
        runs::shard_with(base.path(), PACK, root, &options)
    };
    let whole = MemFs::default();
    run(&whole, 2).unwrap();
    let begin = (0..whole.n_ops()).find(|op| {
        whole
            .op_name(*op)
            .starts_with("create /out/.fuelrail/tmp/part")
    });
    // With 17 threads, several parts are worked on at once.
    for threads in [2, 17] {
        let fs = MemFs::new(Fault::Panic { op: begin.unwrap() }, 0);
        let error = run(&fs, threads).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(error.message().contains("a panic on command"), "{error}");
        run(&fs, threads).unwrap();
        assert_eq!(dataset_files(&fs, root), dataset_files(&whole, root));
    }
}
