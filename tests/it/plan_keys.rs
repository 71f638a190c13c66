//! Plans of JSON lines: declared and proposed types, keys that no type holds,
//! unknown keys, and dotted paths in every layout.

use arrow::datatypes::{DataType, Field};
use fuelrail::plan::{
    Catalog, Conflict, Format, Found, JsonColumn, Meaning, Place, Plan, Proposed, UnknownKeys,
};
use fuelrail::{Error, ErrorKind};
use fuelrail_tests::plan::{catalog, field, file, found, key, lines, plan_of};
use insta::assert_snapshot;

fn pipeline(source: &str, steps: &str) -> String {
    format!("[source]\nuri = 'x'\n{source}\n{steps}\n[sink]\nuri = 'o'\n")
}

fn plan(source: &str, steps: &str, catalog: &Catalog) -> Result<Plan, Error> {
    plan_of(&pipeline(source, steps), &[], catalog)
}

fn select(columns: &str) -> String {
    format!("[[step]]\nop = 'select'\ncolumns = [{columns}]")
}

/// `name: type?`, what is null after it.
fn columns(plan: &Plan) -> Vec<String> {
    let schema = &plan.source.projection;
    let column = |field: &std::sync::Arc<Field>| {
        let name = fuelrail::plan::json_type_name(field);
        format!("{}: {name}", field.name())
    };
    schema.fields().iter().map(column).collect()
}

fn place(file: u32, line: u64) -> Place {
    Place { file, line }
}

fn mixed(name: &str) -> Proposed {
    let conflict = Conflict {
        at: name.to_owned(),
        first: ("an integer".to_owned(), place(0, 0)),
        second: Some(("text".to_owned(), place(1, 999))),
    };
    found(name, Found::Conflict(conflict))
}

fn null(name: &str) -> Proposed {
    let untyped = Found::Untyped {
        at: name.to_owned(),
        what: "null",
        place: place(0, 3),
    };
    found(name, untyped)
}

fn documents() -> Vec<Proposed> {
    let meta = vec![
        Field::new("url", DataType::Utf8, true),
        Field::new("n", DataType::Int64, true),
    ];
    vec![
        key("text", DataType::Utf8),
        key("id", DataType::Int64),
        key("meta", DataType::Struct(meta.into())),
    ]
}

#[test]
fn declared_types_take_the_place_of_proposals_and_keep_the_order() {
    let source = "[source.schema]\nlate = 'uint8'\nprice = 'float64'\n'a.b' = 'json'";
    let keys = vec![
        key("n", DataType::Int64),
        mixed("price"),
        key("a.b", DataType::Utf8),
    ];
    let plan = plan(source, "", &lines(keys)).unwrap();
    assert_eq!(
        columns(&plan),
        ["n: int64", "price: float64", "late: uint8", "a.b: json"]
    );
    let column = |name: &str, path: &[&str], declared| JsonColumn {
        name: name.to_owned(),
        path: path.iter().map(|&key| key.to_owned()).collect(),
        declared,
    };
    assert_eq!(
        plan.source.json.columns,
        [
            column("n", &["n"], false),
            column("price", &["price"], true),
            column("late", &["late"], true),
            column("a.b", &["a", "b"], true),
        ]
    );
    assert_eq!(plan.source.json.unknown_keys, UnknownKeys::Error);
    assert_eq!(plan.output[3].meaning, Meaning::Json);
    let canonical = &plan.identity.canonical["source"];
    assert_snapshot!(serde_json::to_string_pretty(canonical).unwrap());
}

#[test]
fn what_is_as_before_leaves_no_trace_in_the_identity() {
    let keys = vec![key("text", DataType::Utf8), key("id", DataType::Int64)];
    let plan = plan("", "", &lines(keys)).unwrap();
    let source = plan.identity.canonical["source"].to_string();
    assert_eq!(
        source,
        "{\"format\":\"jsonl\",\"document\":null,\"on_error\":\"fail\",\"limit\":null,\
         \"split\":null,\"columns\":[{\"name\":\"text\",\"type\":\"utf8\",\"nullable\":true},\
         {\"name\":\"id\",\"type\":\"int64\",\"nullable\":true}]}"
    );
}

#[test]
fn unknown_keys_are_an_error_where_all_are_stored_and_skipped_where_steps_name_them() {
    let catalog = lines(vec![
        key("text", DataType::Utf8),
        key("id", DataType::Int64),
    ]);
    let policy = |source: &str, steps: &str| plan(source, steps, &catalog).unwrap().source.json;
    assert_eq!(policy("", "").unknown_keys, UnknownKeys::Error);
    let named = policy("", &select("'text'"));
    assert_eq!(named.unknown_keys, UnknownKeys::Skip);
    assert_eq!(named.columns.len(), 1);
    let ignored = policy("unknown_keys = 'ignore'\nallow_nan = true", "");
    assert_eq!(ignored.unknown_keys, UnknownKeys::Ignore);
    assert!(ignored.allow_nan);
    let keep = "unknown_keys = 'keep'";
    let kept = plan(keep, "", &catalog).unwrap();
    assert_eq!(
        columns(&kept),
        ["text: string", "id: int64", "__extra: json"]
    );
    assert_eq!(kept.source.json.columns.len(), 2);
    let kept = plan(keep, &select("'__extra', 'text'"), &catalog).unwrap();
    assert_eq!(columns(&kept), ["text: string", "__extra: json"]);
    let source = &kept.identity.canonical["source"];
    assert_eq!(source["unknown_keys"], "keep");
    let ignored = plan("unknown_keys = 'ignore'\nallow_nan = true", "", &catalog).unwrap();
    let source = &ignored.identity.canonical["source"];
    assert_eq!(source["unknown_keys"], "ignore");
    assert_eq!(source["allow_nan"], true);
}

#[test]
fn a_key_called_extra_is_kept_with_the_others() {
    let catalog = lines(vec![
        key("__extra", DataType::Int64),
        key("n", DataType::Int8),
    ]);
    let kept = plan("unknown_keys = 'keep'", "", &catalog).unwrap();
    assert_eq!(columns(&kept), ["n: int8", "__extra: json"]);
    let stored = plan("", "", &catalog).unwrap();
    assert_eq!(columns(&stored), ["__extra: int64", "n: int8"]);
}

#[test]
fn paths_lead_into_objects_and_structs_alike() {
    let steps = select("'meta.url', 'text'");
    // Named keys were looked for by their paths.
    let catalog = lines(vec![
        key("text", DataType::Utf8),
        key("meta.url", DataType::Utf8),
    ]);
    let of_lines = plan("", &steps, &catalog).unwrap();
    assert_eq!(columns(&of_lines), ["text: string", "meta.url: string"]);
    assert_eq!(of_lines.source.json.columns[1].path, ["meta", "url"]);

    let meta = |nullable| {
        let url = Field::new("url", DataType::Utf8, false);
        let deep = Field::new("deep", DataType::Struct(vec![url.clone()].into()), false);
        Field::new("meta", DataType::Struct(vec![url, deep].into()), nullable)
    };
    let of = |nullable| {
        let files = vec![file(
            "a.parquet",
            9,
            vec![field("text", DataType::Utf8), meta(nullable)],
        )];
        catalog_of(files)
    };
    let of_structs = plan("", &steps, &of(true)).unwrap();
    assert_eq!(columns(&of_structs), ["text: string", "meta.url: string"]);
    assert!(of_structs.source.projection.field(1).is_nullable());
    let deep = plan("", &select("'meta.deep.url'"), &of(false)).unwrap();
    assert!(!deep.source.projection.field(0).is_nullable());
    assert_eq!(deep.output[0].name, "meta.deep.url");
}

fn catalog_of(files: Vec<fuelrail::plan::InputDescription>) -> Catalog {
    catalog(Format::Parquet, files)
}

#[test]
fn a_column_of_the_name_wins_over_a_path_and_files_may_differ_in_which() {
    let url = |data_type| Field::new("url", data_type, true);
    let nested =
        |data_type| Field::new("meta", DataType::Struct(vec![url(data_type)].into()), true);
    let literal = Field::new("meta.url", DataType::Int8, false);
    let both = vec![file(
        "a.parquet",
        9,
        vec![nested(DataType::Utf8), literal.clone()],
    )];
    let steps = select("'meta.url'");
    let plan_both = plan("", &steps, &catalog_of(both)).unwrap();
    assert_eq!(columns(&plan_both), ["meta.url: int8"]);
    let mixed = |data_type| {
        vec![
            file("a.parquet", 9, vec![literal.clone()]),
            file("b.parquet", 9, vec![nested(data_type)]),
        ]
    };
    let same = plan("", &steps, &catalog_of(mixed(DataType::Int8))).unwrap();
    assert!(same.source.projection.field(0).is_nullable());
    let other = plan("", &steps, &catalog_of(mixed(DataType::Utf8))).unwrap_err();
    assert!(other.message().contains("one type in all files"), "{other}");
}

#[test]
fn a_path_is_a_column_of_its_own_beside_an_object_kept_as_json() {
    let source = "[source.schema]\nmeta = 'json'\n'meta.n' = 'int8'";
    let plan = plan(source, "", &lines(documents())).unwrap();
    assert_eq!(
        columns(&plan),
        ["text: string", "id: int64", "meta: json", "meta.n: int8"]
    );
}

/// An error as people see it.
fn said(error: &Error) -> String {
    assert_eq!(error.kind(), ErrorKind::Pipeline);
    format!("{error}\nhint: {}\n\n", error.hint().unwrap_or("none"))
}

#[test]
fn refusals_say_what_to_add_to_the_pipeline_file() {
    let mut table = String::new();
    let mut case = |source: &str, steps: &str, catalog: &Catalog| {
        table += &said(&plan(source, steps, catalog).unwrap_err());
    };
    let documents = lines(documents());
    let odd = lines(vec![key("id", DataType::Int64), mixed("a b"), null("late")]);
    let objects = DataType::Struct(vec![Field::new("a", DataType::Int8, true)].into());
    let list = |item| DataType::List(Field::new_list_field(item, true).into());
    case("", "", &odd);
    case("", &select("'late'"), &odd);
    case("", "", &documents);
    case("", "", &lines(vec![key("items", list(objects))]));
    case("", "", &lines(vec![key("tags", list(DataType::Utf8))]));
    case("", &select("'txet'"), &documents);
    case("", &select("'meta.ulr'"), &documents);
    case("unknown_keys = 'error'", &select("'text'"), &documents);
    let parquet = catalog_of(vec![file(
        "a.parquet",
        9,
        vec![Field::new(
            "meta",
            DataType::Struct(vec![Field::new("url", DataType::Utf8, true)].into()),
            true,
        )],
    )]);
    case("", "", &parquet);
    case("", &select("'meta.ulr'"), &parquet);
    case("allow_nan = true", "", &parquet);
    case("unknown_keys = 'keep'", "", &parquet);
    case("[source.schema]\nmeta = 'json'", "", &parquet);
    let json = "[source.schema]\ntext = 'json'";
    case(
        json,
        "[[step]]\nop = 'tokenize'\ncolumn = 'text'\ntokenizer = 'gpt2'",
        &documents,
    );
    let split = "split = { take = 'train', validation = 0.1, key = 'text' }\n";
    case(&format!("{split}{json}"), "", &documents);
    // What the file itself says.
    for source in [
        "[source.schema]\nn = 'int46'",
        "[source.schema]\nn = 'list<text>'",
        "[source.schema]\nn = 3",
        "[source.schema]\nmeta.url = 'string'",
        "schema = 'int64'",
        "unknown_keys = 'kep'",
        "unknown_keys = 'skip'",
        "allow_nan = 'yes'",
    ] {
        case(source, "", &documents);
    }
    assert_snapshot!(table);
}
