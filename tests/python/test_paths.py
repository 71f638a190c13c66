"""Dotted paths against pyarrow: what structs hold, from every layout, with nulls
at every level."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

import fuelrail as fr

TYPE = pa.struct(
    [
        ("n", pa.int64()),
        ("url", pa.string()),
        ("in", pa.struct([("x", pa.float64()), ("tags", pa.list_(pa.int64()))])),
    ]
)
PATHS = ["meta.url", "id", "meta.in.tags", "meta.n", "meta.in.x"]


def table(seed: int, n: int) -> pa.Table:
    dice = random.Random(seed)

    def maybe(value: object) -> object:
        return None if dice.random() < 0.2 else value

    def meta(i: int) -> object:
        inner = {"x": maybe(i / 4 + 0.125), "tags": maybe([i] * (i % 3))}
        return maybe({"n": maybe(i), "url": maybe(f"u{i}" * (i % 4)), "in": maybe(inner)})

    return pa.table({"id": pa.array(range(n)), "meta": pa.array([meta(i) for i in range(n)], TYPE)})


def at(row: dict[str, Any], path: str) -> object:
    value: Any = row
    for key in path.split("."):
        value = None if value is None else value[key]
    return value


def write(given: pa.Table, layout: str, path: Path) -> Path:
    path = path.with_suffix(f".{layout}")
    if layout == "parquet":
        pq.write_table(given, path, row_group_size=70, data_page_size=200)
    elif layout == "arrow":
        feather.write_feather(given, path, compression="uncompressed", chunksize=70)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in given.to_pylist()))
    return path


@pytest.mark.parametrize("layout", ["parquet", "arrow", "jsonl"])
@pytest.mark.parametrize("seed", range(4))
def test_what_structs_hold_is_read_by_its_path(layout: str, seed: int, tmp_path: Path) -> None:
    given = table(seed, 200)
    path = write(given, layout, tmp_path / "in")
    paths = random.Random(seed).sample(PATHS, 1 + seed)
    dataset = fr.Pipeline(path).select(columns=paths).sink(tmp_path / "out").shard(progress="never")
    assert dataset.columns == paths
    want = [{path: at(row, path) for path in paths} for row in given.to_pylist()]
    assert dataset.to_arrow().to_pylist() == want
    assert list(dataset[7:9]) and dataset[7].keys() == set(paths)


@pytest.mark.parametrize("layout", ["parquet", "arrow", "jsonl"])
def test_steps_filters_and_splits_take_paths(layout: str, tmp_path: Path) -> None:
    given = table(9, 200)
    path = write(given, layout, tmp_path / "in")
    split = {"take": "train", "validation": 0.5, "key": "meta.url"}
    pipeline = (
        fr.Pipeline(path, split=split)
        .filter(column="meta.url", min_length=1)
        .cast(column="meta.n", dtype="float32")
        .select(columns=["meta.n", "meta.url"])
    )
    train = pipeline.sink(tmp_path / "train").shard(progress="never").to_arrow().to_pylist()
    held = fr.Pipeline(path, split={**split, "take": "validation"}).filter(column="meta.url", min_length=1)
    held = held.select(columns=["meta.n", "meta.url"])
    held = held.sink(tmp_path / "held").shard(progress="never").to_arrow().to_pylist()
    want = [(at(row, "meta.n"), at(row, "meta.url")) for row in given.to_pylist()]
    want = [pair for pair in want if pair[1]]
    got = [(row["meta.n"], row["meta.url"]) for row in train + held]
    assert sorted(map(str, want)) == sorted(str((None if n is None else int(n), url)) for n, url in got)
    assert train and held


def test_tokenize_takes_a_path(tmp_path: Path) -> None:
    given = table(3, 50)
    path = write(given, "parquet", tmp_path / "in")
    pipeline = fr.Pipeline(path).tokenize(column="meta.url", tokenizer="gpt2").select(columns=["tokens"])
    dataset = pipeline.sink(tmp_path / "out").shard(progress="never")
    texts = [at(row, "meta.url") for row in given.to_pylist()]
    assert [row["tokens"] is None for row in dataset] == [text is None for text in texts]


@pytest.mark.parametrize("layout", ["parquet", "arrow"])
def test_a_column_of_the_name_wins(layout: str, tmp_path: Path) -> None:
    given = table(1, 20).append_column("meta.url", pa.array(range(100, 120)))
    path = write(given, layout, tmp_path / "in")
    dataset = fr.Pipeline(path).select(columns=["meta.url"]).sink(tmp_path / "out").shard(progress="never")
    assert [row["meta.url"] for row in dataset] == list(range(100, 120))


@pytest.mark.parametrize("layout", ["parquet", "arrow", "jsonl"])
def test_structs_are_refused_with_the_paths_below_them(layout: str, tmp_path: Path) -> None:
    path = write(table(1, 20), layout, tmp_path / "in")
    with pytest.raises(fr.PipelineError, match="got a struct") as caught:
        fr.Pipeline(path).sink(tmp_path / "out").shard(progress="never")
    assert caught.value.location["column"] == "meta"
    for leaf in ("meta.n", "meta.url", "meta.in.x", "meta.in.tags"):
        assert f"`{leaf}`" in (caught.value.hint or "")


def test_names_with_dots_and_names_of_tensors_are_told_apart(tmp_path: Path) -> None:
    """A column's tensors are `a`, `a.__offsets` and `a.__valid`."""
    given = pa.table({"a": ["x", None], "a.offsets": ["y", "z"], "a.b": [1, None], "a b.c": [[1], [2, 3]]})
    path = write(given, "parquet", tmp_path / "in")
    dataset = fr.Pipeline(path).sink(tmp_path / "out").shard(progress="never")
    assert dataset.to_arrow().to_pylist() == given.to_pylist()
    clash = pa.table({"a": ["x"], "a.__offsets": ["y"]})
    path = write(clash, "parquet", tmp_path / "clash")
    with pytest.raises(fr.PipelineError, match="__") as caught:
        fr.Pipeline(path).sink(tmp_path / "out2").shard(progress="never")
    assert caught.value.location["column"] == "a.__offsets"


def test_images_of_hugging_face_are_read_by_their_fields(tmp_path: Path) -> None:
    """``datasets`` stores an image as a struct of its bytes and its path."""
    dice = random.Random(0)
    images = [
        {"bytes": dice.randbytes(dice.randint(0, 900)), "path": f"{n}.png" if n % 3 else None} for n in range(200)
    ]
    images[7] = None
    of = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    pq.write_table(
        pa.table({"image": pa.array(images, of), "label": range(200)}), tmp_path / "a.parquet", row_group_size=70
    )
    pipeline = fr.Pipeline(str(tmp_path / "a.parquet")).select(columns=["image.bytes", "image.path", "label"])
    expected = [
        {"image.bytes": image and image["bytes"], "image.path": image and image["path"], "label": label}
        for label, image in enumerate(images)
    ]
    assert list(pipeline.sink(str(tmp_path / "out")).shard()) == expected
