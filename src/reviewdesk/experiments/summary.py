"""What an experiment says, in one sentence, and what stands beside it."""

import math
from typing import Final, NamedTuple

import numpy as np

from reviewdesk.experiments import mixture
from reviewdesk.experiments.comparison import Comparison
from reviewdesk.experiments.design import LOWER, Design
from reviewdesk.experiments.status import Compared, Ratio, Status
from reviewdesk.report.numbers import count

LONGEST: Final = 1_000.0
"""How many times the units that are there are looked ahead to."""

BISECTIONS: Final = 40


class Summary(NamedTuple):
    """What to do.

    Args:
        kind: ``ratio``, ``guardrail``, ``waiting``, ``better``, ``worse``, ``mixed``, ``alike`` or
            ``undecided``.
        sentence: for people.
        stop: whether the experiment has told what it can.
    """

    kind: str
    sentence: str
    stop: bool


def summarise(status: Status) -> Summary:
    """Return what to do.

    A broken split, then a breached guardrail, stand in place of any result.
    """
    ratio = status.ratio
    if ratio is not None and ratio.alarm:
        return Summary("ratio", _ratio_sentence(status.design, ratio), True)
    breached = [one for one in status.guardrails if one.named]
    if breached:
        return Summary("guardrail", _guardrail_sentence(breached), True)
    named = [one for one in status.goals if one.named]
    if named:
        return _named(status, named)
    known = [one for one in status.goals if math.isfinite(one.now[1]) and math.isfinite(one.now[2])]
    if not known:
        return Summary("waiting", "There are too few outcomes to say anything yet; go on.", False)
    least = status.design.settings.effect
    if least and len(known) == len(status.goals) and all(_within(one, least) for one in known):
        return Summary("alike", _alike_sentence(status, known), True)
    return Summary("undecided", _undecided_sentence(status, known[0]), False)


def cautions(status: Status) -> list[str]:
    """Return what a reader of the summary must know of the data, in sentences."""
    sentences = []
    if status.crossed:
        sentences.append(
            f"{count(status.crossed)} units were in more than one arm, though each was to be dealt "
            "to one (a sticky key is missing or changed); their effects are mixed."
        )
    if status.elsewhere:
        sentences.append(f"{count(status.elsewhere)} rows are of arms that are not compared.")
    if status.unpaired:
        sentences.append(
            f"{count(status.unpaired)} requests were not answered by every arm and are left out."
        )
    for goal in status.goals:
        fewer = goal.comparison.fewer  # 0 where the arms never differed, which says nothing yet
        if status.design.paired and 0 < fewer < 1 and goal.comparison.units[-1] > 1:
            sentences.append(
                f"The same requests were answered by both: {goal.metric.column} needs "
                f"{fewer:.0%} of the requests that dealing them to "
                f"{status.design.arms[0]} or {goal.treatment} would take."
            )
    return sentences


def units_to_decide(compared: Compared, horizon: float) -> float:
    """Return after how many units in all the sequence would exclude 0, if nothing else changed.

    Infinite where that is further off than a thousand times what is there.

    Args:
        compared: a comparison that is not decided.
        horizon: the units that its intervals are made for.
    """
    moments, units = compared.comparison.moments, float(compared.comparison.units[-1])
    estimate = abs(compared.now[0])

    def radius(factor: float) -> float:
        error = np.array([moments.error[-1] / math.sqrt(factor)])
        freedom = np.array([moments.freedom[-1] * factor])
        grown = mixture.growth(np.array([units * factor]), horizon, compared.level)
        return float(mixture.radii(error, grown, freedom, compared.level)[0])

    if not estimate or not units or not radius(LONGEST) < estimate:
        return math.inf
    low, high = 0.0, math.log(LONGEST)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if radius(math.exp(middle)) < estimate else (middle, high)
    return units * math.exp(high)


def amount(comparison: Comparison, value: float) -> str:
    """Return a size in the metric's unit: rates in points, others as they are."""
    if comparison.rate:
        size = f"{value * 100:.2f}" if abs(value) < 0.001 else f"{value * 100:.1f}"
    else:
        size = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return size.replace("-", "\N{MINUS SIGN}", 1) if value < 0 else size


def unit_of(comparison: Comparison) -> str:
    """Return what follows a size in a sentence."""
    return " points" if comparison.rate else ""


def span(one: Compared) -> str:
    """Return where a difference lies, as in ``−0.4 to 2.1 points``."""
    _, low, high = one.now
    comparison = one.comparison
    return f"{amount(comparison, low)} to {amount(comparison, high)}{unit_of(comparison)}"


def _size(one: Compared) -> str:
    """Return how large a difference is that excludes 0, without its sign."""
    _, low, high = one.now
    small, large = sorted((abs(low), abs(high)))
    comparison = one.comparison
    return f"{amount(comparison, small)} to {amount(comparison, large)}{unit_of(comparison)}"


def _named(status: Status, named: list[Compared]) -> Summary:
    several = len(status.goals) > 1
    parts, sides = [], set()
    for one in named:
        side = "better" if one.improves else "worse"
        sides.add(side)
        where = f" in {one.metric.column}" if several else ""
        parts.append(f"{one.treatment} is {side}{where} by {_size(one)}")
    arms = {one.treatment for one in named}
    whole = ", ".join(parts) + ", whenever you look"
    if len(sides) > 1:
        return Summary("mixed", f"{whole}; weigh the one against the other.", True)
    if sides == {"worse"} and len(status.design.arms) == 2:
        return Summary("worse", f"{whole}; stop, and keep {status.design.arms[0]}.", True)
    if sides == {"worse"}:
        return Summary("worse", f"{whole}; take {_listed(sorted(arms))} out.", False)
    return Summary("better", f"{whole}; stop.", True)


def _within(one: Compared, least: float) -> bool:
    return -least < one.now[1] and one.now[2] < least


def _alike_sentence(status: Status, known: list[Compared]) -> str:
    control = status.design.arms[0]
    parts = [f"{one.treatment} less {control} is {span(one)}" for one in known]
    return f"No difference that matters: {', '.join(parts)}, whenever you look; stop."


def _undecided_sentence(status: Status, compared: Compared) -> str:
    control = status.design.arms[0]
    where = f"{compared.metric.column} of " if len(status.goals) > 1 else ""
    sentence = (
        f"None is better yet: {where}{compared.treatment} less {control} is {span(compared)}; go on"
    )
    needed = units_to_decide(compared, status.design.settings.horizon)
    if not math.isfinite(needed):
        return sentence + "."
    more = max(needed - float(compared.comparison.units[-1]), 1.0)
    return (
        f"{sentence}, for about {count(_rounded(more))} more units if the difference "
        f"stays at {amount(compared.comparison, compared.now[0])}{unit_of(compared.comparison)}."
    )


def _rounded(value: float) -> float:
    """Return a number to two digits, upwards: a forecast is no more exact."""
    power = 10.0 ** max(math.floor(math.log10(value)) - 1, 0)
    return math.ceil(value / power) * power


def _ratio_sentence(design: Design, ratio: Ratio) -> str:
    counts = ratio.counts[-1]
    got = [f"{arm} {count(n)}" for arm, n in zip(design.arms, counts.tolist(), strict=True)]
    due = [
        f"{arm} {count(share * counts.sum())}"
        for arm, share in zip(design.arms, ratio.due.tolist(), strict=True)
    ]
    dealt = "rows" if design.settings.split == "row" else "units"
    return (
        f"The split is broken (p {_below(ratio.p_value)}): of {count(counts.sum())} {dealt} got "
        f"{', '.join(got)}, and {', '.join(due)} were due. Compare nothing before you know why."
    )


def _below(p_value: float) -> str:
    return "< 0.000001" if p_value < 1e-6 else f"= {p_value:.6f}"


def _guardrail_sentence(breached: list[Compared]) -> str:
    parts = []
    for guardrail in breached:
        comparison, margin = guardrail.comparison, guardrail.metric.margin
        allowed = f", and {amount(comparison, margin)}{unit_of(comparison)} were allowed"
        more = "higher" if guardrail.metric.better == LOWER else "lower"
        if _breached_now(guardrail):
            parts.append(
                f"{guardrail.metric.column} of {guardrail.treatment} is {_size(guardrail)} {more}"
                f"{allowed if margin else ''}"
            )
        else:
            parts.append(
                f"{guardrail.metric.column} of {guardrail.treatment} was {more} than allowed"
            )
    arms = sorted({one.treatment for one in breached})
    return f"A guardrail is breached: {'; '.join(parts)}. Stop {_listed(arms)}."


def _breached_now(one: Compared) -> bool:
    _, low, high = one.now
    metric = one.metric
    return low > metric.margin if metric.better == LOWER else high < -metric.margin


def _listed(names: list[str]) -> str:
    return " and ".join(names)
