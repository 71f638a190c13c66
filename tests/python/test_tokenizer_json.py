"""A `tokenizer.json` gives the ids of Hugging Face's `tokenizers`, or is refused
with the name of what is not supported; nothing of it is passed over in silence.

Random files are tried against the library itself; then each of its classes.
"""

from __future__ import annotations

import json
import random

import fuelrail as fr
import pytest
from tokenizer_files import N_MODEL, PIECES, added, bpe, file, read, state, template
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors


class Drawn:
    """A random file, and the names of what must be refused in it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.blame: set[str] = set()
        self.notes: set[str] = set()
        # Byte-level throughout: what it encodes it also decodes, without a decoder.
        self.is_plain = True
        self.tokens = self.added_tokens()
        self.ids = {token["content"]: token["id"] for token in self.tokens}
        self.content = file(
            added_tokens=self.tokens,
            normalizer=self.normalizer(),
            pre_tokenizer=self.pre_tokenizer(),
            post_processor=self.post_processor(),
            decoder=self.decoder(),
            model=self.model(),
            truncation=self.section("truncation", {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}),
            padding=self.section("padding", {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "!"}),
        )  # fmt: skip

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def refused(self, name: str, component: object) -> object:
        self.blame.add(name)
        return component

    def added_tokens(self) -> list[dict]:
        contents = ["<s>", "</s>", *self.rng.sample(["<x>", "word", "e\u0301t", "he", " ", "h"], self.rng.randrange(4))]
        tokens, id = [], N_MODEL
        for content in contents:
            flags = [name for name in ("single_word", "lstrip", "rstrip", "normalized", "special") if self.chance(0.3)]
            known = bpe()["vocab"].get(content)
            if known is None:
                id += self.rng.choice([0, 0, 0, 7]) if self.chance(0.5) else 0
                tokens.append(added(id, content, *flags))
                id += 1
            else:
                tokens.append(added(known, content, *flags))
        return tokens

    def normalizer(self) -> object:
        nfc = {"type": "NFC"}
        if self.chance(0.2):
            other = state(
                self.rng.choice(
                    [normalizers.Lowercase(), normalizers.NFKC(), normalizers.Prepend("x"), normalizers.NFKD()]
                )
            )
            self.is_plain = False
            return self.rng.choice([other, {"type": "Sequence", "normalizers": [nfc, other]}])
        nested = {"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": [nfc]}]}
        return self.rng.choice([None, None, nfc, nested, {"type": "Sequence", "normalizers": []}])

    def pre_tokenizer(self) -> object:
        level = state(pre_tokenizers.ByteLevel(add_prefix_space=self.chance(0.3), use_regex=self.chance(0.6)))
        if self.chance(0.2):
            other = state(
                self.rng.choice(
                    [pre_tokenizers.Whitespace(), pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation()]
                )
            )
            self.is_plain = False
            return self.rng.choice([other, {"type": "Sequence", "pretokenizers": [other, level]}])
        before = [state(pre_tokenizers.Digits(self.chance(0.5)))] if self.chance(0.3) else []
        if self.chance(0.3):
            split = pre_tokenizers.Split(
                Regex(r"\p{L}+|\s"), self.rng.choice(["isolated", "removed"]), self.chance(0.5)
            )
            before.insert(0, {"type": "Sequence", "pretokenizers": [state(split)]})
        return {"type": "Sequence", "pretokenizers": [*before, level]} if before or self.chance(0.2) else level

    def post_processor(self, *, alone: bool = True) -> object:
        s, end, rng = ("<s>", self.ids["<s>"]), ("</s>", self.ids["</s>"]), self.rng
        level = state(processors.ByteLevel(trim_offsets=self.chance(0.5)))
        if alone and self.chance(0.2):
            other = self.post_processor(alone=False) or level
            return {"type": "Sequence", "processors": rng.choice([[level, other], [other, level], [other]])}
        if alone and self.chance(0.05):
            return {"type": "Sequence", "processors": [state(processors.BertProcessing(end, s))] * 2}
        if self.chance(0.05):
            return self.refused("post_processor", template(self.ids, *rng.choice([["$A", "$A"], ["<s>"], []])))
        if self.chance(0.05):
            return self.refused("post_processor", template({"<s>": self.ids["<s>"] + 1000}, "<s>", "$A"))
        around = [[], ["<s>"], ["<s>", "</s>"]]
        pieces = template(self.ids, *rng.choice(around), "$A", *rng.choice(around))
        return rng.choice(
            [
                None,
                level,
                pieces,
                pieces,
                state(processors.BertProcessing(end, s)),
                state(processors.RobertaProcessing(end, s)),
            ]
        )

    def decoder(self) -> object:
        other = self.rng.choice(
            [None, decoders.ByteLevel(), decoders.ByteLevel(), decoders.Metaspace(), decoders.Fuse()]
        )
        if isinstance(other, decoders.Metaspace):
            self.notes.add("decoder Metaspace")
        return other and state(other)

    def section(self, name: str, value: dict) -> object:
        if self.chance(0.85):
            return None
        self.notes.add(f"`{name}`")
        return value

    def model(self) -> object:
        # Without a token for what is unknown, the library drops that.
        options = {name: self.chance(0.3) for name in ("ignore_merges", "fuse_unk", "byte_fallback")}
        model = bpe(unk_token="!", **options)
        if self.chance(0.05):
            model["dropout"] = 0.5
            self.refused("model.dropout", None)
        return model

    def texts(self) -> list[str]:
        drawn = ["".join(self.rng.choices(PIECES, k=self.rng.randrange(1, 9))) for _ in range(12)]
        return ["", *drawn]


@pytest.mark.parametrize("seed", range(400))
def test_a_random_file_gives_the_same_ids_or_is_refused_by_name(seed):
    drawn = Drawn(seed)
    if drawn.blame:
        with pytest.raises(fr.PipelineError) as raised:
            read(drawn.content)
        assert any(name in str(raised.value) for name in drawn.blame), (drawn.blame, str(raised.value))
        return
    ours, said = read(drawn.content)
    theirs = Tokenizer.from_str(json.dumps(drawn.content))
    numbers = {theirs.token_to_id(content): id for content, id in drawn.ids.items()}
    if any(number != id for number, id in numbers.items()):
        drawn.notes.add("renumbers")
    if not drawn.is_plain:
        # Whether the decoder is applied depends on all components.
        drawn.notes.discard("decoder Metaspace")
        said = [line for line in said if "decoder" not in line]
    assert len(said) == len(drawn.notes)
    assert all(any(note in line for line in said) for note in drawn.notes), (drawn.notes, said)
    theirs.no_truncation()
    theirs.no_padding()
    for text in drawn.texts():
        for special in ("parse", "text"):
            theirs.encode_special_tokens = special == "text"
            for around in (True, False):
                try:
                    wanted = theirs.encode(text, add_special_tokens=around)
                except BaseException as error:  # white space that two tokens want
                    assert "bad split" in str(error)
                    continue
                # Tokens of the template have the file's ids there too.
                is_file_id = wanted.special_tokens_mask
                ids = [id if kept else numbers.get(id, id) for id, kept in zip(wanted.ids, is_file_id, strict=True)]
                got = ours.encode(text, special=special, add_special_tokens=around)
                assert got.tolist() == ids, (text, special, around)
                batch, _ = ours.encode_batch([text, text], special=special, add_special_tokens=around)
                assert batch.tolist() == ids * 2


def test_there_are_files_of_every_kind_among_the_random_ones():
    drawn = [Drawn(seed) for seed in range(400)]
    blamed = set().union(*(each.blame for each in drawn))
    assert {"post_processor", "model.dropout"} <= blamed
    noted = set().union(*(each.notes for each in drawn))
    assert {"`truncation`", "`padding`", "decoder Metaspace"} <= noted
    assert sum(not each.blame for each in drawn) > 200
    assert 50 < sum(each.is_plain for each in drawn) < 350


# What Hugging Face has, each with what it becomes here: nothing to say, a note,
# or the refusal of its name.
S, END = ("<s>", N_MODEL), ("</s>", N_MODEL + 1)
HONOURED, NOTED, REFUSED = "honoured", "noted", "refused"
NORMALIZERS = {
    "BertNormalizer": (HONOURED, lambda: normalizers.BertNormalizer()),
    "ByteLevel": (HONOURED, lambda: normalizers.ByteLevel()),
    "Lowercase": (HONOURED, lambda: normalizers.Lowercase()),
    "NFC": (HONOURED, lambda: normalizers.NFC()),
    "NFD": (HONOURED, lambda: normalizers.NFD()),
    "NFKC": (HONOURED, lambda: normalizers.NFKC()),
    "NFKD": (HONOURED, lambda: normalizers.NFKD()),
    "Nmt": (HONOURED, lambda: normalizers.Nmt()),
    # A table that the library itself cannot use.
    "Precompiled": (REFUSED, lambda: {"type": "Precompiled", "precompiled_charsmap": ""}),
    "Prepend": (HONOURED, lambda: normalizers.Prepend("x")),
    "Replace": (HONOURED, lambda: normalizers.Replace("a", "b")),
    "Sequence": (HONOURED, lambda: normalizers.Sequence([normalizers.NFC()])),
    "Strip": (HONOURED, lambda: normalizers.Strip()),
    "StripAccents": (HONOURED, lambda: normalizers.StripAccents()),
}
PRE_TOKENIZERS = {
    "BertPreTokenizer": (HONOURED, lambda: pre_tokenizers.BertPreTokenizer()),
    "ByteLevel": (HONOURED, lambda: pre_tokenizers.ByteLevel()),
    "CharDelimiterSplit": (HONOURED, lambda: pre_tokenizers.CharDelimiterSplit("-")),
    "Digits": (HONOURED, lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(), pre_tokenizers.ByteLevel()])),
    "FixedLength": (HONOURED, lambda: pre_tokenizers.FixedLength(5)),
    "Metaspace": (HONOURED, lambda: pre_tokenizers.Metaspace()),
    "Punctuation": (HONOURED, lambda: pre_tokenizers.Punctuation()),
    "Sequence": (HONOURED, lambda: pre_tokenizers.Sequence([pre_tokenizers.ByteLevel()])),
    "Split": (
        HONOURED,
        lambda: pre_tokenizers.Sequence([pre_tokenizers.Split("l", "isolated"), pre_tokenizers.ByteLevel()]),
    ),
    "UnicodeScripts": (HONOURED, lambda: pre_tokenizers.UnicodeScripts()),
    "Whitespace": (HONOURED, lambda: pre_tokenizers.Whitespace()),
    "WhitespaceSplit": (HONOURED, lambda: pre_tokenizers.WhitespaceSplit()),
}
PROCESSORS = {
    "BertProcessing": (HONOURED, lambda: processors.BertProcessing(END, S)),
    "ByteLevel": (HONOURED, lambda: processors.ByteLevel()),
    "RobertaProcessing": (HONOURED, lambda: processors.RobertaProcessing(END, S)),
    "Sequence": (HONOURED, lambda: processors.Sequence([processors.ByteLevel(), processors.BertProcessing(END, S)])),
    "TemplateProcessing": (HONOURED, lambda: processors.TemplateProcessing("<s> $A", special_tokens=[S])),
}
DECODERS = {
    "BPEDecoder": (NOTED, lambda: decoders.BPEDecoder()),
    "ByteFallback": (NOTED, lambda: decoders.ByteFallback()),
    "ByteLevel": (HONOURED, lambda: decoders.ByteLevel()),
    "CTC": (NOTED, lambda: decoders.CTC()),
    "Fuse": (HONOURED, lambda: decoders.Fuse()),
    "Metaspace": (NOTED, lambda: decoders.Metaspace()),
    "Replace": (NOTED, lambda: decoders.Replace("a", "b")),
    "Sequence": (HONOURED, lambda: decoders.Sequence([decoders.ByteLevel(), decoders.Fuse()])),
    "Strip": (NOTED, lambda: decoders.Strip(" ", 1, 0)),
    "WordPiece": (NOTED, lambda: decoders.WordPiece()),
}
MODELS = {
    "BPE": (HONOURED, lambda: bpe()),
    "Unigram": (HONOURED, lambda: models.Unigram([("<unk>", 0.0), ("hello", -1.0)], 0, False)),
    "WordLevel": (HONOURED, lambda: models.WordLevel({"[UNK]": 0, "hello": 1}, "[UNK]")),
    "WordPiece": (HONOURED, lambda: models.WordPiece({"[UNK]": 0, "hello": 1}, unk_token="[UNK]")),
}
TABLES = {
    "normalizer": (normalizers, {"Normalizer", "NORMALIZERS"}, NORMALIZERS),
    "pre_tokenizer": (pre_tokenizers, {"PreTokenizer"}, PRE_TOKENIZERS),
    "post_processor": (processors, {"PostProcessor"}, PROCESSORS),
    "decoder": (decoders, {"Decoder", "DecodeStream"}, DECODERS),
    "model": (models, {"Model"}, MODELS),
}


@pytest.mark.parametrize("field", TABLES)
def test_the_tables_have_every_class_of_the_library(field):
    module, others, table = TABLES[field]
    classes = {name for name in dir(module) if name[0].isupper()} - others
    assert set(table) == classes


@pytest.mark.parametrize(
    ("field", "name"), [(field, name) for field, (_, _, table) in TABLES.items() for name in table]
)
def test_each_component_is_honoured_noted_or_refused_by_name(field, name):
    what, make = TABLES[field][2][name]
    made = make()
    if field == "model":
        value = made if isinstance(made, dict) else json.loads(Tokenizer(made).to_str())["model"]
        content = file(model=value)
        if name != "BPE":
            content |= {"added_tokens": [], "pre_tokenizer": state(pre_tokenizers.Whitespace())}
    else:
        # Without a token for what is unknown, the library drops that.
        content = file(**{"model": bpe(unk_token="!"), field: made if isinstance(made, dict) else state(made)})
    if what == REFUSED:
        with pytest.raises(fr.PipelineError) as raised:
            read(content)
        assert raised.value.message == "cannot use the tokenizer"
        assert name.lower() in (raised.value.cause or "").lower()
        return
    ours, said = read(content)
    assert [name in note for note in said] == ([True] if what == NOTED else [])
    theirs = Tokenizer.from_str(json.dumps(content))
    for text in ("hello world-12 <s> e\u0301 ll", ""):
        for around in (True, False):
            wanted = theirs.encode(text, add_special_tokens=around).ids
            assert ours.encode(text, special="parse", add_special_tokens=around).tolist() == wanted


def test_sentence_piece_with_byte_fallback_encodes_and_decodes():
    vocab = {"<unk>": 0, **{f"<0x{byte:02X}>": byte + 1 for byte in range(256)}, "\u2581": 257, "\u2581h": 258, "h": 259}
    tokenizer = Tokenizer(
        models.BPE(vocab, [("\u2581", "h")], unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    ours = fr.Tokenizer(tokenizer)
    for text in ["h h", "hh  h", "", "北京 h", "\n"]:
        ids = tokenizer.encode(text).ids
        assert ours.encode(text).tolist() == ids
        assert ours.decode(ids) == tokenizer.decode(ids) == text


def test_ids_with_holes_are_those_of_the_file():
    tokens = [added(N_MODEL + 40, "<b>"), added(N_MODEL + 30, "<a>"), added(N_MODEL + 2, "<c>", "special")]
    ours, said = read(file(added_tokens=tokens))
    theirs = Tokenizer.from_str(json.dumps(file(added_tokens=tokens)))
    # What the library does, which is why it is said: in the file's order, from the model's size on.
    assert [theirs.token_to_id(token["content"]) for token in tokens] == [N_MODEL, N_MODEL + 1, N_MODEL + 2]
    assert [ours.token_to_id(token["content"]) for token in tokens] == [N_MODEL + 40, N_MODEL + 30, N_MODEL + 2]
    assert ours.encode("<a><b><c>", special="parse").tolist() == [N_MODEL + 30, N_MODEL + 40, N_MODEL + 2]
    assert said == [
        "a tokenizer of Hugging Face's: added tokens keep the ids of the file, though these do not follow on: "
        f'Hugging Face renumbers "<b>" from {N_MODEL + 40} to {N_MODEL}, and so on for 1 more'
    ]
    # Holes of the model let its ids and the new ones meet.
    model = bpe()
    model["vocab"]["zz"] = N_MODEL + 1
    tokens = [added(N_MODEL + 5, "<a>"), added(N_MODEL + 6, "<b>")]
    theirs = Tokenizer.from_str(json.dumps(file(model=model, added_tokens=tokens)))
    assert theirs.token_to_id("<a>") == theirs.token_to_id("zz") == N_MODEL + 1
    ours, said = read(file(model=model, added_tokens=tokens))
    assert ours.encode("<a>", special="parse").tolist() == [N_MODEL + 5]
    assert len(said) == 1
