"""What fuelrail raises: a kind to branch on, a place to find the cause, and a
hint where one thing helps.

All of it derives from :class:`Error`, and each class from the built-in that
its kind is, so that ``except ValueError`` catches wrong input as everywhere.
"""

from __future__ import annotations

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Error(Exception):
    """What fuelrail raises.

    ``str()`` is the message with its place and cause, and the hint on a line
    of its own.

    >>> import fuelrail as fr
    >>> try:
    ...     fr.Tokenizer("cl100k")
    ... except fr.Error as error:
    ...     print(error.kind, error.hint)
    pipeline did you mean `cl100k_base`?
    """

    kind: str = "internal"
    """What to branch on: ``"data"``, ``"usage"``, ``"pipeline"``, ``"changed"``,
    ``"damage"``, ``"locked"``, ``"io"``, ``"device"``, ``"interrupted"`` or
    ``"internal"``."""
    message: str
    """What was expected and what came, without place, cause or hint."""
    location: dict[str, str | int]
    """Where, as far as it is known: ``step`` (from 1), ``op``, ``path``,
    ``line`` and ``col`` (from 1), ``column``, ``row`` and ``block`` (from 0)."""
    hint: str | None
    """The one thing that helps, if there is one."""
    cause: str | None
    """What the cause says, if something else failed first."""

    def __init__(
        self,
        message: str,
        *,
        location: Mapping[str, str | int] | None = None,
        hint: str | None = None,
        cause: str | None = None,
        text: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.location = dict(location or {})
        self.hint = hint
        self.cause = cause
        self._text = text or message

    def __str__(self) -> str:
        return self._text if self.hint is None else f"{self._text}\nhint: {self.hint}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._text!r})"

    def _rest(self) -> dict[str, object]:
        """What it was made of beside the message."""
        return {"location": self.location, "hint": self.hint, "cause": self.cause, "text": self._text}

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.message, self._rest())


def _again(of: type[Error], message: str, rest: dict[str, object]) -> Error:
    """An error as it was in another process."""
    return of(message, **rest)  # type: ignore[arg-type]


class DataError(Error, ValueError):
    """The content of an input cannot be read or used."""

    kind = "data"


class UsageError(Error, ValueError):
    """The call is wrong, whatever the data."""

    kind = "usage"


class PipelineError(Error, ValueError):
    """The pipeline is wrong, or does not fit the schema of its inputs."""

    kind = "pipeline"


class ChangedError(Error, ValueError):
    """The inputs, the pipeline or the dataset are not those that a target or a
    state was begun with."""

    kind = "changed"


class DamageError(Error, RuntimeError):
    """A dataset on disk is damaged or incomplete."""

    kind = "damage"


class LockedError(Error, RuntimeError):
    """Another writer holds the target."""

    kind = "locked"


class DeviceError(Error, RuntimeError):
    """A device is missing, refuses, or failed."""

    kind = "device"


class StoppedError(Error, RuntimeError):
    """The run was asked to stop, and has written a checkpoint. A run that
    Ctrl-C stops raises :class:`KeyboardInterrupt` instead."""

    kind = "interrupted"


class InternalError(Error, RuntimeError):
    """A fault of fuelrail itself. Please report it."""

    kind = "internal"


class IoError(Error, OSError):
    """The operating system refused: disk full, permission, I/O error.

    ``errno`` and ``filename`` are set where they are known.
    """

    kind = "io"

    def __init__(
        self,
        message: str,
        *,
        location: Mapping[str, str | int] | None = None,
        hint: str | None = None,
        cause: str | None = None,
        text: str | None = None,
        errno: int | None = None,
    ) -> None:
        super().__init__(message, location=location, hint=hint, cause=cause, text=text)
        self.errno = errno
        self.filename = self.location.get("path")
        self.strerror = cause

    def _rest(self) -> dict[str, object]:
        return {**super()._rest(), "errno": self.errno}


class IoNotFoundError(IoError, FileNotFoundError):
    """There is no such file or directory."""


class IoPermissionError(IoError, PermissionError):
    """The file may not be read or written."""


class UsageTypeError(UsageError, TypeError):
    """What Python has a :class:`TypeError` for."""


class UsageKeyError(UsageError, KeyError):
    """What Python has a :class:`KeyError` for."""


class UsageIndexError(UsageError, IndexError):
    """What Python has an :class:`IndexError` for: an index out of range."""


class UsageAttributeError(UsageError, AttributeError):
    """What Python has an :class:`AttributeError` for."""


# By the numbers of the system: ENOENT; EPERM and EACCES.
_BY_ERRNO: dict[int, type[IoError]] = {2: IoNotFoundError, 1: IoPermissionError, 13: IoPermissionError}

# By the kinds of the engine.
_BY_KIND: dict[str, type[Error]] = {
    of.kind: of
    for of in (
        DataError,
        UsageError,
        PipelineError,
        ChangedError,
        DamageError,
        LockedError,
        DeviceError,
        StoppedError,
        InternalError,
        IoError,
    )
}


def make(
    kind: str,
    message: str,
    location: dict[str, str | int],
    hint: str | None,
    cause: str | None,
    text: str,
    errno: int | None,
) -> Error:
    """The exception for an error of the engine; the native half calls this."""
    of = _BY_KIND.get(kind, InternalError)
    hint = None if hint is None else _in_python(hint)
    if of is IoError:
        io = _BY_ERRNO.get(errno or 0, IoError)
        return io(message, location=location, hint=hint, cause=cause, text=text, errno=errno)
    return of(message, location=location, hint=hint, cause=cause, text=text)


# What is an option of the command, and an argument here.
_SPELLINGS = {
    "`--into`": "`into=True`",
    "`--replace`": '`on_existing="replace"`',
    "`--device cpu`": '`device="cpu"`',
}


def _in_python(hint: str) -> str:
    """A hint of the engine as who calls it from Python spells it."""
    for option, argument in _SPELLINGS.items():
        hint = hint.replace(option, argument)
    return hint


def did_you_mean(name: object, known: list[str]) -> str | None:
    """The hint for a name that is like a known one."""
    import difflib

    by_lower = {it.lower(): it for it in known}
    near = difflib.get_close_matches(str(name).lower(), by_lower, 1)
    return f'did you mean "{by_lower[near[0]]}"?' if near else None


def no_tensor(name: object, known: list[str]) -> Error:
    """What a batch raises that has no such tensor; the native half calls this."""
    hint = did_you_mean(name, known)
    if not isinstance(name, str):
        hint = 'a batch goes by name, and a tensor by rows: batch["name"][rows]'
    return UsageKeyError(f"expected one of the tensors {', '.join(known)}, got {name!r}", hint=hint)


def no_arithmetic() -> Error:
    """What a tensor raises that is computed with; the native half calls this."""
    return UsageTypeError(
        "expected an array to compute with, got a fuelrail.Tensor",
        hint="use .numpy(), np.asarray(…) or a framework's from_dlpack(…), none of which copies",
    )
