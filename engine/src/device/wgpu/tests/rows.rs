//! Rows through a lane whose slots are small: pieces in order, and what no slot
//! holds on the processor.

use std::sync::Arc;

use fuelrail_kernels::RowKernel;
use fuelrail_kernels::squeeze::Squeeze;

use super::*;
use crate::device::items::{Items, RowItems, offsets_of};
use crate::device::on_lane::{ColumnItems, OnLane};
use crate::device::program::{RaggedRows, RowChain};
use crate::device::{Destination, Landing, Slot};
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
        tables: &[],
    };
    let program = squeezes();
    let sources = [0, 1].map(|column| ColumnItems {
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
            let chains = program.row_chains.iter().enumerate();
            let expected = chains.map(|(column, chain)| {
                let rows = chain.run_rows(Level::SCALAR, &bytes[column], &rows(column));
                rows.unwrap()
            });
            let expected: Vec<RaggedRows> = expected.collect();
            let mut landed = [0, 1].map(|column: usize| vec![0xa5; expected[column].bytes.len()]);
            let landings = landed.iter_mut().zip(&expected);
            let landings = landings.map(|(landed, expected)| Landing {
                // What comes down with other offsets is an error.
                offsets: &expected.offsets,
                to: Destination::Host(landed),
            });
            let mut landings: Vec<Landing<'_>> = landings.collect();
            let n_too_large = on_lane.run_into(&sources, &mut landings).unwrap();
            assert_eq!(n_too_large, [n_on_host, 0]);
            for (landed, expected) in landed.iter().zip(&expected) {
                assert_eq!(*landed, expected.bytes, "{limit}");
            }
        }
    }
}
