"""`Tokenizer.apply_chat_template` and the arrays of a call are those of a fast
tokenizer of `transformers`, from the object and from its folder."""

from __future__ import annotations

import datetime
import json
import pickle
import random
from pathlib import Path
from typing import Any

import chat_cases
import chat_templates
import fuelrail as fr
import pytest
import tokenizers
import transformers

SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
MARKED = (
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{% if m.role == 'assistant' %}"
    "{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
MESSAGES = [
    {"role": "user", "content": "naïve 北京 🦀?"},
    {"role": "assistant", "content": "yes </s> no"},
    {"role": "user", "content": "er"},
    {"role": "assistant", "content": "ententer"},
]


@pytest.fixture(scope="module")
def fast() -> transformers.PreTrainedTokenizerFast:
    """A token for each byte, and some of two."""
    vocab = {char: id for id, char in enumerate(sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()))}
    merges = [("e", "r"), ("<", "e"), ("n", "t"), ("Ã", "©")]
    vocab |= {left + right: 256 + at for at, (left, right) in enumerate(merges)}
    backend = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, merges))
    backend.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = tokenizers.decoders.ByteLevel()
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, model_max_length=12, padding_side="left", **SPECIAL
    )
    made.chat_template = MARKED
    return made


@pytest.fixture(params=["object", "folder", "file", "pickled"])
def ours(request: pytest.FixtureRequest, fast: transformers.PreTrainedTokenizerFast, tmp_path: Path) -> fr.Tokenizer:
    if request.param == "object":
        return fr.Tokenizer(fast)
    if request.param == "pickled":
        return pickle.loads(pickle.dumps(fr.Tokenizer(fast)))
    # What a call cuts and fills stays in the backend, and would be saved.
    fast.backend_tokenizer.no_truncation()
    fast.backend_tokenizer.no_padding()
    fast.save_pretrained(tmp_path)
    return fr.Tokenizer(tmp_path if request.param == "folder" else tmp_path / "tokenizer.json")


def test_ids_texts_and_masks_are_those_of_transformers(
    ours: fr.Tokenizer, fast: transformers.PreTrainedTokenizerFast
) -> None:
    for prompt in (False, True):
        text = fast.apply_chat_template(MESSAGES, tokenize=False, add_generation_prompt=prompt)
        assert ours.apply_chat_template(MESSAGES, tokenize=False, add_generation_prompt=prompt) == text
        wanted = fast.apply_chat_template(
            MESSAGES, add_generation_prompt=prompt, return_assistant_tokens_mask=True, return_dict=True
        )
        ids, mask = ours.apply_chat_template(
            MESSAGES, add_generation_prompt=prompt, return_assistant_tokens_mask=True
        )
        assert (ids.tolist(), mask.tolist()) == (wanted["input_ids"], wanted["assistant_masks"])
        assert ours.apply_chat_template(MESSAGES, add_generation_prompt=prompt).tolist() == wanted["input_ids"]
    text = fast.apply_chat_template(MESSAGES, tokenize=False, continue_final_message=True)
    assert ours.apply_chat_template(MESSAGES, tokenize=False, continue_final_message=True) == text


def test_arrays_are_those_of_transformers(ours: fr.Tokenizer, fast: transformers.PreTrainedTokenizerFast) -> None:
    texts = ["hello enter", "er", "", "a much longer text, which is cut", "é</s>"]
    rng = random.Random(0)
    for _ in range(40):
        pairs = rng.choice([None, texts[::-1]])
        options: dict[str, Any] = {
            "padding": rng.choice([True, "longest", "max_length"]),
            "truncation": rng.choice([True, "longest_first"]),
            "max_length": rng.choice([None, 4, 8]),
            "pad_to_multiple_of": rng.choice([None, 4]),
            "return_offsets_mapping": True,
            "return_special_tokens_mask": True,
            "return_token_type_ids": True,
            "return_overflowing_tokens": rng.random() < 0.5,
        }
        wanted = fast(texts, pairs, return_tensors="np", **options)
        got = ours(texts, pairs, **options)
        assert set(got) == set(wanted)
        for name, array in wanted.items():
            assert got[name].tolist() == array.tolist(), (name, options, pairs)
            assert got[name].dtype == array.dtype, name


def test_every_template_renders_as_in_transformers(fast: transformers.PreTrainedTokenizerFast) -> None:
    plain = fr.Tokenizer("cl100k_base")
    compared = 0
    for at, (_, template) in enumerate(sorted(chat_templates.TEMPLATES.items())):
        case = chat_cases.case(template, at)
        try:
            text, _ = chat_cases.transformers_text(case, fast)
        except Exception:
            continue
        rendered = fr.ChatTemplate(template).render(
            case["messages"],
            case.get("tools"),
            case.get("documents"),
            add_generation_prompt=case.get("prompt", False),
            continue_final_message=case.get("continue", False),
            now=chat_cases.NOW,
            **case["variables"],
        )
        assert rendered == text
        ids = plain.apply_chat_template(
            case["messages"],
            case.get("tools"),
            case.get("documents"),
            chat_template=template,
            add_generation_prompt=case.get("prompt", False),
            continue_final_message=case.get("continue", False),
            now=case["now"],
            **case["variables"],
        )
        assert ids.tolist() == plain.encode(text, special="parse").tolist()
        compared += 1
    assert compared > 20


def test_templates_are_chosen_as_in_transformers(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": "old", "bos_token": {"content": "<b>"}}))
    (tmp_path / "chat_template.jinja").write_text("{{ bos_token }}default")
    (tmp_path / "additional_chat_templates").mkdir()
    (tmp_path / "additional_chat_templates/tool_use.jinja").write_text("tools")
    tokenizers.Tokenizer(tokenizers.models.WordLevel({"<b>": 0, "[UNK]": 1}, "[UNK]")).save(
        str(tmp_path / "tokenizer.json")
    )
    ours = fr.Tokenizer(tmp_path)
    assert ours.chat_templates == ["default", "tool_use"]
    assert ours.apply_chat_template(MESSAGES, tokenize=False) == "<b>default"
    assert ours.apply_chat_template(MESSAGES, tokenize=False, bos_token="<s>") == "<s>default"
    assert ours.apply_chat_template(MESSAGES, tools=[], tokenize=False) == "tools"
    assert ours.apply_chat_template(MESSAGES, chat_template="tool_use", tokenize=False) == "tools"
    assert ours.apply_chat_template(MESSAGES, chat_template="{{ 1 + 1 }}", tokenize=False) == "2"


def test_what_cannot_be_rendered_says_what_helps() -> None:
    ours = fr.Tokenizer("cl100k_base")
    dated = fr.ChatTemplate("{{ strftime_now('%Y-%m-%d %H:%M') }}{{ messages[0].content }}")
    now = datetime.datetime(2024, 2, 29, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(hours=5)))
    assert dated.render([{"role": "user", "content": "!"}], now=now) == "2024-02-29 03:04!"
    assert dated.render([{"role": "user", "content": "!"}], now=0) == "1970-01-01 00:00!"
    for call, kind, message, hint in [
        (lambda: dated.render(MESSAGES), "data", "`strftime_now` without a clock is not supported", "now=datetime.now()"),
        (lambda: dated.render(MESSAGES, now="today"), "usage", "expected `now` as a datetime", None),
        (lambda: ours.apply_chat_template(MESSAGES), "usage", "without a chat template", "chat_template.jinja"),
        (lambda: ours.apply_chat_template([], chat_template="x"), "usage", "at least one message", None),
        (lambda: ours.apply_chat_template(MESSAGES, chat_template="{% if %}"), "data", "line 1", None),
        (
            lambda: ours.apply_chat_template(MESSAGES, chat_template="{{ raise_exception('no') }}"),
            "data",
            "refuses the conversation: no",
            None,
        ),
        (
            lambda: ours.apply_chat_template(MESSAGES, tools=[print], chat_template="x"),
            "usage",
            "values that JSON has",
            "get_json_schema",
        ),
        (
            lambda: ours.apply_chat_template(MESSAGES, chat_template="x", add_generation_promt=True),
            "usage",
            "unknown keyword `add_generation_promt`",
            "add_generation_prompt",
        ),
        (
            lambda: ours.apply_chat_template(MESSAGES, chat_template="x", tokenize=False, return_assistant_tokens_mask=True),
            "usage",
            "needs tokens",
            None,
        ),
        (
            lambda: ours.apply_chat_template(
                MESSAGES, chat_template="x", add_generation_prompt=True, continue_final_message=True
            ),
            "usage",
            "got both",
            None,
        ),
        (
            lambda: ours.apply_chat_template(
                MESSAGES, chat_template="{{ messages | length }}", return_assistant_tokens_mask=True
            ),
            "data",
            "assistant's text cannot be found",
            "{% generation %}",
        ),
    ]:
        with pytest.raises(fr.Error) as raised:
            call()
        assert raised.value.kind == kind, raised.value
        assert message in str(raised.value)
        assert hint is None or hint in (raised.value.hint or ""), raised.value
    deep: list[Any] = []
    deep.append(deep)
    with pytest.raises(fr.UsageError, match="200 deep"):
        dated.render([{"role": "user", "content": deep}], now=0)


def test_marked_spans_are_in_characters() -> None:
    template = fr.ChatTemplate(MARKED)
    text, spans = template.render_marked(MESSAGES, bos_token="é", eos_token="</s>")
    assert [text[start:end] for start, end in spans] == ["yes </s> no</s>", "ententer</s>"]
    assert template.has_generation
    assert pickle.loads(pickle.dumps(template)) == template
