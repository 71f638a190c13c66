"""The peers that `tokenize` is compared with, made without any download.

tiktoken's encodings are built from the vocabularies that fuelrail carries,
whose bytes are checked against the digests tiktoken publishes. Hugging Face
tokenizers are built from the same vocabularies, or trained on the spot.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import tiktoken
import tokenizers
from tiktoken_ext import openai_public
from tokenizers import AddedToken, Regex, models, normalizers, pre_tokenizers, trainers

ROOT = Path(__file__).resolve().parents[2]
TIKTOKEN_NAMES = ("r50k_base", "cl100k_base", "o200k_base", "o200k_harmony")

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = CL100K.replace("{1,3}", "")
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_LEAD, _TAIL = r"[^\r\n\p{L}\p{N}]?", r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = rf"{_LEAD}{_UPPER}*{_LOWER}+{_TAIL}|{_LEAD}{_UPPER}+{_LOWER}*{_TAIL}|\p{{N}}{{1,3}}{_REST}"
TEKKEN = rf"{_LEAD}{_UPPER}*{_LOWER}+|{_LEAD}{_UPPER}+{_LOWER}*|\p{{N}}{_REST}"
QWEN35 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK = (
    r"\p{N}{1,3}",
    "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)


@functools.cache
def built_example(name: str) -> str:
    """The command of an example in kernels/examples, built if need be."""
    subprocess.run(
        ["cargo", "build", "--release", "-q", "-p", "fuelrail-kernels", "--example", name],
        cwd=ROOT,
        check=True,
    )
    return str(ROOT / "target/release/examples" / name)


def command(tokenizer: str, special: str) -> list[str]:
    """What encodes lines of JSON strings: `FUELRAIL_ENCODE` with `{tokenizer}`
    and `{special}` in it, or else the CLI, `FUELRAIL_BIN`."""
    template = os.environ.get("FUELRAIL_ENCODE")
    if template is None:
        binary = os.environ.get("FUELRAIL_BIN", str(ROOT / "target/release/fuelrail"))
        template = f"{shlex.quote(binary)} tokenize --tokenizer {{tokenizer}} --jsonl --special {{special}}"
    template = template.replace("{example}", built_example("encode_jsonl") if "{example}" in template else "")
    return shlex.split(template.format(tokenizer=shlex.quote(tokenizer), special=special))


def encode(tokenizer: str, special: str, texts: Iterable[str]) -> list[list[int]]:
    """The ids of each text."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run(command(tokenizer, special), input=lines.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def encode_tokens(tokenizer: str, texts: Iterable[Any], special: str = "parse") -> list[dict[str, Any]]:
    """All that is known of the tokens of texts, or pairs; the ids have been
    compared with those that come by the shorter way."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    command = [built_example("encode_tokens"), tokenizer, special]
    done = subprocess.run(command, input=lines.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def refusal(tokenizer: str, text: str) -> str:
    """What is said when a special token in the text is refused."""
    done = subprocess.run(command(tokenizer, "refuse"), input=json.dumps(text).encode() + b"\n", capture_output=True)
    assert done.returncode != 0
    return done.stderr.decode()


def _load_ranks(url: str, expected_hash: str) -> dict[bytes, int]:
    return ranks(url.rsplit("/", 1)[1].removesuffix(".tiktoken"), expected_hash)


@functools.cache
def ranks(name: str, expected_hash: str | None = None) -> dict[bytes, int]:
    """The vocabulary that fuelrail carries, by token."""
    asset = subprocess.run([built_example("encode_jsonl"), "--asset", name], capture_output=True, check=True).stdout
    if expected_hash is not None:
        assert hashlib.sha256(asset).hexdigest() == expected_hash
    lines = (line.split() for line in asset.splitlines())
    return {base64.b64decode(token): int(rank) for token, rank in lines}


@functools.cache
def tiktoken_encoding(name: str) -> tiktoken.Encoding:
    openai_public.load_tiktoken_bpe = _load_ranks
    return tiktoken.Encoding(**openai_public.ENCODING_CONSTRUCTORS[name]())


@functools.cache
def _byte_chars() -> dict[int, str]:
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + nth) for nth, byte in enumerate(others)}


def _spell(token: bytes) -> str:
    return "".join(map(_byte_chars().__getitem__, token))


@functools.cache
def hf_model(name: str, ignore_merges: bool) -> models.BPE:
    """A model of the vocabulary, with every pair that makes a token as a
    merge, as the converters in the field write them."""
    vocab = ranks(name)
    merges = []
    for token in vocab:
        pairs = [
            (vocab[token[:cut]], vocab[token[cut:]], token[:cut], token[cut:])
            for cut in range(1, len(token))
            if token[:cut] in vocab and token[cut:] in vocab
        ]
        merges += [(_spell(left), _spell(right)) for _, _, left, right in sorted(pairs)]
    spelled = {_spell(token): rank for token, rank in vocab.items()}
    return models.BPE(spelled, merges, ignore_merges=ignore_merges)


def hf_tokenizer(
    model: models.BPE,
    pre_tokenizer: Any,
    *,
    normalizer: Any = None,
    added: Sequence[AddedToken] = (),
) -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    for token in added:
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])
    return tokenizer


def byte_level(*, prefix: bool = False, regex: bool = True) -> Any:
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, trim_offsets=True, use_regex=regex)


def split(*patterns: str, behavior: str = "isolated", invert: bool = False, **options: bool) -> Any:
    """Splits, then a ByteLevel without its own pattern."""
    steps = [pre_tokenizers.Split(Regex(text), behavior, invert) for text in patterns]
    return pre_tokenizers.Sequence([*steps, byte_level(regex=False, **options)])


def trained(texts: Sequence[str], vocab_size: int, pre_tokenizer: Any) -> models.BPE:
    """A small vocabulary, trained by Hugging Face."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|end|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.model


def nfc() -> Any:
    return normalizers.NFC()
