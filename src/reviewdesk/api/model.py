"""Models: trained, loaded, asked, measured, explained."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.api.evaluation import Evaluated
from reviewdesk.api.notebook import small_table
from reviewdesk.api.options import settings_from
from reviewdesk.api.reviews import Reviews, labelled_reviews, places_of
from reviewdesk.api.session import SessionFolder
from reviewdesk.api.tables import Files, Table, arrow_table, is_table
from reviewdesk.bundle import Bundle
from reviewdesk.engines.local_copies import local_copy, published
from reviewdesk.errors import UsageError
from reviewdesk.job.places import bundle_of
from reviewdesk.models.base import LIKELY, ReadsFeatures
from reviewdesk.models.labelled import BODY, Texts, text_array
from reviewdesk.models.sparse.sparse_rows import FEATURES
from reviewdesk.progress import Progress
from reviewdesk.schema import REVIEWS
from reviewdesk.scoring.explain import TextVerdict
from reviewdesk.scoring.explain import explain as explain_text
from reviewdesk.scoring.labelled_rows import label_rows
from reviewdesk.scoring.predict import PredictSummary
from reviewdesk.settings import (
    OWN,
    SENTIMENT,
    SEVERAL,
    SourceSettings,
    SplitSettings,
    TargetSettings,
    TextSettings,
)
from reviewdesk.sources.catalog import open_inputs
from reviewdesk.sources.mapping import map_columns
from reviewdesk.training.evaluate import evaluate as evaluate_bundle
from reviewdesk.training.feature_files import FEATURE_MODEL, holds_features, train_features
from reviewdesk.training.measured_rows import Rows
from reviewdesk.training.multilabel import evaluate_multilabel
from reviewdesk.training.train import train as train_bundle


class Model:
    """A trained classifier with all that is needed to use it.

    Args:
        bundle: what was trained.
        path: where it is on disk.
        folder: a temporary folder that holds it; it is removed with this object.
    """

    def __init__(self, bundle: Bundle, path: Path, folder: SessionFolder | None = None) -> None:
        self.bundle = bundle
        self.path = path
        self._folder = folder

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Open a bundle: its folder, a ``.tar.gz`` of it, or the folder of a job."""
        return cls(bundle_of(Path(path)), Path(path))

    @property
    def labels(self) -> list[str]:
        """The k labels, in the order of the probabilities."""
        return self.bundle.labels

    @property
    def metrics(self) -> Mapping[str, Any]:
        """What was measured on the held-out side when it was trained."""
        return self.bundle.metrics

    def predict_proba(self, reviews: Texts | Table, text: str = "") -> NDArray[np.float32]:
        """Return the probability of each label.

        Args:
            reviews: n texts (a list, an array, a Series, an Arrow array), or a DataFrame whose
                columns are found by their names; of ``mlp`` also a sparse matrix of features.
            text: the DataFrame's column that holds the texts, where its name does not say so.

        Returns:
            (n, k) in the order of ``labels``.

        Raises:
            InputError: these are no texts.
            MissingColumn: the DataFrame has no column for the text.
        """
        batch = self.bundle.clean(self._batch(reviews, text))
        return self.bundle.predict_proba(batch)

    def predict(self, reviews: Texts | Table, text: str = "") -> NDArray[Any]:
        """Return the most probable label of each review, (n,); see ``predict_proba``.

        Where a review may have several labels, (n, k) whether it has each.
        """
        probabilities = self.predict_proba(reviews, text)
        if self.bundle.target == SEVERAL:
            return probabilities > LIKELY
        labels: NDArray[Any] = np.array(self.labels)[probabilities.argmax(axis=1)]
        return labels

    def predict_file(
        self,
        source: Files | Table,
        out: str | Path,
        *,
        evidence: int = 0,
        overwrite: bool = False,
        **settings: Any,
    ) -> PredictSummary:
        """Write the rows of files back with their labels, as ``reviewdesk predict`` does.

        Args:
            source: review files, folders or patterns; or a DataFrame.
            out: a file that ends in .csv, .tsv, .jsonl or .parquet.
            evidence: how many words to give as reasons for each label, in Parquet.
            overwrite: replace what is at ``out``.
            settings: how the files are read, such as ``columns={"review_body": "comment"}``.

        Returns:
            How many rows got each label, and how many none, by reason.

        Raises:
            UsageError: a setting is wrong, or something is at ``out``.
            InputError: the files cannot be read.
        """
        (files,) = settings_from(settings, SourceSettings)
        with TemporaryDirectory(prefix="reviewdesk-") as aside:
            inputs = open_inputs(places_of(source, Path(aside)), files)
            return label_rows(
                self.bundle,
                inputs,
                Path(out),
                evidence=evidence,
                overwrite=overwrite,
                progress=Progress(),
            )

    def explain(self, text: str, *, headline: str = "", title: str = "") -> TextVerdict:
        """Say which words of a text spoke for and against each label."""
        return explain_text(self.bundle, text, headline=headline, title=title)

    def evaluate(
        self, data: Reviews | Files | Table, *, rows: Rows | None = None, label: str = ""
    ) -> Evaluated:
        """Measure it on reviews.

        Args:
            data: reviews; those that it was trained on are measured on their held-out side.
            rows: ``"held-out"`` or ``"all"``, where the choice is not to be made by itself.
            label: the column with the true labels, where they are not what it learnt from.
        """
        own = self.bundle.settings.target
        target = replace(own, target=OWN, label=label) if label else own
        reviews = labelled_reviews(data, target)  # a folder of this session lasts as long
        prepared = reviews.data
        if self.bundle.target == SEVERAL:
            found = evaluate_multilabel(self.bundle, prepared, rows=rows, progress=Progress())
            return Evaluated(found)
        return Evaluated(
            evaluate_bundle(self.bundle, prepared, rows=rows, label=label, progress=Progress())
        )

    def save(self, path: str | Path) -> Path:
        """Copy the bundle to a folder that is not there yet, and return it.

        Raises:
            UsageError: something is there.
        """
        path = Path(path)
        with local_copy(self.path) as own, published(path) as target:
            if target.exists():
                raise UsageError(f"{target} is there already; choose another place")
            if own.is_dir():
                shutil.copytree(own, target)
            else:
                shutil.copyfile(own, target)
        return path

    def __repr__(self) -> str:
        return f"<{self.bundle.family} for {self.bundle.target}: {', '.join(self.labels[:6])}>"

    def _repr_html_(self) -> str:
        figures = self.metrics.get("figures", {})
        rests_on = self.bundle.rests_on
        how = "judged by a person" if rests_on else "held out"
        measured = [
            (f"{name}, {how}", "{value:.3f} ({low:.3f} to {high:.3f})".format(**figures[name]))
            for name in ("accuracy", "macro_f1")
            if name in figures and None not in figures[name].values()
        ]
        facts = [("family", self.bundle.family), ("target", self.bundle.target)]
        labels = ", ".join(self.labels[:12]) + (" and more" if len(self.labels) > 12 else "")
        mind = [("mind", rests_on)] if rests_on else []
        return small_table("Model", [*facts, ("labels", labels), *measured, *mind])

    def _batch(self, reviews: Any, text: str) -> pa.RecordBatch:
        """Return raw reviews as the columns that the bundle reads, or rows of features."""
        classifier = self.bundle.classifier
        if not hasattr(reviews, "tocsr"):
            return review_batch(reviews, text, self.bundle.settings.text.fields)
        if not isinstance(classifier, ReadsFeatures):
            raise UsageError(f"{self.bundle.family} reads texts, not a matrix of features")
        return pa.record_batch({FEATURES: classifier.matrix_rows(reviews).column()})


def review_batch(reviews: Texts | Table, text: str, fields: Sequence[str]) -> pa.RecordBatch:
    """Return raw reviews as columns (n rows); what is not there is null.

    Args:
        reviews: n texts, or a DataFrame whose columns are found by their names.
        text: the DataFrame's column that holds the texts, where its name does not say so.
        fields: the columns, of those of the reviews table.
    """
    given: Any = reviews
    if is_table(given):
        table = arrow_table(given)
        told = {BODY: text} if text else {}
        columns = map_columns(table.column_names, told, "the table").columns
        texts = {name: table.column(columns[name]) for name in fields if name in columns}
    else:
        streamed = hasattr(given, "__arrow_c_stream__") and not hasattr(given, "iloc")
        texts = {BODY: pa.chunked_array(given) if streamed else text_array(given)}
    rows = len(next(iter(texts.values())))
    arrays = [
        _strings(texts[name]) if name in texts else pa.nulls(rows, pa.string()) for name in fields
    ]
    return pa.record_batch(arrays, schema=pa.schema([REVIEWS.field(name) for name in fields]))


def _strings(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    return pc.cast(whole, pa.string())


def train(
    data: Reviews | Files | Table,
    target: str = "",
    *,
    model: str = "linear",
    text: str = "",
    label: str = "",
    out: str | Path | None = None,
    refit: bool = True,
    overwrite: bool = False,
    model_settings: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Model:
    """Train a classifier and measure it on reviews that are held out, as ``reviewdesk train``.

    Args:
        data: reviews, files or a DataFrame; for ``mlp`` also LIBSVM files, or an export of these.
        target: what to predict, such as ``"sentiment"``, ``"stars"`` or ``"category"``.
        model: name of the family.
        text: the column that holds the texts, where its name does not say so.
        label: a column of texts or numbers with labels of one's own, to be learnt instead of a
            target; of reviews that were prepared, one that was kept.
        out: the bundle to write; None keeps it for this session.
        refit: whether it learns from all reviews once it was measured; networks do not.
        overwrite: replace what is at ``out``.
        model_settings: the family's own settings.
        settings: those of ``reviewdesk train``, such as ``test_share=0.1``.

    Raises:
        UsageError: a setting is wrong.
        NotEnoughData: there are not two labels with reviews.

    Example:
        >>> import reviewdesk as rd
        >>> import pyarrow as pa
        >>> texts = [f"{word}, number {n}" for n in range(40) for word in ("lovely", "broken")]
        >>> table = pa.table({"note": texts, "topic": ["praise", "defect"] * 40})
        >>> rd.train(table, text="note", label="topic").predict(["so lovely", "it is broken"])
        array(['praise', 'defect'], dtype='<U6')
    """
    if model == FEATURE_MODEL and isinstance(data, str | Path) and holds_features(Path(data)):
        return _train_features(Path(data), out, overwrite, model_settings, settings)
    if text and isinstance(data, Reviews):
        raise UsageError("text names a column of files and DataFrames; give one of these")
    named = {"target": target or (OWN if label else SENTIMENT), "label": label}
    target_, text_, split = settings_from(
        {**settings, **named}, TargetSettings, TextSettings, SplitSettings
    )
    columns = {"columns": {"review_body": text}} if text else {}
    reviews = labelled_reviews(data, target_, **columns)
    folder = SessionFolder() if out is None else None
    path = folder.path / "bundle" if folder else Path(out or "")
    result = train_bundle(
        reviews.data,
        path,
        model=model,
        target=target_,
        text=text_,
        split=split,
        model_settings=model_settings,
        refit=refit,
        overwrite=overwrite,
        progress=Progress(),
    )
    return Model(result.bundle, path, folder)


def _train_features(
    files: Path,
    out: str | Path | None,
    overwrite: bool,
    model_settings: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
) -> Model:
    """Train on LIBSVM files, whose labels and sides are their own."""
    (split,) = settings_from(settings, SplitSettings)
    folder = SessionFolder() if out is None else None
    path = folder.path / "bundle" if folder else Path(out or "")
    result = train_features(
        files, path, split=split, model_settings=model_settings, overwrite=overwrite,
        progress=Progress(),
    )  # fmt: skip
    return Model(result.bundle, path, folder)


def load(path: str | Path) -> Model:
    """Open a bundle: its folder, or a ``.tar.gz`` of it.

    Raises:
        BundleError: it is damaged, hostile or too new.
        StorageError: it cannot be opened.
    """
    return Model.load(path)
