//! Plans of `normalize`, `cast` and `bucketize`: the columns they make, what they say of
//! themselves, their identity, and each refusal with its words and place.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

use std::fmt::Write as _;

use arrow::datatypes::{DataType, Field, TimeUnit};
use fuelrail::ErrorKind;
use fuelrail::plan::{
    CastSpec, Catalog, ColumnNames, DeviceChoice, Format, Meaning, NormalizeSpec, NumberType,
    Pipeline, Plan, Step, explain, explain_json,
};
use fuelrail_tests::plan::{catalog, field, file, plan_of};
use insta::assert_snapshot;

use crate::plan::CONTEXT;

fn list(item: DataType) -> DataType {
    DataType::List(field("item", item).into())
}

fn fixed(item: DataType, lengths: &[i32]) -> DataType {
    let wrap = |inner, len: &i32| DataType::FixedSizeList(field("item", inner).into(), *len);
    lengths.iter().rev().fold(item, wrap)
}

/// A table with a column of each kind.
fn table() -> Catalog {
    let zone = Some("Europe/Berlin".into());
    let columns = vec![
        field("price", DataType::Float32),
        Field::new("qty", DataType::Int64, false),
        field("tiny", DataType::Int8),
        field("half", DataType::Float16),
        field("exact", DataType::Float64),
        field("vector", fixed(DataType::Float32, &[3])),
        field("ids", list(DataType::UInt16)),
        field(
            "far",
            DataType::LargeList(field("item", DataType::Int64).into()),
        ),
        field("hwc", fixed(DataType::UInt8, &[24, 20, 3])),
        field("chw", fixed(DataType::UInt8, &[3, 24, 20])),
        field("flat", fixed(DataType::UInt8, &[1440])),
        field("blob", DataType::FixedSizeBinary(1440)),
        field("video", fixed(DataType::UInt8, &[2, 24, 20, 3])),
        field("text", DataType::Utf8),
        field("flag", DataType::Boolean),
        field("when", DataType::Timestamp(TimeUnit::Second, zone)),
        field("money", DataType::Decimal128(9, 2)),
        field(
            "kind",
            DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Int64)),
        ),
        field("nested", list(list(DataType::Int8))),
    ];
    catalog(Format::Arrow, vec![file("t.arrow", 1000, columns)])
}

/// A pipeline of steps written as `op = "…"` lines, and what is selected.
fn pipeline(columns: &str, steps: &[&str]) -> String {
    let mut text =
        format!("[source]\nuri = \"t.arrow\"\n[[step]]\nop = \"select\"\ncolumns = [{columns}]\n");
    for step in steps {
        _ = writeln!(text, "[[step]]\n{step}");
    }
    text + "[sink]\nuri = \"out\"\n"
}

fn plan(columns: &str, steps: &[&str]) -> Plan {
    plan_of(&pipeline(columns, steps), &[], &table()).unwrap()
}

const NUMBERS: &str = "op = \"normalize\"\ncolumn = [\"price\", \"qty\", \"tiny\"]\n\
    mean = [12.5, 3, -1]\nstd = [2, 4, 1]\nclip = [-3, 3]\nfill = 0";
const IMAGES: &str = "op = \"normalize\"\ncolumn = \"hwc\"\nmean = [0.485, 0.456, 0.406]\n\
    std = [0.229, 0.224, 0.225]\ndtype = \"float16\"\ncrop = [2, 1, 20, 18]\nflip = \"horizontal\"";

#[test]
fn plans_explain_themselves() {
    let steps = [
        NUMBERS,
        IMAGES,
        "op = \"normalize\"\ncolumn = [\"vector\", \"half\"]\ndtype = \"bfloat16\"",
        "op = \"normalize\"\ncolumn = \"blob\"\nshape = [3, 24, 20]\nfrom = \"chw\"\n\
         layout = \"hwc\"\ndtype = \"bfloat16\"\nscale = 1",
        "op = \"cast\"\ncolumn = \"ids\"\ndtype = \"int32\"",
        "op = \"cast\"\ncolumn = [\"exact\", \"far\"]\ndtype = \"uint8\"\noverflow = \"saturate\"",
        "op = \"cast\"\ncolumn = \"vector\"\ndtype = \"float64\"",
    ];
    let columns = "\"price\", \"qty\", \"tiny\", \"hwc\", \"vector\", \"half\", \"blob\", \
        \"ids\", \"exact\", \"far\"";
    let plan = plan(columns, &steps);
    assert_snapshot!(explain(&plan, &CONTEXT));
    let json = explain_json(&plan, &CONTEXT);
    assert_snapshot!("identity", format!("{:#}", json["identity"]["steps"]));
}

#[test]
fn rows_keep_their_shape() {
    let cast = |column: &str, dtype: &str| {
        format!("op = \"cast\"\ncolumn = \"{column}\"\ndtype = \"{dtype}\"")
    };
    let item = |data_type| Field::new("item", data_type, false).into();
    for (name, dtype, data_type) in [
        ("tiny", "uint64", DataType::UInt64),
        ("ids", "int32", DataType::List(item(DataType::Int32))),
        (
            "far",
            "float16",
            DataType::LargeList(item(DataType::Float16)),
        ),
        ("ids", "bfloat16", DataType::List(item(DataType::UInt16))),
    ] {
        let plan = plan(&format!("\"{name}\""), &[&cast(name, dtype)]);
        let [output] = plan.output.as_slice() else {
            panic!("{name}: {:?}", plan.output)
        };
        assert_eq!((&output.data_type, output.nullable), (&data_type, true));
        let is_bfloat16 = output.meaning == Meaning::Bfloat16;
        assert_eq!(is_bfloat16, dtype == "bfloat16");
    }
    let plan = plan("\"video\"", &[&cast("video", "int32")]);
    let shape = &fuelrail::plan::stored_columns(&plan.output).unwrap()[0].shape;
    assert_eq!(shape, &[2, 24, 20, 3]);
}

#[test]
fn nulls_are_gone_where_they_are_filled() {
    let fill = |column: &str| format!("op = \"normalize\"\ncolumn = \"{column}\"\nfill = 1");
    for (name, nullable) in [("price", false), ("vector", false), ("ids", true)] {
        let plan = plan(&format!("\"{name}\""), &[&fill(name)]);
        assert_eq!(plan.output[0].nullable, nullable, "{name}");
    }
    let drop = "op = \"filter\"\ncolumn = \"hwc\"";
    let kept = plan("\"hwc\"", &[IMAGES]);
    assert!(kept.output[0].nullable);
    let dropped = plan("\"hwc\"", &[drop, IMAGES]);
    assert!(!dropped.output[0].nullable);
}

#[test]
fn fills_are_exact() {
    let fill = "op = \"normalize\"\ncolumn = \"far\"\nfill = 9007199254740993";
    let plan = plan("\"far\"", &[fill]);
    let Step::Map(step) = &plan.steps[1] else {
        panic!("{:?}", plan.steps)
    };
    let bytes = 9_007_199_254_740_993_i64.to_le_bytes();
    assert_eq!(step.columns[0].fill.as_deref(), Some(&bytes[..]));
}

#[test]
fn bins_have_the_smallest_type_and_keep_their_shape() {
    let item = |data_type| Field::new("item", data_type, false).into();
    let edges = |n: usize| vec!["7"; n].join(", ");
    for (name, n_edges, data_type) in [
        ("price", 255, DataType::UInt8),
        ("qty", 256, DataType::UInt16),
        ("ids", 65_535, DataType::List(item(DataType::UInt16))),
        ("far", 65_536, DataType::LargeList(item(DataType::UInt32))),
        (
            "vector",
            1,
            DataType::FixedSizeList(item(DataType::UInt8), 3),
        ),
    ] {
        let edges = edges(n_edges);
        let step = format!("op = \"bucketize\"\ncolumn = \"{name}\"\nedges = [{edges}]");
        let plan = plan(&format!("\"{name}\""), &[&step]);
        let output = &plan.output[0];
        assert_eq!(
            (&output.data_type, output.nullable),
            (&data_type, name != "qty"),
            "{name}"
        );
    }
}

#[test]
fn bins_say_what_they_are() {
    let said = |edges: &str| {
        let step = format!("op = \"bucketize\"\ncolumn = [\"price\", \"far\"]\nedges = {edges}");
        let plan = plan("\"price\", \"far\"", &[&step]);
        let Step::Map(step) = &plan.steps[1] else {
            panic!("{:?}", plan.steps)
        };
        let words: Vec<String> = step.columns.iter().map(|it| it.words.clone()).collect();
        words.join("; ")
    };
    assert_snapshot!(
        said("[-1, 0.5, 9007199254740993]"),
        @"float32 -> uint8, bins between 3 edges from -1 to 9007199254740993, each with its upper edge; int64 -> uint8, bins between 3 edges from -1 to 9007199254740993, each with its upper edge"
    );
    assert_snapshot!(
        said("[1e300]\nright = true"),
        @"float32 -> uint8, bins between 1 edge, 1e300, each with its lower edge; int64 -> uint8, bins between 1 edge, 1e300, each with its lower edge"
    );
}

#[test]
fn every_edge_changes_the_digest_and_its_spelling_does_not() {
    let digest = |keys: &str| {
        let step = format!("op = \"bucketize\"\ncolumn = \"far\"\n{keys}");
        let text = pipeline("\"far\"", &[&step]);
        plan_of(&text, &[], &table()).unwrap().identity.digest
    };
    let first = digest("edges = [-1, 0.5, 9007199254740993]");
    for same in [
        "edges = [-1.0, 5e-1, 9007199254740993]",
        "edges = [-1, 0.5, 9007199254740993]\nright = false",
    ] {
        assert_eq!(digest(same), first, "{same}");
    }
    for other in [
        "edges = [-1, 0.5, 9007199254740992]",
        "edges = [-1, 0.5, 9007199254740993.0]",
        "edges = [-1, 0.25, 9007199254740993]",
        "edges = [-1, 0.5, 0.5, 9007199254740993]",
        "edges = [-1, 0.5, 9007199254740993]\nright = true",
    ] {
        assert_ne!(digest(other), first, "{other}");
    }
}

#[test]
fn bfloat16_passes_from_step_to_step() {
    let steps = [
        "op = \"cast\"\ncolumn = \"price\"\ndtype = \"bfloat16\"",
        "op = \"normalize\"\ncolumn = \"price\"\nmean = 1\ndtype = \"bfloat16\"",
        "op = \"cast\"\ncolumn = \"price\"\ndtype = \"int16\"",
    ];
    let output = |n: usize| plan("\"price\"", &steps[..n]).output.remove(0);
    assert_eq!(output(1).meaning, Meaning::Bfloat16);
    assert_eq!(output(2).meaning, Meaning::Bfloat16);
    assert_eq!(output(3).meaning, Meaning::Plain);
    assert_eq!(output(3).data_type, DataType::Int16);
}

#[test]
fn every_constant_changes_the_digest_and_the_device_does_not() {
    let digest = |text: &str| plan_of(text, &[], &table()).unwrap().identity.digest;
    let columns = "\"price\", \"qty\", \"tiny\", \"hwc\"";
    let text = pipeline(columns, &[NUMBERS, IMAGES]);
    let first = digest(&text);
    for (right, wrong) in [
        ("12.5", "12.6"),
        ("[2, 4, 1]", "[2, 4, 1.5]"),
        ("clip = [-3, 3]", "clip = [-3, 4]"),
        ("clip = [-3, 3]", ""),
        ("fill = 0", "fill = 1"),
        ("fill = 0", ""),
        ("0.485", "0.486"),
        ("0.225", "0.226"),
        ("float16", "float32"),
        ("float16", "bfloat16"),
        ("crop = [2, 1, 20, 18]", "crop = [1, 2, 20, 18]"),
        ("horizontal", "both"),
        ("flip = ", "scale = 1\nflip = "),
        ("flip = ", "layout = \"hwc\"\nflip = "),
    ] {
        assert!(text.contains(right), "{right}");
        assert_ne!(digest(&text.replacen(right, wrong, 1)), first, "{wrong}");
    }
    // The same constants in other words.
    for (right, same) in [
        ("[2, 4, 1]", "[2.0, 4e0, 1]"),
        (
            "flip = ",
            "scale = 255\nfrom = \"hwc\"\nlayout = \"chw\"\nflip = ",
        ),
        ("flip = ", "shape = [24, 20, 3]\nflip = "),
    ] {
        assert_eq!(digest(&text.replacen(right, same, 1)), first, "{same}");
    }
    for device in ["auto", "cpu:scalar", "cuda:1", "wgpu:software"] {
        assert_eq!(digest(&format!("device = \"{device}\"\n{text}")), first);
    }
    let cast = |overflow: &str| {
        let step = format!("op = \"cast\"\ncolumn = \"qty\"\ndtype = \"int8\"\n{overflow}");
        digest(&pipeline("\"qty\"", &[&step]))
    };
    assert_eq!(cast(""), cast("overflow = \"error\""));
    assert_ne!(cast(""), cast("overflow = \"saturate\""));
}

#[test]
fn the_device_is_read_and_written() {
    let text = pipeline("\"qty\"", &[]);
    let read = |text: &str| Pipeline::from_toml(text, "pipeline.toml".as_ref());
    assert_eq!(read(&text).unwrap().device, None);
    let set = read(&format!("device = \"cuda:1\"\n{text}")).unwrap();
    assert_eq!(set.device, Some(DeviceChoice::Cuda(Some(1))));
    let json = serde_json::to_value(&set).unwrap();
    assert_eq!(json["device"], "cuda:1");
}

#[test]
fn specs_are_built_in_code() {
    let read = |step: &str| {
        let pipeline = Pipeline::from_toml(&pipeline("", &[step]), "pipeline.toml".as_ref());
        serde_json::to_value(&pipeline.unwrap().step[1]).unwrap()
    };
    let normalize = NormalizeSpec::new("price");
    let mut written = serde_json::to_value(&normalize).unwrap();
    written["op"] = "normalize".into();
    assert_eq!(written, read("op = \"normalize\"\ncolumn = \"price\""));
    let names: ColumnNames = vec!["a".to_owned(), "b".to_owned()].into();
    let mut written = serde_json::to_value(CastSpec::new(names, NumberType::Bfloat16)).unwrap();
    written["op"] = "cast".into();
    let same = read("op = \"cast\"\ncolumn = [\"a\", \"b\"]\ndtype = \"bfloat16\"");
    assert_eq!(written, same);
}

/// Keys of a `normalize` step that is refused.
const WRONG_NORMALIZE: &[&str] = &[
    "",
    "column = []",
    "column = 3",
    "column = [\"price\", 3]",
    "column = \"prize\"",
    "column = [\"price\", \"tiny\", \"price\"]",
    "column = \"text\"",
    "column = \"flag\"",
    "column = \"when\"",
    "column = \"money\"",
    "column = \"kind\"",
    "column = \"nested\"",
    "column = \"price\"\nmaen = 1",
    "column = \"price\"\nmean = \"1\"",
    "column = \"price\"\nmean = []",
    "column = \"price\"\nmean = [1, \"2\"]",
    "column = \"price\"\nmean = [1, 2]",
    "column = [\"price\", \"tiny\"]\nstd = [1, 2, 3]",
    "column = \"vector\"\nmean = [1, 2, 3]",
    "column = \"price\"\nmean = nan",
    "column = \"price\"\nmean = inf",
    "column = \"price\"\nmean = 1e39",
    "column = [\"price\", \"tiny\"]\nmean = [0, -inf]",
    "column = \"price\"\nstd = 0",
    "column = [\"price\", \"tiny\"]\nstd = [1, -2.5]",
    "column = \"price\"\nstd = nan",
    "column = \"price\"\nstd = 1e-39",
    "column = \"price\"\nclip = 3",
    "column = \"price\"\nclip = [3]",
    "column = \"price\"\nclip = [1, 2, 3]",
    "column = \"price\"\nclip = [3, -3]",
    "column = \"price\"\nclip = [0, inf]",
    "column = \"price\"\nclip = [nan, 1]",
    "column = \"price\"\nfill = nan",
    "column = \"price\"\nfill = \"0\"",
    "column = \"tiny\"\nfill = 128",
    "column = \"tiny\"\nfill = 0.5",
    "column = \"half\"\nfill = 70000",
    "column = \"price\"\ndtype = \"float8\"",
    "column = \"price\"\ndtype = \"int8\"",
    "column = \"price\"\ndtype = \"float64\"",
    "column = \"price\"\nflip = \"vertical\"",
    "column = [\"hwc\", \"price\"]\nlayout = \"hwc\"",
    "column = [\"hwc\", \"price\"]",
    "column = \"hwc\"\nclip = [0, 1]",
    "column = \"hwc\"\nfill = 0",
    "column = \"hwc\"\ndtype = \"float64\"",
    "column = \"hwc\"\nmean = [0.5, 0.5]",
    "column = \"hwc\"\nmean = [0.5, nan, 0.5]",
    "column = \"hwc\"\nstd = [0.5, 0.5, 0]",
    "column = \"hwc\"\nscale = 0",
    "column = \"hwc\"\nscale = inf",
    "column = \"hwc\"\nstd = 1e-6\ndtype = \"float16\"",
    "column = \"hwc\"\nfrom = \"chw\"",
    "column = \"chw\"",
    "column = \"hwc\"\nfrom = \"nhwc\"",
    "column = \"hwc\"\nflip = true",
    "column = \"hwc\"\ncrop = [0, 0, 25, 20]",
    "column = \"hwc\"\ncrop = [5, 5, 0, 5]",
    "column = \"hwc\"\ncrop = [0, 0, 5]",
    "column = \"hwc\"\ncrop = [-1, 0, 5, 5]",
    "column = \"hwc\"\ncrop = [4294967295, 0, 5, 5]",
    "column = \"hwc\"\nshape = [20, 24, 3]",
    "column = \"blob\"",
    "column = \"flat\"\nflip = \"both\"",
    "column = \"blob\"\nshape = [24, 20, 4]",
    "column = \"flat\"\nshape = [4294967295, 4294967295, 4294967295]",
    "column = \"flat\"\nshape = [24, 20]",
    "column = \"blob\"\nshape = [3, 24, 20]",
    "column = \"video\"",
];

/// Keys of a `cast` step that is refused.
const WRONG_CAST: &[&str] = &[
    "column = \"price\"",
    "dtype = \"int8\"",
    "column = \"price\"\ndtype = \"int128\"",
    "column = \"price\"\ndtype = \"bool\"",
    "column = \"price\"\ndtype = \"int8\"\noverflow = \"wrap\"",
    "column = \"price\"\ndtype = \"float32\"",
    "column = [\"qty\", \"ids\"]\ndtype = \"uint16\"",
    "column = \"text\"\ndtype = \"int8\"",
    "column = \"flag\"\ndtype = \"uint8\"",
    "column = \"when\"\ndtype = \"int32\"",
    "column = \"money\"\ndtype = \"float64\"",
    "column = \"blob\"\ndtype = \"float32\"",
    "column = \"nested\"\ndtype = \"int32\"",
    "column = \"colour\"\ndtype = \"int32\"",
];

/// Keys of a `bucketize` step that is refused.
const WRONG_BUCKETIZE: &[&str] = &[
    "column = \"price\"",
    "edges = [1]",
    "column = []\nedges = [1]",
    "column = \"price\"\nedges = []",
    "column = \"price\"\nedges = 3",
    "column = \"price\"\nedges = \"1\"",
    "column = \"price\"\nedges = [1, \"2\"]",
    "column = \"price\"\nedges = [1, true]",
    "column = \"price\"\nedges = [1, 18446744073709551616]",
    "column = \"price\"\nedges = [1, nan]",
    "column = \"price\"\nedges = [-inf, 1, 2]",
    "column = \"price\"\nedges = [1, 3, 2.5, 2]",
    "column = \"price\"\nedges = [1e300, 1e299]",
    "column = \"tiny\"\nedges = [9007199254740993, 9007199254740992.0]",
    "column = \"price\"\nedges = [1]\nright = \"left\"",
    "column = \"price\"\nedges = [1]\nside = \"left\"",
    "column = [\"price\", \"text\"]\nedges = [1]",
    "column = \"flag\"\nedges = [1]",
    "column = \"when\"\nedges = [1]",
    "column = \"money\"\nedges = [1]",
    "column = \"kind\"\nedges = [1]",
    "column = \"nested\"\nedges = [1]",
    "column = \"blob\"\nedges = [1]",
    "column = \"colour\"\nedges = [1]",
];

#[test]
fn errors_say_what_is_wrong_and_where() {
    let mut said = String::new();
    let cases = WRONG_NORMALIZE.iter().map(|keys| ("normalize", *keys));
    let cases = cases.chain(WRONG_CAST.iter().map(|keys| ("cast", *keys)));
    let cases = cases.chain(WRONG_BUCKETIZE.iter().map(|keys| ("bucketize", *keys)));
    for (op, keys) in cases {
        // Nothing but the step is there to be wrong: all columns are kept out
        // of the sink until it is.
        let text = format!(
            "[source]\nuri = \"t.arrow\"\n[[step]]\nop = \"{op}\"\n{keys}\n[sink]\nuri = \"out\"\n"
        );
        write_refusal(
            &mut said,
            &format!("{op}: {}", keys.replace('\n', "; ")),
            &text,
        );
    }
    for device in ["\"gpu\"", "3", "\"cpu:mmx\""] {
        let text = format!("device = {device}\n{}", pipeline("\"qty\"", &[]));
        write_refusal(&mut said, &format!("device = {device}"), &text);
    }
    let steps = [
        "op = \"tokenize\"\ncolumn = \"text\"\ntokenizer = \"gpt2\"",
        "op = \"cast\"\ncolumn = \"tokens\"\ndtype = \"int32\"",
        "op = \"pack\"\nlength = 8\npad = 0",
    ];
    write_refusal(
        &mut said,
        "pack of what was cast",
        &pipeline("\"text\"", &steps),
    );
    let named = [
        steps[0],
        "op = \"cast\"\ncolumn = \"tokens\"\ndtype = \"float32\"",
        "op = \"pack\"\ncolumn = \"tokens\"\nlength = 8\npad = 0",
    ];
    write_refusal(
        &mut said,
        "pack of it by name",
        &pipeline("\"text\"", &named),
    );
    let after = [steps[0], steps[2], steps[1]];
    write_refusal(&mut said, "cast after pack", &pipeline("\"text\"", &after));
    assert_snapshot!(said);
}

fn write_refusal(said: &mut String, case: &str, text: &str) {
    let error = match plan_of(text, &[], &table()) {
        Ok(plan) => panic!("{case} is accepted:\n{}", explain(&plan, &CONTEXT)),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::Pipeline, "{case}: {error:?}");
    _ = writeln!(said, "{case}\n    {error}");
    if let Some(hint) = error.hint() {
        _ = writeln!(said, "    hint: {hint}");
    }
}
