import numpy as np
import pytest

from reviewdesk.errors import UsageError
from reviewdesk.examples.splits import split
from reviewdesk.examples.three_way import split_three_ways
from reviewdesk.settings import SplitSettings

from .shop import corpus


@pytest.mark.parametrize("by", ["product", "review", "customer", "time"])
def test_three_sides_that_share_nothing(by: str) -> None:
    examples = corpus(1_000)
    settings = SplitSettings(by=by)
    found = split_three_ways(examples, settings, 0.1)
    masks = found.masks
    assert list(masks) == ["train", "validation", "test"]
    assert (np.sum(list(masks.values()), axis=0) == 1).all()
    assert (masks["test"] == split(examples, settings).test).all()
    assert abs(masks["validation"].sum() - 100) <= 10
    if by == "product":
        sides = [set(examples.groups[mask].tolist()) for mask in masks.values()]
        assert len(set.union(*sides)) == sum(map(len, sides))
        shares = [(examples.label[mask] == 0).mean() for mask in masks.values()]
        assert np.allclose(shares, 0.25, atol=0.03)


def test_a_text_is_on_one_side_only() -> None:
    examples = corpus(1_000, review_body=[f"text number {row % 300}" for row in range(1_000)])
    found = split_three_ways(examples, SplitSettings(by="review"), 0.1)
    keys = {side: set(examples.text_keys[mask].tolist()) for side, mask in found.masks.items()}
    assert not keys["train"] & (keys["validation"] | keys["test"])
    assert not keys["validation"] & keys["test"]
    placed = sum(int(mask.sum()) for mask in found.masks.values())
    assert found.left_out["same_text_on_another_side"] == 1_000 - placed > 0


def test_no_validation_side() -> None:
    examples = corpus(200)
    found = split_three_ways(examples, SplitSettings(), 0)
    assert not found.masks["validation"].any()
    assert (found.masks["train"] == split(examples, SplitSettings()).train).all()


def test_shares_that_leave_nothing() -> None:
    with pytest.raises(UsageError, match="nothing to train on"):
        split_three_ways(corpus(200), SplitSettings(test_share=0.5), 0.5)
