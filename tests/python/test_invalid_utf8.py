"""Bytes that are not UTF-8: refused, replaced as Python's decoder does it, or
encoded as tiktoken's `_encode_bytes` does it.
"""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import fuelrail as fr
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import token_texts
import tokenizer_peers as peers

# Pieces of characters, characters spelled too long, surrogates, what is beyond
# the last character, and text between.
PIECES = [
    b"\xff", b"\x80", b"\xbf", b"\xc3", b"\xe5\x8c", b"\xe5", b"\xf0\x9f\x9a", b"\xf0\x9f", b"\xf0", b"\xc0\xaf",
    b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5", b"\xfe", b"\xf8\x88\x80\x80\x80",
    b"a", b" ", b"  ", b"\n", b" \n\t ", b"\r\n", b"Hello", b" world", b"1234", b"'s", b"\xc3\xa9", b"\xe5\x8c\x97",
    b"\xf0\x9f\x9a\x80", b"<|endoftext|>", b"!?", b"\x00",
]  # fmt: skip


def drawn(rng: random.Random, n_texts: int) -> list[bytes]:
    """Texts of such pieces, and of any bytes."""
    texts = [b"".join(rng.choices(PIECES, k=rng.randrange(12))) for _ in range(n_texts)]
    texts += [rng.randbytes(rng.randrange(9)) for _ in range(n_texts // 4)]
    real = "".join(token_texts.mixed(200)).encode()
    for _ in range(n_texts // 4):
        start = rng.randrange(len(real))
        texts.append(real[start : start + rng.choice([1, 5, 30, 300])])
    return texts


TEXTS = drawn(random.Random(5), 4_000)


def test_pieces_are_of_both_kinds():
    def is_text(text: bytes) -> bool:
        return text.decode("utf-8", "replace").encode() == text

    assert 500 < sum(map(is_text, TEXTS)) < len(TEXTS) - 500


def test_bytes_are_refused_unless_told_otherwise():
    tokenizer = fr.Tokenizer("gpt2")
    for encode in (tokenizer.encode, tokenizer.count, tokenizer.encode_tokens):
        with pytest.raises(fr.DataError, match="expected UTF-8, got byte 0xff at 2"):
            encode(b"a \xff")
    with pytest.raises(fr.DataError, match=r"expected UTF-8, got byte 0xe5 at 0 \(row 2"):
        tokenizer.encode_batch([b"a", b"\xe5\x8c"])
    with pytest.raises(fr.UsageError, match='invalid_utf8: expected "error", "replace" or "bytes", got "ignore"'):
        tokenizer.encode(b"a", invalid_utf8="ignore")


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base"])
def test_replaced_as_python_decodes(name):
    tokenizer = fr.Tokenizer(name)
    expected = [tokenizer.encode(text.decode("utf-8", "replace"), special="parse").tolist() for text in TEXTS]
    one_by_one = [tokenizer.encode(text, invalid_utf8="replace", special="parse").tolist() for text in TEXTS]
    assert one_by_one == expected
    for texts in (TEXTS, pa.array(TEXTS), pa.array(TEXTS, pa.large_binary()), pa.array(TEXTS).dictionary_encode()):
        ids, offsets = tokenizer.encode_batch(texts, invalid_utf8="replace", special="parse")
        assert np.split(ids, offsets[1:-1])[7].tolist() == expected[7]
        assert ids.tolist() == sum(expected, [])
    counts = tokenizer.count_batch(TEXTS, invalid_utf8="replace", special="parse")
    assert counts.tolist() == list(map(len, expected))


def test_places_are_those_in_the_replaced_text():
    tokenizer = fr.Tokenizer("cl100k_base")
    for unit in ("chars", "bytes"):
        ours = tokenizer.encode_tokens_batch(TEXTS[:500], invalid_utf8="replace", offsets=unit)
        for text, our in zip(TEXTS, ours):
            their = tokenizer.encode_tokens(text.decode("utf-8", "replace"), offsets=unit)
            assert (our.ids, our.offsets) == (their.ids, their.offsets)
    with pytest.raises(fr.UsageError, match='invalid_utf8: expected "error" or "replace", got "bytes"'):
        tokenizer.encode_tokens(b"a", invalid_utf8="bytes")
    arrays = tokenizer([b"a\xff", b"b"], invalid_utf8="replace", padding=True, pad_token="<|endoftext|>")
    assert arrays["input_ids"][0].tolist() == tokenizer.encode("a\ufffd").tolist()


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base", "o200k_base"])
def test_bytes_are_encoded_as_tiktoken_does(name):
    tokenizer, reference = fr.Tokenizer(name), peers.tiktoken_encoding(name)
    expected = [reference._encode_bytes(text) for text in TEXTS]
    assert [tokenizer.encode(text, invalid_utf8="bytes").tolist() for text in TEXTS] == expected
    ids, _ = tokenizer.encode_batch(pa.array(TEXTS), invalid_utf8="bytes")
    assert ids.tolist() == sum(expected, [])
    assert tokenizer.count_batch(TEXTS, invalid_utf8="bytes").tolist() == list(map(len, expected))
    for text in TEXTS[:500]:
        for special in ("text", "parse"):
            assert tokenizer.decode_bytes(tokenizer.encode(text, invalid_utf8="bytes", special=special)) == text
    if tokenizer.vocab_size <= 1 << 16:
        narrow, _ = tokenizer.encode_batch(TEXTS, invalid_utf8="bytes", dtype="uint16")
        assert narrow.tolist() == sum(expected, [])


def test_a_vocabulary_that_is_not_of_bytes_refuses_them(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text('{"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}')
    tokenizer = fr.Tokenizer(path)
    assert tokenizer.encode(b"a", invalid_utf8="bytes").tolist() == [0]
    with pytest.raises(fr.DataError, match="no ids for bytes that are not UTF-8: its vocabulary is not byte-level"):
        tokenizer.encode(b"\xff", invalid_utf8="bytes")
    assert tokenizer.encode(b"\xff", invalid_utf8="replace").tolist() == [0]


def test_lone_surrogates_are_replaced_as_tiktoken_does():
    tokenizer, reference = fr.Tokenizer("cl100k_base"), peers.tiktoken_encoding("cl100k_base")
    for text in ["\ud800", "a\udfffb", "\ud83d\ude80 \ude80\ud83d", "\ud83d"]:
        assert tokenizer.encode(text, invalid_utf8="replace").tolist() == reference.encode_ordinary(text)
        for mode in ("error", "bytes"):
            with pytest.raises(fr.DataError, match="lone surrogate"):
                tokenizer.encode(text, invalid_utf8=mode)


def sharded(tmp_path: Path, mode: str | None, **options: Any) -> fr.Dataset:
    rows = pa.table({"text": pa.array(TEXTS[:300], pa.binary())})
    pq.write_table(rows, tmp_path / "rows.parquet")
    pipeline = fr.Pipeline(tmp_path / "rows.parquet").tokenize(
        column="text", tokenizer="cl100k_base", invalid_utf8=mode, end_of_document="<|endoftext|>", **options
    )
    return pipeline.sink(tmp_path / f"out-{mode}").shard()


@pytest.mark.parametrize("mode", ["replace", "bytes"])
def test_a_binary_column_in_a_pipeline(tmp_path, mode):
    tokenizer = fr.Tokenizer("cl100k_base")
    dataset = sharded(tmp_path, mode)
    for row, text in enumerate(TEXTS[:300]):
        assert dataset[row]["tokens"].tolist() == [*tokenizer.encode(text, invalid_utf8=mode), 100257]


@pytest.mark.parametrize("mode", ["replace", "bytes"])
def test_rows_that_are_not_utf8_are_cut_and_counted_as_others(tmp_path, mode):
    tokenizer = fr.Tokenizer("cl100k_base")
    dataset = sharded(tmp_path, mode, max_length=5, truncation_side="left", count="n")
    for row, text in enumerate(TEXTS[:300]):
        ids = tokenizer.encode(text, invalid_utf8=mode).tolist()
        assert dataset[row]["tokens"].tolist() == [*ids[-4:], 100257]
        assert dataset[row]["n"] == len(ids) + 1


def test_a_pipeline_has_places_in_the_replaced_text(tmp_path):
    tokenizer = fr.Tokenizer("cl100k_base")
    dataset = sharded(tmp_path, "replace", offsets="chars")
    for row, text in enumerate(TEXTS[:300]):
        spans = tokenizer.encode_tokens(text, invalid_utf8="replace", special="text").offsets
        # The token behind a document stands for none of it.
        assert dataset[row]["tokens_start"].tolist() == [*(start for start, _ in spans), 0]
        assert dataset[row]["tokens_end"].tolist() == [*(end for _, end in spans), 0]
    with pytest.raises(fr.PipelineError, match=r"ids of bytes have no `offsets`"):
        sharded(tmp_path, "bytes", offsets="chars")


def test_a_row_that_is_not_utf8_ends_a_pipeline_unless_told(tmp_path):
    with pytest.raises(fr.DataError, match="expected UTF-8, got byte 0x"):
        sharded(tmp_path, None)


def test_a_pipeline_knows_what_has_no_ids_before_it_runs(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text('{"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}')
    pq.write_table(pa.table({"text": pa.array([b"a"])}), tmp_path / "rows.parquet")
    pipeline = fr.Pipeline(tmp_path / "rows.parquet").tokenize(column="text", tokenizer=path, invalid_utf8="bytes")
    with pytest.raises(fr.PipelineError, match="no ids for bytes that are not UTF-8"):
        pipeline.sink(tmp_path / "out").plan()


def test_the_command_reads_bytes(fuelrail):
    def run(text: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([fuelrail.path, "tokenize", *options], input=text, capture_output=True, check=False)

    tokenizer = fr.Tokenizer("cl100k_base")
    text = b"na\xc3\xafve \xe5\x8c\xff <|endoftext|>"
    for mode in ("replace", "bytes"):
        done = run(text, "--invalid-utf8", mode, "--json")
        assert json.loads(done.stdout)["texts"][0]["ids"] == tokenizer.encode(text, invalid_utf8=mode).tolist()
        counted = run(text, "--invalid-utf8", mode, "--count")
        assert int(counted.stdout) == tokenizer.count(text, invalid_utf8=mode)
    assert b"expected UTF-8, got byte 0xe5 at 7" in run(text).stderr
    placed = run(text, "--invalid-utf8", "replace", "--offsets", "chars", "--json")
    encoding = tokenizer.encode_tokens(text, invalid_utf8="replace", special="text")
    assert json.loads(placed.stdout)["texts"][0]["offsets"] == [list(span) for span in encoding.offsets]
    refused = run(text, "--invalid-utf8", "bytes", "--offsets", "chars")
    assert refused.returncode == 2
