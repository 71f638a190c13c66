"""A tokenizer of every kind that people use, trained on the spot by Hugging
Face's library, and each again with added tokens of every option."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

SPECIAL = ["<unk>", "<s>", "</s>"]
BERT_SPECIAL = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def again(tokenizer: Tokenizer) -> Tokenizer:
    """A tokenizer of its own with the same content."""
    return Tokenizer.from_str(tokenizer.to_str())


def bert(corpus: Sequence[str], *, lowercase: bool) -> Tokenizer:
    """WordPiece as BERT has it."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=1_500, special_tokens=BERT_SPECIAL)
    tokenizer.train_from_iterator(corpus, trainer)
    cls, sep = (tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", sep), ("[CLS]", cls))
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def llama(corpus: Sequence[str]) -> Tokenizer:
    """SentencePiece BPE with byte fallback as Llama 2 has it."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trainer = trainers.BpeTrainer(vocab_size=1_200, special_tokens=SPECIAL + BYTES, max_token_length=16)
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B:1", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(steps)
    return tokenizer


def sentence_piece(corpus: Sequence[str]) -> Iterator[tuple[str, Tokenizer]]:
    """The ways in which BPE with byte fallback cuts text."""
    tokenizer = llama(corpus)
    yield "llama", tokenizer
    gemma = again(tokenizer)
    gemma.normalizer = normalizers.Replace(" ", "▁")
    gemma.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    yield "gemma", gemma
    mistral = again(tokenizer)
    mistral.normalizer = None
    mistral.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    mistral.decoder = decoders.Metaspace(prepend_scheme="first")
    yield "mistral", mistral


def unigram(corpus: Sequence[str]) -> Iterator[tuple[str, Tokenizer]]:
    """Unigram as T5 and XLM-R have it."""
    spaces = normalizers.Replace(Regex(" {2,}"), " ")
    words = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    for name, normalizer, cutter in (
        ("t5", normalizers.NFKC(), pre_tokenizers.Metaspace()),
        ("xlmr", normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), spaces]), words),
    ):
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, cutter
        trainer = trainers.UnigramTrainer(vocab_size=8_000, special_tokens=SPECIAL, unk_token="<unk>")
        tokenizer.train_from_iterator(corpus, trainer)
        end = [("</s>", tokenizer.token_to_id("</s>"))]
        tokenizer.post_processor = processors.TemplateProcessing(
            single="$A </s>", pair="$A </s> $B:1 </s>:1", special_tokens=end
        )
        tokenizer.decoder = decoders.Metaspace()
        yield name, tokenizer


def word_level(corpus: Sequence[str]) -> Iterator[tuple[str, Tokenizer]]:
    """Whole words, and single characters."""
    words = Tokenizer(models.WordLevel(unk_token="<unk>"))
    words.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()])
    words.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Punctuation()]
    )
    chars = Tokenizer(models.WordLevel(unk_token="<unk>"))
    chars.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    for name, tokenizer, size in (("words", words, 500), ("chars", chars, 300)):
        trainer = trainers.WordLevelTrainer(vocab_size=size, special_tokens=["<unk>"])
        tokenizer.train_from_iterator(corpus, trainer)
        yield name, tokenizer


def byte_level(corpus: Sequence[str]) -> Iterator[tuple[str, Tokenizer]]:
    """Byte-level BPE, most of which is run on bytes here."""
    plain, spaced = (pre_tokenizers.ByteLevel(add_prefix_space=add) for add in (False, True))
    bare = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    digits = pre_tokenizers.Digits(individual_digits=True)
    threes = pre_tokenizers.Split(Regex(r"\p{N}{1,3}"), "isolated")
    trims, keeps = (processors.ByteLevel(trim_offsets=trim) for trim in (True, False))
    for name, normalizer, cutter, post_processor in (
        ("gpt2", None, plain, None),
        ("nfc", normalizers.NFC(), spaced, trims),
        ("digits", None, pre_tokenizers.Sequence([digits, spaced]), trims),
        ("threes", None, pre_tokenizers.Sequence([threes, bare]), keeps),
        ("nfkc", normalizers.NFKC(), plain, None),
        ("lower", normalizers.Lowercase(), spaced, None),
    ):
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = cutter
        if normalizer is not None:
            tokenizer.normalizer = normalizer
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=900, initial_alphabet=alphabet, special_tokens=["<s>", "</s>"])
        tokenizer.train_from_iterator(corpus, trainer)
        if post_processor is not None:
            tokenizer.post_processor = post_processor
        tokenizer.decoder = decoders.ByteLevel()
        yield name, tokenizer
    roberta = again(tokenizer)
    begin, end = (roberta.token_to_id(token) for token in ("<s>", "</s>"))
    roberta.post_processor = processors.RobertaProcessing(("</s>", end), ("<s>", begin))
    yield "roberta", roberta


def clip(corpus: Sequence[str]) -> Tokenizer:
    """BPE whose words end in a suffix."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]", end_of_word_suffix="</w>"))
    spaces = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), spaces, normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(CLIP), "removed", invert=True)
    trainer = trainers.BpeTrainer(vocab_size=900, end_of_word_suffix="</w>", special_tokens=["[UNK]"])
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.decoder = decoders.BPEDecoder()
    return tokenizer


def with_added(tokenizer: Tokenizer, rng: random.Random) -> Tokenizer:
    """The same with added tokens of every option."""
    tokenizer = again(tokenizer)
    left, right = rng.random() < 0.5, rng.random() < 0.5
    tokenizer.add_special_tokens(
        [AddedToken("<|x|>", lstrip=left, rstrip=right), AddedToken("[MASK]", lstrip=True, normalized=False)]
    )
    tokenizer.add_tokens(
        [
            AddedToken("foo", single_word=True),
            AddedToken("Hello", normalized=True),
            AddedToken("日", normalized=False, rstrip=True),
            AddedToken("a@b"),
        ]
    )
    return tokenizer


def every_kind(corpus: Sequence[str]) -> dict[str, Tokenizer]:
    """One of each, by name."""
    return {
        "bert-uncased": bert(corpus, lowercase=True),
        "bert-cased": bert(corpus, lowercase=False),
        **dict(sentence_piece(corpus)),
        **dict(unigram(corpus)),
        **dict(word_level(corpus)),
        **dict(byte_level(corpus)),
        "clip": clip(corpus),
    }
