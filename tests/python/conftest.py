"""What the Python tests share: the built command line, and a rule that a
skipped test is a failed run unless FUELRAIL_ALLOW_SKIPS=1."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "benches/peers"
sys.path.insert(0, str(PEERS))


@dataclass(frozen=True)
class Fuelrail:
    """The command line under test."""

    path: Path

    def __call__(self, *args: object, status: int = 0, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Runs it and checks its exit status."""
        command = [str(self.path), *map(str, args)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=600)
        assert done.returncode == status, f"{command}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *args: object, cwd: Path | None = None) -> object:
        """Runs it with --json and returns what it printed."""
        return json.loads(self(*args, "--json", cwd=cwd).stdout)


@pytest.fixture(scope="session")
def fuelrail() -> Fuelrail:
    """The built command line; FUELRAIL_BIN says where if not in target/release."""
    path = Path(os.environ.get("FUELRAIL_BIN", ROOT / "target/release/fuelrail"))
    assert path.is_file(), f"no {path}: build it with cargo build --release --workspace --bins"
    return Fuelrail(path)


@pytest.fixture(scope="session")
def ranks() -> dict[bytes, int]:
    """cl100k_base, from the crate that the build has fetched."""
    import vocab

    return vocab.read_ranks(vocab.find_ranks(None))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says that skipped tests fail the run."""
    if _refused_skips(terminalreporter):
        terminalreporter.write_line("skipped tests fail this run; set FUELRAIL_ALLOW_SKIPS=1 to allow them")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Turns a run with skipped tests into a failed one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == 0 and reporter is not None and _refused_skips(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _refused_skips(reporter: pytest.TerminalReporter) -> bool:
    return bool(reporter.stats.get("skipped")) and os.environ.get("FUELRAIL_ALLOW_SKIPS") != "1"
