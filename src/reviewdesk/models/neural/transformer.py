"""A family that goes on from an encoder that others have trained."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.base import Explanation
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.neural.classifier import NetworkClassifier
from reviewdesk.models.neural.explain_texts import explain_text_words
from reviewdesk.models.neural.plan import EncoderShape
from reviewdesk.models.neural.pretrained import MOST, encoder_folder, most_positions
from reviewdesk.models.neural.settings import chosen
from reviewdesk.models.neural.subwords import Subwords
from reviewdesk.models.neural.tokens import write_tokens
from reviewdesk.models.neural.transformer_settings import TransformerSettings
from reviewdesk.models.neural.windows import in_windows, pooled, summed
from reviewdesk.models.short_texts import CutTexts
from reviewdesk.optional import require
from reviewdesk.settings import Settings
from reviewdesk.storage import read_json, storage_errors

TOKENIZER: Final = "tokenizer.json"
CONFIG: Final = "config.json"
EXTRA: Final = "transformers"


class Transformer(NetworkClassifier):
    """An encoder that others have trained, learnt further on reviews.

    ``from`` names it: a folder, or an encoder that a package brings.
    """

    family: ClassVar[str] = "transformer"
    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body", "product_title")
    settings_class: ClassVar[type[Settings]] = TransformerSettings
    aliases: ClassVar[Mapping[str, str]] = {"from": "encoder"}
    settings: TransformerSettings

    def __init__(self, **settings: Any) -> None:
        if "from" in settings:
            settings["encoder"] = settings.pop("from")
        super().__init__(**settings)

    def _require(self) -> None:
        super()._require()
        for package in ("transformers", "tokenizers"):
            require(package, EXTRA)

    def _prepare(
        self, folder: Path, train: LabelledReviews, validation: LabelledReviews | None
    ) -> None:
        """Write what is learnt, and from what, into a folder."""
        source = encoder_folder(self.settings.encoder)
        values = chosen(self.family, self.settings)
        with storage_errors(str(source)):
            tokenizer = (source / TOKENIZER).read_bytes()
        config = read_json(source / CONFIG)
        most = min(values["most_words"], most_positions(config))
        self.subwords_ = Subwords(self.columns_, tokenizer, most)
        self._reviews: list[NDArray[np.int64]] = []
        tokens = write_tokens(
            folder / "tokens", self.subwords_, lambda: self._windows(train.batches()),
            (lambda: self._windows(validation.batches())) if validation else None,
            k=len(self.labels_), share=values["validation_share"], seed=values["seed"],
        )  # fmt: skip
        self._tokens, self.present_ = tokens, tokens.present
        if not len(tokens.validation):
            values["epochs"] = self._more_epochs(values, len(tokens.learnt))
        same = ("frozen", "dropout", "layer_decay", "int8")
        shape = EncoderShape(
            config=json.dumps(config, sort_keys=True), source=str(source),
            k=len(self.present_), objective=self._objective(),
            **{name: values[name] for name in same},
        )  # fmt: skip
        self._write_plan(folder, shape, values)

    def _windows(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the windows of reviews, and keep of which review each is."""
        if self.settings.windows == 1:
            yield from batches
            return
        for batch in batches:
            rows, begins = in_windows(batch, self.subwords_, self.columns_, self.settings.windows)
            before = self._reviews[-1][-1] + 1 if self._reviews else 0
            counts = np.diff([*begins.tolist(), len(rows)])
            if len(batch):
                self._reviews.append(before + np.repeat(np.arange(len(batch)), counts))
            yield rows

    def _calibrate(self) -> None:
        """Learn how sure probabilities may be from the rows that were held out."""
        rows = self._tokens.validation
        ids, ends = self._tokens.ids_of(rows)
        scores, labels = self.graph_.scores(ids, ends), self._tokens.labels[rows]
        known = self.subwords_.known(ends)
        if self._reviews and len(rows):
            _, begins = np.unique(np.concatenate(self._reviews)[rows], return_index=True)
            scores, known = pooled(scores, begins), summed(known, begins)
            labels = labels[begins]
        label_rows = np.bincount(self._tokens.labels, minlength=len(self.present_))
        none = CutTexts(scores[:0], known[:0], labels[:0])
        label_rows = label_rows[: len(self.present_)]
        self.calibration_ = self._calibrated(scores, labels, known, label_rows, none)

    def _scored(self, reviews: pa.RecordBatch) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        if self.settings.windows == 1:
            ids, ends = self.subwords_.ids(reviews)
            return self.graph_.scores(ids, ends), self.subwords_.known(ends)
        rows, begins = in_windows(reviews, self.subwords_, self.columns_, self.settings.windows)
        ids, ends = self.subwords_.ids(rows)
        scores = self.graph_.scores(ids, ends)
        return pooled(scores, begins), summed(self.subwords_.known(ends), begins)

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        """Return what each word of one review adds; see ``explain_text_words``."""
        return explain_text_words(texts, self.columns_, self.decision_scores)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"most": np.array([self.subwords_.most], np.int64)}

    def _files(self) -> dict[str, bytes]:
        return {TOKENIZER: self.subwords_.data}

    def _restore(self, arrays: Mapping[str, NDArray[Any]], directory: Path) -> None:
        most = arrays.get("most")
        if most is None or most.shape != (1,) or not 8 <= most[0] <= MOST:
            raise BundleError("the weights do not say how much of a review is read")
        with storage_errors(str(directory)):
            data = (directory / TOKENIZER).read_bytes()
        self.subwords_ = Subwords(self.columns_, data, int(most[0]))
