"""A vocabulary as every peer wants it: ranks, tiktoken encoding,
tokenizer.json. It is read from a ``.tiktoken`` file, never from the network."""

from __future__ import annotations

import base64
import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path



@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary of OpenAI's, and how words are cut for it."""

    name: str
    pattern: str
    # The same language in the spelling that tokenizer.json files carry.
    plain_pattern: str
    # What gigatoken calls the pattern.
    scheme: str
    special: dict[str, int]


_ENDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_LEAD, _SPACES = r"[^\r\n\p{L}\p{N}]?", r"|\s*[\r\n]+|\s+(?!\S)|\s+"
_O200K = (
    rf"{_LEAD}{_UPPER}*{_LOWER}+{_ENDS}?|{_LEAD}{_UPPER}+{_LOWER}*{_ENDS}?|\p{{N}}{{1,3}}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*" + _SPACES
)
VOCABULARIES = {
    "cl100k_base": Vocabulary(
        "cl100k_base",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
        r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
        rf"{_ENDS}|{_LEAD}\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*" + _SPACES,
        "gpt4",
        {
            "<|endoftext|>": 100257,
            "<|fim_prefix|>": 100258,
            "<|fim_middle|>": 100259,
            "<|fim_suffix|>": 100260,
            "<|endofprompt|>": 100276,
        },
    ),
    "o200k_base": Vocabulary(
        "o200k_base", _O200K, _O200K, "o200k", {"<|endoftext|>": 199999, "<|endofprompt|>": 200018}
    ),
}


def find_ranks(name: str, given: Path | None) -> Path:
    """The rank file given, or the one of a crate that Cargo has fetched."""
    if given is not None:
        return given
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    for ending in (".tiktoken", ".tiktoken.gz"):
        found = sorted((home / "registry/src").glob(f"*/*/*/{name}{ending}"))
        if found:
            return found[-1]
    raise FileNotFoundError(f"no {name}.tiktoken among the crates Cargo has fetched; pass --ranks FILE")


def read_ranks(path: Path) -> dict[bytes, int]:
    """Token bytes to rank."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    pairs = (line.split() for line in raw.splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in pairs}


def write_ranks(ranks: dict[bytes, int], path: Path) -> None:
    """A plain ``.tiktoken`` file, for peers that cannot read a packed one."""
    lines = (f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in ranks.items())
    path.write_text("".join(lines))


def encoding(vocabulary: Vocabulary, ranks: dict[bytes, int]):
    """The ranks as a tiktoken encoding."""
    import tiktoken

    special = vocabulary.special
    return tiktoken.Encoding(
        vocabulary.name, pat_str=vocabulary.pattern, mergeable_ranks=ranks, special_tokens=special
    )


def byte_chars() -> dict[int, str]:
    """The printable stand-in of each byte, as GPT-2 and Hugging Face write them."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    chars = {byte: chr(byte) for byte in kept}
    others = (byte for byte in range(256) if byte not in chars)
    return chars | {byte: chr(256 + n) for n, byte in enumerate(others)}


def parts_of(token: bytes, rank: int, ranks: dict[bytes, int]) -> tuple[bytes, bytes]:
    """The two tokens whose merge makes ``token``: what BPE with lower ranks
    alone leaves of it."""
    parts = [bytes([byte]) for byte in token]
    while len(parts) > 2:
        candidates = ((ranks.get(a + b, rank), at) for at, (a, b) in enumerate(zip(parts, parts[1:])))
        best, at = min(candidates)
        if best >= rank:
            break
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    if len(parts) != 2:
        raise ValueError(f"no merge makes token {rank}")
    return parts[0], parts[1]


def tokenizer_json(vocabulary: Vocabulary, ranks: dict[bytes, int]) -> str:
    """The ranks as a Hugging Face tokenizer.json, without special tokens: the
    benches encode ordinary text, and Hugging Face would give them other ids
    where ids have holes, as these do."""
    chars = byte_chars()
    shown = lambda token: "".join(chars[byte] for byte in token)  # noqa: E731
    ordered = sorted(ranks.items(), key=lambda pair: pair[1])
    merges = [parts_of(token, rank, ranks) for token, rank in ordered if len(token) > 1]
    split = {"type": "Split", "pattern": {"Regex": vocabulary.plain_pattern}, "behavior": "Isolated", "invert": False}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [],
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
            "post_processor": None,
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "byte_fallback": False,
                "ignore_merges": True,
                "vocab": {shown(token): rank for token, rank in ordered},
                "merges": [[shown(a), shown(b)] for a, b in merges],
            },
        },
        ensure_ascii=False,
    )
