"""Findings in plain words: what is promised of the lists, how sure a finding is, its figures."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from reviewdesk.findings.base import Findings, PromisedList
from reviewdesk.report.numbers import NOT_DEFINED, count, plural, share

SURE: Final = 0.995
ENDS: Final = ("low", "high")
SHARES: Final = ("probab", "share", "posterior", "chance", "%")
"""Figures between -1 and 1 whose name has one of these are written as percentages."""
NEARLY: Final = 0.999


def lead(findings: Findings) -> str:
    """Return one sentence on all that was found."""
    if not findings.table.num_rows:
        return f"Nothing among {count(findings.looked_at)} that were looked at."
    listed = plural(findings.table.num_rows, "finding", "findings")
    sentence = f"{listed} among {count(findings.looked_at)} that were looked at"
    loosest = next((one for one in reversed(findings.lists) if one.listed), None)
    if loosest is None:
        return f"{sentence}."
    return f"{sentence}; {_errors(loosest)} of them expected to be wrong."


def promises(found: Findings) -> list[str]:
    """Return a sentence for each list; lists that are empty for one reason have one together."""
    sentences: list[str] = []
    for why, same in groupby(found.lists, key=lambda one: one.why_empty):
        lists = list(same)
        if why is None or len(lists) == 1:
            sentences += [promise(one) for one in lists]
            continue
        shares = [f"{100 * one.promise:.0f}" for one in lists]
        several = f"{', '.join(shares[:-1])} or {share(lists[-1].promise, 0)}"
        sentences.append(
            f"Promised to be right in {several} of the cases: no list. {_sentence(why)}"
        )
    return sentences


def promise(list_: PromisedList) -> str:
    """Return what one list promises, or why there is none."""
    promised = f"Promised to be right in {share(list_.promise, 0)} of the cases"
    if list_.why_empty is not None or not list_.listed:
        return f"{promised}: no list. {_sentence(list_.why_empty or 'Nothing was sure enough')}"
    return (
        f"{promised}: {plural(list_.listed, 'finding', 'findings')}, of which {_errors(list_)} "
        f"{'are' if list_.expected_errors >= 1.5 else 'is'} expected to be wrong."
    )


def left_out(findings: Findings, reviews: int | None = None) -> Iterator[str]:
    """Yield a sentence for each reason that something was not judged for, with its share.

    Args:
        findings: what was found. Reasons that begin with "reviews" are about reviews; others about
            what was looked at.
        reviews: how many reviews there are; None where it is not known.
    """
    others = sum(n for reason, n in findings.left_out.items() if not _of_reviews(reason))
    for reason, number in findings.left_out.items():
        total = reviews if _of_reviews(reason) else findings.looked_at + others
        part = f" ({_share(number / total)})" if total and number <= total else ""
        if number:
            yield f"Not judged: {count(number)}{part}, {reason}."


def sure(score: float, promised: float, *, similarity: bool) -> str:
    """Return how sure a finding is.

    Args:
        score: in 0–1.
        promised: the precision promised for the strictest list that holds it; 0 for none.
        similarity: whether the score says how alike two things are.
    """
    if similarity:
        return f"How alike they are, from 0 to 1: {score:.2f}."
    chance = "more than 99" if score > SURE else f"about {max(round(score * 100), 1)}"
    sentence = f"Of a hundred findings as clear as this one, {chance} are right"
    return (
        f"{sentence}; in the list promised at {share(promised, 0)}." if promised else f"{sentence}."
    )


def figure(name: str, value: float | None) -> str:
    """Return a figure as text; its name says what it is."""
    if value is None or not math.isfinite(value):
        return NOT_DEFINED
    lowered = name.lower()
    if -1 <= value <= 1 and any(word in lowered for word in SHARES):
        return _share(value)
    if float(value).is_integer():
        return count(value)
    return f"{value:,.2f}" if abs(value) >= 0.01 else f"{value:.2g}"


def figures_with_intervals(numbers: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return figures as text, with what is called "NAME, low" and "NAME, high" behind NAME.

    Args:
        numbers: each with a ``name`` and a ``value``.
    """
    values = {one["name"]: one["value"] for one in numbers}
    figures = []
    for name, value in values.items():
        base, _, end = name.rpartition(", ")
        if end in ENDS and all(f"{base}, {each}" in values for each in ENDS) and base in values:
            continue
        text = figure(name, value)
        if all(f"{name}, {each}" in values for each in ENDS):
            low, high = (figure(name, values[f"{name}, {each}"]) for each in ENDS)
            text = f"{text} ({low} to {high})"
        figures.append((name, text))
    return figures


def _of_reviews(reason: str) -> bool:
    return reason.startswith("reviews ")


def _share(value: float) -> str:
    """Return a share; what is not quite all or nothing is not called so."""
    if NEARLY < value < 1:
        return f"over {share(NEARLY)}"
    if 0 < value < 1 - NEARLY:
        return f"under {share(1 - NEARLY)}"
    return share(value)


def _errors(one: PromisedList) -> str:
    return "less than one" if one.expected_errors < 0.5 else f"about {count(one.expected_errors)}"


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
