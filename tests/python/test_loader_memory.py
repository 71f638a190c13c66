"""Memory of batches: who holds it, when it comes back, and that it does."""

import gc
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import fuelrail as fr


def load(path, **options):
    options = {"batch_size": 50, "rank": 0, "world_size": 1, **options}
    return fr.Loader(path, **options)


def n_threads():
    """Threads of the loader in this process."""
    tasks = f"/proc/{os.getpid()}/task"
    names = []
    for task in os.listdir(tasks):
        try:
            with open(f"{tasks}/{task}/comm") as file:
                names.append(file.read().strip())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sum(name.startswith("fuelrail-feed") for name in names)


def has_threads(n):
    """Whether there are that many, or are soon: a thread takes its name, and
    leaves the list, after it has been begun and waited for."""
    deadline = time.monotonic() + 5
    while n_threads() != n and time.monotonic() < deadline:
        time.sleep(0.01)
    return n_threads() == n


@pytest.mark.parametrize("threads", [0, 1])
def test_who_keeps_every_batch_is_told_so(numbered, threads):
    loader = load(numbered, keep=3, threads=threads, patience=0.2)
    held = []
    with pytest.raises(fr.UsageError, match="still in use after") as caught:
        for batch in loader:
            held.append(batch["tokens"])
    # What is read ahead can be held too.
    assert len(held) == 3 + 2
    assert "raise keep above 3" in caught.value.hint
    rows = held[0].numpy().copy()
    held.pop()
    # The name of the loop holds it too.
    del batch
    after = next(iter(loader))
    assert after.index == loader.stats()["batches"] - 1
    assert (held[0].numpy() == rows).all()


def test_a_slot_comes_back_when_its_last_holder_goes(numbered):
    loader = load(numbered, keep=2, prefetch=0, threads=0, patience=0.1)
    iterator = iter(loader)
    first = next(iterator)
    array = first["tokens"].numpy()
    view = np.from_dlpack(first["tokens"])[3:5]
    kept = array.copy()
    del first, array
    second = next(iterator)
    with pytest.raises(fr.UsageError):
        next(iterator)
    assert (view == kept[3:5]).all()
    del view
    third = next(iterator)
    assert third.index == second.index + 1


def test_batches_outlive_their_loader(numbered):
    loader = load(numbered)
    batch = next(iter(loader))
    rows, array = batch.rows, batch["id"].numpy()
    del loader, batch
    gc.collect()
    assert has_threads(0)
    assert (array == rows).all()


def test_dropping_an_iterator_ends_its_threads(numbered):
    loader = load(numbered, threads=2)
    iterator = iter(loader)
    next(iterator)
    assert has_threads(2)
    other = iter(loader)
    del iterator
    time.sleep(0.1)
    assert has_threads(2)
    del other
    assert has_threads(0)
    for batch in loader:
        if batch.index == 5:
            break
    assert has_threads(0) and loader.state_dict()["position"] == 300
    for _ in loader:
        pass
    # The next epoch is being read.
    assert has_threads(2)
    loader.close()
    assert has_threads(0)
    assert [batch.epoch for batch in loader] == [1] * 20


def test_steps_use_the_same_memory_again(numbered):
    loader = load(numbered, batch_size=10)
    addresses = {batch["tokens"].data_ptr for _ in range(5) for batch in loader}
    assert len(addresses) <= 4


STEPS = """
import gc, os, sys, tracemalloc, fuelrail as fr
loader = fr.Loader(sys.argv[1], batch_size=10, columns=["tokens"], rank=0, world_size=1)

def epochs(n):
    for _ in range(n):
        for batch in loader:
            batch["tokens"].numpy()[0, 0] += 1
            batch["tokens"].__dlpack__()
            batch["tokens"].__dlpack__(max_version=(1, 0))
            batch.rows, batch.valid, batch.state
    gc.collect()

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

epochs(20)
before = resident()
epochs(1000)
print(resident() - before)
print(loader.stats()["batches"])
tracemalloc.start()
epochs(2)
before, _ = tracemalloc.get_traced_memory()
epochs(20)
print(tracemalloc.get_traced_memory()[0] - before)
"""


def test_nothing_grows_over_100_000_steps(numbered):
    # In a process of its own, where nothing else takes memory.
    done = subprocess.run([sys.executable, "-c", STEPS, numbered], capture_output=True, text=True, check=True)
    grown, n_steps, traced = map(int, done.stdout.split())
    assert n_steps == 102_000
    assert grown < 2 << 20, f"{grown} bytes more after 100,000 steps"
    assert traced < 10_000, f"{traced} bytes more of Python's own after 2,000 steps"


@pytest.mark.parametrize("batch_size", [7, 50, 500])
def test_threads_of_python_share_an_iterator(numbered, batch_size):
    loader = load(numbered, batch_size=batch_size)
    iterator, seen, lock = iter(loader), [], threading.Lock()

    def take():
        for batch in iterator:
            with lock:
                seen.extend(batch.rows[batch.valid].tolist())
            del batch

    takers = [threading.Thread(target=take) for _ in range(3)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(60)
    assert sorted(seen) == list(range(1000))
    assert loader.epoch == 1


def test_the_interpreter_runs_while_a_loader_waits(numbered):
    loader = load(numbered, keep=1, prefetch=0, patience=1.0)
    iterator = iter(loader)
    held = next(iterator)
    ticks = []

    def tick():
        for _ in range(20):
            ticks.append(time.monotonic())
            time.sleep(0.01)

    ticker = threading.Thread(target=tick)
    ticker.start()
    with pytest.raises(fr.UsageError):
        next(iterator)
    ticker.join()
    assert len(ticks) == 20 and max(np.diff(ticks)) < 0.9
    assert held.n_valid == 50


def test_threads_share_a_loader_and_its_view(numbered):
    for _ in range(3):
        loader = load(numbered, batch_size=10)
        seen, lock = [], threading.Lock()

        def take(batches, seen=seen, lock=lock):
            for batch in batches:
                with lock:
                    seen.extend(np.asarray(batch["id"]).tolist())
                del batch

        takers = [threading.Thread(target=take, args=(batches,)) for batches in (iter(loader), iter(loader.to_numpy()))]
        for taker in takers:
            taker.start()
        for taker in takers:
            taker.join(60)
        assert sorted(seen) == list(range(1000))
        assert (loader.epoch, loader.state_dict()["position"], loader.stats()["rows"]) == (1, 0, 1000)


def test_a_state_that_is_loaded_stays_loaded_while_a_view_is_read(numbered):
    loader = load(numbered, batch_size=1)
    state, stop, had = loader.state_dict(), threading.Event(), []

    def read(view):
        while not stop.is_set():
            for batch in view:
                had.append(batch["valid"].sum())
                del batch

    reader = threading.Thread(target=read, args=(loader.to_numpy(),))
    reader.start()
    for epoch in range(1000, 101_000, 1000):
        loader.load_state_dict({**state, "epoch": epoch})
        deadline, before = time.monotonic() + 10, len(had)
        while len(had) < before + 2 and time.monotonic() < deadline:
            time.sleep(0.0001)
        # Who was handing out a batch meanwhile has not put it back.
        assert epoch <= loader.epoch < epoch + 1000 and len(had) > before
    stop.set()
    reader.join(60)


def test_threads_that_loop_over_a_loader_share_one_epoch(numbered):
    loader = load(numbered, batch_size=10)
    barrier, seen, lock = threading.Barrier(2), [], threading.Lock()

    def take():
        iterator = iter(loader)
        barrier.wait()
        for batch in iterator:
            with lock:
                seen.append((batch.epoch, batch.index))
            del batch

    takers = [threading.Thread(target=take) for _ in range(2)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(60)
    assert sorted(seen) == [(0, index) for index in range(100)]


def test_closing_a_loader_closes_its_views(numbered):
    loader = load(numbered, threads=1)
    views = [loader, loader.to_numpy(), loader.to_numpy(mask="real")]
    iterators = [iter(view) for view in views]
    for iterator in iterators:
        next(iterator)
    assert has_threads(3)
    loader.close()
    assert has_threads(0)
    assert next(iterators[1])["id"].tolist() == load(numbered)[3].rows.tolist()
    assert has_threads(1)
    views[2].close()
    assert has_threads(0)
    assert [batch.index for batch in iterators[0]] == list(range(4, 20))


def test_what_is_held_counts_for_the_next_iterator(numbered):
    loader = load(numbered, keep=2, prefetch=2, patience=0.2)
    held = []
    with pytest.raises(fr.UsageError, match="still in use after"):
        for _ in range(10):
            held.append(next(iter(loader)))
    assert [batch.index for batch in held] == [0, 1, 2, 3]
    del held[1:]
    loader.close()
    assert [batch.index for batch in loader] == list(range(4, 20))
    assert held[0].rows.tolist() == load(numbered)[0].rows.tolist()


def test_dropping_an_iterator_waits_for_no_batch(numbered):
    # Batches of 80 MB, nearly all of it fill, so that a thread is busy for a while.
    loader = load(numbered, columns=["words"], ragged="pad", max_length=400_000, prefetch=3)
    left_busy = 0
    for wait_ms in range(50):
        iterator = iter(loader)
        next(iterator)
        # The thread begins behind the first batch, and is busy some time later.
        time.sleep(wait_ms / 1000)
        del iterator
        left_busy = n_threads()
        assert has_threads(0)
        if left_busy:
            break
    assert left_busy
