//! Which files are inputs: what a walk passes over and says so, that no output
//! is ever read, links, the order of a list, and places that are not files.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use fuelrail::ErrorKind;
use fuelrail::plan::PassedOverKind;
use fuelrail_tests::cli::{fuelrail, shell};
use fuelrail_tests::inputs::{found, names, passed_over, refused, result, run, tree, write};
use serde_json::Value;

#[test]
fn what_a_folder_passes_over_is_named_with_its_reason() {
    let dir = tree(&[
        "a.jsonl",
        "b.json",
        "c.jsonl.bz2",
        "d.csv",
        "e.py",
        "README",
        "_part.jsonl",
        "_SUCCESS",
        ".git/x",
        "k=1/f.jsonl",
    ]);
    Command::new("mkfifo")
        .arg(dir.path().join("g.jsonl"))
        .status()
        .unwrap();
    let catalog = found(&dir, &["."], None);
    assert_eq!(names(&catalog), ["a.jsonl", "k=1/f.jsonl"]);
    let expected = [
        (PassedOverKind::Ending, "README"),
        (PassedOverKind::Ending, "b.json"),
        (PassedOverKind::Ending, "c.jsonl.bz2"),
        (PassedOverKind::Ending, "d.csv"),
        (PassedOverKind::Ending, "e.py"),
        (PassedOverKind::Hidden, ".git"),
        (PassedOverKind::Hidden, "_part.jsonl"),
        (PassedOverKind::Special, "g.jsonl"),
    ];
    let expected = expected.map(|(kind, name)| (kind, name.to_owned()));
    assert_eq!(passed_over(&dir, &catalog.unwrap()), expected.into());
}

#[test]
fn a_glob_says_what_matches_and_is_not_read() {
    let dir = tree(&["a.jsonl", "b.jsonl/c.jsonl", "_d.jsonl", "e.csv"]);
    let catalog = found(&dir, &["*.jsonl"], None);
    assert_eq!(names(&catalog), ["a.jsonl"]);
    let expected = [
        (PassedOverKind::Hidden, "_d.jsonl".to_owned()),
        (PassedOverKind::Directory, "b.jsonl".to_owned()),
    ];
    assert_eq!(passed_over(&dir, &catalog.unwrap()), expected.into());
    let error = refused(found(&dir, &["b*.jsonl"], None), "b.jsonl: a directory");
    assert!(error.hint().unwrap().contains("/b.jsonl/*\""), "{error:?}");
}

#[test]
fn a_folder_without_inputs_says_what_it_holds_and_what_helps() {
    for (files, words, hint) in [
        (
            &["b.json"][..],
            "b.json: may be one document",
            "to read them as JSON lines",
        ),
        (&["a.ppm"], "a.ppm: an image that is not", "PIL"),
        (&["a.csv"], "a.csv: CSV, which is not read", "read_csv"),
        (&["a.jsonl.xz"], "xz, which is not read", "unxz"),
        (
            &["a.py", "b.py"],
            "the ending .py is not known",
            "format = \"text\"",
        ),
        (&[".a.jsonl"], "begins with `.`", "a glob that spells"),
    ] {
        let dir = tree(files);
        let error = refused(found(&dir, &["."], None), words);
        assert_eq!(error.kind(), ErrorKind::Pipeline);
        assert!(error.hint().unwrap().contains(hint), "{error:?}");
    }
    let dir = tempfile::tempdir().unwrap();
    refused(found(&dir, &["."], None), "holds no file");
}

#[test]
fn a_hint_for_an_ending_leads_to_rows() {
    let dir = tree(&["in/b.json", "in/c.json"]);
    let error = found(&dir, &["in"], None).unwrap_err();
    let uri = error.hint().unwrap().split('"').nth(3).unwrap();
    assert_eq!(names(&found(&dir, &[uri], None)), ["b.json", "c.json"]);
}

#[test]
fn no_output_is_an_input() {
    let dir = tree(&["d/a.jsonl", "d/sub/b.jsonl"]);
    let text = "[source]\nuri = \"d\"\non_error = \"quarantine\"\n[[step]]\nop = \"select\"\n\
                columns = [\"text\"]\n[sink]\nuri = \"d/out\"\n";
    fs::write(dir.path().join("p.toml"), text).unwrap();
    fs::write(dir.path().join("d/c.jsonl"), "bad\n").unwrap();
    let first = result(&run(&dir, &["shard", "p.toml", "--json"]));
    assert_eq!(first["n_rows"], 2);
    assert_eq!(first["quarantine"]["n_units"], 1);
    // The same command, with another fuelrail's dataset inside, and replaced.
    let again = run(&dir, &["shard", "p.toml"]);
    assert!(again.out.starts_with("complete already"), "{again:?}");
    assert!(
        again.out.contains("d/out: holds a dataset of fuelrail"),
        "{again:?}"
    );
    assert_eq!(run(&dir, &["shard", "p.toml", "--out", "d/other"]).code, 0);
    for args in [&["--replace"][..], &["--out", "d/third"]] {
        let ran = run(&dir, &[&["shard", "p.toml", "--json"][..], args].concat());
        assert_eq!(result(&ran)["n_rows"], 2);
    }
    // A manifest or the work alone make the place, and so does being the sink.
    fs::remove_dir_all(dir.path().join("d/out/.fuelrail")).unwrap();
    fs::remove_file(dir.path().join("d/other/dataset.json")).unwrap();
    fs::create_dir(dir.path().join("d/empty")).unwrap();
    write(&dir, "d/empty/x.jsonl");
    let sink = dir.path().join("d/empty");
    let catalog = found(&dir, &["d"], Some(&sink));
    assert_eq!(names(&catalog), ["a.jsonl", "c.jsonl", "sub/b.jsonl"]);
    let over = passed_over(&dir, &catalog.unwrap());
    let places: Vec<&str> = over.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(places, ["d/empty", "d/other", "d/out", "d/third"]);
    // By any glob, and by name.
    let catalog = found(&dir, &["d/**/*.jsonl"], Some(&sink));
    assert_eq!(names(&catalog), ["a.jsonl", "c.jsonl", "sub/b.jsonl"]);
    refused(found(&dir, &["d/out"], None), "written by fuelrail");
    refused(found(&dir, &["d/out/*.jsonl"], None), "written by fuelrail");
    let list = first["quarantine"]["file"].as_str().unwrap();
    let list = format!("d/out/{list}");
    refused(found(&dir, &[&list], None), "what fuelrail wrote");
    // Where the dataset lies beside its inputs, they are read and it is not.
    let sink = dir.path().join("d");
    assert_eq!(
        names(&found(&dir, &["d/*.jsonl"], Some(&sink))),
        ["a.jsonl", "c.jsonl"]
    );
}

#[test]
fn a_rerun_beside_a_kill_sees_the_same_inputs() {
    let dir = tree(&["d/a.jsonl"]);
    let text = "[source]\nuri = \"d\"\n[sink]\nuri = \"d/out\"\n";
    fs::write(dir.path().join("p.toml"), text).unwrap();
    let digest = |dir| result(&run(dir, &["plan", "p.toml", "--json"]))["digest"].clone();
    let before = digest(&dir);
    for half in [
        ".fuelrail/lock",
        ".fuelrail/tmp/x.jsonl",
        "assets/x.jsonl",
        "shards/x.txt",
    ] {
        write(&dir, &format!("d/out/{half}"));
        assert_eq!(digest(&dir), before, "{half}");
    }
}

#[test]
fn links_are_followed_once_and_dangling_ones_are_errors() {
    let dir = tree(&["d/a.jsonl", "d/sub/b.jsonl", "else/c.jsonl"]);
    let link = |to: &str, at: &str| symlink(to, dir.path().join(at)).unwrap();
    link("a.jsonl", "d/0.jsonl");
    link("../else", "d/link");
    link("../d", "d/ring");
    link("..", "d/sub/ring");
    link("/", "d/top");
    link("../../else", "d/sub/twice");
    let catalog = found(&dir, &["d"], None);
    assert_eq!(names(&catalog), ["a.jsonl", "link/c.jsonl", "sub/b.jsonl"]);
    let over = passed_over(&dir, &catalog.unwrap());
    assert!(over.iter().all(|(kind, _)| *kind == PassedOverKind::Again));
    let over: Vec<&str> = over.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(
        over,
        ["d/0.jsonl", "d/ring", "d/sub/ring", "d/sub/twice", "d/top"]
    );
    assert_eq!(
        names(&found(&dir, &["d/**/*.jsonl"], None)),
        ["a.jsonl", "link/c.jsonl", "sub/b.jsonl"]
    );
    link("nowhere", "d/x.jsonl");
    for uri in ["d", "d/*.jsonl", "d/x.jsonl", "d/**"] {
        let error = refused(found(&dir, &[uri], None), "got one to \"nowhere\"");
        assert!(error.to_string().contains("d/x.jsonl"), "{error}");
    }
    fs::remove_file(dir.path().join("d/x.jsonl")).unwrap();
    link("self.jsonl", "d/self.jsonl");
    refused(found(&dir, &["d"], None), "self.jsonl");
}

#[test]
fn a_mesh_of_links_ends() {
    let dir = tempfile::tempdir().unwrap();
    for a in 0..12 {
        write(&dir, &format!("d/{a}/x{a}.jsonl"));
        for b in 0..12 {
            let to = format!("../{b}");
            symlink(to, dir.path().join(format!("d/{a}/to{b}"))).unwrap();
        }
    }
    for uri in ["d", "d/**/*.jsonl"] {
        assert_eq!(found(&dir, &[uri], None).unwrap().files.len(), 12);
    }
}

#[test]
fn a_list_is_an_order_and_a_repeat_is_read_again() {
    let dir = tree(&["p1.jsonl", "p2.jsonl", "d/z.jsonl", "d/a.jsonl"]);
    let listed = |uris: &[&str]| {
        let catalog = found(&dir, uris, None);
        names(&catalog).join(" ")
    };
    assert_eq!(listed(&["p2.jsonl", "p1.jsonl"]), "p2.jsonl p1.jsonl");
    assert_eq!(listed(&["p2.jsonl", "d"]), "p2.jsonl a.jsonl z.jsonl");
    assert_eq!(
        listed(&["p1.jsonl", "p2.jsonl", "./p1.jsonl", "p1.jsonl"]),
        "p1.jsonl p2.jsonl p1.jsonl#2 p1.jsonl#3"
    );
    assert_eq!(listed(&["d", "d"]), "a.jsonl z.jsonl a.jsonl#2 z.jsonl#2");
    // What different entries reach is read where the first has it.
    let catalog = found(&dir, &["d/z.jsonl", "d", "d/*.jsonl", "p1.jsonl"], None);
    assert_eq!(names(&catalog), ["z.jsonl", "a.jsonl", "p1.jsonl"]);
    let catalog = found(&dir, &["d/z.jsonl", "d", "p1.jsonl"], None);
    assert_eq!(names(&catalog), ["z.jsonl", "a.jsonl", "p1.jsonl"]);
    let over = passed_over(&dir, &catalog.unwrap());
    assert_eq!(
        over,
        [(PassedOverKind::Again, "d/z.jsonl".to_owned())].into()
    );
    fs::hard_link(dir.path().join("p1.jsonl"), dir.path().join("p3.jsonl")).unwrap();
    let catalog = found(&dir, &["p*.jsonl"], None).unwrap();
    assert_eq!(catalog.files.len(), 3);
    assert!(catalog.discovery.notes[0].contains("hard link"));
}

#[test]
fn wildcards_in_names_are_found_by_their_names() {
    let dir = tree(&[
        "data[1]/a.jsonl",
        "data1/b.jsonl",
        "data[1]/x*y/c.jsonl",
        "{q}/d.jsonl",
    ]);
    let one = |uri: &str| {
        let catalog = found(&dir, &[uri], None);
        names(&catalog).join(" ")
    };
    assert_eq!(one("data[1]/*.jsonl"), "a.jsonl");
    assert_eq!(one("data[1]/a.jsonl"), "a.jsonl");
    assert_eq!(one("data[[]1]/*.jsonl"), "a.jsonl");
    assert_eq!(one("data[[]1]"), "a.jsonl x*y/c.jsonl");
    assert_eq!(one("data[1]/x*y/*"), "c.jsonl");
    assert_eq!(one("data[0-2]/*.jsonl"), "data1/b.jsonl");
    assert_eq!(one("{q}/[d]*"), "d.jsonl");
    let absolute = dir.path().join("data[1]/*.jsonl");
    assert_eq!(one(absolute.to_str().unwrap()), "a.jsonl");
    let uri = format!("file://{}", absolute.to_str().unwrap().replace('[', "%5B"));
    assert_eq!(one(&uri), "a.jsonl");
}

#[test]
fn places_that_are_no_files_are_called_what_they_are() {
    let dir = tree(&["a.jsonl"]);
    for (uri, words, hint) in [
        ("-", "standard input", "write it to a file first"),
        (
            "hf://datasets/a/b/*.parquet",
            "dataset hub",
            "hf download a/b",
        ),
        ("https://example.org/a.jsonl", "web address", "curl -LO"),
        ("s3://b/c/", "object store", "aws s3 cp --recursive"),
        ("s3:/b/c.jsonl", "nothing matches", "two slashes"),
        ("C:\\data\\a.jsonl", "nothing matches", "Windows"),
        ("/dev/null", "a pipe or a device", "to a file first"),
        ("", "an empty text", ""),
    ] {
        let error = found(&dir, &[uri], None).unwrap_err();
        assert!(error.to_string().contains(words), "{uri}: {error}");
        let given = error.hint().unwrap_or_default();
        assert!(given.contains(hint), "{uri}: {given}");
    }
}

#[test]
fn the_home_directory_is_meant_by_a_tilde() {
    let dir = tree(&["home/d/a.jsonl", "p.toml"]);
    let text = "[source]\nuri = \"~/d/*.jsonl\"\n[sink]\nuri = \"~/out\"\n";
    fs::write(dir.path().join("p.toml"), text).unwrap();
    let ran = shell(
        dir.path(),
        "HOME=$PWD/home \"$FUELRAIL\" shard p.toml --json",
    );
    assert_eq!(result(&ran)["n_rows"], 1);
    assert!(dir.path().join("home/out/dataset.json").is_file());
}

#[test]
fn a_dash_is_standard_input_where_it_is_read_once() {
    let dir = tempfile::tempdir().unwrap();
    let ids = |args: &[&str]| result(&fuelrail(dir.path(), args, b"a b"));
    let piped = ids(&["tokenize", "--json"]);
    assert_eq!(piped["texts"][0]["ids"].as_array().unwrap().len(), 2);
    assert_eq!(ids(&["tokenize", "-", "--json"]), piped);
    assert_eq!(ids(&["tokenize", "a b", "--json"]), piped);
}

#[test]
fn adding_files_moves_no_row_of_a_split() {
    let rows = |from: u32, to: u32| -> String {
        let line = |n: u32| format!("{{\"id\": {n}, \"url\": \"u\\u00fc{n}\"}}\n");
        (from..to).map(line).collect()
    };
    for key in ["id", "url"] {
        let dir = tempfile::tempdir().unwrap();
        let text = format!(
            "[source]\nuri = \"in\"\nsplit = {{ take = \"validation\", validation = 0.4, \
             key = \"{key}\" }}\n[sink]\nuri = \"out\"\n"
        );
        fs::write(dir.path().join("p.toml"), text).unwrap();
        fs::create_dir(dir.path().join("in")).unwrap();
        let mut counts = Vec::new();
        for n in 0..4 {
            let name = format!("in/{}.jsonl", 9 - n);
            fs::write(dir.path().join(name), rows(n * 40, n * 40 + 40)).unwrap();
            let args = ["shard", "p.toml", "--replace", "--json"];
            let all = result(&run(&dir, &args))["n_rows"].as_u64().unwrap();
            let alone = format!("source.uri=in/{}.jsonl", 9 - n);
            let args = [&args[..], &["--set", &alone, "--out", "one"]].concat();
            counts.push(result(&run(&dir, &args))["n_rows"].as_u64().unwrap());
            assert_eq!(all, counts.iter().sum::<u64>(), "{key}");
        }
        // A file in which the key is of another kind is refused, not retyped.
        let other = if key == "id" { "\"7\"" } else { "7" };
        let line = format!("{{\"{key}\": {other}}}\n");
        fs::write(dir.path().join("in/a.jsonl"), line).unwrap();
        let ran = run(&dir, &["shard", "p.toml", "--replace", "--json"]);
        assert_ne!(ran.code, 0, "{key}");
        assert!(ran.err.contains("a.jsonl"), "{}", ran.err);
    }
}

#[test]
fn plan_shard_and_the_run_log_say_what_was_passed_over() {
    let dir = tree(&["in/a.jsonl", "in/b.json", "in/c.jsonl.bz2"]);
    let text = "[source]\nuri = \"in\"\n[sink]\nuri = \"out\"\n";
    fs::write(dir.path().join("p.toml"), text).unwrap();
    let plan = run(&dir, &["plan", "p.toml"]);
    assert!(plan.out.contains("left out in/b.json: "), "{}", plan.out);
    assert!(plan.out.contains("in/c.jsonl.bz2: bzip2"), "{}", plan.out);
    let plan = result(&run(&dir, &["plan", "p.toml", "--json"]));
    let wrote = result(&run(&dir, &["shard", "p.toml", "--json"]));
    assert_eq!(plan["inputs"]["passed_over"], wrote["passed_over"]);
    assert_eq!(wrote["passed_over"][0]["count"], 1);
    assert_eq!(wrote["passed_over"][0]["kind"], "ending");
    let log = fs::read_to_string(dir.path().join("out/.fuelrail/run.jsonl")).unwrap();
    let log: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(log["passed_over"], wrote["passed_over"]);
    let before = plan["digest"].clone();
    fs::remove_file(dir.path().join("in/b.json")).unwrap();
    let after = result(&run(&dir, &["plan", "p.toml", "--json"]));
    assert_eq!(after["digest"], before);
    let shard = run(&dir, &["shard", "p.toml"]);
    assert!(
        shard.out.contains("left out: in/c.jsonl.bz2: "),
        "{}",
        shard.out
    );
}
