"""Texts for the tests of `tokenize`: real ones, and ones that hit the corners
of split patterns, merges and added tokens."""

from __future__ import annotations

import functools
import os
import random
import sysconfig
from pathlib import Path

FULL = bool(os.environ.get("FUELRAIL_TEST_FULL"))

# Letters of each case and script, digits, marks, spaces, newlines, and the
# characters that patterns name.
CHARS = (
    list("aabcdefstrvmldABSTRVMLD0123456789  \n\n\r\t'''\"/.,!?-_<|>()")
    + ["ſ", "K", "ß", "é", "É", "e\u0301", "\u0301", "\u0308", "ǅ", "ǈ", "ʰ", "ª", "漢", "字", "あ", "한", "\u1100\u1161"]
    + ["я", "Я", "ا", "ה", "ก", "\u0e31", "अ", "\u093f", "٣", "Ⅷ", "½", "²", "३", "🦀", "👩\u200d🔬", "\u200b", "\u200d"]
    + ["\u00a0", "\u2003", "\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\u3000", "\u1680", "’", "…", "—", "。", "\ufffd", "\x00", "\x7f", "\u00ad"]
    + ["\U0001d4b3", "\U0001e900", "\U0010ffff", "\ue000", "\u0378", "\U00011de1", "\U00016ff5"]
)
WORDS = ["'s", "'S", "'re", "'LL", "'ſ", "don't", "I'VE", "they'd", "  ", "\n\n", " \n ", "\r\n", "hello", "World", " the", "HTTPServer", "camelCase", "漢字ABC", "1234567", "...", "//", "<|endoftext|>", "<|fim_prefix|>", "<|", "|>"]


@functools.cache
def real() -> tuple[str, ...]:
    """Documents found on any machine with Python, and Rust's where it is."""
    library = Path(sysconfig.get_paths()["stdlib"])
    sources = sorted(library.glob("*.py")) + sorted(library.glob("encodings/*.py"))
    others = sorted(Path("/usr/share/i18n/locales").glob("*"))
    docs = sorted(Path.home().glob(".rustup/toolchains/*/share/doc/rust/html/book/*.html"))
    limit = None if FULL else 60
    rng = random.Random(1)
    texts = []
    for group in (sources, others, docs):
        rng.shuffle(group)
        for path in group[:limit]:
            if path.is_file():
                texts.append(path.read_text("utf-8", errors="replace")[: None if FULL else 40_000])
    return tuple(texts)


@functools.cache
def mixed(n_texts: int, seed: int = 2) -> tuple[str, ...]:
    """Random strings of the characters above, short and long, and some of
    any codepoint at all."""
    rng = random.Random(seed)
    texts = []
    for nth in range(n_texts):
        length = rng.choice([1, 2, 3, 5, 8, 20, 60])
        pool = rng.choice([CHARS, WORDS, CHARS + WORDS, rng.sample(CHARS, 3), None])
        if pool is None:
            codes = (rng.choice([0x80, 0x800, 0x10000, 0x110000]) for _ in range(length))
            picked = [rng.randrange(limit) for limit in codes]
            texts.append("".join(chr(c) for c in picked if not 0xD800 <= c < 0xE000))
        else:
            texts.append("".join(rng.choice(pool) for _ in range(length)))
    return tuple(texts)


@functools.cache
def codepoints() -> tuple[str, ...]:
    """Every codepoint (a part of the rare planes, unless FUELRAIL_TEST_FULL)
    between characters of each class."""
    step = 1 if FULL else 101
    codes = [*range(0x3400), *range(0xA000, 0xAC00), *range(0xD7A0, 0xD800), *range(0xE000, 0xE010)]
    codes += [*range(0xF900, 0x10000), *range(0x10000, 0x12000), *range(0x16A00, 0x17000), *range(0x1D000, 0x20000)]
    codes += range(0, 0xD800, step)
    codes += range(0xE000, 0x110000, step)
    frames = ["a{0}b {0}c", "A{0}B'{0}", "1{0}2 3{0}", "{0}'s!{0}\n", "漢{0}{0}A \t{0}", " {0}\n{0} "]
    chars = sorted(set(codes))
    texts = []
    for start in range(0, len(chars), 50):
        block = chars[start : start + 50]
        texts.append("".join(frame.format(chr(c)) for c in block for frame in frames))
    return tuple(texts)


def runs(length: int) -> list[str]:
    """One thing again and again; where quadratic algorithms show."""
    units = ["a", "A", "ab", " ", "\n", " \n", "\t", "1", "'", "'s", "漢", "漢A", "é", "e\u0301", "!", "/", "🦀", "\u00a0", "aA", "0a", "."]
    return [(unit * length)[:length] + tail for unit in units for tail in ("", "b", " b")]
