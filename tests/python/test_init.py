"""`fuelrail init`: whatever a folder holds, the pipeline that it writes is one
that `plan` takes and `shard` runs."""

from __future__ import annotations

import gzip
import json
import random
import string
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

import fuelrail as fr

WORDS = ["the", "quick", "brown", "fox", "naïve", "汉字", "🙂", "jumps", "over", "a\tlazy", "dog.", '"quoted"', "\\n"]


def prose(rng: random.Random, most: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, most)))


def column(rng: random.Random, n: int) -> tuple[str, pa.Array]:
    """A column of some kind, and a name for it."""
    name = rng.choice(
        ["id", "text", "content", "url", "n", "score", "a b", "Größe", 'quo"te', "tab\tname", "x.y", "title", "image"]
    )
    name += rng.choice(["", "", str(rng.randint(0, 9))])
    some = [rng.random() < 0.2 for _ in range(n)] if rng.random() < 0.4 else [False] * n
    kind = rng.randrange(12)
    rows: list[object]
    if kind == 0:
        rows, of = [rng.randint(-(2**40), 2**40) for _ in range(n)], pa.int64()
    elif kind == 1:
        rows, of = [rng.random() for _ in range(n)], pa.float32()
    elif kind == 2:
        rows, of = [prose(rng, 60) for _ in range(n)], pa.string()
    elif kind == 3:
        rows, of = ["".join(rng.choices(string.hexdigits, k=36)) for _ in range(n)], pa.large_string()
    elif kind == 4:
        rows, of = [rng.random() < 0.5 for _ in range(n)], pa.bool_()
    elif kind == 5:
        rows, of = [[rng.randint(0, 9) for _ in range(rng.randint(0, 5))] for _ in range(n)], pa.list_(pa.int32())
    elif kind == 6:
        side, channels = rng.choice([(16, 3), (28, 1), (20, 4), (17, 2)])
        len_bytes = side * side * channels
        rows, of = [bytes(rng.randbytes(len_bytes)) for _ in range(n)], pa.binary(len_bytes)
    elif kind == 7:
        of = pa.list_(pa.list_(pa.list_(pa.uint8(), 3), 5), 4)
        rows = np.arange(n * 60, dtype=np.uint8).reshape(n, 4, 5, 3).tolist()
    elif kind == 8:
        rows, of = [None] * n, pa.null()
    elif kind == 9:
        rows, of = [{"a": 1, "b": "x"} for _ in range(n)], pa.struct([("a", pa.int64()), ("b", pa.string())])
    elif kind == 10:
        rows, of = [rng.randint(0, 10**9) for _ in range(n)], pa.timestamp("us")
    else:
        rows, of = [rng.randbytes(rng.randint(0, 30)) for _ in range(n)], pa.binary()
    return name, pa.array([None if gone else row for row, gone in zip(rows, some, strict=True)], of)


def table(rng: random.Random, n: int) -> pa.Table:
    columns = dict(column(rng, n) for _ in range(rng.randint(1, 7)))
    # Something that can be stored, as a table of nothing but nulls is refused.
    return pa.table({**columns, "row": list(range(n))})


def jsonl(rng: random.Random, n: int) -> str:
    """Lines whose keys have one kind of value each."""
    kinds = {
        f"{name}{rng.randint(0, 3)}" if rng.random() < 0.3 else name: rng.randrange(5)
        for name in rng.sample(["id", "text", "url", "score", "flag", "tags", "title"], rng.randint(1, 5))
    }
    make = [
        lambda: rng.randint(0, 1000),
        lambda: prose(rng, 40),
        lambda: rng.random(),
        lambda: rng.random() < 0.5,
        lambda: [rng.randint(0, 9) for _ in range(rng.randint(1, 4))],
    ]
    rows = ({key: make[kind]() for key, kind in kinds.items()} for _ in range(n))
    return "".join(json.dumps(row, ensure_ascii=rng.random() < 0.5) + "\n" for row in rows)


def fill(folder: Path, rng: random.Random) -> None:
    """Files of one or two formats, and some that are of none."""
    folder.mkdir()
    n_formats = rng.choice([1, 1, 1, 2])
    for kind in rng.sample(["parquet", "arrow", "jsonl", "text"], n_formats):
        n = rng.randint(1, 60)
        inside = folder / rng.choice([".", "sub", "a b"])
        inside.mkdir(exist_ok=True)
        if kind == "parquet":
            rows = table(rng, n)
            for index in range(rng.randint(1, 3)):
                pq.write_table(rows, inside / f"part-{index}.parquet")
        elif kind == "arrow":
            feather.write_feather(table(rng, n), inside / "rows.arrow", compression="uncompressed")
        elif kind == "jsonl":
            text = jsonl(rng, n).encode()
            if rng.random() < 0.3:
                (inside / "rows.jsonl.gz").write_bytes(gzip.compress(text))
            else:
                (inside / "rows.jsonl").write_bytes(text)
        else:
            for index in range(rng.randint(1, 4)):
                (inside / f"doc-{index}.txt").write_text(prose(rng, 200))
    for name in rng.sample(["LICENSE", "meta.json", "x.csv", ".DS_Store", "image.jpg"], rng.randint(0, 3)):
        (folder / name).write_text("x")


@pytest.mark.parametrize("seed", range(40))
def test_what_it_writes_runs(seed, fuelrail, tmp_path):
    """The kind: a generator of folders, and for each of them plan and shard."""
    rng = random.Random(seed)
    fill(tmp_path / "data", rng)
    made = fuelrail.json("init", "data", cwd=tmp_path)
    assert made["wrote"] == "fuelrail.toml"
    plan = fuelrail.json("plan", cwd=tmp_path)
    assert plan["inputs"]["count"] == made["n_files"]
    fuelrail("shard", cwd=tmp_path)
    fuelrail("verify", "shards", cwd=tmp_path)
    dataset = fr.Dataset(tmp_path / "shards")
    fates = {column["name"]: column["fate"] for column in made["columns"]}
    if "tokenized" in fates.values():
        assert dataset.columns == ["tokens", "cu_seqlens"]
    else:
        assert dataset.columns == [name for name, fate in fates.items() if fate != "left_out"]
    # Every reason stands in the file, on the line of its column.
    for column in made["columns"][:20]:
        assert column["why"].split("\n")[0] in made["pipeline"], column
    assert fr.Pipeline.from_file(tmp_path / "fuelrail.toml").plan()["digest"] == plan["digest"]


def steps(made: dict[str, object]) -> list[str]:
    lines = str(made["pipeline"]).splitlines()
    return [line.split("#")[0].strip() for line in lines if line.startswith("op = ")]


def test_texts_are_tokenized_and_packed(fuelrail, tmp_path):
    (tmp_path / "corpus").mkdir()
    rows = [{"id": n, "title": "one two", "body": "many words " * 50, "url": "https://a.example/" + "x" * 400} for n in range(5)]
    (tmp_path / "corpus/a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = fuelrail.json("init", "corpus", "--dry-run", cwd=tmp_path)
    assert made["wrote"] is None
    assert not (tmp_path / "fuelrail.toml").exists()
    assert steps(made) == ['op = "tokenize"', 'op = "pack"']
    fates = {column["name"]: column["fate"] for column in made["columns"]}
    assert [name for name, fate in fates.items() if fate == "tokenized"] == ["body"]
    assert 'key = "id"' in made["pipeline"]


def test_images_are_normalized_and_tables_stored(fuelrail, tmp_path):
    images = pa.array([bytes(3072)] * 4, pa.binary(3072))
    pq.write_table(pa.table({"pixels": images, "label": [0, 1, 2, 3]}), tmp_path / "images.parquet")
    made = fuelrail.json("init", "images.parquet", "--out", "images.toml", cwd=tmp_path)
    assert steps(made) == ['op = "normalize"']
    assert "shape = [32, 32, 3]" in made["pipeline"]
    assert [column["fate"] for column in made["columns"]] == ["normalized", "stored"]
    pq.write_table(pa.table({"name": ["a", "b"], "x": [1.0, 2.0]}), tmp_path / "rows.parquet")
    made = fuelrail.json("init", "rows.parquet", "--out", "rows.toml", cwd=tmp_path)
    assert steps(made) == []
    for name in ("images.toml", "rows.toml"):
        fuelrail("plan", name, cwd=tmp_path)


def test_a_file_is_never_written_over(fuelrail, tmp_path):
    (tmp_path / "a.txt").write_text("some words")
    (tmp_path / "fuelrail.toml").write_text("mine")
    error = json.loads(fuelrail("init", "--json", status=2, cwd=tmp_path).stderr)["error"]
    assert error["message"] == "expected to write a new file, there is one already"
    assert "`--force`" in error["hint"]
    assert "`--out FILE`" in error["hint"]
    assert (tmp_path / "fuelrail.toml").read_text() == "mine"
    fuelrail("init", "--out", "b.toml", cwd=tmp_path)
    fuelrail("init", "--force", cwd=tmp_path)
    assert "[source]" in (tmp_path / "fuelrail.toml").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.toml", "fuelrail.toml"]


def test_a_pipeline_elsewhere_finds_its_data(fuelrail, tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "a.txt").write_text("some words")
    fuelrail("init", "a.txt", "--out", "conf/p.toml", cwd=tmp_path)
    fuelrail("shard", "conf/p.toml", cwd=tmp_path)
    assert (tmp_path / "conf/shards/dataset.json").exists()


def test_a_dataset_goes_where_nothing_is(fuelrail, tmp_path):
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards/a.txt").write_text("some words")
    made = fuelrail.json("init", "shards", cwd=tmp_path)
    assert 'uri = "shards-2"' in made["pipeline"]
    fuelrail("shard", cwd=tmp_path)


def test_content_that_cannot_be_read_is_said(fuelrail, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "some words"}\nnot json\n{"text": "more words"}\n')
    made = fuelrail.json("init", "a.jsonl", cwd=tmp_path)
    assert 'on_error = "quarantine"' in made["pipeline"]
    assert any("cannot be read" in note for note in made["notes"])
    fuelrail("shard", cwd=tmp_path)
    assert len(fr.Dataset(tmp_path / "shards").documents(0)) == 2


def test_an_empty_folder_says_what_was_looked_for(fuelrail, tmp_path):
    (tmp_path / "data").mkdir()
    for name in ([], ["photo.heic", "rows.csv"]):
        for file in name:
            (tmp_path / "data" / file).write_text("x")
        done = fuelrail("init", "data", status=3, cwd=tmp_path)
        assert "data" in done.stderr
        assert "hint: " in done.stderr
        assert not (tmp_path / "fuelrail.toml").exists()
