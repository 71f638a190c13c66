"""Folders of image files: a row for each file, its bytes as they are."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fuelrail as fr

BEGINNINGS = ["", "ü ", "[1]", "new\nline "]
ENDINGS = ["jpg", "JPEG", "png", "webp", "bmp", "tif", "tiff", "gif"]


def fill(root: Path, seed: int) -> dict[str, bytes]:
    """Images by chance below `root`, and what is none; the images by their paths."""
    dice = random.Random(seed)
    images: dict[str, bytes] = {}
    for n in range(dice.randint(1, 60)):
        folders = [dice.choice(["cat", "Dog", "dog", "zürich", "a b", "cat#2"]) for _ in range(dice.randint(0, 3))]
        name = "/".join([*folders, f"{dice.choice(BEGINNINGS)}{n}.{dice.choice(ENDINGS)}"])
        images[name] = dice.randbytes(dice.randint(1, 5000))
    for name, content in images.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in ["notes.csv", "cat/Thumbs.db", ".hidden.png", "_part.png", ".git/a.png"]:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"x")
    return images


def expected_rows(images: dict[str, bytes]) -> list[dict[str, object]]:
    """The rows: folder by folder, in the order in which their files come first."""
    paths = sorted(images, key=str.encode)
    folders = dict.fromkeys(path.rpartition("/")[0] for path in paths)
    ordered = [path for folder in folders for path in paths if path.rpartition("/")[0] == folder]
    # As torchvision's ImageFolder numbers them.
    classes = sorted({path.split("/")[0] for path in paths if "/" in path}, key=str.encode)
    rows: list[dict[str, object]] = []
    for path in ordered:
        row: dict[str, object] = {"image": images[path], "path": path}
        if classes:
            name = path.split("/")[0] if "/" in path else None
            row |= {"class": name, "label": None if name is None else classes.index(name)}
        rows.append(row)
    return rows


@pytest.mark.parametrize("seed", range(20))
def test_a_folder_gives_its_files_with_classes_and_labels(seed: int, tmp_path: Path) -> None:
    images = fill(tmp_path / "photos", seed)
    pipeline = fr.Pipeline(str(tmp_path / "photos"), **({"format": "images"} if seed % 2 else {}))
    dataset = pipeline.sink(str(tmp_path / "out")).shard()
    assert list(dataset) == expected_rows(images)


@pytest.mark.parametrize("columns", [["label", "path"], ["image"], ["class"], ["path", "image"]])
def test_columns_are_chosen(columns: list[str], tmp_path: Path) -> None:
    images = {f"{name}/{n}.png": os.urandom(n + 1) for name in "ab" for n in range(30)}
    for name, content in images.items():
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(content)
    dataset = fr.Pipeline(str(tmp_path / "photos")).select(columns=columns).sink(str(tmp_path / "out")).shard()
    assert list(dataset) == [{name: row[name] for name in columns} for row in expected_rows(images)]


def test_named_files_and_globs_are_images(tmp_path: Path) -> None:
    images = fill(tmp_path / "photos", 3)
    images = {name: content for name, content in images.items() if name.endswith(".png")}
    dataset = fr.Pipeline(str(tmp_path / "photos/**/*.png")).sink(str(tmp_path / "all")).shard()
    assert list(dataset) == expected_rows(images)
    (tmp_path / "one.jpg").write_bytes(b"one")
    dataset = fr.Pipeline(str(tmp_path / "one.jpg")).sink(str(tmp_path / "one")).shard()
    assert list(dataset) == [{"image": b"one", "path": "one.jpg"}]


def test_several_folders_share_their_classes(tmp_path: Path) -> None:
    for name in ["one/b/1.png", "two/a/2.png", "two/b/3.png"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    dataset = fr.Pipeline([str(tmp_path / "one"), str(tmp_path / "two")]).sink(str(tmp_path / "out")).shard()
    rows = [(row["path"], row["class"], row["label"]) for row in dataset]
    assert rows == [("b/1.png", "b", 1), ("b/3.png", "b", 1), ("a/2.png", "a", 0)]
    (tmp_path / "one/a").mkdir()
    (tmp_path / "one/a/2.png").write_bytes(b"x")
    with pytest.raises(fr.PipelineError, match=r"a/2\.png"):
        fr.Pipeline([str(tmp_path / "one"), str(tmp_path / "two")]).sink(str(tmp_path / "more")).shard()


def test_an_illustrated_text_is_text(tmp_path: Path, fuelrail) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book/one.txt").write_text("words")
    (tmp_path / "book/figure.png").write_bytes(b"picture")
    dataset = fr.Pipeline(str(tmp_path / "book")).sink(str(tmp_path / "text")).shard()
    assert [row["text"] for row in dataset] == ["words"]
    (tmp_path / "p.toml").write_text('[source]\nuri = "book"\n[sink]\nuri = "out"\n')
    plan = str(fuelrail.json("plan", "p.toml", cwd=tmp_path))
    assert "figure.png" in plan
    assert 'an image; `format = "images"` reads' in plan
    dataset = fr.Pipeline(str(tmp_path / "book"), format="images").sink(str(tmp_path / "images")).shard()
    assert [row["path"] for row in dataset] == ["figure.png"]


def test_a_changed_folder_is_refused(tmp_path: Path) -> None:
    images = fill(tmp_path / "photos", 5)
    pipeline = fr.Pipeline(str(tmp_path / "photos")).sink(str(tmp_path / "out"))
    pipeline.shard()
    pipeline.shard()
    name = sorted(images)[0]
    content = images[name]
    (tmp_path / "photos" / name).write_bytes(bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(fr.Error):
        pipeline.shard()
    (tmp_path / "photos" / name).write_bytes(content)
    pipeline.shard()
    (tmp_path / "photos" / name).with_name("another.png").write_bytes(b"x")
    with pytest.raises(fr.Error):
        pipeline.shard()


def test_what_is_no_row_is_named(tmp_path: Path, fuelrail) -> None:
    photos = tmp_path / "photos/a"
    photos.mkdir(parents=True)
    (photos / "1.png").write_bytes(b"fine")
    (photos / "2.png").write_bytes(b"")
    (photos / "3.png").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    (photos / "4.png").write_bytes(b"<!DOCTYPE html><html></html>")
    # A file that is there, and that no one can read from its beginning.
    (photos / "5.png").symlink_to("/proc/self/mem")
    pipeline = fr.Pipeline(str(tmp_path / "photos")).sink(str(tmp_path / "out"))
    with pytest.raises(fr.Error, match=r"5\.png"):
        pipeline.shard()
    (photos / "5.png").unlink()
    with pytest.raises(fr.DataError, match=r"a/2\.png: expected an image, got an empty file"):
        pipeline.shard()
    (photos / "5.png").symlink_to("/proc/self/mem")
    (tmp_path / "p.toml").write_text('[source]\nuri = "photos"\non_error = "quarantine"\n[sink]\nuri = "set-aside"\n')
    done = fuelrail.json("shard", "p.toml", cwd=tmp_path)
    assert done["n_rows"] == 1
    listed = next((tmp_path / "set-aside").glob("**/quarantine*.jsonl")).read_text()
    for name in ["a/2.png: expected an image, got an empty file", "a/3.png", "a/4.png", "a/5.png: cannot be read"]:
        assert name in listed, listed
    assert [row["path"] for row in fr.Dataset(tmp_path / "set-aside")] == ["a/1.png"]


def test_odd_folders_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(fr.PipelineError, match="holds no file"):
        fr.Pipeline(str(tmp_path / "empty"), format="images").sink(str(tmp_path / "out")).shard()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd/a.png").write_bytes(b"x")
    Path(os.fsdecode(os.fsencode(tmp_path / "odd") + b"/\xff.png")).write_bytes(b"x")
    with pytest.raises(fr.PipelineError, match="UTF-8"):
        fr.Pipeline(str(tmp_path / "odd")).sink(str(tmp_path / "out")).shard()
    (tmp_path / "link").mkdir()
    (tmp_path / "link/a.png").symlink_to("nowhere")
    with pytest.raises(fr.PipelineError, match=r"a\.png"):
        fr.Pipeline(str(tmp_path / "link")).sink(str(tmp_path / "out")).shard()


def test_large_folders_are_cut_into_parts(tmp_path: Path, fuelrail) -> None:
    """Parts are cut between files, and their rows are the same for any size of part."""
    (tmp_path / "photos/a").mkdir(parents=True)
    for n in range(9):
        (tmp_path / f"photos/a/{n}.png").write_bytes(bytes([n]) * (20 << 20))
    rows = []
    for part_size in ["1 MiB", "70 MiB", "1 GiB"]:
        (tmp_path / "p.toml").write_text(
            f'[source]\nuri = "photos"\npart_size = "{part_size}"\n[[step]]\nop = "select"\n'
            f'columns = ["path", "image"]\n[sink]\nuri = "out-{part_size}"\n'
        )
        plan = fuelrail.json("plan", "p.toml", cwd=tmp_path)
        fuelrail("shard", "p.toml", cwd=tmp_path)
        dataset = fr.Dataset(tmp_path / f"out-{part_size}")
        rows.append([(row["path"], row["image"][0], len(row["image"])) for row in dataset])
        n_parts = len(plan["parts"]) if isinstance(plan["parts"], list) else plan["parts"]["count"]
        assert n_parts == (1 if part_size == "1 GiB" else 3)
    assert rows[0] == rows[1] == rows[2] == [(f"a/{n}.png", n, 20 << 20) for n in range(9)]


def test_init_proposes_a_table_of_images(tmp_path: Path, fuelrail) -> None:
    fill(tmp_path / "photos", 7)
    made = fuelrail.json("init", "photos", cwd=tmp_path)
    assert {column["name"]: column["fate"] for column in made["columns"]} == dict.fromkeys(
        ["image", "path", "class", "label"], "stored"
    )
    fuelrail("shard", cwd=tmp_path)
    assert fr.Dataset(tmp_path / "shards").columns == ["image", "path", "class", "label"]


def write_metadata(root: Path, kind: str, rows: list[dict[str, object]]) -> None:
    if kind == "jsonl":
        (root / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pq.write_table(pa.Table.from_pylist(rows), root / "metadata.parquet")


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_metadata_beside_images_are_columns(kind: str, tmp_path: Path) -> None:
    """As Hugging Face's ImageFolder joins them; folders are no classes then."""
    images = {f"{folder}{n}.png": os.urandom(n + 1) for folder in ["", "a/", "b/c/"] for n in range(9)}
    for name, content in images.items():
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(content)
    rows = [
        {"file_name": name, "text": f"a photo of {name}", "label": len(content)} for name, content in images.items()
    ]
    random.Random(1).shuffle(rows)
    write_metadata(tmp_path / "photos", kind, rows)
    pipeline = fr.Pipeline(str(tmp_path / "photos"), format="images").sink(str(tmp_path / "out"))
    expected = [
        {"image": row["image"], "path": row["path"], "text": f"a photo of {row['path']}", "label": len(row["image"])}
        for row in expected_rows(images)
    ]
    assert list(pipeline.shard()) == expected
    # What is said of them is part of what was read.
    write_metadata(tmp_path / "photos", kind, [row | {"text": "another"} for row in rows])
    with pytest.raises(fr.Error):
        pipeline.shard()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"file_name": "1.png"}], r"2\.png: .*no row|no row.*2\.png"),
        ([{"file_name": "1.png"}, {"file_name": "2.png"}, {"file_name": "3.png"}], '"3.png" leads to no file'),
        ([{"file_name": "1.png"}, {"file_name": "2.png"}, {"file_name": "./1.png"}], "one row for each image"),
        ([{"file_name": "1.png"}, {"file_name": None}], "got null"),
        ([{"name": "1.png"}], "file_name"),
        ([{"file_name": "1.png", "path": "x"}, {"file_name": "2.png", "path": "y"}], "another name"),
        ([{"file_name": "1.png", "n": 1}, {"file_name": "2.png", "n": "x"}], '"n"'),
    ],
)
def test_metadata_that_do_not_fit_are_refused(rows: list[dict[str, object]], words: str, tmp_path: Path) -> None:
    for name in ["1.png", "2.png"]:
        (tmp_path / name).write_bytes(b"x")
    write_metadata(tmp_path, "jsonl", rows)
    with pytest.raises(fr.DataError, match=words):
        fr.Pipeline(str(tmp_path), format="images").sink(str(tmp_path / "out")).shard()
