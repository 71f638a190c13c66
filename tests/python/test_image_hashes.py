"""The bits of every sample of a training chain are those that Pillow 12 gives it, with one
hash for each seed, epoch and row, however the dataset is stored and read."""

import io
import itertools
import json
import tarfile

import fuelrail as fr
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from image_chain import N_ROWS, SEED, chain, differing, expected, load, read, rows, table_of

THREADS, BATCHES, ORDERS = (1, 2, 7), (1, 8, 64), ("rows", "blocks", None)
WAYS = [dict(zip(("threads", "batch_size", "shuffle"), way, strict=True)) for way in itertools.product(THREADS, BATCHES, ORDERS)]
# Each number of threads with each size of a batch, and each order with some of them.
SOME_WAYS = [way | {"shuffle": ORDERS[number % 4 - 1]} for number, way in enumerate(WAYS) if way["shuffle"] is None]
# Those that the processor has: its highest, and what is below.
LEVELS = ["cpu:scalar", "cpu:sse4.1", "cpu:avx2", "cpu:avx512"]
LEVELS = LEVELS[: LEVELS.index(fr.devices()[0]["id"]) + 1]


@pytest.fixture(scope="module")
def made():
    return rows()


@pytest.fixture(scope="module")
def wanted(made):
    return expected(made)


@pytest.fixture(scope="module")
def dataset(made, tmp_path_factory):
    return fr.Pipeline(table_of(made)).shard(tmp_path_factory.mktemp("hashes") / "shards", progress="never")


def test_samples_differ(wanted):
    """Or it would be little that their hashes say."""
    for name in ("image", "mask"):
        assert len({one[name] for one in wanted.values()}) > 0.9 * len(wanted)
    assert len({one["boxes"] for one in wanted.values()}) > N_ROWS


@pytest.mark.parametrize("device", LEVELS)
def test_threads_batches_orders_and_levels_change_nothing(dataset, wanted, device):
    for way in WAYS:
        found = read(load(dataset, chain(), device=device, **way))
        assert not differing(found, wanted), way


def test_a_software_device_changes_nothing(dataset, wanted):
    for way in SOME_WAYS:
        loader = load(dataset, chain(), device="wgpu:software", **way)
        assert not differing(read(loader), wanted), way
        assert loader.stats()["too_large_for_device"] == 0
        assert loader.stats()["device_lost"] is None


def resumed(dataset, n_batches, first, second):
    """What a loader gives until it is stopped, and what another one then makes of its state."""
    loader = load(dataset, chain(), **first)
    found = read(loader, n_batches)
    state = json.loads(json.dumps(loader.state_dict()))
    loader.close()
    again = load(dataset, chain(), **(second | {"seed": SEED + 1}))
    again.load_state_dict(state)
    rest = read(again)
    assert not found.keys() & rest.keys()
    return found | rest


@pytest.mark.parametrize("device", LEVELS)
def test_resumes_change_nothing(dataset, wanted, device):
    """Stopped within either epoch, and gone on with in any other way."""
    for number, way in enumerate(WAYS):
        first = {"batch_size": 3, "threads": THREADS[number % 3], "shuffle": way["shuffle"]}
        for n_batches in (1, 7, 13, 20):
            found = resumed(dataset, n_batches, first, way | {"device": device})
            assert not differing(found, wanted), (n_batches, first, way)
    # Batches of one row and of all rows are stopped too, the latter between epochs.
    for batch_size, n_batches in [(1, 17), (1, 58), (64, 1)]:
        first = {"batch_size": batch_size, "device": device}
        found = resumed(dataset, n_batches, first, {"batch_size": 8})
        assert not differing(found, wanted), (batch_size, n_batches)


def test_a_run_goes_from_device_to_device(dataset, wanted):
    for first, second in [("cpu", "wgpu:software"), ("wgpu:software", "cpu:scalar")]:
        found = resumed(dataset, 3, {"device": first}, {"device": second, "batch_size": 5})
        assert not differing(found, wanted), (first, second)


@pytest.mark.parametrize("world_size", [2, 5])
def test_ranks_change_nothing(dataset, wanted, world_size):
    found = {}
    for rank in range(world_size):
        loader = load(dataset, chain(), batch_size=4, rank=rank, world_size=world_size)
        some = read(loader)
        assert not found.keys() & some.keys()
        found |= some
    assert not differing(found, wanted)


def test_other_seeds_are_other_samples(dataset, made, wanted):
    other = expected(made, seed=SEED + 1)
    assert not differing(read(load(dataset, chain(), seed=SEED + 1)), other)
    assert sum(one["image"] == wanted[place]["image"] for place, one in other.items()) < 0.1 * len(wanted)


def small_shards(made, folder):
    """As few rows in a shard as there may be."""
    pipeline = fr.Pipeline(table_of(made)).sink(folder / "out", shard_size="56KiB")
    dataset = pipeline.shard(progress="never")
    assert len(list((folder / "out/shards").iterdir())) > 5
    return dataset, {}


def parquet(made, folder):
    """Binary columns, in several files with small groups of rows."""
    table = table_of(made)
    for number, begin in enumerate(range(0, N_ROWS, 15)):
        pq.write_table(table.slice(begin, 15), folder / f"{number}.parquet", row_group_size=4)
    return stored(fr.Pipeline(str(folder / "*.parquet")), folder), {}


def hugging_face(made, folder):
    """Structs of bytes and path."""
    table = table_of(made)
    for name in ("image", "mask"):
        one = [{"bytes": file, "path": None} for file in table[name].to_pylist()]
        table = table.set_column(table.column_names.index(name), name, pa.array(one))
    pq.write_table(table, folder / "rows.parquet")
    pipeline = fr.Pipeline(str(folder / "rows.parquet")).select(columns=["image.bytes", "mask.bytes", "boxes"])
    return stored(pipeline, folder), {"image": "image.bytes", "mask": "mask.bytes"}


def arrow_file(made, folder):
    with pa.OSFile(str(folder / "rows.arrow"), "wb") as out, pa.ipc.new_file(out, table_of(made).schema) as writer:
        writer.write_table(table_of(made), max_chunksize=7)
    return stored(fr.Pipeline(str(folder / "rows.arrow")), folder), {}


def image_folder(made, folder):
    """Files in a folder, with masks and boxes in a table beside them."""
    files, masks, boxes = zip(*made, strict=True)
    names = [f"{row:03}.{'png' if row % 2 else 'jpg'}" for row in range(N_ROWS)]
    for name, file in zip(names, files, strict=True):
        (folder / name).write_bytes(file)
    columns = {"mask": pa.array(masks, pa.binary()), "boxes": pa.array(boxes, pa.list_(pa.float32()))}
    pq.write_table(pa.table({"file_name": names} | columns), folder / "metadata.parquet")
    return stored(fr.Pipeline(str(folder), format="images"), folder.with_name("of_folder")), {}


def web_dataset(made, folder):
    """Archives of image and mask; there is no place for boxes in them."""
    for number, begin in enumerate(range(0, N_ROWS, 11)):
        ending, mode = [("tar", "w"), ("tar.gz", "w:gz")][number % 2]
        with tarfile.open(folder / f"{number}.{ending}", mode) as archive:
            for row, (file, mask, _) in list(enumerate(made))[begin : begin + 11]:
                for name, content in (("jpg", file), ("seg.png", mask)):
                    member = tarfile.TarInfo(f"train/{row:03}.{name}")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
    pipeline = fr.Pipeline(str(folder / "*.tar*")).select(columns=["jpg", "seg.png"])
    return stored(pipeline, folder), {"image": "jpg", "mask": "seg.png", "boxes": None}


def stored(pipeline, folder):
    return pipeline.sink(folder / "out", shard_size="64KiB").shard(progress="never")


@pytest.mark.parametrize("layout", [small_shards, parquet, hugging_face, arrow_file, image_folder, web_dataset])
def test_where_the_files_come_from_changes_nothing(made, wanted, layout, tmp_path):
    (tmp_path / "in").mkdir()
    dataset, columns = layout(made, tmp_path / "in")
    names = {"image": "image", "mask": "mask", "boxes": "boxes"} | columns
    asked = {place: {name: one[name] for name in one if names[name.split(".")[0]]} for place, one in wanted.items()}
    ways = [(device, way) for device in LEVELS for way in SOME_WAYS]
    if layout in (small_shards, web_dataset):
        ways.append(("wgpu:software", SOME_WAYS[4]))
    for device, way in ways:
        loader = load(dataset, chain(**names), device=device, **way)
        assert not differing(read(loader, names=names.values()), asked), (device, way)
