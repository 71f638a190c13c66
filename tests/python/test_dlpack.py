"""Memory by DLPack: versions, devices, copies, and who frees what."""

import ctypes
import gc

import ml_dtypes
import numpy as np
import pytest
from capsules import Versioned, api, opened

import fuelrail as fr


@pytest.fixture
def batches(numbered):
    """An iterator with one slot."""
    options = {"keep": 1, "prefetch": 0, "threads": 0, "patience": 0.05}
    return iter(fr.Loader(numbered, batch_size=10, rank=0, world_size=1, **options))


@pytest.fixture
def tensor(batches):
    return next(batches)["tokens"]


def is_held(batches):
    """Whether somebody holds the one slot."""
    try:
        next(batches)
    except fr.UsageError:
        return True
    return False


@pytest.mark.parametrize("version", [None, (0, 8), (1, 0), (1, 3), (2, 0)])
def test_a_capsule_says_what_lies_there(tensor, version):
    capsule = tensor.__dlpack__(max_version=version)
    held = opened(capsule)
    assert isinstance(held, Versioned) == (version is not None and version >= (1, 0))
    if isinstance(held, Versioned):
        assert (held.major, held.flags) == (1, 0)
    at = held.tensor
    assert at.data == tensor.data_ptr and at.byte_offset == 0
    assert (at.device.type, at.device.id) == tensor.__dlpack_device__() == (1, 0)
    assert (at.ndim, at.shape[:2], at.strides[:2]) == (2, [10, 16], [16, 1])
    assert (at.dtype.code, at.dtype.bits, at.dtype.lanes) == (1, 16, 1)


def test_numpy_takes_it_without_a_copy(tensor):
    for array in (np.from_dlpack(tensor), np.asarray(tensor), tensor.numpy(), np.from_dlpack(tensor, copy=False)):
        assert array.ctypes.data == tensor.data_ptr
        assert (array.shape, array.dtype) == ((10, 16), np.uint16)
        assert array.flags.writeable and array.flags.c_contiguous and not array.flags.owndata
    array[3, 4] = 77
    assert tensor.numpy()[3, 4] == 77


def test_copies_where_they_are_asked_for(tensor):
    expected = tensor.numpy()
    for array in (np.from_dlpack(tensor, copy=True), np.array(tensor), np.asarray(tensor, dtype="int64")):
        assert array.ctypes.data != tensor.data_ptr and (array == expected).all()
    copied = tensor.__dlpack__(max_version=(1, 0), copy=True)
    assert opened(copied).flags == 2 and opened(copied).tensor.data != tensor.data_ptr
    assert np.asarray(tensor, dtype="uint16").ctypes.data == tensor.data_ptr
    with pytest.raises(ValueError):
        np.array(tensor, dtype="int64", copy=False)


def test_the_standard_is_kept(tensor):
    tensor.__dlpack__(stream=None, dl_device=(1, 0), copy=False)
    tensor.__dlpack__(stream=-1)
    for wrong in ({"stream": 3}, {"dl_device": (2, 0)}, {"dl_device": (1, 1)}):
        with pytest.raises(BufferError):
            tensor.__dlpack__(**wrong)
    with pytest.raises(TypeError):
        tensor.__dlpack__(None)
    with pytest.raises(TypeError):
        tensor.__dlpack__(max_version="1.0")


@pytest.mark.parametrize("version", [None, (1, 0)])
def test_a_capsule_that_nobody_takes_frees_its_memory(batches, version):
    capsule = next(batches)["tokens"].__dlpack__(max_version=version)
    gc.collect()
    assert is_held(batches)
    del capsule
    assert not is_held(batches)


@pytest.mark.parametrize("version", [None, (1, 0)])
def test_a_consumer_frees_what_it_took(batches, version):
    capsule = next(batches)["tokens"].__dlpack__(max_version=version)
    held = opened(capsule)
    api.PyCapsule_SetName(capsule, b"used_dltensor" if version is None else b"used_dltensor_versioned")
    del capsule
    assert is_held(batches)
    # ctypes lets the interpreter go while it calls: the deleter does without.
    held.deleter(ctypes.addressof(held))
    assert not is_held(batches)


def test_an_array_holds_the_slot(batches):
    array = next(batches)["tokens"].numpy()
    part = array[2:, 3]
    del array
    gc.collect()
    assert is_held(batches)
    del part
    assert not is_held(batches)


CODES = {"bool": 6, "int": 0, "uint": 1, "float": 2, "bfloat": 4}


def test_every_dtype(samples):
    """Columns of the sample dataset of all types, and casts to the others."""
    names = ["bool", "i64", "f16", "f64", "fixed", "bf16_rows", "bytes", "null_list"]
    loader = fr.Loader(samples / "all_types", batch_size=50, rank=0, world_size=1, columns=names, shuffle=None)
    batch = loader[0]
    dataset = fr.Dataset(samples / "all_types")
    seen = set()
    for name, tensor in batch.items():
        kind = tensor.dtype.name.rstrip("0123456789")
        capsule = tensor.__dlpack__(max_version=(1, 0))
        held = opened(capsule).tensor
        array = tensor.numpy()
        seen.add(tensor.dtype.name)
        assert (held.dtype.code, held.dtype.bits) == (CODES[kind], 8 * array.itemsize)
        assert array.ctypes.data == tensor.data_ptr == held.data and array.dtype == tensor.dtype
    for row in range(50):
        expected = dataset[row]
        for name in ("bool", "i64", "f16", "f64"):
            value, is_valid = batch[name].numpy()[row], batch[f"{name}.valid"].numpy()[row]
            assert is_valid == (expected[name] is not None) and value == (expected[name] or 0)
        if expected["bf16_rows"] is not None:
            assert batch["bf16_rows"].numpy()[row].tolist() == expected["bf16_rows"].tolist()
    assert batch["bf16_rows"].numpy().dtype == ml_dtypes.bfloat16
    assert np.asarray(batch["bf16_rows"]).dtype == ml_dtypes.bfloat16
    assert not hasattr(batch["bf16_rows"], "__array_interface__")
    assert seen == {"bool", "int64", "float16", "float64", "uint16", "bfloat16", "uint8", "int32"}


def test_a_dtype_is_numpys(numbered, samples):
    tensor = fr.Loader(numbered, batch_size=4, rank=0, world_size=1)[0]["id"]
    assert isinstance(tensor.dtype, np.dtype) and tensor.dtype == "int64"
    assert np.result_type(tensor, np.float32) == np.float64 and np.zeros_like(tensor).dtype == np.int64
    halves = fr.Loader(samples / "all_types", batch_size=4, rank=0, world_size=1, columns=["bf16_rows"])[0]["bf16_rows"]
    assert halves.dtype == np.dtype(ml_dtypes.bfloat16)


def test_a_tensor_is_read_as_its_array(numbered):
    batch = fr.Loader(numbered, batch_size=4, rank=0, world_size=1, shuffle=None)[0]
    tensor = batch["id"]
    assert tensor[2] == 2 and tensor[1:3].tolist() == [1, 2] and list(tensor) == [0, 1, 2, 3]
    assert tensor[tensor.numpy() > 1].tolist() == [2, 3]
    assert batch["tokens"][0, 3] == batch["tokens"].numpy()[0, 3]
    tensor[1:3][0] = 77
    assert tensor[1] == 77, "no copy"
    with pytest.raises(IndexError):
        tensor[4]
    for compute in (
        lambda: tensor + 1,
        lambda: 1 + tensor,
        lambda: tensor - 1,
        lambda: 1 - tensor,
        lambda: 1 / tensor,
        lambda: tensor * 2,
        lambda: 2 * tensor,
        lambda: tensor / 2,
    ):
        with pytest.raises(TypeError, match="expected an array to compute with") as raised:
            compute()
        assert isinstance(raised.value, fr.UsageError) and ".numpy()" in raised.value.hint
    assert (np.asarray(tensor) + tensor).tolist() == [0, 154, 4, 6]


def test_arrays_compute_with_tensors(numbered):
    batch = next(iter(fr.Loader(numbered, batch_size=4, columns=["id"])))
    tensor, array = batch["id"], batch["id"].numpy().copy()
    assert (tensor - array == 0).all() and (array - tensor == 0).all()
    assert (tensor / np.float64(2) == array / 2).all()
    assert (np.float64(2) * tensor == array * 2).all()


def test_empty_tensors(numbered):
    loader = fr.Loader(
        numbered, batch_size=None, global_batch_size=3, rank=0, world_size=64, last="short", columns=["words", "tokens"]
    )
    batch = loader[0]
    assert batch["tokens"].shape == (0, 16) and batch["words"].shape == (0,)
    assert np.from_dlpack(batch["tokens"]).shape == (0, 16) and batch["words"].numpy().size == 0
    assert batch["words.cu_seqlens"].numpy().tolist() == [0]
