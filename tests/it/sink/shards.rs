//! How rows are cut into shards: by their sizes alone.

use std::sync::Arc;

use fuelrail::Result;
use fuelrail::format::{VerifyOptions, verify};
use fuelrail::sink::{Fs, LocalFs, OnExisting, Opened, PartState, Target};
use fuelrail_tests::fault::MemFs;
use fuelrail_tests::output::{Job, Rows, dataset_files};

use super::{job, reference};

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
    for (path, bytes) in reference(&super::job()) {
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
