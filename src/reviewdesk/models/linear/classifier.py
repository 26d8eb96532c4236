"""``linear``: hashed word n-grams and a linear classifier, calibrated by itself."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import InputError, UsageError
from reviewdesk.models.labelled import LabelledReviews, Texts
from reviewdesk.models.linear.hashed import LONGEST, HashedLinear, HashedSettings
from reviewdesk.models.linear.learning import LearntWeights
from reviewdesk.models.linear.solver import Solver
from reviewdesk.models.linear.validation import Parts
from reviewdesk.models.linear.vocabulary import CHARACTERS, CHOOSE, Grams
from reviewdesk.models.linear.weights import Weights
from reviewdesk.settings import Search, Settings, setting

HINGE_EPOCHS: Final = 3
SOFTMAX_EPOCHS: Final = 5


@dataclass(frozen=True, kw_only=True)
class LinearSettings(HashedSettings):
    """What can be set of ``linear``."""

    ngrams: int = setting(
        0,
        "the longest n-gram in words, 1 to 3; 0 chooses it on a share of the rows",
        minimum=0,
        maximum=LONGEST,
        search=Search(1, LONGEST, whole=True),
    )
    characters: int = setting(
        CHOOSE,
        "the longest run of characters inside a word that counts too, 3 to 6; 0 for none; -1 takes "
        "6 for languages that do not divide words, and for others but English where held-out rows "
        "say so; runs join misspelt words to those that were seen, and make learning several times "
        "as long",
        minimum=CHOOSE,
        maximum=CHARACTERS[-1],
        search=Search(values=(0, 4, 5)),
    )
    marks: bool = setting(
        False,
        "whether each mark of punctuation is a word by itself; helps with long reviews, and makes "
        "learning about a third longer",
    )
    strength: float = setting(
        0.0,
        "of two labels what an error costs, of more the rate of learning; 0 chooses it",
        minimum=0,
        maximum=100,
        search=Search(0.1, 5, log=True),
    )
    epochs: int = setting(
        0,
        "how often each row is visited; 0 means 3 times for two labels, else 5",
        minimum=0,
        maximum=100,
        search=Search(2, 10, whole=True),
    )
    balanced: bool = setting(False, "whether all labels count the same, however few rows they have")
    calibration_folds: int = setting(
        0,
        "how often other rows are held out to calibrate on, at most; once makes learning three "
        "times as fast and probabilities a little less true; 0 for as often as is needed",
        minimum=0,
        maximum=5,
    )
    free_threads: int = setting(
        1,
        "how many threads learn at the same time without waiting for each other; with more than "
        "one, learning is faster and its result depends on chance",
        minimum=1,
        maximum=64,
    )

    def check(self) -> Self:
        """Return self when every value is allowed; runs of one or two characters are not."""
        if super().check().characters not in (CHOOSE, *CHARACTERS):
            raise UsageError(
                f"setting characters is {self.characters}; it must be -1, 0 or from 3 to 6"
            )
        return self


class Linear(HashedLinear):
    """A linear classifier of hashed n-grams with calibrated probabilities.

    Features weigh by how unevenly they stand in the labels; two labels are learnt by dual
    coordinate descent on the squared hinge, more by softmax.
    """

    family: ClassVar[str] = "linear"
    settings_class: ClassVar[type[Settings]] = LinearSettings
    settings: LinearSettings
    supports_multilabel: ClassVar[bool] = True

    @property
    def marks(self) -> bool:
        """Whether each mark of punctuation is a word by itself."""
        return self.settings.marks

    @property
    def calibration_folds(self) -> int:
        """How often other rows are held out to calibrate on, at most; 0 as often as needed."""
        return self.settings.calibration_folds

    def partial_fit(self, train: LabelledReviews) -> Self:
        """Learn on from new reviews, such as those of a new month.

        N-grams that are new become features; what was learnt is changed by the new reviews only.
        The calibration is learnt anew where there are enough of them. What was not fitted yet is
        fitted on them, as ``fit`` does it.

        Args:
            train: later reviews, with the labels of ``fit``.

        Raises:
            NotEnoughData: the rows have fewer than two different labels.
            InputError: a label that was not there at first, or several instead of one.
            MissingColumn: a text column or ``label`` is missing.
        """
        if not hasattr(self, "vocabulary_"):
            return self.fit(train)
        if train.multilabel != self.multilabel_:
            raise InputError("these rows have one label each and those before several, or reverse")
        start = LearntWeights(self.vocabulary_, self.weights_, self.calibration_, np.empty(0))
        rows = self._checked(train.batches())
        self._keep(self._learning().learn(rows, 0, self.vocabulary_.grams, self.strength_, start))
        return self

    def _settled(self) -> tuple[Grams, float]:
        asked = self.settings
        return Grams(asked.ngrams, asked.characters, asked.marks), asked.strength

    def choices(self) -> str:
        """Return in words which n-grams were chosen; empty where they were asked for."""
        chosen = []
        if not self.settings.ngrams:
            words = "words alone" if self.ngrams_ == 1 else f"n-grams of up to {self.ngrams_} words"
            chosen.append(words)
        if self.settings.characters == CHOOSE and self.characters_:
            chosen.append(f"runs of up to {self.characters_} characters inside words")
        return " and ".join(chosen)

    def _solver(
        self, parts: Parts, features: int, label_rows: NDArray[np.int64], start: Weights | None
    ) -> Solver:
        k = len(label_rows)
        return Solver(
            parts=parts,
            features=features,
            k=k,
            costs=self._costs(label_rows),
            min_df=self._least_frequency(label_rows, start),
            epochs=self.settings.epochs or (HINGE_EPOCHS if k == 2 else SOFTMAX_EPOCHS),
            threads=self.settings.free_threads,
            seed=self.settings.seed,
            start=start,
        )

    def _costs(self, label_rows: NDArray[np.int64]) -> NDArray[np.float32]:
        if not self.settings.balanced:
            return np.ones(len(label_rows), np.float32)
        costs: NDArray[np.float32] = (label_rows.mean() / np.maximum(label_rows, 1)).astype(
            np.float32
        )
        return costs

    def expected(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return the mean of labels that are numbers, such as stars, by their probabilities, (n,).

        Raises:
            UsageError: a label is not a number.
        """
        try:
            values = np.array(self.labels_, np.float32)
        except ValueError as error:
            raise UsageError("an expected value needs labels that are numbers") from error
        means: NDArray[np.float32] = (self.predict_proba(batch) * values).sum(axis=1)
        return means
