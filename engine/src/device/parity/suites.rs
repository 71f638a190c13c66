//! The operators of the conformance suite, and how it is run.

use super::super::Device;
use super::trial::{Subject, SuiteReport, Trial, try_one};
use super::{cast, color, map, mixed, normalize, resample, rows, tokenize, warp};

/// A name, and the programs that belong to it.
type Suite = (&'static str, fn() -> Vec<Trial>);

/// The operators, each with its programs.
const SUITES: &[Suite] = &[
    ("normalize", normalize::trials),
    ("cast", cast::trials),
    ("map", map::trials),
    ("mixed", mixed::trials),
    ("blend", rows::blends),
    ("color", color::adjustments),
    ("gather", rows::gathers),
    ("lut", rows::luts),
    ("resample", resample::resizes),
    ("squeeze", rows::squeezes),
    ("rows", rows::chains),
    ("tokenize", tokenize::trials),
    ("warp", warp::warps),
];

/// Runs the whole suite on a device.
pub(crate) fn conformance(device: &Device) -> Vec<SuiteReport> {
    run(device.subject())
}

/// Runs one program of every kernel on a device; gives what went wrong.
pub(crate) fn quick_trial(device: &Device) -> Vec<String> {
    let mut report = SuiteReport::default();
    for (_, trials) in SUITES {
        if let Some(trial) = trials().first() {
            try_one(device.subject(), trial, 0, &mut report);
        }
    }
    report.wrong
}

/// Runs the whole suite.
fn run(subject: Subject<'_>) -> Vec<SuiteReport> {
    let suite = |&(name, trials): &Suite| {
        let mut report = SuiteReport {
            suite: name.to_owned(),
            ..SuiteReport::default()
        };
        for (seed, trial) in trials().iter().enumerate() {
            try_one(subject, trial, seed as u64, &mut report);
        }
        report
    };
    SUITES.iter().map(suite).collect()
}

#[cfg(test)]
mod tests {
    use fuelrail_kernels::Level;

    use super::*;

    #[test]
    fn every_level_has_the_bits_of_the_reference() {
        for level in Level::available() {
            let reports = run(Subject::Level(level));
            assert_eq!(reports.len(), SUITES.len());
            for report in reports {
                assert!(report.n_chains > 10, "{level}: {report:?}");
                assert_eq!(report.wrong, [] as [String; 0], "{level}");
            }
        }
    }
}
