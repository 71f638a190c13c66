"""Chunks against slices in Python, and tokenizers' own windows."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from runs import tree

import fuelrail as fr


def documents(n: int, longest: int = 120, seed: int = 1) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for number in range(n):
        length = draw.randrange(longest + 1)
        ids: Any = [draw.randrange(50_000) for _ in range(length)]
        rows.append(
            {
                "ids": None if number % 17 == 5 else ids,
                "mask": [draw.randrange(2) for _ in ids],
                "title": f"document {number} " * draw.randrange(4),
                "vector": [number / 4, number / 8],
            }
        )
    return rows


def source(rows: list[dict[str, Any]]) -> pa.Table:
    types = {
        "ids": pa.list_(pa.int32()),
        "mask": pa.list_(pa.int8()),
        "title": pa.string(),
        "vector": pa.list_(pa.float32(), 2),
    }
    return pa.table({name: pa.array([row[name] for row in rows], of) for name, of in types.items()})


def pieces(length: int, size: int, overlap: int, least: int) -> list[slice]:
    """By the definition: windows until one reaches the end."""
    found = []
    for start in range(0, max(length, 1), size - overlap):
        end = min(start + size, length)
        if end - start >= max(least, 1) or end < length:
            found.append(slice(start, end))
        if end == length:
            break
    return found


def plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


@pytest.mark.parametrize(
    ("size", "overlap", "least"), [(16, 0, 1), (16, 4, 1), (16, 15, 1), (16, 4, 9), (16, 0, 16), (1, 0, 1), (500, 20, 1)]
)
@pytest.mark.parametrize("others", ["repeat", "drop"])
def test_rows_are_slices(tmp_path: Path, size: int, overlap: int, least: int, others: str) -> None:
    rows = documents(300)
    pipeline = fr.Pipeline(source(rows)).chunk(
        column=["ids", "mask"], length=size, overlap=overlap, min_length=least, others=others
    )
    dataset = pipeline.shard(tmp_path / "out", progress="never")
    expected, expected_origins, kept, lost, short = [], [], 0, 0, 0
    for number, row in enumerate(rows):
        cuts = pieces(len(row["ids"] or []), size, overlap, least)
        for cut in cuts:
            one = {name: row[name][cut] for name in ["ids", "mask"]}
            if others == "repeat":
                one |= {"title": row["title"], "vector": row["vector"]}
            expected.append(one)
            expected_origins.append((number, cut.start))
        kept += bool(cuts)
        if cuts:
            lost += len(row["ids"]) - cuts[-1].stop
        short += bool(row["ids"]) and not cuts
    found = [{name: plain(value) for name, value in row.items()} for row in dataset]
    assert found == expected
    assert [(one.row, one.start) for (one,) in dataset.origins()] == expected_origins
    account = dataset.account
    assert account["rows_read"] == len(rows) and account["rows_kept"] == kept
    assert account["rows_written"] == len(expected) and account["truncated"]["tokens"] == lost
    dropped = {one["why"]: one["rows"] for one in account["dropped"]}
    assert dropped.get("too_short", 0) == short
    assert dropped["null"] == sum(row["ids"] is None for row in rows)
    assert dropped["empty"] == sum(row["ids"] == [] for row in rows)


def test_threads_change_no_byte_and_long_rows_leave_in_parts(tmp_path: Path) -> None:
    rows = documents(400)
    # One document is more than leaves at once, and so are its other values.
    rows[7] = {"ids": list(range(30_000)), "mask": [1] * 30_000, "title": "x" * 10_000, "vector": [0, 0]}
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pipeline = fr.Pipeline(path, part_size="64KiB").chunk(column=["ids", "mask"], length=64, overlap=48)
    trees = []
    for name, threads in [("one", 1), ("three", 3)]:
        dataset = pipeline.sink(tmp_path / name, shard_size="1MiB").shard(threads=threads, progress="never")
        trees.append(tree(Path(dataset.path)))
        starts = [one.start for (one,) in dataset.origins() if one.row == 7]
        assert starts == list(range(0, 30_000 - 48, 16))
    assert trees[0] == trees[1] and len(trees[0]) > 10


def test_it_cuts_what_tokenize_made(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    texts = [f"A sentence about the number {n} and of some length. " * (n % 9) for n in range(60)]
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    pipeline = fr.Pipeline(path).tokenize(column="text", tokenizer="cl100k_base")
    whole = pipeline.shard(tmp_path / "whole", progress="never")
    chunks = pipeline.chunk(column="tokens", length=20, overlap=5).shard(tmp_path / "chunks", progress="never")
    # The windows of tokenizers, on words that are these ids.
    ids = {str(id_): id_ for row in whole for id_ in row["tokens"].tolist()}
    peer = tokenizers.Tokenizer(tokenizers.models.WordLevel({**ids, "?": 1 << 20}, unk_token="?"))
    peer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    peer.enable_truncation(20, stride=5)
    expected = []
    for row in whole:
        encoding = peer.encode(" ".join(map(str, row["tokens"].tolist())))
        expected += [one.ids for one in [encoding, *encoding.overflowing] if one.ids]
    assert [row["tokens"].tolist() for row in chunks] == expected
    tokens = sum(len(row["tokens"]) for row in whole)
    assert chunks.account["tokens"] == tokens == whole.account["tokens"]
    document = chunks.documents(3)[0] if hasattr(chunks, "documents") else None
    assert document is None or document.text in texts[document.origin.row]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"column": []}, "expected at least one column"),
    ({"column": ["ids", "ids"]}, "got one twice"),
    ({"column": "title"}, "expected lists with a number for each token, got large_utf8"),
    ({"column": "vector"}, "expected lists with a number for each token"),
    ({"length": 0}, "length: expected a whole number from 1 to 16777216, got 0"),
    ({"overlap": 8}, "overlap: expected a whole number from 0 to 7, got 8"),
    ({"min_length": 9}, "min_length: expected a whole number from 1 to 8, got 9"),
    ({"min_length": 0}, "min_length: expected a whole number from 1 to 8, got 0"),
]


@pytest.mark.parametrize(("keys", "message"), REFUSED)
def test_wrong_keys_are_refused(tmp_path: Path, keys: dict[str, Any], message: str) -> None:
    pipeline = fr.Pipeline(source(documents(3)))
    with pytest.raises(fr.PipelineError, match=message):
        pipeline.chunk(**{"column": "ids", "length": 8, **keys}).sink(tmp_path / "out").explain()


def test_nothing_comes_after_it(tmp_path: Path) -> None:
    pipeline = fr.Pipeline(source(documents(3))).chunk(column="ids", length=8)
    with pytest.raises(fr.PipelineError, match="expected `chunk` to be the last step"):
        pipeline.select(columns=["ids"]).sink(tmp_path / "out").explain()


def test_uneven_rows_are_set_aside(tmp_path: Path) -> None:
    rows = [{"ids": [1, 2, 3], "mask": [1, 0, 1]}, {"ids": [1, 2], "mask": [1]}, {"ids": [4], "mask": [1]}]
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    chunk = {"column": ["ids", "mask"], "length": 2}
    with pytest.raises(fr.DataError, match="expected a value for each of 2 tokens, got 1"):
        fr.Pipeline(path).chunk(**chunk).shard(tmp_path / "fails", progress="never")
    dataset = fr.Pipeline(path, on_error="quarantine").chunk(**chunk).shard(tmp_path / "out", progress="never")
    assert [row["ids"].tolist() for row in dataset] == [[1, 2], [3], [4]]
    assert dataset.account["set_aside"]["rows"] == 1 and dataset.account["rows_kept"] == 2
