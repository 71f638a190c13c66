"""What a call is told that does not fit the signature: the nearest right name
of a misspelt keyword, the names of arguments that were given by position, those
that are missing, and what a value of the wrong type was expected to be.

It is one mechanism for the whole package: :func:`told` marks a class or a
function. A call that fits costs one call more; signatures, texts and types stay
those of the function itself.
"""

from __future__ import annotations

import functools
import types

from fuelrail._errors import UsageTypeError, did_you_mean

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeVar

    Marked = TypeVar("Marked", bound=Callable[..., Any])

# How a value of an argument is written, for those that must be given.
_EXAMPLES = {
    "column": '"text"',
    "columns": '["text"]',
    "dataset": '"shards/"',
    "dtype": '"float32"',
    "ids": "[9906, 1917]",
    "index": "0",
    "length": "2048",
    "messages": '[{"role": "user", "content": "Hello"}]',
    "name": '"cl100k_base"',
    "path": '"shards/"',
    "rows": "[0, 1]",
    "source": '"corpus/*.jsonl"',
    "state_dict": "loader.state_dict()",
    "text": '"Hello world"',
    "texts": '["Hello world"]',
    "tokenizer": '"cl100k_base"',
    "uri": '"shards/"',
}

# What other libraries call it: the keyword here, and how it is used.
_ELSEWHERE = {
    "conversation": ("messages", 'messages=[{"role": "user", "content": "Hello"}]'),
    "direction": ("padding_side", 'padding_side="left"'),
    "drop_last": ("last", 'last="drop" leaves out the rows that do not fill the last batch'),
    "max_seq_length": ("length", "length=2048"),
    "num_proc": ("threads", "threads=4"),
    "num_replicas": ("world_size", "rank=0, world_size=2"),
    "num_workers": ("threads", "threads=2; it reads with threads, not with processes"),
    "overwrite": ("on_existing", 'on_existing="replace"'),
    "prefetch_factor": ("prefetch", "prefetch=2"),
    "is_pretokenized": ("text", "join the words: no text comes in words"),
    "is_split_into_words": ("text", "join the words: no text comes in words"),
    "replace": ("on_existing", 'on_existing="replace"'),
    "return_tensors": ("dtype", 'the arrays are numpy\'s; dtype="int64" is what torch.from_numpy takes'),
    "seq_len": ("length", "length=2048"),
    "seq_length": ("length", "length=2048"),
    "text_pair": ("pairs", "pairs=[…], one for each text"),
}

# Names that are listed where none is near.
_MOST_LISTED = 12
# Characters of a value that are shown.
_MOST_SHOWN = 40

# The functions of each class that were marked, by their names.
_MARKED: dict[str, list[Callable[..., Any]]] = {}


def told(marked: Marked) -> Marked:
    """Marks a function, or all functions of a class that are public.

    >>> @told
    ... def scale(values: list[float], *, factor: float) -> list[float]:
    ...     return [value * factor for value in values]
    >>> scale([1.0], factor=2.0)
    [2.0]
    >>> import fuelrail as fr
    >>> try:
    ...     scale([1.0], facter=2.0)
    ... except fr.UsageError as error:
    ...     print(error)
    scale: unknown keyword `facter`
    hint: did you mean "factor"?
    """
    if not isinstance(marked, type):
        made: Marked = _wrapped(marked)
        return made
    for name, value in list(vars(marked).items()):
        if name.startswith("_") and name != "__init__":
            continue
        if isinstance(value, (classmethod, staticmethod)):
            setattr(marked, name, type(value)(_wrapped(value.__func__)))
        elif isinstance(value, types.FunctionType):
            setattr(marked, name, _wrapped(value))
    return marked


def passes_on(to: Callable[..., Any]) -> Callable[[Marked], Marked]:
    """Marks a function whose ``**options`` are keywords of the class ``to``, as
    its signature then says."""

    def mark(function: Marked) -> Marked:
        import inspect

        own = inspect.signature(function)
        kept = [it for it in own.parameters.values() if it.kind is not it.VAR_KEYWORD]
        names = {it.name for it in kept}
        theirs = inspect.signature(to).parameters.values()
        more = [it for it in theirs if it.kind is it.KEYWORD_ONLY and it.name not in names]
        function.__signature__ = own.replace(parameters=[*kept, *more])  # type: ignore[attr-defined]
        return function

    return mark


def _wrapped(function: Any) -> Any:  # noqa: ANN401
    """The function, told what is wrong with a call that it does not take."""
    # A function with `**options` takes any call.
    takes_all = hasattr(function, "__signature__")
    # Names of this module, of which the function made below sees none.
    wrong_with, explained = _wrong, _explained

    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if takes_all and (wrong := wrong_with(function, args, kwargs)):
            raise wrong
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            better = explained(function, args, kwargs, error)
            if better is error:
                raise
            raise better from None

    # In the module of the function, for what looks there: doctest does.
    made = types.FunctionType(call.__code__, function.__globals__, function.__name__, None, call.__closure__)
    _MARKED.setdefault(_home(function), []).append(function)
    return functools.update_wrapper(made, function)


def _explained(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], error: TypeError
) -> TypeError:
    """The error of a call, in better words where there are some."""
    if isinstance(error, UsageTypeError):
        return error
    # The trace of a call that did not begin ends where it was called.
    began = error.__traceback__ is None or error.__traceback__.tb_next is not None
    wrong = _of_wrong_type if began else _wrong
    return wrong(function, args, kwargs) or error


def _home(function: Callable[..., Any]) -> str:
    """The class that a function is of, by its name."""
    return function.__qualname__.rpartition(".")[0]


def _shown_name(function: Callable[..., Any]) -> str:
    return function.__qualname__.removesuffix(".__init__").rpartition("<locals>.")[2]


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The arguments that a caller gives."""
    import inspect

    return [it for it in inspect.signature(function).parameters.values() if it.name not in ("self", "cls")]


def _wrong(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> UsageTypeError | None:
    """What is wrong with a call of the function; nothing if that cannot be said."""
    import inspect

    parameters = _parameters(function)
    n_bound = len(inspect.signature(function).parameters) - len(parameters)
    args = args[n_bound:]
    name = _shown_name(function)
    named = {it.name: it for it in parameters if it.kind in (it.POSITIONAL_OR_KEYWORD, it.KEYWORD_ONLY)}
    takes_any = any(it.kind is it.VAR_KEYWORD for it in parameters)
    for keyword in kwargs:
        if keyword not in named and not takes_any:
            return _unknown(function, keyword, list(named))
    placed = [it for it in parameters if it.kind in (it.POSITIONAL_ONLY, it.POSITIONAL_OR_KEYWORD)]
    if len(args) > len(placed) and not any(it.kind is it.VAR_POSITIONAL for it in parameters):
        return _too_many(name, args, parameters, len(placed))
    for it in placed[: len(args)]:
        if it.name in kwargs:
            return UsageTypeError(f"{name}: expected `{it.name}` once, got it by position and by name")
    given = {it.name for it in placed[: len(args)]} | set(kwargs)
    missing = [it.name for it in (placed + list(named.values())) if it.default is it.empty and it.name not in given]
    if missing:
        return _missing(name, list(dict.fromkeys(missing)))
    return None


def _unknown(function: Callable[..., Any], keyword: str, known: list[str]) -> UsageTypeError:
    return UsageTypeError(
        f"{_shown_name(function)}: unknown keyword `{keyword}`", hint=_instead(function, keyword, known)
    )


def _instead(function: Callable[..., Any], keyword: str, known: list[str]) -> str:
    """What to write in place of an unknown keyword."""
    right, example = _ELSEWHERE.get(keyword.lower(), ("", ""))
    for name in (right, f"{right}s"):
        if name in known:
            return f"use `{name}`: {example}"
    for other in _MARKED.get(_home(function), []):
        if keyword in (it.name for it in _parameters(other)):
            return f"`{keyword}` is a keyword of {_shown_name(other)}"
    if near := did_you_mean(keyword, known):
        return near
    if not known:
        return "it takes no arguments"
    more = f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else ""
    return f"known keywords: {', '.join(known[:_MOST_LISTED])}{more}"


def _too_many(name: str, args: Sequence[Any], parameters: Sequence[inspect.Parameter], n_placed: int) -> UsageTypeError:
    """More arguments by position than there are, with their names as far as
    their order tells."""
    if n_placed:
        wrong = f"expected at most {n_placed} argument{'s' * (n_placed > 1)} by position, got {len(args)}"
    elif parameters:
        wrong = f"expected arguments by name, got {len(args)} by position"
    else:
        wrong = f"expected no arguments, got {len(args)}"
    by_name = [it.name for it in parameters if it.kind is it.KEYWORD_ONLY]
    rest = args[n_placed:]
    hint = None
    if by_name and len(rest) <= len(by_name):
        first = [_shown(value) for value in args[:n_placed]]
        named = [f"{keyword}={_shown(value)}" for keyword, value in zip(by_name, rest, strict=False)]
        hint = f"give them by name: {name.rpartition('.')[2]}({', '.join([*first, *named])})"
    return UsageTypeError(f"{name}: {wrong}", hint=hint)


def _missing(name: str, missing: list[str]) -> UsageTypeError:
    shown = ", ".join(f"`{argument}`" for argument in missing)
    given = ", ".join(f"{argument}={_EXAMPLES.get(argument, '…')}" for argument in missing)
    return UsageTypeError(f"{name}: missing argument{'s' * (len(missing) > 1)} {shown}", hint=f"for example {given}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else "…"


def _is_number(value: object) -> bool:
    return hasattr(value, "__float__") or hasattr(value, "__index__")


# What the simple annotations take, and how it is called. Others take anything.
_TYPES: dict[str, tuple[Callable[[object], bool], str]] = {
    "None": (lambda value: value is None, "None"),
    "bool": (lambda value: isinstance(value, bool), "True or False"),
    "bytes": (lambda value: isinstance(value, bytes), "bytes"),
    "float": (_is_number, "a number"),
    "int": (lambda value: hasattr(value, "__index__"), "a whole number"),
    "str": (lambda value: isinstance(value, str), "text"),
    "Dataset": (lambda value: type(value).__name__ == "Dataset", "a Dataset"),
    "Path": (lambda value: isinstance(value, str) or hasattr(value, "__fspath__"), "a path"),
    "Special": (lambda value: isinstance(value, str), "text"),
    "SupportsIndex": (lambda value: hasattr(value, "__index__"), "a whole number"),
    "os.PathLike[str]": (lambda value: hasattr(value, "__fspath__"), "a path"),
}


def _of_wrong_type(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> UsageTypeError | None:
    """What is wrong with the type of an argument; nothing if none is to blame
    for a TypeError."""
    import inspect

    bound = inspect.signature(function).bind(*args, **kwargs)
    for it in _parameters(function):
        if it.name not in bound.arguments or not isinstance(it.annotation, str):
            continue
        value = bound.arguments[it.name]
        takes = [_taken(part.strip()) for part in it.annotation.split("|")]
        if None in takes or any(fits(value) for fits, _ in filter(None, takes)):
            continue
        expected = " or ".join(dict.fromkeys(word for _, word in filter(None, takes)))
        return UsageTypeError(f"{_shown_name(function)}: expected `{it.name}` to be {expected}, got {_shown(value)}")
    return None


def _taken(annotation: str) -> tuple[Callable[[object], bool], str] | None:
    """What an annotation takes, if it is a simple one."""
    if annotation.startswith("Literal["):
        import ast

        values = ast.literal_eval(f"({annotation.removeprefix('Literal[').removesuffix(']')},)")
        return (lambda value: value in values), " or ".join(f'"{value}"' for value in values)
    return _TYPES.get(annotation)
