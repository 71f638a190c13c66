//! The parts of a slot's way, timed.

use super::*;
use crate::device::profile::Part;
use crate::error::ErrorKind;

const LARGE: usize = 2 << 20;

#[test]
fn each_part_of_the_way_is_timed() {
    let program = program(vec![vec![cast_of(Element::U16, Element::I32)]]);
    for backend in adapters() {
        let lane = backend.lane(&program).unwrap();
        let n_items = 100_000;
        let profile = lane.profile(&[n_items], 2, LARGE).unwrap().unwrap();
        assert!(profile.keys().copied().eq(Part::ALL));
        for (part, timed) in &profile {
            assert_eq!(timed.seconds.len(), 2, "{part:?}");
            assert!(
                timed.seconds.iter().all(|s| *s > 0.0),
                "{part:?}: {timed:?}"
            );
        }
        let n_bytes = |part| profile[&part].n_bytes;
        // Two bytes a number up and four down, and little beside.
        for (part, n) in [
            (Part::Upload, 2),
            (Part::Download, 4),
            (Part::Kernels, 6),
            (Part::Copy, 6),
            (Part::Together, 6),
        ] {
            let expected = n * n_items..n * n_items + 1024;
            assert!(expected.contains(&n_bytes(part)), "{part:?}: {profile:?}");
        }
        assert_eq!(
            (n_bytes(Part::LargeUp), n_bytes(Part::LargeDown)),
            (LARGE, LARGE)
        );
        // The ring was left alone.
        let src = vec![vec![3; 2 * n_items]];
        assert_same(
            &program,
            &through(&*lane, &program, &src),
            &expected(&program, &src),
        );
    }
}

#[test]
fn nothing_to_do_is_not_timed_and_too_much_is_refused() {
    let program = program(vec![vec![cast_of(Element::U16, Element::I32)]]);
    for backend in adapters() {
        let lane = backend.lane(&program).unwrap();
        assert!(lane.profile(&[0], 2, LARGE).unwrap().is_none());
        let error = lane.profile(&[1 << 28], 2, LARGE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        let error = lane.profile(&[], 2, LARGE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
    }
}
