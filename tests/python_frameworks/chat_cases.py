"""Conversations to hold chat templates against, and what transformers makes of
them: made from a seed, of the shapes that templates stumble over."""

from __future__ import annotations

import contextlib
import datetime
import json
import random
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from transformers.utils import chat_template_utils

ROOT = Path(__file__).resolve().parents[2]
# A Thursday of a leap year; templates print the date.
NOW = datetime.datetime(2024, 2, 29, 3, 4, 5)

TEXTS = [
    "Hello",
    "",
    " padded \n",
    "naïve 北京 \U0001f469\u200d\U0001f680",
    "line one\nline two\r\n\tthree",
    'it\'s "quoted" \\ back',
    "{{ not_a_variable }} {% if x %}",
    "<think>\nfirst\n</think>\n\nthen",
    "a</think>b",
    "<tool_response>\nx\n</tool_response>",
    "e\u0301 ß Straße İ ǆ ﬁ",
    "\u2028\x1c\x85 separators",
    "1 < 2 & 3 > 2",
    "None",
    "[INST] x [/INST]",
    "x" * 300,
    "  ",
    "\n",
    "<|channel|>final<|message|>",
    "```python\nprint('hi')\n```",
]
NAMES = ["get_weather", "search", "a.b", "größe"]
VALUES: list[Any] = [
    0,
    1,
    -7,
    1.0,
    0.1,
    1e16,
    1e22,
    1e-7,
    123456789012345678901234567890,
    True,
    False,
    None,
    "",
    "x",
    "it's",
    'say "hi"',
    "é<>&\u2028",
    [],
    {},
    [1, [2.5, None]],
    {"k": {"deep": ["v", True]}, "items": [1]},
    -0.0,
]


def text(chance: random.Random) -> str:
    return chance.choice(TEXTS)


def content(chance: random.Random, odd: float) -> Any:
    kind = chance.random()
    if kind >= odd:
        return text(chance)
    kind /= odd
    if kind < 0.25:
        return None
    if kind < 0.4:
        return chance.choice([5, 1.5, True, {}, {"text": "x"}])
    parts: list[dict[str, Any]] = [{"type": "text", "text": text(chance)} for _ in range(chance.randrange(3))]
    if chance.random() < 0.3:
        parts.insert(
            chance.randrange(len(parts) + 1),
            chance.choice([{"type": "image"}, {"type": "image_url", "image_url": "u"}]),
        )
    return parts


def tool_call(chance: random.Random) -> dict[str, Any]:
    arguments: Any = {f"arg{at}": chance.choice(VALUES) for at in range(chance.randrange(4))}
    if chance.random() < 0.2:
        arguments = json.dumps(arguments)
    function = {"name": chance.choice(NAMES), "arguments": arguments}
    if chance.random() < 0.1:
        return function
    call = {"id": f"call{chance.randrange(10)}abcd", "type": "function", "function": function}
    if chance.random() < 0.2:
        del call["id"]
    return call


def message(chance: random.Random, role: str, odd: float) -> dict[str, Any]:
    made: dict[str, Any] = {"role": role, "content": content(chance, odd)}
    if chance.random() < odd / 8:
        del made["content"]
    if role == "assistant":
        if chance.random() < 0.25:
            made["tool_calls"] = [tool_call(chance) for _ in range(chance.randrange(1, 3))]
        if chance.random() < 0.2:
            made[chance.choice(["reasoning_content", "thinking", "reasoning"])] = chance.choice([text(chance), None])
    if role == "tool" and chance.random() < 0.8:
        made |= {"name": chance.choice(NAMES), "tool_call_id": "call1abcd"}
    return made


def roles(chance: random.Random, odd: float) -> list[str]:
    made = [chance.choice(["system", "developer"])] if chance.random() < 0.4 else []
    if chance.random() < odd / 2:
        return made + [
            chance.choice(["user", "assistant", "tool", "system", "ipython"]) for _ in range(chance.randrange(1, 6))
        ]
    for _ in range(chance.randrange(1, 4)):
        made.append("user")
        if chance.random() < 0.25:
            made += ["assistant", "tool"]
        made.append("assistant")
    if chance.random() < 0.4:
        made.pop()
    return made


def schema(chance: random.Random) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = [
        {"type": "string", "description": text(chance), "enum": ["a", 'b"']},
        {"type": ["integer", "null"], "default": chance.choice(VALUES)},
        {"type": "array", "items": {"type": "number"}},
        {"type": "object", "properties": {"inner": {"type": "boolean", "description": "d"}}, "required": ["inner"]},
        {"anyOf": [{"type": "string"}, {"type": "number"}], "nullable": True},
    ]
    properties = {f"p{at}": chance.choice(kinds) for at in range(chance.randrange(4))}
    function: dict[str, Any] = {"name": chance.choice(NAMES), "description": text(chance)}
    if chance.random() < 0.9:
        function["parameters"] = {"type": "object", "properties": properties, "required": list(properties)[:1]}
    if chance.random() < 0.2:
        function["return"] = {"type": "string", "description": "what comes back"}
    return function if chance.random() < 0.05 else {"type": "function", "function": function}


def case(template: str, seed: int) -> dict[str, Any]:
    """One case, as the example `render_chat` reads it."""
    chance = random.Random(seed)
    # Templates refuse most of what is odd, so most conversations are not.
    odd = chance.choice([0.02, 0.02, 0.3])
    messages = [message(chance, role, odd) for role in roles(chance, odd)]
    made: dict[str, Any] = {"template": template, "messages": messages}
    if chance.random() < 0.3:
        made["tools"] = [schema(chance) for _ in range(chance.randrange(3))]
    if chance.random() < 0.08:
        made["documents"] = [{"title": text(chance), "text": text(chance)} for _ in range(2)]
    variables: dict[str, Any] = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    extras: dict[str, list[Any]] = {
        "enable_thinking": [True, False],
        "thinking": [True, False],
        "date_string": ["26 Jul 2024"],
        "tools_in_user_message": [True, False],
        "reasoning_effort": ["low", "high"],
        "builtin_tools": [["browser", "python"]],
        "model_identity": ["You are X."],
        "keep_past_thinking": [True],
        "xml_tools": [["f"]],
        "custom_tools": [None, [schema(chance)]],
        "preserve_thinking": [True, False],
        "clear_thinking": [True, False],
    }
    variables |= {name: chance.choice(values) for name, values in extras.items() if chance.random() < 0.12}
    made["variables"] = variables
    made["now"] = int((NOW - datetime.datetime(1970, 1, 1)).total_seconds())
    ending = chance.random()
    if ending < 0.35:
        made["prompt"] = True
    elif ending < 0.42:
        made["continue"] = chance.choice(["content", "content", "reasoning_content", "thinking"])
    return made


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without Python's warnings of what made templates call or compare."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Clock:
        return cls(NOW.year, NOW.month, NOW.day, NOW.hour, NOW.minute, NOW.second)


def transformers_text(given: dict[str, Any], tokenizer: Any, *, spans: bool = False) -> tuple[str, list[list[int]]]:
    """The text that transformers renders, and the spans of its generation
    blocks in bytes where they are asked for."""
    # What JSON cannot tell apart must not differ: the case goes through JSON for both.
    given = json.loads(json.dumps(given))
    options: dict[str, Any] = dict(
        chat_template=given["template"],
        tools=given.get("tools"),
        documents=given.get("documents"),
        add_generation_prompt=given.get("prompt", False),
        continue_final_message=given.get("continue", False),
        **given["variables"],
    )
    found: list[Any] = []
    render = chat_template_utils.render_jinja_template

    def noting(**arguments: Any) -> Any:
        found.append(render(**{**arguments, "return_assistant_tokens_mask": spans}))
        return found[-1]

    with (
        quiet(),
        mock.patch.object(chat_template_utils, "datetime", Clock),
        mock.patch("transformers.tokenization_utils_base.render_jinja_template", noting),
    ):
        rendered = tokenizer.apply_chat_template(given["messages"], tokenize=False, **options)
    if not spans:
        return rendered, []
    [indices] = found[-1][1]
    # A surrogate has no bytes: such a text counts as one that fails.
    return rendered, [[len(rendered[:end].encode()) for end in span] for span in indices]


def rendered_here(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What this crate makes of them."""
    command = "cargo run --quiet --release --package fuelrail-kernels --example render_chat".split()
    lines = "".join(json.dumps(given) + "\n" for given in cases)
    done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, cwd=ROOT, check=True)
    return [json.loads(line) for line in done.stdout.decode().split("\n") if line]
