"""Tar archives in the layout of WebDataset, as Python's tarfile writes them."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

import fuelrail as fr

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def add(archive: tarfile.TarFile, name: str, content: bytes, **attributes: object) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for key, value in attributes.items():
        setattr(member, key, value)
    archive.addfile(member, io.BytesIO(content))


def made(fill: Callable[[tarfile.TarFile], None], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tar_format) as archive:
        fill(archive)
    return out.getvalue()


def shard(path: Path, rows: list[dict[str, object]], tar_format: int, prefix: str = "") -> None:
    """Writes rows as WebDataset's TarWriter does: a file for each value."""

    def fill(archive: tarfile.TarFile) -> None:
        for row in rows:
            for name, value in row.items():
                if name == "__key__" or value is None:
                    continue
                content = value if isinstance(value, bytes) else str(value).encode()
                add(archive, f"{prefix}{row['__key__']}.{name}", content)

    content = made(fill, tar_format)
    if path.suffix == ".gz":
        content = gzip.compress(content)
    elif path.suffix == ".zst":
        content = pa.compress(content, codec="zstd", asbytes=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def rows(dice: random.Random, first: int, n: int, folder: str) -> list[dict[str, object]]:
    return [
        {
            "__key__": f"{folder}{index:06d}",
            "jpg": dice.randbytes(dice.choice([0, 1, 511, 512, 513, 3000])),
            "cls": dice.randint(-3, 1000),
            "json": json.dumps({"n": index, "ü": None}, ensure_ascii=False),
            "seg.png": dice.randbytes(20) if dice.random() < 0.7 else None,
        }
        for index in range(first, first + n)
    ]


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tar.zst"])
@pytest.mark.parametrize("tar_format", FORMATS)
@pytest.mark.parametrize("seed", range(3))
def test_samples_are_rows(seed: int, tar_format: str, ending: str, tmp_path: Path) -> None:
    dice = random.Random(seed)
    # Names of more than 100 bytes take other headers in each of the formats.
    long = "/".join(["a folder of many letters"] * dice.choice([1, 5])) + "/"
    folder = dice.choice(["", "train/", long, "zürich/" if tar_format != "ustar" else "z/"])
    expected = []
    for index in range(3):
        some = rows(dice, 100 * index, dice.choice([0, 1, 30]), folder)
        prefix = "./" if seed == 2 else ""
        shard(tmp_path / f"in/{index}.{ending}", some, FORMATS[tar_format], prefix)
        expected += some
    if not expected:
        return
    pipeline = fr.Pipeline(str(tmp_path / "in")).select(columns=["__key__", "jpg", "cls", "json", "seg.png"])
    dataset = pipeline.sink(str(tmp_path / "out")).shard()
    assert list(dataset) == expected


def test_columns_are_those_of_all_archives(tmp_path: Path) -> None:
    first = [{"__key__": "a", "cls": 1, "txt": "one"}, {"__key__": "b", "cls": "cat", "txt": "two"}]
    second = [{"__key__": "c", "cls": 3, "JPG": b"x"}]
    shard(tmp_path / "in/1.tar", first, tarfile.GNU_FORMAT)
    shard(tmp_path / "in/2.tar", second, tarfile.GNU_FORMAT)
    dataset = fr.Pipeline(str(tmp_path / "in/*.tar")).sink(str(tmp_path / "out")).shard()
    assert list(dataset) == [
        {"__key__": "a", "cls": "1", "txt": "one", "jpg": None},
        {"__key__": "b", "cls": "cat", "txt": "two", "jpg": None},
        {"__key__": "c", "cls": "3", "txt": None, "jpg": b"x"},
    ]


@pytest.mark.parametrize("columns", [["cls"], ["__key__"], ["jpg", "__key__"]])
def test_columns_are_chosen(columns: list[str], tmp_path: Path) -> None:
    given = rows(random.Random(1), 0, 200, "")
    shard(tmp_path / "a.tar", given, tarfile.PAX_FORMAT)
    dataset = fr.Pipeline(str(tmp_path / "a.tar")).select(columns=columns).sink(str(tmp_path / "out")).shard()
    assert list(dataset) == [{name: row[name] for name in columns} for row in given]


def test_folders_and_hidden_files_are_no_samples(tmp_path: Path) -> None:
    def fill(archive: tarfile.TarFile) -> None:
        add(archive, "a", b"", type=tarfile.DIRTYPE)
        add(archive, "a/._1.png", b"junk of macOS")
        add(archive, "a/1.png", b"one")
        add(archive, "a/.DS_Store", b"junk")
        add(archive, "a/1.txt", b"text")

    (tmp_path / "a.tar").write_bytes(made(fill))
    dataset = fr.Pipeline(str(tmp_path / "a.tar")).sink(str(tmp_path / "out")).shard()
    assert list(dataset) == [{"__key__": "a/1", "png": b"one", "txt": "text"}]


def test_large_archives_are_cut_into_parts(tmp_path: Path, fuelrail) -> None:
    given = [{"__key__": f"{n}", "bin": bytes([n]) * (20 << 20), "cls": n} for n in range(9)]
    shard(tmp_path / "a.tar", given, tarfile.PAX_FORMAT)
    for part_size, least in [("1 MiB", 3), ("70 MiB", 3), ("1 GiB", 1)]:
        (tmp_path / "p.toml").write_text(
            f'[source]\nuri = "a.tar"\npart_size = "{part_size}"\n[sink]\nuri = "out-{part_size}"\n'
        )
        plan = fuelrail.json("plan", "p.toml", cwd=tmp_path)
        fuelrail("shard", "p.toml", cwd=tmp_path)
        found = [(row["cls"], row["bin"][0], len(row["bin"])) for row in fr.Dataset(tmp_path / f"out-{part_size}")]
        assert found == [(n, n, 20 << 20) for n in range(9)]
        n_parts = len(plan["parts"]) if isinstance(plan["parts"], list) else plan["parts"]["count"]
        assert n_parts >= least


def test_bad_samples_are_named_and_set_aside(tmp_path: Path, fuelrail) -> None:
    def fill(archive: tarfile.TarFile) -> None:
        add(archive, "a.txt", b"fine")
        add(archive, "b.txt", b"\xff")
        add(archive, "c.txt", b"one")
        add(archive, "c.txt", b"two")
        add(archive, "a.txt", b"again")
        add(archive, "d.txt", b"fine")

    (tmp_path / "a.tar").write_bytes(made(fill))
    with pytest.raises(fr.DataError, match='sample "b": expected UTF-8'):
        fr.Pipeline(str(tmp_path / "a.tar")).sink(str(tmp_path / "failed")).shard()
    pipeline = fr.Pipeline(str(tmp_path / "a.tar"), on_error="quarantine").sink(str(tmp_path / "out"))
    assert [row["__key__"] for row in pipeline.shard()] == ["a", "d"]
    listed = next((tmp_path / "out").glob("**/quarantine*.jsonl")).read_text().splitlines()
    reasons = [json.loads(line)["reason"] for line in listed]
    assert ["UTF-8" in reasons[0], "second time" in reasons[1], "second time" in reasons[2]] == [True] * 3


def link(archive: tarfile.TarFile, kind: bytes) -> None:
    add(archive, "a.txt", b"x")
    add(archive, "b.txt", b"", type=kind, linkname="/etc/passwd")


REFUSED: list[tuple[str, Callable[[], bytes]]] = [
    ("symbolic link", lambda: made(lambda archive: link(archive, tarfile.SYMTYPE))),
    ("hard link", lambda: made(lambda archive: link(archive, tarfile.LNKTYPE))),
    ("a device", lambda: made(lambda archive: link(archive, tarfile.CHRTYPE))),
    ("a pipe", lambda: made(lambda archive: link(archive, tarfile.FIFOTYPE))),
    ("below the archive's root", lambda: made(lambda archive: add(archive, "/a.txt", b"x"))),
    ("below the archive's root", lambda: made(lambda archive: add(archive, "b/../../a.txt", b"x"))),
    ("KEY.EXTENSION", lambda: made(lambda archive: add(archive, "README", b"x"))),
    (
        "two sizes",
        lambda: made(lambda archive: add(archive, "a.txt", b"x" * 600, pax_headers={"size": "1"})),
    ),
    ("sparse", lambda: made(lambda archive: add(archive, "a.txt", b"x", pax_headers={"GNU.sparse.major": "1"}))),
    ("cut off", lambda: made(lambda archive: add(archive, "a.txt", b"x" * 600))[:1000]),
    ("cut off", lambda: made(lambda archive: add(archive, "a.txt", b"x" * 600))[: 3 * 512]),
    ("follow the end", lambda: made(lambda archive: add(archive, "a.txt", b"x")) * 2),
    ("checksum", lambda: made(lambda archive: add(archive, "a.txt", b"x")).replace(b"a.txt", b"b.txt", 1)),
]


@pytest.mark.parametrize(("words", "content"), REFUSED, ids=[f"{n}-{words}" for n, (words, _) in enumerate(REFUSED)])
def test_archives_that_programs_differ_on_are_refused(words: str, content: Callable[[], bytes], tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.tar").write_bytes(content())
    with pytest.raises(fr.DataError, match=words) as raised:
        fr.Pipeline(str(tmp_path / "in")).sink(str(tmp_path / "out")).shard()
    assert "a.tar" in str(raised.value)
    shard(tmp_path / "in/b.tar", [{"__key__": "fine", "txt": "words"}], tarfile.PAX_FORMAT)
    pipeline = fr.Pipeline(str(tmp_path / "in"), on_error="quarantine").sink(str(tmp_path / "rest"))
    assert "fine" in [row["__key__"] for row in pipeline.shard()]


def test_a_truncated_archive_gives_what_is_whole(tmp_path: Path) -> None:
    """Cut at each block and beside it; what comes before the cut is what tarfile gives."""
    given = [{"__key__": f"{n}", "txt": "x" * (300 * n)} for n in range(4)]
    shard(tmp_path / "whole.tar", given, tarfile.USTAR_FORMAT)
    whole = (tmp_path / "whole.tar").read_bytes()
    end = sum(512 + -(-len(row["txt"]) // 512) * 512 for row in given)
    for cut in sorted({*range(0, end, 512), *range(1, end, 700)}):
        (tmp_path / "cut.tar").write_bytes(whole[:cut])
        for on_error in ["fail", "quarantine"]:
            pipeline = fr.Pipeline(str(tmp_path / "cut.tar"), on_error=on_error).sink(
                str(tmp_path / f"{cut}-{on_error}")
            )
            try:
                found = [row["__key__"] for row in pipeline.shard()]
            except fr.DataError as error:
                assert "cut off" in str(error)
            else:
                assert on_error == "quarantine"
                assert found == [row["__key__"] for row in given[: len(found)]]


def test_init_proposes_a_table(tmp_path: Path, fuelrail) -> None:
    shard(tmp_path / "in/a.tar", [{"__key__": "a", "jpg": b"x", "txt": "a caption of some words"}], tarfile.GNU_FORMAT)
    made_by = fuelrail.json("init", "in", cwd=tmp_path)
    assert {column["name"]: column["fate"] for column in made_by["columns"]} == dict.fromkeys(
        ["__key__", "jpg", "txt"], "stored"
    )
    fuelrail("shard", cwd=tmp_path)
