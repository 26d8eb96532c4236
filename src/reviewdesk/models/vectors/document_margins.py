"""One linear model of n-grams, weighed by how unevenly they stand in the labels, and of vectors.

A row is the n-grams of a text, scaled to unit length, and beside them its vector, which has unit
length too. Each label is told from all others by dual coordinate descent on the squared hinge.

Source: Wang and Manning 2012, Baselines and bigrams (the weights of n-grams); Hsieh et al. 2008,
A dual coordinate descent method for large-scale linear SVM.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.text.compiled import compiled, compiled_fast

EPOCHS: Final = 6
BIAS_VALUE: Final = 0.1
"""The bias is the weight of one more feature with this value in each row."""
ABSENT: Final = -1.0
"""The margin of labels that no row has."""

_BIAS: Final = np.float32(BIAS_VALUE)

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class DocumentRows(NamedTuple):
    """n texts as features and as vectors.

    Args:
        rows: of all texts, each once a text.
        ends: (n + 1,) where each text's begin and end.
        vectors: (n, dim).
    """

    rows: NDArray[np.int32]
    ends: Ints
    vectors: Floats


@dataclass(frozen=True, eq=False)
class DocumentMargins:
    """How far a text lies on each label's side.

    Args:
        scales: (rows,) what each row counts; 0 for one that says nothing.
        table: (rows, machines) weight times scale; one machine where there are two labels.
        vector_table: (dim, machines), the weights of the vector's numbers.
        bias: (machines,).
        places: (present,) which of the k labels were learnt.
        k: how many labels there are.
    """

    scales: Floats
    table: Floats
    vector_table: Floats
    bias: Floats
    places: Ints
    k: int

    @classmethod
    def learn(
        cls,
        texts: DocumentRows,
        chosen: Ints,
        labels: Ints,
        scales: Floats,
        factor: float,
        cost: float,
        k: int,
        seed: int,
    ) -> Self:
        """Learn from some texts.

        Args:
            texts: all texts.
            chosen: which of them to learn from.
            labels: (n,) the labels of all of them, 0 to k - 1.
            scales: (rows,) what each row counts.
            factor: what vectors are multiplied by, beside n-grams of unit length.
            cost: what errors cost against large weights (C).
            k: how many labels there are.
            seed: another seed visits the texts in another order.
        """
        places = np.unique(labels[chosen])
        machines = 1 if len(places) == 2 else len(places)
        dim = texts.vectors.shape[1]
        table = np.zeros((len(scales), machines), np.float32)
        vector_table = np.zeros((dim, machines), np.float32)
        bias = np.zeros(machines, np.float32)
        for machine in range(machines):
            own = places[1] if machines == 1 else places[machine]
            signs = np.where(labels == own, np.float32(1), np.float32(-1))
            weights, vector = np.zeros(len(scales), np.float32), np.zeros(dim, np.float32)
            alphas, own_bias = np.zeros(len(labels), np.float32), np.zeros(1, np.float32)
            random = np.random.default_rng(seed)
            for _ in range(EPOCHS):
                _hinge_epoch(
                    random.permutation(chosen),
                    texts.rows,
                    texts.ends,
                    texts.vectors,
                    np.float32(factor),
                    signs,
                    np.float32(1 / (2 * cost)),
                    scales,
                    alphas,
                    weights,
                    vector,
                    own_bias,
                )
            table[:, machine] = weights * scales
            vector_table[:, machine] = vector * np.float32(factor)
            bias[machine] = own_bias[0]
        return cls(scales, table, vector_table, bias, places, k)

    def __call__(self, texts: DocumentRows) -> Floats:
        """Return the margins, (n, k); those of a text do not depend on others."""
        found = np.empty((len(texts.ends) - 1, len(self.bias)), np.float32)
        _write_margins(
            texts.rows,
            texts.ends,
            texts.vectors,
            self.scales,
            self.table,
            self.vector_table,
            self.bias,
            found,
        )
        return self._of_labels(found)

    def _of_labels(self, machines: NDArray[Any]) -> NDArray[Any]:
        """Return a column for each of the k labels, from one for each machine."""
        absent = np.full((len(machines), self.k), ABSENT, machines.dtype)
        if len(self.bias) == 1:
            absent[:, self.places[0]], absent[:, self.places[1]] = -machines[:, 0], machines[:, 0]
        else:
            absent[:, self.places] = machines
        return absent

    def shares(self, rows: NDArray[np.int32], vectors: Floats) -> NDArray[np.float64]:
        """Return what each row of one text adds to each label's margin, (rows, k).

        Args:
            rows: the distinct rows of the text.
            vectors: (rows, dim) what each adds to the text's vector.
        """
        length = np.sqrt((self.scales[rows].astype(np.float64) ** 2).sum())
        added = self.table[rows].astype(np.float64) / (length if length > 0 else 1.0)
        added += vectors.astype(np.float64) @ self.vector_table.astype(np.float64)
        found = self._of_labels(added)
        found[:, np.setdiff1d(np.arange(self.k), self.places)] = 0
        return np.asarray(found, np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the model as arrays of numbers."""
        return {
            "margins.scales": self.scales,
            "margins.table": self.table,
            "margins.vectors": self.vector_table,
            "margins.bias": self.bias,
            "margins.places": self.places,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], rows: int, dim: int, k: int) -> Self:
        """Return the model that ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        places = arrays.get("margins.places")
        if places is None or places.dtype != np.int64 or places.ndim != 1 or len(places) < 2:
            raise BundleError("the weights do not say of which labels they are")
        if (np.diff(places) <= 0).any() or places[0] < 0 or places[-1] >= k:
            raise BundleError("the weights do not fit the labels")
        machines = 1 if len(places) == 2 else len(places)
        shapes = {
            "margins.scales": (rows,),
            "margins.table": (rows, machines),
            "margins.vectors": (dim, machines),
            "margins.bias": (machines,),
        }
        for name, shape in shapes.items():
            array = arrays.get(name)
            if array is None or array.dtype != np.float32 or array.shape != shape:
                raise BundleError(f"the weights lack {name}, or it does not fit the others")
            if not np.isfinite(array).all():
                raise BundleError(f"{name} holds something that is not a number")
        scales, table, vectors, bias = (arrays[name] for name in shapes)
        return cls(scales, table, vectors, bias, places, k)


@compiled
def count_labels(
    rows: NDArray[np.int32], ends: Ints, labels: Ints, chosen: Ints, counts: NDArray[np.int32]
) -> None:
    """Add to ``counts`` (rows, k) how many of the chosen texts of each label have a row."""
    for text in chosen:
        label = labels[text]
        for place in range(ends[text], ends[text + 1]):
            counts[rows[place], label] += np.int32(1)


@compiled_fast
def _hinge_epoch(
    order: Ints,
    rows: NDArray[np.int32],
    ends: Ints,
    vectors: Floats,
    factor: np.float32,
    signs: Floats,
    slack: np.float32,
    scales: Floats,
    alphas: Floats,
    weights: Floats,
    vector_weights: Floats,
    bias: Floats,
) -> None:
    """Visit texts once and make each as right as the slack allows."""
    unit, dim = np.float32(1), vectors.shape[1]
    for text in order:
        begin, end, sign = ends[text], ends[text + 1], signs[text]
        product, square = np.float32(0), np.float32(0)
        for place in range(begin, end):
            scale = scales[rows[place]]
            product += weights[rows[place]] * scale
            square += scale * scale
        inverse = unit / np.sqrt(square) if square > 0 else np.float32(0)
        present = unit if square > 0 else np.float32(0)
        vector, of_vector = np.float32(0), np.float32(0)
        for column in range(dim):
            vector += vectors[text, column] * vector_weights[column]
            of_vector += vectors[text, column] * vectors[text, column]
        margin = product * inverse + factor * vector + bias[0] * _BIAS
        gradient = sign * margin - unit + alphas[text] * slack
        curvature = present + factor * factor * of_vector + _BIAS * _BIAS + slack
        alpha = max(alphas[text] - gradient / curvature, np.float32(0))
        step = (alpha - alphas[text]) * sign
        if step != 0:
            alphas[text] = alpha
            bias[0] += step * _BIAS
            for column in range(dim):
                vector_weights[column] += step * factor * vectors[text, column]
            step *= inverse
            for place in range(begin, end):
                weights[rows[place]] += step * scales[rows[place]]


@compiled_fast
def _write_margins(
    rows: NDArray[np.int32],
    ends: Ints,
    vectors: Floats,
    scales: Floats,
    table: Floats,
    vector_table: Floats,
    bias: Floats,
    margins: Floats,
) -> None:
    machines = len(bias)
    for text in range(len(ends) - 1):
        square = np.float32(0)
        for machine in range(machines):
            margins[text, machine] = np.float32(0)
        for place in range(ends[text], ends[text + 1]):
            row = rows[place]
            square += scales[row] * scales[row]
            for machine in range(machines):
                margins[text, machine] += table[row, machine]
        inverse = np.float32(1) / np.sqrt(square) if square > 0 else np.float32(0)
        for machine in range(machines):
            margins[text, machine] = margins[text, machine] * inverse + bias[machine] * _BIAS
        for column in range(vectors.shape[1]):
            value = vectors[text, column]
            for machine in range(machines):
                margins[text, machine] += value * vector_table[column, machine]
