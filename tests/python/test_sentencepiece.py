"""A SentencePiece `.model` gives the ids, the places and the text of the library
`sentencepiece` itself, over models that it has trained with each of its options."""

from __future__ import annotations

import functools
import io
import itertools
import json
import os
import random
import subprocess
from typing import Any

import fuelrail as fr
import pytest
import sentencepiece
import token_texts
import tokenizer_peers

N_TEXTS = 5000 if token_texts.FULL else 500

# What is spelled in the vocabularies, or nearly.
PARTS = ["<s>", "</s>", "<unk>", "<ctl>", "<usr>", "<u v>", "\u2581", "\u2581\u2581", "\u2581a", "abra", "<0x41>", "\u2047"]
# What the tables of normalisation change, make spaces of, or leave out.
PARTS += ["ﬁ", "ﷺ", "㍿", "Å", "ｶﾞ", "\u3000", "\u00a0", "\u2003", "\u200b", "\ufeff", "\x00", "\x01", "½", "…", "～", "İ", "ΑΣ", "각", "\u1100\u1161\u11a8"]
SPACES = [" ", " ", " ", "", "", "  ", "   ", "\n", "\t"]


def drawn(rng: random.Random) -> str:
    pool = rng.choice([PARTS, token_texts.WORDS, token_texts.CHARS, PARTS + token_texts.WORDS + list("aabbr")])
    return "".join(rng.choice(pool) + rng.choice(SPACES) for _ in range(rng.randrange(12)))


def texts(seed: int, n_texts: int) -> list[str]:
    rng = random.Random(seed)
    mixed = list(token_texts.mixed(n_texts // 2, seed))
    return ["", " ", "  ", "\u2581", "a ", " a", *mixed, *(drawn(rng) for _ in range(n_texts - len(mixed)))]


@functools.cache
def corpus() -> list[str]:
    rng = random.Random(0)
    lines = [line for text in token_texts.real()[::4] for line in text.splitlines() if 3 < len(line) < 200]
    lines = rng.sample(lines, min(1500, len(lines)))
    return [*lines, *(drawn(rng).replace("\x00", "") for _ in range(500))]


def trained(**options: Any) -> bytes:
    """A small model; what is not said is as the library has it."""
    model = io.BytesIO()
    plain = {"vocab_size": 700, "hard_vocab_limit": False, "character_coverage": 0.98, "minloglevel": 2, "num_threads": 1}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()), model_writer=model, **(plain | options)
    )
    return model.getvalue()


@functools.cache
def example() -> str:
    """The command of kernels/examples/encode_tokens.rs, built if need be."""
    command = ["cargo", "build", "--release", "-q", "-p", "fuelrail-kernels", "--example", "encode_tokens"]
    subprocess.run(command, cwd=tokenizer_peers.ROOT, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", str(tokenizer_peers.ROOT / "target"))
    return f"{target}/release/examples/encode_tokens"


def ours(path: Any, lines: list[Any]) -> list[dict]:
    """What becomes of each line: a text is encoded, a list of ids is decoded."""
    done = subprocess.run(
        [example(), str(path), "text"],
        input="".join(json.dumps(line) + "\n" for line in lines).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


BYTES = {"byte_fallback": True}
USER = {"user_defined_symbols": ["<usr>", "<u v>", "abra", "ab", "ﬁ", "\u2581\u2581"], "control_symbols": ["<ctl>", "<pad>"]}
EVERY = {
    "plain": {},
    "bytes": BYTES,
    "user": USER,
    "user-bytes": USER | BYTES | {"normalization_rule_name": "identity", "remove_extra_whitespaces": False},
    "identity": {"normalization_rule_name": "identity"},
    "nfkc-cf": {"normalization_rule_name": "nfkc_cf"} | USER,
    "nmt-nfkc-cf": {"normalization_rule_name": "nmt_nfkc_cf"},
    "no-prefix": {"add_dummy_prefix": False},
    "spaces": {"remove_extra_whitespaces": False},
    "spaces-no-prefix": {"remove_extra_whitespaces": False, "add_dummy_prefix": False} | BYTES,
    "suffix": {"treat_whitespace_as_suffix": True} | USER,
    "suffix-spaces": {"treat_whitespace_as_suffix": True, "remove_extra_whitespaces": False},
    "llama": {"normalization_rule_name": "identity", "remove_extra_whitespaces": False, "split_digits": True,
              "allow_whitespace_only_pieces": True, "character_coverage": 0.999} | BYTES,
    "digits": {"split_digits": True, "split_by_unicode_script": False, "split_by_number": False},
    "across": {"split_by_whitespace": False, "max_sentencepiece_length": 12},
    "across-spaces": {"split_by_whitespace": False, "remove_extra_whitespaces": False, "allow_whitespace_only_pieces": True} | USER,
    "surface": {"unk_surface": "?", "unk_piece": "[UNK]", "pad_id": 3, "bos_id": -1},
}  # fmt: skip
CASES = [(kind, name) for kind in ("unigram", "bpe", "word", "char") for name in EVERY]


def options_of(kind: str, name: str) -> dict[str, Any]:
    options = {"model_type": kind} | EVERY[name]
    if kind in ("word", "char"):
        options |= {"use_all_vocab": False}
    if kind == "unigram":
        options |= {"num_sub_iterations": 1}
    return options


def of_last_bytes(theirs: Any, ids: list[int], places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The library says of all bytes of what is unknown but the last that they
    stand for nothing; here they all stand for all of it, as in Hugging Face."""
    of_bytes = [theirs.is_byte(id) for id in ids]
    same = [one == other for one, other in itertools.pairwise(places)] + [False]
    out = []
    for nth, (start, end) in enumerate(places):
        goes_on = same[nth] and of_bytes[nth] and of_bytes[nth + 1]
        out.append((start, start if goes_on else end))
    return out


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_model_gives_the_same(kind, name, tmp_path):
    model = trained(**options_of(kind, name))
    path = tmp_path / "a.model"
    path.write_bytes(model)
    theirs = sentencepiece.SentencePieceProcessor(model_proto=model)
    cases = texts(CASES.index((kind, name)), N_TEXTS)
    for text, tokens in zip(cases, ours(path, cases), strict=True):
        wanted = theirs.encode(text, return_type="offset_mapping")
        assert tokens["ids"] == wanted["ids"], text
        assert tokens["decoded"] == theirs.decode(wanted["ids"]), text
        places = list(map(tuple, tokens["offsets"]))
        assert of_last_bytes(theirs, tokens["ids"], places) == wanted["offsets"], text


@pytest.mark.parametrize("letters", ["0123456789", "abcdefghij klmnopqrst uvwxyz"])
def test_sums_of_long_texts_begin_anew(letters, tmp_path):
    """Scores are added in binary32, from 0 again once a sum is beyond 100,000."""
    model = trained(**options_of("unigram", "plain"))
    path = tmp_path / "a.model"
    path.write_bytes(model)
    theirs = sentencepiece.SentencePieceProcessor(model_proto=model)
    text = "".join(random.Random(1).choices(letters, k=150_000))
    (tokens,) = ours(path, [text])
    assert tokens["ids"] == theirs.encode(text)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_any_ids_give_the_same_text(kind, name, tmp_path):
    model = trained(**options_of(kind, name))
    path = tmp_path / "a.model"
    path.write_bytes(model)
    theirs = sentencepiece.SentencePieceProcessor(model_proto=model)
    rng = random.Random(CASES.index((kind, name)))
    n_ids = theirs.get_piece_size()
    pools = [range(n_ids), range(min(n_ids, 300)), rng.sample(range(n_ids), 5), theirs.encode(" a  b ab")]
    cases = [rng.choices(rng.choice(pools), k=rng.randrange(1, 12)) for _ in range(N_TEXTS)]
    for ids, text in zip(cases, ours(path, cases), strict=True):
        assert text["decoded"] == theirs.decode(ids), ids


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_stream_gives_the_whole_text(kind, name, tmp_path):
    path = tmp_path / "a.model"
    path.write_bytes(trained(**options_of(kind, name)))
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(path))
    tokenizer = fr.Tokenizer(path)
    rng = random.Random(CASES.index((kind, name)))
    # Bytes that turn out to be no UTF-8 take back what has been given out.
    pieces = [id for id in range(theirs.get_piece_size()) if not theirs.is_byte(id)]
    spaces = [id for id in pieces if not theirs.id_to_piece(id).strip("\u2581")]
    for _ in range(N_TEXTS):
        pool = rng.choice([pieces, rng.sample(pieces, 5), spaces + rng.sample(pieces, 2)])
        ids = rng.choices(pool, k=rng.randrange(1, 12))
        stream = tokenizer.stream()
        parts = [*(stream.push(id) for id in ids), stream.finish()]
        assert "".join(filter(None, parts)) == theirs.decode(ids), ids
