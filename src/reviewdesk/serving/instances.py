"""The reviews of one request, whatever format they came in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import pyarrow as pa

from reviewdesk.errors import PayloadTooLarge, RequestError
from reviewdesk.models.sparse.sparse_rows import FEATURES, SparseRows

COLUMNS: Final = ("review_headline", "review_body", "product_title")


class ReviewTexts(NamedTuple):
    """The texts of one review.

    Args:
        body: the review's text.
        headline: its title, where it has one.
        title: the product's title, where it came with one.
    """

    body: str
    headline: str | None = None
    title: str | None = None


@dataclass
class Instances:
    """The reviews of one request, in its order.

    Args:
        limit: the most reviews that one request may hold.
    """

    limit: int
    texts: list[ReviewTexts] = field(default_factory=list)
    wanted: list[int] = field(default_factory=list)  # how many labels each answer has
    tell_known_words: list[bool] = field(default_factory=list)  # whether each answer says it
    lines: list[str] = field(default_factory=list)  # features in place of texts, one by one
    features: SparseRows | None = None  # of all rows
    cleaned: bool = False  # as `prepare` does it, before they were sent
    tell_about: bool = False  # whether the first answer says what answers

    def __len__(self) -> int:
        return len(self.wanted)

    def add(self, review: ReviewTexts, k: int = 1, *, tell_known_words: bool = False) -> None:
        """Take one more review.

        Args:
            review: its texts.
            k: how many labels the answer has.
            tell_known_words: whether the answer says how many of its words are known.

        Raises:
            PayloadTooLarge: there are too many.
        """
        self._add(k, tell_known_words)
        self.texts.append(review)

    def add_line(self, features: str, k: int = 1, *, tell_known_words: bool = False) -> None:
        """Take one more row of features, written as in LIBSVM without a label; see ``add``."""
        self._add(k, tell_known_words)
        self.lines.append(features)

    def take_features(self, rows: SparseRows) -> None:
        """Take rows of features in place of reviews.

        Raises:
            PayloadTooLarge: there are too many.
        """
        for _ in range(len(rows)):
            self._add(1, False)
        self.features = rows

    def _add(self, k: int, tell_known_words: bool) -> None:
        if len(self) == self.limit:
            raise PayloadTooLarge(
                f"a request may hold at most {self.limit} reviews; send them in several requests"
            )
        self.wanted.append(k)
        self.tell_known_words.append(tell_known_words)

    @classmethod
    def joined(cls, parts: "Sequence[Instances]") -> "Instances":
        """Return the reviews of several requests; features and cleaned ones come alone."""
        if len(parts) == 1:
            return parts[0]
        both = cls(sum(part.limit for part in parts))
        for part in parts:
            both.texts += part.texts
            both.wanted += part.wanted
            both.tell_known_words += part.tell_known_words
        return both

    def batch(self, columns: Collection[str] = COLUMNS) -> pa.RecordBatch:
        """Return columns of the reviews as they came, not yet cleaned.

        Args:
            columns: some of review_headline, review_body and product_title.

        Of rows of features, one column of these.

        Raises:
            RequestError: there are none, or a text is not valid Unicode.
        """
        if not len(self):
            raise RequestError("the request holds no review; send at least one")
        if self.features is not None:
            return pa.record_batch({FEATURES: self.features.column()})
        bodies, headlines, titles = zip(*self.texts, strict=True)
        texts = dict(zip(COLUMNS, (headlines, bodies, titles), strict=True))
        names = [name for name in COLUMNS if name in columns]
        try:
            arrays = [pa.array(texts[name], pa.string()) for name in names]
        except UnicodeEncodeError as error:  # JSON can spell half of a surrogate pair
            raise RequestError(
                "a text is not valid Unicode: it holds half of a surrogate pair"
            ) from error
        return pa.RecordBatch.from_arrays(arrays, names)
