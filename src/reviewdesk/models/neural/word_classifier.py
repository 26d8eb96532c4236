"""The networks over words: from reviews to ids, and what a word adds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, UsageError
from reviewdesk.models.base import Explanation
from reviewdesk.models.few_texts import FEW
from reviewdesk.models.labelled import LabelledReviews, Texts
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.multilabel import MultilabelCalibrations
from reviewdesk.models.neural.classifier import NetworkClassifier
from reviewdesk.models.neural.explain import explain_review
from reviewdesk.models.neural.settings import NetworkSettings, chosen, shape_of
from reviewdesk.models.neural.tokens import TokenFiles, write_tokens
from reviewdesk.models.neural.word_vectors import first_vectors
from reviewdesk.models.neural.words import WordCounts, WordVocabulary, known_words, shortened
from reviewdesk.models.scored import multilabel_calibrations
from reviewdesk.models.short_texts import CutTexts, cut_rows


class WordClassifier(NetworkClassifier):
    """A network over words in their order, with calibrated probabilities."""

    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body", "product_title")
    supports_multilabel: ClassVar[bool] = True
    settings: NetworkSettings

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        values = chosen(self.family, self.settings)
        if values.get("heads") and values["hidden"] % values["heads"]:
            raise UsageError(
                f"setting hidden of {self.family} is {values['hidden']}; "
                f"its {values['heads']} heads must divide it"
            )

    def _prepare(
        self, folder: Path, train: LabelledReviews, validation: LabelledReviews | None
    ) -> None:
        """Write what is learnt, and from what, into a folder."""
        values = chosen(self.family, self.settings)
        counts = WordCounts(self.columns_)
        for batch in train.batches():
            counts.add(batch)
        if counts.rows < FEW and self.settings.min_df is None:
            values["min_df"] = 1
        self.vocabulary_ = counts.vocabulary(
            values["vocabulary"], values["min_df"], values["most_words"],
            stop_words=values["stop_words"] == "yes",
        )  # fmt: skip
        tokens = write_tokens(
            folder / "tokens", self.vocabulary_, train.batches,
            validation.batches if validation else None,
            k=len(self.labels_), share=values["validation_share"], seed=values["seed"],
        )  # fmt: skip
        self.present_ = tokens.present
        if not len(tokens.validation):
            values["epochs"] = self._more_epochs(values, len(tokens.learnt))
        size, vectors = values["embedding"], folder / "first.npy"
        vectors.unlink(missing_ok=True)
        if values["word_vectors"]:
            path = Path(values["word_vectors"])
            first = first_vectors(path, self.vocabulary_, values["seed"])
            np.save(vectors, first)
            size = first.shape[1]
        shape = shape_of(
            self.family, values, ids=len(self.vocabulary_), k=len(self.present_), embedding=size,
            objective=self._objective(),
        )  # fmt: skip
        self._write_plan(folder, shape, values)
        self._tokens = tokens

    def _calibrate(self) -> None:
        """Learn how sure probabilities may be from the rows that were held out."""
        tokens, first = self._tokens, self.vocabulary_.first
        rows = tokens.validation
        ids, ends = tokens.ids_of(rows)
        scores, labels = self.graph_.scores(ids, ends), tokens.labels[rows]
        known, k = known_words(ids, ends, first), len(self.labels_)
        if self.multilabel_:
            self.calibration_ = _multilabel(scores, labels, known, tokens, self.present_, k)
            return
        some, most = cut_rows(len(rows))
        few = shortened(ids, ends, some, most, first)
        cut = CutTexts(self.graph_.scores(*few), known_words(*few, first), labels[some])
        label_rows = np.bincount(tokens.labels, minlength=len(self.present_))
        label_rows = label_rows[: len(self.present_)]  # beyond them is who has no label of them
        self.calibration_ = self._calibrated(scores, labels, known, label_rows, cut)

    def _scored(self, reviews: pa.RecordBatch) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        ids, ends = self.vocabulary_.ids(reviews)
        return self.graph_.scores(ids, ends), known_words(ids, ends, self.vocabulary_.first)

    def known_words(self, batch: pa.RecordBatch | Texts) -> NDArray[np.int64]:
        """Return how many different words of each review are known, (n,); see ``KnowsWords``."""
        known = [known for _, known in self._parts(batch)]
        return np.concatenate([np.empty(0, np.int64), *known])

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word of one review adds; see the contract.

        A word's weight is by how much the score falls when the network is not told the word. Where
        two words say the same, either can be missed, so that both weigh little.
        """
        columns = [pa.array([texts.get(name)], pa.large_string()) for name in self.columns_]
        review = pa.record_batch(columns, names=list(self.columns_))
        scores = self.decision_scores(review)[0]
        return explain_review(review, self.vocabulary_, self.graph_, self.present_, scores)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"vocabulary": self.vocabulary_.hashes}

    def _restore(self, arrays: Mapping[str, NDArray[Any]], directory: Path) -> None:
        hashes = arrays.get("vocabulary")
        if hashes is None or hashes.ndim != 1 or hashes.dtype != np.uint64:
            raise BundleError("the weights lack the vocabulary")
        values = chosen(self.family, self.settings)
        self.vocabulary_ = WordVocabulary(
            self.columns_, hashes, values["most_words"], values["stop_words"] == "yes"
        )


def _multilabel(
    scores: NDArray[np.float32],
    labels: NDArray[Any],
    known: NDArray[np.int64],
    tokens: TokenFiles,
    present: NDArray[np.int64],
    k: int,
) -> MultilabelCalibrations:
    """Return a calibration for each label; labels not present have the share that they had."""
    rows = tokens.labels.sum(axis=0).astype(int).tolist()
    calibrations = multilabel_calibrations(scores, labels, known, len(tokens.labels), rows)
    each: list[Calibration | None] = [None] * k
    shares = np.zeros(k)
    shares[tokens.always] = 1
    for place, label in enumerate(present.tolist()):
        each[label], shares[label] = calibrations.each[place], calibrations.shares[place]
    return MultilabelCalibrations(each, shares)
