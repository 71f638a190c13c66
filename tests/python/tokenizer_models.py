"""Tokenizers' models for tests: trained on the spot, or odd by chance."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from tokenizers import Tokenizer, models, trainers

MARK = "\u2581"
ALPHABET = ["a", "b", "c", "d", "é", "中", "\U0001f600", "x", "Z", "'", ".", "<", "\u0301", "ß"]
TEXT = (
    "the quick brown fox jumps over the lazy dog while other foxes sleep and dream of dogs "
    "hello there how are you doing today I am fine thank you what about café naïve résumé "
    "unbelievable unbreakable tokenization tokenizers tokenize internationalization 中文 文本 文字 "
    "字典 日本語 テキスト привет мир слово слова ab abab ababab aaaa bbbb "
)
PROSE = TEXT.split()
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]

File = dict[str, Any]
Chance = random.Random


def word(chance: Chance) -> str:
    """A word of prose, or characters by chance."""
    if chance.random() < 0.5:
        return chance.choice(PROSE)
    return "".join(chance.choices(ALPHABET, k=chance.choice([1, 2, 3, 5, 8, 40])))


def text(chance: Chance, space: str) -> str:
    n_words = chance.choice([0, 1, 1, 2, 3, 5, 9, 30])
    return space.join(word(chance) for _ in range(n_words))


def trained(model: Any, trainer: Any, texts: list[str]) -> File:
    tokenizer = Tokenizer(model)
    tokenizer.train_from_iterator(texts, trainer)
    return json.loads(tokenizer.to_str())["model"]


def corpus(chance: Chance, space: str) -> list[str]:
    return [space + text(chance, space) for _ in range(300)]


def pieces(chance: Chance, n_pieces: int, prefixes: list[str]) -> list[str]:
    made = (
        chance.choice(prefixes) + "".join(chance.choices(ALPHABET, k=chance.choice([0, 1, 1, 2, 2, 3, 4])))
        for _ in range(n_pieces)
    )
    return list(dict.fromkeys(made))


def numbered(tokens: list[str], chance: Chance) -> dict[str, int]:
    """Ids with holes, in any order."""
    tokens = list(dict.fromkeys(tokens))
    ids = chance.sample(range(2 * len(tokens)), len(tokens))
    return dict(zip(tokens, ids, strict=True))


def merged(chance: Chance, tokens: list[str], n_merges: int, prefix: str) -> list[tuple[str, str]]:
    """Merges of what is there, in no order; `tokens` grows by what they make."""
    merges: list[tuple[str, str]] = []
    for _ in range(n_merges):
        left, right = chance.choice(tokens), chance.choice(tokens)
        if right.startswith(prefix) and len(right) > len(prefix):
            merges.append((left, right))
            tokens.append(left + right[len(prefix) :])
    chance.shuffle(merges)
    return merges


def odd_bpe(chance: Chance, prefix: str = "", suffix: str = "") -> File:
    characters = [*chance.sample(ALPHABET, 9), MARK]
    tokens = ["<unk>", *characters]
    tokens += [prefix + c for c in characters] + [prefix + c + suffix for c in characters]
    tokens += chance.choice([[], BYTES, chance.sample(BYTES, 200)])
    tokens = list(dict.fromkeys(tokens))
    merges = merged(chance, tokens, chance.choice([0, 20, 60]), prefix)
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": chance.choice([None, "<unk>", "<unk>", "a"]),
        "continuing_subword_prefix": prefix or None,
        "end_of_word_suffix": suffix or None,
        "fuse_unk": chance.random() < 0.5,
        # With affixes the reference counts their bytes and loses its place.
        "byte_fallback": not prefix and not suffix and chance.random() < 0.6,
        "ignore_merges": chance.random() < 0.3,
        "vocab": numbered([*tokens, "a"], chance),
        "merges": chance.choice([lambda: merges, lambda: [" ".join(pair) for pair in merges]])(),
    }


def sentence_piece_bpe(chance: Chance) -> File:
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=["<unk>", "<s>", "</s>", *BYTES], show_progress=False)
    texts = [MARK + word(chance) for _ in range(2000)]
    model = trained(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True), trainer, texts)
    return model | {"byte_fallback": chance.random() < 0.7, "fuse_unk": chance.random() < 0.7}


def word_piece(chance: Chance) -> File:
    trainer = trainers.WordPieceTrainer(
        vocab_size=400, special_tokens=["[UNK]", "[CLS]", "[SEP]", "[PAD]"], show_progress=False
    )
    words = [word(chance) for _ in range(2000)]
    return trained(models.WordPiece(unk_token="[UNK]"), trainer, words)


def odd_word_piece(chance: Chance) -> File:
    prefix = chance.choice(["", "#", "##", "a", "é"])
    tokens = ["[UNK]", "[CLS]", *ALPHABET[: chance.randrange(15)], *pieces(chance, 120, ["", prefix])]
    return {
        "type": "WordPiece",
        "unk_token": chance.choice(["[UNK]", "[UNK]", "[UNK]", "none"]),
        "continuing_subword_prefix": prefix,
        "max_input_chars_per_word": chance.choice([5, 30, 100, 10**9]),
        "vocab": numbered(tokens, chance),
    }


def unigram(chance: Chance) -> File:
    trainer = trainers.UnigramTrainer(
        vocab_size=400, unk_token="<unk>", special_tokens=["<unk>", "<s>"], show_progress=False
    )
    model = trained(models.Unigram(), trainer, [MARK + word(chance) for _ in range(3000)])
    return model | {"byte_fallback": False}


def odd_unigram(chance: Chance) -> File:
    """Scores that tie, above and below zero; pieces that repeat or are empty."""
    tokens = pieces(chance, 60, ["", MARK]) + pieces(chance, 8, [""]) + ["<unk>", "", "a", "xx"]
    tokens += chance.choice([[], BYTES, chance.sample(BYTES, 250)])
    chance.shuffle(tokens)
    step = chance.choice([1.0, 0.5, 0.1, -0.7])
    scores = [step * chance.randrange(-4, chance.choice([1, 1, 4])) for _ in tokens]
    return {
        "type": "Unigram",
        "unk_id": chance.choice([tokens.index("<unk>"), tokens.index("<unk>"), 3, None]),
        "vocab": [list(piece) for piece in zip(tokens, scores, strict=True)],
        "byte_fallback": chance.random() < 0.5,
    }


def word_level(chance: Chance) -> File:
    vocab = numbered(["<unk>", "<s>", *chance.sample(PROSE, 30), *ALPHABET], chance)
    return {"type": "WordLevel", "vocab": vocab, "unk_token": chance.choice(["<unk>", "<unk>", "none"])}


def byte_level(chance: Chance) -> File:
    characters = [chr(code) for code in range(33, 127)] + ["\u0120"]
    tokens = list(characters)
    merges = merged(chance, tokens, 80, "")
    return {
        "type": "BPE",
        "vocab": numbered([*tokens, "\u0120\u0120", "\u0120\u0120\u0120"], chance),
        "merges": [("\u0120", "\u0120"), ("\u0120\u0120", "\u0120"), *merges],
    }


def vocabulary(model: File) -> dict[str, int]:
    vocab = model["vocab"]
    if isinstance(vocab, dict):
        return vocab
    return {piece[0]: at for at, piece in enumerate(vocab)}


KINDS: dict[str, tuple[Callable[[Chance], File], str | None, str]] = {
    # The model, the pre-tokenizer, and what stands between the words of texts.
    "bpe": (odd_bpe, None, MARK),
    "bpe_affixes": (lambda chance: odd_bpe(chance, *chance.choice(AFFIXES)), "WhitespaceSplit", " "),
    "bpe_sentence_piece": (sentence_piece_bpe, None, MARK),
    "bpe_bytes": (byte_level, "ByteLevel", " "),
    "unigram": (unigram, None, MARK),
    "unigram_odd": (odd_unigram, None, MARK),
    "unigram_words": (odd_unigram, "WhitespaceSplit", " "),
    "word_level": (word_level, "WhitespaceSplit", " "),
    "word_piece": (word_piece, "WhitespaceSplit", " "),
    "word_piece_odd": (odd_word_piece, "WhitespaceSplit", " "),
}
AFFIXES = [("##", ""), ("", "</w>"), ("#", "/"), ("a", "b")]
