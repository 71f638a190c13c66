"""Where tokens are in their texts in bytes, where models put affixes to words, which
special tokens decoding skips, and what is said of calls that other libraries take."""

from __future__ import annotations

import itertools
import json
import random

import fuelrail as fr
import pytest
from test_encoding import ours_of
from tokenizer_files import N_MODEL, As, added, file, state
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

Spans = list[tuple[int, int]]

PIECES = ["é", " é", "北京", " 北", "\u3000", "\u3000\u3000", " ", "  ", "a", " b", "\n", "🦀", "e\u0301", "[x]", "\xa0"]


def in_bytes(text: str, spans: Spans) -> Spans:
    """Spans in characters as spans in bytes of UTF-8. Hugging Face leaves some at the
    end of a text in bytes, which is beyond its characters."""
    places = list(itertools.accumulate((len(c.encode()) for c in text), initial=0))
    return [(places[min(start, len(text))], places[min(end, len(text))]) for start, end in spans]


def texts(n: int) -> list[str]:
    rng = random.Random(7)
    return ["".join(rng.choices(PIECES, k=rng.randrange(9))) for _ in range(n)]


@pytest.mark.parametrize("prefix", [True, False])
@pytest.mark.parametrize("post", ["level", "roberta", "none"])
def test_offsets_in_bytes_are_those_in_characters(prefix, post):
    content = file()
    content["pre_tokenizer"] = state(pre_tokenizers.ByteLevel(add_prefix_space=prefix))
    content["added_tokens"] += [added(N_MODEL + 2, "[x]", "lstrip", "rstrip"), added(N_MODEL + 3, "\u3000🦀")]
    content["post_processor"] = {
        "level": state(processors.ByteLevel(trim_offsets=True)),
        "roberta": state(
            processors.RobertaProcessing(("</s>", N_MODEL + 1), ("<s>", N_MODEL), add_prefix_space=prefix)
        ),
        "none": None,
    }[post]
    tokenizer, theirs = ours_of(content), Tokenizer.from_str(As(content).to_str())
    some = texts(400)
    arrays = tokenizer(some, return_offsets_mapping=True, offsets="bytes", padding=True, pad_token="<s>")
    for row, text in enumerate(some):
        wanted = theirs.encode(text).offsets
        ours = tokenizer.encode_tokens(text)
        assert ours.offsets == wanted, text
        spans = in_bytes(text, wanted)
        assert tokenizer.encode_tokens(text, offsets="bytes").offsets == spans, text
        assert [tuple(span) for span in arrays["offset_mapping"][row].tolist()][: len(spans)] == spans, text
        pair = theirs.encode(text, "é é")
        both = tokenizer.encode_tokens(text, "é é", offsets="bytes")
        second = [(at, span) for at, span in enumerate(pair.offsets) if pair.sequence_ids[at] == 1]
        assert [both.offsets[at] for at, _ in second] == in_bytes("é é", [span for _, span in second])


def affixed(normalizer) -> Tokenizer:
    """A model that falls back to bytes, with a prefix and a suffix."""
    names = [f"<0x{byte:02X}>" for byte in range(256)]
    tokens = ["<unk>", *names, "a", "##b", "##c</w>", "b</w>", "ab"]
    model = models.BPE(
        {token: id for id, token in enumerate(tokens)},
        [],
        unk_token="<unk>",
        byte_fallback=True,
        continuing_subword_prefix="##",
        end_of_word_suffix="</w>",
    )
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    return tokenizer


@pytest.mark.parametrize("normalizer", [None, normalizers.Prepend("▁▁"), normalizers.NFKD()])
def test_tokens_of_affixes_are_within_the_text(normalizer):
    theirs = affixed(normalizer)
    tokenizer = ours_of(json.loads(theirs.to_str()))
    for text in ["é", "ab", "xé ﬁ北", "ab zé", "  ½é ", *texts(200)]:
        ours, whole = tokenizer.encode_tokens(text), theirs.encode(text)
        assert ours.ids == whole.ids
        # Behind the first byte of an affix, Hugging Face has lost its place.
        firsts = [at for at, word in enumerate(ours.word_ids) if at == 0 or word != ours.word_ids[at - 1]]
        assert [ours.offsets[at] for at in firsts] == [whole.offsets[at] for at in firsts], text
        assert all(0 <= start <= end <= len(text) for start, end in ours.offsets), text
        places = set(itertools.accumulate((len(c.encode()) for c in text), initial=0))
        spans = tokenizer.encode_tokens(text, offsets="bytes").offsets
        assert all(start in places and end in places and start <= end for start, end in spans), text
        assert spans == in_bytes(text, ours.offsets)


def test_decoding_skips_what_is_shown_as_a_special_token():
    theirs = Tokenizer(models.WordLevel({"<unk>": 0, "a": 1}, unk_token="<unk>"))
    theirs.normalizer = normalizers.Lowercase()
    theirs.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    theirs.decoder = decoders.Fuse()
    theirs.add_special_tokens(
        [AddedToken("<END>", normalized=True, special=True), AddedToken("<low>", normalized=True, special=True)]
    )
    theirs.add_special_tokens([AddedToken("<RAW>", normalized=False, special=True)])
    theirs.add_tokens([AddedToken("<Low>", normalized=True), AddedToken("<RAW>y", normalized=False)])
    theirs = Tokenizer.from_str(theirs.to_str())
    tokenizer = fr.Tokenizer(theirs)
    for id in range(theirs.get_vocab_size()):
        for skip in (True, False):
            wanted = theirs.decode([id, 1], skip_special_tokens=skip)
            assert tokenizer.decode([id, 1], skip_special_tokens=skip) == wanted, id
            stream = tokenizer.stream(skip_special_tokens=skip)
            assert "".join(filter(None, [stream.push([id, 1]), stream.finish()])) == wanted, id


def test_calls_of_other_libraries_are_told_what_to_do():
    tokenizer = fr.Tokenizer("gpt2")
    pad = {"pad_id": 0, "length": 10**12}
    for call, message, hint in [
        (lambda: tokenizer.encode_batch([("a", "b")]), "expected str or bytes, got tuple", "encode_tokens_batch"),
        (lambda: tokenizer.encode_tokens_batch([["a", b"b"]]), "expected str or bytes, got list", "pairs"),
        (lambda: tokenizer.encode(("a", "b")), "expected str or bytes, got tuple", "encode_tokens"),
        (lambda: tokenizer([["a", "b", "c"]]), "expected str or bytes, got list", "join them"),
        (lambda: tokenizer.encode_batch([["a"]], is_pretokenized=True), "unknown keyword", "join the words"),
        (lambda: tokenizer.encode_tokens(["a"], is_pretokenized=True), "unknown keyword", "join the words"),
        (lambda: tokenizer(["a"], is_split_into_words=True), "unknown keyword", "join the words"),
        (lambda: tokenizer.decode([[1, 2], [3]]), "lists of several lengths", "decode_batch"),
        (lambda: tokenizer.stream().push([[1, 2], [3]]), "lists of several lengths", None),
        (lambda: tokenizer.encode_tokens("a", padding=pad), f"length: expected at most {1 << 24}, got {10**12}", None),
        (lambda: tokenizer.encode_tokens("a", padding=10**12), f"padding: expected at most {1 << 24}", None),
        (lambda: tokenizer.encode_tokens("a", truncation=10**12), f"at most {(1 << 32) - 1}, got {10**12}", None),
        (
            lambda: tokenizer(["a"], padding="max_length", max_length=10**12, pad_token="a"),
            f"length: expected at most {1 << 24}",
            None,
        ),
    ]:
        with pytest.raises(fr.Error, match=message) as raised:
            call()
        assert isinstance(raised.value, (ValueError, TypeError)) and raised.value.kind == "usage"
        assert hint is None or hint in (raised.value.hint or ""), raised.value


def test_normalizers_that_make_too_much_of_a_text_are_to_blame():
    content = file(normalizer=state(normalizers.Replace("a", "long " * 500)))
    with pytest.raises(fr.DataError, match="normalizers make a text of 3000 bytes longer than 1816576 bytes") as raised:
        ours_of(content).encode("a" * 3000)
    assert "normalizer" in (raised.value.hint or "")
