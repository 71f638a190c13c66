//! The program: its help, its results, its errors and its exit codes.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use fuelrail_tests::cli::{Ran, fuelrail, program};
use insta::assert_snapshot;
use serde_json::{Value, json};
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
length = 16
[sink]
uri = "shards"
"#;

fn workplace() -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("p.toml"), PIPELINE).unwrap();
    fs::write(
        dir.path().join("docs.jsonl"),
        "{\"text\":\"one\"}\n{\"text\":\"two words\"}\n",
    )
    .unwrap();
    dir
}

fn here(args: &[&str], input: &str) -> Ran {
    fuelrail(Path::new("."), args, input.as_bytes())
}

fn read_json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_verb_has_help() {
    let help = here(&["--help"], "");
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    let mut text = help.out.clone();
    let verbs: Vec<&str> = help
        .out
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    for verb in verbs {
        let help = here(&[verb, "--help"], "");
        assert_eq!(help.code, 0);
        write!(text, "\n---- {verb} ----\n{}", help.out).unwrap();
    }
    assert_snapshot!(text);
}

#[test]
fn plan_explains_and_refuses() {
    let dir = workplace();
    let plan = fuelrail(dir.path(), &["plan", "p.toml", "--threads", "2"], b"");
    assert_eq!((plan.code, plan.err.as_str()), (0, ""));
    assert_snapshot!("plan", plan.out);

    let plan = fuelrail(dir.path(), &["plan", "p.toml", "--json"], b"");
    let plan = read_json(&plan.out);
    assert_eq!(plan["inputs"]["count"], 1);
    assert_eq!(plan["parts"].as_array().unwrap().len(), 1);
    assert!(!dir.path().join("shards").exists());

    let wrong = fuelrail(
        dir.path(),
        &["plan", "p.toml", "--set", "pack.lenght=8"],
        b"",
    );
    assert_eq!((wrong.code, wrong.out.as_str()), (3, ""));
    assert_snapshot!("plan_error", wrong.err);

    let edited = PIPELINE.replace("\"text\"", "\"txet\"");
    fs::write(dir.path().join("p.toml"), edited).unwrap();
    let wrong = fuelrail(dir.path(), &["plan", "p.toml", "--json"], b"");
    assert_eq!((wrong.code, wrong.out.as_str()), (3, ""));
    assert_eq!(
        read_json(&wrong.err),
        json!({"error": {
            "kind": "pipeline",
            "message": "no such column",
            "cause": null,
            "location": {
                "step": 1, "op": "tokenize", "path": "p.toml", "line": 6, "col": 10,
                "column": "txet",
            },
            "hint": "did you mean `text`?",
            "exit_code": 3,
        }})
    );
}

#[test]
fn a_missing_pipeline_file_is_wrong_usage_and_no_reason_to_try_again() {
    let ran = here(&["plan", "nowhere.toml"], "");
    assert_eq!(ran.code, 2);
    assert!(
        ran.err
            .starts_with("error: cannot read the pipeline file: "),
        "{}",
        ran.err
    );
}

#[test]
fn wrong_arguments_are_usage() {
    let ran = here(&["--json", "plam"], "");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    let error = read_json(&ran.err);
    assert_eq!(error["error"]["kind"], "usage");
    assert_eq!(error["error"]["exit_code"], 2);
    assert!(
        error["error"]["hint"].as_str().unwrap().contains("plan"),
        "{error}"
    );
    assert_eq!(here(&["--quiet", "--verbose", "schema"], "").code, 2);
}

#[test]
fn colour_is_a_choice() {
    let ran = here(&["plan", "x.toml", "--color", "always"], "");
    assert!(
        ran.err.starts_with("\u{1b}[1;31merror\u{1b}[0m: "),
        "{:?}",
        ran.err
    );
    let ran = here(&["plan", "x.toml"], "");
    assert!(!ran.err.contains('\u{1b}'), "{:?}", ran.err);
}

#[test]
fn schema_is_the_library_s() {
    let ran = here(&["schema"], "");
    assert_eq!(read_json(&ran.out), fuelrail::plan::Pipeline::json_schema());
}

#[test]
fn completions_name_the_verbs() {
    for shell in ["bash", "zsh", "fish"] {
        let ran = here(&["completions", shell], "");
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("tokenize"), "{shell}");
    }
}

#[test]
fn tokenize_shows_ids_and_tokens() {
    let text = here(&["tokenize", "Hello, wörld \"\n\u{1F600}", ""], "");
    assert_eq!((text.code, text.err.as_str()), (0, ""));
    assert_snapshot!("tokenize", text.out);
    let ran = here(&["tokenize", "-t", "gpt2", "--json", "Hello world"], "");
    assert_eq!(
        read_json(&ran.out),
        json!({"texts": [{"ids": [15496, 995], "tokens": ["Hello", " world"]}]})
    );
    let ran = here(&["tokenize", "-t", "gpt2", "--json"], "Hello world");
    assert_eq!(read_json(&ran.out)["texts"][0]["ids"], json!([15496, 995]));
}

#[test]
fn tokenize_decodes() {
    let ran = here(&["tokenize", "-t", "gpt2", "--decode", "15496,", "995"], "");
    assert_eq!(ran.out, "Hello world\n");
    let ran = here(&["tokenize", "-t", "gpt2", "--decode"], "[15496, 995]\n");
    assert_eq!(ran.out, "Hello world\n");
    let ran = here(&["tokenize", "-t", "gpt2", "--decode", "50257"], "");
    assert_eq!(ran.code, 1);
    assert_eq!(ran.err, "error: expected ids below 50257, got 50257\n");
    let ran = here(&["tokenize", "--decode", "x"], "");
    assert_eq!(ran.code, 2);
}

#[test]
fn tokenize_reads_lines() {
    let ran = here(
        &["tokenize", "-t", "gpt2", "--jsonl"],
        "\"Hello world\"\n\n\"\"\n",
    );
    assert_eq!(ran.out, "[15496,995]\n[]\n");
    let ran = here(
        &["tokenize", "-t", "gpt2", "--jsonl", "--decode"],
        "[15496, 995]\n[]",
    );
    assert_eq!(ran.out, "\"Hello world\"\n\"\"\n");
    let ran = here(&["tokenize", "--jsonl"], "\"a\"\n3\n");
    assert_eq!(ran.code, 1);
    assert_eq!(ran.out, "[64]\n");
    assert_snapshot!("tokenize_line_error", ran.err);
    let ran = fuelrail(Path::new("."), &["tokenize"], b"abc\xff");
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.err,
        "error: expected UTF-8, got byte 0xff at 3 (standard input)\n"
    );
}

#[test]
fn special_tokens_are_a_choice() {
    let ids = |special: &str| {
        let ran = here(
            &["tokenize", "--json", "--special", special, "<|endoftext|>"],
            "",
        );
        (ran.code, ran.out, ran.err)
    };
    let (code, out, _) = ids("parse");
    assert_eq!(
        (code, &read_json(&out)["texts"][0]["ids"]),
        (0, &json!([100_257]))
    );
    let (code, out, _) = ids("text");
    assert_eq!(code, 0);
    assert!(read_json(&out)["texts"][0]["ids"].as_array().unwrap().len() > 1);
    let (code, out, err) = ids("refuse");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("expected no special token in the text"),
        "{err}"
    );
}

#[test]
fn tokenizer_names_are_checked() {
    let ran = here(&["tokenize", "-t", "cl100k", "x"], "");
    assert_eq!(ran.code, 2);
    assert_snapshot!("tokenizer_name_error", ran.err);
    // A path that does not exist is a wrong argument; a file that holds no
    // tokenizer is not.
    let ran = here(&["tokenize", "-t", "nope.json", "x"], "");
    assert_eq!(ran.code, 2, "{}", ran.err);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("t.json"), "{}").unwrap();
    let ran = fuelrail(dir.path(), &["tokenize", "-t", "t.json", "x"], b"");
    assert_eq!(ran.code, 3, "{}", ran.err);
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let mut child = Command::new(program())
        .args(["tokenize", "--decode", "-t", "gpt2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let ids = "995 ".repeat(100_000);
    std::io::Write::write_all(&mut stdin, ids.as_bytes()).unwrap();
    drop(stdin);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
    assert_eq!(ended.status.code(), Some(0));
}
