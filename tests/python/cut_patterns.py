"""Regular expressions to cut by: those of published tokenizers, and random ones."""

from __future__ import annotations

import random

import tokenizer_peers

_CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_NOT_HAN = (
    r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]",
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]",
)
_HAN_LEAD = r"[^\r\n\p{L}\p{N}]?"
_END = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

# By a model that has it, or what it is for.
PUBLISHED = {
    "gpt2": tokenizer_peers.GPT2,
    "llama3": tokenizer_peers.CL100K,
    "qwen2": tokenizer_peers.QWEN2,
    "qwen3.5": tokenizer_peers.QWEN35,
    "gpt-oss": tokenizer_peers.O200K,
    "tekken": tokenizer_peers.TEKKEN,
    **{
        f"deepseek-v3-{nth}": pattern
        for nth, pattern in enumerate(tokenizer_peers.DEEPSEEK)
    },
    "deepseek-llm-newline": r"[\r\n]",
    "deepseek-llm-letters": r"\s?\p{L}+",
    "deepseek-llm-latin": "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕ]+",
    "deepseek-llm-punctuation": "\\s?[!-/:-~！-／：-～‘-‟\u3000-。]+",
    "deepseek-llm-end": r"\s+$",
    "deepseek-llm-cjk": "[一-龥ࠀ-一가-퟿]+",
    "falcon": "[0-9][0-9][0-9]",
    "bloom": " ?[^(\\s|[.,!?…。，、।۔،])]+",
    "viking": " ?[^(\\s|.,!?…。，、।۔،)]+",
    "cl100k-possessive": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    "phi4": rf"{_CONTRACTION}|[^\r\n\p{{L}}\p{{N}}]?+\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    "bailing": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    "kimi-k2": (
        rf"[\p{{Han}}]+|{_HAN_LEAD}{_NOT_HAN[0]}*{_NOT_HAN[1]}+{_CONTRACTION}?"
        rf"|{_HAN_LEAD}{_NOT_HAN[0]}+{_NOT_HAN[1]}*{_CONTRACTION}?|\p{{N}}{{1,3}}{_END}"
    ),
    "exaone4": rf"{_CONTRACTION}|[^\r\n\p{{L}}\p{{N}}]?(?:\p{{L}}\p{{M}}*(?: \p{{L}}\p{{M}}*)*)+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+",
    "seed-oss": rf"{_CONTRACTION}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "youtu": "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥\u3040-ゟ゠-ヿ]+",
    "command-r": r"\p{N}",
    "chameleon-image": "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
    "chameleon-space": "([\\t\\n]|    |  )",
    "clip": r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    "thousands": r"\d{1,3}(?=(?:\d{3})*\b)",
    "thousands-empty": r"(?=(\d{3})+(?!\d))",
    "thousands-behind": r"(?<!\d)\d{1,3}(?=(\d{3})+(?!\d))|\d+",
    "t5-spaces": " {2,}",
    "one-space": r"(?<=\S) (?=\S)",
    "blank": r"[^\S\n]+",
    "words": r"\b\w+\b|[^\w\s]+",
    "not-words": r"\W+",
    "camel-case": r"(?<=[a-z])(?=[A-Z])",
    "line-starts": "^|$",
    "punctuation": "[[:punct:]]",
    "line-breaks": r"\R+",
    "empty": "",
}

ATOMS = (
    "a", "b", "c", "ab", "s", "'", " ", "\n", "\r", "é", "漢", "1", "-", "_", "\\.", " ?", r"\s", r"\S", r"\w", r"\W", r"\d", r"\D", r"\h",
    r"\H", r"\n", r"\t", r"\R", r"\p{L}", r"\P{L}", r"\p{^N}", r"\p{Lu}", r"\p{Han}", "[a-c]", "[^a-c]", r"[^\s\p{L}\p{N}]", r"[\p{L}\p{M}]",
    r"[\r\n]", "[a-z&&[^b]]", "[^a&&b]", r"[\w'-]", "[[:alpha:]_]", "[^[:space:]]", "[[:punct:]]", "[ab[cd]]", r"[^\W_]", ".", r"\x41",
    r"\x{6f22}", r"\u00e9", r"\-", r"[.\-]", "[-a]", "[a-]", r"[\]\[]", "{", "}", "]", "[!-/]", r"\p{Alpha}", r"[\p{Punct}]", r"[\p{Alnum}]",
    r"\<", r"\p{Word}", r"[\h]", "²", "[²]", r"\u200c",
)  # fmt: skip
ANCHORS = ("^", "$", r"\A", r"\z", r"\Z", r"\b", r"\B")
TIMES = (
    "*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,2}", "{1,}", "{,2}", "{1,3}?", "{2,}?", "{2}+", "{1,2}+", "{0,1}", "{0}",
)  # fmt: skip
TOKENS = (
    *"aabbccABC sS'  \n\n\r1-_.é漢É{}[]/²AKkſ",
    "\r\n",
    "  ",
    "\n\n",
    "ab",
    "abc",
    "'s",
    "\u200c",
    "\u2028",
    "1a",
    "e\u0301",
    "ß",
    "ﬁ",
)


def pattern(rng: random.Random, depth: int = 3) -> str:
    """A random regular expression, which may be none."""

    def part() -> str:
        return pattern(rng, depth - 1)

    kind = rng.random()
    if depth == 0 or kind < 0.35:
        return rng.choice(ATOMS)
    if kind < 0.5:
        return part() + part()
    if kind < 0.65:
        return (
            f"(?:{part()}|{part()})"
            if rng.random() < 0.7
            else f"({part()}|{part()}|{part()})"
        )
    if kind < 0.8:
        return f"(?:{part()}){rng.choice(TIMES)}"
    if kind < 0.85:
        return f"{rng.choice(['(?=', '(?!', '(?>', '(?<=', '(?<!'])}{part()})"
    if kind < 0.9:
        return rng.choice(ANCHORS)
    if kind < 0.93:
        return f"{rng.choice(['(?i:', '(?i)(?:', '(?m:', '(?i-m:', '(?-i:'])}{part()})"
    return f"{part()}|{part()}"


def text(rng: random.Random) -> str:
    return "".join(rng.choice(TOKENS) for _ in range(rng.choice([1, 2, 4, 8, 16, 30])))
