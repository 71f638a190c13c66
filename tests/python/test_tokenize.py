"""`tokenize` gives exactly the ids of tiktoken 0.14 and tokenizers 0.23.

Needs `tiktoken` and `tokenizers`; nothing is downloaded. Runs the CLI
(`FUELRAIL_BIN`, else target/release/fuelrail), or any command with its contract:

    FUELRAIL_ENCODE='{example} {tokenizer} {special}' pytest tests/python/test_tokenize.py

`FUELRAIL_TEST_FULL=1` goes through every codepoint and every document found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

tiktoken = pytest.importorskip("tiktoken")
tokenizers = pytest.importorskip("tokenizers")

import token_texts as texts  # noqa: E402
import tokenizer_peers as peers  # noqa: E402
from tokenizers import AddedToken, Regex, normalizers, pre_tokenizers  # noqa: E402

CORPORA: dict[str, Callable[[], Sequence[str]]] = {
    "real": texts.real,
    "mixed": lambda: texts.mixed(20_000 if not texts.FULL else 500_000),
    "codepoints": texts.codepoints,
    "runs": lambda: [*texts.runs(1), *texts.runs(2), *texts.runs(3), *texts.runs(63), *texts.runs(1000)],
}


def compare(ours: Sequence[Sequence[int]], theirs: Sequence[Sequence[int]], inputs: Sequence[str]) -> None:
    assert len(ours) == len(theirs) == len(inputs)
    wrong = [at for at in range(len(inputs)) if list(ours[at]) != list(theirs[at])]
    if wrong:
        at = min(wrong, key=lambda at: len(inputs[at]))
        pytest.fail(
            f"{len(wrong)} of {len(inputs)} differ, the shortest: {inputs[at][:200]!r}\n"
            f"ours   {ours[at][:50]}\ntheirs {theirs[at][:50]}"
        )


@pytest.mark.parametrize("corpus", CORPORA)
@pytest.mark.parametrize("name", peers.TIKTOKEN_NAMES)
def test_tiktoken(name: str, corpus: str) -> None:
    inputs = CORPORA[corpus]()
    encoding = peers.tiktoken_encoding(name)
    compare(peers.encode(name, "text", inputs), [encoding.encode_ordinary(t) for t in inputs], inputs)
    with_special = [encoding.encode(t, allowed_special="all") for t in inputs]
    compare(peers.encode(name, "parse", inputs), with_special, inputs)


@pytest.mark.parametrize("name", peers.TIKTOKEN_NAMES)
def test_tiktoken_special_tokens(name: str) -> None:
    encoding = peers.tiktoken_encoding(name)
    special = sorted(encoding.special_tokens_set)[:40]
    inputs = [form.format(t) for t in special for form in ("{}", "a {} b", "{0}{0}", " {}\n", "<{}>", "x{}'s")]
    compare(peers.encode(name, "text", inputs), [encoding.encode_ordinary(t) for t in inputs], inputs)
    theirs = [encoding.encode(t, allowed_special="all") for t in inputs]
    compare(peers.encode(name, "parse", inputs), theirs, inputs)
    for token in special[:5]:
        with pytest.raises(ValueError, match="disallowed special token"):
            encoding.encode(f"é {token}")
        message = peers.refusal(name, f"é {token}")
        assert token in message
        assert "byte 3" in message


@pytest.mark.parametrize("name", ["cl100k_base", "o200k_base"])
def test_long_runs(name: str) -> None:
    inputs = texts.runs(100_000)
    encoding = peers.tiktoken_encoding(name)
    keep = [t for t in inputs if not t.startswith(("'s", "漢A"))] if not texts.FULL else inputs
    compare(peers.encode(name, "text", keep), [encoding.encode_ordinary(t) for t in keep], keep)


ADDED = [
    AddedToken("<|end|>", special=True, normalized=False),
    AddedToken("<|im_start|>", special=True, normalized=False),
    AddedToken("<mask>", special=True, normalized=False, lstrip=True),
    AddedToken("<sep>", special=True, normalized=False, lstrip=True, rstrip=True),
    AddedToken("<think>", special=False, normalized=False),
    AddedToken("word", special=False, normalized=False, single_word=True),
    AddedToken("e\u0301t\u00e9", special=False, normalized=True),
    AddedToken("  ", special=False, normalized=True),
    AddedToken("hello", special=False, normalized=True, rstrip=True, single_word=True),
    AddedToken("hello World", special=True, normalized=True),
]
ADDED_PIECES = ["<|end|>", "<|im_start|>", "<mask>", "<sep>", "<think>", "word", "été", "e\u0301te\u0301", "  ", "hello", "hello World"]


def variants() -> dict[str, Callable[[], "tokenizers.Tokenizer"]]:
    cl100k = lambda: peers.hf_model("cl100k_base", True)  # noqa: E731
    r50k = lambda: peers.hf_model("r50k_base", False)  # noqa: E731
    hf, split, byte_level = peers.hf_tokenizer, peers.split, peers.byte_level
    digits = lambda single: pre_tokenizers.Sequence(  # noqa: E731
        [pre_tokenizers.Digits(individual_digits=single), byte_level()]
    )
    found = {
        "gpt2": lambda: hf(r50k(), byte_level(), added=ADDED[:1]),
        "roberta": lambda: hf(r50k(), byte_level(prefix=True), added=ADDED),
        "gpt2-added": lambda: hf(r50k(), byte_level(), added=ADDED),
        "llama3": lambda: hf(cl100k(), split(peers.CL100K), added=ADDED[:2]),
        "llama3-merges": lambda: hf(peers.hf_model("cl100k_base", False), split(peers.CL100K)),
        "gpt4": lambda: hf(cl100k(), split(peers.CL100K, behavior="removed", invert=True)),
        "gpt4o": lambda: hf(peers.hf_model("o200k_base", False), split(peers.O200K)),
        "tekken": lambda: hf(peers.hf_model("o200k_base", True), split(peers.TEKKEN)),
        "qwen2": lambda: hf(cl100k(), split(peers.QWEN2), normalizer=peers.nfc(), added=ADDED),
        "qwen2-nfc-twice": lambda: hf(
            cl100k(), split(peers.QWEN2), normalizer=normalizers.Sequence([peers.nfc(), peers.nfc()])
        ),
        "qwen3.5": lambda: hf(cl100k(), split(peers.QWEN35), normalizer=peers.nfc()),
        "deepseek": lambda: hf(cl100k(), split(*peers.DEEPSEEK)),
        "starcoder": lambda: hf(r50k(), digits(True)),
        "digits": lambda: hf(r50k(), digits(False)),
        "prefix-each": lambda: hf(r50k(), split(r"\s", prefix=True)),
        "no-regex": lambda: hf(r50k(), byte_level(regex=False)),
    }
    for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
        for invert in (False, True):
            found[f"{behavior}-{invert}"] = lambda b=behavior, i=invert: hf(
                r50k(), split(r"\p{Lu}\p{M}?|\s\s", behavior=b, invert=i)
            )
        found[f"literal-{behavior}"] = lambda b=behavior: hf(
            r50k(), pre_tokenizers.Sequence([pre_tokenizers.Split("'s", b), byte_level()])
        )
    for pattern in (r"\p{Han}+", r"(?<=\p{L})\p{N}|\p{P}++", r"(?>\p{S}|\p{Z})+\S", r"[^\p{Latin}\p{Cyrillic}\s]{2,5}", r"\D\d|[\p{Cc}\p{Cf}]"):
        found[f"pattern {pattern}"] = lambda p=pattern: hf(r50k(), split(p))
    return found


VARIANTS = variants()


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple["tokenizers.Tokenizer", str]:
    tokenizer = VARIANTS[request.param]()
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tokenizer.save(str(path))
    return tokenizer, str(path)


def compare_hf(tokenizer: "tokenizers.Tokenizer", path: str, inputs: Sequence[str]) -> None:
    for special in ("parse", "text"):
        tokenizer.encode_special_tokens = special == "text"
        theirs = [found.ids for found in tokenizer.encode_batch_fast(list(inputs), add_special_tokens=False)]
        compare(peers.encode(path, special, inputs), theirs, inputs)


@pytest.mark.parametrize("corpus", CORPORA)
def test_hugging_face(variant: tuple["tokenizers.Tokenizer", str], corpus: str) -> None:
    inputs = CORPORA[corpus]()
    if not texts.FULL:
        # Each variant goes through a part; the whole takes minutes.
        inputs = inputs[:: {"real": 20, "mixed": 10, "codepoints": 20, "runs": 3}[corpus]]
    compare_hf(*variant, inputs)


def test_hugging_face_added_tokens(variant: tuple["tokenizers.Tokenizer", str]) -> None:
    compare_hf(*variant, added_mixes())


def added_mixes() -> list[str]:
    import random

    rng = random.Random(3)
    fill = ["", " ", "  ", "\n", "a", "é", ".", "\u0301", "\u00a0", "xword", "wordx", "1"]
    return [
        "".join(rng.choice(ADDED_PIECES if rng.random() < 0.5 else fill) for _ in range(rng.randrange(1, 9)))
        for _ in range(1_000)
    ]


@pytest.mark.parametrize("vocab_size", [300, 1_000, 8_000])
@pytest.mark.parametrize("spelling", ["pairs", "joined"])
def test_trained(vocab_size: int, spelling: str, tmp_path: Path) -> None:
    pre_tokenizer = peers.byte_level(prefix=spelling == "joined")
    model = peers.trained(texts.real()[::3] + texts.mixed(2_000, seed=5), vocab_size, pre_tokenizer)
    tokenizer = peers.hf_tokenizer(model, pre_tokenizer, added=[AddedToken("<|end|>", special=True)])
    file = json.loads(tokenizer.to_str())
    if spelling == "joined":
        file["model"]["merges"] = [" ".join(pair) for pair in file["model"]["merges"]]
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(file), "utf-8")
    for corpus in CORPORA.values():
        compare_hf(tokenizer, str(path), corpus()[::20])


def test_unsupported_is_refused_by_name(tmp_path: Path) -> None:
    good = json.loads(peers.hf_tokenizer(peers.hf_model("r50k_base", False), peers.byte_level()).to_str())
    path = tmp_path / "tokenizer.json"
    for field, value, said in [
        ("normalizer", {"type": "Uppercase"}, "`normalizer` is not supported"),
        ("pre_tokenizer", {"type": "Words"}, "`pre_tokenizer` is not supported"),
        ("pre_tokenizer", json.loads(split_state(r"a\K")), r"`\K` in the pattern"),
        ("model", good["model"] | {"dropout": 0.1}, "`model.dropout` is not supported"),
        ("model", good["model"] | {"type": "CharBPE"}, "a model of the kind CharBPE is not supported"),
    ]:
        path.write_text(json.dumps(good | {field: value}), "utf-8")
        done = peers.subprocess.run(peers.command(str(path), "parse"), input=b'"x"\n', capture_output=True)
        assert done.returncode != 0
        assert said in done.stderr.decode()


def split_state(pattern: str) -> str:
    tokenizer = peers.hf_tokenizer(peers.hf_model("r50k_base", False), peers.split(pattern))
    return json.dumps(json.loads(tokenizer.to_str())["pre_tokenizer"])


def test_known_patterns_are_as_in_the_peers() -> None:
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
    same = pre_tokenizers.Split(Regex(peers.GPT2), "isolated")
    for text in texts.mixed(2_000):
        bounds = [at for _, at in gpt2.pre_tokenize_str(text)]
        assert bounds == [at for _, at in same.pre_tokenize_str(text)]
