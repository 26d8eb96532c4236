"""``naive-bayes``: hashed word n-grams weighed by how much of a label's text they make up.

Beside ``linear`` it errs on other reviews, since it counts and does not learn from errors; together
they find more reviews in the wrong category than either.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.linear.hashed import HashedLinear, HashedSettings
from reviewdesk.models.linear.solver import Choose, Solver
from reviewdesk.models.linear.validation import Parts
from reviewdesk.models.linear.vocabulary import Grams
from reviewdesk.models.linear.weights import Weights
from reviewdesk.settings import Search, Settings, setting
from reviewdesk.text.compiled import compiled

BLOCK: Final = 65_536
"""Features are turned into weights block by block."""


@dataclass(frozen=True, kw_only=True)
class NaiveBayesSettings(HashedSettings):
    """What can be set of ``naive-bayes``."""

    smoothing: float = setting(
        0.1,
        "the mass that every n-gram has in every label to begin with",
        minimum=1e-6,
        maximum=1e6,
        search=Search(1e-3, 1, log=True),
    )


class NaiveBayes(HashedLinear):
    """Multinomial naive Bayes on the mass of TF-IDF, with calibrated probabilities.

    Rows are n-grams weighed by their inverse document frequency, each row at unit length. The mass
    of an n-gram in a label is the sum over the label's rows; its weight is the log of its share of
    the label's mass, centred over the labels. The probabilities are calibrated like those of
    ``linear``.

    Source: Rennie, Shih, Teevan and Karger 2003, Tackling the poor assumptions of naive Bayes text
    classifiers; without the complement, which is worse where it is combined with ``linear``.
    """

    family: ClassVar[str] = "naive-bayes"
    settings_class: ClassVar[type[Settings]] = NaiveBayesSettings
    settings: NaiveBayesSettings

    def _settled(self) -> tuple[Grams, float]:
        return Grams(self.settings.ngrams), self.settings.smoothing

    def _solver(
        self, parts: Parts, features: int, label_rows: NDArray[np.int64], start: Weights | None
    ) -> Solver:
        k = len(label_rows)
        return MassSolver(
            parts=parts,
            features=features,
            k=k,
            costs=np.ones(k, np.float32),
            min_df=self._least_frequency(label_rows, start),
            epochs=1,
            threads=1,
            seed=self.settings.seed,
            start=start,
        )


class MassSolver(Solver):
    """Counts where ``Solver`` learns."""

    def fit(self, choose: Choose, smoothing: float) -> Weights:
        """Return weights from chosen rows.

        Args:
            choose: says which rows of a part.
            smoothing: the mass that every n-gram has in every label to begin with.
        """
        counts, rows = self._counts(choose)
        scale = _inverse_frequency(counts.sum(axis=1), int(rows.sum()), self.min_df)
        del counts
        mass = np.zeros((self.features, self.k), np.float32)
        for part in self.parts():
            chosen = np.flatnonzero(choose(part))
            add_mass(part.ids, part.ends, part.labels, chosen, scale, mass)
        shares = np.log((rows + 0.5) / (rows.sum() + 0.5 * self.k))
        return _weights(mass, scale, shares, smoothing)


def _inverse_frequency(frequency: NDArray[np.int64], rows: int, min_df: int) -> NDArray[np.float32]:
    """Return the log of one over each feature's share of rows; 0 for a feature in too few."""
    found = np.log((rows + 1) / (frequency + 1)).astype(np.float32)
    found[frequency < min_df] = 0
    return np.asarray(found)


def _weights(
    mass: NDArray[np.float32],
    scale: NDArray[np.float32],
    bias: NDArray[np.float64],
    smoothing: float,
) -> Weights:
    """Turn the mass (features, k) of features in labels into weights; ``mass`` is used up."""
    k = mass.shape[1]
    known = scale > 0
    totals = np.log(mass.sum(axis=0, dtype=np.float64) + smoothing * max(int(known.sum()), 1))
    table = np.zeros((len(mass), 2 if k == 2 else k + 2), np.float32)
    for at in range(0, len(mass), BLOCK):
        block = slice(at, at + BLOCK)
        shares = np.log(mass[block] + np.float32(smoothing)) - totals
        shares -= shares.mean(axis=1, keepdims=True)
        shares *= scale[block, None]
        table[block, : k - (k == 2)] = shares[:, 1:] if k == 2 else shares
    table[:, 1 if k == 2 else k] = scale**2
    bias = bias - bias.mean()
    return Weights(table, (bias[1:] if k == 2 else bias).astype(np.float32))


@compiled
def add_mass(
    ids: NDArray[np.uint32],
    ends: NDArray[np.int64],
    labels: NDArray[np.int32],
    chosen: NDArray[np.int64],
    scale: NDArray[np.float32],
    mass: NDArray[np.float32],
) -> None:
    """Add the features of chosen rows, each row at unit length, to ``mass`` (features, k)."""
    for row in chosen:
        length = np.float32(0)
        for at in range(ends[row], ends[row + 1]):
            length += scale[ids[at]] * scale[ids[at]]
        if length == 0:
            continue
        inverse = np.float32(1) / np.sqrt(length)
        label = labels[row]
        for at in range(ends[row], ends[row + 1]):
            mass[ids[at], label] += scale[ids[at]] * inverse
