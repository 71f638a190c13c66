"""Loaders and processes: signals, forks, pickles, several at once."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time

import pytest

import fuelrail as fr


def program(text, *args):
    return [sys.executable, "-c", textwrap.dedent(text), *map(str, args)]


def started(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


WAITS = """
    import sys, fuelrail as fr
    loader = fr.Loader(sys.argv[1], batch_size=10, keep=1, prefetch=0, threads=int(sys.argv[2]), patience=600)
    iterator = iter(loader)
    held = next(iterator)
    print("ready", flush=True)
    try:
        next(iterator)
    except KeyboardInterrupt:
        del held
        print(next(iterator).index, flush=True)
        raise
"""


@pytest.mark.parametrize("threads", [0, 2])
def test_ctrl_c_ends_a_wait_within_a_second(numbered, threads):
    process = started(program(WAITS, numbered, threads))
    time.sleep(0.3)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    printed, complaints = process.communicate(timeout=10)
    # A second for the wait, and as much for the interpreter to end.
    assert time.monotonic() - begin < 2, complaints
    assert process.returncode in (130, -signal.SIGINT) and "KeyboardInterrupt" in complaints
    assert printed == "1\n"


LOOPS = """
    import sys, fuelrail as fr
    loader = fr.Loader(sys.argv[1], batch_size=10)
    print("ready", flush=True)
    while True:
        for batch in loader:
            pass
"""


def test_ctrl_c_ends_a_loop(numbered):
    process = started(program(LOOPS, numbered))
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=10)
    assert process.returncode in (130, -signal.SIGINT) and "KeyboardInterrupt" in complaints


FORKS = """
    import os, sys, fuelrail as fr
    loader = fr.Loader(sys.argv[1], batch_size=10, threads=2)
    iterator = iter(loader)
    batch = next(iterator)
    child = os.fork()
    if child == 0:
        uses = [
            lambda: next(iterator), lambda: iter(loader), lambda: loader[0], lambda: len(loader), loader.state_dict,
            lambda: loader.load_state_dict(state), lambda: loader.set_epoch(3), loader.stats, lambda: loader.epoch,
        ]
        state = batch.state
        for use in uses:
            try:
                use()
            except fr.UsageError as error:
                assert "forked from it" in str(error) and "num_workers=0" in error.hint, error
            else:
                os._exit(1)
        # Memory is a copy, and nothing hangs when it goes.
        assert batch.numpy()["id"].tolist() == batch.rows.tolist()
        loader.close()
        del batch, iterator, loader
        # A loader of its own works.
        assert sum(batch.n_valid for batch in fr.Loader(sys.argv[1], batch_size=10)) == 1000
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    rest = sum(batch.n_valid for batch in iterator)
    print(rest)
"""


def test_a_forked_child_is_refused_and_does_not_hang(numbered):
    done = subprocess.run(program(FORKS, numbered), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "990\n"), done.stderr


FORKS_OFTEN = """
    import os, resource, sys, threading, time, fuelrail as fr
    # Few files, so that shards are opened and closed all the time.
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    dataset = fr.Dataset(sys.argv[1])
    # Python's own locks of modules being imported are not what is tested.
    next(iter(fr.Loader(dataset, batch_size=8))).n_valid, dataset[0]
    stop = threading.Event()

    def read(seed):
        loader = fr.Loader(dataset, batch_size=8, threads=2, seed=seed, verify="off")
        while not stop.is_set():
            for _ in loader:
                pass

    def take():
        while not stop.is_set():
            dataset[0], dataset[len(dataset) - 1]

    readers = [threading.Thread(target=read, args=(seed,)) for seed in range(2)] + [threading.Thread(target=take)]
    for reader in readers:
        reader.start()
    hung = 0
    for n in range(200):
        child = os.fork()
        if child == 0:
            ok = next(iter(fr.Loader(dataset, batch_size=64, threads=n % 2))).n_valid == 64 and dataset[500]["id"] == 500
            os._exit(not ok)
        deadline = time.monotonic() + 10
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                hung += 1
                os.kill(child, 9)
                os.waitpid(child, 0)
                break
            time.sleep(0.001)
        if hung:
            break
    stop.set()
    for reader in readers:
        reader.join()
    print(n + 1, hung)
"""


def test_a_child_forked_while_others_read_has_a_loader_of_its_own(tmp_path, fuelrail):
    import numbered

    many = numbered.write(tmp_path / "many", fuelrail.path, 6000, shard_size="32KiB")
    assert fr.Dataset(many)._native.n_shards > 30
    done = subprocess.run(program(FORKS_OFTEN, many), capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "200 0\n"), (done.stdout, done.stderr)


RANKS = """
    import multiprocessing, os, sys, fuelrail as fr

    def rows(rank, loader, view, queue):
        os.environ["RANK"], os.environ["WORLD_SIZE"] = str(rank), "2"
        first = [int(row) for batch in loader for row in batch.rows]
        queue.put((rank, first, [int(row) for batch in view for row in batch["id"]]))

    if __name__ == "__main__":
        method, path = sys.argv[1:]
        context = multiprocessing.get_context(method)
        loader = fr.Loader(path, batch_size=10)
        view = fr.Loader(path, batch_size=10, seed=3, shuffle="blocks").to_numpy()
        if method == "spawn":
            # Used here, it goes on there where it stands.
            state = next(iter(fr.Loader(path, batch_size=100))).state
            loader.load_state_dict(state)
        queue = context.Queue()
        processes = [context.Process(target=rows, args=(rank, loader, view, queue)) for rank in range(2)]
        for process in processes:
            process.start()
        had = sorted(queue.get() for _ in processes)
        for process in processes:
            process.join()
        n = 900 if method == "spawn" else 1000
        assert len({row for _, rows, _ in had for row in rows}) == n == sum(len(rows) for _, rows, _ in had)
        assert sorted(row for *_, rows in had for row in rows) == list(range(1000))
        print("fine")
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_a_loader_finds_its_rank_in_the_process_that_uses_it(numbered, tmp_path, method):
    """Made before the processes, and, if they are forked, not used before."""
    script = tmp_path / "ranks.py"
    script.write_text(textwrap.dedent(RANKS))
    done = subprocess.run([sys.executable, script, method, numbered], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


def test_a_dataset_travels(numbered):
    dataset = pickle.loads(pickle.dumps(fr.Dataset(numbered)[10:20]))
    assert len(dataset) == 10 and dataset[0]["id"] == 10


COUNTS = """
    import sys, fuelrail as fr
    loader = fr.Loader(sys.argv[1], batch_size=32, rank=int(sys.argv[2]), world_size=2, seed=8)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(5):
        rows = [int(row) for batch in loader for row in batch.rows[batch.valid]]
    print(*rows)
"""


def test_two_processes_read_at_once(numbered):
    processes = [
        subprocess.Popen(program(COUNTS, numbered, rank), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    rows = []
    for process in processes:
        rows += map(int, process.communicate(timeout=60)[0].split())
        assert process.returncode == 0
    assert sorted(rows) == list(range(1000))


def test_an_interpreter_ends_while_batches_are_read(numbered):
    text = """
        import sys, fuelrail as fr
        loader = fr.Loader(sys.argv[1], batch_size=10, threads=2, prefetch=8)
        iterator = iter(loader)
        kept = next(iterator)["tokens"].numpy()
        capsule = next(iterator)["tokens"].__dlpack__(max_version=(1, 0))
    """
    done = subprocess.run(program(text, numbered), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_os_fork_alone_leaves_the_parent_as_it_was(numbered):
    loader = fr.Loader(numbered, batch_size=10, threads=0)
    iterator = iter(loader)
    next(iterator)
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    assert next(iterator).index == 1
