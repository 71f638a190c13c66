"""Hints name what there is: every option and every key that the text of an
error names can be given."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest
from conftest import ROOT

import fuelrail as fr

# Text in Rust: a string literal, over lines where it goes on.
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
# What other programs take, and placeholders.
OTHERS = {"--summary", "--gpus", "--exact", "--nocapture"}
OTHERS |= {"--long", "--ultra"}
OTHERS |= {"--include", "--local-dir", "--recursive", "--repo-type", "--revision"}
# Of tar.
OTHERS |= {"--sort"}


def texts() -> list[tuple[str, str]]:
    """The literals in the sources of engine, command and native half, outside
    of tests and comments."""
    found = []
    for folder in ("engine/src", "engine/cli/src", "python/src"):
        for path in sorted((ROOT / folder).rglob("*.rs")):
            if "tests" in path.relative_to(ROOT).parts or path.name == "tests.rs":
                continue
            code = path.read_text().split("#[cfg(test)]\nmod tests")[0]
            lines = [line for line in code.splitlines() if not line.lstrip().startswith("//")]
            found += [(str(path.relative_to(ROOT)), text) for text in LITERAL.findall("\n".join(lines))]
    return found


@pytest.fixture(scope="module")
def options(fuelrail) -> set[str]:
    """Every option of every verb."""
    helps = [fuelrail("--help").stdout]
    verbs = re.findall(r"^  (\w+) ", helps[0].split("Commands:")[1].split("Options:")[0], re.MULTILINE)
    helps += [fuelrail(verb, "--help").stdout for verb in verbs if verb != "help"]
    return set(re.findall(r"--[a-z][a-z-]*", "\n".join(helps)))


def keys(schema: object) -> set[str]:
    """Every key of the JSON Schema of the pipeline file."""
    if isinstance(schema, list):
        return set().union(*map(keys, schema))
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", {}))
    return own.union(*map(keys, schema.values()))


def test_every_option_that_is_named_exists(options):
    named = {
        (path, option)
        for path, text in texts()
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)
        if option not in OTHERS
    }
    assert len({option for _, option in named}) >= 6, named
    missing = sorted((path, option) for path, option in named if option not in options)
    assert not missing, missing


def test_every_key_that_is_named_exists(fuelrail):
    known = keys(json.loads(fuelrail("schema").stdout))
    assert {"uri", "op", "column", "length", "shard_size"} <= known
    # Arguments of Python are written the same way.
    for function in (fr.Loader, fr.Pipeline, fr.Pipeline.shard, fr.Tokenizer, fr.Loader.to_torch):
        known |= set(inspect.signature(function).parameters)
    pattern = re.compile(r"(?:set|write|add|with|and|out|`) ?`?([a-z_]{3,}) = (?:\\\"|\[|true|false|\d)")
    named = {(path, key) for path, text in texts() for key in pattern.findall(text)}
    assert len({key for _, key in named}) >= 4, named
    missing = sorted((path, key) for path, key in named if key not in known)
    assert not missing, missing


def test_every_verb_that_is_named_exists(fuelrail):
    known = set(re.findall(r"^  (\w+) ", fuelrail("--help").stdout, re.MULTILINE))
    named = {(path, verb) for path, text in texts() for verb in re.findall(r"`fuelrail ([a-z]+)", text)}
    assert {verb for _, verb in named} >= {"init", "plan", "shard", "doctor"}
    assert not [(path, verb) for path, verb in named if verb not in known]


def test_what_python_is_told_can_be_written_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A hint about an option of the command names the argument in Python."""
    monkeypatch.chdir(tmp_path)
    Path("rows.jsonl").write_text('{"n": 1}\n{"n": 2}\n')
    Path("out").mkdir()
    Path("out/mine.txt").write_text("mine")
    pipeline = fr.Pipeline("rows.jsonl")
    with pytest.raises(fr.UsageError, match=r"`into=True`"):
        pipeline.shard("out", progress="never")
    dataset = pipeline.shard("out", into=True, progress="never")
    assert len(dataset) == 2
    assert Path("out/mine.txt").read_text() == "mine"
    other = fr.Pipeline("rows.jsonl", limit=1)
    with pytest.raises(fr.ChangedError, match=r"`on_existing=\"replace\"`"):
        other.shard("out", progress="never")
    assert len(other.shard("out", on_existing="replace", progress="never")) == 1
