//! What the command says of rows and places: why rows were dropped, where the
//! fault is, how fast it was, and with which code it ends.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::io::Write as _;
use std::path::Path;

use fuelrail_tests::cli::{Ran, fuelrail};
use serde_json::{Value, json};
use tempfile::TempDir;

const STEPS: &str = "[[step]]\nop = \"tokenize\"\ncolumn = \"text\"\ntokenizer = \"gpt2\"\n\
    end_of_document = \"<|endoftext|>\"\n[[step]]\nop = \"pack\"\nlength = 16\n";

fn pipeline(dir: &Path, uri: &str, steps: &str, sink: &str) {
    let text = format!("[source]\nuri = \"{uri}\"\n{steps}[sink]\nuri = \"out\"\n{sink}\n");
    fs::write(dir.join("p.toml"), text).unwrap();
}

fn workplace(content: &[u8], steps: &str, sink: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("x.jsonl"), content).unwrap();
    pipeline(dir.path(), "x.jsonl", steps, sink);
    dir
}

fn run(dir: &TempDir, args: &[&str]) -> Ran {
    fuelrail(dir.path(), args, b"")
}

#[test]
fn the_reason_of_dropped_rows_is_said_before_and_after() {
    let mut lines = b"{\"text\":\"one\"}\n{\"text\":\"two\"}\n".to_vec();
    lines.extend(b"{\"text\":null}\n".repeat(998));
    let dir = workplace(&lines, STEPS, "");
    let plan = run(&dir, &["plan", "p.toml"]);
    let note = "note     rows whose `text` is null are dropped (step 2, pack)\n";
    assert!(plan.out.contains(note), "{}", plan.out);
    let ran = run(&dir, &["shard", "p.toml"]);
    let account = "\n  1,000 rows read\n  998 rows dropped: `text` is null (step 2, pack)\n  \
        2 rows kept, packed into 1 row\n";
    assert!(ran.out.contains(account), "{}", ran.out);
    let shown = run(&dir, &["inspect", "out"]);
    assert!(
        shown.out.contains("\naccount    1,000 rows read\n"),
        "{}",
        shown.out
    );
    let shown = run(&dir, &["inspect", "out", "--json"]);
    let shown: Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(
        shown["account"]["dropped"],
        json!([{"rows": 998, "step": 2, "op": "pack", "column": "text", "why": "null"}])
    );
}

#[test]
fn a_run_that_keeps_no_row_says_so_at_its_end() {
    let lines = b"{\"a\":null,\"b\":1}\n\n{\"a\":\"x\",\"b\":1}\n{\n";
    let steps =
        "on_error = \"quarantine\"\n[[step]]\nop = \"filter\"\ncolumn = \"a\"\nmin_length = 2\n";
    let dir = workplace(lines, steps, "");
    let said = "no row was kept: of 3 rows read, 2 rows dropped, 1 row set aside";
    let ran = run(&dir, &["shard", "p.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains(&format!("note: {said}\n")), "{}", ran.err);
    let blank = "\n  1 blank line passed over, which is no row\n";
    assert!(ran.out.contains(blank), "{}", ran.out);
    let ran = run(&dir, &["shard", "p.toml", "--json"]);
    let ran: Value = serde_json::from_str(&ran.out).unwrap();
    let notes = ran["notes"].as_array().unwrap();
    assert!(notes.contains(&json!(said)), "{notes:?}");
    assert_eq!(ran["account"]["blank_lines"], json!(1));
}

#[test]
fn lines_count_from_1_in_text_and_rows_from_0_in_json() {
    let dir = workplace(b"{\"a\":1}\n\n{\"a\":[}\n{\"a\":3}\n", "", "");
    let ran = run(&dir, &["shard", "p.toml"]);
    assert_eq!(ran.code, 1);
    let first = ran.err.lines().next().unwrap();
    assert!(first.ends_with("x.jsonl:3)"), "{first}");
    let ran = run(&dir, &["shard", "p.toml", "--json"]);
    let error: Value = serde_json::from_str(&ran.err).unwrap();
    let place = &error["error"]["location"];
    assert_eq!((&place["row"], &place["line"]), (&json!(2), &json!(3)));
    let set = ["shard", "p.toml", "--set", "source.on_error=quarantine"];
    assert_eq!(run(&dir, &set).code, 0);
    let files = fs::read_dir(dir.path().join("out")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let mut lists = files.filter(|file| file.extension().is_some_and(|end| end == "jsonl"));
    let list = fs::read_to_string(lists.next().unwrap()).unwrap();
    let unit: Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&unit["at"]["row"], &unit["line"]), (&json!(2), &json!(3)));
    let shown = run(&dir, &["inspect", "out"]);
    assert!(
        shown.out.contains("row 1 of 2, dataset[0]\n  x.jsonl:1\n"),
        "{}",
        shown.out
    );
    assert!(shown.out.contains("\n  x.jsonl:4\n"), "{}", shown.out);
}

#[test]
fn rates_count_bytes_after_decompression() {
    let dir = tempfile::tempdir().unwrap();
    let lines = b"{\"text\":\"the same words again and again\"}\n".repeat(5000);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(&lines).unwrap();
    let packed = gz.finish().unwrap();
    fs::write(dir.path().join("x.jsonl.gz"), &packed).unwrap();
    pipeline(dir.path(), "x.jsonl.gz", "", "");
    let ran = run(&dir, &["shard", "p.toml", "--json"]);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["decoded_bytes"], lines.len());
    assert_eq!(told["input_bytes"], packed.len());
    let rate = told["decoded_bytes_per_second"].as_f64().unwrap();
    let seconds = told["seconds"].as_f64().unwrap();
    assert!(rate * seconds.max(1e-3) > 0.9 * 205_000.0, "{told}");
}

#[test]
fn a_path_that_does_not_exist_is_wrong_usage_in_every_verb() {
    let dir = workplace(b"{\"a\":1}\n", "", "");
    fs::create_dir(dir.path().join("folder")).unwrap();
    for args in [
        &["plan", "nope.toml"][..],
        &["plan", "folder"],
        &["shard", "nope.toml"],
        &["shard", "p.toml/nope.toml"],
        &["inspect", "nope"],
        &["inspect", "folder"],
        &["inspect", "p.toml"],
        &["verify", "nope"],
        &["verify", "folder"],
    ] {
        let ran = run(&dir, args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
    }
    for args in [
        &["plan", "p.toml", "--set", "source.uri=nope.jsonl"][..],
        &["tokenize", "--tokenizer", "nope.json", "text"],
    ] {
        let code = run(&dir, args).code;
        assert!([2, 3].contains(&code), "{args:?}: {code}");
    }
    let help = run(&dir, &["--help"]).out;
    assert!(help.contains("Exit codes:\n  0 "), "{help}");
}

#[test]
fn sizes_at_which_each_row_is_a_shard_of_padding_are_refused() {
    let line = |n| format!("{{\"a\":{n},\"l\":[1,2,3]}}\n");
    let lines = (0..300).map(line).collect::<Vec<_>>().concat();
    let dir = workplace(lines.as_bytes(), "", "shard_size = \"32KiB\"");
    let ran = run(&dir, &["shard", "p.toml"]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.err
            .contains("sink.shard_size: expected room for several rows")
    );
    let hint = ran.err.lines().nth(1).unwrap();
    let size = hint.split('"').nth(1).unwrap().to_owned();
    let set = format!("sink.shard_size={size}");
    let ran = run(&dir, &["shard", "p.toml", "--set", &set]);
    assert!(ran.out.contains("300 rows in 1 shard"), "{}", ran.out);

    // A row may be as large as it likes, and lists may turn out to be.
    let line = format!("{{\"text\":\"{}\"}}\n", "x".repeat(60_000));
    let dir = workplace(line.repeat(20).as_bytes(), "", "shard_size = \"64KiB\"");
    let ran = run(&dir, &["shard", "p.toml"]);
    let note = "\nnote: 20 of 20 shards hold a single row: a larger shard_size makes fewer of them";
    assert!(ran.out.contains(note), "{}", ran.out);
}

#[test]
fn only_what_was_set_is_said_to_have_changed() {
    let dir = workplace(&b"{\"a\":1}\n".repeat(50), "", "");
    assert_eq!(run(&dir, &["shard", "p.toml"]).code, 0);
    let ran = run(&dir, &["shard", "p.toml", "--set", "source.limit=10"]);
    let first = ran.err.lines().next().unwrap();
    assert!(
        first.contains("got changes: source.limit: nothing -> 10 ("),
        "{first}"
    );
}

#[test]
fn a_scan_counts_the_rows_whose_lists_hold_nulls() {
    let lines = b"{\"a\":[1],\"b\":[2],\"m\":{\"c\":[3]}}\n{\"a\":[1,null,null],\"b\":[null],\"m\":{\"c\":[4]}}\n\n\
        {\"a\":[null],\"b\":[3],\"m\":{\"c\":[null]}}\n{\"a\":null,\"b\":null,\"m\":null}\n{\"a\":[null],\"b\":[}\n";
    let select = "[[step]]\nop = \"select\"\ncolumns = [\"a\", \"b\", \"m.c\"]\n";
    let fill = "[[step]]\nop = \"normalize\"\ncolumn = \"b\"\nmean = 0\nstd = 1\nfill = 0\n";
    let dir = workplace(
        lines,
        &format!("on_error = \"quarantine\"\n{select}{fill}"),
        "",
    );
    let scanned = run(&dir, &["plan", "--scan", "p.toml"]);
    assert_eq!(scanned.code, 0, "{}", scanned.err);
    let said = "# 2 rows with a null in a list of a, which a tensor has no place for; the first is \
        x.jsonl:2\n";
    assert!(scanned.out.contains(said), "{}", scanned.out);
    let scanned = run(&dir, &["plan", "--scan", "p.toml", "--json"]);
    let scanned: Value = serde_json::from_str(&scanned.out).unwrap();
    // What a step fills is no fault; a line that cannot be read is one already.
    let expected = json!([
        {"key": "a", "n_rows": 2, "file": "x.jsonl", "line": 2},
        {"key": "m.c", "n_rows": 1, "file": "x.jsonl", "line": 4},
    ]);
    assert_eq!(scanned["holes"], expected);
    assert_eq!(scanned["n_bad"], json!(1));
    let ran = run(&dir, &["shard", "p.toml", "--json"]);
    let ran: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran["account"]["set_aside"]["rows"], json!(3), "{ran}");
}

#[test]
fn a_declared_key_that_changes_nothing_is_said() {
    let lines = b"{\"price\":1,\"m\":{\"url\":\"u\"}}\n{\"price\":2}\n";
    let absent = "[source.schema]: the key `pricee` is in no line; did you mean `price`?";
    let schema = "[source.schema]\npricee = \"float64\"\nm = \"json\"\n";
    let dir = workplace(lines, schema, "");
    let plan = run(&dir, &["plan", "p.toml"]);
    assert!(plan.out.contains(absent), "{}", plan.out);
    let plan = run(&dir, &["plan", "p.toml", "--json"]);
    let plan: Value = serde_json::from_str(&plan.out).unwrap();
    assert_eq!(plan["notes"], json!([absent]));
    let scan = run(&dir, &["plan", "--scan", "p.toml"]);
    assert!(
        scan.out.contains(&format!("\n# {absent}\n")),
        "{}",
        scan.out
    );
    let ran = run(&dir, &["shard", "p.toml"]);
    assert!(ran.err.contains(absent), "{}", ran.err);

    let unused = "[source.schema]: the key `pricee` is used by no step; did you mean `price`?";
    let select = "[[step]]\nop = \"select\"\ncolumns = [\"price\", \"m.url\"]\n";
    let schema = "schema = { pricee = \"float64\", \"m.url\" = \"string\" }\n";
    let dir = workplace(lines, &format!("{schema}{select}"), "");
    let plan = run(&dir, &["plan", "p.toml", "--json"]);
    let plan: Value = serde_json::from_str(&plan.out).unwrap();
    assert_eq!(plan["notes"], json!([unused]));
    let set = [
        "plan",
        "p.toml",
        "--json",
        "--set",
        "source.schema.\"m.url\"=json",
    ];
    let plan = run(&dir, &set);
    assert_eq!(plan.code, 0, "{}", plan.err);
}

#[test]
fn a_scan_reads_lines_with_a_key_twice_where_their_column_is_json() {
    let lines = b"{\"m\":[1],\"n\":1}\n{\"m\":5,\"n\":2}\n{\"m\":{\"a\":1,\"a\":2},\"n\":2.5}\n";
    let dir = workplace(lines, "", "");
    let scan = run(&dir, &["plan", "--scan", "p.toml", "--json"]);
    let scan: Value = serde_json::from_str(&scan.out).unwrap();
    assert_eq!(scan["schema"], json!({"m": "json", "n": "float64"}));
    assert_eq!((&scan["n_rows"], &scan["n_bad"]), (&json!(3), &json!(0)));
    let text = scan["block"].as_str().unwrap();
    pipeline(dir.path(), "x.jsonl", &format!("{text}\n"), "");
    let ran = run(&dir, &["shard", "p.toml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn types_are_no_remedy_where_no_line_can_be_read() {
    let dir = workplace(b"a,b\r1,2\r", "", "");
    let plan = run(&dir, &["plan", "p.toml"]);
    assert_eq!(plan.code, 1, "{}", plan.err);
    assert!(!plan.err.contains("[source.schema]"), "{}", plan.err);
    assert!(plan.err.contains("one JSON object"), "{}", plan.err);
}

#[test]
fn a_pipeline_is_not_read_from_standard_input() {
    let dir = workplace(b"{\"a\":1}\n", "", "");
    let plan = run(&dir, &["plan", "-"]);
    assert!(
        plan.err.contains("a pipeline is read from a file"),
        "{}",
        plan.err
    );
}

#[test]
fn a_declared_key_without_a_value_in_any_row_is_said_after_the_run() {
    let lines = b"{\"a\":1,\"m\":null}\n{\"a\":2,\"b\":null,\"m\":{\"u\":\"x\"}}\n{\"a\":3}\n";
    let schema =
        "schema = { a = \"int64\", b = \"string\", \"m.u\" = \"string\", \"m.w\" = \"json\" }\n";
    let select = "[[step]]\nop = \"select\"\ncolumns = [\"a\", \"b\", \"m.u\", \"m.w\"]\n";
    let said = |ran: &Ran| -> Value {
        let ran: Value = serde_json::from_str(&ran.out).unwrap();
        ran["account"]["valueless_keys"].clone()
    };
    let dir = workplace(lines, &format!("{schema}{select}"), "");
    let ran = run(&dir, &["shard", "p.toml"]);
    let account = "\n  3 rows read\n  no row has a value of the declared key b\n  no row has a \
        value of the declared key m.w\n  3 rows kept and written\n";
    assert!(ran.out.contains(account), "{}", ran.out);
    let again = ["shard", "p.toml", "--json", "--replace"];
    assert_eq!(said(&run(&dir, &again)), json!(["b", "m.w"]));
    // The rows of the other side count, those beyond a limit do not.
    let split = "split = { take = \"train\", validation = 1.0, key = \"a\" }\n";
    for (more, expected) in [
        (split, json!(["b", "m.w"])),
        ("limit = 1\n", json!(["b", "m.u", "m.w"])),
        ("limit = 2\n", json!(["b", "m.w"])),
    ] {
        let dir = workplace(lines, &format!("{more}{schema}{select}"), "");
        let ran = run(&dir, &["shard", "p.toml", "--json"]);
        assert_eq!(said(&ran), expected, "{more}: {}", ran.err);
    }
    // Nothing is known where no row is good, and nothing is said of what is not
    // declared.
    let dir = workplace(
        b"oops\n",
        &format!("on_error = \"quarantine\"\n{schema}{select}"),
        "",
    );
    let ran = run(&dir, &["shard", "p.toml", "--json"]);
    assert_eq!(said(&ran), Value::Null, "{}", ran.err);
}

#[test]
fn a_scan_knows_the_paths_that_are_declared_beside_all_keys() {
    let lines = b"{\"m\":{\"u\":\"x\",\"k\":1}}\n{\"m\":{\"u\":\"y\",\"k\":1,\"k\":2}}\n{\"m\":{\"u\":3}}\n\
        {\"m\":\"text\"}\n{\"m\":null}\n{\"o\":{\"k\":1,\"k\":2}}\n";
    let schema =
        "schema = { m = \"json\", o = \"json\", \"m.u\" = \"json\", \"m.w.x\" = \"string\" }\n";
    let dir = workplace(lines, &format!("on_error = \"quarantine\"\n{schema}"), "");
    let scan = run(&dir, &["plan", "--scan", "p.toml", "--json"]);
    let scan: Value = serde_json::from_str(&scan.out).unwrap();
    // The key that comes twice, in an object that a path leads through.
    assert_eq!((&scan["n_rows"], &scan["n_bad"]), (&json!(5), &json!(1)));
    assert_eq!(scan["bad"][0]["line"], json!(2));
    let through = |path: &str| {
        format!(
            "{path} leads through m, which is text in x.jsonl:4: a row without an object there \
             cannot be read, whatever the type"
        )
    };
    let notes: Vec<&str> = scan["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note.as_str().unwrap())
        .collect();
    assert!(notes.contains(&through("m.u").as_str()), "{notes:?}");
    let schema = &scan["schema"];
    assert_eq!(
        (&schema["m"], &schema["m.u"]),
        (&json!("json"), &json!("json"))
    );
    // A run sets aside the same lines, with the schema of the scan as well.
    for text in [None, scan["block"].as_str()] {
        if let Some(text) = text {
            let rest = format!("on_error = \"quarantine\"\n{text}\n");
            pipeline(dir.path(), "x.jsonl", &rest, "");
        }
        let ran = run(&dir, &["shard", "p.toml", "--json", "--replace"]);
        let ran: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(ran["account"]["set_aside"]["rows"], json!(2), "{ran}");
    }
}
