"""A transformer that others have trained, with a linear layer over the mean of its positions.

Source: Devlin et al. 2019, BERT; Reimers and Gurevych 2019, Sentence-BERT (the mean); Howard and
Ruder 2018, Universal language model fine-tuning (a smaller rate for lower layers).

Shapes: B reviews, T positions, H numbers a position, k labels.
"""

import json
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from reviewdesk.models.neural.groups import Group, Scorer, shrinking
from reviewdesk.models.neural.plan import Course, EncoderShape
from reviewdesk.optional import require

EXTRA = "transformers"
WIDTH = 16


class EncoderNetwork(nn.Module):
    """An encoder of any kind that ``AutoModel`` knows, and a linear layer.

    Args:
        shape: what it is made of.
        begin: whether its weights are those that others have trained; else they are loaded later.
    """

    def __init__(self, shape: EncoderShape, *, begin: bool = False) -> None:
        super().__init__()
        self.shape = shape
        transformers = require("transformers", EXTRA)
        transformers.utils.logging.disable_progress_bar()  # it loads in a moment
        if begin:
            self.encoder: nn.Module = transformers.AutoModel.from_pretrained(
                Path(shape.source), local_files_only=True, use_safetensors=True,
                trust_remote_code=False, dtype=torch.float32,
            )  # fmt: skip
        else:
            config = json.loads(shape.config)
            kind = transformers.AutoConfig.for_model(config.pop("model_type"), **config)
            self.encoder = transformers.AutoModel.from_config(kind)
        self.layers = _layers(self.encoder)
        for name, weights in self.encoder.named_parameters():
            weights.requires_grad = self._level(name) >= shape.frozen
        self.dropout = nn.Dropout(shape.dropout)
        self.head = nn.Linear(_size(self.encoder), shape.k)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the scores of reviews, (B, k), from ids (B, T) and lengths (B,)."""
        found: Tensor = self.head(self.dropout(self.embed(ids, lengths)))
        if self.shape.objective == "several":
            return found
        return found - found.mean(dim=-1, keepdim=True)

    def embed(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the mean of all positions of each review, (B, H)."""
        places = torch.arange(ids.shape[1], device=ids.device).unsqueeze(0)
        mask = (places < lengths.unsqueeze(1)).to(torch.int64)
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        there = mask.unsqueeze(2).to(states.dtype)
        mean: Tensor = (states * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)
        return mean

    def groups(self, course: Course) -> list[Group]:
        """Return each layer's weights with a rate of their own, the smaller the lower it is."""
        groups = shrinking(list(self.head.parameters()), course.embedding_rate, course.decay)
        for level in range(len(self.layers) + 2):
            rate = course.rate * self.shape.layer_decay ** (len(self.layers) + 1 - level)
            weights = [
                one
                for name, one in self.encoder.named_parameters()
                if one.requires_grad and self._level(name) == level
            ]
            groups += shrinking(weights, rate, course.decay)
        return groups

    def scorer(self) -> Scorer:
        """Return the network as it is exported."""
        example = (torch.ones((2, 2 * WIDTH), dtype=torch.int64), torch.tensor([3, WIDTH + 1]))
        return Scorer(self, example, ("ids", "lengths"))

    def _level(self, name: str) -> int:
        """Return how high weights are: 0 for words' vectors, 1 for the lowest layer, and so on."""
        for number, layer in enumerate(self.layers, 1):
            if name.startswith(f"{layer}."):
                return number
        return 0 if "embeddings" in name else len(self.layers) + 1


class Embedding(nn.Module):
    """An encoder alone: what few labels are learnt from.

    Args:
        network: the encoder.
    """

    def __init__(self, network: EncoderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return a vector of length 1 of each review, (B, H)."""
        return nn.functional.normalize(self.network.embed(ids, lengths), dim=1)


def config_of(folder: Path) -> dict[str, Any]:
    """Return the configuration of an encoder's folder, as plain JSON values."""
    transformers = require("transformers", EXTRA)
    found = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    return cast(dict[str, Any], json.loads(found.to_json_string(use_diff=False)))


def _layers(encoder: nn.Module) -> list[str]:
    """Return the names of the encoder's layers, from the lowest: its longest list of modules."""
    lists = {name: one for name, one in encoder.named_modules() if isinstance(one, nn.ModuleList)}
    longest = max(lists, key=lambda name: len(lists[name]))
    return [f"{longest}.{number}" for number in range(len(lists[longest]))]


def _size(encoder: nn.Module) -> int:
    config: Any = encoder.config
    return int(getattr(config, "hidden_size", 0) or config.dim)
