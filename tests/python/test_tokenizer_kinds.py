"""Every kind of tokenizer against Hugging Face's: ids, offsets, words, types,
masks and what is decoded, of one text and of two.

20,000 generated texts a vocabulary; `FUELRAIL_TEST_FULL=1` runs a million each, and
`scripts/tokenizer_oracle.sh` any number in many processes.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import token_texts
import tokenizer_kinds
from tokenizer_peers import encode_tokens
from tokenizers import AddedToken, Encoding, Tokenizer, decoders, models, normalizers, pre_tokenizers

N_TEXTS = 1_000_000 if token_texts.FULL else 20_000
N_WITH_ADDED = N_TEXTS // 10
BATCH = 5_000

WORDS = [
    "the",
    "of",
    "and",
    "to",
    "Hello",
    "World",
    "it's",
    "don't",
    "WE'LL",
    "naïve",
    "café",
    "straße",
    "ﬁne",
    "ﷺ",
    "北京",
    "日本語",
    "한국어",
    "สวัสดี",
    "नमस्ते",
    "Привет",
    "שלום",
    "مرحبا",
    "12345",
    "3.14",
    "1,000",
    "½",
    "²",
    "Ⅷ",
    "á",
    "ë́",
    "👨\u200d👩\u200d👧",
    "🚀",
    "\u200b",
    "\xad",
    "\x00",
    "\ufeff",
    "<s>",
    "</s>",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "<unk>",
    "<|x|>",
    "▁a",
    "▁",
    "▁▁",
    "ſ",
    "K",
    "İ",
    "ı",
    "ǅ",
    "�",
    "\U000e0041",
    "ΑΣ",
    "ός",
    "'",
    '"',
    "--",
    "...",
    "!?",
    "(a)",
    "[b]",
    "foo",
    "foo_bar",
    "x=1;",
    "http://a.b/c?d=e",
    "a@b.c",
    "\r\n",
    "\n\n",
    "\t",
    "\u3000",
    "\xa0",
    "\u2003",
    "\u2028",
]
ALPHABETS = (
    "ab c",
    "aA1 .\n",
    "éàü \u0301a",
    "北a 京日",
    "\u0e01\u0e33\u0e49 a",
    " ▁a",
    "🚀\u200d a",
    "\r\n \ta",
    "<s>/ ",
    "ﬁﷺ a½",
)
PLANES = ((0x20, 0x250), (0x300, 0x3000), (0x3000, 0xD800), (0xE000, 0x10000), (0x10000, 0x20000))


def text(rng: random.Random) -> str:
    """A short text: words, few characters, or any."""
    kind = rng.random()
    if kind < 0.5:
        ends = (" ", " ", "", "  ", "\n")
        return "".join(rng.choice(WORDS) + rng.choice(ends) for _ in range(rng.randrange(12)))
    if kind < 0.8:
        return "".join(rng.choices(rng.choice(ALPHABETS), k=rng.randrange(40)))
    return "".join(chr(rng.randrange(*rng.choice(PLANES))) for _ in range(rng.randrange(12)))


@pytest.fixture(scope="module")
def kinds() -> dict[str, Tokenizer]:
    """The tokenizers, trained once."""
    rng = random.Random(1)
    return tokenizer_kinds.every_kind([text(rng) for _ in range(4_000)])


def expected(tokenizer: Tokenizer, encoding: Encoding) -> dict[str, object]:
    """What Hugging Face says of a text."""
    return {
        "ids": encoding.ids,
        "offsets": [list(span) for span in encoding.offsets],
        "words": encoding.word_ids,
        "types": encoding.type_ids,
        "special": encoding.special_tokens_mask,
        "decoded": tokenizer.decode(encoding.ids, skip_special_tokens=False),
    }


def differences(tokenizer: Tokenizer, path: str, texts: list[str | tuple[str, str]]) -> list[object]:
    """Texts of which something else is said here, with both."""
    ours = encode_tokens(path, texts)
    theirs = tokenizer.encode_batch(texts)
    assert len(ours) == len(theirs)
    return [
        (one, our, their)
        for one, our, their in zip(texts, ours, (expected(tokenizer, their) for their in theirs), strict=True)
        if our != their
    ]


NAMES = [
    "bert-uncased", "bert-cased", "llama", "gemma", "mistral", "t5", "xlmr", "words", "chars",
    "gpt2", "nfc", "digits", "threes", "nfkc", "lower", "roberta", "clip",
]  # fmt: skip


def test_every_kind_is_named(kinds):
    assert sorted(kinds) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("added", ["alone", "with added tokens"])
def test_every_kind(kinds, tmp_path, name, added):
    rng = random.Random(f"{name} {added}")
    tokenizer = kinds[name]
    n_texts = N_TEXTS
    if added != "alone":
        tokenizer = tokenizer_kinds.with_added(tokenizer, rng)
        n_texts = N_WITH_ADDED
    path = str(tmp_path / "tokenizer.json")
    tokenizer.save(path)
    # Scores are read from the file on both sides.
    tokenizer = Tokenizer.from_file(path)
    for _ in range(0, n_texts, BATCH):
        texts = [text(rng) for _ in range(min(BATCH, n_texts))]
        pairs = [(rng.choice(texts), rng.choice(texts)) for _ in range(len(texts) // 20)]
        found = differences(tokenizer, path, [*texts, *pairs])
        assert not found, f"{len(found)}, such as {found[0]}"


def found(tokenizer: Tokenizer, folder: Path, texts: list[str]) -> list[object]:
    """The differences of a tokenizer once it has been saved."""
    path = str(folder / "tokenizer.json")
    tokenizer.save(path)
    return differences(Tokenizer.from_file(path), path, texts)


CHANGED_STARTS = [
    normalizers.Strip(),
    normalizers.Nmt(),
    normalizers.BertNormalizer(),
    normalizers.Replace("\ufeff", ""),
    normalizers.Replace(" ", "é "),
    normalizers.Prepend("b"),
    normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Strip(left=True, right=False)]),
]


@pytest.mark.parametrize("normalizer", CHANGED_STARTS, ids=str)
@pytest.mark.parametrize("normalized", [True, False])
def test_a_text_starts_where_its_first_character_comes_from(normalizer, normalized, tmp_path):
    """`prepend_scheme: first`, where the normalizer takes away or makes what a text begins with."""
    pieces = [("<unk>", 0.0), ("▁", -2.0), ("a", -3.0), ("b", -3.0), ("▁a", -2.5)]
    tokenizer = Tokenizer(models.Unigram(pieces, 0))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    tokenizer.add_tokens([AddedToken("[x]", normalized=normalized)])
    rng = random.Random(str(normalizer))
    starts = ["", " ", "  ", "\x00", "\ufeff", "\u200b", "\u0301", "▁", "[x]", "\n", "é"]
    texts = ["".join(rng.choices([*starts, "a", "b", " a"], k=rng.randrange(6))) for _ in range(2_000)]
    assert found(tokenizer, tmp_path, texts) == []
