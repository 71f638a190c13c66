"""Conversations to text by chat templates."""

from __future__ import annotations

from fuelrail import _native
from fuelrail._calls import told
from fuelrail._errors import UsageError, UsageTypeError

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime
    import os
    from collections.abc import Mapping, Sequence
    from typing import Any, TypeAlias

    Messages: TypeAlias = Sequence[Mapping[str, Any]]
    Now: TypeAlias = datetime.datetime | float

# What a misspelt keyword may have been meant to be.
_KEYWORDS = [
    "add_generation_prompt",
    "chat_template",
    "continue_final_message",
    "documents",
    "messages",
    "return_assistant_tokens_mask",
    "tokenize",
    "tools",
]


@told
class ChatTemplate:
    """A chat template: what makes one text of a conversation, as transformers
    renders it.

    ``source`` is the template itself, in Jinja. Where a template asks for the
    time of day, ``now`` says it, so that the same call gives the same text.

    >>> import fuelrail as fr
    >>> template = fr.ChatTemplate(
    ...     "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}</s>{% endfor %}"
    ...     "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    ... )
    >>> template.render([{"role": "user", "content": "2 + 2?"}], add_generation_prompt=True)
    '<|user|>2 + 2?</s><|assistant|>'

    It can be used by any number of threads at once.
    """

    __slots__ = ("_native",)

    def __init__(self, source: str) -> None:
        self._native = _native.ChatTemplate(source)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> ChatTemplate:
        """The template in a file, such as ``chat_template.jinja``."""
        with open(path, encoding="utf-8") as file:
            return cls(file.read())

    @property
    def source(self) -> str:
        """The template itself."""
        return self._native.source()

    @property
    def has_generation(self) -> bool:
        """Whether it marks what the assistant says with ``{% generation %}``."""
        return self._native.has_generation()

    def render(
        self,
        messages: Messages,
        tools: Sequence[Mapping[str, Any]] | None = None,
        documents: Sequence[Mapping[str, Any]] | None = None,
        *,
        add_generation_prompt: bool = False,
        continue_final_message: bool | str = False,
        now: Now | None = None,
        **variables: Any,  # noqa: ANN401
    ) -> str:
        """The text of a conversation.

        ``add_generation_prompt`` ends it with what makes the assistant speak;
        ``continue_final_message`` ends it within the last message, for a model to
        go on with (a text names the field that it goes on with, ``"content"``
        unless told). ``now`` is a datetime, whose clock is read as it is, or
        seconds since 1970. ``variables`` are what else the template reads, such as
        ``bos_token`` or ``enable_thinking``.
        """
        check_variables(variables, self.source)
        asked = asked_conversation(
            messages, tools, documents, variables, ending(add_generation_prompt, continue_final_message), now
        )
        return self._native.render(asked)

    def render_marked(
        self,
        messages: Messages,
        tools: Sequence[Mapping[str, Any]] | None = None,
        documents: Sequence[Mapping[str, Any]] | None = None,
        *,
        add_generation_prompt: bool = False,
        now: Now | None = None,
        **variables: Any,  # noqa: ANN401
    ) -> tuple[str, list[tuple[int, int]]]:
        """The text, and where in it the assistant speaks, in characters.

        That is what the template has in ``{% generation %}`` blocks; without
        any, what each message of the assistant adds to the text of those
        before it, where that can be told.

        >>> import fuelrail as fr
        >>> template = fr.ChatTemplate("{% for m in messages %}[{{ m.role }}] {{ m.content }}\\n{% endfor %}")
        >>> text, spans = template.render_marked(
        ...     [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]
        ... )
        >>> [text[start:end] for start, end in spans]
        ['[assistant] 4\\n']
        """
        check_variables(variables, self.source)
        asked = asked_conversation(messages, tools, documents, variables, (add_generation_prompt, None), now)
        text, spans = self._native.render_marked(asked)
        return text, _in_chars(text, spans)

    def __repr__(self) -> str:
        first = self.source.lstrip().partition("\n")[0]
        return f"ChatTemplate({first if len(first) <= 60 else first[:59] + '…'!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChatTemplate) and self.source == other.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __reduce__(self) -> tuple[object, ...]:
        return ChatTemplate, (self.source,)


def ending(add_generation_prompt: bool, continue_final_message: bool | str) -> tuple[bool, str | None]:  # noqa: FBT001
    """How the text ends: with a prompt or not, or within a field of the last message."""
    if not continue_final_message:
        return bool(add_generation_prompt), None
    if add_generation_prompt:
        raise UsageError("expected one of add_generation_prompt and continue_final_message, got both")
    return False, "content" if continue_final_message is True else continue_final_message


# What transformers takes besides and does to the ids.
_OF_IDS = frozenset(["padding", "truncation", "max_length", "return_tensors", "return_dict", "tokenizer_kwargs"])


def check_variables(variables: Mapping[str, object], source: str) -> None:
    """Refuses a variable that the template does not read, and that is nearly a
    keyword, or one of transformers' that says what becomes of the ids."""
    unread = [name for name in variables if name not in source]
    if not unread:
        return
    for name in unread:
        if name in _OF_IDS:
            raise UsageTypeError(
                f"unknown keyword `{name}`, which the template does not read",
                hint="render with tokenize=False, then call the tokenizer on the text, with add_special_tokens=False",
            )
    import difflib

    for name in unread:
        for near in difflib.get_close_matches(name, _KEYWORDS, 1, 0.85):
            raise UsageTypeError(
                f"unknown keyword `{name}`, which the template does not read", hint=f'did you mean "{near}"?'
            )


def asked_conversation(
    messages: object,
    tools: object,
    documents: object,
    variables: Mapping[str, object],
    end: tuple[bool, str | None],
    now: Now | None,
) -> dict[str, Any]:
    """A conversation as the native half takes it."""
    return {
        "messages": messages,
        "tools": tools,
        "documents": documents,
        "variables": list(variables.items()),
        "add_generation_prompt": end[0],
        "continue_field": end[1],
        "now": seconds(now),
    }


def seconds(now: Now | None) -> int | None:
    """Seconds since 1970 on the clock that templates read."""
    if now is None:
        return None
    if hasattr(now, "timetuple"):
        import calendar

        return calendar.timegm(now.timetuple())
    if isinstance(now, bool) or not hasattr(now, "__float__"):
        raise UsageError(f"expected `now` as a datetime or seconds since 1970, got {now!r}")
    return int(now // 1)


def _in_chars(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in bytes, which are in order, as spans in characters."""
    if text.isascii():
        return list(spans)
    data = text.encode()
    places, n_bytes, n_chars = [], 0, 0
    for place in [place for span in spans for place in span]:
        n_chars += len(data[n_bytes:place].decode())
        n_bytes = place
        places.append(n_chars)
    return list(zip(places[::2], places[1::2], strict=True))
