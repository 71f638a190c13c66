//! Choosing a device, trying it and hearing about it from the program.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;

use fuelrail::kernels::Level;
use fuelrail::plan::DeviceChoice;
use fuelrail::run::Device;
use fuelrail_tests::cli::{Ran, fuelrail, mounting_shell, shell};
use fuelrail_tests::devices::{TABLE, may_be_missing, workplace};
use fuelrail_tests::tree::{dataset, difference};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;

fn run(dir: &TempDir, args: &[&str]) -> Ran {
    fuelrail(dir.path(), args, b"")
}

/// The JSON of a run that went well.
#[track_caller]
fn result(ran: &Ran) -> Value {
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    serde_json::from_str(&ran.out).unwrap()
}

/// What a machine has of its own, and what takes another time each run.
fn masked(text: &str) -> String {
    let cpu = Device::cpu();
    let text = text.replace(&cpu.report().name, "PROCESSOR");
    text.replace(&cpu.report().id, "cpu:LEVEL")
}

#[test]
fn the_device_of_the_file_is_used_unless_another_is_asked_for() {
    let dir = workplace();
    let text = format!("device = \"cpu:scalar\"\n{TABLE}");
    fs::write(dir.path().join("p.toml"), text).unwrap();
    let used = |args: &[&str]| result(&run(&dir, args))["device"].to_string();
    let plan = ["plan", "p.toml", "--json"];
    assert!(used(&plan).contains("cpu:scalar ("), "{}", used(&plan));
    let best = format!("cpu:{} (", Level::best());
    let asked = [&plan[..], &["--device", "cpu"]].concat();
    assert!(used(&asked).contains(&best), "{}", used(&asked));
    let dry = ["shard", "p.toml", "--dry-run", "--json", "--device", "cpu"];
    assert!(used(&dry).contains(&best), "{}", used(&dry));
    assert!(!dir.path().join("out").exists());
}

#[test]
fn plans_say_where_steps_run() {
    let dir = workplace();
    let args = ["plan", "table.toml", "--threads", "2", "--device", "cpu"];
    let ran = run(&dir, &args);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_snapshot!("device_of_plan", masked(&ran.out));
    let args = ["plan", "lines.toml", "--device", "wgpu:software", "--json"];
    let ran = run(&dir, &args);
    if ran.code == 42 {
        return may_be_missing(DeviceChoice::WgpuSoftware);
    }
    let device = result(&ran)["device"].to_string();
    assert!(
        device.contains("does a (step 4), b (step 4), ids (step 5)"),
        "{device}"
    );
    assert!(device.contains("wgpu has no 64-bit numbers"), "{device}");
}

#[test]
fn a_named_device_that_is_missing_is_an_error() {
    let dir = workplace();
    // A loader without a driver, and a driver's library that is nowhere.
    let nothing = "VK_DRIVER_FILES=/nowhere.json VK_ICD_FILENAMES=/nowhere.json";
    for (device, message) in [
        ("wgpu", "no adapter that is hardware was found"),
        (
            "wgpu:software",
            "no adapter: no driver for Vulkan was found",
        ),
        ("wgpu:7", "expected an adapter below"),
        ("cuda:99", ""),
    ] {
        for verb in ["shard table.toml", "plan table.toml", "selftest --no-speed"] {
            let script = format!("{nothing} \"$FUELRAIL\" {verb} --json --device {device}");
            let ran = shell(dir.path(), &script);
            assert_eq!((ran.code, ran.out.as_str()), (42, ""), "{}", ran.err);
            let error: Value = serde_json::from_str(&ran.err).unwrap();
            assert_eq!(error["error"]["kind"], "device");
            assert_eq!(error["error"]["exit_code"], 42);
            let told = error["error"]["message"].as_str().unwrap();
            assert!(told.starts_with(message) || device == "wgpu:7", "{told}");
            assert_ne!(error["error"]["hint"], Value::Null, "{error}");
        }
        assert!(!dir.path().join("out").exists(), "nothing is begun");
    }
    for wrong in ["gpu", "cpu:avx1024", "cuda:x"] {
        let ran = run(&dir, &["plan", "table.toml", "--device", wrong]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        assert!(ran.err.contains("wgpu:software"), "{}", ran.err);
        fs::write(
            dir.path().join("wrong.toml"),
            format!("device = \"{wrong}\"\n{TABLE}"),
        )
        .unwrap();
        let ran = run(&dir, &["plan", "wrong.toml"]);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
    }
}

#[test]
fn auto_falls_back_and_says_what_it_passed_over() {
    let dir = workplace();
    let script = "VK_DRIVER_FILES=/nowhere.json VK_ICD_FILENAMES=/nowhere.json \
                  \"$FUELRAIL\" plan table.toml --json";
    let device = result(&shell(dir.path(), script))["device"].to_string();
    if !device.contains("cuda:0 (") {
        assert!(device.contains("not cuda: "), "{device}");
        assert!(device.contains("not wgpu: no adapter"), "{device}");
        assert!(
            device.contains(&format!("cpu:{} (", Level::best())),
            "{device}"
        );
    }
    // Steps that no device runs need none, so none is looked for.
    let tokenize = "[source]\nuri = \"lines.jsonl\"\n[sink]\nuri = \"out\"\n";
    fs::write(dir.path().join("p.toml"), tokenize).unwrap();
    let plan = result(&run(&dir, &["plan", "p.toml", "--json"]));
    assert!(plan["device"].to_string().contains("not needed"), "{plan}");
}

#[test]
fn datasets_of_the_program_are_the_same_on_each_device() {
    let dir = workplace();
    let shard = |device: &str, out: &str| {
        run(
            &dir,
            &[
                "shard",
                "table.toml",
                "--device",
                device,
                "--out",
                out,
                "--json",
            ],
        )
    };
    let done = result(&shard("cpu", "a"));
    assert_eq!(
        (&done["wrote"], &done["device_lost"]),
        (&json!(true), &Value::Null)
    );
    let ran = shard("wgpu:software", "b");
    if ran.code == 42 {
        return may_be_missing(DeviceChoice::WgpuSoftware);
    }
    assert_eq!(result(&ran)["digest"], done["digest"]);
    let [a, b] = ["a", "b"].map(|out| dataset(&dir.path().join(out)).unwrap());
    assert_eq!(difference(&a, &b), None);
    let log = fs::read_dir(dir.path().join("b/.fuelrail")).unwrap();
    let logs = log.map(|file| fs::read_to_string(file.unwrap().path()).unwrap_or_default());
    let told = logs.collect::<String>();
    assert!(told.contains("\"device\":\"wgpu:software\""), "{told}");
}

/// The report of a self-test that passed.
#[track_caller]
fn selftested(dir: &TempDir, device: &str) -> Option<Value> {
    let save = format!("{}.json", device.replace(':', "-"));
    let args = [
        "selftest",
        "--device",
        device,
        "--no-speed",
        "--json",
        "--save",
        &save,
    ];
    let ran = run(dir, &args);
    if ran.code == 42 {
        may_be_missing(device.parse().unwrap());
        return None;
    }
    let report = result(&ran);
    let saved = fs::read_to_string(dir.path().join(save)).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&saved).unwrap(), report);
    for device in report["devices"].as_array().unwrap() {
        for suite in device["suites"].as_array().unwrap() {
            assert_eq!(suite["wrong"], json!([]), "{device}");
            assert!(suite["n_chains"].as_u64().unwrap() > 5, "{suite}");
        }
        assert_eq!(device["speeds"], json!([]));
    }
    Some(report)
}

#[test]
fn the_self_test_passes_on_what_is_here() {
    let dir = TempDir::new().unwrap();
    let ids = |report: &Value| -> Vec<String> {
        let devices = report["devices"].as_array().unwrap().iter();
        let ids = devices.map(|device| device["device"]["id"].as_str().unwrap().to_owned());
        ids.collect()
    };
    let levels: Vec<String> = Level::available()
        .iter()
        .map(|level| format!("cpu:{level}"))
        .collect();
    let report = selftested(&dir, "cpu").unwrap();
    assert_eq!(ids(&report), levels);
    if let Some(report) = selftested(&dir, "wgpu:software") {
        let last = &report["devices"].as_array().unwrap()[levels.len()];
        assert_eq!(last["device"]["id"], "wgpu:software");
        assert_eq!(last["device"]["is_software"], true);
        let refused = last["suites"][1]["refused"].as_array().unwrap();
        assert!(
            refused
                .iter()
                .all(|text| text.to_string().contains("64-bit"))
        );
    }
}

/// The checks of devices by their names.
fn doctor(dir: &TempDir, environment: &str) -> Vec<Value> {
    let script = format!("{environment} \"$FUELRAIL\" doctor --json");
    let report = result(&shell(dir.path(), &script));
    let checks = report["checks"].as_array().unwrap().iter();
    let devices = checks.filter(|check| check["name"].as_str().unwrap().starts_with("device "));
    devices.cloned().collect()
}

#[test]
fn doctor_tries_every_device() {
    let dir = TempDir::new().unwrap();
    let checks = doctor(&dir, "");
    let levels = Level::available();
    for (check, level) in checks.iter().zip(&levels) {
        assert_eq!(check["name"], format!("device cpu:{level}"));
        assert_eq!(check["state"], "ok");
        assert!(
            check["found"]
                .as_str()
                .unwrap()
                .contains("self-test passed in ")
        );
    }
    let named = |name: &str| checks.iter().find(|check| check["name"] == name);
    match named("device wgpu:software") {
        None => may_be_missing(DeviceChoice::WgpuSoftware),
        Some(check) => {
            assert_eq!(check["state"], "ok");
            let found = check["found"].as_str().unwrap();
            assert!(
                found.contains("vulkan, software; self-test passed"),
                "{found}"
            );
        }
    }
    assert!(checks.iter().any(|check| {
        let name = check["name"].as_str().unwrap();
        name.starts_with("device cuda")
    }));
}

#[test]
fn doctor_says_what_to_do_where_vulkan_finds_nothing() {
    let dir = TempDir::new().unwrap();
    let missing = "VK_DRIVER_FILES=/nowhere.json VK_ICD_FILENAMES=/nowhere.json";
    let checks = doctor(&dir, missing);
    let vulkan = checks.iter().find(|check| check["name"] == "device wgpu");
    let vulkan = vulkan.unwrap();
    assert_eq!(vulkan["state"], "ok");
    assert_snapshot!("doctor_without_vulkan", format!("{vulkan:#}"));
}

#[test]
fn doctor_says_what_to_do_where_there_is_no_loader() {
    let dir = TempDir::new().unwrap();
    let script = r#"
        PATH=$PATH:/sbin
        unset VK_DRIVER_FILES VK_ICD_FILENAMES
        for library in $(ldconfig -p | sed -n 's/.* => \(.*libvulkan\.so\.1\)$/\1/p'); do
            mount --bind /dev/null "$(readlink -f "$library")"
        done
        "$FUELRAIL" doctor --json"#;
    let Some(ran) = mounting_shell(dir.path(), script) else {
        return;
    };
    let checks = result(&ran)["checks"].clone();
    let mut checks = checks.as_array().unwrap().iter();
    let vulkan = checks.find(|check| check["name"] == "device wgpu").unwrap();
    let hint = vulkan["hint"].as_str().unwrap();
    assert!(
        hint.starts_with("install the Vulkan loader (libvulkan1)"),
        "{hint}"
    );
}

#[test]
fn nothing_but_results_is_printed_where_no_desktop_runs() {
    let dir = TempDir::new().unwrap();
    let ran = shell(
        dir.path(),
        "unset XDG_RUNTIME_DIR; \"$FUELRAIL\" doctor --json",
    );
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn tokens_of_another_type_are_shown_as_text() {
    let dir = TempDir::new().unwrap();
    let lines = "{\"text\": \"the quick brown fox\"}\n{\"text\": \"\"}\n";
    fs::write(dir.path().join("a.jsonl"), lines).unwrap();
    let pipeline = "[source]\nuri = \"a.jsonl\"\n\
        [[step]]\nop = \"tokenize\"\ncolumn = \"text\"\ntokenizer = \"gpt2\"\n\
        [[step]]\nop = \"cast\"\ncolumn = \"tokens\"\ndtype = \"int32\"\n\
        [sink]\nuri = \"out\"\n";
    fs::write(dir.path().join("p.toml"), pipeline).unwrap();
    let shard = result(&run(
        &dir,
        &["shard", "p.toml", "--device", "cpu", "--json"],
    ));
    assert_eq!(shard["n_rows"], 2);
    let ran = run(&dir, &["inspect", "out"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("tokens: int32"), "{}", ran.out);
    assert!(ran.out.contains("the quick brown fox"), "{}", ran.out);
}
