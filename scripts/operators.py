"""Writes python/fuelrail/steps.py and docs/operators.md from the schema of steps,
or with --check compares them with what lies in the repository."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

ABOUT = '''"""The steps of a loader: what is done to the rows of each batch.

Each function makes one step for ``fuelrail.Loader(steps=[...])``; docs/operators.md
has them all. Written by scripts/operators.sh from the operators' specs.

>>> from fuelrail import steps
>>> steps.random_flip("image", vertical=0.5)
{'op': 'random_flip', 'column': 'image', 'vertical': 0.5}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuelrail._calls import told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

__all__ = [
{names}
]

Step = dict[str, object]


def _step(op: str, **keys: object) -> Step:
    """A step with the keys that were given."""
    return {"op": op, **{key: value for key, value in keys.items() if value is not None}}
'''

PAGE = """# Operators of a loader's steps

Written by `scripts/operators.sh` from the operators' specs; `fuelrail schema --steps` prints the same as JSON Schema.
`fuelrail.Loader(steps=[...])` takes them as functions of `fuelrail.steps`, `fuelrail explain --steps` as `[[step]]` tables of a
TOML file. What an operator draws depends on the loader's seed, the epoch, the row of the dataset and the step alone.
"""


def resolved(schema, defs):
    """A schema without references and alternatives that are null."""
    if "anyOf" in schema:
        (only,) = [one for one in schema["anyOf"] if one.get("type") != "null"]
        schema = {**only, **{key: value for key, value in schema.items() if key != "anyOf"}}
    if "$ref" in schema:
        target = defs[schema["$ref"].rsplit("/", 1)[1]]
        schema = {**resolved(target, defs), **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def choices(schema):
    """The texts that a key may be, if they are a few."""
    if "enum" in schema:
        return schema["enum"]
    return [one["const"] for one in schema.get("oneOf", []) if "const" in one]


def python_type(schema):
    """The type of a key in Python."""
    if texts := choices(schema):
        return f"Literal[{', '.join(json.dumps(text) for text in texts)}]"
    if "oneOf" in schema:
        return "str | Sequence[str]"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    names = {"integer": "int", "number": "float", "string": "str", "boolean": "bool"}
    (kind,) = [kind for kind in kinds if kind != "null"]
    return f"Sequence[{python_type(schema['items'])}]" if kind == "array" else names[kind]


def plain_type(schema):
    """The type of a key in words."""
    if texts := choices(schema):
        return ", ".join(f"`{text!r}`".replace("'", '"') for text in texts)
    words = {"str | Sequence[str]": "text, or a list", "int": "a whole number", "float": "a number", "str": "text"}
    found = python_type(schema)
    if found.startswith("Sequence"):
        return f"{schema['minItems']} whole numbers"
    return words[found]


def operators(schema):
    """Name, description, and keys: name, schema, whether it must be given."""
    defs = schema["$defs"]
    for one in defs["Operator"]["oneOf"]:
        keys = [
            (name, resolved(key, defs), name in one["required"])
            for name, key in one["properties"].items()
            if name != "op"
        ]
        yield one["properties"]["op"]["const"], " ".join(one["description"].split()), keys


def function(name, about, keys):
    """A function of Python."""
    must = [f"{key}: {python_type(schema)}" for key, schema, is_must in keys if is_must]
    may = [f"{key}: {python_type(schema)} | None = None" for key, schema, is_must in keys if not is_must]
    first, rest = must[0], [*must[1:], *may]
    lines = ["@told", f"def {name}(", f"    {first},", *(["    *,"] if rest else []), *[f"    {one}," for one in rest], ") -> Step:"]
    lines += [f'    """{about}', "", "    Args:"]
    for key, schema, _ in keys:
        text = " ".join(schema["description"].split())
        lines += textwrap.wrap(f"{key}: {text}", 84, initial_indent=" " * 8, subsequent_indent=" " * 12)
    given = ", ".join(f"{key}={key}" for key, _, _ in keys)
    call = f'    return _step("{name}", {given})'
    if len(call) > 120:
        call = "\n".join([f'    return _step(\n        "{name}",', *[f"        {key}={key}," for key, _, _ in keys], "    )"])
    return "\n".join([*lines, '    """', call])


def section(name, about, keys):
    """A section of the page."""
    lines = [f"\n## `{name}`\n", f"{about}\n", "| key | what | type |", "|---|---|---|"]
    for key, schema, is_must in keys:
        text = " ".join(schema["description"].split()).replace("|", "\\|")
        lines.append(f"| `{key}`{'' if is_must else ' (optional)'} | {text} | {plain_type(schema)} |")
    return "\n".join(lines)


def main():
    program, *options = sys.argv[1:]
    schema = json.loads(subprocess.run([program, "schema", "--steps"], check=True, capture_output=True).stdout)
    all_operators = list(operators(schema))
    names = "\n".join(f'    "{name}",' for name, _, _ in all_operators)
    about = ABOUT.replace("{names}", names)
    files = {
        "python/fuelrail/steps.py": "\n\n".join([about, "\n\n\n".join(function(*one) for one in all_operators)]) + "\n",
        "docs/operators.md": "\n".join([PAGE.rstrip(), *(section(*one) for one in all_operators)]) + "\n",
    }
    wrong = []
    for path, text in files.items():
        if "--check" not in options:
            (ROOT / path).write_text(text)
        elif not (ROOT / path).exists() or (ROOT / path).read_text() != text:
            wrong.append(path)
    if wrong:
        raise SystemExit(f"error: {', '.join(wrong)}: not what scripts/operators.sh writes")


if __name__ == "__main__":
    main()
