//! Plans: what a pipeline becomes, in words and in its digest.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::Path;

use arrow::datatypes::{DataType, Field};
use fuelrail::plan::{
    Catalog, DocumentToken, ExplainContext, Format, PackSpec, Pipeline, Plan, SinkSpec, SourceSpec,
    Step, StepSpec, TokenName, TokenizeSpec, explain, explain_json,
};
use fuelrail_tests::plan::{catalog, corpus, field, file, plan_of};
use insta::assert_snapshot;

pub(crate) const PACKED: &str = r#"
[source]
uri = "corpus/*.parquet"
split = { take = "train", validation = 0.01, key = "url", seed = 7 }

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
length = 2048

[sink]
uri = "shards/"
shard_size = "256MiB"
"#;

pub(crate) const CONTEXT: ExplainContext<'_> = ExplainContext {
    threads: 2,
    device: &[],
    memory_bound: Some(512 << 20),
};

fn explained(text: &str, overrides: &[&str], catalog: &Catalog) -> String {
    match plan_of(text, overrides, catalog) {
        Ok(plan) => explain(&plan, &CONTEXT),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_packed_plan_explains_itself() {
    assert_snapshot!(explained(PACKED, &[], &corpus()));
    let plan = plan_of(PACKED, &[], &corpus()).unwrap();
    assert_snapshot!("plan_json", format!("{:#}", explain_json(&plan, &CONTEXT)));
}

#[test]
fn other_plans_explain_themselves() {
    let plain = "[source]\nuri = 'x'\n[sink]\nuri = 'out'\n";
    let columns = vec![
        Field::new("id", DataType::UInt16, false),
        field("text", DataType::Utf8View),
        field(
            "place",
            DataType::FixedSizeList(field("item", DataType::Float32).into(), 3),
        ),
        field(
            "kind",
            DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8)),
        ),
    ];
    let table = catalog(Format::Arrow, vec![file("t.arrow", 1000, columns)]);
    assert_snapshot!("plan_without_steps", explained(plain, &[], &table));

    let text = catalog(
        Format::Text,
        vec![
            file("a.txt", 10, vec![Field::new("text", DataType::Utf8, false)]),
            file("b.txt", 0, vec![Field::new("text", DataType::Utf8, false)]),
        ],
    );
    let tokens = r#"
[source]
uri = "*.txt"
document = { separator = "\n\n" }
on_error = "quarantine"
limit = 100
[[step]]
op = "tokenize"
column = "text"
tokenizer = "gpt2"
output = "ids"
special_tokens = "parse"
begin_of_document = 50256
[[step]]
op = "pack"
length = 128
method = "concat"
pad = 0
[sink]
uri = "out"
"#;
    assert_snapshot!("plan_concat", explained(tokens, &[], &text));
}

#[test]
fn only_used_columns_are_read() {
    let plan = plan_of(PACKED, &[], &corpus()).unwrap();
    let names: Vec<&str> = plan
        .source
        .projection
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(names, ["text", "url"]);
    assert_eq!(plan.output.len(), 2);
    // The filter drops nulls, so nothing behind it has any.
    assert!(plan.output.iter().all(|column| !column.nullable));
}

#[test]
fn built_in_code_is_built_from_a_file() {
    let mut tokenize = TokenizeSpec::new("text", "cl100k_base");
    tokenize.end_of_document = Some(DocumentToken::Token(TokenName::Text(
        "<|endoftext|>".to_owned(),
    )));
    let built = Pipeline::new(
        SourceSpec::new("x"),
        vec![
            StepSpec::Tokenize(tokenize),
            StepSpec::Pack(PackSpec::new(8)),
        ],
        SinkSpec::new("out"),
    );
    let text = "sink.uri = 'out'\n[source]\nuri = ['x']\n[[step]]\ncolumn = 'text'\n\
        op = 'tokenize'\ntokenizer = 'cl100k_base'\nend_of_document = '<|endoftext|>'\n\
        [[step]]\nop = 'pack'\nlength = 8\n";
    let read = Pipeline::from_toml(text, Path::new("x.toml")).unwrap();
    assert_eq!(built, read);
    let written = toml::to_string(&built).unwrap();
    assert_eq!(
        Pipeline::from_toml(&written, Path::new("y.toml")).unwrap(),
        built
    );
}

fn digest(text: &str, overrides: &[&str], catalog: &Catalog) -> String {
    plan_of(text, overrides, catalog)
        .unwrap()
        .identity
        .digest
        .to_string()
}

#[test]
fn what_decides_the_bits_decides_the_digest() {
    let base = digest(PACKED, &[], &corpus());
    for same in [
        vec!["sink.uri=elsewhere"],
        vec!["source.uri=other/*.parquet"],
        vec!["pack.overlong=split"],
        vec!["pack.window=10000"],
        vec!["pack.pad=<|endoftext|>"],
        vec!["pack.column=tokens"],
        vec!["tokenize.end_of_document=100257"],
        vec!["sink.shard_size=268435456"],
    ] {
        assert_eq!(digest(PACKED, &same, &corpus()), base, "{same:?}");
    }
    let mut all = vec![base];
    for other in [
        "filter.min_length=2",
        "filter.nulls=keep",
        "tokenize.special_tokens=parse",
        "tokenize.begin_of_document=100257",
        "tokenize.tokenizer=o200k_base",
        "pack.length=2049",
        "pack.overlong=drop",
        "pack.method=concat",
        "pack.window=20000",
        "pack.pad=0",
        "source.on_error=quarantine",
        "source.limit=5",
        "source.part_size=2GiB",
        "source.split.seed=8",
        "source.split.take=validation",
        "source.split.validation=0.02",
        "source.split.key=text",
        "source.fingerprint=sampled",
        "sink.shard_size=257MiB",
    ] {
        all.push(digest(PACKED, &[other], &corpus()));
    }
    let mut moved = corpus();
    moved.files[0].input.path = "/somewhere/else".into();
    assert_eq!(digest(PACKED, &[], &moved), all[0]);
    moved.files[0].input.name = "z.parquet".to_owned();
    all.push(digest(PACKED, &[], &moved));
    let mut changed = corpus();
    changed.files[0].input.digest.0 += 1;
    all.push(digest(PACKED, &[], &changed));
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count, "two of them have one digest");
}

#[test]
fn a_limit_makes_one_part() {
    let plan = plan_of(PACKED, &["source.limit=5"], &corpus()).unwrap();
    assert_eq!(plan.parts.len(), 1);
    assert_eq!(plan.parts[0].pieces.len(), 3);
}

#[test]
fn equal_tokenizers_travel_once() {
    let text = r#"
[source]
uri = "x"
[[step]]
op = "select"
columns = ["url", "text", "id"]
[[step]]
op = "tokenize"
column = "text"
tokenizer = "gpt2"
[[step]]
op = "tokenize"
column = "url"
tokenizer = "gpt2"
output = "url_tokens"
[sink]
uri = "out"
"#;
    let names = |plan: &Plan| -> Vec<String> {
        plan.assets.iter().map(|asset| asset.name.clone()).collect()
    };
    let plan = plan_of(text, &[], &corpus()).unwrap();
    assert_eq!(names(&plan), ["gpt2.tiktoken"]);
    let output: Vec<&str> = plan
        .output
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(output, ["url_tokens", "tokens", "id"]);
    let plan = plan_of(text, &["3.tokenizer=cl100k_base"], &corpus()).unwrap();
    assert_eq!(names(&plan), ["gpt2.tiktoken", "cl100k_base.tiktoken"]);
    assert!(matches!(&plan.steps[1], Step::Tokenize(step) if step.id_type == DataType::UInt16));
    assert!(matches!(&plan.steps[2], Step::Tokenize(step) if step.id_type == DataType::UInt32));
}

#[test]
fn unused_columns_may_disagree() {
    let files = vec![
        file(
            "a.parquet",
            1,
            vec![field("text", DataType::Utf8), field("id", DataType::Int8)],
        ),
        file(
            "b.parquet",
            1,
            vec![field("id", DataType::Utf8), field("text", DataType::Utf8)],
        ),
    ];
    let files = catalog(Format::Parquet, files);
    assert!(plan_of(PACKED, &["source.split.key=text"], &files).is_ok());
    let selected =
        "[source]\nuri = 'x'\n[[step]]\nop = 'select'\ncolumns = ['text']\n[sink]\nuri = 'o'\n";
    assert_eq!(plan_of(selected, &[], &files).unwrap().output.len(), 1);
}

#[test]
fn the_schema_describes_every_key() {
    let schema = Pipeline::json_schema();
    let text = serde_json::to_string_pretty(&schema).unwrap();
    assert!(text.len() < 60_000, "{} bytes", text.len());
    assert_snapshot!(text);
}
