//! Pipelines that are refused: the exact words, the place and the hint.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use arrow::datatypes::DataType;
use fuelrail::plan::{Catalog, Format, Pipeline, check, explain};
use fuelrail::{ErrorKind, run};
use fuelrail_tests::plan::{
    catalog, corpus, documents, field, file, lines, no_tokenizers, plan_of,
};
use insta::assert_snapshot;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::plan::{CONTEXT, PACKED};

/// Wrong pipelines: what of `PACKED` is changed, and into what.
const WRONG: &[(&str, &str)] = &[
    ("length = 2048", "lenght = 2048"),
    ("length = 2048", "length = \"2048\""),
    ("length = 2048", "length = -1"),
    ("length = 2048", "length = 0"),
    ("length = 2048", "length = 2e3"),
    ("length = 2048", "length = 99999999999999999999"),
    ("length = 2048", ""),
    ("length = 2048", "length = 8\ncolumn = \"text\""),
    ("length = 2048", "length = 8\ncolumn = \"token\""),
    ("length = 2048", "length = 8\nmethod = \"bestfit\""),
    (
        "length = 2048",
        "length = 8\nmethod = \"concat\"\noverlong = \"drop\"",
    ),
    ("length = 2048", "length = 8\nwindow = 0"),
    ("length = 2048", "length = 8\npad = \"<|endofftext|>\""),
    ("length = 2048", "length = 8\npad = 100277"),
    ("length = 2048", "length = 8\npad = [1]"),
    ("length = 2048", "length = 8 8"),
    (
        "length = 2048",
        "length = 8\n[[step]]\nop = \"select\"\ncolumns = [\"tokens\"]",
    ),
    ("op = \"pack\"", "op = \"pakc\""),
    ("op = \"pack\"", "opp = \"pack\""),
    ("op = \"tokenize\"", "op = \"select\""),
    (
        "column = \"text\"\nmin_length",
        "column = \"txet\"\nmin_length",
    ),
    (
        "column = \"text\"\nmin_length",
        "column = \"id\"\nmin_length",
    ),
    (
        "column = \"text\"\nmin_length",
        "column = \"colour\"\nmin_length",
    ),
    ("min_length = 1", "nulls = \"keep\""),
    ("min_length = 1", "min_length = 9\nmax_length = 8"),
    (
        "column = \"text\"\ntokenizer",
        "column = \"meta\"\ntokenizer",
    ),
    ("tokenizer = \"cl100k_base\"", "tokenizer = \"cl100k_bse\""),
    ("tokenizer = \"cl100k_base\"", "tokenizer = \"llama.model\""),
    (
        "tokenizer = \"cl100k_base\"",
        "tokenizer = \"nowhere/tokenizer.json\"",
    ),
    (
        "tokenizer = \"cl100k_base\"",
        "tokenizer = \"vocab.tiktoken\"",
    ),
    (
        "tokenizer = \"cl100k_base\"",
        "tokenizer = \"v.tiktoken\"\nfamily = \"o200k\"",
    ),
    (
        "tokenizer = \"cl100k_base\"",
        "tokenizer = \"gpt2\"\nfamily = \"gpt2\"",
    ),
    (
        "tokenizer = \"cl100k_base\"",
        "tokenizer = \"gpt2\"\noutput = \"url\"",
    ),
    (
        "tokenizer = \"cl100k_base\"",
        "tokenizer = \"gpt2\"\noutput = \"__ids\"",
    ),
    ("end_of_document = \"<|endoftext|>\"", ""),
    (
        "end_of_document = \"<|endoftext|>\"",
        "end_of_document = \"<eos>\"",
    ),
    (
        "end_of_document = \"<|endoftext|>\"",
        "special_tokens = true",
    ),
    ("seed = 7", "seeed = 7"),
    ("validation = 0.01", "validation = 1.5"),
    ("take = \"train\"", "take = \"valid\""),
    ("key = \"url\"", "key = \"meta\""),
    ("uri = \"corpus/*.parquet\"", ""),
    ("uri = \"corpus/*.parquet\"", "uri = 3"),
    ("uri = \"corpus/*.parquet\"", "uri = [\"a\", 3]"),
    (
        "uri = \"corpus/*.parquet\"",
        "uri = \"x\"\nformat = \"csv\"",
    ),
    (
        "uri = \"corpus/*.parquet\"",
        "uri = \"x\"\ndocument = \"line\"",
    ),
    (
        "uri = \"corpus/*.parquet\"",
        "uri = \"x\"\ndocument = \"separator\"",
    ),
    ("uri = \"corpus/*.parquet\"", "uri = \"x\"\nlimit = 0"),
    (
        "uri = \"corpus/*.parquet\"",
        "uri = \"x\"\npart_size = 2024-01-01",
    ),
    ("uri = \"shards/\"", "uri = \"s3://bucket/shards\""),
    ("shard_size = \"256MiB\"", "shard_size = \"256 miB\""),
    ("shard_size = \"256MiB\"", "shard_size = 100"),
    ("shard_size = \"256MiB\"", "shardsize = \"256MiB\""),
    ("[sink]", "[sinks]"),
    ("[source]", "[[source]]"),
];

#[test]
fn errors_say_what_is_wrong_and_where() {
    let mut table = String::new();
    for (right, wrong) in WRONG {
        assert!(PACKED.contains(right), "{right}");
        let text = PACKED.replacen(right, wrong, 1);
        write_case(&mut table, wrong, &text, &[], &corpus());
    }
    assert_snapshot!(table);
}

fn write_case(table: &mut String, case: &str, text: &str, set: &[&str], catalog: &Catalog) {
    let error = match plan_of(text, set, catalog) {
        Ok(plan) => panic!("{case} is accepted:\n{}", explain(&plan, &CONTEXT)),
        Err(error) => error,
    };
    let expected = if error.kind() == ErrorKind::Usage {
        "usage: "
    } else {
        ""
    };
    assert!(
        matches!(error.kind(), ErrorKind::Pipeline | ErrorKind::Usage),
        "{case}: {error:?}"
    );
    writeln!(table, "{}", case.replace('\n', " | ")).unwrap();
    writeln!(table, "    {expected}{error}").unwrap();
    if let Some(hint) = error.hint() {
        writeln!(table, "    hint: {hint}").unwrap();
    }
}

#[test]
fn overrides_are_refused_with_what_was_given() {
    let mut table = String::new();
    for set in [
        "pack.lenght=8",
        "pack.length=abc",
        "filter.column=txet",
        "source.split.validation=2",
        "pakc.length=8",
        "pack.length",
        "sink.shard_size=1",
        "source=3",
        "tokenize.tokenizer=gpt3",
    ] {
        write_case(
            &mut table,
            &format!("--set {set}"),
            PACKED,
            &[set],
            &corpus(),
        );
    }
    assert_snapshot!(table);
}

#[test]
fn files_that_disagree_are_named() {
    let plain = "[source]\nuri = 'x'\n[sink]\nuri = 'out'\n";
    let two = |format, a, b| catalog(format, vec![file("a.x", 1, a), file("b.x", 1, b)]);
    let text = || field("text", DataType::Utf8);
    let id = |data_type| field("id", data_type);
    let named = |name: &str| {
        let column = || vec![field(name, DataType::Int8)];
        two(Format::Parquet, column(), column())
    };
    let cases = [
        (
            "types",
            two(
                Format::Parquet,
                vec![id(DataType::Int64)],
                vec![id(DataType::Utf8)],
            ),
        ),
        (
            "missing in one",
            two(
                Format::Parquet,
                vec![text()],
                vec![text(), id(DataType::Int8)],
            ),
        ),
        (
            "twice in one",
            two(Format::Arrow, vec![text()], vec![text(), text()]),
        ),
        ("no columns", lines(vec![])),
        ("no files", catalog(Format::Jsonl, vec![])),
        (
            "a type no dataset holds",
            two(Format::Parquet, documents(), documents()),
        ),
        ("a name no dataset holds", named("__origin")),
        ("a name too long for a dataset", named(&"n".repeat(257))),
    ];
    let mut table = String::new();
    for (case, catalog) in cases {
        write_case(&mut table, case, plain, &[], &catalog);
    }
    assert_snapshot!(table);
}

#[test]
fn deep_and_odd_files_are_refused_without_a_panic() {
    let read = |text: &str| Pipeline::from_toml(text, Path::new("x.toml"));
    for text in [
        format!("{}a = 1", "a.".repeat(100_000)),
        format!(
            "source.uri = {}1{}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        ),
        format!("source = {}1{}", "{a=".repeat(100_000), "}".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        "step = 3".to_owned(),
        "step = [3]".to_owned(),
        "[source]\nuri = '\u{feff}'\n[source]".to_owned(),
        "\0".to_owned(),
    ] {
        let error = read(&text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Pipeline);
    }
}

#[test]
fn a_broken_tokenizer_file_is_the_one_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("tokenizer.json"), "{\"model\": 3}").unwrap();
    fs::write(dir.path().join("gpt2.tiktoken"), "IQ== 0\nIg= x\n").unwrap();
    for name in ["tokenizer.json", "gpt2.tiktoken"] {
        let set = [format!("tokenize.tokenizer={name}")];
        let pipeline = Pipeline::from_toml_with(PACKED, Path::new("p.toml"), &set).unwrap();
        let error = run::load_tokenizers(&pipeline, dir.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Pipeline);
        let location = error.location();
        assert_eq!(
            location.path.as_deref(),
            Some(dir.path().join(name).as_path())
        );
        assert_eq!((location.step, location.line_col), (Some(2), None));
        assert!(
            error
                .to_string()
                .starts_with("tokenize: cannot use the tokenizer: ")
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever a file holds, it is a pipeline or an error of the file.
    #[test]
    fn edited_files_never_panic(edits in vec((any::<Index>(), 0..4_usize, any::<Index>()), 1..6)) {
        let mut text: Vec<char> = PACKED.chars().collect();
        for (at, take, from) in edits {
            let at = at.index(text.len());
            let end = (at + take).min(text.len());
            let from = from.index(text.len());
            let piece: Vec<char> = text.iter().skip(from).take(7).copied().collect();
            text.splice(at..end, piece);
        }
        let text: String = text.into_iter().collect();
        let checked = Pipeline::from_toml(&text, Path::new("x.toml"))
            .and_then(|pipeline| check(&pipeline, &corpus(), &no_tokenizers(), Path::new("")));
        if let Err(error) = checked {
            let not_loaded = error.message().contains("was not loaded");
            prop_assert!(error.kind() == ErrorKind::Pipeline || not_loaded, "{error:?}");
        }
    }
}
