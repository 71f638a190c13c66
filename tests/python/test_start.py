"""docs/start.md, typed from top to bottom in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

import fuelrail as fr

FENCE = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_runs_as_it_is_written(fuelrail, tmp_path):
    blocks = FENCE.findall((ROOT / "docs/start.md").read_text())
    assert [language for language, _ in blocks].count("sh") >= 5
    assert blocks[-1][0] == "python"
    path = os.pathsep.join([str(Path(fuelrail.path).resolve().parent), os.environ["PATH"]])
    environ = {**os.environ, "PATH": path, "PYTHONPATH": str(Path(fr.__path__[0]).parent)}
    printed = ""
    for language, text in blocks:
        command = ["sh", "-eu", "-c", text] if language == "sh" else [sys.executable, "-W", "error", "-c", text]
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        printed += done.stdout
    assert "wrote fuelrail.toml" in printed
    assert printed.endswith("(4, 32) 1\n"), printed[-200:]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "fuelrail.toml", "shards"]


def test_the_command_of_the_package_is_the_same(fuelrail, tmp_path):
    """``fuelrail`` of the package's entry point is ``python -m fuelrail``, which
    prints what the binary prints."""
    metadata = (ROOT / "python/pyproject.toml").read_text()
    assert '[project.scripts]\nfuelrail = "fuelrail._cli:main"\n' in metadata
    main = (ROOT / "python/fuelrail/__main__.py").read_text()
    assert "from fuelrail._cli import main" in main
    for args in (["--help"], ["init", "--help"], ["help", "shard"], ["--version"]):
        done = subprocess.run([sys.executable, "-m", "fuelrail", *args], capture_output=True, text=True, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, fuelrail(*args).stdout), done
