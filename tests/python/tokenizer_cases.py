"""Writes what Hugging Face tokenizers give, for the tests of the kernels.

    python tests/python/tokenizer_cases.py FOLDER [CASES] [SEED]

Each file has a tokenizer in its first line, then CASES texts or lists of ids
with what the reference makes of them. `kernels/src/tokenize/oracle.rs` reads
them; those in tests/fixtures/tokenizer_cases are of `... 12 0`, though training
gives other vocabularies each time.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tokenizer_models import BYTES, KINDS, MARK, Chance, File, text, vocabulary
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

# Parts of two texts multiply, and make files large.
PARTS_MAX = 24


def named(chance: Chance, vocab: dict[str, int]) -> list[Any]:
    token = chance.choice(sorted(vocab))
    return [token, vocab[token]]


def template(chance: Chance, vocab: dict[str, int]) -> File:
    names = {}
    for name in ("one", "two"):
        tokens = [named(chance, vocab) for _ in range(chance.choice([1, 1, 2, 3]))]
        names[name] = {"id": name, "ids": [i for _, i in tokens], "tokens": [t for t, _ in tokens]}

    def added() -> list[File]:
        return [
            {"SpecialToken": {"id": chance.choice(["one", "two"]), "type_id": chance.randrange(3)}}
            for _ in range(chance.choice([0, 1, 1, 2]))
        ]

    def sequence(name: str) -> list[File]:
        return [{"Sequence": {"id": name, "type_id": chance.randrange(3)}}]

    single = added() + sequence("A") + added()
    pair = added() + sequence("A") + added() + sequence("B") + added()
    if chance.random() < 0.2:
        pair = sequence("B") + added() + sequence("A")
    return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": names}


def trim(chance: Chance) -> File:
    return {"add_prefix_space": chance.random() < 0.5, "trim_offsets": chance.random() < 0.7}


def post_processor(chance: Chance, vocab: dict[str, int]) -> File | None:
    around = {"sep": named(chance, vocab), "cls": named(chance, vocab)}
    kinds: list[Callable[[], File | None]] = [
        lambda: None,
        lambda: {"type": "BertProcessing", **around},
        lambda: {"type": "RobertaProcessing", **around, **trim(chance)},
        lambda: {"type": "ByteLevel", **trim(chance), "use_regex": True},
        lambda: template(chance, vocab),
        lambda: template(chance, vocab),
        lambda: {
            "type": "Sequence",
            "processors": [{"type": "ByteLevel", **trim(chance)}, template(chance, vocab)],
        },
        lambda: {
            "type": "Sequence",
            "processors": [template(chance, vocab), {"type": "ByteLevel", **trim(chance)}],
        },
        lambda: {
            "type": "Sequence",
            "processors": [{"type": "BertProcessing", **around}, template(chance, vocab)],
        },
        lambda: {"type": "Sequence", "processors": []},
    ]
    return chance.choice(kinds)()


def truncation(chance: Chance) -> File | None:
    if chance.random() < 0.4:
        return None
    max_length = chance.choice([8, 9, 12, 20, 0])
    return {
        "direction": chance.choice(["Left", "Right"]),
        "max_length": max_length,
        "strategy": chance.choice(["LongestFirst", "LongestFirst", "OnlyFirst", "OnlySecond"]),
        "stride": chance.choice([0, 0, 1, 2]),
    }


def padding(chance: Chance, vocab: dict[str, int]) -> File | None:
    if chance.random() < 0.4:
        return None
    token, number = named(chance, vocab)
    return {
        "strategy": chance.choice(["BatchLongest", {"Fixed": 6}, {"Fixed": 20}]),
        "direction": chance.choice(["Left", "Right"]),
        "pad_to_multiple_of": chance.choice([None, 0, 1, 4, 7]),
        "pad_id": number,
        "pad_type_id": chance.randrange(3),
        "pad_token": token,
    }


def one_decoder(chance: Chance) -> File:
    kinds: list[File] = [
        {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
        {"type": "WordPiece", "prefix": chance.choice(["##", "", "a"]), "cleanup": chance.random() < 0.5},
        {
            "type": "Metaspace",
            "replacement": chance.choice([MARK, "a"]),
            "prepend_scheme": chance.choice(["always", "first", "never"]),
            "split": True,
        },
        {
            "type": "CTC",
            "pad_token": chance.choice(["a", "<unk>", ""]),
            "word_delimiter_token": chance.choice(["b", MARK]),
            "cleanup": chance.random() < 0.5,
        },
        {
            "type": "Replace",
            "pattern": chance.choice([{"String": MARK}, {"String": "a"}, {"Regex": "[ab]+"}]),
            "content": chance.choice([" ", "", "ab"]),
        },
        {"type": "Strip", "content": chance.choice([" ", "a"]), "start": chance.randrange(3), "stop": 0},
        {"type": "BPEDecoder", "suffix": chance.choice(["</w>", "a", "##"])},
    ]
    return chance.choice(kinds)


def decoder(chance: Chance) -> File | None:
    llama = [
        {"type": "Replace", "pattern": {"String": MARK}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ]
    odd = [one_decoder(chance) for _ in range(chance.choice([1, 2, 2, 3]))]
    kinds = [None, {"type": "Sequence", "decoders": llama}, {"type": "Sequence", "decoders": odd}]
    return chance.choice([*kinds, one_decoder(chance), one_decoder(chance)])


def added_tokens(chance: Chance, vocab: dict[str, int]) -> list[File]:
    tokens = chance.sample(sorted(token for token in vocab if token), 2)
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    made = [{"id": vocab[token], "content": token, **flags} for token in tokens]
    return [token | {"special": chance.random() < 0.7} for token in made]


def shown(encoding: Any) -> File:
    return {
        "ids": encoding.ids,
        "type_ids": encoding.type_ids,
        "tokens": encoding.tokens,
        "offsets": encoding.offsets,
        "words": encoding.word_ids,
        "sequences": encoding.sequence_ids,
        "special": encoding.special_tokens_mask,
        "attention": encoding.attention_mask,
        # Parts of parts are left out: Fuelrail has none.
        "overflowing": [shown(part) | {"overflowing": []} for part in encoding.overflowing],
    }


def given(call: Callable[[], Any]) -> Any:
    """What the call gives, or nothing: Rust's panics are no exceptions."""
    try:
        return call()
    except KeyboardInterrupt:
        raise
    except BaseException:
        return None


def room(file: File, n_texts: int, *, add_special: bool) -> int:
    """Tokens that truncation leaves to the texts; below zero it wraps around
    in the reference, which then truncates nothing."""
    if file["truncation"] is None or not add_special or file["post_processor"] is None:
        return 0
    tokenizer = Tokenizer.from_str(json.dumps(file))
    return file["truncation"]["max_length"] - tokenizer.num_special_tokens_to_add(n_texts > 1)


def encoded(chance: Chance, file: File, tokenizer: Tokenizer, texts: Callable[[], str]) -> File:
    add_special = chance.random() < 0.7
    case: File = {"texts": [texts() for _ in range(chance.choice([1, 1, 2]))], "add_special": add_special}
    if room(file, len(case["texts"]), add_special=add_special) < 0:
        case["add_special"] = add_special = False
    encoding = given(lambda: tokenizer.encode(*case["texts"], add_special_tokens=add_special))
    if encoding is not None and len(encoding.overflowing) > PARTS_MAX:
        return encoded(chance, file, tokenizer, texts)
    case["expected"] = None if encoding is None else shown(encoding)
    if file["padding"] is not None and room(file, 1, add_special=add_special) >= 0:
        batch = [texts() for _ in range(3)]
        encodings = given(lambda: tokenizer.encode_batch(batch, add_special_tokens=add_special))
        if encodings is not None:
            case |= {"batch": batch, "lens": [len(encoding.ids) for encoding in encodings]}
    return case


def decoded(chance: Chance, file: File, tokenizer: Tokenizer) -> File | None:
    ids = sorted(vocabulary(file["model"]).values())
    bytes_first = [i for t, i in vocabulary(file["model"]).items() if t in BYTES] or ids
    drawn = [
        chance.choice(bytes_first if chance.random() < 0.3 else ids) for _ in range(chance.choice([0, 1, 2, 4, 9, 20]))
    ]
    skip = chance.random() < 0.5
    whole = given(lambda: tokenizer.decode(drawn, skip_special_tokens=skip))
    if whole is None:
        return None
    stream = DecodeStream(skip_special_tokens=skip)
    parts = given(lambda: [stream.step(tokenizer, i) for i in drawn])
    half = len(drawn) // 2
    later = DecodeStream(ids=drawn[:half], skip_special_tokens=skip)
    after = given(lambda: [later.step(tokenizer, i) for i in drawn[half:]])
    return {"ids": drawn, "skip_special": skip, "text": whole, "stream": parts, "after": after}


def cases(chance: Chance, kind: str, n_cases: int) -> Iterator[File]:
    make, cut, space = KINDS[kind]
    model = make(chance)
    vocab = vocabulary(model)
    file: File = {
        "version": "1.0",
        "truncation": truncation(chance),
        "padding": padding(chance, vocab),
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": cut} if cut else None,
        "post_processor": post_processor(chance, vocab),
        "decoder": decoder(chance),
        "model": model,
    }
    if cut == "ByteLevel":
        file["pre_tokenizer"] |= {"add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    tokenizer = Tokenizer.from_str(json.dumps(file))
    # Added tokens are found in texts by others; here they are decoded.
    with_added = file | {"added_tokens": added_tokens(chance, vocab)}
    decoding = Tokenizer.from_str(json.dumps(with_added))

    def texts() -> str:
        drawn = text(chance, space)
        if cut == "ByteLevel":
            drawn = "".join(c for c in drawn if c.isascii())
            drawn = " " * chance.randrange(4) + drawn.replace(" ", " " * chance.choice([1, 1, 2, 4]))
        return drawn

    yield with_added
    for _ in range(n_cases):
        yield encoded(chance, file, tokenizer, texts)
        case = decoded(chance, file, decoding)
        if case is not None:
            yield case


def main() -> None:
    folder = Path(sys.argv[1])
    n_cases, seed = (int(argument) for argument in [*sys.argv[2:], "12", "0"][:2])
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        for variant in range(2 if n_cases < 100 else 6):
            chance = random.Random(f"{kind} {variant} {seed}")
            path = folder / f"{kind}_{variant}.jsonl"
            with path.open("w", encoding="utf-8") as out:
                for case in cases(chance, kind, n_cases):
                    out.write(json.dumps(case, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
