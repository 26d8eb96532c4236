"""A model file of fastText or BlazingText in the place of a classifier: it predicts only."""

import hashlib
from pathlib import Path
from typing import ClassVar, Final, NoReturn, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, InputError, UsageError
from reviewdesk.formats.fasttext import PREFIX
from reviewdesk.models.base import Classifier
from reviewdesk.models.labelled import BODY, LabelledReviews, Texts, text_array
from reviewdesk.models.vectors.fasttext_use import FastTextUser
from reviewdesk.models.vectors.text_rows import TextLines
from reviewdesk.settings import Settings

LINES_AT_ONCE: Final = 4_096


class FastTextFile(Classifier):
    """Gives the labels and probabilities of a ``.bin`` or ``.ftz`` as fastText does.

    Texts are read as they come: tokenised, with blanks between the words. Labels lose their prefix.

    Args:
        user: what is read from the file.
        digest: names its content.
    """

    family: ClassVar[str] = "fasttext-file"
    columns: ClassVar[tuple[str, ...]] = (BODY,)
    settings_class: ClassVar[type[Settings]] = Settings
    supports_multilabel: ClassVar[bool] = True

    def __init__(self, user: FastTextUser, digest: str) -> None:
        super().__init__()
        self._user, self.digest = user, digest
        self.columns_ = self.columns
        self.labels_ = [label.removeprefix(PREFIX) for label in user.labels]
        self.multilabel_ = user.model.loss == "ova"

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            BundleError: it is damaged, or gives no labels.
            StorageError: it cannot be opened.
        """
        try:
            user = FastTextUser.open(path)
        except InputError as error:
            raise BundleError(str(error)) from error
        if not user.model.supervised:
            raise BundleError(f"{path} holds vectors of words and gives no labels to serve")
        with path.open("rb") as file:
            return cls(user, hashlib.file_digest(file, "sha256").hexdigest())

    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        """Return fastText's probability of each label, (n, k), from which nothing is left to do."""
        column = self.reviews(batch).column(0) if isinstance(batch, pa.RecordBatch) else None
        texts = text_array(batch) if column is None else column
        lines = [(text or "").encode() for text in texts.to_pylist()]
        found = [
            self._user.probabilities(TextLines.of(lines[start : start + LINES_AT_ONCE]))[0]
            for start in range(0, len(lines), LINES_AT_ONCE)
        ]
        return np.concatenate(found) if found else np.zeros((0, len(self.labels_)), np.float32)

    def _probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        return scores

    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> NoReturn:
        raise UsageError("a file of fastText's does not learn; train the model fasttext")

    def save(self, directory: Path) -> NoReturn:
        """Refuse: the file is what is saved."""
        raise UsageError("a file of fastText's is no bundle; copy the file")

    @classmethod
    def load(cls, directory: Path) -> NoReturn:
        """Refuse: no bundle holds it."""
        raise BundleError("a file of fastText's is no bundle")
