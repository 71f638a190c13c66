"""The operator `chat` gives the ids and masks of transformers, row by row, from
JSON lines and from nested columns, and sets aside what transformers refuses."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import chat_cases
import chat_templates
import fuelrail as fr
import pyarrow as pa
import pytest
import tokenizers
import transformers

SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
ROWS = 24

Row = dict[str, Any]
Encoded = tuple[list[int], list[int]]


@pytest.fixture(scope="module")
def fast() -> transformers.PreTrainedTokenizerFast:
    """A token for each byte, and some of two."""
    vocab = {char: id for id, char in enumerate(sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()))}
    merges = [("e", "r"), ("<", "e"), ("n", "t"), ("Ã", "©")]
    vocab |= {left + right: 256 + at for at, (left, right) in enumerate(merges)}
    backend = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, merges))
    backend.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = tokenizers.decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=backend, **SPECIAL)


def conversations(template: str, seed: int) -> tuple[list[Row], dict[str, Any]]:
    """Rows to render, dirty ones among them, and what the template is told beside."""
    chance = random.Random(seed)
    rows = []
    for number in range(ROWS):
        case = chat_cases.case(template, seed * 1_000 + number)
        row = {name: case.get(name) for name in ("messages", "tools", "documents")}
        if row["messages"] and chance.random() < 0.08:
            del chance.choice(row["messages"])["role"]
        if chance.random() < 0.05:
            row["messages"] = chance.choice([None, [], "not messages", {"role": "user", "content": "x"}])
        rows.append(row)
    variables = chat_cases.case(template, seed)["variables"]
    told = {
        name: value
        for name, value in variables.items()
        if name in template and name not in SPECIAL and value is not None
    }
    return rows, told


def text_of(case: dict[str, Any], fast: Any) -> str | None:
    try:
        text, _ = chat_cases.transformers_text(case, fast)
        text.encode()
    except Exception:
        return None
    return text


def spans_of(case: dict[str, Any], fast: Any, text: str) -> list[tuple[int, int]] | None:
    """The assistant's text: transformers' generation blocks, else what each turn adds to
    the text before it, where both begin the whole."""
    if "generation %}" in case["template"]:
        _, spans = chat_cases.transformers_text(case, fast, spans=True)
        data = text.encode()
        return [(len(data[:start].decode()), len(data[:end].decode())) for start, end in spans]
    spans = []
    messages = case["messages"]
    for at, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        # transformers renders no empty conversation, with which the first turn would begin.
        before = text_of(case | {"messages": messages[:at], "prompt": True}, fast) if at else None
        through = text_of(case | {"messages": messages[: at + 1], "prompt": False}, fast)
        if before is None or through is None or len(before) > len(through):
            return None
        if not (text.startswith(before) and text.startswith(through)):
            return None
        spans.append((len(before), len(through)))
    return spans


def expected(case: dict[str, Any], fast: Any) -> Encoded | None:
    """The ids and the mask; nothing where a row is to be set aside."""
    messages = case["messages"]
    if not isinstance(messages, list) or not all(isinstance(it.get("role"), str) for it in messages):
        return None
    text = text_of(case, fast)
    if text is None:
        return None
    spans = spans_of(case, fast, text)
    if spans is None:
        return None
    encoded = fast(text, add_special_tokens=False, return_offsets_mapping=True)
    mask = [int(any(start < e and s < end for s, e in spans)) for start, end in encoded["offset_mapping"]]
    return encoded["input_ids"], mask


def got(dataset: fr.Dataset) -> dict[int, Encoded | None]:
    rows: dict[int, Encoded | None] = {}
    for row, [origin] in zip(dataset, dataset.origins(), strict=True):
        tokens, mask = row["tokens"], row["loss_mask"]
        rows[origin.row] = None if tokens is None else (tokens.tolist(), mask.tolist())
    return rows


@pytest.mark.parametrize("name", sorted(chat_templates.TEMPLATES))
def test_rows_are_encoded_as_transformers_does(
    name: str, fast: transformers.PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    template = chat_templates.TEMPLATES[name]
    seed = sorted(chat_templates.TEMPLATES).index(name)
    rows, told = conversations(template, seed)
    prompt = seed % 3 == 0
    source = tmp_path / "chats.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options: dict[str, Any] = {"chat_template": template, "variables": told, "add_generation_prompt": prompt}
    if "strftime_now" in template:
        options["now"] = chat_cases.NOW
    pipeline = fr.Pipeline(source, on_error="quarantine").chat(
        column="messages", tokenizer=fast, tools="tools", documents="documents", **options
    )
    dataset = pipeline.select(columns=["tokens", "loss_mask"]).shard(tmp_path / "out", progress="never")
    rendered = got(dataset)
    outcomes: Counter[str] = Counter()
    for number, row in enumerate(rows):
        if row["messages"] is None:
            assert rendered.pop(number) is None
            continue
        case = {**row, "template": template, "variables": told, "prompt": prompt}
        wanted = expected({key: value for key, value in case.items() if value is not None}, fast)
        outcomes["aside" if wanted is None else "rendered"] += 1
        assert rendered.pop(number, None) == wanted, (number, case)
    assert not rendered
    account = dataset.account
    assert account is not None and account["set_aside"]["rows"] == outcomes["aside"]
    assert account["rows_read"] == len(rows)


MARKED = (
    "{{ bos_token }}{% if tools %}{{ tools | tojson }}\n{% endif %}{% for m in messages %}<|{{ m.role }}|>"
    "{% if m.role == 'assistant' %}{% generation %}{{ m.content or '' }}{% for call in m.tool_calls or [] %}"
    "{{ call | tojson }}{% endfor %}{{ eos_token }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}\n{% endfor %}"
)


def test_nested_columns_are_what_their_rows_are_in_python(
    fast: transformers.PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    draw = random.Random(5)
    rows = []
    for _ in range(120):
        messages: list[Row] = []
        for role in chat_cases.roles(draw, 0.2):
            message: Row = {"role": role, "content": draw.choice([chat_cases.text(draw), chat_cases.text(draw), None])}
            if role == "assistant" and draw.random() < 0.4:
                numbers = {"whole": draw.choice([2**53 + 1, -7, None]), "part": draw.choice([0.1, 1e22, None])}
                arguments = {"city": draw.choice(["Oslo", "größe", None]), **numbers, "flag": draw.choice([True, None])}
                message["tool_calls"] = [{"type": "function", "function": {"name": "f", "arguments": arguments}}]
            messages.append(message)
        tools = [
            {"type": "function", "function": {"name": "f", "parameters": {"required": ["city"][: draw.randrange(2)]}}}
        ]
        rows.append({"messages": messages, "tools": draw.choice([None, [], tools])})
    table = pa.Table.from_pylist(rows)
    assert pa.types.is_nested(table.schema.field("messages").type)
    fast.chat_template = MARKED
    nested = fr.Pipeline(table, on_error="quarantine")
    as_text = pa.table({name: [json.dumps(row) for row in table[name].to_pylist()] for name in table.column_names})
    written = fr.Pipeline(as_text, on_error="quarantine")
    trees = []
    for number, pipeline in enumerate([nested, written]):
        chat = pipeline.chat(column="messages", tokenizer=fast, tools="tools").select(columns=["tokens", "loss_mask"])
        dataset = chat.shard(tmp_path / str(number), progress="never")
        trees.append(got(dataset))
    for number, row in enumerate(table.to_pylist()):
        try:
            wanted = fast.apply_chat_template(
                **{"conversation": row["messages"]},
                tools=row["tools"],
                return_dict=True,
                return_assistant_tokens_mask=True,
            )
        except Exception:
            assert number not in trees[0]
            continue
        assert trees[0][number] == (wanted["input_ids"], wanted["assistant_masks"]), row
    assert trees[0] == trees[1] and len(trees[0]) > 80


def test_the_models_files_say_how_conversations_are_rendered(
    fast: transformers.PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    fast.chat_template = {"default": MARKED, "tool_use": "with tools " + MARKED, "short": "{{ messages[0].content }}"}
    fast.save_pretrained(tmp_path / "model")
    messages = [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "4"}]
    tools = [{"name": "f"}]
    table = pa.Table.from_pylist([{"messages": messages, "tools": tools}, {"messages": messages, "tools": None}])
    pipeline = fr.Pipeline(table)
    for number, (tokenizer, template) in enumerate(
        [
            (fast, None),
            (tmp_path / "model", None),
            (tmp_path / "model/tokenizer.json", None),
            (fr.Tokenizer(tmp_path / "model"), None),
            (fr.Tokenizer(tmp_path / "model/tokenizer.json"), tmp_path / "model"),
        ]
    ):
        chat = pipeline.chat(column="messages", tokenizer=tokenizer, chat_template=template, tools="tools")
        dataset = chat.select(columns=["tokens", "loss_mask"]).shard(tmp_path / str(number), progress="never")
        for row, given in zip(dataset, [tools, None], strict=True):
            wanted = fast.apply_chat_template(
                messages, tools=given, return_dict=True, return_assistant_tokens_mask=True
            )
            assert row["tokens"].tolist() == wanted["input_ids"]
            assert row["loss_mask"].tolist() == wanted["assistant_masks"]
        assert len({fr.Dataset(tmp_path / name).plan_digest for name in map(str, range(number + 1))}) == 1
    [row, _] = (
        pipeline.chat(column="messages", tokenizer=tmp_path / "model", chat_template="short", loss_mask=False)
        .select(columns=["tokens"])
        .shard(tmp_path / "short", progress="never")
    )
    assert fast.decode(row["tokens"]) == "2 + 2?"
    # What fills rows of `pack` is the model's own token.
    packed = pipeline.chat(column="messages", tokenizer=tmp_path / "model", chat_template=MARKED)
    [row] = packed.pack(length=128, labels=True).shard(tmp_path / "packed", progress="never")
    assert row["tokens"][-1] == fast.pad_token_id and row["labels"][-1] == -100
    assert (row["labels"] != -100).sum() == row["loss_mask"].sum() > 0
