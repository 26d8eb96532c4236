"""Tiny random encoders in folders, as transformers and tokenizers write them."""

import functools
import tempfile
from pathlib import Path
from typing import Final

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    AutoModel,
    BertConfig,
    DistilBertConfig,
    PretrainedConfig,
    RobertaConfig,
    XLMRobertaConfig,
)

WORDS: Final = (
    "broke awful refund never waste great love works perfect easy zzz dull slow nap boring the box "
    "arrived and it was phone today good bad fine a thing"
).split()
LETTERS: Final = [
    *"abcdefghijklmnopqrstuvwxyz",
    *(f"##{one}" for one in "abcdefghijklmnopqrstuvwxyz"),
]
VOCABULARY: Final = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, *LETTERS]
SIZE: Final = 32


def configurations() -> dict[str, PretrainedConfig]:
    """Return a small configuration of each kind."""
    common = {
        "vocab_size": len(VOCABULARY), "hidden_size": SIZE, "num_hidden_layers": 2,
        "num_attention_heads": 2, "intermediate_size": 48, "max_position_embeddings": 80,
    }  # fmt: skip
    return {
        "bert": BertConfig(**common),
        "distilbert": DistilBertConfig(
            vocab_size=len(VOCABULARY), dim=SIZE, n_layers=2, n_heads=2, hidden_dim=48,
            max_position_embeddings=80,
        ),
        "roberta": RobertaConfig(**common, pad_token_id=0),
        "xlm-roberta": XLMRobertaConfig(**common, pad_token_id=0),
    }  # fmt: skip


@functools.cache
def tiny_encoder(kind: str = "bert") -> str:
    """Return the folder of a random encoder."""
    folder = Path(tempfile.mkdtemp(prefix="tiny-encoder-"))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModel.from_config(configurations()[kind])
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "embeddings" in name and weights.ndim > 1:
                weights.mul_(20)  # words differ, as those of a trained encoder
    model.save_pretrained(folder)
    tokenizer = Tokenizer(
        models.WordPiece({word: n for n, word in enumerate(VOCABULARY)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    return str(folder)
