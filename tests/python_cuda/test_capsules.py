"""Batches that stay on CUDA, as capsules of the array API standard."""

import gc

import numpy as np
import pytest
from capsules import Versioned, opened
from simulator import Taken

COLUMNS = {"image": (8, 18, 16, 3), "mask": (8, 18, 16)}


@pytest.fixture
def batch(load):
    return next(iter(load()))


@pytest.fixture
def host(load):
    """The same batch by the CPU."""
    return next(iter(load("cpu")))


@pytest.mark.parametrize("version", [None, (0, 8), (1, 0), (1, 3), (2, 0)])
@pytest.mark.parametrize("name", COLUMNS)
def test_a_capsule_says_what_lies_on_the_device(batch, host, name, version):
    tensor = batch[name]
    capsule = tensor.__dlpack__(max_version=version)
    held = opened(capsule)
    assert isinstance(held, Versioned) == (version is not None and version >= (1, 0))
    if isinstance(held, Versioned):
        assert (held.major, held.flags) == (1, 0)
    at, shape = held.tensor, COLUMNS[name]
    assert (at.device.type, at.device.id) == tensor.__dlpack_device__() == (2, 0)
    assert (at.ndim, tuple(at.shape[: len(shape)])) == (len(shape), shape)
    assert at.strides[: len(shape)] == [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    assert (at.dtype.code, at.dtype.bits, at.dtype.lanes) == (1, 8, 1)
    assert at.data == tensor.data_ptr and at.data % 256 == 0 and at.byte_offset == 0
    assert Taken(capsule).bytes() == host[name].numpy().tobytes()


def test_what_no_step_changes_lies_in_memory_of_the_host(batch, host):
    label = batch["label"]
    assert (label.device, label.__dlpack_device__()) == ("cpu", (1, 0))
    assert (label.numpy() == host["label"].numpy()).all()
    assert label.cpu() is label


def test_streams_are_those_of_the_standard(batch, cuda):
    tensor = batch["image"]
    for stream in (None, 1, 2, -1, cuda.stream()):
        for copy in (None, False, True):
            tensor.__dlpack__(stream=stream, copy=copy, dl_device=(2, 0), max_version=(1, 0))
    for stream in (0, -2):
        with pytest.raises(BufferError, match=f"got {stream}"):
            tensor.__dlpack__(stream=stream)
    with pytest.raises(TypeError):
        tensor.__dlpack__(stream="legacy")
    for device in ((2, 1), (1, 1), (3, 0)):
        with pytest.raises(BufferError, match="where the batch lies"):
            tensor.__dlpack__(dl_device=device)


@pytest.mark.parametrize("copy", [None, True])
def test_the_processor_gets_a_copy(batch, host, copy):
    tensor = batch["image"]
    capsule = tensor.__dlpack__(dl_device=(1, 0), copy=copy, max_version=(1, 0))
    held = opened(capsule)
    assert held.flags == 2 and (held.tensor.device.type, held.tensor.device.id) == (1, 0)
    assert Taken(capsule).bytes() == host["image"].numpy().tobytes()
    assert (np.from_dlpack(tensor, device="cpu", copy=copy) == host["image"].numpy()).all()


def test_a_copy_that_is_forbidden_is_refused(batch):
    tensor = batch["image"]
    with pytest.raises(BufferError, match="copy=False"):
        tensor.__dlpack__(dl_device=(1, 0), copy=False)
    # A stream belongs to the device that is asked for.
    with pytest.raises(BufferError, match="stream=None"):
        tensor.__dlpack__(dl_device=(1, 0), stream=2)


def test_a_copy_on_the_device_has_memory_of_its_own(batch, host, cuda):
    tensor, stream = batch["image"], cuda.stream()
    capsule = tensor.__dlpack__(copy=True, stream=stream, max_version=(1, 0))
    assert opened(capsule).flags == 2
    assert opened(capsule).tensor.device.type == 2 and opened(capsule).tensor.data != tensor.data_ptr
    taken, expected = Taken(capsule), host["image"].numpy().tobytes()
    assert taken.bytes() == expected
    # What the consumer still does with it is waited for before it is freed.
    cuda.fill(taken.address, 7, taken.len_bytes, stream)
    taken.delete()
    assert tensor.cpu().numpy().tobytes() == expected


def test_numpy_is_told_what_helps(batch, host):
    import fuelrail as fr

    tensor = batch["image"]
    for read in (np.asarray, np.array, lambda it: it.numpy(), lambda it: it[0], iter, lambda _: batch.numpy()):
        with pytest.raises(fr.UsageError, match="memory of the host for numpy, got one on cuda:0") as caught:
            read(tensor)
        assert "tensor.cpu() copies it down" in caught.value.hint
    with pytest.raises(TypeError):
        memoryview(tensor)
    assert not hasattr(tensor, "__array_interface__")
    with pytest.raises((RuntimeError, BufferError)):
        np.from_dlpack(tensor)
    down = tensor.cpu()
    assert down.device == "cpu" and down.__dlpack_device__() == (1, 0)
    assert (down.numpy() == host["image"].numpy()).all()


def test_where_it_lies_is_shown(batch):
    assert repr(batch["image"]) == "<fuelrail.Tensor (8, 18, 16, 3) uint8 on cuda:0>"
    assert repr(batch["image"].cpu()) == "<fuelrail.Tensor (8, 18, 16, 3) uint8>"
    assert "image: uint8[8, 18, 16, 3] on cuda:0" in repr(batch) and "label: int64[8], " in repr(batch)
    assert batch["image"].device == "cuda:0"


def test_what_a_consumer_writes_is_seen_by_who_comes_after(batch, cuda):
    tensor, one, other = batch["mask"], cuda.stream(), cuda.stream()
    first = Taken(tensor.__dlpack__(stream=one))
    cuda.fill(first.address, 3, first.len_bytes, one)
    # The second consumer's stream waits for the first's, and so does a copy.
    second = Taken(tensor.__dlpack__(stream=other))
    host = cuda.pinned(second.len_bytes)
    cuda.copy_down(host, second.address, second.len_bytes, other)
    assert not (tensor.cpu().numpy() != 3).any()
    first.delete(), second.delete()
    third = Taken(tensor.__dlpack__(stream=1, copy=True))
    assert set(third.bytes()) == {3}
    third.delete()


def test_the_thread_keeps_its_context(load, cuda):
    for context in (cuda.context, 0):
        cuda.enter(context)
        loader = load(threads=0, keep=1, prefetch=0)
        for batch in loader:
            taken = Taken(batch["image"].__dlpack__(stream=-1))
            batch["image"].cpu()
            del batch
            taken.delete()
            assert (cuda.current() or 0) == context
        del taken, loader
        gc.collect()
        assert (cuda.current() or 0) == context
    cuda.enter(cuda.context)
