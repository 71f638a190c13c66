"""The benches' own pieces: a comparison is worth what they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import corpus
import dataset
import measure
import vocab

PEERS = Path(corpus.__file__).parent
TEXTS = [
    "",
    " ",
    "Hello, world! It's 12345 o'clock.\r\n\r\n  indented\t\ttabs   ",
    "naïve café — “quotes” … 北京 🚀👩‍👩‍👧 ﬁ ǅ İ",
    "a\u00a0b\u2028c\u3000d\n\n\n\ne",
    "don't DON'T we'LL x'ſ",
    "<|endoftext|> is ordinary text <|endofprompt|>",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 4,
]


@pytest.mark.parametrize("name", vocab.VOCABULARIES)
def test_tokenizer_json_says_what_the_ranks_say(name: str) -> None:
    from tokenizers import Tokenizer

    vocabulary, ranks = vocab.VOCABULARIES[name], vocab.read_ranks(vocab.find_ranks(name, None))
    tokenizer = Tokenizer.from_str(vocab.tokenizer_json(vocabulary, ranks))
    encoding = vocab.encoding(vocabulary, ranks)
    for text in TEXTS:
        assert tokenizer.encode(text, add_special_tokens=False).ids == encoding.encode_ordinary(text), repr(text)


def test_every_merge_makes_its_token(ranks: dict[bytes, int]) -> None:
    for token, rank in ranks.items():
        if len(token) > 1:
            left, right = vocab.parts_of(token, rank, ranks)
            assert left + right == token
            assert max(ranks[left], ranks[right]) != rank


def test_html_becomes_its_visible_text() -> None:
    page = "<html><head><title>t</title></head><body><nav>menu</nav><main class='x'><h1>A &amp; b</h1>"
    page += "<p>One<br>two</p><script>f()</script><!-- no --></main></body></html>"
    assert corpus.html_to_text(page) == "A & b\nOne\ntwo"


def test_roff_becomes_its_words() -> None:
    page = '.\\" comment\n.TH LS 1\n.SH NAME\nls \\- list \\fIdirectory\\fR contents\n.B "bold words"\n'
    assert corpus.roff_to_text(page) == "LS 1\nNAME\nls - list directory contents\nbold words"


def test_doc_comments_are_the_doc_comments_only() -> None:
    source = "//! Crate.\n// not this\n/// One.\n/// Two.\nfn f() {}\n//// nor this\n"
    assert corpus.rust_doc_comments(source) == "Crate.\n\nOne.\nTwo."
    assert corpus.python_docstrings('"""A."""\ndef f():\n    """B."""\n') == "A.\n\nB."
    assert corpus.python_docstrings("def f(:") == ""


def make(folder: Path, *args: str) -> dict[str, object]:
    """Runs the corpus maker."""
    command = [sys.executable, PEERS / "corpus.py", folder, "--sources", "python", *args]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_the_corpus_is_the_same_twice_and_repeats_with_variation(tmp_path: Path) -> None:
    first = make(tmp_path / "a", "--size", "2MB", "--file-size", "500kB")
    assert first == make(tmp_path / "b", "--size", "2MB", "--file-size", "500kB")
    files = sorted((tmp_path / "a").glob("part-*.jsonl"))
    assert len(files) >= 4
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert [row["id"] for row in rows] == list(range(len(rows)))
    assert len({row["text"] for row in rows}) == len(rows)
    paragraphs = "one\n\ntwo\n\nthree"
    assert corpus.varied(paragraphs, 1) == "Copy 1.\n\ntwo\n\nthree\n\none"
    assert corpus.varied(paragraphs, 1) != corpus.varied(paragraphs, 4)


def test_parquet_holds_the_same_rows(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    jsonl, parquet = make(tmp_path / "j", "--size", "1MB"), make(tmp_path / "p", "--size", "1MB", "--parquet")
    table = pq.read_table(tmp_path / "p/part-0000.parquet")
    rows = [json.loads(line) for line in (tmp_path / "j/part-0000.jsonl").read_text().splitlines()]
    shared = min(len(rows), table.num_rows)
    assert table.slice(0, shared).to_pylist() == rows[:shared]
    assert parquet["documents"] == table.num_rows >= jsonl["documents"] > 0


def test_a_size_is_bytes() -> None:
    assert corpus.parse_size("2GB") == 2 * 10**9
    assert corpus.parse_size("128MiB") == 128 << 20
    with pytest.raises(Exception, match="expected a size"):
        corpus.parse_size("much")


def test_comparison_names_the_document_that_differs() -> None:
    one = (np.array([1, 2, 3, 4], np.uint32), np.array([2, 0, 2], np.uint32))
    other = (np.array([1, 2, 3, 5], np.uint32), np.array([2, 0, 2], np.uint32))
    dataset.compare("same", one, one)
    with pytest.raises(dataset.Mismatch, match="document 2 differs at token 1: expected .5., got .4."):
        dataset.compare("x", one, other)
    with pytest.raises(dataset.Mismatch, match="expected 2 documents, got 3"):
        dataset.compare("x", one, (one[0], one[1][:2]))
    assert dataset.digest(*one) != dataset.digest(*other)


def test_measuring_counts_children_and_reports_failures() -> None:
    grandchild = "x = b'1' * (100 << 20)"
    child = f'import subprocess, sys; subprocess.run([sys.executable, "-c", "{grandchild}"], check=True)'
    taken = measure.run([sys.executable, "-c", child])
    assert taken.peak_rss_bytes > 100 << 20
    assert taken.cpu_s > 0
    with pytest.raises(measure.CommandFailed, match="status 3"):
        measure.run([sys.executable, "-c", "raise SystemExit(3)"])
