//! What is proposed for lines, however they are shared out.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::*;

fn place(line: u64) -> Place {
    Place { file: 0, line }
}

fn observed(selection: &Selection, lines: &[&str]) -> Observer {
    let mut observer = Observer::new(selection, NotFinite::Refused);
    for (line, text) in (0..).zip(lines) {
        observer.line(text.as_bytes(), place(line));
    }
    observer
}

fn all(lines: &[&str]) -> Vec<Proposed> {
    observed(&Selection::All, lines).propose().unwrap()
}

fn types(proposed: &[Proposed]) -> Vec<(&str, &DataType)> {
    let mut types = Vec::new();
    for one in proposed {
        match &one.found {
            Found::Type(data_type) => types.push((one.name.as_str(), data_type)),
            other => panic!("{other:?}"),
        }
    }
    types
}

fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

fn conflict(lines: &[&str]) -> Conflict {
    match all(lines).remove(0).found {
        Found::Conflict(conflict) => conflict,
        other => panic!("{other:?}"),
    }
}

#[test]
fn keys_keep_the_order_of_their_first_appearance() {
    let proposed = all(&[
        r#"{"z": 1, "a": "x"}"#,
        "no json",
        "",
        r#"{"m": true, "a": null}"#,
    ]);
    assert_eq!(
        types(&proposed),
        [
            ("z", &DataType::Int64),
            ("a", &DataType::Utf8),
            ("m", &DataType::Boolean)
        ]
    );
}

#[test]
fn numbers_of_one_key_have_the_type_that_holds_each_exactly() {
    for (values, expected) in [
        (vec!["1", "-2"], DataType::Int64),
        (vec!["9007199254740993"], DataType::Int64),
        (vec!["18446744073709551615", "0"], DataType::UInt64),
        (vec!["1", "2.5", "9007199254740992"], DataType::Float64),
        (vec!["1.0"], DataType::Float64),
        (vec!["1E2"], DataType::Float64),
        (vec!["-0"], DataType::Int64),
    ] {
        let lines: Vec<_> = values.iter().map(|v| format!("{{\"a\":{v}}}")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert_eq!(types(&all(&lines)), [("a", &expected)], "{values:?}");
    }
}

#[test]
fn what_goes_into_no_type_is_a_conflict_with_both_places() {
    let both = |lines: &[&str]| {
        let found = conflict(lines);
        let second = found.second.map(|(what, at)| (what, at.line));
        (found.at, found.first.0, found.first.1.line, second)
    };
    let at = |text: &str| text.to_owned();
    assert_eq!(
        both(&[r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":"x"}"#]),
        (at("a"), at("an integer"), 0, Some((at("text"), 2)))
    );
    assert_eq!(
        both(&[r#"{"a":9007199254740993}"#, r#"{"a":0.5}"#]),
        (
            at("a"),
            at("an integer beyond 2^53"),
            0,
            Some((at("a float"), 1))
        )
    );
    assert_eq!(
        both(&[r#"{"a":-1}"#, r#"{"a":18446744073709551615}"#]),
        (
            at("a"),
            at("an integer below 0"),
            0,
            Some((at("an integer beyond int64"), 1))
        )
    );
    assert_eq!(
        both(&[r#"{"a":18446744073709551616}"#]),
        (at("a"), at("an integer beyond 64 bits"), 0, None)
    );
    assert_eq!(
        both(&[r#"{"a":[{"b":1}]}"#, r#"{"a":[{"b":1},{"b":[]}]}"#]),
        (at("a[].b"), at("an integer"), 0, Some((at("a list"), 1)))
    );
}

#[test]
fn nested_values_have_nested_types() {
    let proposed = all(&[
        r#"{"l":[1,null],"o":{"b":1},"n":[[],[true]]}"#,
        r#"{"l":[2.5],"o":{"a":"q","b":null}}"#,
    ]);
    let object = DataType::Struct(
        vec![
            Field::new("b", DataType::Int64, true),
            Field::new("a", DataType::Utf8, true),
        ]
        .into(),
    );
    assert_eq!(
        types(&proposed),
        [
            ("l", &list(DataType::Float64)),
            ("o", &object),
            ("n", &list(list(DataType::Boolean)))
        ]
    );
}

#[test]
fn what_is_always_empty_has_no_type() {
    for (value, expected_at, expected) in [
        ("null", "a", "only null"),
        ("[]", "a[]", "only empty lists"),
        ("[null]", "a[]", "only null"),
        ("{}", "a", "only empty objects"),
        (r#"{"b":[[]]}"#, "a.b[][]", "only empty lists"),
    ] {
        let line = format!("{{\"a\":{value}}}");
        let found = all(&["", &line]).remove(0).found;
        let Found::Untyped { at, what, place } = found else {
            panic!("{found:?}")
        };
        assert_eq!((at.as_str(), what, place.line), (expected_at, expected, 1));
    }
}

#[test]
fn a_float_beyond_doubles_is_a_misfit_of_a_column_of_floats() {
    let proposed = all(&[r#"{"a":1}"#, r#"{"a":1e400}"#]);
    assert_eq!(types(&proposed), [("a", &DataType::Float64)]);
    let expected = ("a float beyond float64".to_owned(), place(1));
    assert_eq!(proposed[0].misfit, Some(expected));
}

#[test]
fn values_nested_beyond_all_types_are_json() {
    let deep = |n: usize| format!("{{\"a\":{}1{}}}", "[".repeat(n), "]".repeat(n));
    assert!(matches!(all(&[&deep(64)])[0].found, Found::Type(_)));
    assert!(matches!(all(&[&deep(65)])[0].found, Found::Conflict(_)));
    assert_eq!(observed(&Selection::All, &[&deep(511)]).n_bad(), 0);
    assert_eq!(observed(&Selection::All, &[&deep(512)]).n_bad(), 1);
    assert_eq!(observed(&Selection::All, &[&deep(100_000)]).n_bad(), 1);
}

#[test]
fn nothing_of_a_bad_line_is_noted() {
    let good = [r#"{"a":1,"l":[1],"o":{"x":1}}"#];
    let expected = all(&good);
    for bad in [
        r#"{"b":1,"a":"x","l":["x"],"o":{"y":[{"z":1}]},"t":tru}"#,
        r#"{"a":true,"c":{"d":1,"d":2},"c":1}"#,
        r#"{"a":true,"c":{"d":1,"d":tru}}"#,
        r#"{"n":null} x"#,
        r#"{"n":[[{"e":"\ud800"}]]}"#,
        r#"{"n":1e,"a":0.5}"#,
    ] {
        let observer = observed(&Selection::All, &[bad, good[0], bad]);
        assert_eq!((observer.n_rows(), observer.n_bad()), (1, 2), "{bad}");
        let proposed = observer.propose().unwrap();
        assert_eq!(types(&proposed), types(&expected), "{bad}");
        assert_eq!(observer.first_bad().unwrap().0, place(0));
    }
}

#[test]
fn a_line_with_a_key_twice_in_an_inner_object_is_a_row_of_a_column_of_json() {
    for value in [
        r#"{"a":1,"a":2}"#,
        r#"[[{"b":{"a":1,"\u0061":[{}]},"c":{"d":1,"d":2}}]]"#,
    ] {
        let line = format!("{{\"m\":{value},\"n\":2.5}}");
        for lines in [
            [r#"{"m":[1],"n":1}"#, r#"{"m":5,"n":2}"#, &line],
            [&line, r#"{"n":1}"#, r#"{"m":null}"#],
        ] {
            let observer = observed(&Selection::All, &lines);
            assert_eq!((observer.n_rows(), observer.n_bad()), (3, 0), "{lines:?}");
            let proposed = observer.propose().unwrap();
            assert!(matches!(proposed[0].found, Found::Conflict(_)));
            assert_eq!(proposed[1].found, Found::Type(DataType::Float64));
        }
    }
    let found = conflict(&[r#"{"m":{"a":1,"a":2}}"#, r#"{"m":{"a":1}}"#]);
    let what = "an object with a key that comes twice".to_owned();
    assert_eq!((found.first, found.second), ((what, place(0)), None));
}

#[test]
fn a_path_does_not_lead_through_an_object_with_a_key_twice() {
    let line = r#"{"m":{"a":{"b":1,"b":2},"x":0,"x":1}}"#;
    let n_bad = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        observed(&Selection::Names(names), &[line]).n_bad()
    };
    assert_eq!(n_bad(&["m.a"]), 1);
    assert_eq!(n_bad(&["m", "m.a"]), 1);
    assert_eq!(n_bad(&["m.a", "m"]), 1);
    assert_eq!(n_bad(&["m"]), 0);
    assert_eq!(n_bad(&["other"]), 0);
    let line = r#"{"m":{"a":{"b":1,"b":2}}}"#;
    let n_bad = |name: &str| observed(&Selection::Names(vec![name.to_owned()]), &[line]).n_bad();
    assert_eq!((n_bad("m.a"), n_bad("m.a.b")), (0, 1));
}

#[test]
fn names_are_looked_for_as_keys_and_as_paths() {
    let lines = [
        r#"{"skipped":{"a":1},"meta":{"url":"u","n":1,"l":[1]},"text":"t"}"#,
        r#"{"meta":null,"x.y":true,"x":{"y":1}}"#,
        r#"{"meta":{"url":null,"other":[1,"a"]},"odd":5}"#,
    ];
    let names = ["nope", "text", "meta.url", "x.y", "odd.z", "meta.n"];
    let selection = Selection::Names(names.map(str::to_owned).to_vec());
    let proposed = observed(&selection, &lines).propose().unwrap();
    let shown: Vec<_> = proposed
        .iter()
        .map(|p| (p.path.join("/"), p.found.clone()))
        .collect();
    let of = |path: &str, found| (path.to_owned(), found);
    let conflict = Conflict {
        at: "odd".to_owned(),
        first: ("an integer".to_owned(), place(2)),
        second: None,
    };
    assert_eq!(
        shown,
        [
            of("meta/url", Found::Type(DataType::Utf8)),
            of("meta/n", Found::Type(DataType::Int64)),
            of("text", Found::Type(DataType::Utf8)),
            of("x.y", Found::Type(DataType::Boolean)),
            of("odd/z", Found::Conflict(conflict)),
            of("nope", Found::Absent),
        ]
    );
}

#[test]
fn a_key_asked_for_whole_and_by_paths_is_seen_whole() {
    let lines = [r#"{"meta":{"url":"u","n":1}}"#];
    for names in [["meta", "meta.url"], ["meta.url", "meta"]] {
        let selection = Selection::Names(names.map(str::to_owned).to_vec());
        let proposed = observed(&selection, &lines).propose().unwrap();
        let whole = proposed.iter().find(|p| p.name == "meta").unwrap();
        let Found::Type(DataType::Struct(fields)) = &whole.found else {
            panic!("{whole:?}")
        };
        assert_eq!(fields.len(), 2);
    }
}

#[test]
fn a_line_of_many_keys_is_seen_and_too_many_are_refused() {
    let line = |n: usize| {
        let members: Vec<_> = (0..n).map(|i| format!("\"k{i}\":{i}")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert_eq!(all(&[&line(100_000)]).len(), 100_000);
    let observer = observed(&Selection::All, &[&line(300_000)]);
    let error = observer.propose().unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Pipeline);
    // The last member is not JSON, so nothing of the line counts.
    let bad = format!("{}]", line(300_000));
    let observer = observed(&Selection::All, &[&bad, r#"{"a":1}"#]);
    assert_eq!(observer.propose().unwrap().len(), 1);
}

#[test]
fn merged_observers_propose_what_one_would_have() {
    let lines = [
        r#"{"b":1,"a":{"x":[1]}}"#,
        r#"{"c":"x","a":{"y":null}}"#,
        r#"{"d":[],"b":2.5,"c":"y"}"#,
        "bad",
        r#"{"d":[{"e":1}],"f":null,"a":{"x":[2],"z":1e400}}"#,
        r#"{"f":true,"c":null,"a":{"y":"q"}}"#,
        "bad too",
    ];
    let names = ["a.y", "b", "d", "a"].map(str::to_owned).to_vec();
    for selection in [Selection::All, Selection::Names(names)] {
        let one = observed(&selection, &lines);
        for mask in 0..1_u32 << lines.len() {
            let mut parts = [0, 1].map(|_| Observer::new(&selection, NotFinite::Refused));
            for (line, text) in (0..).zip(lines) {
                parts[(mask >> line & 1) as usize].line(text.as_bytes(), place(line));
            }
            let [mut left, right] = parts;
            left.merge(right);
            assert_eq!(left.propose().unwrap(), one.propose().unwrap(), "{mask:b}");
            assert_eq!(left.first_bad(), one.first_bad());
            assert_eq!((left.n_rows(), left.n_bad()), (one.n_rows(), one.n_bad()));
        }
    }
}
