"""Pipelines in Python: built as files are written, refused in the same words,
and run to the same bytes."""

from __future__ import annotations

import inspect
import json
import os
import signal
import sys
import time

import ml_dtypes
import numpy as np
import pytest
from runs import halted, n_shards, tree

import fuelrail as fr


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    lines = (json.dumps({"text": f"document {n} of some words " * (n % 7), "n": n}) for n in range(200))
    (tmp_path / "docs.jsonl").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def built() -> fr.Pipeline:
    return (
        fr.Pipeline("docs.jsonl", part_size="64KiB")
        .filter(column="text", min_length=1)
        .tokenize(column="text", tokenizer="cl100k_base", end_of_document="<|endoftext|>")
        .select(columns=["tokens"])
        .pack(length=64)
        .sink("shards", shard_size="40KiB")
    )


WRITTEN = """
[source]
uri = "docs.jsonl"
part_size = "64KiB"
[[step]]
op = "filter"
column = "text"
min_length = 1
[[step]]
op = "tokenize"
column = "text"
tokenizer = "cl100k_base"
end_of_document = "<|endoftext|>"
[[step]]
op = "select"
columns = ["tokens"]
[[step]]
op = "pack"
length = 64
[sink]
uri = "shards"
shard_size = "40KiB"
"""


def test_it_is_what_the_file_says(corpus):
    assert built() == fr.Pipeline.from_toml(WRITTEN)
    assert fr.Pipeline.from_toml(built().to_toml()) == built()
    assert built() != built().sink("elsewhere")
    assert built() != WRITTEN
    assert repr(built()) == "Pipeline('docs.jsonl', filter, tokenize, select, pack, 'shards')"
    (corpus / "p.toml").write_text(WRITTEN)
    assert fr.Pipeline.from_file("p.toml").to_toml() == built().to_toml()
    changed = fr.Pipeline.from_file("p.toml", set=["pack.length=32", "sink.uri=a"])
    assert "length = 32" in changed.to_toml()
    assert repr(changed).endswith("'a')")


@pytest.fixture
def below(corpus):
    """A pipeline in a folder, beside its data; another corpus is where the
    process is."""
    folder = corpus / "sub"
    folder.mkdir()
    (folder / "docs.jsonl").write_text("\n".join([(corpus / "docs.jsonl").read_text()] * 2))
    (folder / "p.toml").write_text(WRITTEN)
    return folder


@pytest.mark.parametrize("name", ["sub/p.toml", "./sub/../sub/p.toml", "absolute"])
def test_paths_of_a_file_are_beside_it(below, name):
    first = fr.Pipeline.from_file(below / "p.toml" if name == "absolute" else name)
    again = fr.Pipeline.from_toml(first.to_toml())
    assert again == first
    assert again.plan(threads=1) == first.plan(threads=1)
    assert first == fr.Pipeline.from_toml(WRITTEN, base=(below if name == "absolute" else os.path.dirname(name)))
    again.shard()
    assert (below / "shards/dataset.json").is_file()
    here = first.sink("mine", shard_size="40KiB").shard()
    assert here.digest == fr.Dataset(below / "shards").digest
    assert here.digest != built().shard("other").digest


def test_paths_of_methods_are_where_the_process_is(below):
    (below.parent / "named[1]").mkdir()
    (below / "p.toml").rename(below.parent / "named[1]/p.toml")
    (below / "docs.jsonl").rename(below.parent / "named[1]/docs.jsonl")
    # A name that cannot be part of a glob is not put before one.
    for text in (WRITTEN, WRITTEN.replace("docs.jsonl", "*.jsonl")):
        (below.parent / "named[1]/p.toml").write_text(text)
        pipeline = fr.Pipeline.from_file("named[1]/p.toml")
        there = pipeline.shard()
        assert there.path == str(below.parent / "named[1]/shards")
        here = pipeline.sink("mine", shard_size="40KiB").shard()
        assert (below.parent / "mine/dataset.json").is_file()
        assert here.digest == there.digest
        with pytest.raises(fr.UsageError, match="no glob") as raised:
            pipeline.to_toml()
        assert raised.value.hint
        with pytest.raises(fr.PipelineError, match=f"got no file {below.parent}/t.json"):
            pipeline.tokenize(column="text", tokenizer="t.json").plan()


def test_its_methods_give_another_one():
    first = fr.Pipeline("a.jsonl").sink("b")
    text = first.to_toml()
    assert first.select(columns=["x"]) is not first
    assert first.to_toml() == text


def test_the_command_line_makes_the_same_bytes(corpus, fuelrail):
    (corpus / "p.toml").write_text(WRITTEN)
    fuelrail("shard", "p.toml", "--out", corpus / "expected", cwd=corpus)
    dataset = built().shard()
    assert isinstance(dataset, fr.Dataset)
    assert tree(corpus / "shards") == tree(corpus / "expected")
    plan = fuelrail.json("plan", "p.toml", "--threads", "1", "--device", "cpu", cwd=corpus)
    assert built().plan(threads=1, device="cpu") == plan
    text = fuelrail("plan", "p.toml", "--threads", "1", "--device", "cpu", cwd=corpus).stdout
    assert built().explain(threads=1, device="cpu") == text


def test_it_is_run_again_from_where_it_was(corpus, capfd):
    first = built().shard(threads=1)
    written = tree(corpus / "shards")
    # Complete: nothing is done.
    assert len(built().shard(threads=2)) == len(first)
    with pytest.raises(fr.ChangedError):
        other().shard("shards")
    other().shard("shards", on_existing="replace", device="cpu", on_device_error="fail")
    assert tree(corpus / "shards") != written
    built().shard(corpus / "again", progress="never")
    assert tree(corpus / "again") == written
    assert capfd.readouterr() == ("", "")


def other() -> fr.Pipeline:
    return fr.Pipeline("docs.jsonl").select(columns=["n"])


# Those that map columns follow from the table of operators.
OTHERS = {"select", "filter", "tokenize", "pack"}


def schema(fuelrail) -> dict[str, dict[str, object]]:
    """The keys of every operator, from what the command line publishes."""
    published = fuelrail.json("schema")
    *others, columns = published["$defs"]["StepSpec"]["anyOf"]
    assert columns["$ref"] == "#/$defs/ColumnOperator"
    steps = [*others, *published["$defs"]["ColumnOperator"]["oneOf"]]
    return {step["properties"]["op"]["const"]: step for step in steps}


def test_methods_have_the_keys_of_the_file(fuelrail):
    published = schema(fuelrail)
    assert {*OTHERS, "normalize", "cast"} < set(published)
    for op, step in published.items():
        parameters = dict(inspect.signature(getattr(fr.Pipeline, op)).parameters)
        del parameters["self"]
        assert {name.rstrip("_") for name in parameters} | {"op"} == set(step["properties"]), op
        required = {name for name, parameter in parameters.items() if parameter.default is inspect.Parameter.empty}
        assert required | {"op"} == set(step["required"]), op
        assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters.values()), op


def test_defaults_are_those_of_the_file():
    pairs = [
        (lambda p: p.select(columns=["a"]), 'op = "select"\ncolumns = ["a"]'),
        (lambda p: p.filter(column="a"), 'op = "filter"\ncolumn = "a"'),
        (lambda p: p.tokenize(column="a", tokenizer="t"), 'op = "tokenize"\ncolumn = "a"\ntokenizer = "t"'),
        (lambda p: p.normalize(column="a"), 'op = "normalize"\ncolumn = "a"'),
        (lambda p: p.cast(column="a", dtype="int8"), 'op = "cast"\ncolumn = "a"\ndtype = "int8"'),
        (lambda p: p.pack(length=8), 'op = "pack"\nlength = 8'),
    ]
    for build, step in pairs:
        written = f'[source]\nuri = "x"\n[[step]]\n{step}\n[sink]\nuri = "y"'
        assert build(fr.Pipeline("x")).sink("y") == fr.Pipeline.from_toml(written), step


def test_values_may_be_numpys_and_text_any(tmp_path):
    text = fr.Pipeline(
        [tmp_path / "a", 'b"\\\x7f\n\u2028😀'],
        document={"separator": "\x00\t"},
        format="text",
        limit=np.int64(7),
        split={"take": "validation", "validation": np.float32(0.5), "key": "id"},
        device="cpu:scalar",
    )
    text = text.normalize(column=("a", "b"), mean=np.array([0.5, 1e300]), std=[1, 2.5], clip=(-float("inf"), 3))
    text = text.normalize(column="c", from_="chw", shape=np.array([3, 8, 8])).sink(tmp_path).to_toml()
    again = fr.Pipeline.from_toml(text)
    assert again.to_toml() == text
    import tomllib

    parsed = tomllib.loads(text)
    assert parsed["source"]["uri"] == [str(tmp_path / "a"), 'b"\\\x7f\n\u2028😀']
    assert parsed["source"]["document"] == {"separator": "\x00\t"}
    assert parsed["source"]["split"]["validation"] == 0.5
    assert parsed["step"][0]["mean"] == [0.5, 1e300]
    assert parsed["step"][0]["clip"] == [-float("inf"), 3.0]
    assert parsed["step"][1]["from"] == "chw"
    assert parsed["device"] == "cpu:scalar"


@pytest.mark.parametrize("dtype", [np.float32, np.dtype("float32"), ml_dtypes.bfloat16, np.dtype(ml_dtypes.bfloat16)])
def test_a_dtype_may_be_numpys(dtype):
    name = np.dtype(dtype).name
    pipeline = fr.Pipeline("x")
    assert pipeline.cast(column="a", dtype=dtype) == pipeline.cast(column="a", dtype=name)
    assert pipeline.normalize(column="a", dtype=dtype) == pipeline.normalize(column="a", dtype=name)


@pytest.mark.parametrize(
    ("build", "message", "hint"),
    [
        (
            lambda p: p.cast(column="a", dtype="flaot16"),
            'cast: dtype: expected "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", '
            '"float16", "bfloat16", "float32" or "float64", got "flaot16" (step 1)',
            'did you mean "float16"?',
        ),
        (
            lambda p: p.pack(length="8"),
            'pack: length: expected a whole number from 1 to 16777216, got "8" (step 1)',
            "leave the quotes out: 8",
        ),
        (
            lambda p: p.select(columns=[1]).pack(length=8),
            "select: expected a string, got 1 (step 1)",
            'put it in quotes: "1"',
        ),
        (lambda p: p.sink(7), "sink.uri: expected a string, got 7", 'put it in quotes: "7"'),
        (lambda p: p.sink("x", shard_size="5 MB/s"), None, None),
        (
            lambda p: p.filter(column="a", nulls=object()),
            "nulls: expected text, a number, a list or a dict, got object",
            None,
        ),
        (lambda p: p.filter(column=np.float32), "column: expected text, a number, a list or a dict, got type", None),
        (lambda p: fr.Pipeline("\ud800"), "expected UTF-8 text, got '\\ud800'", None),
        (lambda p: fr.Pipeline("x", format="csb"), None, None),
    ],
)
def test_wrong_values_are_refused_at_once(build, message, hint):
    with pytest.raises(fr.PipelineError) as raised:
        build(fr.Pipeline("x"))
    if message is not None:
        assert str(raised.value).splitlines()[0] == message
        assert raised.value.hint == hint
    assert not {"path", "line"} & set(raised.value.location)


def test_wrong_keywords_are_refused_by_python():
    with pytest.raises(TypeError, match="colum"):
        fr.Pipeline("x").tokenize(colum="text", tokenizer="cl100k_base")
    with pytest.raises(TypeError, match="by position"):
        fr.Pipeline("x").pack(8)


def test_what_does_not_fit_is_located(corpus):
    with pytest.raises(fr.PipelineError) as raised:
        fr.Pipeline("docs.jsonl").tokenize(column="txet", tokenizer="cl100k_base").sink("s").plan()
    assert raised.value.location == {"step": 1, "op": "tokenize", "column": "txet"}
    assert raised.value.hint == "did you mean `text`?"
    (corpus / "p.toml").write_text(WRITTEN.replace('"text"', '"txet"'))
    with pytest.raises(fr.PipelineError) as raised:
        fr.Pipeline.from_file("p.toml").explain()
    assert raised.value.location == {
        "step": 1,
        "op": "filter",
        "path": "p.toml",
        "line": 7,
        "col": 10,
        "column": "txet",
    }
    with pytest.raises(fr.PipelineError) as raised:
        fr.Pipeline.from_toml(WRITTEN.replace("length = 64", "lenght = 64"))
    assert raised.value.location == {"step": 4, "op": "pack", "path": "<string>", "line": 19, "col": 1}
    with pytest.raises(fr.UsageError, match="no step `pakc`"):
        (corpus / "p.toml").write_text(WRITTEN)
        fr.Pipeline.from_file("p.toml", set=["pakc.length=3"])


@pytest.mark.parametrize("use", [fr.Pipeline.shard, fr.Pipeline.explain, fr.Pipeline.plan, fr.Pipeline.to_toml])
def test_a_dataset_goes_somewhere(corpus, use):
    with pytest.raises(fr.UsageError, match="expected a directory for the dataset, got none") as raised:
        use(fr.Pipeline("docs.jsonl"))
    assert raised.value.hint == 'name one with `.sink("shards/")`'


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "gpu"}, 'expected a device, got "gpu"'),
        ({"threads": 0}, "threads: expected a whole number from 1 to 1024, got 0"),
        ({"progress": True}, "expected progress to be text, got True"),
        ({"progress": "yes"}, 'progress: expected "auto", "always" or "never", got "yes"'),
        ({"on_existing": "keep"}, 'on_existing: expected "refuse" or "replace", got "keep"'),
        ({"on_device_error": "stop"}, 'on_device_error: expected "replay" or "fail", got "stop"'),
    ],
)
def test_wrong_options_are_refused(corpus, options, message):
    with pytest.raises(fr.UsageError) as raised:
        built().shard(**options)
    assert str(raised.value).splitlines()[0] == message
    assert not (corpus / "shards").exists()


STOPPED = """
import sys
import fuelrail as fr
pipeline = fr.Pipeline.from_file("p.toml")
try:
    pipeline.shard("shards", threads=1, progress="always")
except KeyboardInterrupt:
    sys.exit(77)
"""


def test_ctrl_c_stops_with_a_checkpoint(corpus):
    lines = "\n".join([(corpus / "docs.jsonl").read_text()] * 40)
    (corpus / "docs.jsonl").write_text(lines)
    # Rows leave in windows of documents, between which a run can stop.
    (corpus / "p.toml").write_text(
        WRITTEN.replace("40KiB", "64KiB").replace("length = 64", "length = 64\nwindow = 100")
    )
    pipeline = fr.Pipeline.from_file("p.toml")
    pipeline.shard("expected")
    child = halted([sys.executable, "-c", STOPPED], corpus / "shards", corpus / "expected")
    # Long enough for a line of progress, which is due each second.
    time.sleep(1.1)
    os.kill(child.pid, signal.SIGINT)
    os.kill(child.pid, signal.SIGCONT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (77, b"")
    assert b"rows committed in" in err
    assert not (corpus / "shards/dataset.json").exists()
    assert n_shards(corpus / "shards") < n_shards(corpus / "expected")
    pipeline.shard("shards")
    assert tree(corpus / "shards") == tree(corpus / "expected")
