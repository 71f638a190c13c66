"""`fuelrail tokenize` shows what `fr.Tokenizer` gives: ids, offsets, counts."""

from __future__ import annotations

import json
import subprocess
import sys

import fuelrail as fr
import pytest
from tokenizer_files import N_MODEL, file, template

TEXTS = ["Hello wörld", "", "北京 🦀"]


def tokenize(*args: str, lines: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fuelrail", "tokenize", *args]
    return subprocess.run(command, input=lines, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path):
    """A model's folder, whose tokenizer puts tokens around a text."""
    around = template({"<s>": N_MODEL, "</s>": N_MODEL + 1}, "<s>", "$A", "</s>")
    (tmp_path / "tokenizer.json").write_text(json.dumps(file(post_processor=around)))
    return str(tmp_path)


@pytest.mark.parametrize("unit", ["chars", "bytes"])
def test_offsets_and_counts_are_those_of_the_library(folder, unit):
    ours = fr.Tokenizer(folder)
    wanted = [ours.encode_tokens(text, special="text", offsets=unit) for text in TEXTS]
    shown = json.loads(tokenize("-t", folder, "--offsets", unit, "--json", *TEXTS).stdout)["texts"]
    assert [text["ids"] for text in shown] == [encoding.ids for encoding in wanted]
    assert [text["offsets"] for text in shown] == [[list(span) for span in encoding.offsets] for encoding in wanted]
    lines = "".join(json.dumps(text) + "\n" for text in TEXTS)
    found = [json.loads(line) for line in tokenize("-t", folder, "--offsets", unit, "--jsonl", lines=lines).stdout.splitlines()]
    assert found == [{"ids": text["ids"], "offsets": text["offsets"]} for text in shown]
    for more in ([], ["--no-special-tokens"]):
        counts = ours.count_batch(TEXTS, add_special_tokens=not more).tolist()
        assert json.loads(tokenize("-t", folder, "--count", "--json", *more, *TEXTS).stdout) == {"counts": counts}
        done = tokenize("-t", folder, "--count", "--jsonl", *more, lines=lines)
        assert [int(line) for line in done.stdout.splitlines()] == counts
    assert tokenize("-t", folder, "--count", "hello").stdout.strip() == str(ours.count("hello"))


def test_text_shows_places_before_tokens():
    done = tokenize("-t", "gpt2", "--offsets", "chars", "Hello world")
    assert done.stdout.splitlines() == ["2 tokens", '  15496       0..5     "Hello"', '    995       5..11    " world"']


@pytest.mark.parametrize("other", [["--decode"], ["--offsets", "chars"]])
def test_a_count_is_all_that_is_shown(other):
    done = tokenize("--count", *other, "1")
    assert done.returncode == 2
    assert "cannot be used with" in done.stderr
