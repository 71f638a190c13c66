//! `shard`, `inspect` and `verify` as programs: what they print, their JSON and
//! their exit codes. Signals and full disks are in `faults.rs`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::path::{Path, PathBuf};

use fuelrail_tests::cli::{Ran, fuelrail, shell};
use fuelrail_tests::prose::{Random, jsonl};
use serde_json::Value;
use tempfile::TempDir;

const PIPELINE: &str = r#"
[source]
uri = "docs.jsonl"
[[step]]
op = "tokenize"
column = "text"
tokenizer = "gpt2"
end_of_document = "<|endoftext|>"
[[step]]
op = "pack"
length = 64
window = 200
[sink]
uri = "out"
shard_size = "40KiB"
"#;

fn workplace() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("p.toml"), PIPELINE).unwrap();
    let lines = jsonl(&mut Random::new(11), 800, 80);
    fs::write(dir.path().join("docs.jsonl"), lines).unwrap();
    dir
}

fn run(dir: &TempDir, args: &[&str]) -> Ran {
    fuelrail(dir.path(), args, b"")
}

/// The JSON of a run that went well.
#[track_caller]
fn result(ran: &Ran) -> Value {
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    serde_json::from_str(&ran.out).unwrap()
}

/// The error of a run that did not, its exit code as stated in it.
#[track_caller]
fn error(ran: &Ran) -> Value {
    let error: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(error["error"]["exit_code"], ran.code, "{error}");
    error["error"].clone()
}

fn shards(dir: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir.path().join("out/shards")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_dataset_is_written_inspected_and_verified() {
    let dir = workplace();
    let wrote = result(&run(&dir, &["shard", "p.toml", "--json"]));
    assert_eq!(wrote["wrote"], true);
    assert_eq!(wrote["stats"]["documents"], 800);
    let n_shards = shards(&dir).len();
    assert!(n_shards > 2, "{n_shards}");
    assert_eq!(wrote["n_shards"], n_shards);

    let again = result(&run(&dir, &["shard", "p.toml", "--json"]));
    assert_eq!(
        (&again["wrote"], &again["digest"]),
        (&Value::Bool(false), &wrote["digest"])
    );
    let again = run(&dir, &["shard", "p.toml"]);
    assert!(
        again.out.starts_with("complete already: out: "),
        "{}",
        again.out
    );

    let shown = result(&run(&dir, &["inspect", "out", "--json", "--samples", "2"]));
    assert_eq!(shown["digest"], wrote["digest"]);
    assert_eq!(shown["samples"].as_array().unwrap().len(), 2);
    let shown = run(&dir, &["inspect", "out"]);
    assert!(shown.out.contains("<|endoftext|>"), "{}", shown.out);
    let beyond = run(&dir, &["inspect", "out", "--row", "99999", "--json"]);
    assert_eq!((beyond.code, &error(&beyond)["kind"]), (2, &"usage".into()));

    let sound = result(&run(&dir, &["verify", "out", "--json"]));
    assert_eq!(
        (&sound["sound"], &sound["n_rows"]),
        (&Value::Bool(true), &wrote["n_rows"])
    );
}

#[test]
fn one_of_a_thing_is_singular_and_dropped_rows_are_told() {
    let dir = workplace();
    fs::write(
        dir.path().join("docs.jsonl"),
        "{\"text\":\"one\"}\n{\"text\":null}\nbad\n",
    )
    .unwrap();
    let set = ["shard", "p.toml", "--set", "source.on_error=quarantine"];
    let ran = run(&dir, &set);
    let line = "1 row in 1 shard (32.01 KiB), from 1 document, 2 tokens, 1 row dropped\n";
    assert!(ran.out.contains(line), "{}", ran.out);
    assert!(
        ran.out
            .contains("\nset aside: 1 unit, listed in out/quarantine-"),
        "{}",
        ran.out
    );
    let shown = run(&dir, &["inspect", "out"]);
    assert!(shown.out.contains("\ndropped    1 row\n"), "{}", shown.out);
}

#[test]
fn a_dataset_of_no_rows_was_written_all_the_same() {
    let dir = workplace();
    fs::write(dir.path().join("docs.jsonl"), "{\"text\":null}\n").unwrap();
    let declared = "[source.schema]\ntext = \"string\"\n[[step]]";
    let pipeline = PIPELINE.replacen("[[step]]", declared, 1);
    fs::write(dir.path().join("p.toml"), pipeline).unwrap();
    let ran = run(&dir, &["shard", "p.toml"]);
    assert!(
        ran.out.starts_with("wrote out: 0 rows in 0 shards"),
        "{}",
        ran.out
    );
    let ran = run(&dir, &["shard", "p.toml"]);
    assert!(
        ran.out.starts_with("complete already: out: 0 rows"),
        "{}",
        ran.out
    );
    assert_eq!(run(&dir, &["verify", "out"]).code, 0);
}

#[test]
fn another_pipeline_or_input_is_refused_with_what_changed() {
    let dir = workplace();
    assert_eq!(run(&dir, &["shard", "p.toml"]).code, 0);
    let before = fs::read(dir.path().join("out/dataset.json")).unwrap();
    let set = ["shard", "p.toml", "--json", "--set", "pack.length=32"];
    let ran = run(&dir, &set);
    let refused = error(&ran);
    assert_eq!((ran.code, &refused["kind"]), (3, &"changed".into()));
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.ends_with("step 2 (pack).length: 64 -> 32"),
        "{message}"
    );
    assert_eq!(
        fs::read(dir.path().join("out/dataset.json")).unwrap(),
        before
    );

    fs::write(dir.path().join("docs.jsonl"), "{\"text\":\"other\"}\n").unwrap();
    let refused = error(&run(&dir, &["shard", "p.toml", "--json"]));
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.ends_with("inputs: docs.jsonl content changed"),
        "{message}"
    );

    assert_eq!(run(&dir, &["shard", "p.toml", "--replace"]).code, 0);
    assert_eq!(shards(&dir).len(), 1);
    assert_eq!(run(&dir, &["verify", "out"]).code, 0);
}

#[test]
fn verify_names_what_is_damaged() {
    let dir = workplace();
    assert_eq!(run(&dir, &["shard", "p.toml"]).code, 0);
    let paths = shards(&dir);
    let whole: Vec<_> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    let verify = || {
        let ran = run(&dir, &["verify", "out", "--json"]);
        assert_eq!((ran.code, &error(&ran)["kind"]), (1, &"damage".into()));
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(report["sound"], false);
        report["findings"].as_array().unwrap().clone()
    };
    let restore = || {
        for (path, bytes) in paths.iter().zip(&whole) {
            fs::write(path, bytes).unwrap();
        }
    };

    flip(&paths[1], 4096);
    let found = verify();
    assert_eq!((found.len(), &found[0]["block"]), (1, &0.into()));
    assert!(found[0]["rows"].is_array(), "{found:?}");
    let name = paths[1].file_name().unwrap().to_str().unwrap();
    assert_eq!(found[0]["file"], format!("shards/{name}"));
    restore();

    fs::write(&paths[0], &whole[0][..5000]).unwrap();
    fs::remove_file(&paths[1]).unwrap();
    assert_eq!(verify().len(), 2);
    restore();

    fs::write(&paths[0], &whole[1]).unwrap();
    fs::write(&paths[1], &whole[0]).unwrap();
    assert_eq!(verify().len(), 2);
    restore();
    assert_eq!(run(&dir, &["verify", "out"]).code, 0);

    let manifest = dir.path().join("out/dataset.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replacen("\"n_rows\": ", "\"n_rows\": 1", 1)).unwrap();
    for verb in ["verify", "inspect"] {
        let ran = run(&dir, &[verb, "out", "--json"]);
        assert_eq!((ran.code, &error(&ran)["kind"]), (1, &"damage".into()));
    }
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_refused_not_waited_for() {
    let dir = workplace();
    assert_eq!(run(&dir, &["shard", "p.toml"]).code, 0);
    let shard = &shards(&dir)[0];
    fs::remove_file(shard).unwrap();
    let name = shard.display();
    assert_eq!(
        shell(dir.path(), &format!("mkfifo '{name}' in.jsonl")).code,
        0
    );
    let ran = run(&dir, &["verify", "out"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out
            .contains("expected a shard, got something that is no file"),
        "{}",
        ran.out
    );
    let ran = run(
        &dir,
        &["plan", "p.toml", "--json", "--set", "source.uri=in.jsonl"],
    );
    assert_eq!(
        error(&ran)["message"],
        "expected a file or a directory, got a pipe or a device"
    );
}

#[test]
fn where_there_is_no_dataset_a_hint_says_so() {
    let dir = workplace();
    let ran = run(&dir, &["inspect", ".", "--json"]);
    let none = error(&ran);
    assert_eq!(
        (ran.code, &none["message"]),
        (2, &"expected a dataset, found no manifest".into())
    );
    assert!(
        none["hint"].as_str().unwrap().contains("dataset.json"),
        "{none}"
    );
    fs::create_dir(dir.path().join(".fuelrail")).unwrap();
    let none = error(&run(&dir, &["verify", ".", "--json"]));
    assert!(
        none["hint"].as_str().unwrap().contains("not finished"),
        "{none}"
    );
}

#[test]
fn broken_inputs_say_what_is_wrong_with_them() {
    let dir = workplace();
    let at = |name: &str| dir.path().join(name);
    let lines = fs::read(at("docs.jsonl")).unwrap();
    let frame = zstd::encode_all(lines.as_slice(), 3).unwrap();
    fs::write(at("a.jsonl.zst"), &frame[..frame.len() / 2]).unwrap();
    fs::write(at("b.jsonl.gz"), &lines).unwrap();
    fs::write(at("c.parquet"), b"PAR1").unwrap();
    fs::write(at("d.jsonl"), [lines.as_slice(), b"no json\n"].concat()).unwrap();
    for (name, message) in [
        ("a.jsonl.zst", "cannot decompress: "),
        (
            "b.jsonl.gz",
            "expected gzip, got text that is not compressed",
        ),
        ("c.parquet", "cannot read the Parquet footer: "),
        ("d.jsonl", "expected a JSON object, got 'n'"),
    ] {
        let set = format!("source.uri={name}");
        let ran = run(&dir, &["shard", "p.toml", "--json", "--set", &set]);
        let told = error(&ran);
        assert_eq!((ran.code, &told["kind"]), (1, &"data".into()), "{name}");
        assert!(
            told["message"].as_str().unwrap().starts_with(message),
            "{told}"
        );
        assert!(
            told["location"]["path"].as_str().unwrap().ends_with(name),
            "{told}"
        );
    }
    assert_eq!(
        error(&run(
            &dir,
            &["shard", "p.toml", "--json", "--set", "source.uri=d.jsonl"]
        ))["location"]["row"],
        800
    );
}

#[test]
fn nothing_from_an_input_steers_the_terminal() {
    let dir = workplace();
    let text = r#"{"text":"\u001b]0;title\u0007 \u202e turned"}"#;
    fs::write(dir.path().join("docs.jsonl"), text).unwrap();
    assert_eq!(run(&dir, &["shard", "p.toml"]).code, 0);
    let shown = run(&dir, &["inspect", "out"]);
    assert!(
        shown.out.contains(r"\u{1b}]0;title\u{7} \u{202e} turned"),
        "{}",
        shown.out
    );
    let ran = run(&dir, &["plan", "p\u{1b}[31m.toml"]);
    assert!(ran.err.contains(r"(p\u{1b}[31m.toml)"), "{}", ran.err);
}

#[test]
fn too_many_threads_are_usage() {
    let dir = workplace();
    for n in ["0", "100000", "x"] {
        let ran = run(&dir, &["shard", "p.toml", "--threads", n]);
        assert_eq!(ran.code, 2);
        assert!(
            ran.err.contains("expected a whole number from 1 to 1024"),
            "{}",
            ran.err
        );
    }
    assert_eq!(run(&dir, &["shard", "p.toml", "--threads", "300"]).code, 0);
}

#[test]
fn doctor_has_json_and_a_code() {
    let dir = workplace();
    let ran = run(&dir, &["doctor", "--json"]);
    assert_eq!(result(&ran)["ok"], true);
    let ran = run(&dir, &["doctor", "--json", "--out", "p.toml/x"]);
    assert_eq!(ran.code, 75, "{}", ran.out);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["ok"], false);
    assert_eq!(error(&ran)["kind"], "io");
}

#[test]
fn a_dry_run_writes_nothing() {
    let dir = workplace();
    let plan = result(&run(&dir, &["shard", "p.toml", "--dry-run", "--json"]));
    assert_eq!(plan["inputs"]["count"], 1);
    assert!(!dir.path().join("out").exists());
}
