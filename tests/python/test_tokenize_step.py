"""`tokenize` in a pipeline with truncation, places and counts, against Hugging
Face's library for a tokenizer of each kind."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import tokenizer_kinds
from runs import tree
from tokenizers import Tokenizer

import fuelrail as fr

WORDS = [
    "the",
    "of",
    "Hello",
    "don't",
    "naïve",
    "café",
    "北京",
    "สวัสดี",
    "👩\u200d🚀",
    "12345",
    "ﬁne",
    "e\u0301",
    "<s>",
    "\r\n",
    "\t",
    "",
]
KINDS = ["bert-uncased", "llama", "mistral", "t5", "chars", "nfc", "digits", "threes", "roberta"]


def texts(n: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    ends = (" ", " ", "", "  ")
    return ["".join(draw.choice(WORDS) + draw.choice(ends) for _ in range(draw.randrange(16))) for _ in range(n)]


@pytest.fixture(scope="module")
def kinds() -> dict[str, Tokenizer]:
    """The tokenizers, trained once."""
    return tokenizer_kinds.every_kind(texts(4_000, 1))


def rows_of(dataset: fr.Dataset) -> list[dict[str, Any]]:
    return [{name: getattr(it, "tolist", lambda it=it: it)() for name, it in dict(row).items()} for row in dataset]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("side", ["right", "left"])
def test_ids_and_places_are_those_of_tokenizers(
    kinds: dict[str, Tokenizer], tmp_path: Path, name: str, side: str
) -> None:
    path = tmp_path / "tokenizer.json"
    kinds[name].save(str(path))
    theirs = Tokenizer.from_file(str(path))
    given = texts(300, 7)
    whole = theirs.encode_batch(given)
    theirs.enable_truncation(8, direction=side)
    cut = theirs.encode_batch(given)
    pipeline = fr.Pipeline(pa.table({"text": given})).tokenize(
        column="text", tokenizer=path, special_tokens="parse", max_length=8, truncation_side=side,
        offsets="chars", keep_text=True, count="n_tokens", dtype="uint32",
    )  # fmt: skip
    dataset = pipeline.shard(tmp_path / "out", progress="never")
    assert dataset.columns == ["text", "tokens", "tokens_start", "tokens_end", "n_tokens"]
    assert dataset.schema["tokens"] == "list[uint32]?"
    for text, row, one, all_of_it in zip(given, rows_of(dataset), cut, whole, strict=True):
        assert row["text"] == text
        assert row["tokens"] == one.ids, text
        assert list(zip(row["tokens_start"], row["tokens_end"], strict=True)) == one.offsets, text
        assert row["n_tokens"] == len(all_of_it.ids)
    lost = [len(all_of_it.ids) - len(one.ids) for one, all_of_it in zip(cut, whole, strict=True)]
    account = dataset.account
    assert account is not None
    n_cut = sum(n > 0 for n in lost)
    assert account["truncated"] == {"documents": n_cut, "tokens": sum(lost)} and n_cut > 50


def test_without_places_the_ids_are_the_same(tmp_path: Path) -> None:
    given = [*texts(200, 3), None]
    pipeline = fr.Pipeline(pa.table({"text": given}))
    keys: dict[str, Any] = {"column": "text", "tokenizer": "gpt2", "end_of_document": "<|endoftext|>"}
    trees = []
    for number, more in enumerate([{}, {"offsets": "bytes"}, {"count": "n"}]):
        with_more = pipeline.tokenize(**keys, max_length=6, **more)
        with_more.select(columns=["tokens"]).shard(tmp_path / str(number), progress="never")
        trees.append(rows_of(fr.Dataset(tmp_path / str(number))))
    assert trees[0] == trees[1] == trees[2]
    tokenizer = fr.Tokenizer("gpt2")
    for text, row in zip(given, trees[0], strict=True):
        wanted = None if text is None else [*tokenizer.encode(text)[:5], 50256]
        assert row["tokens"] == wanted
    [*_, last] = rows_of(
        pipeline.tokenize(**keys, count="n", offsets="bytes").shard(tmp_path / "null", progress="never")
    )
    assert set(last.values()) == {None}


def test_places_are_packed_along(tmp_path: Path) -> None:
    given = [text for text in texts(120, 5) if text]
    pipeline = fr.Pipeline(pa.table({"text": given})).tokenize(
        column="text", tokenizer="gpt2", offsets="bytes", end_of_document="<|endoftext|>"
    )
    names = ["tokens", "tokens_start", "tokens_end"]
    tokenizer = fr.Tokenizer("gpt2")
    dataset = pipeline.pack(columns=names, length=128).shard(tmp_path / "out", progress="never")
    seen = 0
    for row, origins in zip(rows_of(dataset), dataset.origins(), strict=True):
        bounds = row["cu_seqlens"]
        for origin, start, end in zip(origins, bounds, bounds[1:], strict=False):
            data = given[origin.row].encode()
            places = list(zip(row["tokens_start"][start:end], row["tokens_end"][start:end], strict=True))
            assert places.pop() == (0, 0) and places[0][0] == 0 and places[-1][1] == len(data)
            for id, (first, last) in zip(row["tokens"][start:end], places, strict=False):
                # A part of a character has the place of the whole.
                assert tokenizer.decode_bytes([id]) in data[first:last]
            seen += 1
    assert seen == len(given)


def test_threads_change_nothing(tmp_path: Path) -> None:
    given = texts(3_000, 9)
    pipeline = fr.Pipeline(pa.table({"text": given}), part_size="16KiB").tokenize(
        column="text", tokenizer="gpt2", max_length=12, truncation_side="left", offsets="chars", count="n"
    )
    trees = []
    for threads in (1, 4):
        pipeline.shard(tmp_path / str(threads), progress="never", threads=threads)
        trees.append(tree(tmp_path / str(threads)))
    assert trees[0] == trees[1]


@pytest.mark.parametrize(
    ("keys", "message", "hint"),
    [
        ({"truncation_side": "left"}, "`truncation_side` is for documents that are cut", "max_length"),
        ({"max_length": 0}, "max_length: expected a whole number from 1 to 16777216, got 0", None),
        ({"max_length": 1, "end_of_document": 0}, "from 2 to 16777216, got 1", "1 tokens are put around"),
        ({"tokenizer": "cl100k_base", "dtype": "uint16"}, "holds all 100277 ids", 'dtype = "uint32"'),
        ({"dtype": "int32"}, 'dtype: expected "uint16" or "uint32"', None),
        ({"offsets": "words"}, 'offsets: expected "bytes" or "chars"', None),
        ({"count": "tokens"}, "another name for the count", None),
        ({"count": "id"}, "expected a free name for the count", "`count`"),
        ({"keep_text": True, "output": "text"}, "expected a free name for the token column", "`output`"),
        ({"offsets": "bytes", "output": "a", "count": "a_start"}, "another name for the count", None),
    ],
)
def test_what_cannot_be_is_refused(keys: dict[str, Any], message: str, hint: str | None) -> None:
    table = pa.table({"text": ["a"], "id": [1]})
    with pytest.raises(fr.PipelineError) as raised:
        fr.Pipeline(table).tokenize(**{"column": "text", "tokenizer": "gpt2", **keys}).sink("out").explain()
    assert message in str(raised.value)
    assert hint is None or hint in (raised.value.hint or "")
