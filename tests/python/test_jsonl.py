"""JSON lines against Python's own parser: which lines are rows, and what
their values are."""

from __future__ import annotations

import json
import random

import fuelrail as fr

TEXT = """
[source]
uri = "x.jsonl"
on_error = "quarantine"
[source.schema]
n = "int64"
v = "json"
[[step]]
op = "select"
columns = {columns}
[sink]
uri = "out"
"""

SCALARS = [
    "0", "-0", "1", "-17", "1.5", "1e3", "1E+2", "0.1e-7", "123456789012345678901234567890", "1e400",
    "true", "false", "null", '""', '"plain"', '"\\u00e9\\ud83d\\ude00"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"日本 é 😀"', '"{[,:]}"',
]  # fmt: skip


def value(dice: random.Random, depth: int = 0) -> str:
    """A value as it may be written."""
    kind = dice.randrange(6 if depth < 4 else 4)
    space = dice.choice(["", "", " ", "\t"])
    if kind < 4:
        return dice.choice(SCALARS)
    items = [value(dice, depth + 1) for _ in range(dice.randrange(4))]
    if kind == 4:
        return "[" + space + f",{space}".join(items) + space + "]"
    members = (f'"{dice.choice("abcde")}"{space}:{space}{item}' for item in items)
    return "{" + space + f"{space},".join(members) + space + "}"


def mutated(dice: random.Random, text: bytes) -> bytes:
    """The same with a few bytes changed."""
    out = bytearray(text)
    for _ in range(dice.choice([0, 1, 1, 2])):
        at = dice.randrange(len(out))
        byte = dice.choice(b'{}[]",:\\/+-.eE0123456789truefalsn u\t\x01\x7f\xff\xc3')
        dice.choice([lambda: out.insert(at, byte), lambda: out.__setitem__(at, byte), lambda: out.pop(at)])()
        out = out or bytearray(b" ")
    return bytes(out)


def refuse(what: object) -> None:
    """Python takes more than JSON has."""
    raise ValueError(what)


def unique(members: list[tuple[str, object]]) -> dict[str, object]:
    """An object; where a key comes twice, all members stand under another key."""
    made: dict[str, object] = dict(members)
    return made if len(made) == len(members) else {"twice": members}


def parsed(line: bytes) -> dict[str, object] | None:
    """The object on a line, by Python's parser; nothing if it is no row."""
    try:
        row = json.loads(line.decode(), parse_constant=refuse, object_pairs_hook=unique)
        json.dumps(row, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and "twice" not in row else None


def shard(lines: list[bytes], columns: list[str]) -> list[dict[str, object]]:
    """The rows of a dataset of these lines."""
    with open("x.jsonl", "wb") as file:
        file.write(b"\n".join(lines))
    fr.Pipeline.from_toml(TEXT.format(columns=json.dumps(columns))).shard(progress="never")
    return list(fr.Dataset("out"))


def test_lines_are_rows_if_and_only_if_python_takes_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dice = random.Random(7)
    lines = [f'{{"n":{n}, "v":'.encode() + mutated(dice, (value(dice) + "}").encode()) for n in range(4000)]
    expected = [row.get("n") for row in map(parsed, lines) if row is not None]
    assert 1000 < len(expected) < 3500
    assert [int(row["n"]) for row in shard(lines, ["n"])] == expected


def test_json_keeps_what_python_reads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dice = random.Random(11)
    lines = [f'{{"n":{n}, "v":{value(dice)}}}'.encode() for n in range(500)]
    got = shard(lines, ["n", "v"])
    assert len(got) == len(lines)
    for line, row in zip(lines, got, strict=True):
        expected = json.loads(line)["v"]
        text = row["v"]
        assert text is None if expected is None else json.loads(str(text)) == expected
