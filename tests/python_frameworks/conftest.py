"""What the tests of examples and documentation share: a dataset to learn from,
and runs of programs whose output is read line by line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import fuelrail as fr
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
# One thread for what does not ask: the tests share a small machine.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples' dataset, of fewer documents: an epoch has some 20 batches
    of 16 rows, and the last is not full."""
    folder = tmp_path_factory.mktemp("gpt")
    # The text is this repository's, so how many rows it has changes.
    for limit in range(650, 660):
        pipeline = fr.Pipeline.from_file(EXAMPLES / "gpt.toml", set=[f"source.limit={limit}"])
        dataset = pipeline.shard(folder / str(limit), progress="never")
        if len(dataset) % 16 != 0:
            assert 16 * 12 < len(dataset) < 16 * 36, len(dataset)
            return folder / str(limit)
    raise AssertionError("expected a number of rows that 16 does not divide")


class Program:
    """A Python program that is running; what it prints is read as it comes."""

    def __init__(self, *command: object) -> None:
        self.command = [sys.executable, *map(str, command)]
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=ROOT
        )

    def lines(self, count: int) -> list[str]:
        """The next `count` lines, or fewer if it ends before."""
        assert self.process.stdout is not None
        lines = [line for _ in range(count) if (line := self.process.stdout.readline())]
        if len(lines) < count:
            self.finish()
        return lines

    def kill(self) -> list[str]:
        """Ends it by SIGKILL; the lines that it still printed."""
        self.process.kill()
        rest, _ = self.process.communicate(timeout=60)
        return rest.splitlines(keepends=True)

    def finish(self) -> list[str]:
        """The lines that are left of a run that ends well."""
        rest, complaints = self.process.communicate(timeout=300)
        assert self.process.returncode == 0, f"{self.command}: status {self.process.returncode}\n{complaints}"
        return rest.splitlines(keepends=True)
