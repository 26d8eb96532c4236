"""What customers say, in sentences."""

from collections.abc import Iterator
from typing import Final

from reviewdesk.explore.customers.section import SIDES, STARS, CustomersView
from reviewdesk.explore.customers.tables import ALL, ASPECT, CATEGORY, HIGH, LOW, PHRASE, Customers
from reviewdesk.report.numbers import share

NAMED: Final = 5
NAMED_ASPECTS: Final = 4
VERBS: Final = {LOW: "Customers complain", HIGH: "They praise"}


def customers_sentences(customers: Customers) -> Iterator[str]:
    """Yield what customers complain about and what they praise, of all or of each side's largest.

    With several categories the sentences are of the one with the most ratings: all together mix
    what is said of different things.
    """
    view = CustomersView(customers)
    categories = [row for row in customers.parts.to_pylist() if row["scope"] == CATEGORY]
    scope, part, where = ALL, "", ""
    if categories:
        largest = max(categories, key=lambda row: row["low"] + row["high"])
        scope, part, where = CATEGORY, largest["part"], f" in {largest['part']}"
    for side in SIDES:
        phrases = view.lines(scope, part, side, PHRASE)[:NAMED]
        aspects = view.lines(scope, part, side, ASPECT)[:NAMED_ASPECTS]
        if not phrases:
            continue
        shares = [f"“{line['text']}” ({share(line['share'], 0)})" for line in phrases]
        shares[0] = f"{shares[0][:-1]} of the reviews with {STARS[side]})"
        said = ", ".join(shares)
        text = f"{VERBS[side]}{where}: {said}"
        if aspects:
            text += f"; they speak of {', '.join(line['text'] for line in aspects)}"
        yield f"{text}."
        where = ""
