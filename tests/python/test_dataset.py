"""Datasets as sequences of rows: what a row is, and which one it is."""

import json
import shutil

import ml_dtypes
import numbered as rows_of
import numpy as np
import pyarrow as pa
import pytest

import fuelrail as fr


@pytest.fixture(scope="module")
def dataset(numbered):
    return fr.Dataset(numbered)


def ids(dataset):
    return [row["id"] for row in dataset]


def test_what_it_is(dataset, numbered):
    manifest = json.loads((numbered / "dataset.json").read_text())
    assert len(dataset) == manifest["n_rows"] == 1000
    assert (dataset.digest, dataset.plan_digest) == (manifest["digest"], manifest["plan_digest"])
    assert dataset.columns == ["id", "tokens", "words"] and dataset.path == str(numbered)
    assert dataset.schema == {"id": "int64", "tokens": "uint16[16]", "words": "list[int32]"}
    assert repr(dataset) == (
        f"<fuelrail.Dataset '{numbered}' 1000 rows, id: int64, tokens: uint16[16], words: list[int32]>"
    )


def test_a_row(dataset):
    row = dataset[7]
    assert list(row) == dataset.columns and type(row["id"]) is int and row["id"] == 7
    assert (row["tokens"] == rows_of.tokens(np.array([7]), 16)[0]).all() and row["tokens"].dtype == np.uint16
    assert row["words"].tolist() == rows_of.words(7) and row["words"].dtype == np.int32
    row["tokens"][0] = 5  # its own
    assert dataset[7]["tokens"][0] != 5


@pytest.mark.parametrize("index", [0, 999, -1, -1000, np.int64(3), np.uint8(200), True])
def test_indices_as_lists_have_them(dataset, index):
    assert dataset[index]["id"] == list(range(1000))[index]


def test_wrong_indices(dataset):
    for index in (1000, -1001, 1 << 80):
        with pytest.raises(IndexError, match="within the 1000"):
            dataset[index]
    for index in ("3", 2.0, None, [1, 2]):
        with pytest.raises(TypeError):
            dataset[index]


@pytest.mark.parametrize(
    "of", [slice(None), slice(3, 9), slice(-5, None), slice(990, 2000), slice(9, 3), slice(5, 5), slice(-2000, 2)]
)
def test_slices_are_views(dataset, of):
    part = dataset[of]
    expected = list(range(1000))[of]
    assert ids(part) == expected and len(part) == len(expected)
    assert part.is_whole == (len(expected) == 1000)
    assert pa.table(part)["id"].to_pylist() == expected
    if expected:
        assert part[-1]["id"] == expected[-1] and ids(part[1:]) == expected[1:]
        assert part.take([-1, 0]).__len__() == 2
    with pytest.raises(IndexError):
        part[len(expected)]


def test_steps_are_refused(dataset):
    with pytest.raises(fr.UsageError, match="step 1, got 2") as caught:
        dataset[::2]
    assert "take(range(" in caught.value.hint


def test_iteration_reads_every_row(dataset):
    assert ids(dataset) == list(range(1000))
    iterator = iter(dataset[10:])
    assert [next(iterator)["id"], next(iterator)["id"]] == [10, 11]


@pytest.mark.parametrize(
    "rows",
    [
        [5, 999, 0, 5],
        np.array([3, 1], np.uint8),
        np.arange(1000)[::-3],
        range(10, 500, 7),
        pa.array([4, 2]),
        (-1, -1000),
        [],
        np.array([], np.int64),
    ],
    ids=str,
)
def test_take(dataset, rows):
    expected = [int(row) % 1000 for row in np.asarray(rows)]
    taken = dataset.take(rows)
    assert len(taken) == len(expected) and taken.columns == dataset.columns
    table = pa.table(taken)
    assert table["id"].to_pylist() == expected
    assert table["words"].to_pylist() == [rows_of.words(row) for row in expected]
    assert dataset[100:200].take([0, -1]).__arrow_c_stream__() is not None
    assert pa.table(dataset[100:200].take([0, -1]))["id"].to_pylist() == [100, 199]


def test_rows_of_a_batch_to_take(dataset):
    batch = fr.Loader(dataset, batch_size=64, rank=0, world_size=1)[-1]
    taken = pa.table(dataset.take(batch.rows[batch.valid]))
    assert taken["id"].to_pylist() == batch["id"].numpy()[batch.valid].tolist()
    # What fills up is no row, least of all the last one.
    with pytest.raises(IndexError, match=r"row 18446744073709551615 is out of range.*\n.*batch\.rows\[batch\.valid\]"):
        dataset.take(batch.rows)


def test_wrong_rows_to_take(dataset):
    for rows in ([1000], [-1001], [2**64 - 1], *(np.array([n], np.uint64) for n in (1000, 1 << 63, 2**64 - 1))):
        with pytest.raises(IndexError):
            dataset.take(rows)
    for rows in ([1.5], ["3"], [[1, 2]], 5, [True, False]):
        with pytest.raises(fr.UsageError, match="a list of row numbers"):
            dataset.take(rows)
    with pytest.raises(fr.UsageError) as caught:
        dataset.take(np.ones(1000, bool))
    assert "flatnonzero" in caught.value.hint


def test_every_type(samples):
    dataset = fr.Dataset(samples / "all_types")
    lines = (samples / "all_types" / "rows.jsonl").read_text().splitlines()

    def as_json(value):
        if isinstance(value, bytes):
            return value.hex()
        return value.tolist() if isinstance(value, np.ndarray) else value

    for row, line in zip(dataset, lines, strict=True):
        expected = json.loads(line)
        assert {name: as_json(row[name]) for name in expected} == expected
    row = dataset[2]
    assert row["time"] == np.datetime64(74, "us") and row["time"].dtype == "datetime64[us]"
    assert [type(row[name]) for name in ("bf16", "f16", "f64", "bool", "utf8", "binary")] == [
        float,
        float,
        float,
        bool,
        str,
        bytes,
    ]
    assert row["nested"].shape == (3, 2) and row["bf16_rows"].dtype == np.float32
    assert row["bf16"] == float(ml_dtypes.bfloat16(row["f64"]))
    assert dataset[4]["bf16_rows"] is None and dataset.schema["bf16_rows"] == "bfloat16[4]?"


def test_origins(samples):
    documents = fr.Dataset(samples / "documents")
    [origin] = documents.origins(5)
    good = [row for row in range(70) if row % 7 != 3]
    assert (origin.row, origin.start) == (good[5], 0) and origin.file
    packed = fr.Dataset(samples / "packed")
    rows = packed.origins()
    assert len(rows) == len(packed) and rows[7] == packed.origins(7) == packed[5:9].origins(2)
    assert [[(row, start) for _, row, start in pieces] for pieces in rows[:4]] == [
        [(r, n) for n in range(r % 3)] for r in good[:4]
    ]


def test_documents_are_decoded(fuelrail, ranks, tmp_path):
    texts = [f"Document number {n} says hello, wörld." for n in range(30)]
    (tmp_path / "texts.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in texts) + "\n")
    (tmp_path / "p.toml").write_text(
        f'[source]\nuri = "{tmp_path}/texts.jsonl"\n[[step]]\nop = "tokenize"\ncolumn = "text"\n'
        'tokenizer = "cl100k_base"\nend_of_document = "<|endoftext|>"\n[[step]]\nop = "pack"\nlength = 64\n'
        f'[sink]\nuri = "{tmp_path}/out"\n'
    )
    fuelrail("shard", tmp_path / "p.toml", "--quiet")
    dataset = fr.Dataset(tmp_path / "out")
    decoded = [document for row in dataset.documents() for document in row]
    found = {document.origin.row: document.text for document in decoded}
    assert sorted(found) == list(range(30)) and found[3].startswith(texts[3])
    assert dataset.documents(0) == dataset[:1].documents()[0]
    assert all(document.n_tokens > 5 for document in decoded)


def test_html_is_escaped(tmp_path, fuelrail):
    folder = tmp_path / "<b>&"
    folder.mkdir()
    (folder / "in.jsonl").write_text(json.dumps({"<i>": "<script>alert('x')</script>" + "y" * 500}) + "\n")
    (folder / "p.toml").write_text('[source]\nuri = "in.jsonl"\n[sink]\nuri = "out"\n')
    fuelrail("shard", folder / "p.toml", "--quiet")
    text = fr.Dataset(folder / "out")._repr_html_()
    assert "<script>" not in text and "<i>" not in text and "<b>" not in text
    assert "&lt;script&gt;" in text and "&lt;i&gt;" in text and "…" in text and len(text) < 1000
    assert "1 rows" in text


def test_damage_is_found(numbered, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(numbered, copy)
    shard = sorted((copy / "shards").iterdir())[0]
    content = bytearray(shard.read_bytes())
    content[8192 + 100] ^= 4
    shard.write_bytes(content)
    with pytest.raises(fr.DamageError) as caught:
        list(fr.Dataset(copy))
    assert caught.value.location["path"] == str(shard) and caught.value.location["block"] == 0
    with pytest.raises(Exception, match="expected the bytes that were written"):
        pa.table(fr.Dataset(copy))
    text = (copy / "dataset.json").read_text()
    (copy / "dataset.json").write_text(text.replace('"n_rows": 1000', '"n_rows": 1001', 1))
    with pytest.raises(fr.DamageError):
        fr.Dataset(copy)
    with pytest.raises(fr.IoError) as caught:
        fr.Dataset(tmp_path)
    assert isinstance(caught.value, OSError)


def test_what_is_no_row_number_says_what_helps(numbered):
    dataset = fr.Dataset(numbered)
    for index, hint in (("id", "Loader(columns=['id'])"), ("x", "`columns`"), ([1, 2], "take("), (1.5, "take(")):
        with pytest.raises(TypeError, match="expected a row number or a slice") as raised:
            dataset[index]
        assert isinstance(raised.value, fr.UsageError) and hint in raised.value.hint
    with pytest.raises(IndexError) as raised:
        dataset[1000]
    assert isinstance(raised.value, fr.UsageError)


def test_the_account_says_what_became_of_every_row(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"text": "one"}\n{"text": null}\nbad\n\n{"text": ""}\n')
    pipeline = fr.Pipeline(tmp_path / "in.jsonl", on_error="quarantine").filter(column="text", min_length=1)
    dataset = pipeline.shard(tmp_path / "out")
    account = dataset.account
    assert account["rows_read"] == account["rows_kept"] + account["rows_dropped"] + account["set_aside"]["rows"] == 4
    assert account["dropped"] == [
        {"rows": 1, "step": 1, "op": "filter", "column": "text", "why": "null"},
        {"rows": 1, "step": 1, "op": "filter", "column": "text", "why": "too_short"},
    ]
    assert account["set_aside"] == {"units": 1, "rows": 1, "units_of_unknown_rows": 0}
    assert dataset[:0].account == account
