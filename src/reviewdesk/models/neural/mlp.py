"""A network over rows of features: reviews as hashed words, or LIBSVM files as they come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import UsageError
from reviewdesk.models.base import Explanation
from reviewdesk.models.labelled import LabelledReviews, Texts
from reviewdesk.models.neural.classifier import NetworkClassifier
from reviewdesk.models.neural.explain_features import explain_words
from reviewdesk.models.neural.mlp_settings import MlpSettings
from reviewdesk.models.neural.plan import DenseShape, Objective
from reviewdesk.models.neural.review_chunks import review_rows, write_chunks
from reviewdesk.models.neural.settings import chosen
from reviewdesk.models.running import stopping
from reviewdesk.models.scored import probabilities_of
from reviewdesk.models.short_texts import CutTexts, cut_rows
from reviewdesk.models.sparse.chunks import (
    LEARNT,
    TEST,
    VALIDATION,
    BadLine,
    Chunks,
    Dealing,
    FeatureFile,
    Scan,
)
from reviewdesk.models.sparse.sparse_rows import FEATURES, SparseRows
from reviewdesk.models.sparse.weighting import Weighting
from reviewdesk.settings import Settings
from reviewdesk.storage import private_directory

REVIEW_FEATURES: tuple[str, ...] = ("review_headline", "review_body", "product_title")


@dataclass(frozen=True)
class FeatureData:
    """LIBSVM files to learn from.

    Args:
        files: in their order.
        names: what the labels in the files are called, by their number; None: as they stand there.
        columns: the columns of reviews that the features are hashed words of; none where nobody
            knows what they are.
        objective: whether the labels are in order, as stars are.
    """

    files: Sequence[FeatureFile]
    names: Mapping[int, str] | None = None
    columns: tuple[str, ...] = ()
    objective: Objective = "one"


class Mlp(NetworkClassifier):
    """A dense network over rows of features, learnt from LIBSVM chunks on disk.

    It never holds more of the rows than a chunk and a batch.
    """

    family: ClassVar[str] = "mlp"
    columns: ClassVar[tuple[str, ...]] = REVIEW_FEATURES
    settings_class: ClassVar[type[Settings]] = MlpSettings
    settings: MlpSettings

    def fit_files(self, data: FeatureData, dealing: Dealing) -> Self:
        """Learn from LIBSVM files; ``test_rows`` are those held out.

        Args:
            data: the files.
            dealing: which rows are held out and held out, where a file does not say it.

        Raises:
            InputError: the labels are no classes.
            NotEnoughData: there are fewer than two labels to learn.
            Stopped: somebody wanted it to end; it can go on.
        """
        self._require()
        self.columns_, self.multilabel_ = data.columns, False
        with self._folder() as folder, stopping(self.run) as run:
            chunks = self._scan(folder, data.files, dealing)
            values = [int(value) for value in chunks.values]
            names = data.names or {value: str(value) for value in values}
            self.labels_ = [names[number] for number in sorted(names)]
            places = {number: place for place, number in enumerate(sorted(names))}
            if not set(values) <= set(places):
                raise UsageError("the files hold a label that labels.json does not name")
            self._places = np.array([places[value] for value in values], np.int64)
            self.present_ = self._places[chunks.present]
            self._plan(folder, data.objective)
            self._learn(folder, run)
            self.test_ = [self._measured(part.rows, part.labels) for part in chunks.sides(TEST)]
        return self

    def _measured(
        self, rows: SparseRows, labels: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        scores = self._spread(self._graph_scores(rows))
        known = np.diff(rows.ends)
        return probabilities_of(self.calibration_, scores, known), self._places[labels]

    def test_rows(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the probabilities (m, k) and true labels (m,) of the rows of files held out."""
        k = len(self.labels_)
        empty = (np.empty((0, k), np.float32), np.empty(0, np.int64))
        both = list(zip(empty, *self.test_, strict=True))
        return np.concatenate(both[0]), np.concatenate(both[1])

    def row_counts(self) -> dict[str, Any]:
        """Return how many rows of files there were on each side, and how many could not be read."""
        counts, names = self._chunks.counts, self.labels_

        def by_label(side: int) -> dict[str, int]:
            found = dict(zip(self._places.tolist(), counts[side].tolist(), strict=True))
            return {name: found.get(place, 0) for place, name in enumerate(names)}

        learnt, aside, test = (int(one) for one in counts.sum(axis=1))
        train = {
            name: by_label(LEARNT)[name] + by_label(VALIDATION)[name] for name in by_label(LEARNT)
        }
        return {
            "reviews": learnt + aside + test + len(self.bad_lines),
            "labelled": learnt + aside + test,
            "train": learnt + aside,
            "test": test,
            "dropped_texts": 0,
            "left_out": {"bad_record": len(self.bad_lines)} if self.bad_lines else {},
            "train_labels": train,
            "test_labels": by_label(TEST),
        }

    def _prepare(
        self, folder: Path, train: LabelledReviews, validation: LabelledReviews | None
    ) -> None:
        """Write reviews as chunks, and what is learnt from them."""
        values = chosen(self.family, self.settings)
        k, seed = len(self.labels_), values["seed"]
        files = write_chunks(
            private_directory(folder / "chunks"), train, validation, columns=self.columns_, k=k,
            buckets=values["buckets"], ngrams=values["ngrams"], chunks=values["chunks"],
            share=values["validation_share"], seed=seed,
        )  # fmt: skip
        chunks = self._scan(folder, files, Dealing(0, 0, seed))
        self.present_ = chunks.values[chunks.present].astype(np.int64)
        self._plan(folder, self._objective())

    def _scan(self, folder: Path, files: Sequence[FeatureFile], dealing: Dealing) -> Chunks:
        values = chosen(self.family, self.settings)
        scan = Scan(round(values["chunk_mb"] * 2**20), dealing)
        place = private_directory(folder / "chunks")
        chunks = scan.run(place, files, values["weighting"], values["features"], values["min_df"])
        chunks.readers = values["readers"]
        chunks.save()
        self._chunks, self.weighting_ = chunks, chunks.weighting
        self.bad_lines: list[BadLine] = scan.bad
        return chunks

    def _plan(self, folder: Path, objective: Objective) -> None:
        values = chosen(self.family, self.settings)
        same = ("hidden", "layers", "wide", "dropout", "feature_dropout")
        shape = DenseShape(
            features=len(self.weighting_), k=len(self.present_), objective=objective,
            **{name: values[name] for name in same},
        )  # fmt: skip
        if not self._chunks.counts[VALIDATION].any():
            values["epochs"] = self._more_epochs(values, int(self._chunks.counts[LEARNT].sum()))
        self._write_plan(folder, shape, values)

    def _calibrate(self) -> None:
        """Learn how sure probabilities may be from the rows that were held out."""
        whole, short = [], []
        for rows, labels in self._chunks.validation():
            whole.append((self._graph_scores(rows), labels, np.diff(rows.ends)))
            some, most = cut_rows(len(rows))
            few = self.weighting_.shortened(rows, some, most)
            short.append(CutTexts(self._graph_scores(few), np.diff(few.ends), labels[some]))
        nothing = np.empty(0, np.int64)
        none = (np.empty((0, len(self.present_)), np.float32), nothing, nothing)
        scores, labels, known = map(np.concatenate, zip(none, *whole, strict=True))
        cut_none = CutTexts(none[0], none[1], none[2])
        shares, cut_known, cut_labels = map(np.concatenate, zip(cut_none, *short, strict=True))
        cut = CutTexts(shares, cut_known, cut_labels)
        label_rows = self._chunks.counts[:TEST].sum(axis=0)[self._chunks.present]
        self.calibration_ = self._calibrated(scores, labels, known, label_rows, cut)

    def _graph_scores(self, rows: SparseRows) -> NDArray[np.float32]:
        """Return the scores of rows that are weighted, (n, present)."""
        return self.graph_.scores(rows.indices, rows.ends, rows.values)

    def _scored(self, reviews: pa.RecordBatch) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        rows = self.weighting_(self._rows(reviews))
        return self._graph_scores(rows), np.diff(rows.ends)

    def _rows(self, batch: pa.RecordBatch, ngrams: int | None = None) -> SparseRows:
        """Return the features of reviews, or of rows of them, as LIBSVM files hold them."""
        if FEATURES in batch.schema.names:
            rows = SparseRows.of_column(batch.column(FEATURES))
            self.check_features(rows)
            return rows
        fields = [batch.column(name) for name in self.columns_]
        return review_rows(fields, self.settings.buckets, ngrams or self.settings.ngrams)

    def reviews(self, batch: pa.RecordBatch | Texts) -> pa.RecordBatch:
        """Return the columns that were fitted on, or rows of features; see the contract.

        Raises:
            UsageError: it has not been fitted, or only on features that nobody can make of texts.
        """
        if isinstance(batch, pa.RecordBatch) and FEATURES in batch.schema.names:
            return batch.select([FEATURES])
        if hasattr(self, "labels_") and not self.columns_:
            raise UsageError(
                "this mlp learnt from LIBSVM files and does not know what their features are; "
                "give it LIBSVM lines, or train it on an export of reviews"
            )
        return super().reviews(batch)

    def matrix_rows(self, matrix: Any) -> SparseRows:
        """Return the rows of a sparse matrix of SciPy's (n, features); see ``ReadsFeatures``.

        Its first column is the lowest index of the files that were learnt from, 0 or 1.
        """
        rows = matrix.tocsr()
        indices = rows.indices.astype(np.int32) + np.int32(self.weighting_.first > 0)
        return SparseRows(indices, rows.data.astype(np.float32), rows.indptr.astype(np.int64))

    def check_features(self, rows: SparseRows) -> None:
        """Check that rows can be of the features that it learned from; see ``ReadsFeatures``."""
        self.weighting_.check(rows)

    def known_words(self, batch: pa.RecordBatch | Texts) -> NDArray[np.int64]:
        """Return how many different words, or features, of each row are known, (n,)."""
        known = self.weighting_(self._rows(self.reviews(batch), ngrams=1))
        return np.diff(known.ends)

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word of one review adds; see the contract.

        A word's weight is by how much the score falls when the word is left out, with the runs of
        words that it is in. Where two words say the same, both weigh little.

        Raises:
            UsageError: it learnt from features that are no words of reviews.
        """
        self.reviews([])
        return explain_words(
            texts, self.columns_,
            lambda rows: self._spread(self._graph_scores(self.weighting_(rows))),
            buckets=self.settings.buckets, ngrams=self.settings.ngrams,
        )  # fmt: skip

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return self.weighting_.to_arrays()

    def _restore(self, arrays: Mapping[str, NDArray[Any]], directory: Path) -> None:
        self.weighting_ = Weighting.from_arrays(arrays)
