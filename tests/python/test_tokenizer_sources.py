"""Where tokenizers come from: objects of Hugging Face's, files of other kinds, and
what a pipeline makes of what a file says."""

from __future__ import annotations

import json
import pickle

import fuelrail as fr
import numpy as np
import pytest
from tokenizer_files import MERGES, N_MODEL, PIECES, file, template
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

S, END = ("<s>", N_MODEL), ("</s>", N_MODEL + 1)


def hugging_face() -> Tokenizer:
    tokenizer = Tokenizer.from_str(json.dumps(file()))
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[S, END])
    return tokenizer


def test_a_tokenizer_of_hugging_face_is_taken_as_it_is(tmp_path):
    theirs = hugging_face()
    theirs.add_tokens([AddedToken("<x>", rstrip=True)])
    ours = fr.Tokenizer(theirs)
    for text in PIECES:
        for around in (True, False):
            wanted = theirs.encode(text, add_special_tokens=around).ids
            assert ours.encode(text, special="parse", add_special_tokens=around).tolist() == wanted
    assert ours.template == ([N_MODEL], [N_MODEL + 1])
    assert repr(ours) == f"Tokenizer(<tokenizer.json>, vocab_size={N_MODEL + 3})"
    again = pickle.loads(pickle.dumps(ours))
    assert again.encode("hello").tolist() == ours.encode("hello").tolist()
    path = tmp_path / "tokenizer.json"
    theirs.save(str(path))
    assert fr.Tokenizer(path).encode("hello").tolist() == ours.encode("hello").tolist()


def test_the_backend_of_a_fast_tokenizer_is_taken_without_what_its_last_call_left():
    class Fast:
        backend_tokenizer = hugging_face()

    Fast.backend_tokenizer.enable_truncation(2)
    Fast.backend_tokenizer.enable_padding(length=9)
    ours = fr.Tokenizer(Fast())
    Fast.backend_tokenizer.no_truncation()
    Fast.backend_tokenizer.no_padding()
    assert ours.encode("hello <s>", special="parse").tolist() == Fast.backend_tokenizer.encode("hello <s>").ids
    with pytest.warns(UserWarning, match="`truncation` to 2 tokens is not applied: texts are encoded whole"):
        theirs = hugging_face()
        theirs.enable_truncation(2)
        fr.Tokenizer(theirs)


def test_what_is_no_tokenizer_is_refused_with_a_hint():
    class Slow:
        def convert_tokens_to_ids(self) -> None: ...

    class Encoding:
        name = "o200k_base"

        def encode_ordinary(self) -> None: ...

    for given, message, hint in [
        (Slow(), "a slow one", "use_fast=True"),
        (Encoding(), "Encoding", "'o200k_base'"),
        (7, "got builtins.int", "give a name, a path"),
    ]:
        with pytest.raises(TypeError, match=message) as raised:
            fr.Tokenizer(given)
        assert hint in raised.value.hint
    with pytest.raises(fr.UsageError, match="for .tiktoken files only"):
        fr.Tokenizer(hugging_face(), family="gpt2")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("spm.model", "expected a SentencePiece model, got"),
        ("vocab.txt", 'no "[UNK]", so it is not the vocabulary of a BERT'),
        ("merges.txt", "expected a tokenizer file, got no file"),
        ("vocab.json", "expected a tokenizer file, got no file"),
        ("tokenizer_config.json", "a tokenizer_config.json, which has no vocabulary"),
    ],
)
def test_files_that_are_no_tokenizer_are_told_what_they_lack(tmp_path, name, what):
    contents = {"vocab.json": '{"a": 0, "b": 1}', "tokenizer_config.json": '{"tokenizer_class": "GPT2Tokenizer"}'}
    (tmp_path / name).write_text(contents.get(name, "x"))
    with pytest.raises(fr.PipelineError) as raised:
        fr.Tokenizer(tmp_path / name)
    assert what in str(raised.value)


def test_a_folder_of_a_model_is_its_tokenizer(tmp_path):
    with pytest.raises(fr.PipelineError, match="got the directory") as raised:
        fr.Tokenizer(tmp_path)
    assert "tokenizer.json, tokenizer.model" in (raised.value.hint or "")
    (tmp_path / "tokenizer.json").write_text(json.dumps(file()))
    for given in (tmp_path, str(tmp_path), tmp_path / "tokenizer.json"):
        ours = fr.Tokenizer(given)
        assert ours.encode("hello").tolist() == hugging_face().encode("hello", add_special_tokens=False).ids
        again = pickle.loads(pickle.dumps(ours))
        assert again.encode("hello").tolist() == ours.encode("hello").tolist()


def test_the_files_of_gpt2_and_of_bert_are_read(tmp_path):
    model = file()["model"]
    (tmp_path / "vocab.json").write_text(json.dumps(model["vocab"]))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(pair) for pair in MERGES) + "\n")
    theirs = Tokenizer(models.BPE(model["vocab"], MERGES))
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    for name in ("vocab.json", "merges.txt", "."):
        ours = fr.Tokenizer(tmp_path / name)
        for text in PIECES:
            assert ours.encode(text).tolist() == theirs.encode(text).ids
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "he", "##ll", "##o", "1"]
    path = tmp_path / "vocab.txt"
    path.write_text("\n".join(tokens) + "\n")
    with pytest.warns(UserWarning, match="lower"):
        ours = fr.Tokenizer(path)
    assert ours.encode_tokens("HELLO hello 1").tokens == ["[CLS]", "hello", "hello", "1", "[SEP]"]


def rows(dataset: fr.Dataset) -> list[list[int]]:
    return [np.asarray(dataset[row]["tokens"]).tolist() for row in range(len(dataset))]


@pytest.mark.parametrize(
    ("given", "begin", "end"),
    [
        ({}, [N_MODEL], [N_MODEL + 1]),
        ({"begin_of_document": False}, [], [N_MODEL + 1]),
        ({"begin_of_document": False, "end_of_document": False}, [], []),
        ({"begin_of_document": "</s>"}, [N_MODEL + 1], [N_MODEL + 1]),
        ({"end_of_document": 7}, [N_MODEL], [7]),
    ],
)
def test_a_pipeline_adds_what_the_file_adds_unless_it_says_otherwise(tmp_path, given, begin, end):
    texts = ["hello", "", "he</s>"]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    theirs = hugging_face()
    pipeline = fr.Pipeline(tmp_path / "t.jsonl").tokenize(
        column="text", tokenizer=theirs, special_tokens="parse", **given
    )
    pipeline = pipeline.sink(tmp_path / "shards")
    said = pipeline.explain()
    assert '"<s>"' in said and '"</s>"' in said
    dataset = pipeline.shard()
    wanted = [theirs.encode(text, add_special_tokens=False).ids for text in texts]
    assert rows(dataset) == [[*begin, *ids, *end] for ids in wanted]


def test_a_tokenizer_in_memory_gives_the_dataset_of_its_file(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"text": "hello"}\n')
    theirs = hugging_face()
    theirs.save(str(tmp_path / "tokenizer.json"))
    source = fr.Pipeline(tmp_path / "t.jsonl")
    digests = set()
    for name, tokenizer in {
        "object": theirs,
        "ours": fr.Tokenizer(theirs),
        "file": tmp_path / "tokenizer.json",
        "ours of a file": fr.Tokenizer(tmp_path / "tokenizer.json"),
    }.items():
        pipeline = source.tokenize(column="text", tokenizer=tokenizer).sink(tmp_path / name)
        assert rows(pipeline.shard()) == [theirs.encode("hello").ids]
        digests.add((tmp_path / name / "dataset.json").read_bytes())
    assert len(digests) == 1
    kept = source.tokenize(column="text", tokenizer=theirs).sink(tmp_path / "again")
    assert kept == source.tokenize(column="text", tokenizer=theirs).sink(tmp_path / "again")
    with pytest.raises(fr.UsageError) as raised:
        kept.to_toml()
    assert "tokenizer.save" in raised.value.hint
    named = source.tokenize(column="text", tokenizer=fr.Tokenizer("cl100k_base")).sink(tmp_path / "named")
    assert "cl100k_base" in named.to_toml()


def test_what_is_not_applied_is_said_by_plan_and_run(tmp_path, caplog):
    (tmp_path / "t.jsonl").write_text('{"text": "hello hello hello"}\n')
    truncation = {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
    (tmp_path / "tokenizer.json").write_text(json.dumps(file(truncation=truncation)))
    pipeline = fr.Pipeline(tmp_path / "t.jsonl").tokenize(column="text", tokenizer=tmp_path / "tokenizer.json")
    pipeline = pipeline.sink(tmp_path / "shards")
    note = "`truncation` to 3 tokens is not applied: texts are encoded whole"
    assert note in pipeline.explain()
    assert any(note in said for said in pipeline.plan()["notes"])
    dataset = pipeline.shard()
    assert note in caplog.text
    whole = Tokenizer.from_str(json.dumps(file())).encode("hello hello hello").ids
    assert rows(dataset) == [whole]


def test_a_post_processor_that_cannot_be_honoured_needs_the_pipeline_to_say_what_to_add(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"text": "hello"}\n')
    without_text = template({"<s>": N_MODEL}, "<s>")
    (tmp_path / "tokenizer.json").write_text(json.dumps(file(post_processor=without_text)))
    with pytest.raises(fr.PipelineError, match="post_processor.single"):
        fr.Tokenizer(tmp_path / "tokenizer.json")
    source = fr.Pipeline(tmp_path / "t.jsonl")
    around = {"begin_of_document": "<s>"}
    for complete in (False, True):
        if complete:
            around["end_of_document"] = False
        pipeline = source.tokenize(column="text", tokenizer=tmp_path / "tokenizer.json", **around)
        pipeline = pipeline.sink(tmp_path / "shards")
        if complete:
            assert rows(pipeline.shard())[0][0] == N_MODEL
        else:
            with pytest.raises(fr.PipelineError, match="post_processor.single") as raised:
                pipeline.shard()
            assert "false stands for none" in raised.value.hint
