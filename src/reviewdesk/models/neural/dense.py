"""A dense network over rows of features: a sum of the features' vectors, and layers behind it.

Features may also speak for labels by themselves, beside the layers. Source: Cheng et al. 2016,
Wide & Deep Learning for Recommender Systems.

Shapes: B rows, M pairs of all rows, T pairs of the longest row, H numbers a layer, k labels.
"""

from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from reviewdesk.models.neural.groups import Group, Scorer, shrinking
from reviewdesk.models.neural.plan import Course, DenseShape

_SPREAD: Final = 0.1


class DenseNetwork(nn.Module):
    """A network that is given rows of features.

    Args:
        shape: what it is made of.
    """

    def __init__(self, shape: DenseShape) -> None:
        super().__init__()
        self.shape = shape
        sizes = {"hidden": shape.hidden, **({"wide": shape.k} if shape.wide else {})}
        self.embedding = nn.ModuleDict(
            {name: nn.Embedding(shape.features, size) for name, size in sizes.items()}
        )
        nn.init.normal_(self.vectors("hidden"), std=_SPREAD)
        if shape.wide:
            nn.init.zeros_(self.vectors("wide"))
        self.bias = nn.Parameter(torch.zeros(shape.hidden))
        self.layers = nn.ModuleList(
            nn.Linear(shape.hidden, shape.hidden) for _ in range(shape.layers - 1)
        )
        self.dropout = nn.Dropout(shape.dropout)
        self.head = nn.Linear(shape.hidden, shape.k)

    def vectors(self, name: str) -> Tensor:
        """Return the features' vectors, ``hidden`` or ``wide``, (features, H or k)."""
        return cast(nn.Embedding, self.embedding[name]).weight

    def forward(self, indices: Tensor, values: Tensor, ends: Tensor) -> Tensor:
        """Return the scores of rows, (B, k).

        Args:
            indices: (M,) int64, of all rows one after the other.
            values: (M,) float32.
            ends: (B + 1,) int64, where each row begins and ends.
        """
        if self.training and self.shape.feature_dropout:
            kept = 1 - self.shape.feature_dropout
            values = values * ((torch.rand(values.shape) < kept).to(values) / kept)
        sums = [
            functional.embedding_bag(
                indices, self.vectors(name), ends, mode="sum",
                per_sample_weights=values, include_last_offset=True,
            )
            for name in self.embedding
        ]  # fmt: skip
        return self.scores(sums)

    def scores(self, sums: list[Tensor]) -> Tensor:
        """Return scores (B, k) from the sums of the features' vectors, (B, H) and (B, k)."""
        states = self.dropout(functional.relu(sums[0] + self.bias))
        for layer in self.layers:
            states = self.dropout(functional.relu(layer(states)))
        found: Tensor = self.head(states)
        found = found + sums[1] if self.shape.wide else found
        return found - found.mean(dim=-1, keepdim=True)

    def groups(self, course: Course) -> list[Group]:
        """Return the features' vectors with a rate of their own; these do not shrink."""
        vectors = list(self.embedding.parameters())
        others = [one for name, one in self.named_parameters() if not name.startswith("embedding.")]
        return [
            (vectors, course.embedding_rate, 0.0),
            *shrinking(others, course.rate, course.decay),
        ]

    def scorer(self) -> Scorer:
        """Return the network as it is exported: rows side by side, padded with values of 0."""
        example = (torch.zeros((2, 8), dtype=torch.int64), torch.ones((2, 8)))
        return Scorer(_Padded(self), example, ("ids", "values"))


class _Padded(nn.Module):
    def __init__(self, network: DenseNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, values: Tensor) -> Tensor:
        """Return the scores of rows, given as (B, T) each."""
        weights = values.unsqueeze(1)  # (B, 1, T)
        sums = [
            torch.matmul(weights, functional.embedding(ids, self.network.vectors(name))).squeeze(1)
            for name in self.network.embedding
        ]
        return self.network.scores(sums)
