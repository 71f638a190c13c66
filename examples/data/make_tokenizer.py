"""Makes code.tokenizer.json: a byte-level BPE of 1,024 tokens, small enough for
the models that the examples train, learnt from the text of examples/gpt.toml.

Run from the repository's root, with the package `tokenizers`:

    target/venv/bin/python examples/data/make_tokenizer.py
"""

from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOURCE = ROOT / "engine/src"

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(
    vocab_size=1024,
    initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    special_tokens=["<|endoftext|>"],
    show_progress=False,
)
files = sorted(SOURCE.rglob("*.rs"))
tokenizer.train_from_iterator((file.read_text() for file in files), trainer)
tokenizer.save(str(HERE / "code.tokenizer.json"), pretty=False)
