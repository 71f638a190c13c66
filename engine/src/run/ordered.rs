//! Works on the items of a stream with many threads and takes the results in
//! the order of the stream.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::budget::{Budget, Closing};
use crate::error::{Error, Result};

/// How one stream is worked on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamShape {
    /// Threads that work.
    pub(crate) threads: usize,
    /// Items read and not yet taken, at most.
    pub(crate) depth: usize,
    /// Bytes of such items at which no more are read; one item may be larger.
    /// With `depth`, this bounds the memory.
    pub(crate) len_bytes: u64,
}

/// A job, and where its result is waited for.
type Job<T, U> = (T, SyncSender<Result<U>>);

/// Where a result comes, and the weight of its item.
type Slot<U> = (Receiver<Result<U>>, u64);

/// What is fed by the reading thread.
struct Queues<'a, T, U> {
    slots: SyncSender<Slot<U>>,
    jobs: SyncSender<Job<T, U>>,
    budget: &'a Budget,
}

/// Reads `items` on a thread of its own, maps each with one of `workers`, and
/// hands the results to `take` on the calling thread, in the order of `items`.
/// `weigh` tells the bytes of an item.
///
/// The first error, in the order of `items`, ends it and is returned; what was
/// read ahead is dropped. A panic of an item or a worker becomes such an error.
///
/// # Errors
/// Those of `items`, of the workers and of `take`.
pub(crate) fn for_each_ordered<T, U, W>(
    shape: StreamShape,
    items: impl Iterator<Item = Result<T>> + Send,
    weigh: fn(&T) -> u64,
    workers: impl Fn() -> W + Sync,
    mut take: impl FnMut(U) -> Result<()>,
) -> Result<()>
where
    T: Send,
    U: Send,
    W: FnMut(T) -> Result<U>,
{
    // The results wait in the order of the items, each in a slot of its own; a
    // full queue of slots stops the reader.
    let (slots, ordered) = sync_channel::<Slot<U>>(shape.depth.max(1));
    let (jobs, todo) = sync_channel::<Job<T, U>>(shape.depth.max(1));
    let todo = Mutex::new(todo);
    let budget = Budget::new(shape.len_bytes);
    std::thread::scope(|scope| {
        // However this ends, the reader is not to wait for room.
        let _closing = Closing(&budget);
        let queues = Queues {
            slots,
            jobs,
            budget: &budget,
        };
        // The reader comes last: if a thread cannot be had, nobody waits.
        for _ in 0..shape.threads.max(1) {
            spawn(scope, "work", || work(&todo, &workers))?;
        }
        spawn(scope, "read", move || read(items, weigh, &queues))?;
        ordered.into_iter().try_for_each(|(slot, weight)| {
            take(result_of(&slot)?)?;
            budget.release(weight);
            Ok(())
        })
    })
}

fn spawn<'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    name: &str,
    body: impl FnOnce() + Send + 'scope,
) -> Result<()> {
    std::thread::Builder::new()
        .name(format!("fuelrail-{name}"))
        .spawn_scoped(scope, body)
        .map(drop)
        .map_err(|error| {
            Error::new(crate::ErrorKind::Io, "cannot start a thread").with_source(error)
        })
}

/// Feeds the workers until the items end, one is an error, or nobody listens.
fn read<T, U>(
    mut items: impl Iterator<Item = Result<T>>,
    weigh: fn(&T) -> u64,
    queues: &Queues<'_, T, U>,
) {
    while queues.budget.wait() {
        let next = catch_unwind(AssertUnwindSafe(|| items.next()))
            .unwrap_or_else(|panic| Some(Err(panicked("reading", panic.as_ref()))));
        let Some(item) = next else { return };
        let weight = item.as_ref().map_or(0, weigh);
        queues.budget.add(weight);
        let (result, slot) = sync_channel(1);
        if queues.slots.send((slot, weight)).is_err() {
            return;
        }
        match item {
            Ok(item) => {
                if queues.jobs.send((item, result)).is_err() {
                    return;
                }
            }
            Err(error) => {
                // A closed slot means that the run has ended already.
                let _ = result.send(Err(error));
                return;
            }
        }
    }
}

/// Works until there are no more jobs.
fn work<T, U, W: FnMut(T) -> Result<U>>(
    todo: &Mutex<Receiver<Job<T, U>>>,
    workers: &(impl Fn() -> W + Sync),
) {
    let mut worker = None;
    loop {
        let job = match todo.lock() {
            Ok(todo) => todo.recv(),
            Err(_) => return,
        };
        let Ok((item, result)) = job else { return };
        let done = catch_unwind(AssertUnwindSafe(|| {
            worker.get_or_insert_with(workers)(item)
        }));
        let done = done.unwrap_or_else(|panic| {
            // What the panic left behind is not to be trusted.
            worker = None;
            Err(panicked("working on a batch", panic.as_ref()))
        });
        // A closed slot means that the run has ended already.
        let _ = result.send(done);
    }
}

fn result_of<U>(slot: &Receiver<Result<U>>) -> Result<U> {
    slot.recv()
        .unwrap_or_else(|_| Err(Error::internal("a worker ended without a result")))
}

/// Runs `work`; a panic becomes an error that says it came while `doing`.
///
/// # Errors
/// Those of `work`, and `Internal` for a panic.
pub(super) fn contained<T>(doing: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(panicked(doing, panic.as_ref())))
}

/// An error that carries the text of a panic.
fn panicked(doing: &str, panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Error::internal(format!("panic while {doing}: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(threads: usize, depth: usize) -> StreamShape {
        StreamShape {
            threads,
            depth,
            len_bytes: 20,
        }
    }

    fn collect(
        shape: StreamShape,
        items: Vec<Result<u64>>,
        work: impl Fn(u64) -> Result<u64> + Sync + Copy,
    ) -> (Vec<u64>, Result<()>) {
        let mut taken = Vec::new();
        let end = for_each_ordered(
            shape,
            items.into_iter(),
            |item| *item % 5,
            || work,
            |item| {
                taken.push(item);
                Ok(())
            },
        );
        (taken, end)
    }

    /// Uneven work, so that results come out of order.
    #[expect(clippy::unnecessary_wraps, reason = "the shape of every worker")]
    fn uneven(item: u64) -> Result<u64> {
        std::thread::sleep(std::time::Duration::from_micros((item * 7919) % 300));
        Ok(item * 2)
    }

    #[test]
    fn results_come_in_order_for_any_shape() {
        for (threads, depth) in [(1, 1), (2, 1), (7, 3), (3, 100)] {
            let (taken, end) = collect(shape(threads, depth), (0..200).map(Ok).collect(), uneven);
            end.unwrap();
            assert_eq!(taken, (0..200).map(|i| i * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_error_in_order_ends_it() {
        let items = (0..50)
            .map(|i| {
                if i == 30 {
                    Err(Error::data("bad item"))
                } else {
                    Ok(i)
                }
            })
            .collect();
        let (taken, end) = collect(shape(4, 8), items, uneven);
        assert_eq!(end.unwrap_err().message(), "bad item");
        assert_eq!(taken.len(), 30);

        let fail_at_9 = |i| {
            if i == 9 {
                Err(Error::data("bad work"))
            } else {
                uneven(i)
            }
        };
        let (taken, end) = collect(shape(4, 8), (0..50).map(Ok).collect(), fail_at_9);
        assert_eq!(end.unwrap_err().message(), "bad work");
        assert_eq!(taken.len(), 9);
    }

    #[test]
    fn a_panic_becomes_an_error_in_its_place() {
        let panic_at_5 = |i| if i == 5 { panic!("five") } else { uneven(i) };
        let (taken, end) = collect(shape(2, 4), (0..20).map(Ok).collect(), panic_at_5);
        assert!(end.unwrap_err().message().contains("five"));
        assert_eq!(taken.len(), 5);
    }

    #[test]
    fn an_error_of_the_taker_stops_the_readers() {
        let end = for_each_ordered(
            shape(2, 2),
            (0..).map(Ok),
            |item| *item,
            || uneven,
            |item| {
                if item == 20 {
                    Err(Error::data("enough"))
                } else {
                    Ok(())
                }
            },
        );
        assert_eq!(end.unwrap_err().message(), "enough");
    }
}
