"""What Hugging Face's normalizers and pre-tokenizers make of texts, and what
kernels/examples/cut_jsonl.rs makes of them."""

from __future__ import annotations

import base64
import json
import random
import struct
import subprocess
from collections.abc import Iterable, Sequence
from typing import Any

import tokenizer_peers
from tokenizers import PreTokenizedString, Tokenizer

Word = tuple[str, int, int]
# A component of the file format.
Component = dict[str, Any] | None

EVERY_CHAR = {
    "type": "Split",
    "pattern": {"String": ""},
    "behavior": "Isolated",
    "invert": False,
}
BEHAVIORS = (
    "Removed",
    "Isolated",
    "MergedWithPrevious",
    "MergedWithNext",
    "Contiguous",
)


def ours(cases: Iterable[tuple[Component, Component, Sequence[str]]]) -> list[Any]:
    """For each normalizer, pre-tokenizer and texts, the words of each text, or
    an error."""
    lines = [json.dumps({"normalizer": n, "pre_tokenizer": p, "texts": texts}) for n, p, texts in cases]
    done = subprocess.run(
        [tokenizer_peers.built_example("cut_jsonl")], input="\n".join(lines).encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.decode().split("\n") if line]


def file(normalizer: Component, pre_tokenizer: Component) -> str:
    """A `tokenizer.json` with these components."""
    model = {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"}
    return json.dumps(
        {
            "version": "1.0",
            "normalizer": normalizer,
            "pre_tokenizer": pre_tokenizer,
            "model": model,
        }
    )


def theirs(normalizer: Component, pre_tokenizer: Component, texts: Iterable[str]) -> list[list[Word]]:
    """The words of each text by Hugging Face."""
    tokenizer = Tokenizer.from_str(file(normalizer, pre_tokenizer))
    return [_cut(tokenizer, text) for text in texts]


def _cut(tokenizer: Tokenizer, text: str) -> list[Word]:
    pieces = PreTokenizedString(text)
    if tokenizer.normalizer is not None:
        pieces.normalize(tokenizer.normalizer.normalize)
    if tokenizer.pre_tokenizer is not None:
        tokenizer.pre_tokenizer.pre_tokenize(pieces)
    # Added tokens are taken out before, by which an empty text has no piece.
    return [(word, *span) for word, span, _ in pieces.get_splits("original", "char") if word]


def differences(
    cases: Sequence[tuple[Component, Component, Sequence[str]]],
) -> list[str]:
    """Where the two differ, one for each case that does."""
    found = []
    for (normalizer, pre_tokenizer, texts), results in zip(cases, ours(cases), strict=True):
        what = f"{json.dumps(normalizer)[:300]} {json.dumps(pre_tokenizer)}"
        if isinstance(results, str):
            found.append(f"{what}: {results}")
            continue
        expected = theirs(normalizer, pre_tokenizer, texts)
        for text, mine, wanted in zip(texts, results, expected, strict=True):
            if mine != [list(word) for word in wanted]:
                found.append(f"{what}: {text!r}\n  gives {mine}\n  wants {wanted}")
                break
    return found


def charsmap(rules: dict[bytes, str]) -> str:
    """The base64 of a table of replacements, as SentencePiece stores it: a
    double-array trie whose nodes each have 256 units of their own."""
    replacements, value_of = b"", {}
    for key, new in rules.items():
        value_of[key] = len(replacements)
        replacements += new.encode() + b"\0"
    prefixes = sorted({key[:n] for key in rules for n in range(len(key) + 1)})
    base = {prefix: 256 * (nth + 1) for nth, prefix in enumerate(prefixes)}
    units = [0] * (256 * (len(prefixes) + 1))

    def leads(at: int, prefix: bytes) -> int:
        # Bases are multiples of 256, which bit 9 lets distances count in.
        offset = at ^ base[prefix]
        far = offset & 0xFF == 0
        return (offset >> 8 << 10 | 1 << 9) if far else offset << 10

    units[0] = leads(0, b"")
    for prefix in prefixes:
        for label in range(1, 256):
            child = prefix + bytes([label])
            if child in base:
                at = base[prefix] ^ label
                has_value = child in value_of
                units[at] = leads(at, child) | label | has_value << 8
        if prefix in value_of:
            units[base[prefix]] = value_of[prefix] | 1 << 31
    trie = b"".join(struct.pack("<I", unit) for unit in units)
    return base64.b64encode(struct.pack("<I", len(trie)) + trie + replacements).decode()


RULES = {
    "ﬁ": "fi", "½": "1/2", "\u200d": "", "\u00ad": "", "\t": " ", "\n": " ", "é": "e", "e\u0301": "é", "か\u3099": "が",
    "ｶ": "カ", "㍿": "株式会社", "\u1100\u1161": "가", "\r\n": " ", "🦀": "crab", "\u0301": "", "ab": "AB", "漢": "漢字", " ": "\u00a0",
    "\u0e33": "\u0e4d\u0e32", "ẞ": "ss", "'": "’’",
}  # fmt: skip


class Components:
    """Random components of every type."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def flag(self) -> bool:
        return self.rng.random() < 0.5

    def pattern(self) -> dict[str, str]:
        literals = [
            "a",
            " ",
            "ab",
            "'s",
            "é",
            "\u0301",
            "漢",
            "  ",
            "\n",
            ".",
            "1",
            "-",
            "",
            "|",
            "#",
            "a-b",
            "🦀",
        ]
        regexes = [
            " ",
            " {2,}",
            r"\s+",
            r"\p{N}",
            r"\p{L}+",
            r"[^\s]",
            "a|b",
            r"\n+",
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)",
            tokenizer_peers.CL100K,
        ]
        if self.flag():
            return {"String": self.rng.choice(literals)}
        return {"Regex": self.rng.choice(regexes)}

    def normalizer(self, kind: str | None = None) -> Component:
        rng = self.rng
        kind = kind or rng.choice(NORMALIZERS)
        options: dict[str, Any] = {}
        if kind == "BertNormalizer":
            options = {name: self.flag() for name in ("clean_text", "handle_chinese_chars", "lowercase")}
            options["strip_accents"] = rng.choice([True, False, None])
        elif kind == "Strip":
            options = {"strip_left": self.flag(), "strip_right": self.flag()}
        elif kind == "Replace":
            options = {
                "pattern": self.pattern(),
                "content": rng.choice(["", "x", "▁", "ab", "é漢", " "]),
            }
        elif kind == "Prepend":
            options = {"prepend": rng.choice(["▁", " ", "ab", "é漢"])}
        elif kind == "Precompiled":
            keys = rng.sample(sorted(RULES), rng.randrange(1, len(RULES)))
            options = {"precompiled_charsmap": charsmap({key.encode(): RULES[key] for key in keys})}
        elif kind == "Sequence":
            plain = [name for name in NORMALIZERS if name != "Sequence"]
            options = {"normalizers": [self.normalizer(rng.choice(plain)) for _ in range(rng.randrange(4))]}
        return {"type": kind, **options}

    def pre_tokenizer(self, kind: str | None = None) -> Component:
        rng = self.rng
        kind = kind or rng.choice(PRE_TOKENIZERS)
        options: dict[str, Any] = {}
        if kind == "ByteLevel":
            options = {
                "add_prefix_space": self.flag(),
                "trim_offsets": self.flag(),
                "use_regex": self.flag(),
            }
        elif kind == "CharDelimiterSplit":
            options = {"delimiter": rng.choice(" a-漢\u0301\n")}
        elif kind == "Digits":
            options = {"individual_digits": self.flag()}
        elif kind == "FixedLength":
            options = {"length": rng.choice([1, 2, 3, 5, 100])}
        elif kind == "Metaspace":
            scheme = rng.choice(["first", "never", "always"])
            options = {
                "replacement": rng.choice("▁▁_ a"),
                "prepend_scheme": scheme,
                "split": self.flag(),
            }
        elif kind == "Punctuation":
            options = {"behavior": rng.choice(BEHAVIORS)}
        elif kind == "Split":
            options = {
                "pattern": self.pattern(),
                "behavior": rng.choice(BEHAVIORS),
                "invert": self.flag(),
            }
        elif kind == "Sequence":
            plain = [name for name in PRE_TOKENIZERS if name != "Sequence"]
            options = {"pretokenizers": [self.pre_tokenizer(rng.choice(plain)) for _ in range(rng.randrange(4))]}
        return {"type": kind, **options}


NORMALIZERS = (
    "BertNormalizer", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Lowercase", "Strip", "StripAccents", "Replace", "Prepend", "ByteLevel",
    "Precompiled", "Sequence",
)  # fmt: skip
PRE_TOKENIZERS = (
    "BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "FixedLength", "Metaspace", "Punctuation", "Sequence", "Split",
    "UnicodeScripts", "Whitespace", "WhitespaceSplit",
)  # fmt: skip
