//! One pipeline, every device of this machine, the same dataset to the byte.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use fuelrail::ErrorKind;
use fuelrail::format::Manifest;
use fuelrail::kernels::Level;
use fuelrail::plan::{DeviceChoice, Plan};
use fuelrail::run::{Control, Device, ShardOptions, shard};
use fuelrail_tests::devices::{LINES, TABLE, may_be_missing, workplace};
use fuelrail_tests::fault::MemFs;
use fuelrail_tests::output::dataset_files;
use fuelrail_tests::runs;

/// Every level of the processor, and all other devices that are there.
fn devices(plan: &Plan) -> Vec<Device> {
    let levels = Level::available().into_iter();
    let mut devices: Vec<Device> = levels
        .map(|level| format!("cpu:{level}").parse().unwrap())
        .map(|choice| Device::open(choice, plan).unwrap())
        .collect();
    for name in ["wgpu:software", "wgpu", "cuda"] {
        let choice = name.parse().unwrap();
        match Device::open(choice, plan) {
            Ok(device) => devices.push(device),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Device);
                assert!(!error.to_string().contains("self-test"), "{error}");
                // Hardware is a matter of the machine, software can be had.
                if choice == DeviceChoice::WgpuSoftware {
                    may_be_missing(choice);
                }
            }
        }
    }
    devices
}

/// All files of a dataset.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The dataset of `plan`, written in memory, because syncs take their time.
fn written(plan: &Arc<Plan>, options: ShardOptions) -> (Files, Manifest) {
    let fs = MemFs::default();
    let options = ShardOptions {
        fs: Arc::new(fs.clone()),
        ..options
    };
    let control = Control::default();
    let manifest = shard(plan, &options, &control).unwrap();
    assert_eq!(control.device_lost(), None);
    (dataset_files(&fs, &plan.sink.root), manifest)
}

fn assert_same_everywhere(text: &str, shapes: &[(usize, usize)]) -> Manifest {
    let dir = workplace();
    let plan = runs::plan(dir.path(), text, &dir.path().join("out")).unwrap();
    let scalar = Device::open("cpu:scalar".parse().unwrap(), &plan).unwrap();
    let (expected, manifest) = written(&plan, ShardOptions::new(1).on(scalar));
    assert!(expected.len() >= 3, "{:?}", expected.keys());
    for device in devices(&plan) {
        for &(threads, batch_bytes) in shapes {
            let options = ShardOptions {
                batch_bytes,
                ..ShardOptions::new(threads).on(device.clone())
            };
            let (got, _) = written(&plan, options);
            let id = &device.report().id;
            let what = format!("{id}, {threads} threads, {batch_bytes} bytes");
            assert!(expected.keys().eq(got.keys()), "{what}: {:?}", got.keys());
            for (name, bytes) in &expected {
                assert!(*bytes == got[name], "{what}: {} differs", name.display());
            }
        }
    }
    manifest
}

/// Threads and bytes of a batch.
const SHAPES: [(usize, usize); 5] = [
    (1, 1 << 10),
    (2, 20 << 10),
    (7, 4 << 10),
    (7, 1 << 20),
    (2, 1 << 30),
];

#[test]
fn tables_come_out_the_same_on_every_device() {
    let manifest = assert_same_everywhere(TABLE, &SHAPES);
    assert!(manifest.shards.len() > 3, "{:?}", manifest.shards);
    let n_quarantined = manifest.quarantine.unwrap().n_units;
    let n_dropped: u64 = manifest.stats.dropped.iter().sum();
    assert!(
        n_dropped > 100 && n_quarantined > 10,
        "{:?}",
        manifest.stats
    );
    assert_eq!(manifest.n_rows + n_dropped + n_quarantined, 1500);
    assert_same_everywhere(
        &TABLE.replace("table.parquet", "table.arrow"),
        &[(2, 1 << 10), (7, 1 << 30)],
    );
}

#[test]
fn lines_come_out_the_same_on_every_device() {
    assert_same_everywhere(LINES, &SHAPES);
}

/// Documents in several scripts, with special tokens, and with words that only the
/// processor encodes.
fn documents() -> (String, u64) {
    let words = [
        "I'll",
        " écrire",
        " 12345",
        "\\n\\n",
        "語学校",
        " don't",
        "<|endoftext|>",
        " naïve",
    ];
    let mut lines = String::new();
    for n in 0..120 {
        let text = words.iter().cycle().skip(n).step_by(3).take(n);
        let text: String = text.copied().collect();
        writeln!(lines, "{{\"text\": \"{text}\"}}").unwrap();
    }
    lines += "{\"text\": null}\n";
    let long = "a".repeat(5_000);
    writeln!(lines, "{{\"text\": \"{long}\"}}").unwrap();
    (lines, 5_000)
}

#[test]
fn text_is_encoded_alike_on_a_device_and_the_share_of_the_host_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let (lines, on_host) = documents();
    std::fs::write(dir.path().join("text.jsonl"), lines).unwrap();
    let text = "[source]\nuri = \"text.jsonl\"\n[[step]]\nop = \"tokenize\"\ncolumn = \"text\"\n\
                tokenizer = \"gpt2\"\nspecial_tokens = \"parse\"\n[sink]\nuri = \"out\"\n";
    let plan = runs::plan(dir.path(), text, &dir.path().join("out")).unwrap();
    let (expected, _) = written(&plan, ShardOptions::new(1).on(Device::cpu()));
    let choice = DeviceChoice::WgpuSoftware;
    let Ok(device) = Device::open(choice, &plan) else {
        return may_be_missing(choice);
    };
    let placement = device.placement(&plan).join("\n");
    assert!(placement.contains("encodes text (step 1)"), "{placement}");
    let fs = MemFs::default();
    let options = ShardOptions {
        fs: Arc::new(fs.clone()),
        ..ShardOptions::new(2).on(device)
    };
    let control = Control::default();
    shard(&plan, &options, &control).unwrap();
    assert_eq!(control.device_lost(), None);
    let (all, left) = control.text_for_device();
    assert!(all > 10_000, "{all}");
    assert_eq!(left, on_host);
    assert!(dataset_files(&fs, &plan.sink.root) == expected);
}
