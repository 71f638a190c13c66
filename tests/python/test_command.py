"""The command of the package is the program `fuelrail`: the same bytes out,
the same codes, and signals that end it alike."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from runs import halted, tree

SCRIPT = Path(sysconfig.get_path("scripts")) / "fuelrail"


def commands() -> dict[str, list[str]]:
    """The ways to call it, the console script where the package is installed."""
    found = {"module": [sys.executable, "-m", "fuelrail"]}
    if SCRIPT.exists():
        found["script"] = [str(SCRIPT)]
    return found


@pytest.fixture
def corpus(tmp_path):
    lines = (json.dumps({"text": f"document {n} of some words " * (n % 7)}) for n in range(8000))
    (tmp_path / "docs.jsonl").write_text("\n".join(lines))
    (tmp_path / "p.toml").write_text(
        '[source]\nuri = "docs.jsonl"\n[[step]]\nop = "tokenize"\ncolumn = "text"\ntokenizer = "cl100k_base"\n'
        'end_of_document = "<|endoftext|>"\n[[step]]\nop = "pack"\nlength = 64\nwindow = 100\n'
        '[sink]\nuri = "out"\nshard_size = "64KiB"\n'
    )
    (tmp_path / "wrong.toml").write_text("[source]\nurl = 3\n")
    return tmp_path


def run(command: list[str], *args: str, cwd: Path, given: bytes = b"", **env: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [*command, *args], cwd=cwd, input=given, capture_output=True, timeout=300, env={**os.environ, **env}
    )
    return done.returncode, done.stdout, done.stderr


CALLS = [
    (["--help"], b""),
    (["--version"], b""),
    ([], b""),
    (["shard", "--help"], b""),
    (["pla"], b""),
    (["--json", "shard"], b""),
    (["schema"], b""),
    (["completions", "bash"], b""),
    (["plan", "p.toml", "--device", "cpu"], b""),
    (["plan", "p.toml", "--device", "cpu", "--json"], b""),
    (["plan", "wrong.toml"], b""),
    (["plan", "wrong.toml", "--json"], b""),
    (["plan", "wrong.toml", "--color", "always"], b""),
    (["plan", "none.toml"], b""),
    (["shard", "p.toml", "--dry-run", "--device", "cpu"], b""),
    (["tokenize", "Hello world", "日本語"], b""),
    (["tokenize", "--json"], "from standard input é".encode()),
    (["tokenize", "--jsonl"], b'"a"\n"b\\n"\nno json\n'),
    (["tokenize", "--decode", "9906", "99999999"], b""),
    (["tokenize"], b"\xff"),
    (["inspect", "none"], b""),
    (["verify", "."], b""),
]


@pytest.mark.parametrize("way", commands())
@pytest.mark.parametrize(("args", "given"), CALLS, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_it_says_the_same_and_ends_the_same(corpus, fuelrail, way, args, given):
    expected = run([str(fuelrail.path)], *args, cwd=corpus, given=given)
    assert run(commands()[way], *args, cwd=corpus, given=given) == expected


def test_arguments_that_are_no_text_are_paths(corpus, fuelrail):
    os.rename(corpus / "p.toml", os.fsencode(corpus) + b"/p\xff.toml")
    args = [b"plan", b"p\xff.toml", b"--device", b"cpu"]
    expected = subprocess.run([fuelrail.path, *args], cwd=corpus, capture_output=True)
    done = subprocess.run([*commands()["module"], *args], cwd=corpus, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, expected.stdout, expected.stderr)


def without_times(out: bytes) -> bytes:
    return re.sub(rb'in \d+\.\d s \(.*?/s\)|"(?:seconds|\w+_per_second)": [\d.e-]+|target|out\d', b"", out)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_it_makes_the_same_dataset(corpus, fuelrail, form):
    done = []
    for n, command in enumerate([[str(fuelrail.path)], commands()["module"]]):
        code, out, err = run(command, "shard", "p.toml", "--out", f"out{n}", *form, cwd=corpus)
        done.append((code, without_times(out), err))
        for verb in (["inspect"], ["verify"], ["inspect", "--row", "3"]):
            done[-1] += run(command, *verb, f"out{n}", *form, cwd=corpus)
    assert done[0] == done[1]
    assert tree(corpus / "out0") == tree(corpus / "out1")


def test_a_reader_that_goes_away_ends_it_without_a_word(tmp_path):
    (tmp_path / "texts").write_bytes(b'"some words"\n' * 200_000)
    reader, writer = os.pipe()
    with (tmp_path / "texts").open("rb") as texts:
        child = subprocess.Popen(
            [*commands()["module"], "tokenize", "--jsonl"], stdin=texts, stdout=writer, stderr=subprocess.PIPE
        )
    os.close(writer)
    os.close(reader)
    _, err = child.communicate(timeout=60)
    assert (err, child.returncode) == (b"", 0)


@pytest.mark.parametrize("way", commands())
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_after_a_checkpoint(corpus, fuelrail, way, number, code):
    fuelrail("shard", "p.toml", "--out", corpus / "expected", cwd=corpus)
    command = [*commands()[way], "shard", "p.toml", "--json", "--threads", "1"]
    child = halted(command, corpus / "out", corpus / "expected")
    os.kill(child.pid, number)
    os.kill(child.pid, signal.SIGCONT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (code, b"")
    error = json.loads(err)["error"]
    assert (error["kind"], error["exit_code"]) == ("interrupted", code)
    assert not (corpus / "out/dataset.json").exists()
    assert run(commands()[way], "shard", "p.toml", cwd=corpus)[0] == 0
    assert tree(corpus / "out") == tree(corpus / "expected")


@pytest.mark.parametrize("way", commands())
def test_ctrl_c_ends_what_has_no_checkpoint_at_once(way):
    child = subprocess.Popen([*commands()[way], "tokenize", "--jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdin.write(b'"x"\n' * 3000)
    child.stdin.flush()
    assert child.stdout.readline() == b"[87]\n"
    child.send_signal(signal.SIGINT)
    assert child.wait(60) == -signal.SIGINT
    child.stdin.close()
    child.stdout.close()
