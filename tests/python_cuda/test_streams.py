"""Order between a consumer's stream and the loader. The simulator aborts where
memory is written that a stream may still read, so that these tests come to their
end says as much as what they assert."""

import ctypes

import pytest
from simulator import Taken

ONE_SLOT = {"keep": 1, "prefetch": 0, "threads": 0}

# Reads a batch late, gives it back at once, and has the next one written.
READ_LATE = """
import ctypes
cuda = Simulator()
own = cuda.stream()
lent = {lent}
batches = iter(loader(keep=1, prefetch=0, threads=0))
taken = Taken(next(batches)["image"].__dlpack__(stream=lent))
for _ in range(20):
    cuda.fill(cuda.memory(8), 0, 8, own)
host = cuda.pinned(taken.len_bytes)
before = taken.bytes()
cuda.copy_down(host, taken.address, taken.len_bytes, own)
{between}
taken.delete()
again = next(batches)["image"]
assert again.data_ptr == taken.address
print("written anew")
cuda.synchronize(own)
assert ctypes.string_at(host, taken.len_bytes) == before != taken.bytes()
print("read in time")
"""


@pytest.mark.parametrize("stream", ["own", "legacy", "none", "thread", "unknown", "blocking"])
def test_a_batch_that_is_read_late_is_not_written_before(load, cuda, stream):
    number = {"own": cuda.stream(), "legacy": 1, "none": None, "thread": 2, "unknown": -1, "blocking": cuda.stream(0)}
    number, busy = number[stream], cuda.memory(8)
    # On what the consumer works: None is the legacy default stream.
    works_on = {None: 1, -1: cuda.stream()}.get(number, number)
    expected = [batch["image"].numpy().tobytes() for batch in load("cpu")]
    read, addresses = [], set()
    for batch in load(**ONE_SLOT):
        taken = Taken(batch["image"].__dlpack__(stream=number))
        host = cuda.pinned(taken.len_bytes)
        for _ in range(10):
            cuda.fill(busy, 0, 8, works_on)
        # Nothing is waited for between this and the next batch.
        cuda.copy_down(host, taken.address, taken.len_bytes, works_on)
        read.append((host, taken.len_bytes))
        addresses.add(taken.address)
        del batch
        taken.delete()
    cuda.synchronize(works_on)
    assert len(addresses) == 1 < len(expected)
    assert [ctypes.string_at(*part) for part in read] == expected


def test_the_simulator_finds_a_consumer_that_lies_about_its_stream(script):
    other = READ_LATE.format(lent="cuda.stream()", between="")
    text, _ = script(other, status=-6)
    assert "a race: memory is written that another stream may still use" in text
    assert "written anew" not in text
    for lent in ("own", "-1"):
        text, _ = script(READ_LATE.format(lent=lent, between=""))
        assert "written anew\nread in time" in text


def test_what_is_lent_twice_is_waited_for_twice(load, cuda):
    streams = [cuda.stream(), cuda.stream()]
    batches = iter(load(**ONE_SLOT))
    tensor = next(batches)["mask"]
    both = [Taken(tensor.__dlpack__(stream=stream)) for stream in streams]
    hosts = [cuda.pinned(taken.len_bytes) for taken in both]
    before = both[0].bytes()
    for stream, taken, host in zip(streams, both, hosts, strict=True):
        cuda.copy_down(host, taken.address, taken.len_bytes, stream)
    del tensor
    for taken in both:
        taken.delete()
    assert next(batches)["mask"].data_ptr == both[0].address
    for stream, taken, host in zip(streams, both, hosts, strict=True):
        cuda.synchronize(stream)
        assert ctypes.string_at(host, taken.len_bytes) == before


def test_memory_is_not_freed_before_its_consumer_is_done(load, cuda):
    stream = cuda.stream()
    for closes in (True, False):
        loader = load()
        batches = iter(loader)
        taken = Taken(next(batches)["image"].__dlpack__(stream=stream))
        host, before = cuda.pinned(taken.len_bytes), taken.bytes()
        if closes:
            loader.close()
        else:
            del loader, batches
        for _ in range(20):
            cuda.fill(cuda.memory(8), 0, 8, stream)
        cuda.copy_down(host, taken.address, taken.len_bytes, stream)
        taken.delete()
        cuda.synchronize(stream)
        assert ctypes.string_at(host, taken.len_bytes) == before


def test_a_stream_that_is_no_more_is_no_fault(load, cuda):
    # The driver here can tell; then all of the device is waited for.
    stream = cuda.stream()
    batches = iter(load(**ONE_SLOT))
    taken = Taken(next(batches)["image"].__dlpack__(stream=stream))
    host, before = cuda.pinned(taken.len_bytes), taken.bytes()
    cuda.copy_down(host, taken.address, taken.len_bytes, stream)
    cuda.destroy(stream)
    taken.delete()
    next(batches)
    assert ctypes.string_at(host, taken.len_bytes) == before
