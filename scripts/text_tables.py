#!/usr/bin/env python3
"""Writes the tables of kernels/src/tokenize/text/tables from Hugging Face tokenizers.

    target/venv/bin/python scripts/text_tables.py [--check]

Its components answer by tables of several versions of Unicode, so that no one
version gives its ids. What they do with each codepoint is asked here, through
the wheel alone, and stored as ranges.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import tokenizers
from tokenizers import normalizers, pre_tokenizers

FOLDER = Path(__file__).resolve().parents[1] / "kernels/src/tokenize/text/tables"
CODEPOINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
NEXT = {0xD7FF: 0xE000}

Range = tuple[int, int]


def ranges(codepoints: Iterable[int]) -> list[Range]:
    found: list[Range] = []
    for c in codepoints:
        if found and NEXT.get(found[-1][1], found[-1][1] + 1) == c:
            found[-1] = (found[-1][0], c)
        else:
            found.append((c, c))
    return found


def punctuation() -> list[Range]:
    pre_tokenizer = pre_tokenizers.Punctuation("isolated")
    # Two letters around it: it is cut out if it is punctuation.
    return ranges(
        c for c in CODEPOINTS if len(pre_tokenizer.pre_tokenize_str(f"a{chr(c)}a")) == 3
    )


def bert(**options: bool) -> normalizers.Normalizer:
    given = {
        "clean_text": False,
        "handle_chinese_chars": False,
        "strip_accents": False,
        "lowercase": False,
    }
    return normalizers.BertNormalizer(**(given | options))


def removed() -> list[Range]:
    normalizer = bert(clean_text=True)
    return ranges(c for c in CODEPOINTS if normalizer.normalize_str(chr(c)) == "")


def nonspacing() -> list[Range]:
    nfd, strip = normalizers.NFD(), bert(strip_accents=True)
    # What NFD takes apart never meets the test.
    whole = (c for c in CODEPOINTS if nfd.normalize_str(chr(c)) == chr(c))
    return ranges(c for c in whole if strip.normalize_str(chr(c)) == "")


def scripts() -> tuple[int, list[tuple[int, int, int]]]:
    cut = pre_tokenizers.UnicodeScripts().pre_tokenize_str
    # Characters of no script are dropped where a text starts with them.
    known = [c for c in CODEPOINTS if cut(chr(c))]
    runs = [text for text, _ in cut("".join(map(chr, known)))]
    first_of_script: list[str] = []
    found: list[tuple[int, int, int]] = []
    for run in runs:
        same = (
            nth for nth, c in enumerate(first_of_script) if len(cut(c + run[0])) == 1
        )
        script = next(same, len(first_of_script))
        if script == len(first_of_script):
            first_of_script.append(run[0])
        found += [(start, end, script) for start, end in ranges(map(ord, run))]
    return len(first_of_script), found


def rows(entries: list[str]) -> str:
    lines, line = [], "   "
    for entry in entries:
        if len(line) + len(entry) + 2 > 140:
            lines.append(line)
            line = "   "
        line += f" {entry},"
    return "\n".join([*lines, line])


def pairs(name: str, doc: str, table: list[Range]) -> str:
    body = rows([f"({start:#x}, {end:#x})" for start, end in table])
    return f"/// {doc}\n#[rustfmt::skip]\npub(crate) const {name}: &[(u32, u32)] = &[\n{body}\n];\n"


def files() -> dict[str, str]:
    made = f"//! Made by `scripts/text_tables.py` from tokenizers {tokenizers.__version__}; do not edit."
    n_scripts, table = scripts()
    body = rows([f"({start:#x}, {end:#x}, {script})" for start, end, script in table])
    doc = (
        f"/// The {n_scripts} scripts, numbered as they come; all other characters, the space\n"
        "/// among them, belong to none.\n#[rustfmt::skip]"
    )
    return {
        "categories.rs": "\n".join(
            [
                f"//! Characters by what `BertNormalizer` and `Punctuation` do with them.\n//!\n{made}\n",
                pairs(
                    "PUNCTUATION",
                    "What `Punctuation` and `BertPreTokenizer` cut out.",
                    punctuation(),
                ),
                pairs(
                    "REMOVED",
                    "What the `clean_text` of `BertNormalizer` removes.",
                    removed(),
                ),
                pairs("NONSPACING", "What its `strip_accents` removes.", nonspacing()),
            ]
        ),
        "scripts.rs": "\n".join(
            [
                f"//! Scripts as `UnicodeScripts` tells them apart.\n//!\n{made}\n",
                doc,
                f"pub(crate) const SCRIPTS: &[(u32, u32, u8)] = &[\n{body}\n];\n",
            ]
        ),
    }


def main() -> int:
    stale = False
    for name, text in files().items():
        path = FOLDER / name
        if "--check" not in sys.argv:
            path.write_text(text)
        elif path.read_text() != text:
            print(f"{path} is not what scripts/text_tables.py writes", file=sys.stderr)
            stale = True
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
