//! Rows through a lane whose slots are small: pieces in order, and what no slot
//! holds on the processor.

use std::sync::Arc;

use fuelrail_kernels::RowKernel;
use fuelrail_kernels::squeeze::Squeeze;

use super::*;
use crate::device::Slot;
use crate::device::items::{Items, RowItems, offsets_of};
use crate::device::on_lane::{OnLane, Source};
use crate::device::program::RowChain;
use crate::error::Result;

/// A lane that says that its slots are smaller than they are.
#[derive(Debug)]
struct Small(Arc<dyn Lane>, usize);

impl Lane for Small {
    fn max_slot_bytes(&self) -> usize {
        self.1
    }

    fn acquire(&self, items: &[Items<'_>]) -> Result<Box<dyn Slot>> {
        self.0.acquire(items)
    }
}

fn squeezes() -> Program {
    let squeeze = RowKernel::Squeeze(Arc::new(Squeeze::white_space()));
    let chain = || RowChain::new(vec![squeeze.clone()]).unwrap();
    Program {
        chains: Vec::new(),
        row_chains: vec![chain(), chain()],
    }
}

#[test]
fn rows_that_no_slot_holds_are_the_processor_s_and_counted() {
    let lens = [
        [100, 9_000, 0, 3, 7_000, 1, 1, 2_000, 5_000, 0, 8_000],
        [10; 11],
    ];
    let bytes = lens.map(|lens| b"a  b\t\n c\x00d ".repeat(lens.iter().sum::<u32>() as usize));
    let records = [Vec::new()];
    let offsets = lens.map(|lens| offsets_of(&lens).unwrap());
    let rows = |column: usize| RowItems {
        offsets: &offsets[column],
        records: &records,
    };
    let program = squeezes();
    let sources = [0, 1].map(|column| Source {
        bytes: &bytes[column],
        items: Items::Rows(rows(column)),
    });
    for backend in adapters() {
        let lane = backend.lane(&program).unwrap();
        for (limit, n_on_host) in [(1 << 20, 0), (8_192, 2), (4_096, 4), (1_100, 6)] {
            let on_lane = OnLane {
                lane: Arc::new(Small(Arc::clone(&lane), limit)),
                program: program.clone(),
                level: Level::best(),
            };
            let written = on_lane.run(&sources, None).unwrap();
            for (column, written) in written.iter().enumerate() {
                let chain = &program.row_chains[column];
                let expected = chain.run_rows(Level::SCALAR, &bytes[column], &rows(column));
                let expected = expected.unwrap();
                assert_eq!(written.offsets, expected.offsets, "{limit}");
                assert_eq!(written.bytes.as_slice(), expected.bytes, "{limit}");
            }
            assert_eq!([written[0].n_on_host, written[1].n_on_host], [n_on_host, 0]);
        }
    }
}
