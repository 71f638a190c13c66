//! Writing: no fault, at whatever operation, leaves anything but the old
//! dataset, the new one, or work that goes on to the same bytes.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy takes for library code"
)]

mod existing;
mod faults;
mod shards;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fuelrail::sink::{Fs, OnExisting};
use fuelrail_tests::fault::{Fault, MemFs};
use fuelrail_tests::output::{Job, dataset_files};

pub(super) type Files = BTreeMap<PathBuf, Vec<u8>>;

pub(super) const ROOT: &str = "/data/set";

pub(super) fn job() -> Job {
    Job::new(ROOT)
}

pub(super) fn replaced() -> Job {
    Job { seed: 1, ..job() }
}

/// The dataset of `job` from an undisturbed run.
pub(super) fn reference(job: &Job) -> Files {
    let fs = MemFs::default();
    job.run(Arc::new(fs.clone()), 8, OnExisting::Refuse)
        .unwrap();
    dataset_files(&fs, &job.root)
}

/// Operations an undisturbed run takes.
pub(super) fn n_ops(job: &Job) -> u64 {
    let fs = MemFs::default();
    job.run(Arc::new(fs.clone()), 8, OnExisting::Refuse)
        .unwrap();
    fs.n_ops()
}

/// Whether nothing is left of the work.
pub(super) fn is_tidy(fs: &MemFs, root: &Path) -> bool {
    let work = fs.list(&root.join(".fuelrail")).unwrap();
    work == ["lock"]
}

/// A file system that holds the dataset of [`job`].
pub(super) fn with_dataset(seed: u64) -> MemFs {
    let fs = MemFs::new(Fault::None, seed);
    job()
        .run(Arc::new(fs.clone()), 8, OnExisting::Refuse)
        .unwrap();
    fs
}

/// A run of [`job`] that ends when it has a few shards.
pub(super) fn unfinished() -> MemFs {
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
