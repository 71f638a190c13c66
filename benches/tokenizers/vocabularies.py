#!/usr/bin/env python3
"""Writes the vocabularies of the tokenizers' benches as tokenizer.json files.

``cl100k`` and ``o200k`` are OpenAI's, from the rank files in a crate that Cargo
has fetched; they carry no special tokens, since the benches encode ordinary
text. The others are trained here by Hugging Face tokenizers on every tenth
document of the corpora: ``wordpiece`` like BERT uncased, ``spbpe`` like Llama 2
(SentencePiece BPE with byte fallback), ``unigram`` like T5. ``llama2`` and ``t5``
are trained by the library SentencePiece, with the options of these models. No
token of theirs has letters and punctuation in it. Training has no
random part that a run could see, so a machine's files stay as they are.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))

import vocab

SIZE = 32_000


def byte_level(name: str) -> str:
    """One of OpenAI's vocabularies as tokenizer.json, from a crate that Cargo has fetched."""
    vocabulary = vocab.VOCABULARIES[f"{name}_base"]
    return vocab.tokenizer_json(vocabulary, vocab.read_ranks(vocab.find_ranks(vocabulary.name, None)))


def documents(corpora: Path, every: int) -> Iterator[str]:
    """Every so-manyth document of prose and multilingual text."""
    for name in ("prose", "multilingual"):
        raw, at, number = (corpora / f"{name}.docs").read_bytes(), 0, 0
        while at < len(raw):
            (size,) = struct.unpack_from("<I", raw, at)
            if number % every == 0:
                yield raw[at + 4 : at + 4 + size].decode()
            at, number = at + 4 + size, number + 1


def wordpiece(corpora: Path) -> str:
    """BERT uncased: its normalizer, its pre-tokenizer, 30,522 tokens."""
    from tokenizers import BertWordPieceTokenizer

    made = BertWordPieceTokenizer(lowercase=True)
    made.train_from_iterator(documents(corpora, 10), vocab_size=30_522, show_progress=False)
    return made.to_str()


def spbpe(corpora: Path) -> str:
    """Llama 2: BPE over characters with byte fallback, spaces as U+2581."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    trained = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE, special_tokens=special, limit_alphabet=4000, max_token_length=16, show_progress=False
    )
    trained.train_from_iterator(documents(corpora, 10), trainer)
    made = json.loads(trained.to_str())
    # Llama 2's file: spaces by the normalizer and no pre-tokenizer, so that a
    # text is one word; only the control tokens are added tokens.
    made["added_tokens"] = made["added_tokens"][:3]
    made["pre_tokenizer"] = None
    steps = [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    shape = Tokenizer(models.BPE())
    shape.normalizer = normalizers.Sequence(steps)
    shape.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    like = json.loads(shape.to_str())
    return json.dumps(made | {"normalizer": like["normalizer"], "decoder": like["decoder"]}, ensure_ascii=False)


def unigram(corpora: Path) -> str:
    """T5: Unigram over words that begin with U+2581, NFKC before."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=SIZE, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    made.train_from_iterator(documents(corpora, 40), trainer)
    return made.to_str()


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message, numbers of 32 bits as bytes."""

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return value

    at = 0
    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        else:
            size = 4 if key & 7 == 5 else varint()
            yield key >> 3, message[at : at + size]
            at += size


def trained(corpora: Path, every: int, **options: Any) -> bytes:
    """A model of the library SentencePiece, trained on lines of the corpora."""
    import sentencepiece

    model = io.BytesIO()
    lines = (line for text in documents(corpora, every) for line in text.splitlines() if line)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines, model_writer=model, vocab_size=SIZE, minloglevel=2, **options
    )
    return model.getvalue()


def pieces(model: bytes) -> list[tuple[str, float]]:
    """The pieces of a model with their scores."""
    found = []
    for number, field in fields(model):
        if number == 1 and isinstance(field, bytes):
            piece = dict(fields(field))
            found.append((bytes(piece[1]).decode(), struct.unpack("<f", bytes(piece[2]))[0]))
    return found


def special(contents: list[str]) -> list[dict[str, Any]]:
    """Added tokens with the first ids."""
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return [{"id": number, "content": content, **flags} for number, content in enumerate(contents)]


def llama2(corpora: Path, out: Path) -> str:
    """Llama 2 with the options of its model, which is kept beside its tokenizer.json."""
    model = trained(
        corpora, 10, model_type="bpe", byte_fallback=True, split_digits=True, character_coverage=0.99995,
        normalization_rule_name="identity", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True,
    )  # fmt: skip
    (out / "llama2.model").write_bytes(model)
    scores = dict(pieces(model))
    ids = {piece: number for number, piece in enumerate(scores)}
    halves = [
        (-score, ids[piece[:at]], ids[piece[at:]], [piece[:at], piece[at:]])
        for piece, score in scores.items()
        for at in range(1, len(piece))
        if piece[:at] in ids and piece[at:] in ids
    ]
    like = json.loads((out / "spbpe.json").read_text(encoding="utf-8"))
    merges = [both for *_, both in sorted(halves)]
    return json.dumps(
        like | {"added_tokens": special(list(ids)[:3]), "model": like["model"] | {"vocab": ids, "merges": merges}}
    )


def t5(corpora: Path, _: Path) -> str:
    """T5: a Unigram with SentencePiece's own normalizer, words between white space."""
    model = trained(
        corpora, 10, model_type="unigram", character_coverage=0.9995,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, pad_piece="<pad>", eos_piece="</s>",
    )  # fmt: skip
    normalizer = dict(fields(bytes(dict(fields(model))[3])))
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    return json.dumps(
        {
            "version": "1.0", "truncation": None, "padding": None, "added_tokens": special(["<pad>", "</s>", "<unk>"]),
            "normalizer": {
                "type": "Precompiled", "precompiled_charsmap": base64.b64encode(bytes(normalizer[2])).decode()
            },
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]},
            "post_processor": None, "decoder": metaspace,
            "model": {"type": "Unigram", "unk_id": 2, "vocab": pieces(model), "byte_fallback": False},
        }
    )  # fmt: skip


def main() -> int:
    """Writes the vocabularies that are missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpora", type=Path, help="folder of corpora.py")
    parser.add_argument("out", type=Path, help="folder to write into")
    makers: dict[str, Callable[[Path, Path], str]] = {
        "cl100k": lambda *_: byte_level("cl100k"),
        "o200k": lambda *_: byte_level("o200k"),
        "wordpiece": lambda corpora, _: wordpiece(corpora),
        "spbpe": lambda corpora, _: spbpe(corpora),
        "unigram": lambda corpora, _: unigram(corpora),
        "llama2": llama2,
        "t5": t5,
    }
    parser.add_argument("--only", choices=makers, action="append")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only or makers:
        path = args.out / f"{name}.json"
        if path.exists():
            continue
        made = makers[name](args.corpora, args.out)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(json.loads(made), ensure_ascii=False), encoding="utf-8")
        part.rename(path)
        print(name, path.stat().st_size, "bytes", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
