"""Writes python/fuelrail/steps.py, _drawn_steps.py and _column_steps.py beside it, and
docs/operators.md from the schemas of loaders' steps and of pipelines, or with --check compares
them with what lies in the repository."""

import json
import keyword
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
from fuelrail._checks import dtype_of_step as _dtype
from fuelrail._drawn_steps import (
{drawn}
)
from fuelrail._step import step as _step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, TypeAlias

    import numpy as np

    from fuelrail._step import Step

    Dtype: TypeAlias = type[np.generic] | np.dtype[Any]
{aliases}

__all__ = [
{names}
]
'''

DRAWN = '''"""Those of the steps of a loader that draw: what they do differs from row to row.

Written by scripts/operators.sh from the operators' specs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuelrail._calls import told
from fuelrail._step import step as _step

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from fuelrail._step import Step
'''

METHODS = '''"""The operators of pipelines that map the items of columns, as methods.

Written by scripts/operators.sh from the operators' specs.
"""

from __future__ import annotations

from fuelrail._calls import told
from fuelrail._checks import dtype_of_step as _dtype

# Known to type checkers by its name; the module `typing` takes its time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, TypeAlias

    import numpy as np
    from typing_extensions import Self

    Dtype: TypeAlias = type[np.generic] | np.dtype[Any]
{aliases}


@told
class ColumnSteps:
    """What is done to the items of columns, each by itself; a name that Python keeps
    for itself ends in ``_``."""

    def _and(self, op: str, **keys: object) -> Self:
        """The same with one more step."""
        raise NotImplementedError
'''

PAGE = """# Operators on columns

Written by `scripts/operators.sh` from the operators' specs; `fuelrail schema` and `fuelrail schema --steps` print the same as
JSON Schema. Pipelines take them as `[[step]]` tables and as methods of `fuelrail.Pipeline`, loaders as functions of
`fuelrail.steps` in `fuelrail.Loader(steps=[...])`, and `fuelrail explain --steps` as `[[step]]` tables of a file. What an
operator draws depends on the loader's seed, the epoch, the row of the dataset and the step alone. Images
are written as nested lists of fixed length: `[H, W]`, `[H, W, C]` or `[C, H, W]`; the order of the axes that one step of a column
says, or that the first finds out, is that of all. Or they are the bytes of image files, behind `decode` ([images.md](images.md)): then they may have
any size, and the last step must give them one. In pipelines, operators on images run on the CPU.
"""


def resolved(schema, defs):
    """A schema without references and alternatives that are null."""
    if "anyOf" in schema:
        (only,) = [one for one in schema["anyOf"] if one.get("type") != "null"]
        schema = {**only, **{key: value for key, value in schema.items() if key != "anyOf"}}
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = {"name": name, **resolved(defs[name], defs), **{key: value for key, value in schema.items() if key != "$ref"}}
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
        return " | ".join(map(python_type, schema["oneOf"]))
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    names = {"integer": "int", "number": "float", "string": "str", "boolean": "bool"}
    kind = next(kind for kind in kinds if kind != "null")
    return f"Sequence[{python_type(schema['items'])}]" if kind == "array" else names[kind]


def plain_type(schema):
    """The type of a key in words."""
    if texts := choices(schema):
        return ", ".join(f"`{text!r}`".replace("'", '"') for text in texts)
    words = {
        "bool": ("true or false", "truth values"),
        "int": ("a whole number", "whole numbers"),
        "float": ("a number", "numbers"),
        "str": ("text", "texts"),
    }
    if "oneOf" in schema:
        *ones, _ = map(plain_type, schema["oneOf"])
        return f"{', '.join(ones)}, or a list"
    one = python_type(schema)
    if one.startswith("Sequence"):
        n = schema["minItems"] if "maxItems" in schema and schema["minItems"] == schema["maxItems"] else "a list of"
        return f"{n} {words[python_type(schema['items'])][1]}"
    return words[one][0]


def operators(schema, table):
    """Name, description, and keys: name, schema, whether it must be given."""
    defs = schema["$defs"]
    for one in defs[table]["oneOf"]:
        keys = [
            (name, resolved(key, defs), name in one["required"])
            for name, key in one["properties"].items()
            if name != "op"
        ]
        yield one["properties"]["op"]["const"], " ".join(one["description"].split()), keys


def in_python(key):
    """The name of a key in Python, which keeps some for itself."""
    return f"{key}_" if keyword.iskeyword(key) else key


def annotated(key, schema, is_must):
    """A parameter of Python."""
    kind = f"{schema['name']} | Dtype" if key == "dtype" else python_type(schema)
    return f"{in_python(key)}: {kind}{'' if is_must else ' | None = None'}"


def documented(about, keys, indent):
    """A docstring; its first line is the first sentence."""
    first, *rest = about.split(". ", 1)
    lines = [f'{indent}"""{first}{"." if rest else ""}', ""]
    for text in rest:
        lines += [*textwrap.wrap(text, 84 + len(indent), initial_indent=indent, subsequent_indent=indent), ""]
    lines.append(f"{indent}Args:")
    for key, schema, _ in keys:
        text = " ".join(schema["description"].split())
        first = f"{indent}    {in_python(key)}: "
        lines += textwrap.wrap(f"{first}{text}", 84 + len(indent), subsequent_indent=f"{indent}        ")
    return [*lines, f'{indent}"""']


def called(start, first, keys, indent):
    """A call with all keys; those that Python keeps for itself are in a table."""
    given = [f"{key}={f'_dtype({key})' if key == 'dtype' else key}" for key, _, _ in keys if in_python(key) == key]
    kept = [f'"{key}": {in_python(key)}' for key, _, _ in keys if in_python(key) != key]
    given += [f"**{{{', '.join(kept)}}}"] if kept else []
    one_line = f"{indent}{start}({', '.join([first, *given])})"
    if len(one_line) <= 120:
        return [one_line]
    return [f"{indent}{start}(", *[f"{indent}    {one}," for one in [first, *given]], f"{indent})"]


def function(name, about, keys):
    """A function of Python."""
    must = [annotated(*one) for one in keys if one[2]]
    may = [annotated(*one) for one in keys if not one[2]]
    first, rest = must[0], [*must[1:], *may]
    lines = ["@told", f"def {name}(", f"    {first},", *(["    *,"] if rest else []), *[f"    {one}," for one in rest], ") -> Step:"]
    lines += [*documented(about, keys, " " * 4), *called("return _step", f'"{name}"', keys, " " * 4)]
    return "\n".join(lines)


def module(about, table):
    """A module of functions."""
    return "\n\n".join([about, "\n\n\n".join(function(*one) for one in table)]) + "\n"


def method(name, about, keys):
    """A method of Python; all keys are named."""
    given = [annotated(*one) for one in sorted(keys, key=lambda one: not one[2])]
    lines = ["", f"    def {name}(", "        self,", "        *,", *[f"        {one}," for one in given], "    ) -> Self:"]
    lines += [*documented(about, keys, " " * 8), *called("return self._and", f'"{name}"', keys, " " * 8)]
    return "\n".join(lines)


def aliases(table):
    """The types of Python that have a name, since they are long."""
    found = {schema["name"]: choices(schema) for _, _, keys in table for key, schema, _ in keys if key == "dtype"}
    lines = []
    for name, texts in sorted(found.items()):
        wrapped = textwrap.wrap(", ".join(json.dumps(text) for text in texts), 84)
        lines += [f"    {name}: TypeAlias = Literal[", *[f"        {one}" for one in wrapped], "    ]  # fmt: skip"]
    return "\n".join(lines)


def section(name, about, keys, places):
    """A section of the page."""
    lines = [f"\n## `{name}`\n", f"{about} For {places}.\n", "| key | what | type |", "|---|---|---|"]
    for key, schema, is_must in keys:
        text = " ".join(schema["description"].split()).replace("|", "\\|")
        lines.append(f"| `{key}`{'' if is_must else ' (optional)'} | {text} | {plain_type(schema)} |")
    return "\n".join(lines)


def sections(in_pipelines, in_loaders):
    """The page's sections, by name; what both take alike stands there once."""
    pipelines, loaders = ({one[0]: one for one in table} for table in (in_pipelines, in_loaders))
    for name in sorted({*pipelines, *loaders}):
        if pipelines.get(name) == loaders.get(name):
            yield section(*pipelines[name], "pipelines and loaders")
            continue
        for table, places in ((pipelines, "pipelines"), (loaders, "loaders")):
            if name in table:
                yield section(*table[name], places)


def schema(program, *options):
    """What `fuelrail schema` prints."""
    return json.loads(subprocess.run([program, "schema", *options], check=True, capture_output=True).stdout)


def main():
    program, *options = sys.argv[1:]
    in_loaders = list(operators(schema(program, "--steps"), "Operator"))
    in_pipelines = list(operators(schema(program), "ColumnOperator"))
    names = "\n".join(f'    "{name}",' for name, _, _ in in_loaders)
    # Those that draw have a stream to draw from.
    drawn = [one for one in in_loaders if any(key == "stream" for key, _, _ in one[2])]
    about = ABOUT.replace("{names}", names).replace("{aliases}", aliases(in_loaders))
    about = about.replace("{drawn}", "\n".join(f"    {name}," for name, _, _ in drawn))
    files = {
        "python/fuelrail/steps.py": module(about, [one for one in in_loaders if one not in drawn]),
        "python/fuelrail/_drawn_steps.py": module(DRAWN, drawn),
        "python/fuelrail/_column_steps.py": "\n".join([METHODS.replace("{aliases}", aliases(in_pipelines)).rstrip(), *(method(*one) for one in in_pipelines)]) + "\n",
        "docs/operators.md": "\n".join([PAGE.rstrip(), *sections(in_pipelines, in_loaders)]) + "\n",
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
