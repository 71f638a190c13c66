"""`encode_tokens`, its batches and arrays give what Hugging Face's `tokenizers`
gives: ids, tokens, offsets, words, types and masks, with truncation and padding."""

from __future__ import annotations

import json
import pickle
import random
import warnings

import fuelrail as fr
import numpy as np
import pytest
from tokenizer_cases import cases
from tokenizer_cases import given as given_or_none
from tokenizer_files import N_MODEL, As, file, state, template
from tokenizer_models import KINDS
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

TEXTS = ["hello world", "", "naïve e\u0301 北京 🦀!", "  he\n\tll 123 ", "<s> hello</s>", "a" * 40, "hello hello hello hello"]


def ours_of(content: dict) -> fr.Tokenizer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return fr.Tokenizer(As(content))


def shown(encoding) -> dict:
    """An encoding of either library; parts of parts are left out, as here are none."""
    return {
        "ids": encoding.ids,
        "type_ids": encoding.type_ids,
        "tokens": encoding.tokens,
        "offsets": [tuple(span) for span in encoding.offsets],
        "words": encoding.word_ids,
        "sequences": encoding.sequence_ids,
        "special": encoding.special_tokens_mask,
        "attention": encoding.attention_mask,
        "overflowing": [shown(part) | {"overflowing": []} for part in encoding.overflowing],
    }


def in_tuples(case: dict) -> dict:
    parts = [in_tuples(part) for part in case["overflowing"]]
    return case | {"offsets": [tuple(span) for span in case["offsets"]], "overflowing": parts}


@pytest.mark.parametrize("variant", range(6))
@pytest.mark.parametrize("kind", KINDS)
def test_encodings_are_those_of_the_library(kind, variant):
    """Models, post-processors, truncation and padding by chance."""
    chance = random.Random(f"{kind} {variant}")
    made = cases(chance, kind, 25)
    content = next(made) | {"added_tokens": []}
    ours = ours_of(content)
    assert ours.truncation is None or ours.truncation["max_length"] == content["truncation"]["max_length"]
    compared = 0
    for case in made:
        if case.get("expected") is None:
            continue
        try:
            got = ours.encode_tokens(
                *case["texts"],
                add_special_tokens=case["add_special"],
                truncation=ours.truncation,
                padding=ours.padding,
            )
        except fr.DataError as error:
            # What no token covers is dropped there.
            assert "expected a text that tokens cover" in str(error)
            continue
        assert shown(got) == in_tuples(case["expected"]), case["texts"]
        compared += 1
        if "batch" in case:
            try:
                batch = ours.encode_tokens_batch(
                    case["batch"],
                    add_special_tokens=case["add_special"],
                    truncation=ours.truncation,
                    padding=ours.padding,
                    threads=2,
                )
            except fr.DataError as error:
                assert "expected a text that tokens cover" in str(error)
                continue
            assert [len(encoding) for encoding in batch] == case["lens"]
    assert compared or "odd" in kind or kind.startswith("bpe")


def bert(**changed) -> dict:
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "hello", "world", "na", "##ive", "##ve", "1", "##2", "##3", "!", "he", "##ll", "a", "##a"]
    tokenizer = Tokenizer(models.WordPiece({token: id for id, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(tokens[:4])
    return json.loads(tokenizer.to_str()) | changed


def byte_level() -> dict:
    level = state(processors.ByteLevel(trim_offsets=True))
    around = template({"<s>": N_MODEL, "</s>": N_MODEL + 1}, "<s>", "$A", "</s>")
    return file(post_processor={"type": "Sequence", "processors": [level, around]})


FILES = {"bert": bert, "byte_level": byte_level}


@pytest.fixture(params=FILES)
def both(request) -> tuple[fr.Tokenizer, Tokenizer]:
    content = FILES[request.param]()
    return ours_of(content), Tokenizer.from_str(json.dumps(content))


@pytest.mark.parametrize("add_special_tokens", [True, False])
def test_texts_pairs_and_look_ups(both, add_special_tokens):
    ours, theirs = both
    for text in TEXTS:
        for pair in [None, *TEXTS]:
            wanted = theirs.encode(text, pair, add_special_tokens=add_special_tokens)
            got = ours.encode_tokens(text, pair, add_special_tokens=add_special_tokens)
            assert shown(got) == shown(wanted)
            assert len(got) == len(wanted)
            for sequence in (0, 1) if pair is not None else (0,):
                for place in range(len((text, pair)[sequence]) + 1):
                    assert got.char_to_token(place, sequence) == wanted.char_to_token(place, sequence)
                    assert got.char_to_word(place, sequence) == wanted.char_to_word(place, sequence)
                for word in range(6):
                    assert got.word_to_tokens(word, sequence) == wanted.word_to_tokens(word, sequence)
                    assert got.word_to_chars(word, sequence) == wanted.word_to_chars(word, sequence)
            for token in range(len(got) + 1):
                assert got.token_to_sequence(token) == wanted.token_to_sequence(token)
                assert got.token_to_chars(token) == (wanted.token_to_chars(token) if token < len(got) else None)
                assert got.token_to_word(token) == (wanted.token_to_word(token) if token < len(got) else None)


def test_offsets_in_bytes_are_those_in_characters(both):
    ours, _ = both
    for text in TEXTS:
        chars = ours.encode_tokens(text).offsets
        in_bytes = ours.encode_tokens(text, offsets="bytes").offsets
        starts = [len(text[:place].encode()) for place in range(len(text) + 1)]
        for (start, end), (first, last) in zip(chars, in_bytes, strict=True):
            # A token of a part of a character has all of it, in characters.
            assert starts[start] <= first
            assert last <= starts[end]


@pytest.mark.parametrize("seed", range(60))
def test_truncated_and_padded_batches(both, seed):
    ours, theirs = both
    rng = random.Random(seed)
    cut = {
        "max_length": rng.choice([5, 6, 8, 12]),
        "stride": rng.choice([0, 1]),
        "strategy": rng.choice(["longest_first", "only_first"]),
        "direction": rng.choice(["left", "right"]),
    }
    pad = {
        "length": rng.choice([None, 16]),
        "direction": rng.choice(["left", "right"]),
        "pad_id": rng.randrange(4),
        "pad_type_id": rng.randrange(2),
        "pad_token": "x",
        "pad_to_multiple_of": rng.choice([None, 8]),
    }
    theirs.enable_truncation(**cut)
    theirs.enable_padding(**pad)
    texts = rng.choices(TEXTS, k=rng.randrange(1, 6))
    if rng.random() < 0.5:
        pairs = rng.choices(TEXTS, k=len(texts))
        given = list(zip(texts, pairs, strict=True))
    else:
        pairs, given = None, texts
    wanted = given_or_none(lambda: theirs.encode_batch(given))
    if wanted is None:
        with pytest.raises(fr.DataError, match="expected"):
            ours.encode_tokens_batch(texts, pairs, truncation=cut, padding=pad)
        return
    got = ours.encode_tokens_batch(texts, pairs, truncation=cut, padding=pad, threads=rng.choice([1, 2]))
    assert [shown(encoding) for encoding in got] == [shown(encoding) for encoding in wanted]


@pytest.mark.parametrize("seed", range(40))
def test_arrays_are_the_encodings(both, seed):
    ours, theirs = both
    rng = random.Random(seed)
    texts = rng.choices(TEXTS, k=rng.randrange(1, 6))
    pairs = rng.choices(TEXTS, k=len(texts)) if rng.random() < 0.4 else None
    token = rng.choice([name for name in ours.special_tokens])
    side, length, multiple = rng.choice(["left", "right"]), rng.choice([None, 7, 9]), rng.choice([None, 4])
    dtype = rng.choice(["int64", "int32", "uint32", "uint16"])
    theirs.enable_padding(
        pad_id=ours.special_tokens[token], pad_token=token, direction=side, pad_to_multiple_of=multiple
    )
    if length is not None:
        theirs.enable_truncation(length, stride=1)
    wanted = theirs.encode_batch(texts if pairs is None else list(zip(texts, pairs, strict=True)))
    got = ours(
        texts,
        pairs,
        padding=True,
        pad_token=token,
        padding_side=side,
        pad_to_multiple_of=multiple,
        truncation=length is not None,
        max_length=length,
        stride=0 if length is None else 1,
        return_token_type_ids=True,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
        return_overflowing_tokens=True,
        dtype=dtype,
    )
    rows = [(at, part) for at, encoding in enumerate(wanted) for part in [encoding, *encoding.overflowing]]
    assert got["overflow_to_sample_mapping"].tolist() == [at for at, _ in rows]
    for name, of in {
        "input_ids": "ids",
        "token_type_ids": "type_ids",
        "attention_mask": "attention_mask",
        "special_tokens_mask": "special_tokens_mask",
    }.items():
        assert got[name].dtype == dtype
        assert got[name].tolist() == [getattr(row, of) for _, row in rows]
    assert got["offset_mapping"].tolist() == [[list(span) for span in row.offsets] for _, row in rows]


def test_arrays_of_nothing_and_of_one_text():
    ours = ours_of(bert())
    assert ours([])["input_ids"].shape == (0, 0)
    one = ours("hello", "world")
    assert set(one) == {"input_ids", "attention_mask", "token_type_ids"}
    assert one["input_ids"].tolist() == [[2, 4, 3, 5, 3]]
    assert one["token_type_ids"].tolist() == [[0, 0, 0, 1, 1]]
    assert "token_type_ids" not in ours(["hello"])
    assert ours(["hello"], return_attention_mask=False).keys() == {"input_ids"}


def test_what_arrays_cannot_be_is_refused_with_a_hint():
    ours = ours_of(bert())
    for call, message, hint in [
        (lambda: ours(["hello", "hello world"]), "got 3 and 4", "padding=True"),
        (lambda: ours(["hello"], padding=True), "does not say which token", "pad_token="),
        (lambda: ours(["hello"], padding=True, pad_token="?"), "a token of the vocabulary", None),
        (lambda: ours(["hello"], padding="all"), "padding: expected", None),
        (lambda: ours(["hello"], truncation=True), "how many tokens it takes", "max_length=512"),
        (lambda: ours(["hello"], max_length=3), "is for truncation or padding", "truncation=True"),
        (lambda: ours(["hello"], truncation="some", max_length=3), "strategy: expected", None),
        (
            lambda: ours(["hello world"], padding="max_length", max_length=3, pad_token="[PAD]"),
            "at most 3 tokens, got one of 4",
            "truncation=True",
        ),
        (lambda: ours(["hello"], ["a", "b"]), "as many pairs as texts, got 2 and 1", None),
        (lambda: ours(["hello"], dtype="float32"), "dtype: expected", None),
        (lambda: ours(["hello"], text_pair=["a"]), "unknown keyword", "pairs"),
        (lambda: ours(["hello"], return_tensors="pt"), "unknown keyword", "torch.from_numpy"),
        (lambda: ours.encode_tokens("hello", truncation={"max_len": 3}), "unknown keyword `max_len`", "max_length"),
        (lambda: ours.encode_tokens("hello", truncation=True), "expected a whole number", None),
        (lambda: ours.encode_tokens("hello", truncation=-1), "expected a whole number", None),
        (lambda: ours.encode_tokens("hello", padding=8), "does not say which token", "pad_id"),
        (lambda: ours.encode_tokens("hello", offsets="words"), "offsets: expected", None),
    ]:
        with pytest.raises(fr.UsageError, match=message) as raised:
            call()
        assert hint is None or (raised.value.hint and hint in raised.value.hint), raised.value
    with pytest.raises(fr.DataError, match="at least the 2 added tokens, got 1"):
        ours.encode_tokens("hello", truncation=1)
    with pytest.raises(fr.DataError, match="expected text") as raised:
        ours(["hello", None])
    assert raised.value.location["row"] == 1
    with pytest.raises(fr.UsageError, match="as a tokenizer makes it"):
        fr.Encoding()


def test_a_file_that_pads_and_truncates_is_asked_to():
    pad = {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": 4, "pad_id": 0, "pad_type_id": 1, "pad_token": "[PAD]"}
    cut = {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
    ours = ours_of(bert(padding=pad, truncation=cut))
    assert ours.truncation == {"max_length": 3, "stride": 0, "strategy": "longest_first", "direction": "right"}
    assert ours.padding == {
        "length": None,
        "direction": "left",
        "pad_id": 0,
        "pad_type_id": 1,
        "pad_token": "[PAD]",
        "pad_to_multiple_of": 4,
    }
    assert len(ours.encode_tokens("hello world")) == 4
    both = ours.encode_tokens("hello world", truncation=ours.truncation, padding=ours.padding)
    assert both.ids == [0, 2, 4, 3]
    assert ours(["hello world"], truncation=True, padding=True)["input_ids"].tolist() == [[2, 4, 3]]


@pytest.mark.parametrize("name", ["cl100k_base", "gpt2"])
def test_counts_and_narrow_ids_are_those_of_encode(name):
    ours = fr.Tokenizer(name)
    ids, offsets = ours.encode_batch(TEXTS)
    assert ours.count_batch(TEXTS).tolist() == np.diff(offsets).tolist()
    assert [ours.count(text) for text in TEXTS] == np.diff(offsets).tolist()
    if name == "gpt2":
        narrow, again = ours.encode_batch(TEXTS, dtype="uint16", threads=2)
        assert narrow.dtype == np.uint16
        assert (narrow.tolist(), again.tolist()) == (ids.tolist(), offsets.tolist())
        assert ours.encode("hello", dtype="uint16").tolist() == ours.encode("hello").tolist()
    else:
        with pytest.raises(fr.DataError, match="at most 65,536 ids") as raised:
            ours.encode("hello", dtype="uint16")
        assert raised.value.hint == 'dtype="uint32" holds every id'


def test_counts_have_the_tokens_around_a_text(both):
    ours, theirs = both
    for special, around in [("parse", True), ("text", False)]:
        theirs.encode_special_tokens = special == "text"
        for text in TEXTS:
            wanted = len(theirs.encode(text, add_special_tokens=around))
            assert ours.count(text, special=special, add_special_tokens=around) == wanted


def test_decoding_skips_special_tokens_and_takes_batches(both):
    ours, theirs = both
    rng = random.Random(1)
    known = list(ours.get_vocab().values())
    for _ in range(200):
        ids = rng.choices(known, k=rng.randrange(8))
        wanted = theirs.decode(ids, skip_special_tokens=True)
        assert ours.decode(ids, skip_special_tokens=True) == wanted
        stream = ours.stream()
        parts = [stream.push(id) for id in ids]
        assert "".join(filter(None, [*parts, stream.finish()])) == wanted or "\ufffd" in wanted
    batch = [[4, 5], [], np.array([4])]
    assert ours.decode_batch(batch) == [ours.decode(ids) for ids in batch]
    assert ours.stream().push([4, 5]) is not None
    with pytest.raises(fr.UsageError, match="expected ids from 0"):
        ours.stream().push(-1)
    with pytest.raises(fr.UsageError, match="expected token ids"):
        ours.stream().push(0.5)


def test_the_vocabulary_is_that_of_the_library(both):
    ours, theirs = both
    assert ours.get_vocab() == theirs.get_vocab()
    for id in range(theirs.get_vocab_size() + 1):
        assert ours.id_to_token(id) == theirs.id_to_token(id)
    assert ours.id_to_token(-1) is None


def test_an_encoding_outlives_its_tokenizer():
    encoding = ours_of(bert()).encode_tokens("hello world")
    assert encoding.tokens == ["[CLS]", "hello", "world", "[SEP]"]
    assert repr(encoding) == "Encoding(4 tokens)"
    again = pickle.loads(pickle.dumps(ours_of(bert())))
    assert again.encode_tokens("hello").ids == [2, 4, 3]
