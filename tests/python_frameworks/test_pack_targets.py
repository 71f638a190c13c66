"""Labels and positions of packed rows are those that transformers gives."""

from __future__ import annotations

import json
import random
from pathlib import Path

import torch
from transformers import DataCollatorWithFlattening
from transformers.modeling_flash_attention_utils import prepare_fa_kwargs_from_position_ids

import fuelrail as fr

LENGTH = 64


def test_they_are_those_of_the_flattening_collator(tmp_path: Path) -> None:
    draw = random.Random(3)
    chats = []
    for _ in range(300):
        n_tokens = draw.randrange(1, LENGTH + 1)
        ids = [draw.randrange(1, 1000) for _ in range(n_tokens)]
        chats.append({"input_ids": ids, "loss_mask": [draw.randrange(2) for _ in ids]})
    source = tmp_path / "chats.jsonl"
    source.write_text("".join(json.dumps(chat) + "\n" for chat in chats))
    pipeline = fr.Pipeline(source).pack(
        columns=["input_ids", "loss_mask"], length=LENGTH, pad=0, labels=True, position_ids=True, pad_segment=True
    )
    dataset = pipeline.shard(tmp_path / "rows", progress="never")
    collate = DataCollatorWithFlattening(return_tensors="pt")
    loader = fr.Loader(dataset, batch_size=1, shuffle=None).to_torch()
    for batch, origins in zip(loader, dataset.origins(), strict=True):
        documents = [chats[origin.row] for origin in origins]
        features = [
            {
                "input_ids": chat["input_ids"],
                "labels": [
                    token if counts else -100
                    for token, counts in zip(chat["input_ids"], chat["loss_mask"], strict=True)
                ],
            }
            for chat in documents
        ]
        expected = collate(features)
        n_tokens = expected["input_ids"].shape[1]
        for name, ours in [("input_ids", "tokens"), ("labels", "labels"), ("position_ids", "position_ids")]:
            assert torch.equal(batch[ours][:, :n_tokens].long(), expected[name])
        assert (batch["labels"][:, n_tokens:] == -100).all()
        # What attention finds by the positions are the bounds that are stored.
        (bounds, _), _ = prepare_fa_kwargs_from_position_ids(batch["position_ids"])
        assert torch.equal(bounds.int(), batch["cu_seqlens"])
