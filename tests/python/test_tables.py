"""Tables of every kind of column, by file and from memory, against pyarrow."""

from __future__ import annotations

import datetime
import io
import random
from pathlib import Path
from typing import Any

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SCALARS = [
    pa.bool_(), pa.int8(), pa.uint16(), pa.int32(), pa.int64(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(),
    pa.date32(), pa.timestamp("us"), pa.timestamp("ms", "UTC"), pa.time32("ms"), pa.time64("us"), pa.duration("ns"),
]  # fmt: skip
TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary()]


def value(rng: random.Random, kind: pa.DataType) -> Any:
    if pa.types.is_boolean(kind):
        return rng.random() < 0.5
    if pa.types.is_floating(kind):
        return np.float16(rng.randrange(-100, 100)) if kind == pa.float16() else float(rng.randrange(-1000, 1000)) / 8
    if pa.types.is_unsigned_integer(kind):
        return rng.randrange(0, 2**kind.bit_width)
    if pa.types.is_integer(kind):
        return rng.randrange(-(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1))
    if pa.types.is_time(kind):
        return rng.randrange(0, 86_400_000)
    text = rng.choice(["", "a", "ü€😀", "x" * 40, f"{rng.randrange(50)}"])
    if kind in (pa.string(), pa.large_string(), pa.string_view()):
        return text
    if kind in (pa.binary(), pa.large_binary()):
        return text.encode()
    return rng.randrange(-(10**6), 10**6)


def column(rng: random.Random, kind: pa.DataType, n_rows: int) -> pa.ChunkedArray:
    """Values with nulls, behind a slice, in chunks, some behind a dictionary."""
    values = [None if rng.random() < 0.2 else value(rng, kind) for _ in range(n_rows + 3)]
    array = pa.array(values, kind)[3:]
    if rng.random() < 0.3 and kind != pa.string_view():
        array = array.dictionary_encode()
    cut = rng.randrange(n_rows + 1)
    return pa.chunked_array([array[:cut], array[cut:]], array.type)


def lists(rng: random.Random, n_rows: int) -> pa.ChunkedArray:
    kind = rng.choice([pa.int16(), pa.float64(), pa.bool_()])
    make = pa.large_list if rng.random() < 0.5 else pa.list_
    rows = [None if rng.random() < 0.2 else [value(rng, kind) for _ in range(rng.randrange(4))] for _ in range(n_rows)]
    return pa.chunked_array([pa.array(rows, make(kind))])


def random_table(seed: int) -> pa.Table:
    rng = random.Random(seed)
    n_rows = rng.choice([1, 7, 300])
    kinds = rng.sample([*SCALARS, *TEXTS], 6)
    columns = {f"c{i}": column(rng, kind, n_rows) for i, kind in enumerate(kinds)}
    return pa.table({**columns, "l": lists(rng, n_rows)})


def plain(column: pa.ChunkedArray) -> list[Any]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_temporal(kind):
        column = column.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
    return column.to_pylist()


def assert_same(dataset: fr.Dataset, table: pa.Table) -> None:
    got = pa.table(dataset)
    assert got.column_names == table.column_names
    for name in table.column_names:
        assert plain(got[name]) == plain(table[name]), (name, table[name].type, got[name].type)


def shards(dataset: fr.Dataset) -> list[bytes]:
    return [path.read_bytes() for path in sorted((Path(dataset.path) / "shards").iterdir())]


@pytest.mark.parametrize("seed", range(12))
def test_files_and_memory_hold_what_pyarrow_wrote(seed: int, tmp_path: Path) -> None:
    table, rng = random_table(seed), random.Random(seed)
    pq.write_table(
        table,
        tmp_path / "table.parquet",
        data_page_version=rng.choice(["1.0", "2.0"]),
        use_dictionary=rng.random() < 0.5,
        compression=rng.choice(["none", "snappy", "zstd"]),
        write_page_checksum=rng.random() < 0.7,
        row_group_size=rng.choice([50, 10_000]),
        data_page_size=rng.choice([64, 1 << 20]),
    )
    with pa.ipc.new_file(tmp_path / "file.arrow", table.schema) as file:
        file.write_table(table)
    with pa.ipc.new_stream(tmp_path / "stream.arrows", table.schema) as stream:
        stream.write_table(table)
    for name in ("table.parquet", "file.arrow", "stream.arrows"):
        assert_same(fr.Pipeline(tmp_path / name).shard(tmp_path / f"out-{name}"), table)
    inside = fr.Pipeline(table).shard(tmp_path / "out-memory")
    assert_same(inside, table)


def test_a_table_in_memory_is_the_same_however_it_is_held(tmp_path: Path) -> None:
    table = pa.table({"id": range(100), "text": [None if i % 9 == 4 else f"text {i % 7}" for i in range(100)]})
    encoded = table.set_column(1, "text", table["text"].dictionary_encode())
    pieces = pa.concat_tables([table.slice(0, 13), table.slice(13)])
    viewed = table.set_column(1, "text", table["text"].cast(pa.string_view()))
    pipelines = [fr.Pipeline(held).sink(tmp_path / "out") for held in (table, encoded, pieces, viewed)]
    for pipeline in pipelines:
        assert pipeline == pipelines[0]
        assert pipeline.plan()["digest"] == pipelines[0].plan()["digest"]
        assert_same(pipeline.shard(), table)
    other = fr.Pipeline(table.slice(1)).sink(tmp_path / "out")
    assert other != pipelines[0]
    with pytest.raises(fr.Error):
        other.shard()
    pq.write_table(table, tmp_path / "table")
    by_file = fr.Pipeline(tmp_path / "table", format="parquet").shard(tmp_path / "by-file")
    assert shards(by_file) == shards(fr.Dataset(tmp_path / "out"))
    assert repr(pipelines[0]).startswith("Pipeline(<table: 100 rows>")


def test_other_libraries_hand_tables_over(tmp_path: Path) -> None:
    import polars as pl

    frame = pl.DataFrame({"a": [1, 2, 3], "t": ["x", None, "z"]})
    assert_same(fr.Pipeline(frame).shard(tmp_path / "polars"), frame.to_arrow())
    batch = pa.record_batch({"a": [1, 2]})
    assert_same(fr.Pipeline(batch, name="batch").shard(tmp_path / "batch"), pa.table(batch))
    again = fr.Pipeline(fr.Dataset(tmp_path / "batch")).shard(tmp_path / "again")
    assert_same(again, pa.table(batch))


def test_what_is_no_table_or_no_file_is_said() -> None:
    with pytest.raises(fr.Error, match="expected a table"):
        fr.Pipeline(pa.array([1, 2]))
    pipeline = fr.Pipeline(pa.table({"a": [1]})).sink("out")
    with pytest.raises(fr.Error, match="in memory"):
        pipeline.to_toml()
    with pytest.raises(fr.Error, match="name"):
        fr.Pipeline("a.parquet", name="a")


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_a_flipped_bit_is_never_other_data(version: str, dictionary: bool, tmp_path: Path) -> None:
    rng = random.Random(f"{version}{dictionary}")
    table = pa.table({"a": [i * 7919 % 1000 for i in range(3000)], "t": [f"{i % 50}" for i in range(3000)]})
    raw = io.BytesIO()
    pq.write_table(table, raw, write_page_checksum=True, use_dictionary=dictionary, data_page_version=version,
                   compression="none", row_group_size=1000)  # fmt: skip
    good = raw.getvalue()
    rows = table.to_pylist()
    footer = len(good) - 8 - int.from_bytes(good[-8:-4], "little")
    n_found = 0
    for number in range(25):
        bad, place = bytearray(good), rng.randrange(4, footer)
        bad[place] ^= 1 << rng.randrange(8)
        (tmp_path / "bad.parquet").write_bytes(bad)
        out = tmp_path / f"out-{number}"
        try:
            kept = pa.table(fr.Pipeline(tmp_path / "bad.parquet", on_error="quarantine").shard(out)).to_pylist()
        except fr.Error:
            n_found += 1
            continue
        # Rows are whole and in order; a row group may be missing.
        left = iter(rows)
        assert all(row in left for row in kept), place
        n_found += len(kept) < len(rows)
    assert n_found > 15


def test_moments_of_int96_are_exact_or_refused(tmp_path: Path) -> None:
    rng = random.Random(96)
    moments = [datetime.datetime(rng.randrange(1700, 2250), 5, 17, 1, 2, 3, rng.randrange(10**6)) for _ in range(50)]
    beyond = {7: datetime.datetime(9999, 12, 31), 23: datetime.datetime(1, 1, 1), 41: datetime.datetime(2300, 1, 1)}
    moments = [beyond.get(i, moment) for i, moment in enumerate(moments)]
    table = pa.table({"i": range(50), "t": pa.array(moments, pa.timestamp("us"))})
    path = tmp_path / "x.parquet"
    pq.write_table(table, path, use_deprecated_int96_timestamps=True, store_schema=False)
    with pytest.raises(fr.DataError) as refused:
        fr.Pipeline(path).shard(tmp_path / "fail")
    assert refused.value.location["row"] == 7
    assert refused.value.location["column"] == "t"
    kept = pa.table(fr.Pipeline(path, on_error="quarantine").shard(tmp_path / "kept"))
    assert kept["i"].to_pylist() == [i for i in range(50) if i not in beyond]
    expected = [int((m - datetime.datetime(1970, 1, 1)) / datetime.timedelta(microseconds=1)) * 1000
                for i, m in enumerate(moments) if i not in beyond]  # fmt: skip
    assert kept["t"].cast(pa.int64()).to_pylist() == expected


@pytest.mark.parametrize("layout", ["parquet", "arrow"])
def test_a_null_in_a_list_is_one_row(layout: str, tmp_path: Path) -> None:
    rows = [[1, 2], [3, None], None, [], [None], [4]]
    for kind in (pa.list_(pa.int32()), pa.large_list(pa.int32())):
        table = pa.table({"l": pa.array(rows, kind)})
        path = tmp_path / f"x.{layout}"
        if layout == "parquet":
            pq.write_table(table, path)
        else:
            with pa.ipc.new_file(path, table.schema) as file:
                file.write_table(table)
        with pytest.raises(fr.DataError) as refused:
            fr.Pipeline(path).shard(tmp_path / "fail")
        assert (refused.value.location["row"], refused.value.location["column"]) == (1, "l")
        kept = fr.Pipeline(path, on_error="quarantine").shard(tmp_path / f"kept-{kind}")
        assert pa.table(kept)["l"].to_pylist() == [[1, 2], None, [], [4]]


def test_spellings_of_text_go_together_in_any_order(tmp_path: Path) -> None:
    kinds = [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string()), pa.null()]
    for turn in range(len(kinds)):
        turned = kinds[turn:] + kinds[:turn]
        folder = tmp_path / str(turn)
        folder.mkdir()
        for i, kind in enumerate(turned):
            column = pa.nulls(2) if kind == pa.null() else pa.array(["a", f"{i}"]).cast(kind)
            pq.write_table(pa.table({"t": column}), folder / f"{i}.parquet")
        got = pa.table(fr.Pipeline(folder).shard(tmp_path / f"out-{turn}"))["t"].to_pylist()
        assert got == [v for i, kind in enumerate(turned) for v in ([None] * 2 if kind == pa.null() else ["a", f"{i}"])]


@pytest.mark.parametrize("layout", ["parquet", "arrow", "memory"])
def test_every_type_is_read_or_refused_by_name(layout: str, tmp_path: Path) -> None:
    struct = pa.struct([("x", pa.int32())])
    cases = {
        "null": pa.nulls(2),
        "decimal": pa.array([1, 2], pa.decimal128(10, 2)),
        "map": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int32())),
        "struct": pa.array([{"x": 1}, None], struct),
        "list_of_text": pa.array([["a"], []], pa.list_(pa.string())),
        "list_of_list": pa.array([[[1]], []], pa.list_(pa.list_(pa.int32()))),
        "half": pa.array([np.float16(1), None], pa.float16()),
        "bytes": pa.array([b"ab", b"cd"], pa.binary(2)),
        "fixed": pa.array([[1, 2], [3, 4]], pa.list_(pa.int32(), 2)),
        "bools": pa.array([True, None]).dictionary_encode(),
        "halves": pa.array([np.float16(1), None], pa.float16()).dictionary_encode(),
        "days": pa.array([1, None], pa.date32()).dictionary_encode(),
    }
    read = {"half", "bytes", "fixed", "bools", "halves", "days"}
    for name, array in cases.items():
        table = pa.table({"a": [1, 2], name: array})
        source: Any = table
        if layout == "parquet":
            source = tmp_path / f"{name}.parquet"
            pq.write_table(table, source)
        elif layout == "arrow":
            source = tmp_path / f"{name}.arrow"
            with pa.ipc.new_file(source, table.schema) as file:
                file.write_table(table)
        out = tmp_path / f"out-{name}"
        if name == "null":
            pipeline = fr.Pipeline(source).sink(out)
            assert pipeline.plan()["inputs"]["left_out"] == ["null"]
            assert_same(pipeline.shard(), table.select(["a"]))
        elif name in read:
            assert_same(fr.Pipeline(source).shard(out), table)
        else:
            with pytest.raises(fr.PipelineError) as refused:
                fr.Pipeline(source).shard(out)
            assert refused.value.location["column"].split(".")[0] == name
            assert "select" in str(refused.value.hint)
            assert_same(fr.Pipeline(source).select(columns=["a"]).shard(out), table.select(["a"]))


def test_nothing_of_an_arrow_file_is_taken_for_nothing(tmp_path: Path) -> None:
    table = pa.table({"a": range(1000)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table, max_chunksize=100)
    good = sink.getvalue().to_pybytes()
    rng = random.Random(12)
    for number in range(20):
        cut = good[: rng.randrange(8, len(good) - 8)]
        (tmp_path / "cut.arrows").write_bytes(cut)
        try:
            expected = pa.ipc.open_stream(cut).read_all().num_rows
        except (pa.ArrowInvalid, OSError):
            expected = None
        try:
            got = len(fr.Pipeline(tmp_path / "cut.arrows").shard(tmp_path / f"out-{number}"))
        except fr.Error:
            got = None
        assert got in (None, expected), len(cut)


def test_columns_of_nulls_of_polars_are_left_out(tmp_path: Path) -> None:
    import polars as pl

    frame = pl.DataFrame({"a": [1, 2], "n": [None, None], "l": [[1], [2]]})
    dataset = fr.Pipeline(frame).shard(tmp_path / "out")
    assert dataset.to_arrow().column_names == ["a", "l"]
    nested = pl.DataFrame({"a": [1], "s": [{"x": None, "y": 1}]})
    assert list(fr.Pipeline(nested).select(columns=["s.y"]).shard(tmp_path / "nested")) == [{"s.y": 1}]


def test_a_type_that_one_library_has_is_refused_by_column() -> None:
    import polars as pl

    with pytest.raises(fr.DataError, match="of its library's own, `_pli128`") as raised:
        fr.Pipeline(pl.DataFrame({"a": [1], "wide": pl.Series([1], dtype=pl.Int128)}))
    assert raised.value.location["column"] == "wide"
    assert raised.value.hint is not None


def test_text_that_is_no_utf8_is_refused_by_column_and_row() -> None:
    good = pa.array(["a"] * 9000)
    offsets = pa.py_buffer(np.array([0, 1, 3], "i4").tobytes())
    bad = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"a\xff\xfe")])
    with pytest.raises(fr.DataError, match="UTF-8") as raised:
        fr.Pipeline(pa.table({"s": pa.chunked_array([good, bad])}))
    assert raised.value.location["column"] == "s"
    assert raised.value.location["row"] == 9001


def test_an_index_of_pandas_is_called_so(tmp_path: Path) -> None:
    table = pa.table({"a": [1], "__index_level_0__": [7]})
    with pytest.raises(fr.PipelineError, match="__index_level_0__") as raised:
        fr.Pipeline(table).shard(tmp_path / "out")
    assert "reset_index(drop=True)" in (raised.value.hint or "")


@pytest.mark.parametrize("by_file", [False, True])
def test_columns_of_extension_types_are_said(tmp_path: Path, by_file: bool) -> None:
    kind = pa.fixed_shape_tensor(pa.float32(), (2, 3), permutation=[1, 0])
    values = pa.FixedSizeListArray.from_arrays(pa.array(range(12), pa.float32()), 6)
    table = pa.table({"t": pa.ExtensionArray.from_storage(kind, values), "a": [1, 2]})
    if by_file:
        pq.write_table(table, tmp_path / "t.parquet")
    plan = fr.Pipeline(tmp_path / "t.parquet" if by_file else table).sink(tmp_path / "out").plan()
    (note,) = plan["notes"]
    assert "`t`" in note
    assert "`arrow.fixed_shape_tensor`" in note
    assert '"shape":[2,3]' in note


def test_a_run_that_keeps_no_row_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pipeline = fr.Pipeline(pa.table({"t": ["a", "b"]})).filter(column="t", min_length=5)
    pipeline.shard(tmp_path / "out")
    assert "of 2 rows read" in caplog.text
