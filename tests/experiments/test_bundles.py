"""Bundles on the same held-out reviews: the sentence of a split test."""

import numpy as np
from numpy.typing import NDArray

from reviewdesk.experiments.bundles import bundles_status
from reviewdesk.experiments.summary import summarise


def answers(n: int, seed: int, better: float) -> dict[str, NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.85
    mended, broken = rng.random(n) < 0.05 + better * 5, rng.random(n) < 0.01
    return {"a/bundle": first, "b:1,c": np.where(first, ~broken, mended)}


def test_the_better_bundle_is_named() -> None:
    groups = (np.arange(4_000) // 4).astype(np.uint64)
    found = bundles_status(answers(4_000, 1, 0.08), groups)
    summary = summarise(found)
    assert summary.kind == "better"
    assert summary.sentence.startswith("b:1,c is better by ")
    assert found.goals[0].comparison.units[-1] == 1_000
    assert summarise(bundles_status(answers(4_000, 2, 0.0), groups)).kind == "undecided"


def test_bundles_that_never_differ_are_not_told_apart() -> None:
    right = np.random.default_rng(0).random(500) < 0.9
    found = bundles_status({"a": right, "b": right}, np.arange(500).astype(np.uint64))
    assert summarise(found).kind == "undecided"


def test_one_product_only_says_nothing() -> None:
    right = answers(50, 3, 0.1)
    assert summarise(bundles_status(right, np.zeros(50, np.uint64))).kind == "waiting"
