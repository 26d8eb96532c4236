"""The networks: words' vectors, a body that reads them, a pooling and a linear layer.

Shapes: B reviews, T positions, E numbers a word, H numbers a position, k labels.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from reviewdesk.models.neural.groups import Group, Scorer, shrinking
from reviewdesk.models.neural.plan import Body, Course, Shape
from reviewdesk.models.neural.pooling import Pooling
from reviewdesk.models.neural.words import PADDING, UNKNOWN

WIDTH: Final = 16
"""Reviews are padded to a multiple of so many positions."""
FEED_FORWARD: Final = 2  # how much wider the layer inside an attentive block is


Read = tuple[Tensor, Tensor]
"""The vector of each position (B, T, H), and 1 where there is one (B, T)."""


class Network(nn.Module):
    """A network of any body.

    Args:
        shape: what it is made of.
        first: (ids, E) the words' first vectors, if they are known; ``shape.embedding`` is E.
    """

    def __init__(self, shape: Shape, first: Tensor | None = None) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.ids, shape.embedding, padding_idx=PADDING)
        nn.init.normal_(self.embedding.weight, std=0.1)
        with torch.no_grad():
            if first is not None:
                self.embedding.weight.copy_(first)
            self.embedding.weight[PADDING] = 0
        self.embedding.weight.requires_grad = not shape.frozen
        body = BODIES[shape.body](shape)
        self.body = body
        self.pooling = Pooling(shape.pooling, body.size, body.both)
        self.dropout = nn.Dropout(shape.dropout)
        self.head = nn.Linear(self.pooling.size, shape.k)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Return the scores of reviews.

        Args:
            ids: (B, T) int64; T is divisible by ``shape.stride``.
            lengths: (B,) int64.
        """
        states, mask = self._states(ids, lengths)
        return self._centred(self.head(self.dropout(self.pooling(states, mask))))

    def groups(self, course: Course) -> list[Group]:
        """Return words' vectors with a rate of their own; these and biases do not shrink."""
        words = [one for one in self.embedding.parameters() if one.requires_grad]
        others = [one for name, one in self.named_parameters() if not name.startswith("embedding.")]
        return [(words, course.embedding_rate, 0.0), *shrinking(others, course.rate, course.decay)]

    def scorer(self) -> Scorer:
        """Return the network as it is exported."""
        example = (torch.ones((2, 2 * WIDTH), dtype=torch.int64), torch.tensor([3, WIDTH + 1]))
        return Scorer(self, example, ("ids", "lengths"))

    def _states(self, ids: Tensor, lengths: Tensor) -> Read:
        if self.training and self.shape.word_dropout:
            unknown = (torch.rand(ids.shape) < self.shape.word_dropout).to(ids.device)
            ids = ids.masked_fill(unknown & (ids != PADDING), UNKNOWN)
        vectors = self.dropout(self.embedding(ids))  # (B, T, E)
        found: Read = self.body(vectors, _mask(ids, lengths), lengths)
        return found

    def _centred(self, scores: Tensor) -> Tensor:
        """Return scores without what all labels have in common, which says nothing."""
        if self.shape.objective == "several":
            return scores
        return scores - scores.mean(dim=-1, keepdim=True)


class Recurrent(nn.Module):
    """Layers of LSTM or GRU cells, perhaps with a convolution before or after them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.both = shape.both and not (shape.convolution and shape.convolution_at == "after")
        self.before, self.after = None, None
        width = shape.embedding
        if shape.convolution and shape.convolution_at == "before":
            self.before = Convolution(width, width, (shape.convolution,), shape.stride)
        self.layers = nn.ModuleList()
        for _ in range(shape.layers):
            self.layers.append(Layer(shape.cell, width, shape.hidden, shape.both))
            width = shape.hidden * (2 if shape.both else 1)
        if shape.convolution and shape.convolution_at == "after":
            self.after = Convolution(width, width, (shape.convolution,), shape.stride)
        self.dropout = nn.Dropout(shape.dropout)
        self.size = width

    def forward(self, states: Tensor, mask: Tensor, lengths: Tensor) -> Read:
        """Read the words' vectors (B, T, E)."""
        if self.before is not None:
            states, mask = self.before(states, mask)
            lengths = mask.sum(dim=1).to(torch.int64)
        for number, layer in enumerate(self.layers):
            states = layer(self.dropout(states) if number else states, mask, lengths)
        if self.after is not None:
            states, mask = self.after(states, mask)
        return states, mask


class Layer(nn.Module):
    """One layer of cells, in one direction or in both.

    The second direction is a layer of its own over the review turned round within its length:
    packed sequences make learning several times as slow (pytorch issue 149194).
    """

    def __init__(self, cell: str, width: int, hidden: int, both: bool) -> None:
        super().__init__()
        new = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.there = new(width, hidden, batch_first=True)
        self.back = new(width, hidden, batch_first=True) if both else None

    def forward(self, states: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Return the vectors of all positions, (B, T, H)."""
        forwards: Tensor = self.there(states)[0]
        if self.back is None:
            return forwards
        places = torch.arange(states.shape[1], device=states.device).unsqueeze(0)  # (1, T)
        turned = torch.where(mask > 0, lengths.unsqueeze(1) - 1 - places, places)  # (B, T)
        backwards = _taken(self.back(_taken(states, turned))[0], turned)
        return torch.cat([forwards, backwards], dim=2)


class Convolution(nn.Module):
    """Filters over neighbouring positions; of some neighbours the largest values go on."""

    def __init__(self, width: int, filters: int, widths: tuple[int, ...], stride: int = 1) -> None:
        super().__init__()
        self.each = nn.ModuleList(nn.Conv1d(width, filters, one) for one in widths)
        self.widths, self.stride = widths, stride
        self.size = filters * len(widths)

    def forward(self, states: Tensor, mask: Tensor) -> Read:
        """Read vectors (B, T, E) of positions."""
        across = (states * mask.unsqueeze(2)).transpose(1, 2)  # (B, E, T)
        sides = [((width - 1) // 2, width // 2) for width in self.widths]
        each = [
            one(functional.pad(across, side))  # so much nothing around that T positions come out
            for one, side in zip(self.each, sides, strict=True)
        ]
        features = torch.cat(each, dim=1).transpose(1, 2)
        features = functional.relu(features) * mask.unsqueeze(2)
        if self.stride > 1:
            rows, size = features.shape[0], features.shape[2]
            features = features.reshape(rows, -1, self.stride, size).amax(dim=2)
            mask = mask.reshape(rows, -1, self.stride).amax(dim=2)
        return features, mask


class Convolutional(nn.Module):
    """Layers of filters of several widths: Kim 2014, Convolutional neural networks for sentences.

    Layers behind the first add to what they read.
    """

    both = False

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.first = Convolution(shape.embedding, shape.hidden, shape.widths, shape.stride)
        self.size = self.first.size
        self.others = nn.ModuleList(
            Convolution(self.size, self.size, (3,)) for _ in range(shape.layers - 1)
        )

    def forward(self, states: Tensor, mask: Tensor, lengths: Tensor) -> Read:
        """Read the words' vectors (B, T, E)."""
        states, mask = self.first(states, mask)
        for layer in self.others:
            states = states + layer(states, mask)[0]
        return states, mask


class Attentive(nn.Module):
    """A small transformer that normalises first: Xiong et al. 2020, On layer normalization."""

    both = False

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.enter = nn.Linear(shape.embedding, shape.hidden)
        self.near = Convolution(shape.hidden, shape.hidden, (3,), shape.stride)
        self.blocks = nn.ModuleList(
            Block(shape.hidden, shape.heads, shape.dropout) for _ in range(shape.layers)
        )
        self.norm = nn.LayerNorm(shape.hidden)
        self.size = shape.hidden

    def forward(self, states: Tensor, mask: Tensor, lengths: Tensor) -> Read:
        """Read the words' vectors (B, T, E)."""
        # A convolution tells the order of neighbours; where in a review they stand says little.
        states, mask = self.near(self.enter(states), mask)
        for block in self.blocks:
            states = block(states, mask)
        return self.norm(states), mask


class Block(nn.Module):
    """Attention among all positions, then two layers at each."""

    def __init__(self, size: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_layers = nn.LayerNorm(size), nn.LayerNorm(size)
        self.queries_keys_values = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, size)
        self.widen, self.narrow = (
            nn.Linear(size, FEED_FORWARD * size),
            nn.Linear(FEED_FORWARD * size, size),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Return the vectors of all positions, (B, T, H)."""
        rows, positions, size = states.shape
        heads = self.queries_keys_values(self.before_attention(states))
        heads = heads.reshape(rows, positions, 3, self.heads, size // self.heads)
        queries, keys, values = heads.permute(2, 0, 3, 1, 4).unbind(0)  # (B, heads, T, H / heads)
        seen = (mask > 0).reshape(rows, 1, 1, positions)
        seen = seen | ~seen.any(dim=3, keepdim=True)  # a review without words sees its padding
        mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=seen)
        states = states + self.dropout(self.out(mixed.transpose(1, 2).flatten(2)))
        inner = functional.gelu(self.widen(self.before_layers(states)))
        added: Tensor = self.dropout(self.narrow(inner))
        return states + added


BODIES: Final[dict[Body, type[Recurrent] | type[Convolutional] | type[Attentive]]] = {
    "recurrent": Recurrent,
    "convolutional": Convolutional,
    "attentive": Attentive,
}


def _mask(ids: Tensor, lengths: Tensor) -> Tensor:
    """Return 1 where a review has a word and 0 behind its end, (B, T) float32."""
    places = torch.arange(ids.shape[1], device=ids.device).unsqueeze(0)
    return (places < lengths.unsqueeze(1)).to(torch.float32)


def _taken(states: Tensor, places: Tensor) -> Tensor:
    """Return the vectors at places (B, T) of each review."""
    return states.gather(1, places.unsqueeze(2).expand(-1, -1, states.shape[2]))
