"""Drift that was planted is noticed, over all looks; where none was, hardly ever anything is."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from reviewdesk.experiments.watch import Quantity, Watch, log_wealth, quantity, watch
from reviewdesk.experiments.watch_page import watch_page

Floats = NDArray[np.float64]
NAMES = ("share of negative", "share of unknown words", "share of right answers")


def quantities(rng: np.random.Generator) -> list[Quantity]:
    """Return what a model of 200 products with six held-out reviews each was trained on."""
    groups = np.repeat(np.arange(200), 6)
    shifts = np.repeat(rng.normal(0, 0.05, 200), 6)
    return [
        quantity(NAMES[0], "answers", (rng.random(1_200) < 0.25 + shifts).astype(float), groups),
        quantity(NAMES[1], "input", rng.beta(2, 20, 1_200), groups, fall=False),
        quantity(NAMES[2], "truth", (rng.random(1_200) < 0.9).astype(float), groups, rise=False),
    ]


def live(
    rng: np.random.Generator, n: int = 6_000, *, negative: float = 0.25, right: float = 0.9
) -> dict[str, Floats]:
    """Return live reviews; the last two thirds of them may have another share."""
    late = np.arange(n) > n / 3
    return {
        NAMES[0]: (rng.random(n) < np.where(late, negative, 0.25)).astype(float),
        NAMES[1]: rng.beta(2, 20, n),
        NAMES[2]: np.where(rng.random(n) < 0.3, rng.random(n) < np.where(late, right, 0.9), np.nan),
    }


def seen(seed: int, negative: float = 0.25, right: float = 0.9) -> Watch:
    rng = np.random.default_rng(seed)
    return watch(quantities(rng), live(rng, negative=negative, right=right), 6_000)


def test_without_drift_at_most_one_of_twenty_runs_raises_an_alarm() -> None:
    assert sum(bool(seen(seed).alarms) for seed in range(60)) <= 3


def test_two_variants_without_drift_hardly_ever_raise_one_either() -> None:
    """All of their quantities together, each against what its own bundle was trained on."""
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        both: list[Quantity] = []
        sent: dict[str, Floats] = {}
        for variant in "AB":
            own = [replace(one, variant=variant) for one in quantities(rng)]
            values = live(rng, 3_000)
            both += own
            sent |= {one.title: values[one.name] for one in own}
        alarms += bool(watch(both, sent, 6_000).alarms)
    assert alarms <= 3


def test_another_mix_of_what_is_sent_is_noticed() -> None:
    runs = [seen(seed, negative=0.4) for seed in range(20)]
    assert all([one.quantity.name for one in run.alarms] == [NAMES[0]] for run in runs)
    assert all(2_000 < run.alarms[0].since < 5_000 for run in runs)
    assert all("What is sent has changed: share of negative went from" in run.sentence
               for run in runs)  # fmt: skip


def test_a_model_that_gets_worse_is_to_be_trained_again() -> None:
    runs = [seen(seed, right=0.75) for seed in range(20)]
    assert all(run.sentence.startswith("Train again: share of right answers") for run in runs)


def test_a_change_at_the_end_is_noticed_too() -> None:
    """After 20,000 reviews without a change, 1,500 of another kind suffice."""
    rng = np.random.default_rng(7)
    (one,) = quantities(rng)[:1]
    values = (rng.random(21_500) < np.where(np.arange(21_500) < 20_000, 0.25, 0.5)).astype(float)
    assert watch([one], {NAMES[0]: values}, 21_500).alarms
    assert not watch([one], {NAMES[0]: values[:20_000]}, 20_000).alarms


def test_wealth_is_expected_to_stay_at_1() -> None:
    """Over all courses of ten steps up or down, with bets that begin anew after each."""
    steps = np.array(np.meshgrid(*[[-0.5, 0.5]] * 10)).reshape(10, -1).T
    looks = np.arange(1, 11)
    wealth = np.mean([np.exp(log_wealth(course, looks)) for course in steps], axis=0)
    assert wealth == pytest.approx(1.0)


def test_the_page_and_the_gauges_say_the_same() -> None:
    found = seen(3, right=0.6)
    page = watch_page(found, "<b>").render()
    assert found.sentence in page
    assert "<b>" not in page.replace("<body>", "")
    assert page.count("<svg") == 3
    labels = 'endpoint="sentiment",quantity="share of right answers"'
    assert f"reviewdesk_monitor_alarm{{{labels}}} 1" in found.gauges("sentiment")
    assert found.to_json()["quantities"][2]["alarm"] is True
