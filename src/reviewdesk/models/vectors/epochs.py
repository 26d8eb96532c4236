"""Between epochs: measuring on texts held out, keeping the best, and ending before the last."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.running import Epoch, Run
from reviewdesk.models.vectors.label_vectors import LabelVectors
from reviewdesk.models.vectors.mapping import VectorVocabulary
from reviewdesk.models.vectors.supervised import LabelLearner
from reviewdesk.models.vectors.text_rows import TextLines, TextRows

SILENT_RUN: Final = Run()


@dataclass(frozen=True)
class EarlyStopping:
    """When learning ends before its last epoch, as BlazingText has it.

    Args:
        wanted: whether it does.
        patience: it ends when so many epochs in a row were no better than the best.
        min_epochs: it does not end before so many.
    """

    wanted: bool = False
    patience: int = 4
    min_epochs: int = 5


@dataclass(frozen=True, eq=False)
class ValidationTexts:
    """Texts that are measured on between epochs.

    Args:
        lines: parts of them.
        truth: (n, k) which labels each has.
    """

    lines: list[TextLines]
    truth: NDArray[np.bool_]


@dataclass(eq=False)
class EpochWatch:
    """Measures after each epoch, and says whether to go on.

    Args:
        vocabulary: which words have a row.
        texts: what is measured on; None measures nothing.
        counts: (k,) how often each label occurs.
        loss: the loss's name.
        stopping: when to end early.
        run: is told of each epoch, and may ask to end.
    """

    vocabulary: VectorVocabulary
    texts: ValidationTexts | None
    counts: NDArray[np.int64]
    loss: str
    stopping: EarlyStopping
    run: Run = SILENT_RUN
    _rows: list[TextRows] = field(init=False)
    _best: float = field(default=-1.0, init=False)
    _waited: int = field(default=0, init=False)
    _kept: tuple[NDArray[np.float32], NDArray[np.float32]] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        index = self.vocabulary.index()
        self._rows = [index.rows(lines) for lines in self.texts.lines] if self.texts else []

    def after(self, number: int, learner: LabelLearner) -> bool:
        """Measure after an epoch and return whether to end.

        Args:
            number: which reading it was, from 0.
            learner: what learns.
        """
        accuracy = self._accuracy(learner)
        improved = accuracy is not None and accuracy > self._best
        self._waited = 0 if improved else self._waited + 1
        if accuracy is not None and improved:
            self._best = accuracy
            if self.stopping.wanted:
                self._kept = learner.inputs.copy(), learner.outputs.copy()
        over = number + 1
        rate = learner.schedule.rate * (1 - over / learner.schedule.epochs)
        self.run.after_epoch(Epoch(over, accuracy, improved, rate, learner.loss))
        early = self.stopping.wanted and over >= self.stopping.min_epochs
        return self.run.stop() or (early and self._waited >= self.stopping.patience)

    def keep_best(self, learner: LabelLearner) -> None:
        """Put the vectors back that were best, where they were kept."""
        if self._kept is not None:
            learner.inputs[:], learner.outputs[:] = self._kept

    def _accuracy(self, learner: LabelLearner) -> float | None:
        """Return the share of texts whose most probable label is one of theirs."""
        if self.texts is None or not len(self.texts.truth):
            return None
        inputs = learner.inputs.reshape(-1, learner.width)
        inputs.flags.writeable = False  # of a view: kernels know matrices that are read only
        outputs = learner.outputs.reshape(-1, learner.width)
        model = LabelVectors(self.vocabulary, inputs, outputs, self.counts, self.loss)
        said = np.concatenate([model.scores_of(rows).argmax(axis=1) for rows in self._rows])
        return float(self.texts.truth[np.arange(len(said)), said].mean())
