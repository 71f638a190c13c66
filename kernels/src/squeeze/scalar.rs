//! The meaning of `squeeze`, plain and slow.

use super::{Class, Squeeze};

/// One item, byte by byte; how many bytes are written. `dst` has room for all
/// of `src`.
pub(super) fn squeeze(squeeze: &Squeeze, src: &[u8], dst: &mut [u8]) -> usize {
    let mut n = 0;
    let mut run_goes_on = false;
    for &byte in src {
        match squeeze.classes()[usize::from(byte)] {
            Class::Keep => {
                dst[n] = byte;
                n += 1;
                run_goes_on = false;
            }
            Class::Squeeze => {
                if !run_goes_on {
                    dst[n] = squeeze.replacement();
                    n += 1;
                }
                run_goes_on = true;
            }
            Class::Drop => {}
        }
    }
    n
}
