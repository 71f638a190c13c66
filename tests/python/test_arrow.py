"""Arrow by PyCapsule: datasets and tables out to the libraries of the field,
and who frees what nobody takes."""

import gc
import subprocess
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import fuelrail as fr


@pytest.fixture(scope="module")
def dataset(numbered):
    return fr.Dataset(numbered)


def test_pyarrow_takes_a_dataset(dataset):
    table = pa.table(dataset)
    assert table.num_rows == 1000 and table["id"].to_pylist() == list(range(1000))
    assert table.schema == pa.schema(dataset) == dataset.to_arrow().schema
    assert table.schema.field("tokens").type == pa.list_(pa.field("item", pa.uint16(), nullable=False), 16)
    table.validate(full=True)


def test_a_stream_comes_in_pieces(samples):
    dataset = fr.Dataset(samples / "many")
    reader = pa.RecordBatchReader.from_stream(dataset)
    batches = list(reader)
    assert len(batches) > 1 and sum(batch.num_rows for batch in batches) == len(dataset)
    # One that is left in the middle is released.
    reader = pa.RecordBatchReader.from_stream(dataset)
    reader.read_next_batch()
    reader.close()


@pytest.mark.parametrize("name", ["all_types", "documents", "packed"])
def test_every_type_travels(samples, name):
    dataset = fr.Dataset(samples / name)
    table = pa.table(dataset)
    table.validate(full=True)
    for row, expected in zip(table.slice(0, 50).to_pylist(), dataset, strict=False):
        for column, value in row.items():
            if isinstance(expected[column], (int, str, bytes)):
                assert value == expected[column], column
            if expected[column] is None:
                assert value is None
    assert table.schema.field(0).name == dataset.columns[0]


def test_polars_takes_a_dataset(dataset):
    frame = pl.DataFrame(dataset)
    assert frame.shape == (1000, 3) and frame["id"].sum() == sum(range(1000))
    assert frame["tokens"].dtype == pl.Array(pl.UInt16, 16)
    assert pl.DataFrame(dataset.take([3, 1]))["id"].to_list() == [3, 1]


def test_pandas_takes_a_dataset(dataset):
    frame = pd.DataFrame.from_arrow(dataset[10:20])
    assert frame["id"].tolist() == list(range(10, 20))


def test_duckdb_asks_a_dataset(dataset):
    connection = duckdb.connect()
    [(count, total, longest)] = connection.sql("select count(*), sum(id), max(len(words)) from dataset").fetchall()
    assert (count, total, longest) == (1000, 499500, 4)
    # Asked again, it is read again.
    taken = dataset.take([8, 9])
    for _ in range(2):
        assert connection.sql("select id from taken order by id").fetchall() == [(8,), (9,)]
        assert connection.sql("select count(*) from dataset where id % 2 = 0").fetchall() == [(500,)]


def test_a_schema_can_be_asked_for(samples):
    dataset = fr.Dataset(samples / "documents")
    own = pa.schema(dataset)
    wanted = pa.schema([field.with_type(pa.string()) if field.type == pa.large_string() else field for field in own])
    assert wanted != own
    assert pa.RecordBatchReader.from_stream(dataset, schema=wanted).read_all().schema == wanted
    # One that cannot be had is left to the consumer to refuse.
    with pytest.raises((pa.ArrowInvalid, ValueError)):
        pa.table(dataset, schema=pa.schema([("other", pa.int8())]))


LEAKS = """
import gc, os, sys, fuelrail as fr
dataset = fr.Dataset(sys.argv[1])
table = dataset.take(list(range(1000)))

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def make(times):
    for _ in range(times):
        dataset.__arrow_c_stream__()
        dataset.__arrow_c_schema__()
        table.__arrow_c_stream__()
        table.__arrow_c_schema__()
    gc.collect()
    return resident()

before = make(1000)
print(make(20_000) - before)
"""


def test_what_nobody_takes_is_released(numbered):
    # In a process of its own, where nothing else takes memory.
    done = subprocess.run([sys.executable, "-c", LEAKS, numbered], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1 << 20, "a schema alone has some hundred bytes"


def test_a_capsule_outlives_its_dataset(numbered):
    dataset = fr.Dataset(numbered)
    capsule = dataset.__arrow_c_stream__()

    class Source:
        def __arrow_c_stream__(self, requested_schema=None):
            return capsule

    del dataset
    gc.collect()
    assert pa.table(Source()).num_rows == 1000


def test_what_is_no_capsule_is_refused(dataset):
    for wrong in (3, "schema", object()):
        with pytest.raises(TypeError, match="expected a capsule"):
            dataset.__arrow_c_stream__(wrong)
    with pytest.raises((TypeError, ValueError)):
        dataset.__arrow_c_stream__(dataset.__arrow_c_stream__())


def test_a_schema_that_was_used_up_is_refused(dataset):
    wanted = pa.schema(dataset).__arrow_c_schema__()
    assert pa.RecordBatchReader.from_stream(Stream(dataset.__arrow_c_stream__(wanted))).read_all().num_rows == 1000
    with pytest.raises(fr.DataError, match="arrow_schema.*nobody has consumed") as caught:
        dataset.__arrow_c_stream__(wanted)
    assert "a new one" in caught.value.hint


class Stream:
    """Hands out a capsule that it was given."""

    def __init__(self, capsule):
        self.capsule = capsule

    def __arrow_c_stream__(self, requested_schema=None):
        return self.capsule


class Array:
    """Hands out the same capsules each time."""

    def __init__(self, *capsules):
        self.capsules = capsules

    def __arrow_c_array__(self, requested_schema=None):
        return self.capsules


def test_arrays_that_were_used_up_are_refused():
    tokenizer = fr.Tokenizer("cl100k_base")
    texts = pa.array(["one", "two"])
    array = Array(*texts.__arrow_c_array__())
    ids, _ = tokenizer.encode_batch(array)
    assert ids.size == 2
    with pytest.raises(fr.DataError, match="arrow_schema.*nobody has consumed"):
        tokenizer.encode_batch(array)
    # One of both is enough.
    with pytest.raises(fr.DataError, match="arrow_array.*nobody has consumed"):
        tokenizer.encode_batch(Array(texts.__arrow_c_array__()[0], array.capsules[1]))
    with pytest.raises(fr.DataError, match="arrow_schema.*nobody has consumed"):
        tokenizer.encode_batch(Array(array.capsules[0], texts.__arrow_c_array__()[1]))
    stream = Stream(pa.chunked_array([texts]).__arrow_c_stream__())
    assert tokenizer.encode_batch(stream)[0].size == 2
    with pytest.raises(fr.DataError):
        tokenizer.encode_batch(stream)
