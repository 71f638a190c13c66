"""Regular expressions that text is cut by, against Oniguruma's through Hugging
Face. `FUELRAIL_TEST_FULL=1 pytest test_cut_patterns.py` tries 20,000 random ones."""

from __future__ import annotations

import random

import cut_patterns
import cut_peers
import pytest
import token_texts
from tokenizers import Regex, pre_tokenizers


def split(pattern: str, behavior: str = "Isolated", *, invert: bool = False) -> dict:
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": behavior,
        "invert": invert,
    }


@pytest.mark.parametrize("name", cut_patterns.PUBLISHED)
def test_published_patterns(name):
    pattern = cut_patterns.PUBLISHED[name]
    texts = [
        *token_texts.mixed(20_000 if token_texts.FULL else 1_000),
        *(token_texts.runs(200) if token_texts.FULL else token_texts.runs(20)),
    ]
    if token_texts.FULL:
        texts += token_texts.real()[::200]
    cases = [
        (None, split(pattern, behavior, invert=nth % 2 == 1), texts[nth::5])
        for nth, behavior in enumerate(cut_peers.BEHAVIORS)
    ]
    assert not cut_peers.differences(cases)


def test_random_patterns():
    rng = random.Random(11)
    n_patterns = 20_000 if token_texts.FULL else 1_000
    cases, n_wrong = [], 0
    while len(cases) < n_patterns:
        pattern = cut_patterns.pattern(rng)
        try:
            Regex(pattern)
        except Exception:  # noqa: BLE001
            n_wrong += 1
            continue
        case = split(
            pattern, rng.choice(cut_peers.BEHAVIORS), invert=rng.random() < 0.3
        )
        cases.append((None, case, [cut_patterns.text(rng) for _ in range(10)]))
    assert n_wrong < n_patterns / 10
    results = cut_peers.ours(cases)
    refused = [result for result in results if isinstance(result, str)]
    assert all("is not supported" in refusal for refusal in refused)
    assert len(refused) < n_patterns / 20
    # Oniguruma gives up on some patterns, which fall out here.
    kept = [
        case
        for case, result in zip(cases, results, strict=True)
        if not isinstance(result, str) and _ends(case)
    ]
    assert len(kept) > n_patterns * 0.9
    assert not cut_peers.differences(kept)


def _ends(case: tuple) -> bool:
    try:
        cut_peers.theirs(*case)
    except BaseException as error:  # noqa: BLE001
        assert "retry-limit" in str(error), error
        return False
    return True


_NAMES = (
    "L Lu Ll Lt Lm Lo LC M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp Cc Cf Cn Co Letter Cased_Letter Mark Number "
    "Punctuation Symbol Separator Control Format Unassigned Private_Use Alnum Alpha Blank Cntrl Digit Graph Lower Print Punct Space Upper "
    "XDigit Word ASCII Assigned Alphabetic Uppercase Lowercase White_Space Emoji Emoji_Presentation Extended_Pictographic Ideographic "
    "ID_Start ID_Continue XID_Start XID_Continue Math Case_Ignorable Cased Dash Diacritic Variation_Selector Unified_Ideograph Adlam Arabic "
    "Armenian Balinese Bengali Bopomofo Braille Canadian_Aboriginal Cherokee Common Coptic Cyrillic Devanagari Ethiopic Georgian Glagolitic "
    "Gothic Greek Gujarati Gurmukhi Han Hangul Hebrew Hiragana Inherited Javanese Kannada Katakana Khmer Lao Latin Malayalam Mongolian "
    "Myanmar Oriya Runic Sinhala Syriac Tamil Telugu Thaana Thai Tibetan Tifinagh Yi"
)
NAMES = _NAMES.split()
POSIX = [
    "alnum",
    "alpha",
    "ascii",
    "blank",
    "cntrl",
    "digit",
    "graph",
    "lower",
    "print",
    "punct",
    "space",
    "upper",
    "word",
    "xdigit",
]
CLASSES = [
    *(rf"\p{{{name}}}" for name in NAMES),
    *(rf"[\p{{{name}}}]" for name in NAMES),
    *(f"[[:{name}:]]" for name in POSIX),
    *(f"[^[:^{name}:]]" for name in POSIX),
    *(rf"\{c}" for c in "dDsSwWhHR"),
    *(rf"[\{c}]" for c in "dDsSwWhH"),
    *".", "(?m:.)", "[^a]", "(?i:[a-z])", "(?i:[^a-z])", "(?i:k)", "(?i:s)", "(?i:é)", "(?i:[α-ω])", "(?i:[а-я])", "(?i:[À-Þ])",
]  # fmt: skip


def _every_codepoint() -> str:
    return "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))


def test_classes_on_every_codepoint():
    """Where runs of a class start and end: all of them in the full test, and
    else those that the other side has, from its text up to U+3400."""
    text = _every_codepoint()[: None if token_texts.FULL else 0x3400]
    cases = [(None, split(f"(?:{pattern})+", "Removed"), [text]) for pattern in CLASSES]
    ours = cut_peers.ours(cases)
    for pattern, [words] in zip(CLASSES, ours, strict=True):
        cut = pre_tokenizers.Split(
            Regex(f"(?:{pattern})+"), "removed"
        ).pre_tokenize_str(text)
        assert [tuple(span) for _, *span in words] == [span for _, span in cut], pattern


def test_folding_of_each_letter():
    """`(?i)` of one letter, where it folds to letters one by one."""
    text = _every_codepoint()[:0x2F00] + "ꙀꙁꜢꜣꞀꞁꭓꭰᏣＡａ𐐀𐐨𑢠𑣀𞤀𞤢"
    letters = [c for c in text if c.lower() != c or c.upper() != c]
    step = 1 if token_texts.FULL else 23
    cases = [
        (None, split(f"(?i:{c})", "Removed", invert=True), [text])
        for c in letters[::step]
    ]
    results = cut_peers.ours(cases)
    n_folded = 0
    for (_, case, _), result in zip(cases, results, strict=True):
        if isinstance(result, str):
            assert "a letter that folds to several" in result
            continue
        cut = pre_tokenizers.Split(
            Regex(case["pattern"]["Regex"]), "removed", invert=True
        ).pre_tokenize_str(text)
        assert [word for word, *_ in result[0]] == [word for word, _ in cut], case
        n_folded += 1
    assert n_folded > len(cases) * 0.8
