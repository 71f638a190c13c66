//! What a tokenizer's file puts around documents: what a plan makes of it, says
//! of it, and keeps of it in its identity; and the segment that padding can be.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::path::Path;

use arrow::datatypes::DataType;
use fuelrail::plan::{Digest, Format, Pipeline, Plan, Step, check, explain, explain_json, notes};
use fuelrail::{Result, run};
use fuelrail_tests::plan::{catalog, field, file};
use serde_json::{Value, json};

use crate::plan::CONTEXT;

/// The tokenizer of the examples with some fields changed.
fn tokenizer(changed: &[(&str, Value)]) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let bytes = fs::read(root.join("examples/data/code.tokenizer.json")).unwrap();
    let mut file: Value = serde_json::from_slice(&bytes).unwrap();
    for (field, value) in changed {
        file[*field] = value.clone();
    }
    file
}

fn plan(tokenizer: &Value, steps: &str) -> Result<Plan> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("t.json"), tokenizer.to_string()).unwrap();
    let text = format!(
        "[source]\nuri = \"c.parquet\"\n[[step]]\nop = \"tokenize\"\ncolumn = \"text\"\n\
         tokenizer = \"t.json\"\n{steps}\n[sink]\nuri = \"out\"\n"
    );
    let pipeline = Pipeline::from_toml(&text, Path::new("p.toml"))?;
    let tokenizers = run::load_tokenizers(&pipeline, dir.path())?;
    let texts = file("c.parquet", 1000, vec![field("text", DataType::Utf8)]);
    let catalog = catalog(Format::Parquet, vec![texts]);
    check(&pipeline, &catalog, &tokenizers, Path::new("/base"))
}

/// A post-processor that puts these tokens around a text.
fn template(begin: &[&str], end: &[&str]) -> Value {
    let token = |name: &&str| json!({"SpecialToken": {"id": name, "type_id": 0}});
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    let single: Vec<Value> = begin
        .iter()
        .map(token)
        .chain([text])
        .chain(end.iter().map(token))
        .collect();
    json!({
        "type": "TemplateProcessing",
        "single": single,
        "pair": [],
        "special_tokens": {
            "<|endoftext|>": {"id": "<|endoftext|>", "ids": [id()], "tokens": ["<|endoftext|>"]},
            "!": {"id": "!", "ids": [1], "tokens": ["!"]},
        },
    })
}

/// The id of `<|endoftext|>`.
fn id() -> u32 {
    let file = tokenizer(&[]);
    file["added_tokens"][0]["id"]
        .as_u64()
        .unwrap()
        .try_into()
        .unwrap()
}

fn around(plan: &Plan) -> (Vec<u32>, Vec<u32>) {
    let Some(Step::Tokenize(step)) = plan.steps.first() else {
        return Default::default();
    };
    (step.begin_of_document.clone(), step.end_of_document.clone())
}

fn digest(plan: &Plan) -> Digest {
    plan.identity.digest
}

/// The line of the plan's text about its first step.
fn said(plan: &Plan) -> String {
    let text = explain(plan, &CONTEXT);
    let line = text.lines().find(|line| line.starts_with("step 1"));
    line.unwrap_or_default().to_owned()
}

#[test]
fn what_the_file_adds_is_added_unless_the_pipeline_says_otherwise() {
    let eot = "<|endoftext|>";
    let both = tokenizer(&[("post_processor", template(&[eot], &[eot]))]);
    let (id, none) = (vec![id()], Vec::new());
    for (keys, begin, end) in [
        ("", &id, &id),
        ("begin_of_document = false", &none, &id),
        ("end_of_document = false", &id, &none),
        (
            "begin_of_document = false\nend_of_document = false",
            &none,
            &none,
        ),
        ("begin_of_document = 0", &vec![0], &id),
    ] {
        let plan = plan(&both, keys).unwrap();
        assert_eq!(around(&plan), (begin.clone(), end.clone()), "{keys}");
        assert!(said(&plan).contains(eot), "{}", said(&plan));
    }
    let plan = plan(&both, "begin_of_document = false").unwrap();
    let token = format!("{} \"{eot}\"", id[0]);
    let begin = format!("begin none (the tokenizer's file says {token})");
    let end = format!("end {token} (as the tokenizer's file says)");
    assert!(
        said(&plan).ends_with(&format!("{begin}, {end}")),
        "{}",
        said(&plan)
    );
}

#[test]
fn the_identity_holds_what_is_added_and_not_who_said_so() {
    let eot = "<|endoftext|>";
    let plain = tokenizer(&[]);
    let named = plan(&plain, "end_of_document = \"<|endoftext|>\"").unwrap();
    let value = &named.identity.canonical["steps"][0]["values"];
    assert_eq!(
        (&value["begin_of_document"], &value["end_of_document"]),
        (&json!(null), &json!(id()))
    );
    // Where nothing is added, the word for it changes nothing.
    let nothing = plan(&plain, "begin_of_document = false\nend_of_document = false").unwrap();
    assert_eq!(digest(&nothing), digest(&plan(&plain, "").unwrap()));
    let adds = tokenizer(&[("post_processor", template(&[eot], &[]))]);
    let from_file = plan(&adds, "").unwrap();
    let from_both = plan(&adds, "begin_of_document = \"<|endoftext|>\"").unwrap();
    assert_eq!(digest(&from_file), digest(&from_both));
    assert_ne!(
        digest(&from_file),
        digest(&plan(&adds, "begin_of_document = false").unwrap())
    );
    let several = tokenizer(&[("post_processor", template(&[eot, "!"], &["!"]))]);
    let several = plan(&several, "").unwrap();
    assert_eq!(
        several.identity.canonical["steps"][0]["values"]["begin_of_document"],
        json!([id(), 1])
    );
}

#[test]
fn a_template_that_cannot_be_honoured_is_refused_unless_both_sides_are_named() {
    // A template that leaves the text out.
    let mut alone = template(&["!"], &[]);
    alone["single"].as_array_mut().unwrap().truncate(1);
    let other = tokenizer(&[("post_processor", alone)]);
    for (keys, place) in [
        ("", "begin_of_document"),
        ("begin_of_document = false", "end_of_document"),
    ] {
        let error = plan(&other, keys).unwrap_err();
        let text = error.to_string();
        let expected =
            "`post_processor.single` is not supported: expected tokens before and after one text";
        assert!(text.contains(expected), "{text}");
        assert!(
            error
                .hint()
                .unwrap_or_default()
                .contains("false stands for none"),
            "{place}"
        );
    }
    let keys = "begin_of_document = false\nend_of_document = \"<|endoftext|>\"";
    assert_eq!(around(&plan(&other, keys).unwrap()), (vec![], vec![id()]));
    let error = plan(&tokenizer(&[]), "begin_of_document = true").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the text or the id of a token, or false for none"),
        "{error}"
    );
}

#[test]
fn rows_are_filled_with_the_token_that_the_file_ends_documents_with() {
    let eot = "<|endoftext|>";
    let pack = "[[step]]\nop = \"pack\"\nlength = 8";
    let one = tokenizer(&[("post_processor", template(&[], &[eot]))]);
    let plan_of = |file: &Value| plan(file, pack);
    let packed = plan_of(&one).unwrap();
    assert!(matches!(packed.steps.as_slice(), [_, Step::Pack(step)] if step.pad == id()));
    for file in [
        tokenizer(&[]),
        tokenizer(&[("post_processor", template(&[], &["!", eot]))]),
    ] {
        let error = plan_of(&file).unwrap_err();
        assert!(error.to_string().contains("missing key `pad`"), "{error}");
    }
}

#[test]
fn a_segment_of_padding_is_part_of_the_identity_where_it_is_asked_for() {
    let pack = |key: &str| {
        let steps = format!("[[step]]\nop = \"pack\"\nlength = 8\npad = 0\n{key}");
        plan(&tokenizer(&[]), &steps).unwrap()
    };
    let (without, off, on) = (
        pack(""),
        pack("pad_segment = false"),
        pack("pad_segment = true"),
    );
    assert_eq!(digest(&without), digest(&off));
    assert_ne!(digest(&without), digest(&on));
    let values = |plan: &Plan| plan.identity.canonical["steps"][1]["values"].clone();
    assert_eq!(values(&without).get("pad_segment"), None);
    assert_eq!(values(&on)["pad_segment"], json!(true));
    assert!(explain(&on, &CONTEXT).contains("pad 0 as a last segment"));
}

#[test]
fn what_is_not_applied_is_noted_with_its_step() {
    let file = tokenizer(&[
        (
            "truncation",
            json!({"max_length": 7, "stride": 0, "strategy": "LongestFirst", "direction": "Right"}),
        ),
        (
            "padding",
            json!({"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": null,
                "pad_id": 0, "pad_type_id": 0, "pad_token": "!"}),
        ),
    ]);
    let plan = plan(&file, "").unwrap();
    let expected = [
        "step 1 (tokenize), tokenizer.json: `truncation` to 7 tokens is not applied: texts are encoded whole",
        "step 1 (tokenize), tokenizer.json: `padding` is not applied: no text is made longer",
    ];
    assert_eq!(notes(&plan), expected);
    let text = explain(&plan, &CONTEXT);
    assert!(expected.iter().all(|note| text.contains(note)), "{text}");
    assert_eq!(explain_json(&plan, &CONTEXT)["notes"], json!(expected));
}
