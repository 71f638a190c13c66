"""A reader of fuelrail datasets written from docs/format.md alone.

It uses numpy and the standard library, checks what it can without xxh3, and
leaves checksums to its caller (`Shard.blocks`, `Shard.digested`).
"""

import json
import re
import struct
from pathlib import Path

import numpy as np

ALIGN = 4096
BLOCK = 65536
SHARD_NAME = re.compile(r"part-\d{5,}-\d{5,}-([0-9a-f]{16})\.safetensors")
DTYPES = {
    "BOOL": "?", "I8": "<i1", "I16": "<i2", "I32": "<i4", "I64": "<i8",
    "U8": "<u1", "U16": "<u2", "U32": "<u4", "U64": "<u8",
    "F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2",  # numpy has no bfloat16
}  # fmt: skip


class Shard:
    """One shard file."""

    def __init__(self, path):
        self.bytes = Path(path).read_bytes()
        (length,) = struct.unpack("<Q", self.bytes[:8])
        self.start = 8 + length
        assert self.start % ALIGN == 0 and self.start <= len(self.bytes)
        header = json.loads(self.bytes[8 : self.start])
        self.metadata = header.pop("__metadata__")
        assert (self.metadata["format"], self.metadata["version"]) == ("fuelrail-shard", "1")
        self.n_rows = int(self.metadata["n_rows"])
        self.schema = json.loads(self.metadata["schema"])
        self.places = header
        end = 0
        for name, place in header.items():
            begin, stop = place["data_offsets"]
            assert begin == end, f"{name} leaves a gap"
            assert begin % ALIGN == 0 or name.startswith("__pad."), name
            end = stop
        assert self.start + end == len(self.bytes)

    def tensor(self, name):
        place = self.places[name]
        begin, end = place["data_offsets"]
        data = self.bytes[self.start + begin : self.start + end]
        return np.frombuffer(data, DTYPES[place["dtype"]]).reshape(place["shape"])

    def digested(self):
        """The bytes whose xxh3-128 is the shard's digest."""
        return self.bytes[: self.start] + self.tensor("__block_xxh3").tobytes()

    def blocks(self):
        """Each block of the data section with its xxh3-64."""
        table = self.tensor("__block_xxh3")
        end = self.places["__block_xxh3"]["data_offsets"][0]
        assert len(table) == -(-end // BLOCK)
        for index, expected in enumerate(table):
            stop = min(end, (index + 1) * BLOCK)
            yield self.bytes[self.start + index * BLOCK : self.start + stop], int(expected)

    def column(self, column):
        """The rows of a column: None, a number, an array, bytes or text."""
        name = column["name"]
        values = self.tensor(name)
        assert self.places[name]["dtype"] == column["dtype"]
        assert (column["dtype"] == "BF16") == (column["type"] == "bfloat16")
        if column["type"] == "bfloat16":
            values = (values.astype("<u4") << 16).view("<f4")
        if column["layout"] == "ragged":
            offsets = self.tensor(f"{name}.__offsets")
            assert offsets[0] == 0 and offsets[-1] == len(values)
            assert len(offsets) == self.n_rows + 1 and (np.diff(offsets) >= 0).all()
            rows = [values[a:b] for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
        else:
            assert list(values.shape) == [self.n_rows, *column["shape"]]
            rows = list(values)
        if column["type"] in ("utf8", "binary"):
            rows = [row.tobytes() for row in rows]
        if column["type"] == "utf8":
            rows = [row.decode() for row in rows]
        if column["nullable"]:
            valid = self.tensor(f"{name}.__valid")
            rows = [row if ok else None for row, ok in zip(rows, valid, strict=True)]
        return rows

    def origins(self, kind):
        """For each row, its documents as (file, row, start)."""
        file, row = self.tensor("__origin.file"), self.tensor("__origin.row")
        if kind == "row":
            return [[(int(f), int(r), 0)] for f, r in zip(file, row, strict=True)]
        start = self.tensor("__origin.start")
        pieces = list(zip(file.tolist(), row.tolist(), start.tolist(), strict=True))
        offsets = self.tensor("__origin.__offsets")
        return [pieces[a:b] for a, b in zip(offsets[:-1], offsets[1:], strict=True)]


class Dataset:
    """A dataset directory."""

    def __init__(self, root):
        self.root = Path(root)
        self.text = (self.root / "dataset.json").read_bytes()
        self.manifest = json.loads(self.text)
        assert (self.manifest["format"], self.manifest["version"]) == ("fuelrail", 1)
        self.entries = self.manifest["shards"]
        if isinstance(self.entries, dict):
            self.entries = self.read_index(self.entries)
        row = 0
        for entry in self.entries:
            match = SHARD_NAME.fullmatch(entry["name"])
            assert match and match[1] == entry["digest"][:16], entry["name"]
            assert entry["first_row"] == row and entry["n_rows"] > 0
            row += entry["n_rows"]
        assert row == self.manifest["n_rows"]

    def digested(self):
        """The bytes whose xxh3-128 is the manifest's digest."""
        return self.text[:-36] + b"0" * 32 + self.text[-4:]

    def read_index(self, index):
        raw = (self.root / index["file"]).read_bytes()
        magic, version, zero, n_shards = struct.unpack("<8sIIQ", raw[:24])
        assert (magic, version, zero) == (b"FRSHARDS", 1, 0)
        assert n_shards == index["n_shards"] and len(raw) == 24 + 48 * n_shards
        entries = []
        for at in range(24, len(raw), 48):
            part, seq, len_bytes, n_rows, first_row = struct.unpack_from("<IIQQQ", raw, at)
            digest = f"{int.from_bytes(raw[at + 32 : at + 48], 'little'):032x}"
            name = f"part-{part:05}-{seq:05}-{digest[:16]}.safetensors"
            entries.append({
                "name": name, "len_bytes": len_bytes, "n_rows": n_rows,
                "first_row": first_row, "digest": digest,
            })  # fmt: skip
        return entries

    def shards(self):
        for entry in self.entries:
            shard = Shard(self.root / "shards" / entry["name"])
            assert len(shard.bytes) == entry["len_bytes"]
            assert shard.n_rows == entry["n_rows"]
            assert shard.schema == self.manifest["schema"]
            yield entry, shard

    def rows(self):
        """All rows, each a dict."""
        names = [column["name"] for column in self.manifest["schema"]]
        for _, shard in self.shards():
            columns = [shard.column(column) for column in self.manifest["schema"]]
            for values in zip(*columns, strict=True):
                yield dict(zip(names, values, strict=True))

    def origins(self):
        for _, shard in self.shards():
            yield from shard.origins(self.manifest["origins"])
