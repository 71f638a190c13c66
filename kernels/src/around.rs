//! Copies around the caches.
//!
//! A plain store reads the line that it replaces, and pushes another out. Where
//! more is written than a core keeps until someone reads it, both are for
//! nothing.

/// Copies around the caches where the processor can; what it copied may be read
/// by others once it is dropped.
#[derive(Debug, Default)]
pub struct Around(());

impl Around {
    /// Copies `src` to `dst` and meanwhile has the lines of `next` fetched,
    /// which is read after it.
    ///
    /// # Panics
    /// Where the lengths of `src` and `dst` differ.
    #[inline]
    pub fn copy(&mut self, src: &[u8], dst: &mut [u8], next: &[u8]) {
        #[cfg(target_arch = "x86_64")]
        crate::x86::copy_around(src, dst, next);
        #[cfg(not(target_arch = "x86_64"))]
        {
            let _ = next;
            dst.copy_from_slice(src);
        }
    }
}

impl Drop for Around {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        crate::x86::finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_copied_wherever_they_begin_and_no_other_is_touched() {
        let src: Vec<u8> = (0..1000_u32).map(|n| (n % 251) as u8 + 1).collect();
        for len in [0, 1, 31, 32, 63, 64, 65, 127, 128, 200, 900] {
            for (from, to) in [(0, 0), (1, 0), (0, 1), (7, 33), (64, 64), (99, 63)] {
                let mut dst = vec![0; 1000];
                let mut around = Around::default();
                let want = &src[from..from + len];
                around.copy(want, &mut dst[to..to + len], &src[..len / 2]);
                drop(around);
                assert_eq!(&dst[to..to + len], want);
                let n_touched = dst.iter().filter(|byte| **byte != 0).count();
                assert_eq!(n_touched, len, "{len} bytes from {from} to {to}");
            }
        }
    }
}
