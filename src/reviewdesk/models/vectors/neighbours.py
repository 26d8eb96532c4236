"""Which words are near, what completes an analogy, and how well vectors agree with people."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.word_vectors import WordVectors
from reviewdesk.storage import storage_errors

SECTION: Final = ":"
FEWEST_PAIRS: Final = 3


class Neighbour(NamedTuple):
    """A word and its cosine."""

    word: str
    cosine: float


@dataclass(frozen=True)
class VectorEvaluation:
    """How vectors agree with what people said.

    Args:
        pairs: how many pairs of words had both vectors.
        missing: how many had not.
        correlation: Spearman's, of cosines and people's scores; NaN with too few pairs.
    """

    pairs: int
    missing: int
    correlation: float

    def to_json(self) -> dict[str, Any]:
        """Return the same as JSON values, ``mean_rho`` as BlazingText names it."""
        rho = None if np.isnan(self.correlation) else self.correlation
        return {"pairs": self.pairs, "missing": self.missing, "mean_rho": rho}


@dataclass(frozen=True)
class AnalogyEvaluation:
    """How many analogies were completed with the right word.

    Args:
        questions: how many had all four vectors.
        missing: how many had not.
        right: how many were completed rightly.
    """

    questions: int
    missing: int
    right: int

    def to_json(self) -> dict[str, Any]:
        """Return the same as JSON values."""
        share = self.right / self.questions if self.questions else None
        counts = {"questions": self.questions, "missing": self.missing, "right": self.right}
        return {**counts, "accuracy": share}


class Neighbourhood:
    """Words among which neighbours are looked for by cosine.

    Args:
        vectors: the words.
    """

    def __init__(self, vectors: WordVectors) -> None:
        self.words = vectors.words
        self._place = {word: place for place, word in enumerate(vectors.words)}
        lengths = np.sqrt((vectors.vectors.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
        self._directions = (vectors.vectors / np.maximum(lengths, 1e-12)).astype(np.float32)

    def __contains__(self, word: str) -> bool:
        return word in self._place

    def direction(self, word: str) -> NDArray[np.float32]:
        """Return a word's vector at length one.

        Raises:
            UsageError: the word has no vector.
        """
        if word not in self._place:
            raise UsageError(
                f"the word {word!r} has no vector; words are in lower case, and rare ones left out"
            )
        direction: NDArray[np.float32] = self._directions[self._place[word]]
        return direction

    def near(self, word: str, count: int = 10) -> list[Neighbour]:
        """Return the nearest words of a word, the nearest first."""
        return self._nearest(self.direction(word), {word}, count)

    def analogies(self, one: str, two: str, three: str, count: int = 10) -> list[Neighbour]:
        """Return what is to ``three`` as ``one`` is to ``two``, read as ``one - two + three``."""
        target = self.direction(one) - self.direction(two) + self.direction(three)
        return self._nearest(target, {one, two, three}, count)

    def _nearest(
        self, target: NDArray[np.float32], without: set[str], count: int
    ) -> list[Neighbour]:
        cosines = self._directions @ (target / max(float(np.linalg.norm(target)), 1e-12))
        wanted = min(len(cosines), count + len(without))
        best = np.argpartition(-cosines, wanted - 1)[:wanted]
        best = best[np.lexsort((best, -cosines[best]))]
        found = [Neighbour(self.words[place], float(cosines[place])) for place in best.tolist()]
        return [one for one in found if one.word not in without][:count]

    def evaluate_pairs(self, pairs: Sequence[tuple[str, str, float]]) -> VectorEvaluation:
        """Return how cosines agree with people's scores of pairs of words."""
        known = [(a, b, score) for a, b, score in pairs if a in self and b in self]
        missing = len(pairs) - len(known)
        if len(known) < FEWEST_PAIRS:
            return VectorEvaluation(len(known), missing, float("nan"))
        cosines = [float(self.direction(a) @ self.direction(b)) for a, b, _ in known]
        rho = float(spearmanr(cosines, [score for *_, score in known]).statistic)
        return VectorEvaluation(len(known), missing, rho)

    def evaluate_analogies(
        self, questions: Sequence[tuple[str, str, str, str]]
    ) -> AnalogyEvaluation:
        """Return how often ``two - one + three`` gives the fourth word."""
        known = [words for words in questions if all(word in self for word in words)]
        right = sum(
            self.analogies(two, one, three, 1)[0].word == four for one, two, three, four in known
        )
        return AnalogyEvaluation(len(known), len(questions) - len(known), right)


def read_pairs(path: Path) -> list[tuple[str, str, float]]:
    """Read pairs of words with a score, one a line, as WS-353 has them; others are passed over.

    Raises:
        InputError: no line is such a pair.
        StorageError: it cannot be opened.
    """
    pairs = []
    for line in _lines(path):
        parts = line.lower().replace(",", " ").replace(";", " ").split()
        if len(parts) >= 3 and _is_number(parts[2]):
            pairs.append((parts[0], parts[1], float(parts[2])))
    if not pairs:
        raise InputError(f"no line of {path} is two words and a number")
    return pairs


def read_analogies(path: Path) -> list[tuple[str, str, str, str]]:
    """Read analogies, four words a line, as word2vec's questions-words.txt has them.

    Raises:
        InputError: no line has four words.
        StorageError: it cannot be opened.
    """
    rows = [line.lower().split() for line in _lines(path) if not line.startswith(SECTION)]
    found = [(row[0], row[1], row[2], row[3]) for row in rows if len(row) == 4]
    if not found:
        raise InputError(f"no line of {path} has four words")
    return found


def _lines(path: Path) -> list[str]:
    with storage_errors(str(path)):
        raw = path.read_bytes()
    return raw.decode(errors="replace").splitlines()


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
