//! What the operating system does to a run of the program: signals, a second
//! writer, no room, no descriptors, a file system that cannot be written.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use fuelrail_tests::cli::{Ran, begin, end, fuelrail, mounting_shell, shell};
use fuelrail_tests::prose::{Random, jsonl};
use fuelrail_tests::tree::{dataset, difference, work_files};
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
length = 128
window = 500
[sink]
uri = "out"
shard_size = "256KiB"
"#;

/// A pipeline over `n` documents, and its dataset by a run nobody disturbed.
fn workplace(n: usize) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("p.toml"), PIPELINE).unwrap();
    let lines = jsonl(&mut Random::new(23), n, 200);
    fs::write(dir.path().join("docs.jsonl"), lines).unwrap();
    let ran = fuelrail(dir.path(), &["shard", "p.toml", "--out", "expected"], b"");
    assert_eq!(ran.code, 0, "{}", ran.err);
    dir
}

#[track_caller]
fn assert_as_expected(dir: &Path, out: &str) {
    let expected = dataset(&dir.join("expected")).unwrap();
    let got = dataset(&dir.join(out)).unwrap();
    assert_eq!(difference(&expected, &got), None);
}

#[track_caller]
fn error(ran: &Ran) -> Value {
    let error: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(error["error"]["exit_code"], ran.code, "{error}");
    error["error"].clone()
}

/// Starts the run `args` and waits until it has committed a shard to `out`,
/// then stops it there: a busy machine may let it end before anyone looks, in
/// which case it is begun anew.
fn begin_and_halt(dir: &Path, args: &[&str], out: &Path) -> Child {
    let count = |out: &Path| fs::read_dir(out.join("shards")).map_or(0, Iterator::count);
    let all = count(&dir.join("expected"));
    let mut attempts = 0..50;
    loop {
        assert!(
            attempts.next().is_some(),
            "every run ended before it could be halted"
        );
        let mut child = begin(dir, args);
        while child.try_wait().unwrap().is_none() {
            if count(out) > 0 {
                break;
            }
            sleep(Duration::from_millis(1));
        }
        send(&child, "STOP");
        // Far from its end, which no signal stops.
        if (1..=all / 2).contains(&count(out)) {
            return child;
        }
        child.kill().unwrap();
        _ = end(child);
        fs::remove_dir_all(out).unwrap();
    }
}

fn send(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    // Not to one that has ended, but nobody else has its number before it is
    // waited for.
    Command::new("kill")
        .args(["-s", signal, &pid])
        .output()
        .unwrap();
}

#[test]
fn a_signal_ends_a_run_with_its_code_and_the_next_run_completes_it() {
    let dir = workplace(30_000);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let out = dir.path().join(signal);
        let args = [
            "shard",
            "p.toml",
            "--json",
            "--out",
            signal,
            "--threads",
            "1",
        ];
        let child = begin_and_halt(dir.path(), &args, &out);
        send(&child, signal);
        send(&child, "CONT");
        let ran = end(child);
        let stopped: Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{stopped}");
        assert_eq!(stopped["error"]["kind"], "interrupted");
        assert_eq!(stopped["error"]["exit_code"], code, "{stopped}");
        assert!(!out.join("dataset.json").exists());

        let ran = fuelrail(dir.path(), &args, b"");
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_as_expected(dir.path(), signal);
        assert_eq!(work_files(&out).unwrap(), ["lock", "run.jsonl"]);
    }
}

#[test]
fn a_second_writer_is_refused_and_the_first_goes_on() {
    let dir = workplace(30_000);
    let args = ["shard", "p.toml", "--json", "--threads", "1"];
    let first = begin_and_halt(dir.path(), &args, &dir.path().join("out"));
    for more in [&[][..], &["--replace"]] {
        let second = fuelrail(dir.path(), &[&args[..], more].concat(), b"");
        assert_eq!(
            (second.code, &error(&second)["kind"]),
            (75, &"locked".into())
        );
    }
    send(&first, "CONT");
    assert_eq!(end(first).code, 0);
    assert_as_expected(dir.path(), "out");
}

#[test]
fn a_full_disk_is_told_and_the_run_goes_on_when_there_is_room() {
    let dir = workplace(8_000);
    let script = "set -e
        mkdir disk
        mount -t tmpfs -o size=3m none disk
        $FUELRAIL shard p.toml --json --out disk/out 2>full.json && exit 9
        echo code $?
        ls disk/out/dataset.json 2>/dev/null && exit 8
        mount -o remount,size=64m disk
        $FUELRAIL shard p.toml --out disk/out >/dev/null
        cp -r disk/out full";
    let Some(ran) = mounting_shell(dir.path(), script) else {
        return;
    };
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "code 75\n"),
        "{}",
        ran.err
    );
    let told = fs::read_to_string(dir.path().join("full.json")).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["error"]["kind"], "io");
    assert!(
        told["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("free space"),
        "{told}"
    );
    assert_as_expected(dir.path(), "full");
}

#[test]
fn a_full_disk_leaves_the_dataset_that_was_to_be_replaced() {
    let dir = workplace(8_000);
    let script = "set -e
        mkdir disk
        mount -t tmpfs -o size=4m none disk
        $FUELRAIL shard p.toml --out disk/out --set source.limit=100 >/dev/null
        cp disk/out/dataset.json before
        $FUELRAIL shard p.toml --out disk/out --replace && exit 9
        cmp disk/out/dataset.json before
        $FUELRAIL verify disk/out";
    let Some(ran) = mounting_shell(dir.path(), script) else {
        return;
    };
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("No space left on device"), "{}", ran.err);
    assert!(ran.out.contains("sound: "), "{}", ran.out);
}

#[test]
fn a_read_only_file_system_is_told_and_read() {
    let dir = workplace(500);
    let script = "set -e
        mkdir disk
        mount -t tmpfs -o size=64m none disk
        cp -r expected disk/out
        mount -o remount,ro disk
        $FUELRAIL verify disk/out >/dev/null
        $FUELRAIL inspect disk/out >/dev/null
        for out in new out; do
            $FUELRAIL shard p.toml --out disk/$out --set pack.length=32 --replace && exit 9
            echo code $?
        done";
    let Some(ran) = mounting_shell(dir.path(), script) else {
        return;
    };
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "code 75\ncode 75\n"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("Read-only file system"), "{}", ran.err);
}

#[test]
fn too_few_descriptors_are_told_at_any_number_of_them() {
    let dir = workplace(500);
    let mut n_refused = 0;
    for limit in 5..64 {
        let script = format!("ulimit -n {limit}; exec $FUELRAIL shard p.toml --json");
        let ran = shell(dir.path(), &script);
        if ran.code == 0 {
            break;
        }
        let told = error(&ran);
        assert_eq!((ran.code, &told["kind"]), (75, &"io".into()), "{told}");
        assert!(
            told["hint"].as_str().unwrap().contains("ulimit -n"),
            "{told}"
        );
        n_refused += 1;
    }
    assert!(n_refused > 1, "{n_refused}");
    assert_as_expected(dir.path(), "out");
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_a_full_one_is() {
    let dir = workplace(500);
    let ran = shell(
        dir.path(),
        "for verb in 'plan p.toml' 'inspect expected --samples 1000' schema; do
            { $FUELRAIL $verb; echo code $? >&2; } | head -n 1 >/dev/null
        done",
    );
    assert_eq!(ran.err, "code 0\ncode 0\ncode 0\n");
    let ran = shell(dir.path(), "$FUELRAIL plan p.toml --json >/dev/full");
    assert_eq!((ran.code, &error(&ran)["kind"]), (75, &"io".into()));
}
