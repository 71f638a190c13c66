"""Calls that do not fit a signature: what is told, and that signatures stay
those of the functions."""

from __future__ import annotations

import inspect
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import fuelrail as fr
from fuelrail import _calls, _native

CLASSES = (fr.Pipeline, fr.Loader, fr.ChatTemplate, fr.Dataset, fr.Tokenizer)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with some rows, and the dataset of them."""
    monkeypatch.chdir(tmp_path)
    rows = ({"text": f"number {n}", "n": n} for n in range(10))
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    fr.Pipeline("rows.jsonl").shard("rows", progress="never")
    return tmp_path


def told(call: Any, *args: object, **kwargs: object) -> str:
    """What a wrong call is told; it is one of ours and one of Python's."""
    with pytest.raises(TypeError) as raised:
        call(*args, **kwargs)
    assert isinstance(raised.value, fr.UsageError)
    assert raised.value.kind == "usage"
    again = pickle.loads(pickle.dumps(raised.value))
    assert str(again) == str(raised.value)
    return str(raised.value)


def functions() -> list[tuple[str, Any]]:
    """Every public function of the package, methods by what they are called on."""
    found: list[tuple[str, Any]] = [("devices", fr.devices), ("selftest", fr.selftest)]
    for of in CLASSES:
        found.append((of.__name__, of))
        for name, value in vars(of).items():
            if not name.startswith("_") and (callable(value) or isinstance(value, classmethod)):
                found.append((f"{of.__name__}.{name}", getattr(of, name)))
    return found


def keywords(function: Any) -> list[str]:
    """The arguments that can be given by name."""
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [name for name, it in inspect.signature(function).parameters.items() if it.kind in kinds and name != "self"]


def takes_any(function: Any) -> bool:
    """Whether it takes any keyword: those that name variables of a chat template."""
    return any(it.kind is it.VAR_KEYWORD for it in inspect.signature(function).parameters.values())


def test_functions_that_take_any_keyword_are_those_with_templates():
    found = [name for name, function in functions() if takes_any(function)]
    assert found == ["ChatTemplate.render", "ChatTemplate.render_marked", "Tokenizer.apply_chat_template"]


def slips(name: str) -> list[str]:
    """Ways to misspell a name: a letter left out, doubled, or two of them swapped."""
    middle = len(name) // 2
    return [
        name[:middle] + name[middle + 1 :],
        name[:middle] + name[middle] + name[middle:],
        name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :],
        name.replace("_", ""),
        name.upper(),
    ]


STRICT = [(name, function) for name, function in functions() if not takes_any(function)]


@pytest.mark.parametrize(("name", "function"), STRICT, ids=[name for name, _ in STRICT])
def test_every_slip_of_every_keyword_is_told(name, function):
    """The kind: whatever keyword of whatever function is misspelt, it is named."""
    known = keywords(function)
    bound = [object()] if "." in name and "self" in inspect.signature(function).parameters else []
    for keyword in known:
        for slip in slips(keyword):
            if slip in known or len(slip) < 3:
                continue
            text = told(function, *bound, **{slip: None})
            assert f"unknown keyword `{slip}`" in text, text
            assert f'did you mean "{keyword}"?' in text or any(f'"{near}"' in text for near in known), text


@pytest.mark.parametrize(("name", "function"), functions(), ids=[name for name, _ in functions()])
def test_no_call_without_its_arguments_is_a_plain_error(name, function):
    parameters = inspect.signature(function).parameters.values()
    bound = [object()] if any(it.name == "self" for it in parameters) else []
    missing = [
        it.name for it in parameters if it.default is it.empty and it.name != "self" and it.kind is not it.VAR_KEYWORD
    ]
    if missing:
        text = told(function, *bound)
        assert all(f"`{argument}`" in text for argument in missing), text
        assert "hint: for example " in text
    text = told(function, *bound, *range(len(list(parameters)) + 20))
    assert f"{name}: expected " in text, text


CALLS = {
    "tokenize(colum=)": (
        lambda: fr.Pipeline("a").tokenize(colum="text", tokenizer="gpt2"),
        'Pipeline.tokenize: unknown keyword `colum`\nhint: did you mean "column"?',
    ),
    "Loader(batchsize=)": (
        lambda: fr.Loader("rows", batchsize=8),
        'Loader: unknown keyword `batchsize`\nhint: did you mean "batch_size"?',
    ),
    "Loader(num_workers=)": (
        lambda: fr.Loader("rows", batch_size=8, num_workers=4),
        "Loader: unknown keyword `num_workers`\n"
        "hint: use `threads`: threads=2; it reads with threads, not with processes",
    ),
    "Pipeline(length=)": (
        lambda: fr.Pipeline("a", length=8),
        "Pipeline: unknown keyword `length`\nhint: `length` is a keyword of Pipeline.pack",
    ),
    "shard(overwrite=)": (
        lambda: fr.Pipeline("a").shard("rows", overwrite=True),
        'Pipeline.shard: unknown keyword `overwrite`\nhint: use `on_existing`: on_existing="replace"',
    ),
    "Loader('rows', 8)": (
        lambda: fr.Loader("rows", 8),
        "Loader: expected at most 1 argument by position, got 2\nhint: give them by name: Loader('rows', batch_size=8)",
    ),
    "pack(2048)": (
        lambda: fr.Pipeline("a").pack(2048),
        "Pipeline.pack: expected arguments by name, got 1 by position\nhint: give them by name: pack(length=2048)",
    ),
    "tokenize(column=)": (
        lambda: fr.Pipeline("a").tokenize(column="text"),
        'Pipeline.tokenize: missing argument `tokenizer`\nhint: for example tokenizer="cl100k_base"',
    ),
    "source twice": (
        lambda: fr.Pipeline("a", source="b"),
        "Pipeline: expected `source` once, got it by position and by name",
    ),
    "devices(1)": (lambda: fr.devices(1), "devices: expected no arguments, got 1"),
    "Dataset(3)": (lambda: fr.Dataset(3), "Dataset: expected `path` to be text or a path, got 3"),
    "threads='4'": (
        lambda: fr.Pipeline("a").shard("o", threads="4"),
        "Pipeline.shard: expected `threads` to be a whole number or None, got '4'",
    ),
    "special=True": (
        lambda: fr.Tokenizer("gpt2").encode("a", special=True),
        "Tokenizer.encode: expected `special` to be text, got True",
    ),
    "set='a.b=c'": (
        lambda: fr.Pipeline.from_file("a.toml", set="a.b=c"),
        "expected set to be a list of texts, got 'a.b=c'\nhint: set=['a.b=c']",
    ),
    "into='x'": (lambda: fr.Pipeline("a").shard("o", into="x"), "expected into to be True or False, got 'x'"),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_is_told(name, place):
    call, expected = CALLS[name]
    assert told(call) == expected


def test_an_error_from_within_stays_what_it_is(place):
    """A TypeError of the caller's own objects is not one of the call."""

    class Broken:
        def __fspath__(self):
            raise TypeError("broken within")

    with pytest.raises(TypeError, match="broken within") as raised:
        fr.Dataset(Broken())
    assert not isinstance(raised.value, fr.Error)
    loader = fr.Loader("rows", batch_size=2)
    with pytest.raises(fr.UsageError):
        loader.set_epoch("a")


@pytest.mark.parametrize(("name", "function"), functions(), ids=[name for name, _ in functions()])
def test_signatures_and_texts_are_the_functions_own(name, function):
    signature = inspect.signature(function)
    assert takes_any(function) == any(str(it).startswith("**variables") for it in signature.parameters.values())
    assert not any(it.kind is it.VAR_POSITIONAL for it in signature.parameters.values()), signature
    assert function.__doc__, name
    assert function.__module__.startswith("fuelrail."), name
    inner = function.__init__ if isinstance(function, type) else function
    inner = getattr(inner, "__func__", inner)
    assert inner.__wrapped__.__name__ == inner.__name__
    assert inner.__qualname__ == inner.__wrapped__.__qualname__


def test_every_public_function_is_marked():
    """The mechanism is one; who adds a class forgets it only until this fails."""
    public = [getattr(fr, name) for name in fr.__all__ if name != "steps"]
    public += [getattr(fr.steps, name) for name in fr.steps.__all__]
    native = (fr.Batch, fr.BatchDict, fr.Table, fr.Tensor)
    for value in public:
        if isinstance(value, str) or value in native or (isinstance(value, type) and issubclass(value, Exception)):
            continue
        inner = value.__init__ if isinstance(value, type) else value
        assert hasattr(inner, "__wrapped__"), value
    assert not hasattr(_native.Loader, "__wrapped__")


def test_options_that_are_passed_on_are_in_the_signature():
    def target(*, size: int = 1, seed: int = 0) -> None: ...

    @_calls.told
    @_calls.passes_on(target)
    def call(name: str, *, mask: str = "a", **options: int) -> dict[str, int]:
        return options

    assert list(inspect.signature(call).parameters) == ["name", "mask", "size", "seed"]
    assert call("a", seed=3) == {"seed": 3}
    assert 'did you mean "seed"?' in told(call, "a", sed=3)


def test_texts_of_objects_are_short(place):
    """Whatever they hold, one line says what they are."""
    wide = {f"column_{n:03}": n for n in range(300)}
    Path("wide.jsonl").write_text(json.dumps(wide) + "\n")
    dataset = fr.Pipeline("wide.jsonl").shard("wide", progress="never")
    batch = next(iter(fr.Loader(dataset, batch_size=1)))
    objects = [
        fr.Pipeline([f"{n}.jsonl" for n in range(1000)]),
        dataset,
        dataset.take([0]),
        batch,
        batch["column_000"],
        fr.Loader(dataset, batch_size=1),
        fr.Loader(dataset, batch_size=1).to_numpy(),
        fr.Tokenizer("gpt2"),
    ]
    for thing in objects:
        text = repr(thing)
        assert len(text) < 400 + len(str(place)), text
        assert "\n" not in text
    assert "and 292 more" in repr(dataset)
