//! Writing: no fault, at whatever operation, leaves anything but the old
//! dataset, the new one, or work that goes on to the same bytes.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy takes for library code"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fuelrail::ErrorKind;
use fuelrail::sink::{Fs, OnExisting, Opened, PartState, Target};
use fuelrail_tests::fault::{Fault, MemFs};
use fuelrail_tests::fault::{Ignored, Unsynced};
use fuelrail_tests::output::{Job, Rows, dataset_files};

type Files = BTreeMap<PathBuf, Vec<u8>>;

pub(crate) const ROOT: &str = "/data/set";

pub(crate) fn job() -> Job {
    Job::new(ROOT)
}

pub(crate) fn replaced() -> Job {
    Job { seed: 1, ..job() }
}

/// The dataset of `job` from an undisturbed run.
pub(crate) fn reference(job: &Job) -> Files {
    let fs = MemFs::default();
    job.run(Arc::new(fs.clone()), 8, OnExisting::Refuse)
        .unwrap();
    dataset_files(&fs, &job.root)
}

/// Operations an undisturbed run takes.
pub(crate) fn n_ops(job: &Job) -> u64 {
    let fs = MemFs::default();
    job.run(Arc::new(fs.clone()), 8, OnExisting::Refuse)
        .unwrap();
    fs.n_ops()
}

/// Whether nothing is left of the work.
pub(crate) fn is_tidy(fs: &MemFs, root: &Path) -> bool {
    let work = fs.list(&root.join(".fuelrail")).unwrap();
    work == ["lock"]
}

/// Whether the tree holds a manifest, and if so, all that it must.
fn holds_none_or_all(files: &Files, wholes: &[&Files]) -> bool {
    let manifest = Path::new("dataset.json");
    match files.get(manifest) {
        None => true,
        Some(text) => wholes.iter().any(|whole| {
            whole.get(manifest) == Some(text)
                && whole
                    .iter()
                    .all(|(path, bytes)| files.get(path) == Some(bytes))
        }),
    }
}

/// What `wrap` makes of a file system.
type Wrap<'a> = &'a dyn Fn(MemFs) -> Arc<dyn Fs>;

fn plain(fs: MemFs) -> Arc<dyn Fs> {
    Arc::new(fs)
}

/// Cuts the power at every operation of a run, starts again, and returns
/// what was not as it must be.
fn power_cuts(job: &Job, wrap: Wrap<'_>) -> Vec<String> {
    let whole = reference(job);
    let mut failures = Vec::new();
    for op in 0..n_ops(job) {
        let fs = MemFs::new(Fault::PowerCut { op }, op);
        let cut = job.run(wrap(fs.clone()), 8, OnExisting::Refuse);
        let after = fs.reboot();
        let mut fail =
            |what: &str| failures.push(format!("{what} after op {op}: {}", fs.op_name(op)));
        if cut.is_err_and(|e| e.kind() != ErrorKind::Io) {
            fail("another error than Io");
        }
        if !holds_none_or_all(&dataset_files(&after, &job.root), &[&whole]) {
            fail("part of a dataset");
        }
        match job.run(wrap(after.clone()), 5, OnExisting::Refuse) {
            Err(error) => fail(&format!("no rerun ({error})")),
            Ok(_) if dataset_files(&after, &job.root) != whole => fail("other bytes"),
            Ok(_) if !is_tidy(&after, &job.root) => fail("leftovers"),
            Ok(_) => {}
        }
    }
    failures
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_power_cut_at_any_operation_changes_nothing() {
    assert_eq!(power_cuts(&job(), &plain), none());
    let packed = Job {
        rows: Rows::Packed,
        shard_size: 60_000,
        ..job()
    };
    assert_eq!(power_cuts(&packed, &plain), none());
}

#[test]
fn a_power_cut_among_spilled_columns_changes_nothing() {
    let job = Job {
        parts: vec![12_000],
        shard_size: 4 << 20,
        ..job()
    };
    let fs = MemFs::default();
    job.run(Arc::new(fs.clone()), 4000, OnExisting::Refuse)
        .unwrap();
    let whole = dataset_files(&fs, &job.root);
    let mut names = (0..fs.n_ops()).map(|op| fs.op_name(op));
    assert!(
        names.any(|name| name.contains("spill")),
        "no column is spilled"
    );
    for op in (0..fs.n_ops()).step_by(7) {
        let fs = MemFs::new(Fault::PowerCut { op }, op);
        let _ = job.run(Arc::new(fs.clone()), 4000, OnExisting::Refuse);
        let after = fs.reboot();
        job.run(Arc::new(after.clone()), 1000, OnExisting::Refuse)
            .unwrap();
        assert!(
            dataset_files(&after, &job.root) == whole,
            "{}",
            fs.op_name(op)
        );
    }
}

#[test]
fn a_second_power_cut_while_going_on_changes_nothing() {
    let job = job();
    let whole = reference(&job);
    let n = n_ops(&job);
    for op in (0..n).step_by(5) {
        let first = MemFs::new(Fault::PowerCut { op }, op);
        let _ = job.run(Arc::new(first.clone()), 8, OnExisting::Refuse);
        for second_op in (0..n).step_by(13) {
            let second = first.reboot();
            second.set_fault(Fault::PowerCut { op: second_op });
            let _ = job.run(Arc::new(second.clone()), 3, OnExisting::Refuse);
            let third = second.reboot();
            job.run(Arc::new(third.clone()), 100, OnExisting::Refuse)
                .unwrap();
            assert_eq!(dataset_files(&third, &job.root), whole, "{op}, {second_op}");
        }
    }
}

#[test]
fn the_power_cut_test_finds_missing_syncs() {
    for ignored in [Ignored::Files, Ignored::Directories] {
        let unsynced = move |fs| Arc::new(Unsynced { fs, ignored }) as Arc<dyn Fs>;
        assert_ne!(power_cuts(&job(), &unsynced), none(), "{ignored:?}");
    }
}

#[test]
fn an_error_at_any_operation_is_typed_and_loses_nothing() {
    let job = job();
    let whole = reference(&job);
    for errno in [libc::ENOSPC, libc::EIO, libc::EMFILE, libc::EROFS] {
        for op in 0..n_ops(&job) {
            for fault in [Fault::Once { op, errno }, Fault::From { op, errno }] {
                let fs = MemFs::new(fault, op);
                let failed = job.run(Arc::new(fs.clone()), 8, OnExisting::Refuse);
                let name = fs.op_name(op);
                let kind = failed.err().map(|error| error.kind());
                assert!(
                    matches!(kind, None | Some(ErrorKind::Io)),
                    "{fault:?} {name}: {kind:?}"
                );
                fs.set_fault(Fault::None);
                job.run(Arc::new(fs.clone()), 5, OnExisting::Refuse)
                    .unwrap_or_else(|error| panic!("{fault:?} {name}: {error}"));
                assert_eq!(dataset_files(&fs, &job.root), whole, "{fault:?} {name}");
                assert!(is_tidy(&fs, &job.root), "{fault:?} {name}");
            }
        }
    }
}

#[test]
fn a_part_can_be_taken_up_again_in_the_same_run() {
    let job = job();
    let whole = reference(&job);
    for op in 0..n_ops(&job) {
        let fs = MemFs::default();
        let plan = job.plan();
        let opened = Target::open(Arc::new(fs.clone()), &plan, OnExisting::Refuse).unwrap();
        let Opened::Writing(target) = opened else {
            panic!("nothing is there yet")
        };
        fs.set_fault(Fault::Once {
            op,
            errno: libc::EIO,
        });
        for part in &plan.parts {
            let write = || match target.part(part.index)? {
                PartState::Todo(writer) => job.write_part(part.index, *writer, 4),
                PartState::Done(_) => Ok(()),
            };
            write().or_else(|_| write()).unwrap();
        }
        fs.set_fault(Fault::None);
        target.commit().unwrap();
        assert_eq!(dataset_files(&fs, &job.root), whole, "{}", fs.op_name(op));
    }
}

/// A file system that holds the dataset of [`job`].
pub(crate) fn with_dataset(seed: u64) -> MemFs {
    let fs = MemFs::new(Fault::None, seed);
    job()
        .run(Arc::new(fs.clone()), 8, OnExisting::Refuse)
        .unwrap();
    fs
}

#[test]
fn replacing_keeps_the_old_dataset_until_the_new_one_is_whole() {
    let (old, new) = (reference(&job()), reference(&replaced()));
    let before = with_dataset(0).n_ops();
    let fs = with_dataset(0);
    replaced()
        .run(Arc::new(fs.clone()), 8, OnExisting::Replace)
        .unwrap();
    assert_eq!(dataset_files(&fs, Path::new(ROOT)), new);
    for op in before..fs.n_ops() {
        let fs = with_dataset(op);
        fs.set_fault(Fault::PowerCut { op });
        let _ = replaced().run(Arc::new(fs.clone()), 8, OnExisting::Replace);
        let after = fs.reboot();
        let files = dataset_files(&after, Path::new(ROOT));
        assert!(
            files.contains_key(Path::new("dataset.json")),
            "{}",
            fs.op_name(op)
        );
        assert!(
            holds_none_or_all(&files, &[&old, &new]),
            "{}",
            fs.op_name(op)
        );
        replaced()
            .run(Arc::new(after.clone()), 5, OnExisting::Replace)
            .unwrap();
        assert_eq!(
            dataset_files(&after, Path::new(ROOT)),
            new,
            "{}",
            fs.op_name(op)
        );
        assert!(is_tidy(&after, Path::new(ROOT)));
    }
}
