"""An endpoint elsewhere as a judge: which words count is learnt by leaving each of them out."""

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.desk.judges import MOST_WORDS, Pasted
from reviewdesk.desk.measured import Measured
from reviewdesk.desk.texts import Texts
from reviewdesk.errors import UsageError
from reviewdesk.models.neural.explain_texts import explain_text_words
from reviewdesk.scoring.endpoint import FIELDS, EndpointPredictor
from reviewdesk.scoring.explain import TextVerdict, strongest

SMALLEST: Final = 1e-6
"""Endpoints round probabilities, and a 0 has no logarithm."""

_LABELS: Final = {
    "sentiment": frozenset({"positive", "negative"}),
    "stars": frozenset("12345"),
}
"""Targets that the page speaks of in words of its own, with the labels that these are made for."""


class EndpointJudge:
    """An endpoint.

    Args:
        predictor: what asks it; says what it judges where nothing is named.
        name: how people know it.
        target: what it judges, where it does not say so itself.

    Raises:
        UsageError: its labels are not those of the target.
    """

    is_example = False
    rests_on = ""

    def __init__(self, predictor: EndpointPredictor, name: str, target: str = "") -> None:
        self.target = target or predictor.target
        wanted = _LABELS.get(self.target)
        if wanted is not None and not set(predictor.labels) <= wanted:
            raise UsageError(
                f"{name} does not answer with the labels of {self.target}, which are "
                f"{', '.join(sorted(wanted))}; name another target"
            )
        self._predictor = predictor
        self._name = name

    @property
    def reads_title(self) -> bool:
        """Whether it reads the title of the product."""
        return "product_title" in self._predictor.fields

    def meaning(self, say: Texts) -> str:
        """Return what is known of its labels."""
        return say("paste.means.endpoint", name=self._name, n=len(self._predictor.labels))

    def read(self, review: Pasted) -> dict[str, str]:
        """Return headline and body; the endpoint cleans them."""
        return {"review_headline": review.headline.strip(), "review_body": review.body.strip()}

    def judge(self, review: Pasted) -> tuple[TextVerdict, Measured | None]:
        """Return its verdict; nothing is known of how often such verdicts were right.

        Raises:
            StorageError: it does not answer.
            InputError: it refuses, or does not answer as a classifier does.
        """
        if self._predictor.takes_texts:
            review = Pasted("", "\n".join(filter(None, (review.headline, review.body))))
        texts = dict(zip(("review_headline", "review_body", "product_title"), review, strict=True))
        asked: list[NDArray[np.float32]] = []

        def score(reviews: pa.RecordBatch) -> NDArray[np.float32]:
            shares = self._predictor.predict_proba(reviews)
            asked.append(shares[0])
            return np.log(np.maximum(shares, SMALLEST)).astype(np.float32)

        columns = [name for name in self._predictor.fields or FIELDS if texts.get(name)]
        explanation = explain_text_words(texts, columns or ["review_body"], score)
        known = int((np.abs(explanation.weights).max(axis=1, initial=0) > SMALLEST).sum())
        labels = self._predictor.labels
        return TextVerdict(
            probabilities=dict(zip(labels, asked[0].tolist(), strict=True)),
            reasons={
                label: strongest(explanation, place, MOST_WORDS)
                for place, label in enumerate(labels)
            },
            known_words=known,
        ), None
