"""`chat` in a pipeline against `apply_chat_template` row by row, and what becomes of
rows that cannot be rendered, of killed runs, and of columns beside the messages."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from runs import halted, tree

import fuelrail as fr

MARKED = (
    "{% for m in messages %}{% if m.role == 'system' and not loop.first %}{{ raise_exception('system first') }}{% endif %}"
    "<|{{ m.role }}|>{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|endoftext|>{% endgeneration %}"
    "{% else %}{{ m.content }}{% endif %}\n{% endfor %}"
)
PLAIN = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
CONTENTS = [
    "Hello",
    "",
    " naïve 北京 🦀\u200d",
    "<|endoftext|> in it",
    'a "quote" \\ \r\n',
    "{{ not a variable }}",
    None,
]

Row = dict[str, Any]


def conversations(n: int, seed: int) -> list[Row]:
    """Conversations of which some are dirty: none, empty, without a role, out of order."""
    draw = random.Random(seed)
    rows: list[Row] = []
    for number in range(n):
        messages: Any = [
            {
                "role": draw.choice(["user", "assistant", "user", "assistant", "system"]),
                "content": draw.choice(CONTENTS),
            }
            for _ in range(draw.randrange(6))
        ]
        if messages and draw.random() < 0.05:
            draw.choice(messages)["role"] = None
        rows.append({"id": number, "messages": None if draw.random() < 0.05 else messages})
    return rows


def expected(row: Row, tokenizer: fr.Tokenizer, template: str) -> tuple[list[int], list[int]] | None:
    messages = row["messages"]
    if any(message["role"] is None for message in messages):
        return None
    given = fr.ChatTemplate(template)
    try:
        ids, mask = tokenizer.apply_chat_template(messages, chat_template=given, return_assistant_tokens_mask=True)
    except fr.Error:
        return None
    return ids.tolist(), mask.tolist()


def quarantined(dataset: fr.Dataset) -> dict[int, str]:
    lists = [file.read_text() for file in Path(dataset.path).glob("quarantine-*.jsonl")]
    units = [json.loads(line) for text in lists for line in text.splitlines()]
    return {unit["at"]["row"]: unit["reason"] for unit in units}


@pytest.mark.parametrize("template", [MARKED, PLAIN], ids=["marked", "by prefixes"])
@pytest.mark.parametrize("source", ["nested", "large", "text", "lines"])
def test_rows_are_those_of_apply_chat_template(tmp_path: Path, template: str, source: str) -> None:
    rows = conversations(300, 4)
    tokenizer = fr.Tokenizer("gpt2")
    table = pa.Table.from_pylist(rows)
    if source == "large":
        message = pa.struct([("role", pa.string_view()), ("content", pa.dictionary(pa.int8(), pa.large_string()))])
        table = table.set_column(1, "messages", table["messages"].cast(pa.large_list(message)))
    if source == "text":
        text = [None if row["messages"] is None else json.dumps(row["messages"]) for row in rows]
        table = table.set_column(1, "messages", pa.array(text, pa.large_string()).dictionary_encode())
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pipeline = fr.Pipeline(path if source == "lines" else table.slice(0, 300), on_error="quarantine")
    dataset = pipeline.chat(column="messages", tokenizer="gpt2", chat_template=template).shard(
        tmp_path / "out", progress="never"
    )
    assert dataset.columns == ["id", "tokens", "loss_mask"]
    aside = quarantined(dataset)
    got = {row["id"]: row for row in map(dict, dataset)}
    n_rendered = 0
    for number, row in enumerate(rows):
        if row["messages"] is None:
            assert got[number]["tokens"] is None and got[number]["loss_mask"] is None
            continue
        wanted = expected(row, tokenizer, template)
        if wanted is None:
            assert number in aside and number not in got
            continue
        assert (got[number]["tokens"].tolist(), got[number]["loss_mask"].tolist()) == wanted, row
        n_rendered += 1
    assert n_rendered > 100 and len(aside) > 50
    reasons = set(aside.values())
    assert any("expected at least one message" in reason for reason in reasons)
    assert any("expected a text as the role of message" in reason for reason in reasons)
    assert any(("system first" if template == MARKED else "assistant's text cannot be found") in it for it in reasons)


def test_text_that_is_no_conversation_is_set_aside(tmp_path: Path) -> None:
    good = [{"role": "user", "content": "x"}]
    deep = "[" * 100_000
    texts = [
        "", " ", "[", "5", "null", '"x"', "[[]]", "[{}]", "[null]", "{}", deep, deep + "]" * 100_000, "[] []",
        '[{"role": "user", "content": "\\ud800"}]', '[{"role": 5, "content": "x"}]', '[{"role": "user"}',
        '[{"role": "user", "content": 1e999999}]', '[{"role": "user", "content": ' + "9" * 50 + "}]",
        json.dumps(good), json.dumps(json.dumps(good)), json.dumps([{"role": "user", "content": None}]),
        '[{"role": "user", "role": "assistant", "content": NaN, "more": [1e5, -0.0]}]',
    ]  # fmt: skip
    dataset = (
        fr.Pipeline(pa.table({"messages": texts}), on_error="quarantine")
        .chat(column="messages", tokenizer="gpt2", chat_template=PLAIN, loss_mask=False)
        .shard(tmp_path / "out", progress="never")
    )
    tokenizer = fr.Tokenizer("gpt2")
    rows = [row["tokens"] for row in dataset]
    # The text `null` is a row without a conversation.
    assert [None if row is None else tokenizer.decode(row) for row in rows] == [
        None, "<|user|>inf\n", "<|user|>x\n", "<|user|>x\n", "<|user|>\n", "<|assistant|>nan\n",
    ]  # fmt: skip
    assert len(quarantined(dataset)) == len(texts) - len(rows)


def test_a_killed_run_goes_on_and_threads_change_nothing(tmp_path: Path) -> None:
    rows = conversations(6_000, 8)
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "chat.jinja").write_text(MARKED)
    (tmp_path / "p.toml").write_text(
        """
        [source]
        uri = "chats.jsonl"
        on_error = "quarantine"
        part_size = "64KiB"
        [[step]]
        op = "chat"
        column = "messages"
        tokenizer = "gpt2"
        chat_template = "chat.jinja"
        [[step]]
        op = "pack"
        length = 128
        pad = 0
        labels = true
        window = 100
        [sink]
        uri = "out"
        shard_size = "64KiB"
        """
    )
    pipeline = fr.Pipeline.from_file(tmp_path / "p.toml")
    expected = pipeline.shard(tmp_path / "expected", progress="never", threads=1)
    account = expected.account
    assert account is not None and account["set_aside"]["rows"] > 500 and account["rows_dropped"] > 100
    pipeline.shard(tmp_path / "four", progress="never", threads=4)
    assert tree(tmp_path / "four") == tree(tmp_path / "expected")
    command = [sys.executable, "-m", "fuelrail", "shard", str(tmp_path / "p.toml"), "--threads", "1"]
    child = halted(command, tmp_path / "out", tmp_path / "expected")
    os.kill(child.pid, signal.SIGKILL)
    child.communicate(timeout=60)
    assert not (tmp_path / "out/dataset.json").exists()
    pipeline.shard(tmp_path / "out", progress="never")
    assert tree(tmp_path / "out") == tree(tmp_path / "expected")


def test_the_template_travels_with_the_dataset(tmp_path: Path) -> None:
    table = pa.table({"messages": [[{"role": "assistant", "content": "Hello"}]]})
    chat = fr.Pipeline(table).chat(column="messages", tokenizer="gpt2", chat_template=fr.ChatTemplate(MARKED))
    dataset = chat.shard(tmp_path / "out", progress="never")
    manifest = json.loads((tmp_path / "out/dataset.json").read_text())
    kinds = {asset["kind"]: tmp_path / "out" / asset["file"] for asset in manifest["assets"]}
    assert kinds["chat_template"].read_text() == MARKED
    # A row is decoded by its tokenizer, as one that `tokenize` made is.
    assert dataset.documents(0)[0].text == "<|assistant|>Hello<|endoftext|>"
    with pytest.raises(fr.Error) as raised:
        chat.select(columns=["tokens"]).shard(tmp_path / "out", progress="never")
    assert raised.value.kind == "changed"


def test_tools_come_from_a_column(tmp_path: Path) -> None:
    template = "{{ tools | tojson if tools is not none else 'none' }}:{{ messages[0].content }}"
    tools = [{"name": "f", "nested": {"a": [1, None], "b": 2.5, "c": True}}]
    messages = [{"role": "user", "content": "x"}]
    for number, column in enumerate([[tools, None, []], [json.dumps(tools), None, "[]"]]):
        table = pa.table({"messages": [messages] * 3, "tools": column})
        chat = fr.Pipeline(table).chat(
            column="messages", tokenizer="gpt2", chat_template=template, tools="tools", loss_mask=False
        )
        dataset = chat.select(columns=["tokens"]).shard(tmp_path / str(number), progress="never")
        texts = [fr.Tokenizer("gpt2").decode(row["tokens"]) for row in dataset]
        assert texts == [f"{json.dumps(tools)}:x", "none:x", "[]:x"]
    bad = pa.table({"messages": [messages], "tools": ["[{"]})
    with pytest.raises(fr.DataError, match="tools: not JSON: expected a key in quotes at byte 2"):
        fr.Pipeline(bad).chat(column="messages", tokenizer="gpt2", chat_template=template, tools="tools").select(
            columns=["tokens"]
        ).shard(tmp_path / "bad", progress="never")


def test_tools_as_structs_go_with_the_conversations(tmp_path: Path) -> None:
    template = "{{ tools | tojson }}{{ (documents or [{'title': ''}])[0].title }}{{ messages[0].content }}"
    row = {
        "messages": [{"role": "user", "content": "x"}],
        "rejected": [{"role": "user", "content": "y"}],
        "tools": [{"name": "f"}],
        "documents": [{"title": "t"}],
        "id": 7,
    }
    keys = {"tokenizer": "gpt2", "chat_template": template, "tools": "tools", "loss_mask": False}
    chats = fr.Pipeline(pa.Table.from_pylist([row])).chat(column="messages", documents="documents", **keys)
    # A second step reads the tools too, before they go.
    dataset = chats.chat(column="rejected", output="other", **keys).shard(tmp_path / "out", progress="never")
    assert dataset.columns == ["tokens", "other", "id"]
    texts = [fr.Tokenizer("gpt2").decode(dataset[0][name]) for name in ("tokens", "other")]
    assert texts == ['[{"name": "f"}]tx', '[{"name": "f"}]y'] and dataset[0]["id"] == 7
    # Text is a column of its own.
    row = {"messages": row["messages"], "tools": json.dumps(row["tools"])}
    text = fr.Pipeline(pa.Table.from_pylist([row])).chat(column="messages", **keys)
    assert text.shard(tmp_path / "text", progress="never").columns == ["tokens", "tools"]


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ([{"from": "human", "value": "x"}], "role of message 0, got `from`", "rename `from` and `value`"),
        ([{"role": "user"}, {"content": "x"}], "role of message 1, got none", "templates read `role` and `content`"),
        ({"conversations": [{"role": "user"}]}, "expected a list of messages, got an object", "the list of messages"),
    ],
)
def test_rows_of_other_layouts_are_told_what_templates_read(
    tmp_path: Path, value: object, message: str, hint: str
) -> None:
    table = pa.table({"messages": [json.dumps(value)]})
    chat = fr.Pipeline(table).chat(column="messages", tokenizer="gpt2", chat_template=PLAIN)
    with pytest.raises(fr.DataError, match=message) as raised:
        chat.shard(tmp_path / "out", progress="never")
    assert hint in (raised.value.hint or "")


def test_pipelines_are_written_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chat.jinja").write_text("{{ strftime_now('%Y') }}{{ messages[0].content }}{{ thinking }}")
    pipeline = fr.Pipeline("chats.jsonl").chat(
        column="messages", tokenizer="gpt2", chat_template="chat.jinja", now="2024-07-26", variables={"thinking": False},
        loss_mask=False, tools="tools", add_generation_prompt=True, dtype="uint32",
    ).sink("out")  # fmt: skip
    again = fr.Pipeline.from_toml(pipeline.to_toml())
    assert again == pipeline and repr(again) == "Pipeline('chats.jsonl', chat, 'out')"
    # A clock is the same, however it is said.
    import datetime

    for now in (datetime.datetime(2024, 7, 26), 1721952000, "2024-07-26T00:00"):
        other = fr.Pipeline("chats.jsonl").chat(
            column="messages", tokenizer="gpt2", chat_template="chat.jinja", now=now, variables={"thinking": False},
            loss_mask=False, tools="tools", add_generation_prompt=True, dtype="uint32",
        ).sink("out")  # fmt: skip
        assert other == pipeline
    # Paths in a file are relative to it.
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/p.toml").write_text(pipeline.to_toml())
    moved = fr.Pipeline.from_file("sub/p.toml")
    assert 'chat_template = "sub/chat.jinja"' in moved.to_toml()
