"""The training chain of `tests/python/test_image_hashes.py` on CUDA: one hash for each seed,
epoch and row, where a batch stays there and where it is downloaded."""

import fuelrail as fr
import pytest
from image_chain import chain, differing, expected, load, read, rows, table_of

THREADS, BATCHES, ORDERS = (1, 2, 7), (1, 8, 64), ("rows", "blocks", None)


@pytest.fixture(scope="module")
def made():
    return rows()


@pytest.fixture(scope="module")
def wanted(made):
    return expected(made)


@pytest.fixture(scope="module")
def dataset(made, tmp_path_factory):
    """In shards of a few rows."""
    pipeline = fr.Pipeline(table_of(made)).sink(tmp_path_factory.mktemp("hashes") / "shards", shard_size="64KiB")
    return pipeline.shard(progress="never")


@pytest.mark.parametrize("results", ["device", "host"])
@pytest.mark.parametrize("batch_size", BATCHES)
@pytest.mark.parametrize("threads", THREADS)
def test_samples_have_the_bits_of_pillow(dataset, wanted, threads, batch_size, results):
    order = ORDERS[(THREADS.index(threads) + BATCHES.index(batch_size)) % 3]
    options = {"threads": threads, "batch_size": batch_size, "shuffle": order, "results": results}
    loader = load(dataset, chain(), device="cuda", **options)
    assert not differing(read(loader), wanted)
    assert loader.stats()["device_lost"] is None
    assert loader.stats()["too_large_for_device"] == 0


@pytest.mark.parametrize(("first", "second"), [("cpu", "cuda"), ("cuda", "cpu:scalar"), ("cuda", "cuda")])
@pytest.mark.parametrize("n_batches", [4, 9])
def test_a_run_goes_from_device_to_device(dataset, wanted, first, second, n_batches):
    """Stopped within either epoch."""
    loader = load(dataset, chain(), device=first, threads=2)
    found = read(loader, n_batches)
    again = load(dataset, chain(), device=second, batch_size=5)
    again.load_state_dict(loader.state_dict())
    loader.close()
    rest = read(again)
    assert not found.keys() & rest.keys()
    assert not differing(found | rest, wanted)


def test_images_and_masks_stay_on_the_device(dataset):
    """Boxes are moved on the host."""
    batch = next(iter(load(dataset, chain(), device="cuda")))
    places = {name: batch[name].device for name in ("image", "mask", "boxes", "boxes.kept")}
    assert places == {"image": "cuda:0", "mask": "cuda:0", "boxes": "cpu", "boxes.kept": "cpu"}
