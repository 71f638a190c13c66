"""`.tiktoken` files with a pattern and special tokens of the user's, and of
families whose vocabularies are not carried along, against tiktoken.
"""

from __future__ import annotations

import base64
import json
import pickle
import unicodedata
from pathlib import Path

import fuelrail as fr
import pytest
import token_texts
import tokenizer_peers as peers
from tiktoken_patterns import PATTERNS, SPECIAL, encoding


def texts() -> list[str]:
    """Real ones, mixed ones, and those with special tokens in them."""
    real = [text[:3_000] for text in token_texts.real()[:20]]
    marked = [text[:20] + token + text[20:40] for text in real for token in (*SPECIAL, "<|a", "|>")]
    return [*real, *marked, *token_texts.mixed(1_000), "", *token_texts.codepoints()[::40]]


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    """cl100k's vocabulary under a name that tells no family."""
    path = tmp_path_factory.mktemp("files") / "mine.tiktoken"
    lines = (base64.b64encode(token) + b" %d\n" % rank for token, rank in peers.ranks("cl100k_base").items())
    path.write_bytes(b"".join(lines))
    return path


@pytest.mark.parametrize("name", PATTERNS)
def test_any_pattern(path, name):
    pattern = PATTERNS[name]
    ours = fr.Tokenizer.from_tiktoken(path, pattern=pattern, special_tokens=SPECIAL)
    theirs = encoding(pattern, **SPECIAL)
    for text in texts():
        assert ours.encode(text).tolist() == theirs.encode_ordinary(text), text
        assert ours.encode(text, special="parse").tolist() == theirs.encode(text, allowed_special="all"), text
    ids = ours.encode("".join(texts()))
    assert ours.decode_bytes(ids) == theirs.decode_bytes(ids.tolist())


LLAMA3 = [
    "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
    "<|reserved_special_token_2|>", "<|reserved_special_token_3|>", "<|start_header_id|>", "<|end_header_id|>",
    "<|reserved_special_token_4|>", "<|eot_id|>", *(f"<|reserved_special_token_{n}|>" for n in range(5, 251)),
]  # fmt: skip
LLAMA31 = [
    "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
    "<|finetune_right_pad_id|>", "<|step_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>",
    "<|eot_id|>", "<|python_tag|>", "<|image|>", *(f"<|reserved_special_token_{n}|>" for n in range(2, 246)),
]  # fmt: skip
QWEN = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|extra_{n}|>" for n in range(205))]
FAMILIES = {
    "llama3": (peers.CL100K, LLAMA3, 128_000),
    "llama3.1": (peers.CL100K, LLAMA31, 128_000),
    "qwen": (peers.QWEN2, QWEN, 151_643),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_families_without_a_vocabulary(path, name):
    pattern, special, first = FAMILIES[name]
    ours = fr.Tokenizer(path, family=name)
    theirs = encoding(pattern, **{token: first + nth for nth, token in enumerate(special)})
    assert ours.special_tokens == theirs._special_tokens
    assert ours.vocab_size == theirs.n_vocab
    for text in [*texts(), "".join(special), f"a {special[0]}\u0338 {special[1]}", "e\u0301 \u1100\u1161"]:
        # Qwen's own code brings texts into NFC first.
        normal = unicodedata.normalize("NFC", text) if name == "qwen" else text
        assert ours.encode(text, special="parse").tolist() == theirs.encode(normal, allowed_special="all"), text
        assert ours.encode(text).tolist() == theirs.encode_ordinary(normal), text
    with pytest.raises(fr.PipelineError, match=f'got "{name}"'):
        fr.Tokenizer(name)


def test_a_file_is_known_by_its_name(path, tmp_path):
    named = tmp_path / "qwen.tiktoken"
    named.write_bytes(path.read_bytes())
    assert fr.Tokenizer(named).special_tokens["<|im_start|>"] == 151_644
    model = tmp_path / "tokenizer.model"
    model.write_bytes(path.read_bytes())
    assert fr.Tokenizer(model, family="llama3").special_tokens["<|eot_id|>"] == 128_009
    with pytest.raises(fr.PipelineError, match="expected a family of tiktoken encodings") as caught:
        fr.Tokenizer(model)
    assert "llama3.1, qwen" in str(caught.value)


def test_tokenizers_pickle(path):
    ours = fr.Tokenizer.from_tiktoken(path, pattern=PATTERNS["dollars"], special_tokens=SPECIAL)
    again = pickle.loads(pickle.dumps(ours))
    assert again.encode("a  b <|a|>", special="parse").tolist() == ours.encode("a  b <|a|>", special="parse").tolist()
    assert again.special_tokens == SPECIAL


def test_what_is_wrong_is_named(path):
    with pytest.raises(fr.PipelineError, match=r"`\\1` in the pattern"):
        fr.Tokenizer.from_tiktoken(path, pattern=r"(a)\1")
    with pytest.raises(fr.PipelineError, match="id 5 is also the special token <s>"):
        fr.Tokenizer.from_tiktoken(path, pattern=".", special_tokens={"<s>": 5})
    with pytest.raises(fr.UsageError, match="special_tokens: expected ids from 0 to 4294967294, got -1"):
        fr.Tokenizer.from_tiktoken(path, pattern=".", special_tokens={"<s>": -1})
    with pytest.raises(fr.UsageError, match="special_tokens: expected ids by token, got int"):
        fr.Tokenizer.from_tiktoken(path, pattern=".", special_tokens=5)
    with pytest.raises(fr.UsageError, match="family: expected a dict of `pattern` and `special_tokens`"):
        fr.Tokenizer(path, family={"pat_str": "."})
    with pytest.raises(fr.PipelineError, match="`family` is for .tiktoken files only"):
        fr.Tokenizer("tokenizer.json", family={"pattern": "."})


def test_a_pipeline_keeps_pattern_and_special_tokens(path, tmp_path):
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts()[:200]))
    ours = fr.Tokenizer.from_tiktoken(path, pattern=PATTERNS["kimi"], special_tokens=SPECIAL)
    built = fr.Pipeline(tmp_path / "rows.jsonl").tokenize(
        column="text", tokenizer=ours, special_tokens="parse", end_of_document="<|b|>"
    )
    toml = built.sink(tmp_path / "built").to_toml()
    (tmp_path / "pipeline.toml").write_text(toml.replace('"built"', '"written"').replace("/built", "/written"))
    datasets = [built.sink(tmp_path / "built").shard(), fr.Pipeline.from_file(tmp_path / "pipeline.toml").shard()]
    for dataset in datasets:
        for row, text in enumerate(texts()[:200]):
            assert dataset[row]["tokens"].tolist() == [*ours.encode(text, special="parse"), 100_301]
    built_manifest, written_manifest = (
        json.loads((tmp_path / name / "dataset.json").read_text()) for name in ("built", "written")
    )
    assert built_manifest["plan_digest"] == written_manifest["plan_digest"]
    (asset,) = written_manifest["assets"]
    assert (asset["kind"], asset["family"]) == ("tiktoken.json", None)
    # What is kept is a tokenizer.
    kept = fr.Tokenizer(tmp_path / "written" / asset["file"])
    assert (
        kept.encode("a <|a|> \u5317", special="parse").tolist()
        == ours.encode("a <|a|> \u5317", special="parse").tolist()
    )
    assert kept.special_tokens == SPECIAL


def test_a_pipeline_takes_pattern_and_special_tokens_as_keys(path, tmp_path):
    """Of `tokenize`, and of `chat`, whose template puts special tokens."""
    family = {"pattern": PATTERNS["kimi"], "special_tokens": SPECIAL}
    ours = fr.Tokenizer(path, family=family)
    rows = [{"text": text, "messages": [{"role": "user", "content": text}]} for text in texts()[:20]]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = fr.Pipeline(tmp_path / "rows.jsonl")
    tokenized = (
        source.select(columns=["text"])
        .tokenize(column="text", tokenizer=path, family=family)
        .sink(tmp_path / "a")
        .shard()
    )
    template = "{% for m in messages %}<|a|>{{ m.content }}<|b|>{% endfor %}"
    said = source.chat(column="messages", tokenizer=path, family=family, chat_template=template, loss_mask=False)
    chats = said.sink(tmp_path / "b").shard()
    for row, text in enumerate(texts()[:20]):
        assert tokenized[row]["tokens"].tolist() == ours.encode(text).tolist()
        assert chats[row]["tokens"].tolist() == ours.encode(f"<|a|>{text}<|b|>", special="parse").tolist()


def test_the_command_takes_a_pattern(path, fuelrail):
    special = ["--special-token", "<|a|>=100300", "--special-token", "a=b=100301", "--special", "parse"]
    found = fuelrail.json("tokenize", "-t", path, "--pattern", PATTERNS["dollars"], *special, "  x a=b <|a|>")
    theirs = encoding(PATTERNS["dollars"], **{"<|a|>": 100_300, "a=b": 100_301})
    assert found["texts"][0]["ids"] == theirs.encode("  x a=b <|a|>", allowed_special="all")
    refused = fuelrail("tokenize", "-t", path, "--pattern", ".", "--special-token", "a", "x", status=2)
    assert "expected a token and its id" in refused.stderr
    fuelrail("tokenize", "-t", path, "--special-token", "a=5", "x", status=2)
