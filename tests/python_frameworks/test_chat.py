"""Chat templates render as `transformers` renders them, or fail where it fails;
generation blocks and token masks are its own too."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import chat_cases
import chat_language
import chat_templates
import pytest
import tokenizers
import transformers
from transformers.utils import chat_template_utils


@pytest.fixture(scope="module")
def tokenizer() -> transformers.PreTrainedTokenizerFast:
    """A token for each byte, and some of two."""
    vocab = {char: id for id, char in enumerate(sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()))}
    merges = [("e", "r"), ("<", "e"), ("n", "t"), ("Ã", "©")]
    vocab |= {left + right: 256 + at for at, (left, right) in enumerate(merges)}
    backend = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, merges))
    backend.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=backend)


def cases(per_template: int, spans: str = "") -> list[dict[str, Any]]:
    made = []
    for at, (name, template) in enumerate(sorted(chat_templates.TEMPLATES.items())):
        if spans in template:
            made += [chat_cases.case(template, at * 1_000_003 + seed) | {"name": name} for seed in range(per_template)]
    return made


def expected(case: dict[str, Any], tokenizer: Any) -> tuple[str | None, list[list[int]]]:
    """What transformers renders; nothing where it raises."""
    try:
        text, spans = chat_cases.transformers_text(case, tokenizer, spans=case.get("spans", False))
        text.encode()
    except Exception:
        return None, []
    return text, spans


def test_conversations_render_as_in_transformers(tokenizer: transformers.PreTrainedTokenizerFast) -> None:
    given = cases(40)
    outcomes: Counter[str] = Counter()
    for case, here in zip(given, chat_cases.rendered_here(given), strict=True):
        text, _ = expected(case, tokenizer)
        assert here.get("text") == text, (case, here)
        outcomes["error" if text is None else "text"] += 1
    # Both must be met often, or the test shows little.
    assert (
        len(chat_templates.TEMPLATES) >= 40
        and outcomes["text"] > len(given) / 2
        and outcomes["error"] > len(given) / 50
    )


def test_generation_blocks_have_the_spans_of_transformers(tokenizer: transformers.PreTrainedTokenizerFast) -> None:
    given = [case | {"spans": True} for case in cases(60, "generation %}") if "continue" not in case]
    some = 0
    for case, here in zip(given, chat_cases.rendered_here(given), strict=True):
        text, spans = expected(case, tokenizer)
        assert (here.get("text"), here.get("spans", [])) == (text, spans), (case, here)
        some += len(spans) > 0
    assert some > len(given) / 3


def test_token_masks_are_those_of_transformers(tokenizer: transformers.PreTrainedTokenizerFast) -> None:
    given, masks = [], []
    for case in cases(40, "generation %}"):
        # The encoder of the tokenizer needs plain calls; what fails is told by other tests.
        if "continue" in case or case.get("tools") or case.get("documents"):
            continue
        try:
            out = tokenizer.apply_chat_template(
                json.loads(json.dumps(case["messages"])),
                chat_template=case["template"],
                return_assistant_tokens_mask=True,
                add_generation_prompt=case.get("prompt", False),
                return_dict=True,
                tokenizer_kwargs={"return_offsets_mapping": True},
                **case["variables"],
            )
            text, _ = chat_cases.transformers_text(case, tokenizer)
        except Exception:
            continue
        offsets = [[len(text[:at].encode()) for at in pair] for pair in out["offset_mapping"]]
        given.append(case | {"spans": True, "offsets": offsets})
        masks.append([bool(mask) for mask in out["assistant_masks"]])
    assert len(given) > 50 and sum(map(any, masks)) > 30
    for case, mask, here in zip(given, masks, chat_cases.rendered_here(given), strict=True):
        assert here["mask"] == mask, (case, here)


@pytest.mark.parametrize("first", [0, 1_000_000])
def test_the_language_is_jinja2s(first: int) -> None:
    seeds = range(first, first + 2000)
    made = [
        {
            "template": chat_language.template(seed),
            "messages": [{"role": "user", "content": "x"}],
            "variables": chat_language.VARIABLES,
        }
        for seed in seeds
    ]
    outcomes: Counter[str] = Counter()
    for case, here in zip(made, chat_cases.rendered_here(made), strict=True):
        given: dict[str, Any] = json.loads(json.dumps(case["variables"]))
        given |= {"messages": case["messages"], "tools": None, "documents": None, "add_generation_prompt": False}
        try:
            with chat_cases.quiet():
                template = chat_template_utils._cached_compile_jinja_template(case["template"])
                text = template.render(**given)
            text.encode()
        except Exception:
            text = None
        if text is not None and here.get("kind") == "Unsupported":
            outcomes["refused"] += 1
            continue
        assert here.get("text") == text, (case["template"], text, here)
        outcomes["error" if text is None else "text"] += 1
    assert outcomes["text"] > 400 and outcomes["refused"] < 200, outcomes


def test_what_is_made_from_a_seed_is_made_again() -> None:
    seed = random.Random(1).randrange(1 << 30)
    assert chat_cases.case("t", seed) == chat_cases.case("t", seed)
    assert chat_language.template(seed) == chat_language.template(seed)
