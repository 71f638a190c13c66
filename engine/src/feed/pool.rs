//! The shards that are open. Each dataset has a pool of its own, and all pools
//! of the process share what the system allows: where that is used up, the
//! shards go that were used longest ago, whoever opened them.
//!
//! A child of the process may find locks that are held by threads it does not
//! have. What is not its own is therefore only tried for, never waited for.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};

use super::guard;
use super::limits::max_open;
use super::open_shard::Open;

/// All pools of the process.
static POOLS: Mutex<Vec<Weak<Pool>>> = Mutex::new(Vec::new());

/// How often [`POOLS`] is tried for; it is never held for long.
const TRIES: usize = 1000;

/// Goes up with each use of a shard of any pool.
static CLOCK: AtomicU64 = AtomicU64::new(0);

/// The open shards of a dataset, each with when it was used last.
#[derive(Debug, Default)]
pub(super) struct Pool {
    open: Mutex<Used>,
}

type Used = HashMap<usize, (u64, Arc<Open>)>;

impl Pool {
    /// A pool that the others know of.
    pub(super) fn new() -> Arc<Self> {
        let pool = Arc::new(Self::default());
        // One that is missing there only has to close its own shards.
        if let Some(mut pools) = all() {
            pools.retain(|pool| pool.strong_count() > 0);
            pools.push(Arc::downgrade(&pool));
        }
        pool
    }

    /// Shards that are open.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// An open shard, used now.
    pub(super) fn find(&self, shard: usize) -> Option<Arc<Open>> {
        let mut open = self.lock();
        let (used, open) = open.get_mut(&shard)?;
        *used = CLOCK.fetch_add(1, Ordering::Relaxed);
        Some(open.clone())
    }

    /// Keeps an open shard, or gives the one that is kept already.
    pub(super) fn keep(&self, shard: Arc<Open>) -> Arc<Open> {
        if let Some(open) = self.find(shard.shard) {
            return open;
        }
        let used = CLOCK.fetch_add(1, Ordering::Relaxed);
        let mut open = self.lock();
        open.entry(shard.shard).or_insert((used, shard)).1.clone()
    }

    /// Takes a shard out, if it is this one.
    pub(super) fn remove(&self, shard: &Arc<Open>) {
        let mut open = self.lock();
        let is_this = |held: &(u64, Arc<Open>)| Arc::ptr_eq(&held.1, shard);
        let old = open.get(&shard.shard).is_some_and(is_this);
        let old = old.then(|| open.remove(&shard.shard));
        drop(open);
        // Unmapped without the lock.
        drop(old);
    }

    /// Takes all shards out.
    pub(super) fn close_all(&self) {
        let open = std::mem::take(&mut *self.lock());
        // Unmapped without the lock.
        drop(open);
    }

    /// Takes shards out where this pool has `most`, or all pools have what the
    /// system allows; some at a time.
    pub(super) fn make_room(&self, most: usize) {
        let n_open = self.len();
        if n_open >= most {
            drop(close_oldest(&[self], n_open.div_ceil(8)));
        }
        if guard::n_watched() >= max_open() {
            close_oldest_of_all(max_open().div_ceil(8));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, if nobody has it.
    fn try_lock(&self) -> Option<MutexGuard<'_, Used>> {
        tried(self.open.try_lock())
    }
}

/// Takes the `n` shards out of all pools that were used longest ago.
pub(super) fn close_oldest_of_all(n: usize) {
    let pools: Vec<_> = all().map_or_else(Vec::new, |pools| {
        pools.iter().filter_map(Weak::upgrade).collect()
    });
    let pools: Vec<&Pool> = pools.iter().map(AsRef::as_ref).collect();
    drop(close_oldest(&pools, n));
}

/// Takes the `n` shards out that were used longest ago; unmapped by the caller,
/// without a lock.
#[must_use]
fn close_oldest(pools: &[&Pool], n: usize) -> Vec<Arc<Open>> {
    let mut uses: Vec<(u64, usize, usize)> = Vec::new();
    for (pool, open) in pools.iter().map(|pool| pool.try_lock()).enumerate() {
        let open = open.iter().flat_map(|open| open.iter());
        uses.extend(open.map(|(shard, (used, _))| (*used, pool, *shard)));
    }
    if n < uses.len() {
        uses.select_nth_unstable(n);
        uses.truncate(n);
    }
    let closed = uses.iter().filter_map(|(used, pool, shard)| {
        let mut open = pools[*pool].try_lock()?;
        // Not one that was used meanwhile.
        let old = open.get(shard).is_some_and(|(now, _)| now == used);
        old.then(|| open.remove(shard))?.map(|(_, open)| open)
    });
    closed.collect()
}

/// All pools; `None` if the lock cannot be had.
fn all() -> Option<MutexGuard<'static, Vec<Weak<Pool>>>> {
    (0..TRIES).find_map(|_| {
        let pools = tried(POOLS.try_lock());
        if pools.is_none() {
            std::thread::yield_now();
        }
        pools
    })
}

fn tried<T>(lock: Result<T, TryLockError<T>>) -> Option<T> {
    match lock {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
