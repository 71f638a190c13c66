"""Packed conversations against what a few lines of Python make of the same
documents: nothing cut, every column in step, targets as trainers want them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from runs import tree

import fuelrail as fr

LENGTH = 32


def conversations(n: int, longest: int, seed: int = 0) -> list[dict[str, list[Any]]]:
    """Ids with a loss mask and a weight for each; every tenth has no tokens."""
    draw = random.Random(seed)
    rows = []
    for number in range(n):
        length = 0 if number % 10 == 3 else draw.randrange(1, longest + 1)
        rows.append(
            {
                "ids": [draw.randrange(1, 60_000) for _ in range(length)],
                "loss_mask": [draw.randrange(2) for _ in range(length)],
                "weight": [draw.randrange(8) / 8 for _ in range(length)],
            }
        )
    return rows


def written(rows: list[dict[str, Any]], path: Path) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def packed(pipeline: fr.Pipeline, out: Path) -> tuple[fr.Dataset, list[dict[str, Any]]]:
    """The dataset and its rows, each with its `documents`: the rows of the source."""
    dataset = pipeline.shard(out, progress="never")
    rows = [dict(row) for row in dataset]
    for row, origins in zip(rows, dataset.origins(), strict=True):
        row["documents"] = origins
    return dataset, rows


def check_rows(rows: list[dict[str, Any]], source: list[dict[str, Any]], names: list[str]) -> list[int]:
    """Compares each row with its documents, and gives their numbers."""
    seen = []
    for row in rows:
        bounds = [int(bound) for bound in row["cu_seqlens"]]
        numbers = [origin.row for origin in row["documents"]]
        # What fills a row is no document.
        assert len(bounds) == len(numbers) + 1 and bounds[-1] <= LENGTH
        for number, start, end in zip(numbers, bounds, bounds[1:], strict=False):
            assert end - start == len(source[number]["ids"]), "a document is cut"
            for name in names:
                stored = row["tokens" if name == "ids" else name]
                assert list(stored[start:end]) == source[number][name]
                assert not any(stored[bounds[-1] :])
        seen += numbers
    return seen


def targets(row: dict[str, Any], masked: str | None) -> tuple[list[int], list[int]]:
    """Places and labels of a row, by their definition."""
    bounds = [*map(int, row["cu_seqlens"])]
    bounds += [LENGTH] if bounds[-1] < LENGTH else []
    places = [at for start, end in zip(bounds, bounds[1:], strict=False) for at in range(end - start)]
    end = int(row["cu_seqlens"][-1])
    labels = [
        int(token) if place > 0 and at < end and (masked is None or row[masked][at]) else -100
        for at, (token, place) in enumerate(zip(row["tokens"], places, strict=True))
    ]
    return places, labels


@pytest.mark.parametrize("most", [None, 1, 3])
@pytest.mark.parametrize("typed", ["jsonl", "arrow", "large", "sliced"])
def test_columns_stay_in_step(tmp_path: Path, typed: str, most: int | None) -> None:
    rows = conversations(400, LENGTH)
    if typed == "jsonl":
        source: Any = written(rows, tmp_path / "chats.jsonl")
    else:
        lists = pa.large_list if typed == "large" else pa.list_
        types = {"ids": pa.uint16(), "loss_mask": pa.bool_(), "weight": pa.float32()}
        if typed == "sliced":
            # Offsets that begin elsewhere in each column.
            rows = [{"ids": [1, 2], "loss_mask": [1], "weight": [1, 2, 3]}, *rows]
        as_bools = [{**row, "loss_mask": list(map(bool, row["loss_mask"]))} for row in rows]
        source = pa.table({name: pa.array([row[name] for row in as_bools], lists(of)) for name, of in types.items()})
        if typed == "sliced":
            source, rows = source.slice(1), rows[1:]
    pipeline = fr.Pipeline(source).pack(
        columns=["ids", "loss_mask", "weight"], length=LENGTH, pad=0, window=50,
        max_documents=most, position_ids=True, labels=True,
    )  # fmt: skip
    dataset, found = packed(pipeline, tmp_path / "out")
    names = ["tokens", "cu_seqlens", "loss_mask", "weight", "position_ids", "labels"]
    assert [name for name, *_ in dataset._native.columns] == names
    seen = check_rows(found, rows, ["ids", "loss_mask", "weight"])
    assert sorted(seen) == [number for number, row in enumerate(rows) if row["ids"]]
    assert max(len(row["documents"]) for row in found) <= (most or LENGTH)
    for row in found:
        places, labels = targets(row, "loss_mask")
        assert row["position_ids"].tolist() == places and row["labels"].tolist() == labels
    dropped = dataset.account["dropped"]
    assert [(one["why"], one["rows"]) for one in dropped] == [("empty", 40)]
    assert dataset.account["rows_kept"] == 360


@pytest.mark.parametrize("method", ["best_fit", "concat"])
def test_labels_of_tokens_alone(tmp_path: Path, method: str) -> None:
    rows = conversations(200, 100)
    source = written([{"ids": row["ids"]} for row in rows], tmp_path / "x.jsonl")
    pipeline = fr.Pipeline(source).pack(
        column="ids", length=LENGTH, pad=0, method=method, labels=True, position_ids=True, pad_segment=True
    )
    _, found = packed(pipeline, tmp_path / "out")
    kept = sum(len(row["ids"]) for row in rows)
    n_pieces = 0
    for row in found:
        places, labels = targets(row, None)
        # Padding is a segment, and its tokens are no labels.
        real = sum(1 for token in row["tokens"] if token)
        labels = [label if at < real else -100 for at, label in enumerate(labels)]
        assert row["position_ids"].tolist() == places and row["labels"].tolist() == labels
        n_pieces += len(row["documents"])
        kept -= real
    assert kept == 0
    assert sum(1 for row in found for label in row["labels"] if label != -100) == (
        sum(len(row["ids"]) for row in rows) - n_pieces
    )


def test_threads_and_slots_change_no_byte(tmp_path: Path) -> None:
    source = written(conversations(3000, LENGTH, seed=5), tmp_path / "x.jsonl")
    pipeline = fr.Pipeline(source, part_size="64KiB").pack(
        columns=["ids", "loss_mask", "weight"], length=LENGTH, pad=0, window=40, max_documents=4, labels=True
    )
    trees = [
        tree(Path(pipeline.sink(tmp_path / name, shard_size="256KiB").shard(threads=threads, progress="never").path))
        for name, threads in [("one", 1), ("three", 3)]
    ]
    assert trees[0] == trees[1] and len(trees[0]) > 3


BAD = [
    ({"loss_mask": [1]}, "expected a value for each of 2 tokens, got 1"),
    ({"loss_mask": [1, 0, 1]}, "expected a value for each of 2 tokens, got 3"),
    ({"loss_mask": None}, "expected a value for each of 2 tokens, got null"),
    ({"loss_mask": [1, None]}, "expected lists without nulls, got a null element"),
    ({"ids": [1, None]}, "expected lists without nulls, got a null element"),
    ({"ids": [7] * 33, "loss_mask": [1] * 33}, "expected a document of at most 32 tokens, got 33"),
]


@pytest.mark.parametrize(("change", "reason"), BAD)
def test_what_does_not_fit_is_refused_or_set_aside(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    good = {"ids": [1, 2], "loss_mask": [0, 1]}
    rows = [good, {**good, **change}, good]
    source = written(rows, tmp_path / "x.jsonl")
    pack = {"columns": ["ids", "loss_mask"], "length": LENGTH, "pad": 0}
    with pytest.raises(fr.Error, match=reason):
        fr.Pipeline(source).pack(**pack).shard(tmp_path / "fails", progress="never")
    pipeline = fr.Pipeline(source, on_error="quarantine").pack(**pack)
    dataset, found = packed(pipeline, tmp_path / "out")
    assert check_rows(found, rows, ["ids", "loss_mask"]) == [0, 2]
    assert dataset.account["set_aside"] == {"units": 1, "rows": 1, "units_of_unknown_rows": 0}
    assert dataset.account["rows_read"] == 3 and dataset.account["rows_kept"] == 2
    (listed,) = Path(dataset.path).glob("quarantine-*.jsonl")
    assert [json.loads(line)["reason"] for line in listed.read_text().splitlines()] == [reason]


@pytest.mark.parametrize(("overlong", "n_tokens"), [("split", 50), ("truncate", 32), ("drop", 0)])
def test_documents_are_cut_when_told(tmp_path: Path, overlong: str, n_tokens: int) -> None:
    row = {"ids": list(range(1, 51)), "loss_mask": [1] * 50}
    source = written([row, {"ids": [7], "loss_mask": [1]}], tmp_path / "x.jsonl")
    pipeline = fr.Pipeline(source).pack(columns=["ids", "loss_mask"], length=LENGTH, pad=0, overlong=overlong)
    _, found = packed(pipeline, tmp_path / "out")
    assert sum(int(row["cu_seqlens"][-1]) for row in found) == n_tokens + 1
    for row in found:
        assert list(row["loss_mask"]) == [1 if token else 0 for token in row["tokens"]]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"columns": []}, "expected at least the token column"),
    ({"columns": ["ids"], "column": "ids"}, "expected one of `column` and `columns`"),
    ({"columns": ["ids", "ids"]}, "got one twice"),
    ({"columns": ["ids", "name"]}, "expected lists with a number for each token, got utf8"),
    ({"columns": ["ids", "nothing"]}, "no such column"),
    ({"columns": ["name"]}, "expected token ids"),
    ({"columns": ["weight"]}, "expected token ids"),
    ({"columns": ["ids", "labels"]}, "got one that `pack` gives to another"),
    ({"columns": ["ids"], "loss_mask": "mask"}, "`loss_mask` says what `labels` leave out"),
    ({"columns": ["ids"], "labels": True, "loss_mask": "mask"}, "expected the loss mask among the columns"),
    ({"columns": ["ids", "weight"], "labels": True, "loss_mask": "weight"}, "expected a loss mask of whole numbers"),
    ({"columns": ["ids"], "pad": "<pad>"}, "expected an id, since no tokenizer made the tokens"),
    ({"columns": ["ids"], "pad": None}, "missing key `pad`"),
    ({"columns": ["ids"], "max_documents": 0}, "max_documents: expected a whole number from 1"),
]


@pytest.mark.parametrize(("keys", "message"), REFUSED)
def test_wrong_keys_are_refused(tmp_path: Path, keys: dict[str, Any], message: str) -> None:
    row = {"ids": [1], "mask": [1], "labels": [1], "weight": [0.5], "name": "x"}
    source = written([row], tmp_path / "x.jsonl")
    with pytest.raises(fr.PipelineError, match=message):
        fr.Pipeline(source).pack(**{"length": LENGTH, "pad": 0, **keys}).sink(tmp_path / "out").explain()
