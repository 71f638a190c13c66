//! Targets: what is refused, what is left alone, what is done again, and
//! where shards are cut.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy takes for library code"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fuelrail::format::{VerifyOptions, verify};
use fuelrail::sink::{Fs, LocalFs, OnExisting, Opened, PartState, Target};
use fuelrail::{ErrorKind, Result};
use fuelrail_tests::fault::{Fault, MemFs};
use fuelrail_tests::output::{Job, Rows, dataset_files};

use crate::sink::{ROOT, is_tidy, job, n_ops, reference, replaced, with_dataset};

#[test]
fn what_changed_is_refused_by_name() {
    let fs = with_dataset(0);
    let before = dataset_files(&fs, Path::new(ROOT));
    let refused = |job: &Job| {
        job.run(Arc::new(fs.clone()), 8, OnExisting::Refuse)
            .unwrap_err()
    };
    let error = refused(&replaced());
    assert_eq!(error.kind(), ErrorKind::Changed);
    assert!(
        error.message().contains("inputs: 0 content changed"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("--replace"));
    let larger = Job {
        shard_size: 50_000,
        ..job()
    };
    assert!(
        refused(&larger)
            .message()
            .contains("shard_size: 40000 -> 50000")
    );
    assert_eq!(dataset_files(&fs, Path::new(ROOT)), before);
    assert!(is_tidy(&fs, Path::new(ROOT)));
}

/// A run of [`job`] that ends when it has a few shards.
fn unfinished() -> MemFs {
    let fs = MemFs::default();
    fs.set_fault(Fault::From {
        op: n_ops(&job()) / 2,
        errno: libc::ENOSPC,
    });
    let error = job()
        .run(Arc::new(fs.clone()), 8, OnExisting::Refuse)
        .unwrap_err();
    assert!(error.hint().unwrap().contains("free space"), "{error}");
    fs.set_fault(Fault::None);
    fs
}

#[test]
fn unfinished_work_of_another_plan_is_refused_or_given_up() {
    let fs = unfinished();
    let run = |on| replaced().run(Arc::new(fs.clone()), 8, on);
    let error = run(OnExisting::Refuse).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Changed);
    assert!(error.message().contains("content changed"), "{error}");
    run(OnExisting::Replace).unwrap();
    assert_eq!(dataset_files(&fs, Path::new(ROOT)), reference(&replaced()));
}

/// Something that happens to a file between two runs.
type Damage<'a> = &'a dyn Fn(&MemFs);

#[test]
fn shards_that_are_gone_or_damaged_are_made_again() {
    let whole = reference(&job());
    let shards = || {
        let fs = unfinished();
        let names = fs.list(&Path::new(ROOT).join("shards")).unwrap();
        assert!(names.len() > 1);
        names
    };
    for name in shards() {
        let path = Path::new(ROOT).join("shards").join(name);
        let damages: [Damage<'_>; 4] = [
            &|fs| fs.remove(&path).unwrap(),
            &|fs| fs.scribble(&path, |bytes| bytes.truncate(100)),
            &|fs| fs.scribble(&path, |bytes| bytes[20] ^= 1),
            &|fs| fs.scribble(&path, |bytes| *bytes.last_mut().unwrap() ^= 1),
        ];
        for damage in damages {
            let fs = unfinished();
            damage(&fs);
            job()
                .run(Arc::new(fs.clone()), 8, OnExisting::Refuse)
                .unwrap();
            assert_eq!(dataset_files(&fs, Path::new(ROOT)), whole);
        }
    }
}

#[test]
fn damaged_work_is_done_again() {
    let whole = reference(&job());
    let journal = Path::new(ROOT).join(".fuelrail/journal/part-00000.jsonl");
    let plan = Path::new(ROOT).join(".fuelrail/plan.json");
    for path in [journal, plan] {
        for cut in [0, 1, 30, 200] {
            let fs = unfinished();
            fs.scribble(&path, |bytes| bytes.truncate(cut));
            job()
                .run(Arc::new(fs.clone()), 8, OnExisting::Refuse)
                .unwrap();
            assert_eq!(dataset_files(&fs, Path::new(ROOT)), whole);
        }
    }
}

#[test]
fn a_damaged_dataset_is_refused_or_written_again() {
    let whole = reference(&job());
    let files = [PathBuf::from("dataset.json")];
    let shards = whole
        .keys()
        .filter(|path| path.starts_with("shards"))
        .cloned();
    for path in files.into_iter().chain(shards) {
        let fs = with_dataset(0);
        fs.scribble(&Path::new(ROOT).join(&path), |bytes| bytes.truncate(300));
        let run = |on| job().run(Arc::new(fs.clone()), 8, on);
        let error = run(OnExisting::Refuse).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damage, "{error}");
        assert!(error.hint().unwrap().contains("--replace"));
        run(OnExisting::Replace).unwrap();
        assert_eq!(dataset_files(&fs, Path::new(ROOT)), whole);
    }
}

#[test]
fn a_complete_dataset_is_left_alone() {
    let fs = with_dataset(0);
    let opened = Target::open(Arc::new(fs), &job().plan(), OnExisting::Replace).unwrap();
    assert!(matches!(opened, Opened::Complete(_)));
}

#[test]
fn files_of_others_are_left_alone() {
    let fs = MemFs::default();
    let shards = Path::new(ROOT).join("shards");
    fs.create_dir_all(&shards).unwrap();
    let theirs = [
        Path::new(ROOT).join("notes.txt"),
        shards.join("old.safetensors"),
    ];
    for path in &theirs {
        fs.create(path).unwrap();
    }
    job()
        .run(Arc::new(fs.clone()), 8, OnExisting::Refuse)
        .unwrap();
    assert!(theirs.iter().all(|path| fs.len(path).is_ok()));
}

#[test]
fn a_second_writer_is_refused() -> Result<()> {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("set");
    for fs in [Arc::new(MemFs::default()) as Arc<dyn Fs>, Arc::new(LocalFs)] {
        let plan = Job::new(&root).plan();
        let first = Target::open(fs.clone(), &plan, OnExisting::Refuse)?;
        let error = Target::open(fs.clone(), &plan, OnExisting::Replace).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked);
        assert!(error.hint().is_some());
        drop(first);
        Target::open(fs, &plan, OnExisting::Refuse)?;
    }
    Ok(())
}

#[test]
fn any_batch_size_gives_the_same_bytes() {
    for rows in [Rows::Documents, Rows::Packed] {
        let job = Job { rows, ..job() };
        let whole = reference(&job);
        for batch_rows in [1, 2, 3, 7, 50, 1000] {
            let fs = MemFs::default();
            job.run(Arc::new(fs.clone()), batch_rows, OnExisting::Refuse)
                .unwrap();
            assert_eq!(dataset_files(&fs, &job.root), whole, "{batch_rows}");
        }
    }
}

#[test]
fn no_shard_exceeds_its_size_unless_one_row_does() {
    for shard_size in [1, 30_000, 45_000, 1 << 20] {
        let job = Job {
            shard_size,
            ..job()
        };
        let fs = MemFs::default();
        let manifest = job
            .run(Arc::new(fs.clone()), 8, OnExisting::Refuse)
            .unwrap();
        for shard in &manifest.shards {
            assert!(
                shard.len_bytes <= shard_size || shard.n_rows == 1,
                "{shard:?}"
            );
            let path = job.root.join("shards").join(shard.name());
            assert_eq!(fs.len(&path).unwrap(), shard.len_bytes);
        }
        let n_rows: u64 = manifest.shards.iter().map(|shard| shard.n_rows).sum();
        assert_eq!(manifest.n_rows, n_rows);
    }
}

#[test]
fn a_shard_is_cut_only_where_one_more_row_would_not_fit() {
    let whole = Job {
        parts: vec![70],
        ..job()
    };
    let fs = MemFs::default();
    let manifest = whole.run(Arc::new(fs), 8, OnExisting::Refuse).unwrap();
    let first = &manifest.shards[0];
    // The input row behind the first shard's rows and one more good row.
    let mut good = (0..).filter(|row| row % 7 != 3);
    let last = good.nth(usize::try_from(first.n_rows).unwrap()).unwrap();
    let one_more = Job {
        parts: vec![last + 1],
        shard_size: 1 << 30,
        ..job()
    };
    let fs = MemFs::default();
    let manifest = one_more.run(Arc::new(fs), 8, OnExisting::Refuse).unwrap();
    assert_eq!(manifest.shards[0].n_rows, first.n_rows + 1);
    assert!(manifest.shards[0].len_bytes > whole.shard_size);
}

#[test]
fn a_local_dataset_verifies_and_equals_the_one_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let job = Job::new(dir.path().join("a/b/set"));
    job.run(Arc::new(LocalFs), 8, OnExisting::Refuse).unwrap();
    let report = verify(&job.root, &VerifyOptions { threads: 2 }, &|_| {}).unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert!(report.extra.is_empty(), "{report:?}");
    for (path, bytes) in reference(&self::job()) {
        assert_eq!(
            std::fs::read(job.root.join(&path)).unwrap(),
            bytes,
            "{}",
            path.display()
        );
    }
}

/// Writes a part, if there is anything to write.
fn finish_part(job: &Job, part: u32, state: Result<PartState>) {
    if let PartState::Todo(writer) = state.unwrap() {
        job.write_part(part, *writer, 3).unwrap();
    }
}

#[test]
fn parts_are_written_from_several_threads() {
    let job = job();
    let fs = MemFs::default();
    let plan = job.plan();
    let opened = Target::open(Arc::new(fs.clone()), &plan, OnExisting::Refuse).unwrap();
    let Opened::Writing(target) = opened else {
        panic!("nothing is there yet")
    };
    std::thread::scope(|scope| {
        for part in plan.parts.iter().rev() {
            let (target, job) = (&target, &job);
            scope.spawn(move || {
                let state = target.part(part.index);
                assert!(target.part(part.index).is_err(), "a part has one writer");
                assert!(matches!(state, Ok(PartState::Todo(_))), "the part is new");
                finish_part(job, part.index, state);
            });
        }
    });
    target.commit().unwrap();
    assert_eq!(dataset_files(&fs, &job.root), reference(&job));
}
