"""What the Python tests share: the built command line."""

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
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The datasets that the `sample_datasets` binary of the test crate writes."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.run(["cargo", "build", "--release", "--workspace"], cwd=ROOT, check=True)
    directory = tmp_path_factory.mktemp("samples")
    subprocess.run([target / "release" / "sample_datasets", directory], check=True)
    return directory


@pytest.fixture(scope="session")
def ranks() -> dict[bytes, int]:
    """cl100k_base, from the crate that the build has fetched."""
    import vocab

    return vocab.read_ranks(vocab.find_ranks("cl100k_base", None))


@pytest.fixture(scope="session")
def numbered(tmp_path_factory: pytest.TempPathFactory, fuelrail: Fuelrail) -> Path:
    """A dataset of 1,000 rows in some shards, whose rows say their numbers."""
    import numbered

    return numbered.write(tmp_path_factory.mktemp("numbered") / "rows", fuelrail.path, 1000)
