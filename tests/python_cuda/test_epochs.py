"""Whole epochs on CUDA with the CPU's bits, and who holds batches how long."""

import gc
import io
import os

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
from conftest import N_ROWS, STEPS
from drawn import fixed
from fuelrail import steps
from PIL import Image
from simulator import Taken

CHANGED = ["image", "mask"]


def check(batch, host):
    """Batches of both devices, compared; the first through its pointers."""
    assert (batch.rows == host.rows).all()
    for name in CHANGED:
        assert batch[name].device == "cuda:0"
        taken = Taken(batch[name].__dlpack__(stream=-1))
        assert taken.bytes() == host[name].numpy().tobytes(), name
        taken.delete()
    assert (batch["label"].numpy() == host["label"].numpy()).all()


@pytest.mark.parametrize("last", ["pad", "short"])
@pytest.mark.parametrize("batch_size", [1, 7, 16, N_ROWS, 100])
@pytest.mark.parametrize("threads", [0, 1, 3])
def test_every_batch_has_the_cpu_s_bits(load, batch_size, threads, last):
    options = {"batch_size": batch_size, "last": last}
    loader, reference = load(threads=threads, prefetch=3, **options), load("cpu", **options)
    for _ in range(2):
        for batch, host in zip(loader, reference, strict=True):
            check(batch, host)
    assert loader.epoch == 2
    assert loader.stats()["device_lost"] is None


def test_batches_without_an_image_stay_on_the_device_too(tmp_path):
    rng = np.random.default_rng(4)

    def file():
        out = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (9, 11, 3), dtype=np.uint8)).save(out, "PNG")
        return out.getvalue()

    images = pa.array([None, b"none", None, b"", *(file() for _ in range(4)), b"none", file()], pa.binary())
    dataset = fr.Pipeline(pa.table({"image": images})).shard(tmp_path / "shards", progress="never")
    decode = steps.decode("image", exif="apply", on_error="substitute", fill=7)
    options = {"batch_size": 4, "shuffle": None, "rank": 0, "world_size": 1, "max_damage": 1.0}
    options["steps"] = [decode, steps.resize("image", height=5, width=6), steps.normalize("image")]
    loader, reference = (fr.Loader(dataset, device=device, **options) for device in ("cuda", "cpu"))
    n_batches = 0
    for batch, host in zip(loader, reference, strict=True):
        assert batch["image"].device == "cuda:0"
        taken = Taken(batch["image"].__dlpack__(stream=-1))
        assert taken.bytes() == host["image"].numpy().tobytes()
        taken.delete()
        n_batches += 1
    assert n_batches == 3
    assert loader.stats()["device_lost"] is None


def test_batches_may_be_kept(load):
    loader, reference = load(keep=6, prefetch=2, threads=2), load("cpu", keep=6)
    batches, hosts = iter(loader), iter(reference)
    held = [(next(batches), next(hosts)) for _ in range(6)]
    addresses = {batch["image"].data_ptr for batch, _ in held}
    assert len(addresses) == 6
    for batch, host in held:
        check(batch, host)
    del batches, loader, reference, hosts
    gc.collect()
    for batch, host in held:
        check(batch, host)


def test_memory_is_used_again(load):
    loader = load(keep=1, prefetch=0, threads=0)
    addresses = set()
    for _ in range(3):
        for batch in loader:
            addresses.add(batch["image"].data_ptr)
            del batch
    assert len(addresses) == 1


def test_a_capsule_holds_its_slot(load):
    batches = iter(load(keep=1, prefetch=0, threads=0, patience=0.05))
    capsule = next(batches)["image"].__dlpack__()
    with pytest.raises(fr.UsageError, match="still in use"):
        next(batches)
    del capsule
    taken = Taken(next(batches)["image"].__dlpack__())
    with pytest.raises(fr.UsageError, match="still in use"):
        next(batches)
    taken.delete()
    next(batches)


def test_downloaded_batches_have_the_same_bits(load):
    loader = load(results="host")
    assert "downloaded into the batch" in loader.explain()
    for batch, host in zip(loader, load("cpu"), strict=True):
        for name in CHANGED:
            assert batch[name].device == "cpu"
            assert (batch[name].numpy() == host[name].numpy()).all()
    assert "on cuda:0 (fuelrail CUDA simulator), where the rows of a batch stay" in load().explain()
    with pytest.raises(fr.UsageError, match="results"):
        load(results="cpu")


def test_views_for_numpy_are_downloaded(load):
    for batch, host in zip(load().to_numpy(), load("cpu").to_numpy(), strict=True):
        for name, array in host.items():
            np.testing.assert_array_equal(batch[name], array)


def test_nulls_and_damage_are_zeros_and_both_share_a_position(tmp_path):
    images = np.full((6, 4, 5), 9, np.uint8)
    column = pa.array([None if row in (1, 2, 5) else image for row, image in enumerate(fixed(images).to_pylist())], fixed(images).type)
    dataset = fr.Pipeline(pa.table({"image": column})).shard(tmp_path / "nulls", progress="never")
    flip = [steps.solarize("image", threshold=0), steps.pad("image", sides=[1] * 4, fill=7)]
    options = {"batch_size": 4, "shuffle": None, "steps": flip, "rank": 0, "world_size": 1}
    loader = fr.Loader(dataset, device="cuda", **options)
    for batch, host in zip(loader, fr.Loader(dataset, **options), strict=True):
        assert (batch["image"].cpu().numpy() == host["image"].numpy()).all()
        rows = [bool(image.any()) for image in batch["image"].cpu().numpy()]
        assert rows == [row < 6 and row not in (1, 2, 5) for row in range(4 * batch.index, 4 * batch.index + 4)]


def test_picked_batches_have_memory_of_their_own(load):
    loader, reference = load(), load("cpu")
    picked = [loader[index] for index in (3, 0, 3)]
    assert len({batch["image"].data_ptr for batch in picked}) == 3
    for batch, index in zip(picked, (3, 0, 3), strict=True):
        check(batch, reference[index])


@pytest.mark.parametrize("held", ["nothing", "batch", "capsule"])
def test_all_is_given_back_and_a_process_may_end_at_any_time(script, held):
    code = f"""
cuda = Simulator()
made = loader(threads=2)
batches = iter(made)
for _ in range(3):
    batch = next(batches)
stream = cuda.stream()
held = {{"nothing": None, "batch": batch, "capsule": batch["image"].__dlpack__(stream=stream)}}["{held}"]
del batch
if {held == "nothing"}:
    del batches, made
    import gc
    gc.collect()
    cuda.destroy(stream)
    cuda.call("cuDevicePrimaryCtxRelease_v2", 0)
print("ended")
"""
    text, report = script(code)
    assert "ended" in text
    if held == "nothing":
        assert report["live"] == 0, report
    assert report["spinning_waits"] == 0


def test_a_forked_child_touches_no_device(script):
    code = """
import os, warnings
warnings.simplefilter("ignore")
cuda = Simulator()
batches = iter(loader(threads=2))
batch = next(batches)
taken = Taken(batch["image"].__dlpack__(stream=cuda.stream()))
child = os.fork()
if child == 0:
    try:
        batch["image"].cpu()
    except fr.DeviceError as error:
        assert "forked" in str(error), error
        taken.delete()
        del batch, batches
        os._exit(7)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
taken.delete()
for batch in batches:
    batch["image"].cpu()
print("ended")
"""
    text, _ = script(code)
    assert "ended" in text


def test_nothing_of_it_concerns_loaders_without_steps(photos):
    batch = next(iter(fr.Loader(photos, batch_size=4, device="cuda", rank=0, world_size=1)))
    assert {tensor.device for tensor in batch.values()} == {"cpu"}
    assert STEPS and "LD_LIBRARY_PATH" in os.environ
