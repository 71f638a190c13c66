//! How much of the processor this process has used.

/// Linux counts in hundredths of a second for programs, whatever its kernel
/// does.
const TICKS_A_SECOND: f64 = 100.0;

/// What is less than so many ticks is too little to tell.
const LEAST_TICKS: f64 = 5.0;

/// Ticks that all threads have used so far, those that ended included; `None`
/// where the system does not tell.
pub(super) fn ticks() -> Option<f64> {
    parsed(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

/// Seconds since `begin`, for one of `n` gigabytes.
pub(super) fn seconds_each(begin: Option<f64>, n: f64) -> Option<f64> {
    let used = ticks()? - begin?;
    (used >= LEAST_TICKS && n > 0.0).then(|| used / TICKS_A_SECOND / n)
}

/// Time in the program and in the system for it: the 14th and 15th field. The
/// second, a name in brackets, may hold anything.
fn parsed(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_times_are_added_whatever_the_name() {
        let stat = "17 (a) b (c) R 1 2 3 0 -1 4 5 6 7 8 250 50 9 9 20 0 1 0";
        assert_eq!(parsed(stat), Some(300.0));
        assert_eq!(parsed("17 (a) R 1"), None);
        assert_eq!(parsed(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn work_is_noticed() {
        let begin = ticks().unwrap();
        assert_eq!(seconds_each(None, 1.0), None);
        let mut state = 1u64;
        while ticks().unwrap() < begin + 2.0 * LEAST_TICKS {
            (0..100_000).for_each(|_| state = std::hint::black_box(state.wrapping_mul(3)));
        }
        assert!(seconds_each(Some(begin), 2.0).unwrap() >= 0.05);
    }
}
