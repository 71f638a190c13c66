"""What the folder of a model says beside its tokenizer: chat templates, special
tokens by their names, lengths and sides."""

from __future__ import annotations

import json
import os

from fuelrail import _native
from fuelrail._errors import DataError, UsageError

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fuelrail._chat import ChatTemplate

# Greater lengths stand for none in configurations.
_NO_LENGTH = 10**9


class Config:
    """A ``tokenizer_config.json``, which stands for what older folders have beside
    it too, and templates in files; both may be missing."""

    __slots__ = ("_fields", "_templates", "files", "text")

    def __init__(self, text: str | None = None, files: tuple[tuple[str, str], ...] = ()) -> None:
        self.text = text
        self.files = files
        self._fields: dict[str, Any] | None = None
        self._templates: _native.ChatTemplates | None = None

    @classmethod
    def beside(cls, path: str) -> Config:
        """That of a model's folder, or of the folder that a file is in."""
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        return cls(_native.model_config(folder), tuple(_templates_in(folder)))

    @property
    def templates(self) -> _native.ChatTemplates:
        """The chat templates by name."""
        if self._templates is None:
            self._templates = _native.ChatTemplates(self.text, list(self.files))
        return self._templates

    def template(self, given: str | ChatTemplate | None, *, has_tools: bool) -> _native.ChatTemplate:
        """The chat template that a call means: one, the name of one, or the text."""
        if given is not None and not isinstance(given, str):
            return given._native
        names = self.templates.names()
        if given is not None and given not in names:
            return _native.ChatTemplate(given)
        if given is None and not names:
            raise UsageError(
                "the tokenizer comes without a chat template",
                hint="give one: chat_template=fr.ChatTemplate(…); a model's folder has it in "
                "chat_template.jinja or tokenizer_config.json",
            )
        return self.templates.choose(given, has_tools)

    @property
    def special_tokens(self) -> dict[str, str]:
        """The special tokens by their names, such as ``bos_token``."""
        return dict(self.templates.special_tokens())

    @property
    def max_length(self) -> int | None:
        """The most tokens that the model takes, if that is known."""
        length = self._setting("model_max_length")
        return int(length) if isinstance(length, (int, float)) and 0 < length < _NO_LENGTH else None

    def side(self, of: str) -> str | None:
        """The ``padding`` or ``truncation`` side."""
        side = self._setting(f"{of}_side")
        return side if isinstance(side, str) else None

    def _setting(self, name: str) -> object:
        if self._fields is None:
            try:
                fields = json.loads(self.text) if self.text else {}
            except ValueError as error:
                raise DataError(f"expected JSON in tokenizer_config.json, got {error}") from error
            self._fields = fields if isinstance(fields, dict) else {}
        return self._fields.get(name)


def _templates_in(folder: str) -> list[tuple[str, str]]:
    found = []
    if (source := _read(os.path.join(folder, "chat_template.jinja"))) is not None:
        found.append(("default", source))
    more = os.path.join(folder, "additional_chat_templates")
    names = sorted(os.listdir(more)) if os.path.isdir(more) else []
    for name in names:
        stem, extension = os.path.splitext(name)
        if extension == ".jinja" and (source := _read(os.path.join(more, name))) is not None:
            found.append((stem, source))
    return found


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None
