"""Files of tokenizers for the tests: a byte-level model with a few merges, and
what stands around it in a `tokenizer.json`."""

from __future__ import annotations

import json
import warnings

import fuelrail as fr
from tokenizers import Tokenizer, models, pre_tokenizers

BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())
MERGES = [("h", "e"), ("l", "l"), ("Ġ", "h"), ("he", "ll"), ("Ġ", "Ġ"), ("1", "2"), ("Ã", "©"), ("e", "Ì")]
TEXT = {"Sequence": {"id": "A", "type_id": 0}}
PIECES = ["hello", " hell", "he", "  ", "\n", "123", "é", "e\u0301", "<s>", "</s>", "<x>", "word", "北京", "'s", "🦀"]


def bpe(**options) -> dict:
    """A model of all bytes and some merges."""
    tokens = BYTES + ["".join(pair) for pair in MERGES]
    vocab = {token: id for id, token in enumerate(tokens)}
    return json.loads(Tokenizer(models.BPE(vocab, MERGES, **options)).to_str())["model"]


N_MODEL = len(BYTES) + len(MERGES)


def added(id: int, content: str, *flags: str) -> dict:
    names = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return {"id": id, "content": content, **{name: name in flags for name in names}}


FIELDS = {
    "tokenizers.normalizers": "normalizer",
    "tokenizers.pre_tokenizers": "pre_tokenizer",
    "tokenizers.processors": "post_processor",
    "tokenizers.decoders": "decoder",
}


def state(component) -> dict:
    """A component as a file has it."""
    tokenizer = Tokenizer(models.BPE())
    field = FIELDS[type(component).__module__]
    setattr(tokenizer, field, component)
    return json.loads(tokenizer.to_str())[field]


def file(**changed) -> dict:
    tokens = [added(N_MODEL, "<s>", "special"), added(N_MODEL + 1, "</s>", "special")]
    level = state(pre_tokenizers.ByteLevel(add_prefix_space=False))
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": tokens,
        "normalizer": None,
        "pre_tokenizer": level,
        "post_processor": None,
        "decoder": level,
        "model": bpe(),
        **changed,
    }


def template(ids: dict[str, int], *single: str) -> dict:
    """`$A` stands for the text, the rest for tokens."""
    pieces = [TEXT if name == "$A" else {"SpecialToken": {"id": name, "type_id": 0}} for name in single]
    pair = [TEXT, {"Sequence": {"id": "B", "type_id": 1}}]
    special = {name: {"id": name, "ids": [id], "tokens": [name]} for name, id in ids.items()}
    return {"type": "TemplateProcessing", "single": pieces, "pair": pair, "special_tokens": special}


def read(content: dict) -> tuple[fr.Tokenizer, list[str]]:
    """The tokenizer, and what was warned of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        tokenizer = fr.Tokenizer(As(content))
    return tokenizer, [str(warning.message) for warning in said]


class As:
    """What is asked for the content of a file as `tokenizers` is."""

    def __init__(self, content: dict) -> None:
        self.content = content

    def to_str(self, pretty: bool = False) -> str:
        return json.dumps(self.content, indent=2 if pretty else None)
