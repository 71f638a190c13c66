//! Large pages for memory that is about to be filled: there are hundreds of times
//! fewer to fault in, each of which costs more than to fill a small one.
#![expect(unsafe_code, reason = "the system is advised on memory")]

/// Bytes of a large page.
const PAGE: usize = 2 << 20;

/// Asks for large pages for all of `memory` that is room for whole ones. Nothing
/// else changes, whatever the system makes of it.
pub fn ask_for<T>(memory: &mut Vec<T>) {
    let start = memory.as_mut_ptr().cast::<u8>();
    let len = memory.capacity() * size_of::<T>();
    let before = start.align_offset(PAGE);
    if let Some(len) = len.checked_sub(before).map(|len| len - len % PAGE)
        && len > 0
    {
        advise(start.wrapping_add(before), len);
    }
}

#[cfg(target_os = "linux")]
fn advise(start: *mut u8, len: usize) {
    // SAFETY: the pages lie in the room of a vector that is borrowed for changes,
    // and the advice changes nothing of what they hold.
    unsafe { libc::madvise(start.cast(), len, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise(_start: *mut u8, _len: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_any_size_hold_what_they_held() {
        for capacity in [0, 1, PAGE / 4 - 1, PAGE / 4, PAGE, 3 * PAGE] {
            let mut numbers = Vec::with_capacity(capacity);
            numbers.extend(0..capacity / 2);
            ask_for(&mut numbers);
            numbers.extend(capacity / 2..capacity);
            assert!((0..capacity).eq(numbers));
        }
    }
}
