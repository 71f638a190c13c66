"""Normalizers and pre-tokenizers against Hugging Face's, with offsets.

`FUELRAIL_TEST_FULL=1 pytest test_cut.py` runs every codepoint and 20,000 texts
for every component.
"""

from __future__ import annotations

import cut_peers
import pytest
import token_texts
from cut_peers import EVERY_CHAR, Components

N_VARIANTS = 12
EDGES = (
    "",
    " ",
    "  a  ",
    "\u200dabc",
    "\u00ad\u00ad",
    "a\u0301\u0323",
    "\u0323\u0301a",
    "\u0344\u0323",
    "ǅ",
    "İI",
    "ΑΣ ς",
    "\U000fffff",
)


def texts() -> list[str]:
    return [*token_texts.mixed(20_000 if token_texts.FULL else 1_200), *EDGES]


@pytest.mark.parametrize("kind", cut_peers.NORMALIZERS)
def test_normalizers(kind):
    """The text, and the origin of each of its characters."""
    cases = []
    for nth in range(N_VARIANTS):
        components = Components(nth)
        cases.append(
            (
                components.normalizer(kind),
                components.rng.choice([EVERY_CHAR, None]),
                texts()[nth::N_VARIANTS],
            )
        )
    assert not cut_peers.differences(cases)


@pytest.mark.parametrize("kind", cut_peers.PRE_TOKENIZERS)
def test_pre_tokenizers(kind):
    cases = [
        (None, Components(nth).pre_tokenizer(kind), texts()[nth::N_VARIANTS])
        for nth in range(N_VARIANTS)
    ]
    assert not cut_peers.differences(cases)


def test_normalizers_and_pre_tokenizers_together():
    n_cases = 400 if token_texts.FULL else 60
    cases = []
    for nth in range(n_cases):
        components = Components(1_000 + nth)
        cases.append(
            (components.normalizer(), components.pre_tokenizer(), texts()[nth::n_cases])
        )
    assert not cut_peers.differences(cases)


def codepoints() -> tuple[str, ...]:
    return token_texts.codepoints()[:: 1 if token_texts.FULL else 8]


PLAIN = [
    kind
    for kind in cut_peers.NORMALIZERS
    if kind not in ("Sequence", "Replace", "Precompiled")
]


@pytest.mark.parametrize("kind", PLAIN)
def test_normalizers_on_every_codepoint(kind):
    normalizer = Components(7).normalizer(kind)
    if kind == "BertNormalizer":
        normalizer = dict.fromkeys(normalizer, True) | {"type": kind}
    assert not cut_peers.differences([(normalizer, EVERY_CHAR, codepoints())])


@pytest.mark.parametrize(
    "kind",
    [
        "BertPreTokenizer",
        "ByteLevel",
        "Digits",
        "Punctuation",
        "UnicodeScripts",
        "Whitespace",
        "WhitespaceSplit",
    ],
)
def test_pre_tokenizers_on_every_codepoint(kind):
    pre_tokenizer = Components(7).pre_tokenizer(kind)
    assert not cut_peers.differences([(None, pre_tokenizer, codepoints())])


# The file format: what Hugging Face reads, and what it does not.
READ = [
    (
        {
            "type": "Bert",
            "clean_text": True,
            "handle_chinese_chars": True,
            "lowercase": True,
        },
        None,
    ),
    (
        {
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        None,
    ),
    ({"strip_left": True, "strip_right": False}, None),
    ({"type": "StripNormalizer", "strip_left": True, "strip_right": False}, None),
    (
        {
            "normalizers": [
                {"prepend": "x"},
                {"pattern": {"String": "x"}, "content": "y"},
            ]
        },
        None,
    ),
    ({"type": "ByteLevel", "add_prefix_space": False}, None),
    (
        {"type": "Sequence", "normalizers": []},
        {"type": "Sequence", "pretokenizers": []},
    ),
    (
        None,
        {
            "type": "Metaspace",
            "replacement": "_",
            "add_prefix_space": True,
            "str_rep": "x",
        },
    ),
    (
        None,
        {
            "type": "Metaspace",
            "replacement": "_",
            "add_prefix_space": False,
            "prepend_scheme": "never",
        },
    ),
    (
        None,
        {
            "type": "Metaspace",
            "replacement": "_",
            "add_prefix_space": None,
            "prepend_scheme": "first",
            "split": None,
        },
    ),
    (None, {"type": "Punctuation"}),
    (None, {"type": "FixedLength"}),
    (None, {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True}),
]
UNREAD = [
    (
        {"type": "BertNormalizer", "clean_text": True, "lowercase": True},
        None,
        "normalizer.handle_chinese_chars",
    ),
    ({"type": "Strip", "strip_left": True}, None, "normalizer.strip_right"),
    ({"type": "Replace", "pattern": "a", "content": "b"}, None, "normalizer.pattern"),
    (
        {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Prepend"}]},
        None,
        "normalizer.normalizers[1].prepend",
    ),
    ({"type": "Sequence", "normalizers": [None]}, None, "normalizer.normalizers[0]"),
    ({"type": "Sequence"}, None, "normalizer.normalizers"),
    (
        {"type": "Precompiled", "precompiled_charsmap": ""},
        None,
        "normalizer.precompiled_charsmap",
    ),
    (
        {"type": "Precompiled", "precompiled_charsmap": None},
        None,
        "normalizer.precompiled_charsmap",
    ),
    (None, {"replacement": "_"}, "pre_tokenizer"),
    (None, {"type": "Metaspace"}, "pre_tokenizer.replacement"),
    (None, {"type": "Metaspace", "replacement": "_x"}, "pre_tokenizer.replacement"),
    (
        None,
        {"type": "Metaspace", "replacement": "_", "add_prefix_space": False},
        "pre_tokenizer.add_prefix_space",
    ),
    (
        None,
        {"type": "Metaspace", "replacement": "_", "prepend_scheme": "last"},
        "pre_tokenizer.prepend_scheme",
    ),
    (None, {"type": "Delimiter", "delimiter": "-"}, "pre_tokenizer"),
    (
        None,
        {"type": "CharDelimiterSplit", "delimiter": "--"},
        "pre_tokenizer.delimiter",
    ),
    (None, {"type": "Punctuation", "behavior": "isolated"}, "pre_tokenizer.behavior"),
    (None, {"type": "Digits"}, "pre_tokenizer.individual_digits"),
    (None, {"type": "FixedLength", "length": -1}, "pre_tokenizer.length"),
    (
        None,
        {"type": "ByteLevel", "add_prefix_space": True},
        "pre_tokenizer.trim_offsets",
    ),
    (
        None,
        {
            "type": "ByteLevel",
            "add_prefix_space": True,
            "trim_offsets": True,
            "use_regex": None,
        },
        "pre_tokenizer.use_regex",
    ),
    (
        None,
        {"type": "Split", "pattern": {"String": "a"}, "behavior": "Removed"},
        "pre_tokenizer.invert",
    ),
    (
        None,
        {"type": "Sequence", "pretokenizers": [{"type": "Foo"}]},
        "pre_tokenizer.pretokenizers[0]",
    ),
]


@pytest.mark.parametrize(("normalizer", "pre_tokenizer"), READ)
def test_what_hugging_face_reads_is_read(normalizer, pre_tokenizer):
    assert not cut_peers.differences([(normalizer, pre_tokenizer, texts()[:200])])


@pytest.mark.parametrize(("normalizer", "pre_tokenizer", "place"), UNREAD)
def test_what_hugging_face_does_not_read_is_refused_by_its_place(
    normalizer, pre_tokenizer, place
):
    # A panic, as for a broken `Precompiled`, is no Exception.
    with pytest.raises(BaseException):  # noqa: B017
        cut_peers.theirs(normalizer, pre_tokenizer, [])
    [refusal] = cut_peers.ours([(normalizer, pre_tokenizer, ["a"])])
    assert isinstance(refusal, str)
    assert refusal.startswith(f"`{place}` is not supported: expected "), refusal


def test_a_length_of_zero_is_refused():
    """Hugging Face reads it, and panics when it cuts."""
    [refusal] = cut_peers.ours([(None, {"type": "FixedLength", "length": 0}, ["a"])])
    assert (
        refusal
        == "`pre_tokenizer.length` is not supported: expected a number above 0, got 0"
    )
