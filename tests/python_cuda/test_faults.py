"""A device that fails under a loader, and rows that it has no memory for: the bits
are the CPU's, and the loader says what became of the device."""

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pytest
from drawn import fixed

EPOCHS = """
import warnings
made, host = loader(threads={threads}, results="{results}"), loader("cpu")
places, lost = [], []
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    for epoch in range(2):
        for batch, expected in zip(made, host, strict=True):
            assert (batch.rows == expected.rows).all()
            for name in ("image", "mask"):
                try:
                    found = batch[name].cpu()
                except fr.DeviceError:
                    # What lies on a device that is lost is lost with it.
                    assert batch[name].device == "cuda:0"
                    continue
                assert (found.numpy() == expected[name].numpy()).all(), name
            places.append(batch["image"].device)
said = [str(it.message) for it in told]
stats = made.stats()
assert len(places) == 12 and stats["rows"] == 82 and stats["batches"] == 12
if stats["device_lost"] is None:
    assert said == [] and set(places) == {{"cuda:0" if "{results}" == "device" else "cpu"}}, (said, places)
else:
    assert len(said) == 1 and stats["device_lost"] in said[0] and "gives the same bits" in said[0], said
    assert told[0].category is RuntimeWarning
    assert "cuda:0 (fuelrail CUDA simulator) failed: " in stats["device_lost"], stats
    assert f"on the CPU, since {{stats['device_lost']}}" in made.explain(), made.explain()
    # Once it is lost it stays so.
    assert places == sorted(places, reverse=True) and places[-1] == "cpu", places
print("lost" if said else "kept", places.count("cuda:0"))
"""


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("results", ["device", "host"])
def test_a_device_that_fails_in_an_epoch_is_told(script, threads, results):
    code = EPOCHS.format(threads=threads, results=results)
    assert "kept" in script(code)[0]
    # The trial of the device launches kernels too; the last are the loader's, two for a
    # batch, some of them of batches that are read ahead and never taken.
    _, report = script(code)
    for late in (report["kernels"] - 16, report["kernels"] - 11):
        text, _ = script(code, FUELRAIL_FAKE_CUDA_FAIL=f"kernel@{late}:700")
        assert "lost" in text, text


REFUSED = "except fr.DeviceError as error:\n    print('refused', error)\n"


def guarded(code):
    """The same, where the device may be refused before anything is read."""
    return "try:\n" + "".join(f"    {line}\n" for line in code.splitlines()) + REFUSED


def test_any_call_may_fail(script):
    code = EPOCHS.format(threads=1, results="device")
    _, report = script(code)
    n_calls, outcomes = report["calls"], []
    for number, call in enumerate(range(n_calls // 10, n_calls, n_calls // 25)):
        fault = f"{call}:{[2, 999, 700][number % 3]}"
        outcomes.append(script(guarded(code), FUELRAIL_FAKE_CUDA_FAIL=fault)[0].split()[0])
    assert set(outcomes) <= {"kept", "lost", "refused"}, outcomes
    assert outcomes.count("lost") > 3, outcomes


def test_a_warning_that_is_raised_costs_no_batch(script):
    code = """
import warnings
made, host = loader(threads=0), [batch.rows.tolist() for batch in loader("cpu")]
seen, raised = [], 0
batches = iter(made)
with warnings.catch_warnings():
    warnings.simplefilter("error")
    while True:
        try:
            seen.append(next(batches).rows.tolist())
        except RuntimeWarning:
            raised += 1
        except StopIteration:
            break
assert seen == host and raised == 1, (seen, raised)
print("ended")
"""
    _, report = script(EPOCHS.format(threads=0, results="device"))
    # In the first of the two epochs there.
    fault = f"kernel@{report['kernels'] - 18}:700"
    assert "ended" in script(code, FUELRAIL_FAKE_CUDA_FAIL=fault)[0]


def test_memory_that_a_batch_does_not_find_is_told(script):
    code, outcomes = guarded(EPOCHS.format(threads=0, results="device")), []
    while not outcomes or outcomes[-1][0] == "refused":
        fault = f"cuMemAlloc_v2@{8 + 2 * len(outcomes)}:2"
        outcomes.append(script(code, FUELRAIL_FAKE_CUDA_FAIL=fault)[0].split())
    # The first that is not the trial's is the loader's, and no batch was on the device.
    assert outcomes[-1] == ["lost", "0"], outcomes


@pytest.mark.parametrize("results", ["device", "host"])
def test_rows_too_large_for_a_slot_are_counted(tmp_path, script, results):
    rng = np.random.default_rng(3)
    small, large = (rng.integers(0, 256, shape, dtype=np.uint8) for shape in [(9, 10, 10), (9, 600, 600)])
    table = pa.table({"small": fixed(small), "large": fixed(large)})
    fr.Pipeline(table).shard(tmp_path / "rows", progress="never")
    code = f"""
from fuelrail import steps
asked = [steps.solarize("small"), steps.random_flip("large")]
options = dict(batch_size=4, steps=asked, rank=0, world_size=1, last="short", seed=1, threads=0, prefetch=0)
made = fr.Loader({str(tmp_path / "rows")!r}, device="cuda", results="{results}", **options)
for batch, host in zip(made, fr.Loader({str(tmp_path / "rows")!r}, **options), strict=True):
    for name in ("small", "large"):
        assert (batch[name].cpu().numpy() == host[name].numpy()).all()
print(made.stats()["too_large_for_device"], made.stats()["device_lost"])
"""
    # A slot has at most a thirtieth of the memory: 300 KB, and the images have 360.
    text, _ = script(code, FUELRAIL_FAKE_CUDA_MEMORY=str(9_000_000))
    assert text.split() == ["9", "None"], text
    assert script(code)[0].split() == ["0", "None"]
