"""The findings in words: what a reader should know who reads nothing else."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from reviewdesk.explore.counts import ALL, STARS
from reviewdesk.explore.customers.sentences import customers_sentences
from reviewdesk.explore.explore import CategoryFindings, Exploration, Row
from reviewdesk.explore.words import CLEAR_Z, Change
from reviewdesk.report.numbers import SPACE, count, plural, share
from reviewdesk.report.timeline import month_name
from reviewdesk.text.language_names import LANGUAGE_NAMES
from reviewdesk.text.languages import UNKNOWN

NAMED_TERMS: Final = 4
RARE: Final = 0.005
"""Languages with a smaller share are not named."""
NAMED_CATEGORIES: Final = 3
FEWEST_TO_COMPARE: Final = 100
SMALL_LENGTH_DRIFT: Final = 0.02  # a year, of the length itself
SMALL_STAR_CHANGE: Final = 0.1
CLEAR_DROP: Final = 0.05  # of the overlap, below what chance alone gives


def category_name(category: str) -> str:
    """Return a category as the page shows it."""
    return {ALL: "All categories", "": "(no category)"}.get(category, category)


def lead(exploration: Exploration) -> str:
    """Return one sentence with what there is."""
    total = exploration.everything.total
    parts = [plural(exploration.reviews, "review", "reviews")]
    if total["products"]:
        parts.append(f"of {plural(total['products'], 'product', 'products')}")
    named = [one for one in exploration.categories if one.category]
    if len(named) > 1:
        parts.append(f"in {count(_category_count(exploration))} categories")
    when = _span(exploration.months)
    return " ".join(parts) + (f", {when}." if when else ".")


def sentences(exploration: Exploration) -> list[str]:
    """Return the findings, the most important first."""
    if not exploration.reviews:
        return ["There are no reviews in this folder."]
    steps: Sequence[Callable[[Exploration], Iterator[str]]] = (
        _customers,
        _volume,
        _languages,
        _categories,
        _products,
        _stars,
        _lengths,
        _changed_terms,
        _years,
        _star_words,
        _left_out,
    )
    return [sentence for step in steps for sentence in step(exploration)]


def _category_count(exploration: Exploration) -> int:
    grains = exploration.counts["grain"].to_pylist()
    names = zip(exploration.counts["category"].to_pylist(), grains, strict=True)
    return sum(1 for name, grain in names if grain == "all" and name not in (ALL, ""))


def _span(months: Sequence[str]) -> str:
    if not months:
        return ""
    if len(months) == 1:
        return f"all from {month_name(months[0])}"
    return f"from {month_name(months[0])} to {month_name(months[-1])}"


def _customers(exploration: Exploration) -> Iterator[str]:
    return customers_sentences(exploration.customers)


def _volume(exploration: Exploration) -> Iterator[str]:
    months = exploration.everything.months
    if len(months) < 2:
        return
    most = max(months, key=lambda row: row["reviews"])
    text = (
        f"The busiest month is {month_name(most['period'])} with {count(most['reviews'])} reviews."
    )
    window = exploration.window
    if window is not None and len(exploration.months) >= 24:
        before, recent = (
            sum(row["reviews"] for row in months if span[0] <= row["period"] <= span[1])
            for span in window
        )
        if min(before, recent) >= FEWEST_TO_COMPARE:
            change = recent / before - 1
            more = "more" if change >= 0 else "fewer"
            text += (
                f" The last twelve months, to {month_name(window.recent[1])}, have "
                f"{count(recent)}: {share(abs(change), 0)} {more} than the twelve before."
            )
    yield text


def _languages(exploration: Exploration) -> Iterator[str]:
    """Say in which languages the reviews are, unless all that tell are in English."""
    counts = {code: n for code, n in exploration.languages.items() if code != UNKNOWN}
    if not counts or set(counts) == {"en"}:
        return
    total = sum(counts.values())
    named = [
        f"{LANGUAGE_NAMES[code]} {share(n / total, 0)}"
        for code, n in counts.items()
        if n / total >= RARE
    ]
    others = len(counts) - len(named)
    more = f" and {plural(others, 'other', 'others')}" if others and named else ""
    text = f"Languages of the reviews with 40 characters or more: {', '.join(named)}{more}."
    if short := exploration.languages.get(UNKNOWN, 0):
        text += f" {plural(short, 'is', 'are')} too short to tell."
    yield text


def _categories(exploration: Exploration) -> Iterator[str]:
    named = [one for one in exploration.categories if one.category]
    if len(named) < 2:
        return
    first, last = named[0], named[-1]
    part = share(first.total["reviews"] / exploration.reviews, 0)
    yield (
        f"{category_name(first.category)} has {part} of the reviews; the smallest of the "
        f"categories{' shown' if _category_count(exploration) > len(named) else ''}, "
        f"{category_name(last.category)}, has {count(last.total['reviews'])}."
    )


def _products(exploration: Exploration) -> Iterator[str]:
    total = exploration.everything.total
    products, several = total["products"], total["products_with_several"]
    if products < 2:
        return
    single = share(1 - several / products, 0)
    part = share(total["reviews_of_several"] / exploration.reviews, 0)
    yield f"{single} of the products have a single review; the others have {part} of all reviews."
    if exploration.product_ids > products:
        yield (
            f"Variants of a product count as one here: {count(products)} products have "
            f"{count(exploration.product_ids)} product ids, and findings and the desk count these."
        )


def _stars(exploration: Exploration) -> Iterator[str]:
    total = exploration.everything.total
    if total["mean_stars"] is None:
        return
    rated = sum(total[f"stars_{stars}"] for stars in STARS)
    text = (
        f"{share(total['stars_5'] / rated, 0)} of the reviews with stars have five and "
        f"{share(total['stars_1'] / rated, 0)} have one; the mean is {total['mean_stars']:.2f}."
    )
    if total["without_text"]:
        text += f" {plural(total['without_text'], 'of them has', 'of them have')} no text."
    rows = [
        one
        for one in exploration.categories
        if one.total["mean_stars"] is not None and one.total["reviews"] >= FEWEST_TO_COMPARE
    ]
    if len(rows) > 1:
        rows.sort(key=lambda one: one.total["mean_stars"])
        low, high = rows[0], rows[-1]
        text += (
            f" {category_name(low.category)} is rated lowest ({low.total['mean_stars']:.2f}), "
            f"{category_name(high.category)} highest ({high.total['mean_stars']:.2f})."
        )
    yield text
    yield from _star_change(exploration.everything)


def _star_change(part: CategoryFindings) -> Iterator[str]:
    """Say the clearest change of the mean from one year to the next, by its standard error."""
    years = [
        row
        for row in part.years
        if row["mean_stars"] is not None and row["reviews"] >= FEWEST_TO_COMPARE
    ]
    steps = [
        (abs(_stars_z(earlier, later)), earlier, later)
        for earlier, later in pairwise(years)
        if int(later["period"]) - int(earlier["period"]) == 1
    ]
    if not steps:
        return
    z, earlier, later = max(steps, key=lambda step: step[0])
    change = later["mean_stars"] - earlier["mean_stars"]
    if z >= CLEAR_Z and abs(change) >= SMALL_STAR_CHANGE:
        verb = "rise" if change > 0 else "fall"
        yield (
            f"The clearest {verb} of the mean from one year to the next: "
            f"{earlier['mean_stars']:.2f} stars in {earlier['period']}, "
            f"{later['mean_stars']:.2f} in {later['period']}."
        )


def _stars_z(earlier: Row, later: Row) -> float:
    """Return the change of the mean over its standard error."""
    error = 0.0
    for row in (earlier, later):
        counts = [row[f"stars_{stars}"] for stars in STARS]
        squares = sum(
            n * (stars - row["mean_stars"]) ** 2 for stars, n in zip(STARS, counts, strict=True)
        )
        error += squares / max(sum(counts), 1) ** 2
    change = float(later["mean_stars"] - earlier["mean_stars"])
    return change / max(math.sqrt(error), 1e-9)


def _lengths(exploration: Exploration) -> Iterator[str]:
    total = exploration.everything.total
    text = (
        f"Half of the reviews have {count(total['length_median'])} characters or fewer, and one "
        f"in ten has more than {count(total['length_p90'])}."
    )
    drift = length_drift(exploration.everything)
    yield f"{text} {drift}" if drift else text


def length_drift(part: CategoryFindings) -> str:
    """Return how the length of reviews goes, in words; empty where it does not clearly go."""
    trend, median = part.length_trend, part.total.get("length_median")
    if trend is None or not median or not trend.is_clear:
        return ""
    if abs(trend.slope) < SMALL_LENGTH_DRIFT * median:
        return ""
    verb, way = ("longer", "rises") if trend.slope > 0 else ("shorter", "falls")
    low, high = sorted((abs(trend.low), abs(trend.high)))
    return (
        f"They get {verb}: the median {way} by {abs(trend.slope):.0f} characters a year "
        f"(95{SPACE}% interval {low:.0f} to {high:.0f})."
    )


def _changed_terms(exploration: Exploration) -> Iterator[str]:
    """Say what rose and fell, within categories: one that grows brings its own words along."""
    parts = exploration.categories if len(exploration.categories) > 1 else [exploration.everything]
    changed = [part for part in parts if part.changed][:NAMED_CATEGORIES]
    explained = f" (reviews of 1,000 that have them, {window_words(exploration)})"
    for part in changed:
        said = [
            f"{verb}: {_listed(terms)}"
            for verb, terms in (("rose", part.rose), ("fell", part.fell))
            if terms
        ]
        where = f"In {category_name(part.category)}, terms" if len(parts) > 1 else "Terms"
        yield f"{where} that {'; terms that '.join(said)}{explained}."
        explained = ""


def window_words(exploration: Exploration) -> str:
    """Return the two spans that terms are compared over, in words."""
    if exploration.window is None:
        return ""
    recent, before = (
        f"{month_name(span[0])} to {month_name(span[1])}"
        if span[0] != span[1]
        else month_name(span[0])
        for span in (exploration.window.recent, exploration.window.before)
    )
    return f"in {recent} against {before}"


def _listed(terms: Sequence[Change]) -> str:
    def said(one: Change) -> str:
        shares = (f"{value * 1000:.0f}" for value in (one.before_share, one.recent_share))
        arrow = f"{SPACE}→{SPACE}"
        return f"“{one.term}” ({arrow.join(shares)})"

    return ", ".join(said(one) for one in terms[:NAMED_TERMS])


def _years(exploration: Exploration) -> Iterator[str]:
    pairs = exploration.everything.year_pairs
    if not pairs:
        return
    drop, least = max(
        ((pair.overlap.by_chance - pair.overlap.shared, pair) for pair in pairs),
        key=lambda entry: entry[0],
    )
    mean = sum(pair.overlap.shared for pair in pairs) / len(pairs)
    text = f"From one year to the next, {share(mean, 0)} of the 50 most telling terms stay"
    if drop >= CLEAR_DROP:
        text += (
            f"; the language changed most from {least.left} to {least.right}: "
            f"{share(least.overlap.shared, 0)}, where {share(least.overlap.by_chance, 0)} would "
            "stay by chance had nothing changed"
        )
    yield f"{text}.{_overlap_trend(exploration.everything)}"


def _overlap_trend(part: CategoryFindings) -> str:
    trend = part.year_trend
    if trend is None:
        return ""
    if not trend.is_clear:
        return " There is no clear trend in this."
    verb = "rises" if trend.slope > 0 else "falls"
    return f" It {verb} by {abs(trend.slope) * 100:.1f} points a year."


def _star_words(exploration: Exploration) -> Iterator[str]:
    by_stars: dict[tuple[int, int], Any] = {
        (one.left, one.right): one for one in exploration.everything.star_pairs
    }
    ends = by_stars.get((1, 5))
    if ends is None:
        return
    text = (
        f"Reviews with one star and with five share {share(ends.shared, 0)} of their 50 most "
        "telling terms"
    )
    trend = exploration.everything.star_trend
    if trend is not None and trend.is_clear and trend.slope < 0:
        text += f"; each star further apart costs {abs(trend.slope) * 100:.0f} points"
    yield f"{text}."


def _left_out(exploration: Exploration) -> Iterator[str]:
    dated = sum(row["reviews"] for row in exploration.everything.months)
    if dated < exploration.reviews:
        part = share((exploration.reviews - dated) / exploration.reviews)
        yield (
            "No review has a date, so nothing is shown over time."
            if not dated
            else f"{part} of the reviews have no date and are left out of everything over time."
        )
    if exploration.copies:
        yield (
            f"{plural(exploration.copies, 'long text is', 'long texts are')} word for word the "
            "same as another; terms count each text once."
        )
