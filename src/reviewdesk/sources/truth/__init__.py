"""Known errors: what is wrong with some reviews and products, for grading findings against it."""

from reviewdesk.sources.truth.read import read_truth
from reviewdesk.sources.truth.schema import (
    DECLINING,
    PRODUCT_CATEGORY,
    REVIEW_CATEGORY,
    VARIANTS,
    Truth,
)
from reviewdesk.sources.truth.write import truth_directory, write_truth

__all__ = [
    "DECLINING",
    "PRODUCT_CATEGORY",
    "REVIEW_CATEGORY",
    "VARIANTS",
    "Truth",
    "read_truth",
    "truth_directory",
    "write_truth",
]
