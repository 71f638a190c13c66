"""Tokenizers in Python: the ids, where texts may come from, and what is
refused with which row."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pyarrow as pa
import pytest
import tiktoken
from token_texts import WORDS, mixed

import fuelrail as fr

AWKWARD = [*WORDS, *mixed(40), ""]


@pytest.fixture(scope="module")
def tokenizer():
    return fr.Tokenizer("cl100k_base")


@pytest.fixture(scope="module")
def reference(ranks):
    import vocab

    return vocab.encoding(vocab.VOCABULARIES["cl100k_base"], ranks)


def expected(reference: tiktoken.Encoding, texts: list[str]) -> list[list[int]]:
    return [reference.encode_ordinary(text) for text in texts]


def rows(ids, offsets) -> list[list[int]]:
    assert (ids.dtype, offsets.dtype) == (np.uint32, np.int64)
    assert offsets[0] == 0
    assert offsets[-1] == ids.size
    return [ids[start:end].tolist() for start, end in zip(offsets, offsets[1:], strict=False)]


def test_ids_are_tiktokens(tokenizer, reference):
    for text, ids in zip(AWKWARD, expected(reference, AWKWARD), strict=True):
        assert tokenizer.encode(text).tolist() == ids
        assert tokenizer.encode(text.encode()).tolist() == ids
        assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("threads", [1, 2, 7, None])
def test_a_batch_is_the_same_on_any_number_of_threads(tokenizer, reference, threads):
    texts = [*AWKWARD, *(f"{text} {n}" * 40 for n in range(60) for text in AWKWARD)]
    assert sum(map(len, texts)) > 1 << 20
    ids, offsets = tokenizer.encode_batch(texts, threads=threads)
    assert rows(ids, offsets) == expected(reference, texts)


def arrow_arrays(texts: list[str]) -> dict[str, object]:
    padded = pa.array(["before", *texts, "behind"])
    halves = [texts[: len(texts) // 2], texts[len(texts) // 2 :]]
    return {
        "string": pa.array(texts),
        "large_string": pa.array(texts, pa.large_string()),
        "string_view": pa.array(texts, pa.string_view()),
        "binary": pa.array([text.encode() for text in texts]),
        "large_binary": pa.array([text.encode() for text in texts], pa.large_binary()),
        "sliced": padded.slice(1, len(texts)),
        "dictionary": pa.array(texts).dictionary_encode(),
        "chunked": pa.chunked_array(halves),
        "no chunks": pa.chunked_array([], pa.string()),
        "list": texts,
        "tuple": tuple(texts),
        "bytes": [text.encode() for text in texts],
        "generator": (text for text in texts),
        "numpy": np.array(texts, dtype=object),
    }


@pytest.mark.parametrize("kind", arrow_arrays(AWKWARD))
def test_texts_come_from_anything(tokenizer, reference, kind):
    given = arrow_arrays(AWKWARD)[kind]
    texts = [] if kind == "no chunks" else AWKWARD
    assert rows(*tokenizer.encode_batch(given)) == expected(reference, texts)


def test_results_are_the_callers_own(tokenizer):
    first, offsets = tokenizer.encode_batch(["Hello world"])
    first[0] = 7
    offsets[0] = 7
    again, offsets = tokenizer.encode_batch(["Hello world"])
    assert again.tolist() == [9906, 1917]
    assert first.base is not None
    del tokenizer
    assert first.tolist() == [7, 1917]


def test_special_tokens_are_text_parsed_or_refused(tokenizer):
    text = "a<|endoftext|>"
    assert tokenizer.encode(text).size > 2
    assert tokenizer.encode(text, special="parse").tolist() == [64, 100257]
    assert tokenizer.encode_batch(["x", text], special="parse")[0].tolist() == [87, 64, 100257]
    with pytest.raises(fr.DataError, match="at byte 1"):
        tokenizer.encode(text, special="refuse")
    with pytest.raises(fr.DataError) as raised:
        tokenizer.encode_batch(["x", text, text], special="refuse")
    assert raised.value.location == {"row": 1}
    with pytest.raises(fr.UsageError, match='special: expected "text", "parse" or "refuse", got "all"'):
        tokenizer.encode(text, special="all")


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        (["a", None], fr.DataError, "expected text, got a null (row 2, counting from 1)"),
        (pa.array(["a", "b", None]), fr.DataError, "expected text, got a null (row 3, counting from 1)"),
        (["a", b"b\xff"], fr.DataError, "expected UTF-8, got byte 0xff at 1 (row 2, counting from 1)"),
        (pa.array([b"b\xff"]), fr.DataError, "expected UTF-8, got byte 0xff at 1 (row 1, counting from 1)"),
        (["\ud800"], fr.DataError, "expected text, got a lone surrogate, which no UTF-8 spells (row 1, counting from 1)"),
        (["a", 7], fr.UsageError, "expected str or bytes, got int (row 2, counting from 1)"),
        ("one text", fr.UsageError, "expected a list of texts, got one text"),
        (7, fr.UsageError, "expected a list of texts or an Arrow array of them, got int"),
        (pa.array([1, 2]), fr.UsageError, "expected an Arrow array of texts, got one of Int64"),
        (pa.table({"text": ["a"]}), fr.UsageError, "expected an Arrow array of texts, got a table"),
    ],
)
def test_what_is_no_text_is_refused_with_its_row(tokenizer, texts, error, message):
    with pytest.raises(error) as raised:
        tokenizer.encode_batch(texts)
    assert str(raised.value).splitlines()[0] == message


@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_error_is_the_one_told(tokenizer, threads):
    texts = ["x" * 1000] * 2000
    for row in (1999, 700, 1200):
        texts[row] = "<|endoftext|>"
    with pytest.raises(fr.DataError) as raised:
        tokenizer.encode_batch(texts, special="refuse", threads=threads)
    assert raised.value.location == {"row": 700}


@pytest.mark.parametrize("threads", [0, -1, 1025])
def test_absurd_numbers_of_threads_are_refused(tokenizer, threads):
    with pytest.raises(fr.UsageError, match=f"from 1 to 1024, got {threads}"):
        tokenizer.encode_batch(["a"], threads=threads)


def test_many_threads_share_a_tokenizer(tokenizer, reference):
    texts = [f"{text} {n}" for n in range(50) for text in AWKWARD]
    wanted = expected(reference, texts)
    wrong = []

    def encode(shift):
        mine = texts[shift:] + texts[:shift]
        if rows(*tokenizer.encode_batch(mine, threads=2)) != wanted[shift:] + wanted[:shift]:
            wrong.append(shift)
        if [tokenizer.encode(text).tolist() for text in mine[:50]] != (wanted[shift:] + wanted[:shift])[:50]:
            wrong.append(shift)

    threads = [threading.Thread(target=encode, args=(shift,)) for shift in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_ids_come_as_lists_or_arrays(tokenizer):
    for ids in ([9906, 1917], (9906, 1917), np.array([[9906], [1917]], np.uint16), np.array([9906, 1917], np.uint64)):
        assert tokenizer.decode(ids) == "Hello world"
    assert tokenizer.decode([]) == ""
    assert tokenizer.decode_bytes([160]) == b"\xe4"
    assert tokenizer.decode([160]) == "\ufffd"
    with pytest.raises(UnicodeDecodeError):
        tokenizer.decode([160], errors="strict")
    for ids, got in (([1, -1], "-1"), ([1, 100277], "100277"), ([1, 2**40], "1099511627776")):
        with pytest.raises(fr.DataError, match=f"expected ids below 100277, got {got}") as raised:
            tokenizer.decode(ids)
        assert raised.value.location == {"row": 1}
    for decode in (tokenizer.decode, tokenizer.decode_bytes):
        with pytest.raises(fr.DataError, match="expected ids of tokens, got 100256, which no token has") as raised:
            decode([9906, 100256])
        assert raised.value.location == {"row": 1}
    with pytest.raises(fr.UsageError, match="got numbers of float64"):
        tokenizer.decode([0.5])


def test_it_knows_its_vocabulary(tokenizer):
    assert tokenizer.vocab_size == 100277
    assert tokenizer.token_to_id(" world") == 1917
    assert tokenizer.token_to_id("<|endoftext|>") == 100257
    assert tokenizer.token_to_id("no such token") is None
    assert list(tokenizer.special_tokens) == [
        "<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|endofprompt|>"
    ]  # fmt: skip


def test_files_are_read(tmp_path, ranks, reference):
    import vocab

    path = tmp_path / "mine.tiktoken"
    vocab.write_ranks(ranks, path)
    with pytest.raises(fr.PipelineError, match='expected a family of tiktoken encodings, got "mine"'):
        fr.Tokenizer.from_file(path)
    tokenizer = fr.Tokenizer.from_file(path, family="cl100k_base")
    assert rows(*tokenizer.encode_batch(AWKWARD)) == expected(reference, AWKWARD)
    assert repr(tokenizer) == f"Tokenizer({str(path)!r}, vocab_size=100277)"
    again = pickle.loads(pickle.dumps(tokenizer))
    assert again.encode("Hello world").tolist() == [9906, 1917]


def test_what_is_no_tokenizer_is_refused(tmp_path):
    with pytest.raises(fr.PipelineError) as raised:
        fr.Tokenizer("cl100k")
    assert raised.value.hint == "did you mean `cl100k_base`?"
    with pytest.raises(fr.PipelineError, match="expected a tokenizer file, got no file") as raised:
        fr.Tokenizer.from_file(tmp_path / "none.json")
    assert raised.value.hint is None
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(fr.PipelineError, match="cannot use the tokenizer") as raised:
        fr.Tokenizer.from_file(tmp_path / "bad.json")
    assert raised.value.location == {"path": str(tmp_path / "bad.json")}
    assert raised.value.cause
