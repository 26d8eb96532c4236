"""Three sides: reviews to train on, to choose settings by, and to test on."""

from dataclasses import dataclass, replace

import numpy as np

from reviewdesk.errors import UsageError
from reviewdesk.examples.examples import Examples
from reviewdesk.examples.splits import Mask, split
from reviewdesk.examples.targets import NO_LABEL
from reviewdesk.settings import SplitSettings


@dataclass(frozen=True, eq=False)
class ThreeWaySplit:
    """A division of labelled reviews.

    Args:
        masks: side (train, validation, test) → (n,) which reviews are on it.
        left_out: how many reviews are on no side, by reason.
    """

    masks: dict[str, Mask]
    left_out: dict[str, int]


def split_three_ways(
    examples: Examples, settings: SplitSettings, validation_share: float
) -> ThreeWaySplit:
    """Divide the labelled reviews into three sides.

    The test side is that of ``split``, so that a bundle trained on the same data has the same. The
    validation side is taken from the rest by the same rule: what stays together stays together,
    and a text that is on it is not on the training side.

    Args:
        examples: n reviews.
        settings: what stays together, the share of the test side, the seed.
        validation_share: share of all labelled reviews; 0 for an empty side.

    Raises:
        UsageError: nothing would be left to train on.
        MissingColumn: the column to divide by is empty.
        NotEnoughData: a side is empty, or there is only one label to learn.
    """
    rest = 1 - settings.test_share
    if validation_share >= rest:
        raise UsageError(
            f"a test share of {settings.test_share} and a validation share of {validation_share} "
            "leave nothing to train on; ask for less"
        )
    first = split(examples, settings)
    train, validation = first.train, np.zeros(len(examples), np.bool_)
    dropped = first.dropped_texts
    if validation_share:
        remaining = replace(examples, label=np.where(train, examples.label, np.int32(NO_LABEL)))
        again = settings.from_json({**settings.to_json(), "test_share": validation_share / rest})
        second = split(remaining, again)
        train, validation = second.train, second.test
        dropped += second.dropped_texts
    return ThreeWaySplit(
        masks={"train": train, "validation": validation, "test": first.test},
        left_out={"same_text_on_another_side": dropped, "undated": first.undated},
    )
