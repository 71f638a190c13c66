"""The package as a whole: what importing it loads, what it raises, and that
the examples in its texts run."""

from __future__ import annotations

import doctest
import importlib
import importlib.metadata
import os
import pickle
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import fuelrail as fr
from fuelrail import _errors

# Adapters of frameworks, whose own tests run where the framework is.
ADAPTERS = {"fuelrail.torch", "fuelrail.jax", "fuelrail._shared_out"}
MODULES = sorted(module.name for module in pkgutil.iter_modules(fr.__path__, "fuelrail."))


def python(*args: str) -> str:
    done = subprocess.run([sys.executable, *args], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_importing_it_loads_nothing_else():
    script = "import sys; before = set(sys.modules); import fuelrail; print(*sorted(set(sys.modules) - before))"
    assert python("-c", script).split() == ["fuelrail"]


@pytest.mark.parametrize("use", ["fr.Error", "fr.devices", "fr.Tokenizer('r50k_base')", "fr.Pipeline('a')"])
def test_numpy_is_imported_when_it_is_needed(use):
    script = f"import sys, fuelrail as fr; {use}; print('numpy' in sys.modules)"
    assert python("-c", script) == "False\n"


def test_every_name_is_there():
    assert dir(fr) == sorted(fr.__all__)
    for name in fr.__all__:
        assert getattr(fr, name) is not None, name
    with pytest.raises(AttributeError, match="no attribute 'Lodaer'"):
        _ = fr.Lodaer


def test_it_is_the_version_that_is_installed():
    binary = os.environ.get("FUELRAIL_BIN")
    if binary:
        done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[0] == f"fuelrail {fr.__version__}"
        assert "devices: cpu" in done.stdout
    for distribution in importlib.metadata.distributions():
        if distribution.name == "fuelrail":
            assert distribution.version == fr.__version__
            assert distribution.requires == ["numpy>=1.23"]


@pytest.mark.parametrize("name", [name for name in MODULES if name not in ADAPTERS | {"fuelrail.__main__"}])
def test_examples_in_texts_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    with_examples = [
        test.name
        for name in ["fuelrail._tokenizer", "fuelrail._pipeline", "fuelrail._device", "fuelrail._errors"]
        for test in finder.find(importlib.import_module(name))
        if test.examples
    ]
    assert len(with_examples) >= 8, with_examples
    assert doctest.testmod(fr).attempted > 0


KINDS = {
    "data": (fr.DataError, ValueError),
    "usage": (fr.UsageError, ValueError),
    "pipeline": (fr.PipelineError, ValueError),
    "changed": (fr.ChangedError, ValueError),
    "damage": (fr.DamageError, RuntimeError),
    "locked": (fr.LockedError, RuntimeError),
    "device": (fr.DeviceError, RuntimeError),
    "interrupted": (fr.StoppedError, RuntimeError),
    "internal": (fr.InternalError, RuntimeError),
    "io": (fr.IoError, OSError),
}


@pytest.mark.parametrize("kind", KINDS)
def test_classes_derive_from_what_their_kind_is(kind):
    of, builtin = KINDS[kind]
    assert issubclass(of, fr.Error)
    assert issubclass(of, builtin)
    assert of.kind == kind


def test_an_error_says_where_and_what_helps():
    error = fr.DataError("bad row", location={"row": 7}, hint="drop it", text="bad row (row 7)")
    assert str(error) == "bad row (row 7)\nhint: drop it"
    assert repr(error) == "DataError('bad row (row 7)')"
    assert (error.message, error.location, error.hint, error.cause) == ("bad row", {"row": 7}, "drop it", None)
    # As torch makes one anew in another process.
    assert str(fr.DataError("only a message")) == "only a message"


def test_errors_of_the_system_are_its_classes():
    for errno, of in ((2, FileNotFoundError), (13, PermissionError), (1, PermissionError), (28, OSError)):
        error = _errors.make("io", "m", {"path": "a"}, None, "c", "t", errno)
        assert isinstance(error, of) and isinstance(error, fr.IoError) and error.errno == errno
        assert isinstance(error, (FileNotFoundError, PermissionError)) == (of is not OSError)
        assert vars(pickle.loads(pickle.dumps(error))) == vars(error)


def test_checkers_refuse_names_that_are_not_there(tmp_path):
    home = Path(fr.__path__[0]).parent
    environ = os.environ if home.name == "site-packages" else {**os.environ, "MYPYPATH": str(home)}
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", "-c"]
    done = subprocess.run(
        [*command, "from fuelrail import Loader, Laoder"], capture_output=True, text=True, timeout=300, env=environ
    )
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert done.returncode == 1 and len(errors) == 1, done
    assert '"Laoder"' in errors[0]


def test_errors_of_the_system_have_its_numbers(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        fr.Pipeline.from_file(tmp_path / "none.toml")
    assert raised.value.errno == 2
    assert raised.value.filename == str(tmp_path / "none.toml")
    assert raised.value.location == {"path": str(tmp_path / "none.toml")}
    assert "No such file" in raised.value.strerror
    assert isinstance(raised.value, fr.IoError)


def test_errors_cross_processes(tmp_path):
    errors = [
        fr.DataError("x", location={"row": 7, "path": "a"}, hint="h", cause="c", text="x: c (row 7)"),
        fr.IoError("x", location={"path": "a"}, errno=28),
    ]
    for error in errors:
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert vars(again) == vars(error)
        assert str(again) == str(error)


def test_devices_are_listed_and_pass():
    devices = fr.devices()
    assert [device["kind"] for device in devices].count("cpu") == 1
    for device in devices:
        assert set(device) == {"id", "kind", "name", "driver", "memory_bytes", "is_software", "details"}
    required = os.environ.get("FUELRAIL_REQUIRE_DEVICES", "").split(",")
    assert {device["kind"] for device in devices} >= {name for name in required if name}
    report = fr.selftest("cpu")
    assert report["passed"]
    assert all(not device["speeds"] for device in report["devices"])


def test_a_device_that_is_not_one_is_refused():
    with pytest.raises(fr.UsageError, match='expected a device, got "gpu"') as raised:
        fr.selftest("gpu")
    assert "wgpu:software" in raised.value.hint
    with pytest.raises(fr.UsageError, match='speeds: expected "skip" or "measure", got "all"'):
        fr.selftest("cpu", speeds="all")
    with pytest.raises(fr.DeviceError):
        fr.selftest("cuda:99")
