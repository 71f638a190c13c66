"""JSON lines against Python's json: over random keys, kinds of values, broken
lines and cuts into files, every row is stored as it was written, or the run is
an error that names its place, or the row is set aside and counted."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import fuelrail as fr

KINDS: dict[str, list[str]] = {
    "bool": ["true", "false"],
    "int": ["0", "-7", "123456", "9007199254740992"],
    "long": ["9007199254740993", "-9223372036854775808", "9223372036854775807"],
    "unsigned": ["18446744073709551615", "9223372036854775808"],
    "big": ["18446744073709551616", "-9223372036854775809", "123456789012345678901234567890"],
    "float": ["0.5", "-1.25e3", "1.0", "2e0", "0.1"],
    "huge": ["1e400", "-1e999"],
    "text": ['"a"', '""', '"12"', '"é\\n\\u00e9\\ud83d\\ude00"', '"\\"quoted\\""'],
    "ints": ["[]", "[1]", "[1, 3]"],
    "floats": ["[0.5, 2]", "[]"],
    "texts": ['["a", "b"]', "[]"],
    "object": ["{}", '{"x": 1}', '{"x": "a", "y": [1]}', '{"x": 1, "\\u0078": {"y": 1, "y": 2}}'],
}
BROKEN = [
    "",
    "nonsense",
    '{"a": 1',
    '{"a": 1} x',
    '{"a": 01}',
    '{"a": NaN}',
    '{"a": 1, "a": 2}',
    "[1]",
    '{"a": "\\ud83d"}',
]
KEYS = ["a", "b", "meta.url", "with space", "ü", "deep"]


@dataclass(frozen=True)
class Case:
    """Lines in files, in the order in which they are read."""

    files: list[Path]
    lines: list[list[str]]

    def value(self, file: int, row: int) -> dict[str, Any] | None:
        """What Python reads of a line; None where it is none that is valid."""
        return valid(self.lines[file][row])


def valid(line: str) -> dict[str, Any] | None:
    """The oracle: Python's json, as strict as RFC 8259 asks for. A key may come
    twice in an inner object, which is kept as text; of the top one it may not."""
    is_twice = False

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal is_twice
        # The top object is the last.
        is_twice = len({key for key, _ in pairs}) < len(pairs)
        return dict(pairs)

    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        value = json.loads(line, object_pairs_hook=note, parse_constant=refuse)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, UnicodeEncodeError):
        return None
    return value if isinstance(value, dict) and not is_twice else None


def case(seed: int, folder: Path) -> Case:
    """Mostly one kind a key, with others here and there."""
    dice = random.Random(seed)
    keys = dice.sample(KEYS, dice.randint(1, len(KEYS)))
    usual = {key: dice.choice([kind for kind in KINDS if kind != "huge"]) for key in keys}
    odd = dice.choice([0.0, 0.0, 0.01, 0.1])
    broken = dice.choice([0.0, 0.02])
    late = dice.randrange(400) if dice.random() < 0.3 else None

    def line(index: int) -> str:
        if dice.random() < broken:
            return dice.choice(BROKEN)
        parts = []
        for key in dice.sample(keys, len(keys)):
            kind = dice.choice(list(KINDS)) if dice.random() < odd else usual[key]
            if dice.random() < 0.1:
                continue
            value = "null" if dice.random() < 0.1 else dice.choice(KINDS[kind])
            parts.append(f"{json.dumps(key, ensure_ascii=False)}:{dice.choice(['', ' '])}{value}")
        if late is not None and index >= late:
            parts.append('"late": 9')
        return "{" + ", ".join(parts) + "}"

    lines = [line(index) for index in range(400)]
    cuts = sorted(dice.sample(range(1, 400), dice.randint(0, 3)))
    pieces = [lines[start:end] for start, end in zip([0, *cuts], [*cuts, 400], strict=True)]
    files = []
    for index, piece in enumerate(pieces):
        file = folder / f"{index}.jsonl"
        file.write_text("\n".join(piece) + dice.choice(["", "\n"]))
        files.append(file)
    return Case(files, pieces)


def same(got: object, want: object) -> bool:
    """Numbers exactly, and of a kind: 1 is 1.0, but neither "1" nor true."""
    if isinstance(want, list):
        return isinstance(got, list) and len(got) == len(want) and all(map(same, got, want))
    if isinstance(want, bool) or isinstance(got, bool) or not isinstance(want, (int, float)):
        return type(got) is type(want) and got == want
    return isinstance(got, (int, float)) and got == want


def rows(dataset: fr.Dataset) -> list[tuple[int, int, dict[str, object]]]:
    """The file and line of each row, both from 0, and what it holds."""
    stored = dataset.to_arrow().to_pylist()
    origins = dataset.origins()
    return [(int(Path(of[0].file).stem), of[0].row, row) for of, row in zip(origins, stored, strict=True)]


def set_aside(dataset: fr.Dataset) -> list[tuple[int, int]]:
    """The file and line of each unit of the quarantine list."""
    lists = [file.read_text() for file in Path(dataset.path).glob("quarantine-*.jsonl")]
    units = [json.loads(line) for text in lists for line in text.splitlines()]
    return [(unit["at"]["file"], unit["at"]["row"]) for unit in units]


def check(given: Case, dataset: fr.Dataset, schema: dict[str, str]) -> tuple[int, int]:
    """Every line is a row that is equal, or set aside, or blank; gives the
    numbers of the first two."""
    stored = {(file, row): values for file, row, values in rows(dataset)}
    aside = set(set_aside(dataset))
    assert not aside & set(stored)
    for file, lines in enumerate(given.lines):
        for row, line in enumerate(lines):
            want = given.value(file, row)
            if (file, row) not in stored:
                assert (file, row) in aside or not line.strip(), line
                continue
            assert want is not None, f"stored, but Python refuses it: {line}"
            got = stored[file, row]
            assert want.keys() <= got.keys(), line
            for key, value in got.items():
                if schema.get(key) == "json" and value is not None:
                    value = json.loads(value)
                assert same(value, want.get(key)), f"{key} of {line}: {value!r}"
    return len(stored), len(aside)


def shard(given: Case, out: Path, threads: int = 2, **source: Any) -> fr.Dataset:
    pipeline = fr.Pipeline([str(file) for file in given.files], **source).sink(out)
    return pipeline.shard(progress="never", threads=threads)


@pytest.mark.parametrize("seed", range(60))
def test_rows_are_equal_or_an_error_or_set_aside(seed: int, tmp_path: Path) -> None:
    given = case(seed, tmp_path)
    for on_error in ("fail", "quarantine"):
        try:
            dataset = shard(given, tmp_path / on_error, on_error=on_error)
        except fr.PipelineError as error:
            # A column that no type or no shard holds, by its name.
            assert error.location.get("column") or not any(map(valid, sum(given.lines, []))), error
        except fr.DataError as error:
            assert on_error == "fail", error
            assert {"path", "row"} <= error.location.keys(), error
        else:
            _, n_aside = check(given, dataset, {})
            assert on_error == "quarantine" or n_aside == 0


@pytest.mark.parametrize("seed", range(60))
def test_what_a_scan_proposes_holds_every_row(seed: int, tmp_path: Path) -> None:
    given = case(seed, tmp_path)
    good = [line for lines in given.lines for line in lines if valid(line) is not None]
    pipeline = fr.Pipeline([str(file) for file in given.files])
    scan = pipeline.sink(tmp_path / "out").scan(threads=1 + seed % 3)
    assert scan["n_rows"] == len(good)
    blank = sum(not line.strip() for lines in given.lines for line in lines)
    assert scan["n_rows"] + scan["n_bad"] + blank == sum(map(len, given.lines))
    if not good or not scan["schema"]:
        return
    assert scan["misfit"] is None
    dataset = shard(given, tmp_path / "out", on_error="quarantine", schema=scan["schema"])
    n_rows, n_aside = check(given, dataset, scan["schema"])
    assert (n_rows, n_aside) == (scan["n_rows"], scan["n_bad"])
    # The block is the same for the file.
    assert fr.Pipeline.from_toml(f"source.uri = 'x'\n{scan['block']}\n[sink]\nuri = 'o'") == fr.Pipeline(
        "x", schema=scan["schema"]
    ).sink("o")


@pytest.mark.parametrize("seed", range(0, 60, 6))
def test_threads_change_nothing(seed: int, tmp_path: Path) -> None:
    given = case(seed, tmp_path)
    said = []
    for threads in (1, 3):
        pipeline = fr.Pipeline([str(file) for file in given.files]).sink("out")
        scan = pipeline.scan(threads=threads)
        try:
            plan: object = pipeline.plan(threads=threads)["identity"]
        except fr.PipelineError as error:
            plan = (str(error), error.hint)
        said.append((scan, plan))
    assert said[0] == said[1]


def test_unknown_keys_are_refused_dropped_or_kept(tmp_path: Path) -> None:
    """The rest is declared, so that lines are not asked for it."""
    file = tmp_path / "0.jsonl"
    lines = ['{"a": 1}', '{"a": 2, "late": {"x": [1.50]}, "other": "é"}', '{"other": 3, "a": 4}']
    file.write_text("\n".join(lines))
    steps = [{"columns": ["a", "__extra"]}]
    kept = fr.Pipeline(file, schema={"a": "int64"}, unknown_keys="keep").select(**steps[0]).sink(tmp_path / "keep")
    rows = kept.shard(progress="never").to_arrow().to_pylist()
    assert [row["a"] for row in rows] == [1, 2, 4]
    assert rows[0]["__extra"] is None
    assert json.loads(rows[1]["__extra"]) == {"late": {"x": [1.5]}, "other": "é"}
    assert "1.50" in rows[1]["__extra"], "as it was written"
    assert json.loads(rows[2]["__extra"]) == {"other": 3}


def test_the_pipeline_file_has_the_keys(tmp_path: Path) -> None:
    pipeline = fr.Pipeline(
        tmp_path / "x.jsonl",
        schema={"meta.url": "string", "n": "list<float32>"},
        unknown_keys="ignore",
        allow_nan=True,
    ).sink(tmp_path / "out")
    text = pipeline.to_toml()
    assert "[source.schema]" in text and '"meta.url" = "string"' in text
    assert fr.Pipeline.from_toml(text) == pipeline
    with pytest.raises(fr.PipelineError, match='got "int46"') as caught:
        fr.Pipeline("x.jsonl", schema={"n": "int46"})
    assert caught.value.hint is not None
