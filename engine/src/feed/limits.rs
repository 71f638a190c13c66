//! How many files a process may have open and mapped, and how much memory it
//! may use.
#![expect(unsafe_code, reason = "the limits of the process")]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::guard::MAX_WATCHED;

/// Shards that may be open at a time in this process: half of the files it
/// may open, a quarter of the maps it may have, so that there is room for
/// everybody else.
pub(super) fn max_open() -> usize {
    // 0 before it is found. Two threads may both find it; a child forked
    // meanwhile does not wait for either.
    static FOUND: AtomicUsize = AtomicUsize::new(0);
    let found = FOUND.load(Ordering::Relaxed);
    if found > 0 {
        return found;
    }
    let files = max_files() / 2;
    let maps = max_maps() / 4;
    let n = files.min(maps).clamp(8, MAX_WATCHED / 2);
    FOUND.store(n, Ordering::Relaxed);
    n
}

/// The soft limit on open files.
fn max_files() -> usize {
    // What POSIX grants every process.
    const LEAST: usize = 20;
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: writes to a limit that is there.
    let code = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    match code {
        0 => usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX),
        _ => LEAST,
    }
}

/// The limit on maps, where the system names it.
fn max_maps() -> usize {
    const USUAL: usize = 65_530;
    let text = std::fs::read_to_string("/proc/sys/vm/max_map_count");
    let named = text.ok().and_then(|text| text.trim().parse().ok());
    named.unwrap_or(USUAL)
}

/// The memory that this process may use: the machine's, or less where the
/// control groups that it is in allow less; 0 where the system does not tell.
pub(super) fn memory_bytes() -> u64 {
    let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let machine = machine_memory(&text("/proc/meminfo")).unwrap_or(0);
    let groups = text("/proc/self/cgroup");
    let limits = group_limits(&groups).filter_map(|path| text(&path).trim().parse().ok());
    limits.fold(machine, u64::min)
}

fn machine_memory(info: &str) -> Option<u64> {
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib * 1024)
}

/// The files in which the limits of control groups stand, of either version: a
/// group is held to those of all groups above it.
fn group_limits(groups: &str) -> impl Iterator<Item = String> {
    groups.lines().flat_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, group) = (fields.next(), fields.next());
        let (root, file) = match controllers {
            Some("") => ("/sys/fs/cgroup", "memory.max"),
            Some("memory") => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => ("", ""),
        };
        let known = group.filter(|_| !root.is_empty()).unwrap_or_default();
        let above = known.match_indices('/');
        let above = above.filter_map(|(at, _)| known.get(..at));
        let all = above.chain((!known.is_empty()).then_some(known));
        all.map(|group| format!("{root}{}/{file}", group.trim_end_matches('/')))
            .collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_that_of_the_machine_and_of_all_groups() {
        let info = "MemFree: 1 kB\nMemTotal:       25276512 kB\nMemAvailable: 3 kB\n";
        assert_eq!(machine_memory(info), Some(25_276_512 * 1024));
        assert_eq!(machine_memory("MemTotal: much"), None);
        let groups = "8:pids:/\n4:memory:/a/b\n1:cpu,cpuacct:/x\n0::/slice/job\nodd\n";
        let found: Vec<String> = group_limits(groups).collect();
        assert_eq!(
            found,
            [
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/a/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory.max",
                "/sys/fs/cgroup/slice/memory.max",
                "/sys/fs/cgroup/slice/job/memory.max",
            ]
        );
        assert!(memory_bytes() > 0, "this system does not tell");
    }
}
