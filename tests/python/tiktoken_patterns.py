"""Patterns with which `.tiktoken` files are read, and tiktoken with them."""

from __future__ import annotations

import functools

import tiktoken
import tokenizer_peers as peers

SPECIAL = {"<|a|>": 100_300, "<|b|>": 100_301, "\u5317\u4eac": 100_400}
# Patterns of models, and of what regular expressions can say.
HAN = r"[\p{Han}]+"
PATTERNS = {
    "kimi": "|".join(
        [
            HAN,
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"
            r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
            r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        ]
    ),
    "qwen3.5": peers.QWEN35,
    "tekken": peers.TEKKEN,
    "single digits": rf"(?:{peers.QWEN2})",
    "dollars": r"^\s+|\s+$|\w+|[^\w\s]+|\s",
    "possessive": r"\p{L}{2,5}+|\p{N}{1,2}+|.|\n",
    "lazy": r"\p{L}+?\b|\P{L}{1,4}?(?=\p{L}|$)|(?s:.)",
    "letters of any case": r"(?i:the|ss|k|\u{e9})|(?i:[^a-m\s])|(?s:.)",
    "gaps": r"\p{L}+|\p{Nd}+",
    "bytes": r"(?s:.)",
    "whole": r"(?s).+",
    "look behind": r"(?<=\s)\p{L}+|(?<!\s)\p{L}+|\s+|[^\p{L}\s]+",
    "posix": r"[[:alpha:]]+|[[:^alpha:]]+",
}  # fmt: skip


@functools.cache
def encoding(pattern: str, **special: int) -> tiktoken.Encoding:
    ranks = peers.ranks("cl100k_base")
    return tiktoken.Encoding("mine", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special)
