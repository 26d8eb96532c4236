"""Settings of learning: what is predicted, from which text, and how reviews are split."""

from dataclasses import dataclass, replace
from typing import Final, Self

from reviewdesk.errors import UsageError
from reviewdesk.settings.declaration import Settings, setting

SENTIMENT: Final = "sentiment"
SEVERAL: Final = "labels"
"""The target of which a review may have several labels."""
OWN: Final = "label"
"""The target of labels that stand in a column of one's own."""


@dataclass(frozen=True, kw_only=True)
class TargetSettings(Settings):
    """What a classifier learns to predict."""

    target: str = setting(
        SENTIMENT,
        "what to predict",
        choices=(
            *(SENTIMENT, "stars", "category", "category-year", "category-stars", SEVERAL, OWN),
        ),
    )
    label: str = setting(
        "",
        "column with labels of your own to predict instead: one of the file that is kept with "
        "--keep, or any of the reviews table",
    )
    positive_from: int = setting(
        4, "sentiment: fewest stars that count as positive", minimum=2, maximum=5
    )
    drop_three: bool = setting(False, "sentiment: leave reviews with three stars out")
    label_separator: str = setting(
        "|", "labels: what stands between the labels of a review in its column"
    )
    min_reviews: int = setting(
        20,
        "the category targets, labels and labels of your own: leave out labels with fewer "
        "reviews; the results name them",
        minimum=1,
    )

    def check(self) -> Self:
        """Return settings whose values are within their limits, and whose target is the column's.

        Raises:
            UsageError: a value is not allowed, or a column is named beside a target.
        """
        checked = super().check()
        if checked.target == OWN and not checked.label:
            raise UsageError("say which column has your labels: --label COLUMN")
        if not checked.label or checked.target in (OWN, SEVERAL):
            return checked
        if checked.target != SENTIMENT:
            raise UsageError("give a target or a column of labels, not both")
        return replace(checked, target=OWN)


@dataclass(frozen=True, kw_only=True)
class TextSettings(Settings):
    """Which text a classifier reads."""

    fields: tuple[str, ...] = setting(
        ("review_headline", "review_body"),
        "columns that hold the text; the product's title is none of the reviewer's words",
        choices=("review_headline", "review_body", "product_title"),
    )
    drop_default_headlines: bool = setting(
        False, "read headlines that the shop filled in itself (Five Stars) as empty"
    )
    languages: tuple[str, ...] = setting(
        (), "learn from and measure on reviews in this language alone, as in de; none named: all"
    )


@dataclass(frozen=True, kw_only=True)
class SplitSettings(Settings):
    """How reviews are divided into a training and a test side."""

    by: str = setting(
        "product",
        "what stays together on one side; time puts the newest reviews on the test side",
        choices=("review", "product", "customer", "time"),
    )
    test_share: float = setting(
        0.2, "share of the reviews on the test side", minimum=0, maximum=0.9
    )
    seed: int = setting(0, "another seed gives another division", minimum=0)


@dataclass(frozen=True, kw_only=True)
class ExportSettings(Settings):
    """What an export holds."""

    format: str = setting(
        "csv",
        "what to write; csv and jsonl hold the reviews as they are, the others their words",
        choices=("csv", "jsonl", "fasttext", "augmented-manifest", "libsvm"),
    )
    validation_share: float = setting(
        0.1, "share of the reviews on the validation side", minimum=0, maximum=0.9
    )
    column: tuple[str, ...] = setting((), "csv and jsonl: column of the reviews to write as well")
    buckets: int = setting(
        2**20, "libsvm: how many indices the words are hashed to", minimum=1, maximum=2**31 - 2
    )
    ngrams: int = setting(
        1, "libsvm: the longest run of words that counts as one", minimum=1, maximum=5
    )
    chunks: int = setting(
        1,
        "libsvm: into how many files the training side is dealt, each a random part of it",
        minimum=1,
        maximum=500,
    )
