#!/usr/bin/env python3
"""Writes the seeds under fuzz/seeds: small valid files, one folder a target.

Checksums in them are blank; the targets put them right.
"""

from __future__ import annotations

import base64
import io
import json
import struct
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "fuzz/seeds"
sys.path.insert(0, str(ROOT / "tests/python_frameworks"))

from chat_templates import TEMPLATES  # noqa: E402

PAGE, BLOCK = 4096, 65536
DIGEST = "0" * 32
# The columns of the dataset in fuzz/src/dataset.rs.
SCHEMA = [
    {"name": "text", "type": "utf8", "layout": "ragged", "dtype": "U8", "shape": [], "nullable": True},
    {"name": "tokens", "type": "uint16", "layout": "fixed", "dtype": "U16", "shape": [4], "nullable": False},
]


def write(target: str, name: str, content: bytes) -> None:
    """Writes one seed."""
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def shard(n_rows: int) -> bytes:
    """A shard of the dataset that the target `shard` stands around it."""
    texts = [f"row {row}".encode() for row in range(n_rows)]
    text_offsets = [sum(map(len, texts[:row])) for row in range(n_rows + 1)]
    tensors = [
        ("tokens", "U16", [n_rows, 4], struct.pack(f"<{4 * n_rows}H", *range(4 * n_rows))),
        ("text", "U8", [text_offsets[-1]], b"".join(texts)),
        ("text.__offsets", "I64", [n_rows + 1], struct.pack(f"<{n_rows + 1}q", *text_offsets)),
        ("text.__valid", "BOOL", [n_rows], bytes([1] * n_rows)),
        ("__origin.file", "U32", [n_rows], bytes(4 * n_rows)),
        ("__origin.row", "U64", [n_rows], struct.pack(f"<{n_rows}Q", *range(n_rows))),
        ("__origin.start", "U32", [n_rows], bytes(4 * n_rows)),
        ("__origin.__offsets", "I64", [n_rows + 1], struct.pack(f"<{n_rows + 1}q", *range(n_rows + 1))),
    ]
    header: dict[str, object] = {
        "__metadata__": {
            "format": "fuelrail-shard",
            "version": "1",
            "n_rows": str(n_rows),
            "block_bytes": str(BLOCK),
            "schema": json.dumps(SCHEMA, separators=(",", ":")),
        }
    }
    data = b""
    for name, dtype, shape, content in tensors:
        data = padded(data, header)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    data = padded(data, header)
    n_blocks = -(-len(data) // BLOCK)
    offsets = [len(data), len(data) + 8 * n_blocks]
    header["__block_xxh3"] = {"dtype": "U64", "shape": [n_blocks], "data_offsets": offsets}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % PAGE)
    return struct.pack("<Q", len(text)) + text + data + bytes(8 * n_blocks)


def padded(data: bytes, header: dict[str, object]) -> bytes:
    """The data up to the next page, the gap listed in the header."""
    gap = -len(data) % PAGE
    if gap:
        name = f"__pad.{sum(key.startswith('__pad.') for key in header)}"
        header[name] = {"dtype": "U8", "shape": [gap], "data_offsets": [len(data), len(data) + gap]}
    return data + bytes(gap)


JSONL = r"""{"id":1,"text":"a \u00e9 \ud83d\ude00 \"\\\/\b\f\n\r\t","x":[0.5,1E2],"o":{"a":null,"b":[]}}
{"id":18446744073709551615,"text":null,"late":{"k":[true,false]} }

{"id":-9223372036854775808,"text":"","x":[1e400,-0]}
{"id":1,"id":2}
{"text":"\ud800"}
{"o":{"a":1,"a":2}}
[1,2]
"""
ODD = """!{"x":NaN,"y":[-Infinity,Infinity]}
{"a":01}
{"a":[1,,2],"b":{"c":"d",}}
{"x":1.5e-3 , "y": [ ] }
"""


def manifest(n_shards: int) -> bytes:
    """A manifest with columns of several kinds."""
    column = lambda name, kind, layout, dtype, shape, nullable: {  # noqa: E731
        "name": name, "type": kind, "layout": layout, "dtype": dtype, "shape": shape, "nullable": nullable
    }
    schema = [
        column("tokens", "uint16", "fixed", "U16", [2048], False),
        column("cu_seqlens", "int32", "ragged", "I32", [], False),
        column("text", "utf8", "ragged", "U8", [], True),
    ]
    shards = [
        {"name": f"part-{part:05}-00000-{'0' * 16}.safetensors", "len_bytes": 8192, "n_rows": 3, "first_row": 3 * part,
         "digest": DIGEST}
        for part in range(n_shards)
    ]
    asset = {"name": "cl100k_base.tiktoken", "file": f"assets/{'0' * 16}-cl100k_base.tiktoken", "kind": "tiktoken",
             "family": "cl100k_base", "len_bytes": 3, "digest": DIGEST}
    whole = {
        "format": "fuelrail", "version": 1, "n_rows": 3 * n_shards, "schema": schema, "origins": "packed",
        "plan_digest": DIGEST, "plan": {"steps": []},
        "sources": [{"name": "a.jsonl", "len_bytes": 9, "digest": DIGEST}],
        "assets": [asset],
        "stats": {"rows_read": 9, "dropped": [0, 1], "quarantined": 1, "documents": 8, "tokens": 99},
        "quarantine": {"file": f"quarantine-{'0' * 16}.jsonl", "n_units": 1, "len_bytes": 9, "digest": DIGEST},
        "shards": shards, "digest": DIGEST,
    }
    return (json.dumps(whole, indent=2) + "\n").encode()


PIPELINE = """\
[source]
uri = ["a/*.jsonl", "b.parquet"]
format = "jsonl"
document = { separator = "---" }
on_error = "quarantine"
limit = 10
part_size = "1GiB"

[source.split]
take = "train"
validation = 0.1
key = "id"
seed = 7

[[step]]
op = "select"
columns = ["text"]

[[step]]
op = "filter"
column = "text"
min_length = 1
max_length = 100
nulls = "keep"

[[step]]
op = "tokenize"
column = "text"
tokenizer = "cl100k_base"
special_tokens = "refuse"
end_of_document = "<|endoftext|>"

[[step]]
op = "pack"
length = 2048
method = "best_fit"
overlong = "split"
pad = 0
window = 10000

[sink]
uri = "out"
shard_size = "256MiB"
"""


def tokenizer_json() -> bytes:
    """A byte-level BPE with every byte, two merges and an added token."""
    chars = byte_chars()
    vocab = {chars[byte]: byte for byte in range(256)} | {"ab": 256, "abab": 257}
    return json.dumps({
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": 258, "content": "<s>", "single_word": False, "lstrip": True, "rstrip": False,
                          "normalized": False, "special": True}],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": "\\p{N}{1,3}|[^\\s]+|\\s+"}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]},
        "post_processor": None, "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                                            "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": vocab, "merges": ["a b", ["ab", "ab"]]},
    }, ensure_ascii=False).encode()


def sentencepiece(model: int) -> bytes:
    """A `.model` of one type with pieces of each kind but bytes."""

    def varint(number: int) -> bytes:
        more = number >> 7
        return bytes([number & 127 | (128 if more else 0)]) + (varint(more) if more else b"")

    def bytes_field(number: int, content: bytes) -> bytes:
        return varint(number << 3 | 2) + varint(len(content)) + content

    def number_field(number: int, value: int) -> bytes:
        return varint(number << 3) + varint(value)

    pieces = [("<unk>", 0, 2), ("<s>", 0, 3), ("\u2581", -3, 1), ("a", -1, 1), ("b", -2, 1), ("ab", -4, 1),
              ("\u2581ab", -5, 1), ("1234", 0, 4), ("o'", -6, 1)]  # fmt: skip
    out = b""
    for text, score, kind in pieces:
        scored = varint(2 << 3 | 5) + struct.pack("<f", score)
        out += bytes_field(1, bytes_field(1, text.encode()) + scored + number_field(3, kind))
    out += bytes_field(2, number_field(3, model) + number_field(35, 0))
    return out + bytes_field(3, number_field(3, 1) + number_field(4, 1) + number_field(5, 1))


def byte_chars() -> dict[int, str]:
    """The character that a byte-level vocabulary spells each byte with."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    chars = {byte: chr(byte) for byte in kept}
    return chars | {byte: chr(256 + n) for n, byte in enumerate(byte for byte in range(256) if byte not in chars)}


CL100K = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
PATTERNS = {
    "cl100k": CL100K,
    "letters": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lo}\p{M}--[a-c]]+(?i:'s|'ll)?|.|\n",
    "looks": r"(?<=\s)\w{2,5}?(?!\d)|(?<!a|bc)(?:ab|a)*+b|^\s+|\s+$|\b.\B|[[:^alpha:]\h-]",
    "goes-back": r"(?>a*?b|(?:a|aa)+c)|(?:x?){20}x{20}y|(?P<n>\u{e9}|\x41)|(?s:.)",
}


def tiktoken(tokens: list[bytes]) -> bytes:
    """A `.tiktoken` file."""
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))


def vocab_txt() -> bytes:
    """A vocabulary of BERT."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = ["hello", "##lo", "a", "##b", "##ab", ",", "!", "12", "##3", "北", "na"]
    return "\n".join(special + words).encode()


def gpt2_files() -> bytes:
    """GPT-2's two files."""
    chars = byte_chars()
    vocab = {chars[byte]: byte for byte in range(256)} | {"ab": 256, "abab": 257, "Ġab": 258, "<|endoftext|>": 259}
    merges = b"#version: 0.2\na b\nab ab\n" + "Ġ ab\n".encode()
    return json.dumps(vocab, ensure_ascii=False).encode() + b"\0" + merges


def settings() -> dict[str, bytes]:
    """The settings of folders, and a vocabulary beside them."""

    def folder(vocabulary: bytes, config: object, special: object = None, added: object = None) -> bytes:
        files = [b"" if file is None else json.dumps(file).encode() for file in (config, special, added)]
        return b"\0".join([*files, vocabulary])

    token = {"content": "<x>", "lstrip": True, "rstrip": False, "normalized": False, "single_word": False}
    byte_tokens = {
        "added_tokens_decoder": {"300": token | {"special": True}, "301": token | {"content": "<y>"}},
        "bos_token": "<x>",
        "extra_special_tokens": ["<z>", token | {"__type": "AddedToken"}],
        "model_specific_special_tokens": {"image_token": "<image>"},
        "chat_template": "{{ messages }}",
    }
    bert = {
        "tokenizer_class": "BertTokenizerFast",
        "do_lower_case": False,
        "strip_accents": None,
        "tokenize_chinese_chars": True,
        "mask_token": token | {"content": "[MASK]"},
        "additional_special_tokens": ["<x>"],
    }
    gpt2 = {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True, "add_bos_token": True, "pad_token": "<p>"}
    special = {"bos_token": "<b>", "additional_special_tokens": ["<s>", token], "sep_token": token | {"special": True}}
    return {
        "bert": folder(vocab_txt(), bert),
        "bert-older": folder(vocab_txt(), None, {"mask_token": "[MASK]", "unk_token": "[UNK]"}, {"<new>": 16}),
        "gpt2": folder(gpt2_files(), gpt2),
        "gpt2-older": folder(gpt2_files(), gpt2, special, {"<s>": 260, "ab ab": 261}),
        "json": folder(tokenizer_json(), byte_tokens),
        "json-older": folder(tokenizer_json(), {"eos_token": "<s>"}, special, {"<q>": 270}),
        "named": folder(b"", {"audio_token": "<a>", "extra_special_tokens": {"video_token": "<v>"}}),
    }


def state(shuffle: str, largest: int) -> bytes:
    """The state of a loader, with numbers up to `largest`."""
    written = {
        "version": 1,
        "epoch": min(largest, 2**32 - 1),
        "seed": largest,
        "shuffle": shuffle,
        "position": largest,
        "dataset": "0123456789abcdef" * 2,
        "plan": "f" * 32,
    }
    return json.dumps(written, separators=(",", ":")).encode()


def tar(tar_format: int, folder: str) -> bytes:
    """Two samples, the second without a class."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tar_format) as archive:
        for name, content in [("1.jpg", b"bytes"), ("1.cls", b"7"), ("2.jpg", b"x" * 513), ("2.txt", "ü".encode())]:
            member = tarfile.TarInfo(folder + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue().rstrip(b"\0") + bytes(1536)


def main() -> None:
    """Writes all seeds."""
    for n_rows in (1, 3):
        write("shard", f"rows-{n_rows}", shard(n_rows))
    for n_shards in (0, 2):
        write("manifest", f"shards-{n_shards}", manifest(n_shards))
    write("jsonl", "lines", JSONL.encode())
    write("jsonl", "odd", ODD.encode())
    for name, tar_format in [("ustar", tarfile.USTAR_FORMAT), ("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT)]:
        write("tar", name, tar(tar_format, "a/"))
        write("tar", f"{name}-long", tar(tar_format, "many letters/" * 10))
    write("pipeline", "all-keys", PIPELINE.encode())
    write("pipeline", "override", b"--set pack.length=512\n" + PIPELINE.encode())
    write("state", "rows", state("rows", 1))
    write("state", "extreme", state("blocks", 2**64 - 1))
    for model, name in enumerate(["unigram", "bpe", "word", "char"], 1):
        write("sentencepiece", name, sentencepiece(model))
    write("tokenizer_json", "bpe", tokenizer_json())
    tokens = [bytes([byte]) for byte in range(256)] + [b"ab", b"abab"]
    write("tiktoken", "bytes", tiktoken(tokens))
    rules = {"pattern": CL100K, "special_tokens": {"<s>": 300, "<|endoftext|>": 301}}
    write("tiktoken_json", "bytes", json.dumps(rules | {"ranks": tiktoken(tokens).decode()}).encode())
    for name, pattern in PATTERNS.items():
        write("pattern", name, f"{pattern}\nHello, WORLD's  12345\r\n aab \u5317 {'x' * 20}\n".encode())
    write("vocab_txt", "bert", vocab_txt())
    write("gpt2_files", "bytes", gpt2_files())
    for name, folder in settings().items():
        write("model_settings", name, folder)
    for case in sorted((ROOT / "tests/fixtures/tokenizer_cases").glob("*.jsonl")):
        with case.open("rb") as lines:
            file = lines.readline().rstrip()
        if len(file) < 6_500:
            write("tokenizer_json", case.stem, file)
    for name, template in TEMPLATES.items():
        write("chat_template", name, template.encode())
    config = {"chat_template": TEMPLATES["angle"], "bos_token": {"content": "<s>"}, "eos_token": "</s>"}
    write("chat_template", "config", b"config\n" + json.dumps(config).encode())


if __name__ == "__main__":
    main()
