//! `fuelrail plan --scan`: the types that hold every row.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use fuelrail::plan::Pipeline;
use fuelrail::run::{self, Scan, ScanProgress};
use indicatif::ProgressBar;

use crate::output::{Output, Stop};
use crate::progress::bar;

/// How often the bar is drawn anew.
const EVERY: Duration = Duration::from_millis(200);

/// Scans the inputs of `pipeline` and prints the table of types; the pipeline
/// may not fit its inputs all the same, which is an error then.
pub(crate) fn run(
    pipeline: &Pipeline,
    base: &Path,
    threads: usize,
    output: &mut Output,
) -> Result<(), Stop> {
    let scan = scan(
        pipeline,
        (base, threads),
        output.shows_progress().then(|| bar(0)),
    )?;
    output.result(|| scan.text(), || scan.json())?;
    scan.misfit.map_or(Ok(()), |error| Err(error.into()))
}

/// The scan, with a bar on standard error where it is to be shown.
fn scan(
    pipeline: &Pipeline,
    (base, threads): (&Path, usize),
    bar: Option<ProgressBar>,
) -> Result<Scan, fuelrail::Error> {
    let progress = ScanProgress::default();
    std::thread::scope(|scope| {
        let (end, ended) = channel::<()>();
        if let Some(bar) = bar {
            let progress = &progress;
            scope.spawn(move || {
                while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                    bar.set_length(progress.expected.read());
                    bar.set_position(progress.read.read());
                }
                bar.finish_and_clear();
            });
        }
        let scan = run::scan(pipeline, base, threads, &progress);
        drop(end);
        scan
    })
}
