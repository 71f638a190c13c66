"""Tokenizers of `transformers` are taken as they are: the fast ones by what they
are made of, the slow ones refused."""

from __future__ import annotations

from pathlib import Path

import fuelrail as fr
import pytest
import tokenizers
import transformers


@pytest.fixture
def fast() -> transformers.PreTrainedTokenizerFast:
    """A byte-level one that puts `<s>` before each text."""
    vocab = {char: id for id, char in enumerate(sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()))}
    backend = tokenizers.Tokenizer(tokenizers.models.BPE({**vocab, "he": 256}, [("h", "e")]))
    backend.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.add_special_tokens(["<s>", "</s>"])
    backend.post_processor = tokenizers.processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 257)])
    return transformers.PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token="</s>")


TEXTS = ["hello", "", "the </s> <s>", "naïve 北京"]


def test_ids_are_those_of_a_fast_tokenizer(fast: transformers.PreTrainedTokenizerFast, tmp_path: Path) -> None:
    # What a call cuts stays in the backend, and is none of the tokenizer's.
    fast("hello hello", truncation=True, max_length=3)
    ours = fr.Tokenizer(fast)
    for text in TEXTS:
        for around in (True, False):
            wanted = fast.encode(text, add_special_tokens=around)
            assert ours.encode(text, special="parse", add_special_tokens=around).tolist() == wanted
    (tmp_path / "t.jsonl").write_text('{"text": "hello"}\n')
    pipeline = fr.Pipeline(tmp_path / "t.jsonl").tokenize(column="text", tokenizer=fast).sink(tmp_path / "shards")
    assert pipeline.shard()[0]["tokens"].tolist() == fast.encode("hello")


def test_a_slow_tokenizer_is_refused_with_the_way_out() -> None:
    with pytest.raises(fr.UsageError, match="got a slow one, .*CanineTokenizer") as raised:
        fr.Tokenizer(transformers.CanineTokenizer())
    assert raised.value.hint is not None and "use_fast=True" in raised.value.hint
