//! Plans of `chat`: what they say of themselves, their identity, what `pack` makes of
//! them, and each refusal with its words and place.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use arrow::datatypes::{DataType, Field, TimeUnit};
use fuelrail::plan::{
    Catalog, ChatSpec, Format, Overlong, PackLabels, Pipeline, Plan, Step, StepSpec, check,
    explain, explain_json, notes,
};
use fuelrail::{ErrorKind, Result, run};
use fuelrail_tests::plan::{catalog, field, file, key, lines, plan_of};
use insta::assert_snapshot;

use crate::plan::CONTEXT;

const MARKED: &str = "{{ bos_token }}{% for m in messages %}{{ m.role }}{% generation %}{{ m.content }}\
    {% endgeneration %}{% endfor %}";

fn list(item: DataType) -> DataType {
    DataType::List(field("item", item).into())
}

fn structs(fields: Vec<Field>) -> DataType {
    list(DataType::Struct(fields.into()))
}

/// A table of conversations, good ones and others.
fn table() -> Catalog {
    let role = || field("role", DataType::LargeUtf8);
    let content = || field("content", DataType::Utf8);
    let columns = vec![
        field("messages", structs(vec![role(), content()])),
        field(
            "dated",
            structs(vec![
                role(),
                content(),
                field("sent", DataType::Timestamp(TimeUnit::Microsecond, None)),
                field("seen", list(DataType::Binary)),
            ]),
        ),
        field(
            "turns",
            structs(vec![
                field("from", DataType::Utf8),
                field("value", DataType::Utf8),
            ]),
        ),
        field(
            "numbered",
            structs(vec![field("role", DataType::Int8), content()]),
        ),
        field("text", DataType::Utf8),
        field("tools", DataType::LargeUtf8),
        field("documents", structs(vec![field("title", DataType::Utf8)])),
        field("names", list(DataType::Utf8)),
        field("id", DataType::Int64),
    ];
    catalog(Format::Parquet, vec![file("t.parquet", 1000, columns)])
}

fn pipeline(keys: &str, rest: &str) -> String {
    format!(
        "[source]\nuri = \"t.parquet\"\n[[step]]\nop = \"chat\"\n{keys}\n{rest}[sink]\nuri = \"out\"\n"
    )
}

/// The keys of a step that is good but for what `with` adds.
fn keys(with: &str) -> String {
    format!("column = \"messages\"\ntokenizer = \"gpt2\"\nchat_template = {MARKED:?}\n{with}")
}

const SELECT: &str = "[[step]]\nop = \"select\"\ncolumns = [\"tokens\", \"loss_mask\"]\n";

fn plan(keys: &str, rest: &str) -> Result<Plan> {
    plan_of(&pipeline(keys, rest), &[], &table())
}

#[test]
fn plans_of_conversations_explain_themselves() {
    let asked = keys(
        "tools = \"tools\"\ndocuments = \"documents\"\nadd_generation_prompt = true\n\
         variables = { bos_token = \"<s>\" }",
    );
    let pack = "[[step]]\nop = \"pack\"\nlength = 64\npad = 0\nlabels = true\n";
    let plan = plan(&asked, pack).unwrap();
    assert_snapshot!("plan_chat", explain(&plan, &CONTEXT));
    let json = explain_json(&plan, &CONTEXT);
    assert_snapshot!(
        "identity_of_chat",
        format!("{:#}", json["identity"]["steps"])
    );
}

/// What decides the bits decides the digest, and nothing else does.
#[test]
fn the_digest_is_that_of_what_is_rendered() {
    let digest = |with: &str| plan(&keys(with), SELECT).unwrap().identity.digest;
    let plain = digest("");
    for with in [
        "output = \"tokens\"\nloss_mask = \"loss_mask\"",
        "add_generation_prompt = false",
        // The template prints no time.
        "now = 0",
    ] {
        assert_eq!(digest(with), plain, "{with}");
    }
    for with in [
        "variables = { bos_token = \"<s>\" }",
        "add_generation_prompt = true",
        "tools = \"tools\"",
    ] {
        assert_ne!(digest(with), plain, "{with}");
    }
    let dated = |now: &str| {
        let keys = keys(now).replace(MARKED, "{{ strftime_now('%Y') }}");
        plan(&keys, SELECT).unwrap().identity.digest
    };
    assert_eq!(dated("now = \"2024-07-26\""), dated("now = 1721952000"));
    assert_ne!(
        dated("now = \"2024-07-26\""),
        dated("now = \"2024-07-27 00:00:00\"")
    );
}

fn packed(plan: &Plan) -> (Vec<&str>, Overlong, PackLabels) {
    let pack = plan.pack().unwrap();
    (pack.inputs().collect(), pack.overlong, pack.labels.clone())
}

#[test]
fn pack_takes_the_mask_along_and_cuts_no_conversation() {
    let pack = |keys: &str| format!("[[step]]\nop = \"pack\"\nlength = 64\npad = 0\n{keys}\n");
    let plan_of = |with: &str, rest: &str| plan(&keys(with), rest).unwrap();
    let both = ["tokens", "loss_mask"].as_slice();
    let refused = Overlong::Refuse;
    let masked = |name: &str| PackLabels::Masked(name.to_owned());
    let renamed = "output = \"a\"\nloss_mask = \"b\"";
    let alone = "columns = [\"tokens\"]\nlabels = true";
    for (with, asked, inputs, overlong, labels) in [
        ("", "", both, refused, PackLabels::None),
        ("", "labels = true", both, refused, masked("loss_mask")),
        ("", "column = \"tokens\"", both, refused, PackLabels::None),
        ("", alone, &["tokens"], refused, PackLabels::All),
        (
            "",
            "overlong = \"drop\"",
            both,
            Overlong::Drop,
            PackLabels::None,
        ),
        (
            "loss_mask = false",
            "labels = true",
            &["tokens"],
            refused,
            PackLabels::All,
        ),
        (renamed, "labels = true", &["a", "b"], refused, masked("b")),
    ] {
        let plan = plan_of(with, &pack(asked));
        assert_eq!(
            packed(&plan),
            (inputs.to_vec(), overlong, labels),
            "{with} {asked}"
        );
    }
    let select = "[[step]]\nop = \"select\"\ncolumns = [\"tokens\"]\n";
    let plan = plan_of("", &format!("{select}{}", pack("")));
    assert_eq!(
        packed(&plan).0,
        ["tokens"],
        "what was left out is not packed"
    );
}

#[test]
fn json_lines_are_read_as_they_are_written() {
    let message = DataType::Struct(vec![field("role", DataType::Utf8)].into());
    let catalog = lines(vec![
        key("messages", list(message)),
        key("tools", DataType::Int64),
    ]);
    let text = pipeline(&keys("tools = \"tools\""), SELECT);
    let plan = plan_of(&text, &[], &catalog).unwrap();
    let json = explain_json(&plan, &CONTEXT);
    let names: Vec<_> = json["inputs"]["columns"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(names.len(), 2);
    assert!(
        names.iter().all(|column| column["type"] == "json"),
        "{names:?}"
    );
    // A type that is declared stays.
    let text = text.replace(
        "[[step]]\nop = \"chat\"",
        "[source.schema]\ntools = \"string\"\n[[step]]\nop = \"chat\"",
    );
    let plan = plan_of(&text, &[], &catalog).unwrap();
    let json = explain_json(&plan, &CONTEXT);
    assert_eq!(json["inputs"]["columns"][1]["type"], "utf8");
}

#[test]
fn values_without_a_like_in_json_are_left_out_and_named() {
    let dated = keys("").replace("messages", "dated");
    let dated = dated.replace("in dated", "in messages");
    let plan = plan(&dated, SELECT).unwrap();
    assert_eq!(
        notes(&plan),
        [
            "step 1 (chat): templates know no values of these, so it is rendered without: \
          dated[].sent: timestamp[us], dated[].seen[]: binary"
        ]
    );
}

#[test]
fn specs_are_built_in_code_and_written_down() {
    let mut spec = ChatSpec::new("messages", "gpt2");
    spec.chat_template = Some(MARKED.to_owned());
    spec.variables.insert(
        "bos_token".to_owned(),
        serde_json::json!({"a": [1, 2.5, true], "b": "x"}),
    );
    let text = pipeline(
        &keys("variables.bos_token = { a = [1, 2.5, true], b = \"x\" }"),
        "",
    );
    let read = Pipeline::from_toml(&text, Path::new("p.toml")).unwrap();
    assert_eq!(read.step, [StepSpec::Chat(Box::new(spec))]);
    let all = keys(
        "loss_mask = false\nnow = \"2024-02-29 01:02\"\ntools = \"t\"\nadd_generation_prompt = true\nvariables = { a = { b = 1 } }",
    );
    let read = Pipeline::from_toml(&pipeline(&all, SELECT), Path::new("p.toml")).unwrap();
    let again = Pipeline::from_toml(&read.to_toml().unwrap(), Path::new("q.toml")).unwrap();
    assert_eq!(again, read, "{}", read.to_toml().unwrap());
}

/// Keys of a `chat` step that is refused.
const WRONG: &[&str] = &[
    "",
    "column = \"messages\"",
    "tokenizer = \"gpt2\"",
    "column = [\"messages\"]\ntokenizer = \"gpt2\"",
    "column = \"mesages\"\ntokenizer = \"gpt2\"\nchat_template = \"{{ 1 }}\"",
    "column = \"id\"\ntokenizer = \"gpt2\"\nchat_template = \"{{ 1 }}\"",
    "column = \"names\"\ntokenizer = \"gpt2\"\nchat_template = \"{{ 1 }}\"",
    "column = \"turns\"\ntokenizer = \"gpt2\"\nchat_template = \"{{ 1 }}\"",
    "column = \"numbered\"\ntokenizer = \"gpt2\"\nchat_template = \"{{ 1 }}\"",
    "column = \"dated\"\ntokenizer = \"gpt2\"\nchat_template = \"{{ messages[0].sent }}\"",
    "column = \"messages\"\ntokenizer = \"gpt3\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nchat_template = \"tool_use\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nchat_template = \"none/chat.jinja\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nchat_template = \"{% for %}\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nchat_template = \"{{ x | pprint }}\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nchat_template = 3",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nchat_template = \"{{ strftime_now('%Y') }}\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nnow = \"yesterday\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nnow = \"2023-02-29\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nnow = 2024-02-29",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nnow = 253402300800",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nnow = 1.5",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nloss_mask = true",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nloss_mask = \"tokens\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nloss_mask = \"id\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\noutput = \"text\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\noutput = \"__tokens\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\ntools = \"id\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\ntools = \"tool\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\ndocuments = \"names\"",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nchat_template = \"{{ a }}\"\nvariables = { b = 1 }",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nchat_template = \"{{ tools }}\"\nvariables = { tools = [] }",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nchat_template = \"{{ a }}\"\nvariables = { a = [inf] }",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nchat_template = \"{{ a }}\"\nvariables = 3",
    "column = \"messages\"\ntokenizer = \"gpt2\"\nchat_templates = \"{{ a }}\"",
];

#[test]
fn errors_say_what_is_wrong_and_where() {
    let mut said = String::new();
    for keys in WRONG {
        let error = plan(keys, SELECT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Pipeline, "{keys}");
        _ = writeln!(said, "{keys}\n    {error}");
        if let Some(hint) = error.hint() {
            _ = writeln!(said, "    hint: {hint}");
        }
    }
    for rest in [
        "",
        "[[step]]\nop = \"pack\"\nlength = 8\n",
        "[[step]]\nop = \"pack\"\nlength = 8\npad = 0\nlabels = true\nloss_mask = \"id\"\n",
    ] {
        let error = plan(&keys(""), rest).unwrap_err();
        _ = writeln!(
            said,
            "then {rest:?}\n    {error}\n    hint: {}",
            error.hint().unwrap_or_default()
        );
    }
    assert_snapshot!("wrong_chat", said);
}

/// The template of a step, or why it is refused, where `file` lies beside its tokenizer.
fn with_file(file: &str, content: &[u8], keys: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tokenizer = root.join("examples/data/code.tokenizer.json");
    fs::copy(tokenizer, dir.path().join("tokenizer.json")).unwrap();
    fs::write(dir.path().join(file), content).unwrap();
    let keys = format!("column = \"messages\"\ntokenizer = \"tokenizer.json\"\n{keys}");
    let pipeline = Pipeline::from_toml(&pipeline(&keys, SELECT), Path::new("p.toml")).unwrap();
    let loaded = run::load_tokenizers(&pipeline, dir.path());
    let plan = loaded.and_then(|loaded| check(&pipeline, &table(), &loaded, Path::new("/base")));
    match plan {
        Ok(plan) => match plan.steps.first() {
            Some(Step::Chat(step)) => step.template.template.source().to_owned(),
            _ => String::new(),
        },
        Err(error) => {
            let place = dir.path().display().to_string();
            error.to_string().replace(&place, "DIR")
        }
    }
}

#[test]
fn the_files_of_a_model_are_read_or_refused_by_name() {
    let config = br#"{"chat_template": "{{ 1 }}", "bos_token": {"content": "<s>"}}"#;
    for (file, content, keys, expected) in [
        ("tokenizer_config.json", &config[..], "", "{{ 1 }}"),
        ("chat_template.jinja", b"{{ 2 }}", "", "{{ 2 }}"),
        (
            "other.jinja",
            b"{{ 3 }}",
            "chat_template = \"other.jinja\"",
            "{{ 3 }}",
        ),
        (
            "other.json",
            config,
            "chat_template = \"other.json\"",
            "{{ 1 }}",
        ),
        (
            "chat_template.jinja",
            b"\xff",
            "",
            "chat: expected a chat template in UTF-8, got something else at byte 0 (step 1, DIR/chat_template.jinja)",
        ),
        (
            "tokenizer_config.json",
            b"[",
            "",
            "chat: cannot use the tokenizer's configuration: cannot follow tokenizer_config.json: invalid type: sequence, expected a map at line 1 column 0 (step 1, DIR)",
        ),
        (
            "other.json",
            b"{\"chat_template\": 3}",
            "chat_template = \"other.json\"",
            "chat: cannot use the tokenizer's configuration: expected chat_template as a text or a list, got a int (step 1, DIR/other.json)",
        ),
    ] {
        assert_eq!(with_file(file, content, keys), expected, "{file} {keys}");
    }
}
