//! A target that is not empty: what is there is kept, gone on with, replaced
//! or refused by name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fuelrail::sink::{Fs, LocalFs, OnExisting, Opened, Target};
use fuelrail::{ErrorKind, Result};
use fuelrail_tests::fault::MemFs;
use fuelrail_tests::output::{Job, dataset_files};

use super::{ROOT, is_tidy, job, reference, replaced, unfinished, with_dataset};

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
