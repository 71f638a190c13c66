"""Every block of Python in the documentation runs as it is written."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

PAGES = sorted([ROOT / "README.md", ROOT / "python/README.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str
    line: int
    """The line of the page at which the text begins, from 1."""


def blocks(page: Path, *languages: str) -> list[Block]:
    """The page's blocks of these languages."""
    text = page.read_text()
    found = [Block(match[1], match[2], text.count("\n", 0, match.start(2)) + 1) for match in FENCE.finditer(text)]
    return [block for block in found if block.language in languages]


def write_corpus(folder: Path) -> None:
    """Some text to tokenize: the repository's own, a document a file."""
    folder.mkdir()
    files = sorted((ROOT / "engine/src").rglob("*.rs"))
    with (folder / "code.jsonl").open("w") as out:
        out.writelines(json.dumps({"text": file.read_text()}) + "\n" for file in files)


def write_pictures(folder: Path) -> None:
    """Some images of two classes."""
    draw = np.random.default_rng(1)
    for number in range(12):
        pixels = draw.integers(0, 256, (30 + number, 40, 3), dtype=np.uint8)
        path = folder / f"class-{number % 2}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a reader has it: the examples, a corpus, pictures, and the
    pipeline file of the README."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    write_corpus(tmp_path / "corpus")
    write_pictures(tmp_path / "pictures")
    pipeline = blocks(ROOT / "README.md", "toml")[0]
    assert "[source]" in pipeline.text and "[sink]" in pipeline.text
    (tmp_path / "text.toml").write_text(pipeline.text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_commands(block: Block, place: Path) -> None:
    """Runs those of the block's lines that call `fuelrail`."""
    commands = [shlex.split(line, comments=True) for line in block.text.splitlines()]
    for command in commands:
        if command[:1] != ["fuelrail"] or "cuda" in command:
            continue
        done = subprocess.run([sys.executable, "-m", *command], cwd=place, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: str(page.relative_to(ROOT))
)
def test_blocks_run(page: Path, place: Path) -> None:
    """One after another, each with what those before it have defined; commands
    that are shown between them too."""
    names: dict[str, object] = {"__name__": page.stem}
    for block in blocks(page, "python", "sh"):
        if block.language == "sh":
            run_commands(block, place)
            continue
        # Empty lines before it let a traceback name the line of the page.
        code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
        exec(code, names)  # noqa: S102


def test_pages_with_python_are_found() -> None:
    """The runner would pass if it found nothing."""
    found = {str(page.relative_to(ROOT)): len(blocks(page, "python")) for page in PAGES}
    assert found["README.md"] >= 3, found
    assert found["python/README.md"] >= 2, found
    assert found["docs/loading.md"] >= 8, found
    assert found["docs/tokenizers.md"] >= 6, found
